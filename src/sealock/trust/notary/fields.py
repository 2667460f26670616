"""Reads typed fields of a JSON object; a missing field or a wrong type is refused with its place."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NoReturn

from sealock.trust.notary.canonical import Json
from sealock.trust.refusal import MetadataRefusedError

_TIME: Final = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)", re.ASCII
)
_VERSION: Final = 1 << 31


class Fields:
    """One object. `what` names it in errors: "the root of docker.io/library/alpine"."""

    def __init__(self, value: Json, what: str) -> None:
        self.what = what
        if not isinstance(value, dict):
            self.refuse("is not an object")
        self.value: dict[str, Any] = value

    def refuse(self, why: str) -> NoReturn:
        """Refuse the object."""
        raise MetadataRefusedError(check="malformed", why=f"{self.what} {why}")

    def _take(self, name: str, kind: type) -> Any:  # noqa: ANN401  of the given type
        value = self.value.get(name)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self.refuse(f"has no {name!r}" if value is None else f"has a {name!r} of the wrong type")
        return value

    def names(self) -> tuple[str, ...]:
        """The names of the fields."""
        return tuple(self.value)

    def text(self, name: str) -> str:
        """A string."""
        value: str = self._take(name, str)
        return value

    def integer(self, name: str) -> int:
        """An integer."""
        value: int = self._take(name, int)
        return value

    def boolean(self, name: str, *, default: bool) -> bool:
        """A truth value, which may be missing."""
        value: bool = self._take(name, bool) if name in self.value else default
        return value

    def version(self) -> int:
        """A version: at least 1, and low enough to be raised again."""
        value = self.integer("version")
        if not 1 <= value < _VERSION:
            self.refuse(f"has the version {value}, which is out of range")
        return value

    def bytes(self, name: str) -> bytes:
        """Bytes in base64."""
        text = self.text(name)
        try:
            return b64decode(text, validate=True)
        except (Error, ValueError):
            self.refuse(f"has a {name!r} that is not base64")

    def table(self, name: str, *, optional: bool = False) -> Fields:
        """An object."""
        if optional and self.value.get(name) is None:
            return Fields({}, self.what)
        return Fields(self._take(name, dict), f"{self.what}, in {name[:80]!r},")

    def tables(self, name: str, most: int, *, optional: bool = False) -> tuple[Fields, ...]:
        """A list of at most `most` objects."""
        if optional and self.value.get(name) is None:
            return ()
        listed: list[Json] = self._take(name, list)
        if len(listed) > most:
            self.refuse(f"has more than {most} {name}")
        return tuple(Fields(item, f"{self.what}, in {name!r},") for item in listed)

    def texts(self, name: str, *, optional: bool = False) -> tuple[str, ...]:
        """A list of strings."""
        if optional and self.value.get(name) is None:
            return ()
        listed: list[Json] = self._take(name, list)
        texts = tuple(item for item in listed if isinstance(item, str))
        if len(texts) != len(listed):
            self.refuse(f"has a {name!r} with items that are not texts")
        return texts

    def time(self, name: str) -> datetime:
        """A time of RFC 3339, in UTC, truncated to microseconds."""
        text = self.text(name)
        match = _TIME.fullmatch(text)
        if match is None:
            self.refuse(f"has a {name!r} that is not a time")
        try:
            moment = datetime.fromisoformat(match[1]).replace(tzinfo=UTC)
            moment = moment.replace(microsecond=int((match[2] or "0").ljust(6, "0")[:6]))
            if match[3] != "Z":
                sign = -1 if match[3][0] == "+" else 1
                moment += sign * timedelta(hours=int(match[3][1:3]), minutes=int(match[3][4:6]))
        except (ValueError, OverflowError):
            self.refuse(f"has a {name!r} that is not a time")
        return moment


def spelled(moment: datetime) -> str:
    """Format a time in UTC as Go does: RFC 3339 without trailing zeros in the fraction."""
    whole = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f"{moment.microsecond:06}".rstrip("0")
    return f"{whole}{f'.{fraction}' if fraction else ''}Z"
