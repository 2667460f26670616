"""How long an image must have been seen before its digest is pinned: the table [pin] of sealock.toml."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from msgspec import Struct

from sealock.model.imagename import ImageName
from sealock.model.location import Source
from sealock.patterns import compile_lazily
from sealock.policy.imagepatterns import ImagePattern, PatternError, read_pattern
from sealock.policy.tables import TableReader, as_toml

FORM: Final = "a number of hours, days or weeks, such as 36h, 7d or 2w, or 0"
_AGE: Final = compile_lazily(r"([0-9]{1,5})([hdw])")
_UNITS: Final = {"h": "hours", "d": "days", "w": "weeks"}
NONE: Final = timedelta()


class ImageMinAge(Struct, frozen=True):
    """The least age for the images that one of the patterns matches."""

    match: tuple[ImagePattern, ...]
    age: timedelta


class MinAges(Struct, frozen=True):
    """The least ages. The entry with the longest literal prefix applies, `default` where there is none."""

    default: timedelta = NONE
    images: tuple[ImageMinAge, ...] = ()

    @property
    def given(self) -> bool:
        """Whether some image must have an age."""
        return self.default > NONE or any(image.age > NONE for image in self.images)

    def about(self, name: ImageName) -> timedelta:
        """The least age of an image."""
        best, age = -1, self.default
        for image in self.images:
            for pattern in image.match:
                if pattern.literal > best and pattern.matches(name):
                    best, age = pattern.literal, image.age
        return age


def read_age(text: str) -> timedelta | None:
    """Read an age, which has the form FORM; None where it has not."""
    match = _AGE.fullmatch(text.strip())
    if match is None:
        return NONE if text.strip() == "0" else None
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def read_min_ages(source: Source, table: dict[str, Any]) -> MinAges:
    """Read the table; PolicyError says what is wrong and where."""
    reader = TableReader(source, table, "[pin] ")
    default = _age(reader, NONE)
    entries = reader.take("image", list, [])
    reader.done()
    return MinAges(default, tuple(_image(source, entry, number) for number, entry in enumerate(entries, 1)))


def _image(source: Source, entry: Any, number: int) -> ImageMinAge:  # noqa: ANN401  a TOML value
    reader = TableReader(source, entry if isinstance(entry, dict) else {}, f"[[pin.image]] number {number}: ")
    key = "match"
    try:
        patterns = tuple(map(read_pattern, reader.strings(key)))
    except PatternError as error:
        raise reader.fail(key, str(error)) from None
    if not patterns:
        raise reader.fail(key, "is missing: name the images, for example docker.io/library/*")
    age = _age(reader, None)
    reader.done()
    return ImageMinAge(patterns, age)


def _age(reader: TableReader, default: timedelta | None) -> timedelta:
    key = "min-age"
    if key not in reader.table and default is not None:
        return default
    text = reader.take(key, str, "")
    if (age := read_age(text)) is None:
        raise reader.fail(key, f"should be {FORM}, and is {as_toml(text)}")
    return age
