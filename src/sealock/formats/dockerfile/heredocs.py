"""Finds the here-documents of an instruction, and reads their bodies from the lines after it."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from sealock.formats.dockerfile.lines import DockerfileSyntaxError, Lexer, LogicalLine
from sealock.formats.dockerfile.variables import NO_VARIABLES, expand, word_spans
from sealock.model.build import Heredoc
from sealock.model.location import Place
from sealock.patterns import compile_lazily

_START: Final = compile_lazily(r"\d*<<(-?)([^<\s]+)")
_LEADING_TABS: Final = compile_lazily(r"^\t+", re.MULTILINE)


class HeredocStart(NamedTuple):
    """`<<NAME` in an instruction. `expand` is false if a part of the name is quoted."""

    name: str
    strip_tabs: bool
    expand: bool


def parse_heredoc_start(word: str) -> HeredocStart | None:
    """Parse a word as the start of a here-document; None if it is none."""
    match = _START.fullmatch(word)
    if match is None:
        return None
    name = expand(match[2], NO_VARIABLES, "\\") if "$" not in match[2] else match[2]
    if not isinstance(name, str) or not name:
        return None
    quotes = match[2].count("'") + match[2].count('"')
    return HeredocStart(name, match[1] == "-", quotes == name.count("'") + name.count('"'))


def read_heredocs(lexer: Lexer, line: LogicalLine) -> tuple[Heredoc, ...]:
    """Read the bodies of all here-documents of the line, and advance the lexer past the last one."""
    heredocs: list[Heredoc] = []
    for start, end in word_spans(line.text):
        heredoc = parse_heredoc_start(line.text[start:end]) if "<<" in line.text[start:end] else None
        if heredoc is not None:
            heredocs.append(_read_body(lexer, heredoc, line.place(start, end)))
    return tuple(heredocs)


def strip_leading_tabs(body: str) -> str:
    """The body without leading tabs, as for `<<-`."""
    return _LEADING_TABS.sub("", body)


def _read_body(lexer: Lexer, heredoc: HeredocStart, place: Place) -> Heredoc:
    start = lexer.pos
    while (span := lexer.physical_line()) is not None:
        text = lexer.text[span[0] : span[1]]
        if heredoc.strip_tabs:
            text = text.lstrip("\t")
        if text == heredoc.name:
            body = lexer.text[start : span[0]]
            body = strip_leading_tabs(body) if heredoc.strip_tabs else body
            return Heredoc(heredoc.name, body, Place(start, span[0]), heredoc.expand, heredoc.strip_tabs, span[1])
    raise DockerfileSyntaxError(message=f"the here-document {heredoc.name} has no end", place=place)
