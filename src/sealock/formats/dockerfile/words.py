"""Splits an instruction's arguments as BuildKit does: flags, words with quotes, words without, JSON arrays."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from msgspec import DecodeError, ValidationError, json

from sealock.formats.dockerfile.lines import WHITESPACE, DockerfileSyntaxError

BLANK: Final = re.compile(r"[\t\v\f\r ]+")
_WORDS: Final = re.compile(r"[^\t\v\f\r ]+")
_BARE: Final = re.compile(r"\S+")
_QUOTED: Final = {
    "\\": re.compile(r"""(?:[^\s'"\\]++|\\[\s\S]?|'[^']*+'?|"(?:[^"\\]++|\\[\s\S]?)*+"?)++"""),
    "`": re.compile(r"""(?:[^\s'"`]++|`[\s\S]?|'[^']*+'?|"(?:[^"`]++|`[\s\S]?)*+"?)++"""),
}
_STRING: Final = re.compile(r'"(?:[^"\\]++|\\.)*+"')


class Token(NamedTuple):
    """A word of a line: what it says, and its start and end in the line's text."""

    text: str
    start: int
    end: int


class RawFlag(NamedTuple):
    """A flag with its quotes and escapes taken off; `value` is None where no equals sign follows the name."""

    name: str
    value: str | None
    start: int
    end: int


def split_keyword(text: str) -> tuple[str, int]:
    """The line's first word, and where its arguments start."""
    found = BLANK.search(text)
    return (text[: found.start()], found.end()) if found else (text, len(text))


def split_words(text: str, start: int) -> list[Token]:
    """Words between blanks, quotes meaning nothing."""
    return [Token(found.group(), found.start(), found.end()) for found in _WORDS.finditer(text, start)]


def split_quoted(text: str, start: int, escape: str) -> list[Token]:
    """Words between white space where quotes and escapes keep white space in a word; both are left in the words."""
    rest = text[start:]
    pattern = _BARE
    if "'" in rest or '"' in rest or escape in rest:
        pattern = _QUOTED[escape]
    return [Token(found.group(), found.start(), found.end()) for found in pattern.finditer(text, start)]


def parse_json_array(text: str, start: int) -> list[Token] | None:
    """The strings of a JSON array, or None where the text is none (BuildKit then reads it as plain text).

    An array that holds anything but strings is Broken.
    """
    if text[start : start + 1] != "[":
        return None
    rest = text[start:]
    try:
        values = json.decode(rest, type=list[str])
    except ValidationError:
        try:
            json.decode(rest)
        except (DecodeError, RecursionError):
            return None
        message = "a JSON array of arguments may hold strings only"
        raise DockerfileSyntaxError(message) from None
    except (DecodeError, RecursionError, UnicodeEncodeError):
        return None
    found = _STRING.finditer(text, start)
    return [Token(value, match.start(), match.end()) for value, match in zip(values, found, strict=False)]


def split_flags(text: str, start: int, escape: str) -> tuple[list[RawFlag], int]:
    """Take the flags before the arguments; give them and the offset at which the arguments start."""
    found: list[RawFlag] = []
    at = start
    while True:
        while at < len(text) and text[at] in WHITESPACE:
            at += 1
        if not text.startswith("--", at):
            return found, at
        word, end = _flag(text, at, escape)
        if word == "--":
            while end < len(text) and text[end] in WHITESPACE:
                end += 1
            return found, end
        name, equals, value = word[2:].partition("=")
        found.append(RawFlag(name, value if equals else None, at, end))
        at = end


def _flag(text: str, start: int, escape: str) -> tuple[str, int]:
    """Read one word that starts with "--"; its quotes and escapes are taken off."""
    parts: list[str] = []
    quote = ""
    at = start
    while at < len(text):
        char = text[at]
        if not quote and char in WHITESPACE:
            break
        at += 1
        if quote and char == quote:
            quote = ""
        elif not quote and char in {'"', "'"}:
            quote = char
        elif char == escape:
            parts.append(text[at : at + 1])
            at += 1
        else:
            parts.append(char)
    return "".join(parts), min(at, len(text))
