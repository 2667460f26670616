"""Changes a text in one word or sign at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

ODD_WORD: Final = "odd"
PIECE: Final = re.compile(r"[\w.]+|[^\w\s]")
_LINE: Final = re.compile(r"(?:[^\n]*\\\n)*[^\n]*\n")
_KEYWORD: Final = re.compile(r"docker run |# *|\w+ ")
"""What begins a line of a Dockerfile or a run line; another is an error or another format."""
_OPTIONS: Final = re.compile(r"docker run ((?:\S+ )*)([\w./:@-]+)\n?")
_ITEM: Final = re.compile(r"\s+- [^\n]*\n|#[^\n]*\n")
_DIGITS: Final = 7
"""Numbers of more digits are names: a digest, a time."""


@dataclass(frozen=True)
class Change:
    """A changed text: what is changed, and the text with the unchanged line or item behind it, or "".

    `old` and `new` are the word or sign before and after, `word` is what stands around it between blanks.
    """

    name: str
    text: str
    both: str
    old: str = ""
    new: str = ""
    word: str = ""


def change_words(text: str) -> Iterator[Change]:
    """A word or sign of a text is dropped or another."""
    for line in _LINE.finditer(text):
        before, after = text[: line.start()], text[line.end() :]
        keyword = _KEYWORD.match(line[0])
        for piece in PIECE.finditer(line[0], keyword.end() if keyword else 0):
            for other in other_words(piece[0]):
                changed = f"{line[0][: piece.start()]}{other}{line[0][piece.end() :]}"
                yield Change(
                    f"{line.start() + piece.start()} {piece[0]}{f' {other}' if other else ''}",
                    f"{before}{changed}{after}",
                    _with_both(before, changed, line[0], after),
                    piece[0],
                    other,
                    _word_around(text, line.start() + piece.start()),
                )


def _word_around(text: str, at: int) -> str:
    """The word at a place, which may stand before it and go on behind."""
    return text[max(text.rfind(blank, 0, at) for blank in " \t\n") + 1 :].split(None, 1)[0]


def _with_both(before: str, changed: str, line: str, after: str) -> str:
    options = _OPTIONS.fullmatch(changed), _OPTIONS.fullmatch(line)
    if options[0] and options[1]:
        return f"docker run {options[0][1]}{options[1][1]}{options[1][2]}\n" if options[0][1] != options[1][1] else ""
    return f"{before}{changed}{line}{after}" if before.startswith(("FROM", "ARG")) or _ITEM.fullmatch(line) else ""


def other_words(piece: str) -> Iterator[str]:
    """Nothing, another word, and the numbers beside a number."""
    yield ""
    if piece.isdecimal() and len(piece) <= _DIGITS:
        yield from (f"{int(piece) + step:0{len(piece) if piece[0] == '0' else 1}}" for step in (-1, 1))
    elif piece[0].isalnum():
        yield ODD_WORD
