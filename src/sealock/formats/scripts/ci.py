"""Finds the shell texts of CI files and other YAML: `run: |` blocks, `script:` lists, and their like.

It goes by lines, not by a YAML reader: workflow files are often templates, and places must lead back to each character.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from sealock.formats.scripts.fragment import Fragment, FragmentBuilder
from sealock.model.location import Source

_KEYS: Final = (
    "run|script|before_script|after_script|pre_script|post_script|command|commands|cmd|cmds|shell|bash|inlineScript|"
    "before_install|install|before_deploy|deploy|after_success|entry|sh"
)
_KEY: Final = re.compile(rf"( *)((?:- +)*)([\"']?)(?:{_KEYS})\3[ \t]*:(?:[ \t]+|$)")
_ITEM: Final = re.compile(r"( *)- +")
_BLOCK: Final = re.compile(r"(?:[!&]\S+[ \t]+)*([|>])[-+0-9]{0,2}[ \t]*(?:#.*)?$")
_EXPRESSION: Final = re.compile(r"\$\{\{.{0,300}?\}\}|\{\{.{0,300}?\}\}")


class _Lines:
    """The lines of a text: where each starts and ends."""

    def __init__(self, source: Source) -> None:
        self.text = source.text
        self.starts = source.starts

    def __len__(self) -> int:
        return len(self.starts)

    def end(self, index: int) -> int:
        """The offset of a line's end."""
        end = self.starts[index + 1] - 1 if index + 1 < len(self.starts) else len(self.text)
        return end - 1 if end > self.starts[index] and self.text[end - 1] == "\r" else end

    def indent(self, index: int) -> int:
        """How many blanks a line begins with; -1 for an empty one."""
        start, end = self.starts[index], self.end(index)
        at = start
        while at < end and self.text[at] == " ":
            at += 1
        return at - start if at < end else -1


def fragments(source: Source) -> Iterator[Fragment]:
    """The shell texts of a YAML file, in order; a list of commands is one script, as CI systems run it."""
    lines = _Lines(source)
    index = 0
    while index < len(lines):
        start, end = lines.starts[index], lines.end(index)
        match = _KEY.match(lines.text, start, end)
        if match is None:
            index += 1
            continue
        out = FragmentBuilder()
        indent = len(match.group(1)) + len(match.group(2))
        if match.end() < end and lines.text[match.end()] != "#":
            index = _value(lines, index, match.end(), indent, out)
        else:
            index = _list(lines, index + 1, indent, out)
        if out.parts:
            yield out.fragment("bash")


def _list(lines: _Lines, index: int, indent: int, out: FragmentBuilder) -> int:
    """Read the items of a list, each a line or a block; give the index of the line after it."""
    while index < len(lines):
        own = lines.indent(index)
        start = lines.starts[index]
        if own < 0 or lines.text[start + own] == "#":
            index += 1
            continue
        item = _ITEM.match(lines.text, start, lines.end(index))
        if own < indent or item is None:
            return index
        index = _value(lines, index, item.end(), own, out)
    return index


def _value(lines: _Lines, index: int, at: int, indent: int, out: FragmentBuilder) -> int:
    """Read a value that starts here; give the index of the line after it."""
    text, end = lines.text, lines.end(index)
    block = _BLOCK.match(text, at, end)
    if block is not None:
        return _block(lines, index + 1, indent, out, folded=block.group(1) == ">")
    if text[at] in "\"'":
        _quoted(text, at, end, out)
    else:
        comment = text.find(" #", at, end)
        _copy(text, at, end if comment < 0 else comment, out)
    index += 1
    while index < len(lines) and lines.indent(index) > indent and text[at] not in "\"'[{":
        start = lines.starts[index] + lines.indent(index)  # a plain value that goes on
        if _ITEM.match(text, lines.starts[index], lines.end(index)) or text[start] == "#":
            break
        out.put(" ", start - 1, start)
        _copy(text, start, lines.end(index), out)
        index += 1
    out.put("\n", end, end + 1)
    return index


def _block(lines: _Lines, index: int, indent: int, out: FragmentBuilder, *, folded: bool) -> int:
    """Read a block's lines; a folded one's ends are blanks, but before a line that is indented more."""
    first = -1
    while index < len(lines):
        own = lines.indent(index)
        start, end = lines.starts[index], lines.end(index)
        if own < 0:
            out.put("\n", end, end + 1)
            index += 1
            continue
        if own <= indent:
            break
        first = own if first < 0 else first
        _copy(lines.text, start + min(own, first), end, out)
        following = lines.indent(index + 1) if index + 1 < len(lines) else -1
        joined = folded and own == first and following == first
        out.put(" " if joined else "\n", end, end + 1)
        index += 1
    out.put("\n", max(lines.end(index - 1), 0), lines.end(index - 1) + 1)
    return index


def _quoted(text: str, at: int, end: int, out: FragmentBuilder) -> None:
    """Read a quoted value that ends on its line."""
    quote = text[at]
    at += 1
    while at < end:
        char = text[at]
        if char == quote:
            if quote == '"' or text[at + 1 : at + 2] != "'":
                return
            out.put("'", at, at + 2)
            at += 2
        elif char == "\\" and quote == '"' and at + 1 < end:
            out.put({"n": "\n", "t": "\t"}.get(text[at + 1], text[at + 1]), at, at + 2)
            at += 2
        else:
            stop = at + 1
            while stop < end and text[stop] not in {quote, "\\"}:
                stop += 1
            _copy(text, at, stop, out)
            at = stop


def _copy(text: str, start: int, end: int, out: FragmentBuilder) -> None:
    """Add a stretch of the file; the CI system's own expressions become variables that nobody sets."""
    at = start
    for match in _EXPRESSION.finditer(text, start, end):
        out.copy(text, at, match.start())
        out.put("${" + "_" * (len(match.group()) - 3) + "}", match.start(), match.end())
        at = match.end()
    out.copy(text, at, end)
