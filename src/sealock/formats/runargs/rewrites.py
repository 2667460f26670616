"""Writes single words of a run line anew, or takes them away."""

from __future__ import annotations

from typing import Final

from sealock.errors import FormatError
from sealock.formats.runargs.expansions import mask
from sealock.formats.runargs.quotes import escape, needs_no_quotes, quote
from sealock.formats.runargs.spot import RunLineText
from sealock.formats.runargs.words import ParsedOption
from sealock.model.change import Edit
from sealock.model.location import Place
from sealock.model.shell import Word

_SPACE: Final = " \t\r"


def gap_start(text: str, at: int) -> int:
    """Where the white space before an offset starts, continued lines and all."""
    while at > 0:
        if text[at - 1] in _SPACE:
            at -= 1
        elif text[at - 1] == "\n" and text[max(0, at - 3) : at - 1].rstrip("\r").endswith("\\"):
            at = text.rindex("\\", 0, at)
        else:
            break
    return at


def remove(spot: RunLineText, place: Place) -> Edit:
    """Take words away, with the white space before them."""
    return Edit(Place(gap_start(spot.text, place.start), place.end), "")


def check_in_line(spot: RunLineText, given_option: ParsedOption) -> ParsedOption:
    """Refuse to touch an option that is not written in the line."""
    for word in (given_option.word, *([given_option.value] if given_option.value else [])):
        if not spot.within(word):
            msg = f"{spot.raw(word)} comes from a variable or an array"
            raise FormatError(msg)
    return given_option


def rewrite(spot: RunLineText, word: Word, old: str, new: str, prefix: int) -> str:
    """Write a word anew in which `new` takes the place of `old`; `prefix` letters before it stay ("--name=", "-p")."""
    raw, head = spot.raw(word), word.text[:prefix]
    expansions = set() if word.literal else set(mask(old).expansions)
    fits = word.literal or (expansions and set(mask(new).expansions) == expansions)
    if not fits or not spot.within(word):
        msg = f"{raw} comes from a variable or an array"
        raise FormatError(msg)
    if _kept(old, new):
        # The place of a word that begins with make's $$ begins with the second of these.
        for before, after in ((escape(old, spot.host), escape(new, spot.host)), (old, new)):
            for sign in ("", '"', "'"):
                if raw == head + sign + before + sign:
                    return head + sign + after + sign
                if raw == sign + head + before + sign:
                    return sign + head + after + sign
    if not word.literal:
        msg = f"{raw} holds what could not be resolved"
        raise FormatError(msg)
    return head + quote(new, spot.host) if raw.startswith(head) else quote(head + new, spot.host)


def _kept(old: str, new: str) -> bool:
    """Whether all that is new in a text needs no quotes."""
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    return old != "" and new != "" and needs_no_quotes(new[start : len(new) - end])
