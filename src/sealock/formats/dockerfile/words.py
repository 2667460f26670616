"""Splits the arguments of an instruction as BuildKit does: flags, plain and quoted words, JSON arrays."""

from __future__ import annotations

from typing import Final, NamedTuple

from msgspec import DecodeError, ValidationError, json

from sealock.formats.dockerfile.lines import WHITESPACE, DockerfileSyntaxError
from sealock.patterns import compile_lazily

BLANK: Final = compile_lazily(r"[\t\v\f\r ]+")
_WORDS: Final = compile_lazily(r"[^\t\v\f\r ]+")
_BARE: Final = compile_lazily(r"\S+")
_QUOTED: Final = {
    "\\": compile_lazily(r"""(?:[^\s'"\\]++|\\[\s\S]?|'[^']*+'?|"(?:[^"\\]++|\\[\s\S]?)*+"?)++"""),
    "`": compile_lazily(r"""(?:[^\s'"`]++|`[\s\S]?|'[^']*+'?|"(?:[^"`]++|`[\s\S]?)*+"?)++"""),
}
_STRING: Final = compile_lazily(r'"(?:[^"\\]++|\\.)*+"')
_BRACKET: Final = compile_lazily(r'"(?:[^"\\]++|\\.)*+"|[\[\]]')
_ESCAPE: Final = compile_lazily(
    r"(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2}|(\\[\s\S])"
)
"""An escape in JSON: a surrogate pair, half of one, or another."""


class Token(NamedTuple):
    """A word: its text, and its start and end in the line."""

    text: str
    start: int
    end: int


class RawFlag(NamedTuple):
    """A flag after quote removal; `value` is None if no equals sign follows the name."""

    name: str
    value: str | None
    start: int
    end: int


def split_keyword(text: str) -> tuple[str, int]:
    """The first word of the line, and the offset of its arguments."""
    blank = BLANK.search(text)
    return (text[: blank.start()], blank.end()) if blank else (text, len(text))


def split_words(text: str, start: int) -> list[Token]:
    """Split at blanks; quotes have no meaning."""
    return [Token(match.group(), match.start(), match.end()) for match in _WORDS.finditer(text, start)]


def split_quoted(text: str, start: int, escape: str) -> list[Token]:
    """Split at unquoted white space; the words keep their quotes and escapes."""
    rest = text[start:]
    pattern = _BARE
    if "'" in rest or '"' in rest or escape in rest:
        pattern = _QUOTED[escape]
    return [Token(match.group(), match.start(), match.end()) for match in pattern.finditer(text, start)]


def parse_json_array(text: str, start: int) -> list[Token] | None:
    """The strings of a JSON array, or None if the text is none (BuildKit then falls back to the shell form).

    What follows the array is no part of the instruction, since BuildKit decodes one value: `CMD ["a"] # comment`.
    DockerfileSyntaxError for an array with anything but strings.
    """
    if text[start : start + 1] != "[":
        return None
    end = _array_end(text, start)
    # Go's decoder, which BuildKit uses, reads half of a surrogate pair as U+FFFD.
    rest = _ESCAPE.sub(lambda escape: escape[1] or escape[2] or r"\ufffd", text[start:end])
    try:
        values = json.decode(rest, type=list[str])
    except ValidationError:
        try:
            json.decode(rest)
        except (DecodeError, RecursionError):
            return None
        raise DockerfileSyntaxError(message="a JSON array of arguments may contain strings only") from None
    except (DecodeError, RecursionError, UnicodeEncodeError):
        return None
    strings = _STRING.finditer(text, start, end)
    return [Token(value, match.start(), match.end()) for value, match in zip(values, strings, strict=False)]


def _array_end(text: str, start: int) -> int:
    """The offset after the bracket that closes the one here; that of the end where none does."""
    depth = 0
    for match in _BRACKET.finditer(text, start):
        depth += {"[": 1, "]": -1}.get(match.group(), 0)
        if depth == 0:
            return match.end()
    return len(text)


def split_flags(text: str, start: int, escape: str) -> tuple[list[RawFlag], int]:
    """The flags before the arguments, and the offset of the arguments."""
    flags: list[RawFlag] = []
    at = start
    while True:
        while at < len(text) and text[at] in WHITESPACE:
            at += 1
        if not text.startswith("--", at):
            return flags, at
        word, end = _read_flag(text, at, escape)
        if word == "--":
            while end < len(text) and text[end] in WHITESPACE:
                end += 1
            return flags, end
        name, equals, value = word[2:].partition("=")
        flags.append(RawFlag(name, value if equals else None, at, end))
        at = end


def _read_flag(text: str, start: int, escape: str) -> tuple[str, int]:
    """Read a word that starts with "--", removing quotes and escapes."""
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
