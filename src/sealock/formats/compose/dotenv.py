"""Reads .env and env_file files as Compose does, and as the engine's own --env-file does ("raw")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sealock.formats.compose.interpolation import Room

_ESCAPES: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", '"': '"', "\\": "\\"}
_BYTE_ORDER_MARK: Final = "\ufeff"
_BLANKS: Final = "\t\v\f\r \x85\xa0"


def parse(
    text: str, variables: Mapping[str, str], room: Room | None = None
) -> tuple[list[tuple[str, str | None, int]], str]:
    """Read a file. Returns (name, value, offset) for each variable in order, and what is wrong with the file or "".

    A value None means that the variable comes from the environment.
    """
    lines: list[tuple[str, str | None, int]] = []
    known = dict(variables)
    room = room or Room()
    at, length = int(text.startswith(_BYTE_ORDER_MARK)), len(text)
    while at < length:
        if text[at].isspace():
            at += 1
            continue
        if text[at] == "#":
            at = _line_end(text, at)
            continue
        start = at
        name, at, inherited, wrong = _name(text, at)
        if wrong:
            return lines, f"line {text.count(chr(10), 0, start) + 1}: {wrong}"
        value: str | None = None
        if not inherited:
            value, at, wrong = _value(text, at, known, room)
            if wrong:
                return lines, f"line {text.count(chr(10), 0, start) + 1}: {wrong}"
            if name not in variables:
                known[name] = value
        lines.append((name, value, start))
    return lines, ""


def parse_raw(text: str) -> list[tuple[str, str | None, int]]:
    """Read a file of format "raw": NAME=value to the end of the line, without quotes and variables."""
    lines: list[tuple[str, str | None, int]] = []
    at = int(text.startswith(_BYTE_ORDER_MARK))
    for line in text[at:].split("\n"):
        content = line.removesuffix("\r").lstrip()
        if content and content[0] != "#":
            name, equals, value = content.partition("=")
            lines.append((name, value if equals else None, at + len(line) - len(line.lstrip())))
        at += len(line) + 1
    return lines


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _name(text: str, at: int) -> tuple[str, int, bool, str]:
    if text.startswith("export", at) and text[at + 6 : at + 7] in tuple(_BLANKS):
        at += 6
        while text[at : at + 1] and text[at] in _BLANKS:
            at += 1
    for place in range(at, len(text)):
        character = text[place]
        if character in "=:\n":
            name = text[at:place].strip()
            if " " in name:
                return "", at, False, "the name of a variable cannot contain a space"
            after = place + 1
            while character != "\n" and text[after : after + 1] and text[after] in _BLANKS:
                after += 1
            return name, after, character == "\n", ""
        if not (character in "_.-[]" or character in _BLANKS or character.isalnum()):
            return "", at, False, f"{character!r} is not allowed in the name of a variable"
    return text[at:].strip(), len(text), True, ""


def _value(text: str, at: int, known: Mapping[str, str], room: Room) -> tuple[str, int, str]:
    quote = text[at : at + 1]
    if quote not in {"'", '"'}:
        end = _line_end(text, at)
        line = text[at:end].partition(" #")[0].rstrip()
        filled = room.fill(line, known)
        return filled.value, end, filled.wrong
    pieces: list[str] = []
    place = at + 1
    while place < len(text):
        character = text[place]
        if character == quote:
            value = "".join(pieces)
            if quote == "'":
                return value, place + 1, ""
            filled = room.fill(value, known)
            return filled.value, place + 1, filled.wrong
        if character == "\\" and place + 1 < len(text):
            following = text[place + 1]
            if following == quote:
                pieces.append(quote)
            elif quote == '"' and following == "$":
                pieces.append("$$")
            elif quote == '"' and following in _ESCAPES:
                pieces.append(_ESCAPES[following])
            else:
                pieces.append(character + following)
            place += 2
            continue
        pieces.append(character)
        place += 1
    return "", len(text), "a quoted value is not closed"
