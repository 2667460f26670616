"""Rewrites or removes single words of a run line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sealock.errors import FormatError
from sealock.formats.runargs.expansions import mask
from sealock.formats.runargs.quotes import escape, needs_no_quotes, quote
from sealock.formats.runargs.reader import RunLineText
from sealock.formats.runargs.words import ParsedOption
from sealock.model.change import Edit
from sealock.model.location import Place
from sealock.model.shell import Word

_SPACE: Final = " \t\r"
_QUOTES: Final = "\"'"
_HIDDEN: Final = frozenset("\"'\\^`")
"""What a word cannot have if its letters are to be found where they are written."""


def gap_start(text: str, at: int) -> int:
    """The start of the white space before an offset, including line continuations."""
    while at > 0:
        if text[at - 1] in _SPACE:
            at -= 1
        elif text[at - 1] == "\n" and text[max(0, at - 3) : at - 1].rstrip("\r").endswith("\\"):
            at = text.rindex("\\", 0, at)
        else:
            break
    return at


def remove(line: RunLineText, place: Place) -> Edit:
    """Remove words and the white space before them."""
    return Edit(Place(gap_start(line.text, place.start), place.end), "")


def check_in_line(line: RunLineText, option: ParsedOption) -> ParsedOption:
    """Refuse to change an option that is not written in the line itself."""
    for word in (option.word, *([option.value] if option.value else [])):
        if not line.within(word):
            msg = f"{line.raw(word)} comes from a variable or an array"
            raise FormatError(msg)
    return option


def rewrite(line: RunLineText, word: Word, old: str, new: str, prefix: int) -> str:
    """Replace `old` by `new` in a word, after the first `prefix` characters ("--name=", "-p")."""
    raw, head = line.raw(word), word.text[:prefix]
    expansions = set() if word.literal else set(mask(old).expansions)
    fits = word.literal or (expansions and set(mask(new).expansions) == expansions)
    if not fits or not line.within(word):
        msg = f"{raw} comes from a variable or an array"
        raise FormatError(msg)
    if _change_needs_no_quotes(old, new):
        # The place of a word that begins with make's $$ begins at the second dollar.
        for before, after in ((escape(old, line.quoting), escape(new, line.quoting)), (old, new)):
            for sign in ("", '"', "'"):
                if raw == head + sign + before + sign:
                    return head + sign + after + sign
                if raw == sign + head + before + sign:
                    return sign + head + after + sign
    if not word.literal:
        return _rewrite_part(raw, head + old, head + new)
    return head + quote(new, line.quoting) if raw.startswith(head) else quote(head + new, line.quoting)


def _rewrite_part(raw: str, old: str, new: str) -> str:
    """Rewrite the part of a word that changes, where the others are quoted in some other way: `"$PORT":80`."""
    start, end = equal_ends(old, new)
    stop, part = len(old) - end, new[start : len(new) - end]
    places: list[int] = []
    for at, letter in enumerate(raw):
        if len(places) < len(old) and letter == old[len(places)]:
            places.append(at)
        elif letter not in _QUOTES:
            break
    first, last = 0, -1
    if len(places) == len(old) and start < len(old) and not _HIDDEN.intersection(old):
        first = places[start]
        last = places[stop - 1] + 1 if stop > start else first
    if last - first != stop - start or not needs_no_quotes(part):
        msg = f"{raw} has an unresolved expansion"
        raise FormatError(msg)
    return raw[:first] + part + raw[last:]


def _change_needs_no_quotes(old: str, new: str) -> bool:
    """Whether the changed part of a text needs no quotes."""
    start, end = equal_ends(old, new)
    return old != "" and new != "" and needs_no_quotes(new[start : len(new) - end])


def equal_ends(old: Sequence[object], new: Sequence[object]) -> tuple[int, int]:
    """The lengths of the common start and, after that, the common end."""
    start = end = 0
    shorter = min(len(old), len(new))
    while start < shorter and old[start] == new[start]:
        start += 1
    while end < shorter - start and old[-1 - end] == new[-1 - end]:
        end += 1
    return start, end
