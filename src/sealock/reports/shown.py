"""A demonstration on a terminal: its commands, what they print, and what that means."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from sealock.patterns import compile_lazily
from sealock.reports.page import Page
from sealock.text import count, visible, width, wrap

_PLAIN: Final = compile_lazily(r"[\w@%+=:,./<>-]+", re.ASCII)
LINES: Final = 8
"""Lines of a command's output that are shown, if it is a tool of the demonstration."""
_COLUMNS: Final = 320


def quoted(word: str) -> str:
    """A word as a shell reads it."""
    if _PLAIN.fullmatch(word) and not set(word) & set("<>"):
        return word
    if "'" in word and not set(word) & set('"$`\\!'):
        return f'"{word}"'
    return "'" + word.replace("'", "'\"'\"'") + "'"


def command(page: Page, words: tuple[str, ...], setting: tuple[int, int] = (0, 0), *, faint: bool) -> Iterator[str]:
    """A command behind a prompt, continued on further lines where it is long; its setting stands out."""
    if words[0] == "#":
        yield from page.hanging(" ".join(words[1:]), 4, "faint", badge="  # ")
        return
    rows: list[list[str]] = [[page.paint("faint", "$")]]
    taken = 3
    for unit in _units(words):
        texts = [visible(quoted(words[index])) for index in unit]
        size = sum(width(text) + 1 for text in texts)
        if taken + size > page.room - 2 and len(rows[-1]) > 1:
            rows.append([" "])
            taken = 5
        strong = [not faint or setting[0] <= index < setting[1] for index in unit]
        rows[-1] += [page.paint("bold" if bold else "faint", text) for text, bold in zip(texts, strong, strict=True)]
        taken += size
    for index, row in enumerate(rows):
        end = page.paint("faint", " \\") if index < len(rows) - 1 else ""
        yield ("  " if index == 0 else "      ") + " ".join(row).lstrip() + end


def _units(words: tuple[str, ...]) -> Iterator[tuple[int, ...]]:
    """The indexes of words that stay on one line: an option and its value."""
    index = 0
    while index < len(words):
        word = words[index]
        following = words[index + 1] if index + 1 < len(words) else "-"
        pair = word.startswith("-") and "=" not in word and word != "--rm" and not following.startswith("-")
        yield (index, index + 1) if pair else (index,)
        index += 2 if pair else 1


def output(page: Page, text: str, most: int = LINES) -> Iterator[str]:
    """What a command printed, at most so many lines of it."""
    lines = [visible(line.rstrip()) for line in text.strip("\n").splitlines()]
    for line in lines[:most]:
        cut = line if len(line) <= _COLUMNS else line[: _COLUMNS - 1] + "…"
        rows = [cut] if width(cut) <= page.room - 4 else wrap(cut, page.room - 6)
        yield from (f"    {row}" if not index else f"      {row}" for index, row in enumerate(rows))
    if len(lines) > most:
        yield page.paint("faint", f"    … {count(len(lines) - most, 'more line')}")


def sentence(page: Page, sign: str, text: str, *, bad: bool = False) -> Iterator[str]:
    """A sentence behind a sign."""
    yield from page.hanging(text, 2, "red" if bad else "green", badge=page.paint("red" if bad else "green", sign) + " ")


def paragraph(page: Page, text: str, indent: int = 0) -> Iterator[str]:
    """Wrapped text."""
    return (" " * indent + row for row in wrap(text, page.room - indent))


def diff(page: Page, lines: tuple[str, ...]) -> Iterator[str]:
    """The lines of a diff."""
    for line in lines:
        ink = {"-": "red", "+": "green"}.get(line[:1], "faint")
        text = f"{line[:1]} {line[1:]}" if line[:1] in {"-", "+"} else line
        if not line.startswith("@@"):
            yield "  " + page.paint(ink, visible(text))  # type: ignore[arg-type]
