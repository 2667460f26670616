"""What a policy allows single images: `[[image]]` in sealock.toml."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Any

from msgspec import Struct

from sealock.errors import PolicyError
from sealock.model.imagename import parse
from sealock.model.location import Source
from sealock.policy.tables import TableReader


class ImageAllowance(Struct, frozen=True):
    """Images by patterns of their names or paths, and the reason why they may lack a package database."""

    names: tuple[str, ...]
    no_package_database: str


def read_images(source: Source, entries: list[Any]) -> tuple[ImageAllowance, ...]:
    """Read the tables; PolicyError where one is wrong."""
    return tuple(_image(source, entry, number) for number, entry in enumerate(entries, 1))


def _image(source: Source, entry: Any, number: int) -> ImageAllowance:  # noqa: ANN401  a TOML value
    if not isinstance(entry, dict):
        msg = f"{source.name}: image should be a list of tables, as [[image]] writes them"
        raise PolicyError(msg)
    reader = TableReader(source, entry, f"[[image]] number {number}: ")
    names = reader.strings("name")
    reason = reader.take("no-package-database", str, "").strip()
    for key, value, what in (
        ("name", names, "the images that this is for, as patterns of their names or paths"),
        ("no-package-database", reason, "the reason why the image has none"),
    ):
        if not value or not all(value):
            raise reader.fail(key, f"is missing: write {what}")
    reader.done()
    return ImageAllowance(names, reason)


def reason_without_packages(allowances: Iterable[ImageAllowance], names: Iterable[str]) -> str:
    """The reason why an image of one of these names, or paths, may lack a package database; "" where it may not."""
    spellings = {spelling for name in names for spelling in _spellings(name)}
    for allowance in allowances:
        if any(fnmatchcase(spelling, pattern) for spelling in spellings for pattern in allowance.names):
            return allowance.no_package_database
    return ""


def _spellings(name: str) -> Iterator[str]:
    """A name as written, and as people shorten it and engines complete it, with and without its tag."""
    yield name
    if parsed := parse(name):
        for repository in (parsed.familiar, f"{parsed.registry}/{parsed.repository}"):
            yield repository
            if parsed.tag:
                yield f"{repository}:{parsed.tag}"
