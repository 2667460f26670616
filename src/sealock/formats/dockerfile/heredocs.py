"""Finds the here-documents that an instruction opens, and takes their bodies from the lines after it."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from sealock.formats.dockerfile.lines import DockerfileSyntaxError, Lexer, LogicalLine
from sealock.formats.dockerfile.variables import NO_VARIABLES, expand, word_spans
from sealock.model.build import Heredoc
from sealock.model.location import Place

_OPENING: Final = re.compile(r"\d*<<(-?)([^<\s]+)")
_LEADING_TABS: Final = re.compile(r"^\t+", re.MULTILINE)


class HeredocStart(NamedTuple):
    """`<<NAME` in an instruction. `expand` is false where a part of the name is quoted."""

    name: str
    strip_tabs: bool
    expand: bool


def parse_heredoc_start(word: str) -> HeredocStart | None:
    """Read a word as the opening of a here-document; None where it is none."""
    match = _OPENING.fullmatch(word)
    if match is None:
        return None
    name = expand(match[2], NO_VARIABLES, "\\") if "$" not in match[2] else match[2]
    if not isinstance(name, str) or not name:
        return None
    quotes = match[2].count("'") + match[2].count('"')
    return HeredocStart(name, match[1] == "-", quotes == name.count("'") + name.count('"'))


def read_heredocs(lexer: Lexer, line: LogicalLine) -> tuple[Heredoc, ...]:
    """Take the bodies of all here-documents that the line opens; the lexer then stands behind the last one."""
    taken: list[Heredoc] = []
    for start, end in word_spans(line.text):
        one = parse_heredoc_start(line.text[start:end]) if "<<" in line.text[start:end] else None
        if one is not None:
            taken.append(_body(lexer, one, line.place(start, end)))
    return tuple(taken)


def strip_leading_tabs(body: str) -> str:
    """The body without the tabs that lead its lines, as `<<-` wants it."""
    return _LEADING_TABS.sub("", body)


def _body(lexer: Lexer, one: HeredocStart, place: Place) -> Heredoc:
    start = lexer.pos
    while (span := lexer.physical()) is not None:
        text = lexer.text[span[0] : span[1]]
        if one.strip_tabs:
            text = text.lstrip("\t")
        if text == one.name:
            body = lexer.text[start : span[0]]
            body = strip_leading_tabs(body) if one.strip_tabs else body
            return Heredoc(one.name, body, Place(start, span[0]), one.expand, one.strip_tabs, span[1])
    message = f"the here-document {one.name} has no end"
    raise DockerfileSyntaxError(message, place)
