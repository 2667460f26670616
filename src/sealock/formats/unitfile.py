"""Reads systemd unit files as Podman's Quadlet does: keys and values with their places (systemd.syntax(7))."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from sealock.model.location import Place

QUADLET_NAMES: Final = "systemd-"
"""What names of containers, networks and volumes begin with where a unit of Quadlet does not name them."""

_BLANK: Final = " \t\n\r"
_STRIPPED: Final = "\t\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
"""What Go takes for white space."""
_SIMPLE: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "s": " "} | {
    sign: sign for sign in "\\\"'"
}
_NUMBERS: Final = {"x": (2, 16), "u": (4, 16), "U": (8, 16)}
"""The digits of an escape, and their base."""


class UnitFault(Struct, frozen=True):
    """What makes Quadlet refuse a unit, and its place."""

    message: str
    place: Place


class UnitWord(Struct, frozen=True, gc=False):
    """A word of a value, without quotes and escapes, and the place of its token."""

    text: str
    place: Place


class UnitEntry(Struct, frozen=True):
    """A key with its value. `offsets` are those of the value's characters; `place` is from the key to the value's end.

    `comments` are the comment lines between the lines of a continued value.
    """

    section: str
    key: str
    value: str
    offsets: Sequence[int]
    place: Place
    comments: tuple[Place, ...] = ()

    @property
    def value_place(self) -> Place:
        """The place of the value; that of the whole entry where it is empty."""
        if not self.value:
            return self.place
        return Place(self.offsets[0], self.offsets[-1] + 1, file=self.place.file)

    @property
    def continued(self) -> bool:
        """Whether the value goes on in further lines."""
        return len(self.value) > 0 and self.offsets[-1] - self.offsets[0] != len(self.value) - 1


class UnitText(Struct, frozen=True):
    """The entries of a unit in order, its comments, and what is wrong with it.

    `sections` are the places of the lines that start a section.
    """

    entries: tuple[UnitEntry, ...] = ()
    sections: tuple[tuple[str, Place], ...] = ()
    comments: tuple[Place, ...] = ()
    faults: tuple[UnitFault, ...] = ()

    def last(self, section: str, key: str) -> UnitEntry | None:
        """The last entry of a key, which may be empty."""
        return next((entry for entry in reversed(self.entries) if entry.section == section and entry.key == key), None)


def merge(units: Sequence[UnitText]) -> UnitText:
    """A unit with its drop-ins, in order."""
    return UnitText(
        tuple(entry for unit in units for entry in unit.entries),
        tuple(section for unit in units for section in unit.sections),
        tuple(comment for unit in units for comment in unit.comments),
        tuple(fault for unit in units for fault in unit.faults),
    )


def parse(text: str, file: str = "") -> UnitText:
    """Read a unit; `file` is that of the places."""
    reader = _UnitReader(text, file)
    for start, end in _lines(text):
        reader.line(start, end)
    return reader.unit()


def _lines(text: str) -> Iterator[tuple[int, int]]:
    """The offsets of each line, without blanks around it."""
    at, length = 0, len(text)
    while at < length:
        stop = text.find("\n", at)
        stop = length if stop < 0 else stop
        start, end = at, stop
        while start < end and text[start] in _STRIPPED:
            start += 1
        while end > start and text[end - 1] in _STRIPPED:
            end -= 1
        yield start, end
        at = stop + 1


class _UnitReader:
    def __init__(self, text: str, file: str) -> None:
        self.text, self.file = text, file
        self.entries: list[UnitEntry] = []
        self.sections: list[tuple[str, Place]] = []
        self.comments: list[Place] = []
        self.faults: list[UnitFault] = []
        self.pending: list[tuple[int, int]] = []
        """The parts of a continued line."""
        self.inner: list[Place] = []
        self.last_line = text.rstrip("\n").rfind("\n") + 1

    def line(self, start: int, end: int) -> None:
        """Take a line."""
        if start == end or self.text[start] in "#;":
            place = Place(start, end, file=self.file)
            if end > start:
                self.comments.append(place)
                if self.pending:
                    self.inner.append(place)
            return
        if self.text[end - 1] == "\\":
            end -= 1
            if start < self.last_line:
                if end > start or self.pending:
                    self.pending.append((start, end))
                return
        parts, self.pending = [*self.pending, (start, end)], []
        inner, self.inner = self.inner, []
        self.logical(parts, tuple(inner))

    def logical(self, parts: list[tuple[int, int]], inner: tuple[Place, ...]) -> None:
        """Take a line with its continuations."""
        value = "".join(self.text[start:end] for start, end in parts)
        place = Place(parts[0][0], parts[-1][1], file=self.file)
        if value[:1] == "[" and (closing := value.find("]")) > 0 and not value[closing + 1 :].strip(" \t"):
            name = value[1:closing]
            if not name or "[" in name or not name.isprintable():
                self.faults.append(UnitFault(f'"{name}" is not the name of a section', place))
            self.sections.append((name, place))
            return
        key, equals, _ = value.partition("=")
        if not equals or not key:
            self.faults.append(UnitFault("this is neither a key with a value, a section, nor a comment", place))
            return
        if not self.sections:
            self.faults.append(UnitFault("a key stands before the first section", place))
            return
        offsets = parts[0][0] + len(value) if len(parts) == 1 else 0
        skipped = len(key) + 1
        rest = value[skipped:]
        lead = len(rest) - len(rest.lstrip(_STRIPPED))
        if len(parts) == 1:
            places: Sequence[int] = range(parts[0][0] + skipped + lead, offsets)
        else:
            places = [at for start, end in parts for at in range(start, end)][skipped + lead :]
        self.entries.append(UnitEntry(self.sections[-1][0], key.rstrip(_STRIPPED), rest[lead:], places, place, inner))

    def unit(self) -> UnitText:
        """What was read."""
        if self.pending:
            parts, self.pending = self.pending, []
            self.logical(parts, tuple(self.inner))
        return UnitText(tuple(self.entries), tuple(self.sections), tuple(self.comments), tuple(self.faults))


def split_words(entry: UnitEntry, *, escapes: bool) -> tuple[UnitWord, ...]:
    """Split a value into words, without quotes; ValueError for an escape that systemd does not know.

    Without `escapes` a backslash is a character like any other. An empty word ends the list, as it does in Podman.
    """
    words: list[UnitWord] = []
    at, value = 0, entry.value
    while at < len(value):
        if value[at] in _BLANK:
            at += 1
            continue
        text, end = _word(value, at, escapes=escapes)
        if not text:
            break
        place = Place(entry.offsets[at], entry.offsets[end - 1] + 1, file=entry.place.file)
        words.append(UnitWord(text, place))
        at = end
    return tuple(words)


def _word(value: str, at: int, *, escapes: bool) -> tuple[str, int]:
    """A word, and the offset after it; quotes may stand anywhere in it."""
    parts: list[str] = []
    quote = ""
    while at < len(value):
        sign = value[at]
        if sign == "\\" and escapes:
            text, at = read_escape(value, at + 1)
            parts.append(text)
            continue
        if quote:
            if sign == quote:
                quote = ""
            else:
                parts.append(sign)
        elif sign in "\"'":
            quote = sign
        elif sign in _BLANK:
            break
        else:
            parts.append(sign)
        at += 1
    return "".join(parts), at


def unescape(text: str) -> str:
    """A text without escapes; an escape that is none stays as it is."""
    parts: list[str] = []
    at = 0
    while (slash := text.find("\\", at)) >= 0:
        parts.append(text[at:slash])
        try:
            part, at = read_escape(text, slash + 1)
        except ValueError:
            part, at = "\\", slash + 1
        parts.append(part)
    return "".join([*parts, text[at:]])


def read_escape(value: str, at: int) -> tuple[str, int]:
    """What an escape means, and the offset after it."""
    if at >= len(value):
        return "", at
    sign = value[at]
    if sign in _SIMPLE:
        return _SIMPLE[sign], at + 1
    digits, base = _NUMBERS.get(sign, (3, 8))
    start = at + (base == 16)
    text = value[start : start + digits]
    allowed = "01234567" if base == 8 else "0123456789abcdefABCDEF"
    code = int(text, base) if len(text) == digits and not text.strip(allowed) else 0
    if not 0 < code <= (255 if base == 8 else 0x10FFFF):
        msg = f'"\\{sign}" is not an escape'
        raise ValueError(msg)
    return ("\ufffd" if 0xD800 <= code < 0xE000 else chr(code)), start + digits
