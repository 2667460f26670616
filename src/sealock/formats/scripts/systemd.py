"""Reads the commands of a systemd unit, which has its own quoting, specifiers and variables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from sealock import shell
from sealock.formats.unitfile import read_escape
from sealock.model.location import Place, Source
from sealock.model.shell import Script, Word
from sealock.patterns import compile_lazily

_EXEC_SETTINGS: Final = (
    "ExecStart", "ExecStartPre", "ExecStartPost", "ExecReload", "ExecStop", "ExecStopPost", "ExecCondition",
)  # fmt: skip
_PREFIXES: Final = "-@+!:|"
_BLANK: Final = " \t\r\n"
_COMMENT: Final = compile_lazily(r"^[ \t]*([#;][^\r\n]*)", re.MULTILINE)


def scripts(source: Source) -> Iterator[Script]:
    """Each command of the unit, as a script of one command."""
    text = source.text
    at = 0
    while at < len(text):
        end = _logical_end(text, at)
        name, equals, _ = text[at:end].partition("=")
        if equals and name.strip() in _EXEC_SETTINGS:
            start = at + len(name) + 1
            for words in _split_commands(_split_words(text, start, end)):
                place = Place(words[0].place.start, words[-1].place.end)
                yield shell.parse_words(words, place, text=text)
        at = end + 1


def comments(source: Source) -> Iterator[Place]:
    """The comment lines of the unit, which may stand between the lines of a value."""
    for match in _COMMENT.finditer(source.text):
        yield Place(match.start(1), match.end())


def _logical_end(text: str, start: int) -> int:
    """The end of a line with its continuations; `_split_words` skips comments between them."""
    end = text.find("\n", start)
    first = text[start : end if end >= 0 else len(text)].lstrip()[:1]
    if first in {"#", ";"}:
        return len(text) if end < 0 else end
    while end >= 0:
        line = text[text.rfind("\n", 0, end) + 1 : end]
        comment = line.lstrip()[:1] in {"#", ";"} and text.rfind("\n", 0, end) >= start
        if not line.endswith("\\") and not comment:
            return end
        end = text.find("\n", end + 1)
    return len(text)


def _split_commands(words: Iterator[Word]) -> Iterator[tuple[Word, ...]]:
    """Split words at ";", and remove the prefixes of the program's name, and the other name that "@" gives it."""
    current: list[Word] = []
    for word in words:
        if word.text == ";" and word.place.end - word.place.start == 1:
            if current:
                yield tuple(current)
            current = []
        elif not current:
            bare = word.text.lstrip(_PREFIXES)
            prefix = word.text[: len(word.text) - len(bare)]
            if bare:
                place = Place(word.place.start + len(prefix), word.place.end)
                current.append(Word(bare, place, word.literal))
                if "@" in prefix:
                    next(words, None)
        else:
            current.append(word)
    if current:
        yield tuple(current)


def _split_words(text: str, start: int, end: int) -> Iterator[Word]:
    """Split a value into words, as in systemd.syntax(7) and systemd.service(5)."""
    at = start
    while at < end:
        char = text[at]
        if char in _BLANK or (char == "\\" and text[at + 1 : at + 2] == "\n"):
            new_line = char in {"\n", "\\"}
            at += 2 if char == "\\" else 1
            if new_line:
                at = _skip_comments(text, at, end)
            continue
        word, at = _read_word(text, at, end)
        yield word


def _skip_comments(text: str, at: int, end: int) -> int:
    """The offset after comment lines that start here."""
    while at < end:
        stop = text.find("\n", at, end)
        stop = end if stop < 0 else stop
        if text[at:stop].lstrip()[:1] not in {"#", ";"}:
            return at
        at = stop + 1
    return min(at, end)


def _read_word(text: str, start: int, end: int) -> tuple[Word, int]:
    """Read one word; return it and the offset after it."""
    parts: list[str] = []
    literal, quote, at = True, "", start
    while at < end:
        char = text[at]
        after = text[at + 1 : at + 2] if at + 1 < end else ""
        if quote and char == quote:
            quote = ""
        elif not quote and char in _BLANK:
            break
        elif not quote and char in {'"', "'"}:
            quote = char
        elif char == "\\" and after:
            if after == "\n":
                if not quote:
                    break
                parts.append(" ")
            else:
                part, at = _read_escape(text, at, end)
                parts.append(part)
                continue
            at += 1
        elif char in "%$" and after == char:
            parts.append(char)
            at += 1
        else:
            if (char == "%" and after.isalpha()) or (char == "$" and (after == "{" or after.isalpha() or after == "_")):
                literal = False
            parts.append(char)
        at += 1
    return Word("".join(parts), Place(start, at), literal), at


def _read_escape(text: str, at: int, end: int) -> tuple[str, int]:
    """What a backslash and what follows it mean, and the offset after them; of what is no escape, the letter counts."""
    try:
        part, length = read_escape(text[at + 1 : min(end, at + 10)], 0)
    except ValueError:
        return text[at + 1], at + 2
    return (part, at + 1 + length) if part != "\ufffd" else (text[at + 1], at + 2)  # systemd refuses half of a pair
