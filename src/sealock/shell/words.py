"""The value of a word after quote removal, expansions as written, each character with its offset."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

_IN_QUOTES: Final = frozenset('$`"\\')
"""What a backslash escapes in double quotes, besides a line feed."""
IN_HEREDOC: Final = frozenset("$`\\")
_NAMED: Final = {
    "n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "v": "\v",
    "\\": "\\", "'": "'", '"': '"', "?": "?",
}  # fmt: skip
_HEX: Final = {"x": 2, "u": 4, "U": 8}


class ShellValue:
    """Builds a word's value: its characters, and the offset in the text of each."""

    __slots__ = ("has_braces", "literal", "offsets", "parts")

    def __init__(self) -> None:
        self.has_braces = False
        self.parts: list[str] = []
        self.offsets: list[int] = []
        self.literal = True

    @property
    def text(self) -> str:
        """The value."""
        return "".join(self.parts)

    def add_raw(self, text: str, start: int, end: int) -> None:
        """Add text verbatim."""
        self.parts.append(text[start:end])
        self.offsets.extend(range(start, end))

    def add_expansion(self, text: str, start: int, end: int) -> None:
        """Add an expansion, as written."""
        self.add_raw(text, start, end)
        self.literal = False

    def add_unquoted(self, text: str, start: int, end: int) -> None:
        """Add unquoted text: a backslash quotes any character, and removes a line feed."""
        at = start
        if text.find("{", start, end) >= 0:
            self.has_braces = True
        while (slash := text.find("\\", at, end)) >= 0:
            self.add_raw(text, at, slash)
            if slash + 1 >= end:
                self.add_raw(text, slash, end)
                return
            if text[slash + 1] != "\n":
                self.add_raw(text, slash + 1, slash + 2)
            at = slash + 2
        self.add_raw(text, at, end)

    def add_quoted(self, text: str, start: int, end: int, escaped: frozenset[str] = _IN_QUOTES) -> None:
        """Add text from double quotes or a here-document, where a backslash escapes fewer characters."""
        at = start
        while (slash := text.find("\\", at, end)) >= 0:
            after = text[slash + 1 : slash + 2] if slash + 1 < end else ""
            if after == "\n":
                self.add_raw(text, at, slash)
            elif after in escaped:
                self.add_raw(text, at, slash)
                self.add_raw(text, slash + 1, slash + 2)
            else:
                self.add_raw(text, at, min(slash + 2, end))
            at = slash + 2
        self.add_raw(text, min(at, end), end)

    def add_ansi_c(self, text: str, start: int, end: int) -> None:
        """Add the text of $'…'."""
        at = start
        while (slash := text.find("\\", at, end)) >= 0 and slash + 1 < end:
            self.add_raw(text, at, slash)
            char, at = _escape(text, slash + 1, end)
            self.parts.append(char)
            self.offsets.extend([slash] * len(char))
        self.add_raw(text, at, end)


def _escape(text: str, at: int, end: int) -> tuple[str, int]:
    """Read the escape of a $'…' string after its backslash; return its character and the offset after it."""
    char = text[at]
    if (named := _NAMED.get(char)) is not None:
        return named, at + 1
    if (width := _HEX.get(char)) is not None:
        digits = _digits(text, at + 1, min(end, at + 1 + width), "0123456789abcdefABCDEF")
        code = int(digits, 16) if digits else -1
        if 0 <= code < 0x110000:
            return chr(code), at + 1 + len(digits)
    elif char in "01234567":
        digits = _digits(text, at, min(end, at + 3), "01234567")
        return chr(int(digits, 8) & 0xFF), at + len(digits)
    elif char == "c" and at + 1 < end:
        return chr(ord(text[at + 1]) & 0x1F), at + 2
    return "\\" + char, at + 1


def _digits(text: str, start: int, end: int, allowed: str) -> str:
    at = start
    while at < end and text[at] in allowed:
        at += 1
    return text[start:at]


def has_brace_expansion(text: str) -> bool:
    """Whether unquoted text has a brace expansion of bash: {a,b} or {1..3}."""
    start, end = text.find("{"), text.rfind("}")
    return 0 <= start < end and ("," in text[start:end] or ".." in text[start:end])


def map_offsets(offsets: Iterable[int], base: Sequence[int] | int) -> list[int]:
    """Map offsets in a text to offsets in the file."""
    if isinstance(base, int):
        return [base + offset for offset in offsets]
    return [base[offset] for offset in offsets]
