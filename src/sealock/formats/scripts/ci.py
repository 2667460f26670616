"""Finds the shell scripts in CI files and other YAML: `run: |` blocks, `script:` lists and the like.

It reads lines instead of YAML, since workflow files are often templates and every character needs its offset.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import Final

from sealock import shell
from sealock.formats import yamltree
from sealock.formats.scripts.fragment import Fragment, FragmentBuilder
from sealock.formats.scripts.windows import CONTINUATION
from sealock.model.location import Place, Source
from sealock.patterns import compile_lazily

_KEYS: Final = (
    "run|script|before_script|after_script|pre_script|post_script|command|commands|args|cmd|cmds|shell|bash|inlineScript|"
    "before_install|install|before_deploy|deploy|after_success|entry|sh|runcmd|bootcmd|postCreateCommand|win_shell|raw|"
    "powershell|pwsh|entrypoint|test|status"
)
_KEY: Final = compile_lazily(
    rf"( *)((?:- +)*)([\"']?)(?:(?:\w+\.){{0,2}}(?:{_KEYS})|[\w-]+\.(?:sh|bash)"
    r"|(?P<file>content|user_data|UserData))\3[ \t]*:(?:[ \t]+|$)"
)
"""A key whose value is a script, perhaps with the collection of an Ansible module, or one whose value may be a file."""
_FLOW_KEY: Final = compile_lazily(rf"[{{,][ \t]*([\"']?)(?:{_KEYS})\1[ \t]*:(?:[ \t]+|(?=[\[\"']))")
"""A key within a mapping in braces."""
_FLOW_END: Final = compile_lazily(r",|[\]}](?=[ \t]*(?:[,\]}#]|$))", re.MULTILINE)
_ITEM: Final = compile_lazily(r"( *)- +")
_ENTRY: Final = compile_lazily(r"[\w-]+:(?: |$)")
_BLOCK: Final = compile_lazily(r"(?:[!&]\S+[ \t]+)*([|>])[-+0-9]{0,2}[ \t]*(?:#.*)?$")
_QUOTED: Final = compile_lazily(r" *(?:- +)*(?:[\"']?\w+[\"']?[ \t]*:[ \t]+)?(?:[!&]\S+[ \t]+)*[\"']")
"""The start of a line that holds a quoted value."""
_OF_WORDS: Final = compile_lazily(r"[^:]*\b(?:command|cmd)[\"']?[ \t]*:")
"""A key whose value may be words, which no shell reads: Ansible's module `command`."""
_OPTION_LINE: Final = compile_lazily(r"(?<!\\)\n[ \t]*-{1,2}[A-Za-z]")
"""A line of options that does not go on from the one before: a shell would run it."""
_CLOSED: Final = {
    "'": compile_lazily(r"(?:[^'\n]|'')*+'"),
    '"': compile_lazily(r'(?:[^"\\\n]|\\.)*+"'),
}
"""A line of a quoted value up to its closing quote."""
_FOLD: Final = compile_lazily(r"\\?\r?\n[ \t\r\n]*")
"""The end of a line within quotes, and the blanks that go with it."""
_EXPRESSION: Final = compile_lazily(r"\$\{\{.{0,300}?\}\}|\{\{.{0,300}?\}\}")


class _Lines:
    """The lines of a text, with their start and end."""

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
        """The number of leading blanks of a line; -1 for an empty one."""
        start, end = self.starts[index], self.end(index)
        at = start
        while at < end and self.text[at] == " ":
            at += 1
        return at - start if at < end else -1


def fragments(source: Source) -> Iterator[Fragment]:
    """The shell scripts of a YAML file, in order; a list of commands is one script, as CI systems run it."""
    lines = _Lines(source)
    index = 0
    while index < len(lines):
        start, end = lines.starts[index], lines.end(index)
        match = _KEY.match(lines.text, start, end)
        if match is None or lines.text.startswith("{", match.end(), end):
            yield from _flow_fragments(lines.text, start, end)
            index += 1
            continue
        builder = FragmentBuilder()
        indent = len(match.group(1)) + len(match.group(2))
        if match.end() < end and lines.text[match.end()] != "#":
            index = _read_value(lines, index, match.end(), indent, builder)
        else:
            index = _read_list(lines, index + 1, indent, builder)
        is_block = _BLOCK.match(lines.text, match.end(), end) is not None
        if is_block and _OF_WORDS.match(match[0]) and _OPTION_LINE.search("".join(builder.parts)):
            builder.parts = [" " if part == "\n" else part for part in builder.parts]
        if builder.parts:
            yield builder.fragment("bash", loose=match["file"] is not None)


def _flow_fragments(text: str, start: int, end: int) -> Iterator[Fragment]:
    """The shell scripts of the mappings in braces on one line."""
    at = text.find("{", start, end)
    while at >= 0:
        builder = FragmentBuilder()
        at = _read_braces(text, at, end, builder)
        if at >= 0:
            yield builder.fragment("bash")


def _read_braces(text: str, at: int, end: int, builder: FragmentBuilder) -> int:
    """Read the next script of the mappings in braces on one line; return the offset after it, -1 for none."""
    match = _FLOW_KEY.search(text, at, end)
    if match is None:
        return -1
    at = match.end()
    if text.startswith("[", at):
        return _read_flow(text, at + 1, end, builder)
    return _read_flow_item(text, at, end, builder) if at < end else at


def comments(source: Source) -> Iterator[Place]:
    """The comments of the file: those of YAML, and those of the shell in the blocks that hold scripts."""
    places = set(yamltree.comments(source.text))
    for fragment in fragments(source):
        for place in shell.comments(fragment.text, fragment.offsets, shell=fragment.shell):
            line = source.line(source.position(place.start)[0])
            if not _QUOTED.match(line):
                places.add(place)
    yield from sorted(places, key=lambda place: place.start)


def _read_list(lines: _Lines, index: int, indent: int, builder: FragmentBuilder) -> int:
    """Read the items of a list, each a line or a block; return the index of the line after it."""
    while index < len(lines):
        item_indent = lines.indent(index)
        start = lines.starts[index]
        if item_indent < 0 or lines.text[start + item_indent] == "#":
            index += 1
            continue
        item = _ITEM.match(lines.text, start, lines.end(index))
        if item_indent < indent or item is None:
            return index
        if lines.text.startswith("{", item.end()):
            at = item.end()
            while at >= 0:
                at = _read_braces(lines.text, at, lines.end(index), builder)
            index += 1
        elif _ENTRY.match(lines.text, item.end(), lines.end(index)):
            index = _read_entries(lines, index, item_indent, builder)
        else:
            index = _read_value(lines, index, item.end(), item_indent, builder)
    return index


def _read_entries(lines: _Lines, index: int, indent: int, builder: FragmentBuilder) -> int:
    """Read the commands of an item that is a mapping, such as `- cmd: make`; return the index of the line after it."""
    first = index
    while index < len(lines) and (index == first or lines.indent(index) > indent or lines.indent(index) < 0):
        start, end = lines.starts[index], lines.end(index)
        match = _KEY.match(lines.text, start, end)
        if match is not None and match.end() < end and lines.text[match.end()] not in "#{":
            index = _read_value(lines, index, match.end(), len(match.group(1)) + len(match.group(2)), builder)
        else:
            index += 1
    return index


def _read_value(lines: _Lines, index: int, at: int, indent: int, builder: FragmentBuilder) -> int:
    """Read a value that starts here; return the index of the line after it."""
    text, end = lines.text, lines.end(index)
    block = _BLOCK.match(text, at, end)
    if block is not None:
        return _read_block(lines, index + 1, indent, builder, folded=block.group(1) == ">")
    if text[at] in "\"'":
        stop = _read_quoted(text, at, lines.end(_last_quoted(lines, index, at, indent)), builder)
        index = bisect_right(lines.starts, stop - 1) - 1
        end = lines.end(index)
    elif text[at] == "[" and text[at:end].rstrip().endswith("]"):
        _read_flow(text, at + 1, end, builder)
    else:
        _copy_plain(text, at, end, builder)
    index += 1
    while index < len(lines) and lines.indent(index) > indent and text[at] not in "\"'[{":
        start = lines.starts[index] + lines.indent(index)  # a plain value that continues
        if _ITEM.match(text, lines.starts[index], lines.end(index)) or text[start] == "#":
            break
        builder.put(" ", start - 1, start)
        _copy_plain(text, start, lines.end(index), builder)
        index += 1
    builder.put("\n", end, end + 1)
    return index


def _last_quoted(lines: _Lines, index: int, at: int, indent: int) -> int:
    """The last line of a quoted value: that of its closing quote, or the last that is indented more than its key."""
    closed = _CLOSED[lines.text[at]]
    at += 1
    while closed.match(lines.text, at, lines.end(index)) is None:
        if index + 1 == len(lines) or 0 <= lines.indent(index + 1) <= indent:
            return index
        index += 1
        at = lines.starts[index]
    return index


def _read_block(lines: _Lines, index: int, indent: int, builder: FragmentBuilder, *, folded: bool) -> int:
    """Read the lines of a block; folding turns line feeds into blanks, except before a line with more indentation."""
    block_indent = -1
    while index < len(lines):
        line_indent = lines.indent(index)
        start, end = lines.starts[index], lines.end(index)
        if line_indent < 0:
            builder.put("\n", end, end + 1)
            index += 1
            continue
        if line_indent <= indent:
            break
        block_indent = line_indent if block_indent < 0 else block_indent
        _copy_masked(lines.text, start + min(line_indent, block_indent), end, builder)
        following = lines.indent(index + 1) if index + 1 < len(lines) else -1
        joined = folded and line_indent == block_indent and following == block_indent
        builder.put(" " if joined else "\n", end, end + 1)
        index += 1
    builder.put("\n", max(lines.end(index - 1), 0), lines.end(index - 1) + 1)
    return index


def _read_flow(text: str, at: int, end: int, builder: FragmentBuilder) -> int:
    """Read a list of commands in brackets on one line, and lists in it; return the offset of its end."""
    depth = 1
    while at < end and depth:
        stop = at + 1 if text[at] in " \t,[]}" else _read_flow_item(text, at, end, builder)
        if text[at] not in "\"'":
            depth += text.count("[", at, stop) - text.count("]", at, stop)
        at = stop
    return at


def _read_flow_item(text: str, at: int, end: int, builder: FragmentBuilder) -> int:
    """Read a command within brackets or braces, of at least one character; return the offset after it."""
    if text[at] in "\"'":
        stop = _read_quoted(text, at, end, builder)
    else:
        ending = _FLOW_END.search(text, at + 1, end)
        stop = ending.start() if ending else end
        _copy_masked(text, at, stop, builder)
    builder.put("\n", stop - 1, stop)
    return stop


def _read_quoted(text: str, at: int, end: int, builder: FragmentBuilder) -> int:
    """Read a quoted value, folding its lines; return the offset after its closing quote, or the end."""
    quote = text[at]
    at += 1
    while at < end:
        char = text[at]
        if char == quote:
            if quote == '"' or text[at + 1 : at + 2] != "'":
                return at + 1
            builder.put("'", at, at + 2)
            at += 2
        elif (fold := _FOLD.match(text, at, end)) is not None and (char != "\\" or quote == '"'):
            lines = text.count("\n", *fold.span())
            builder.put("" if char == "\\" else " " if lines == 1 else "\n", *fold.span())
            at = fold.end()
        elif char == "\\" and quote == '"' and at + 1 < end:
            builder.put({"n": "\n", "t": "\t"}.get(text[at + 1], text[at + 1]), at, at + 2)
            at += 2
        else:
            stop = at + 1
            while stop < end and text[stop] not in {quote, "\\", "\r", "\n"}:
                stop += 1
            _copy_masked(text, at, stop, builder)
            at = stop
    return end


def _copy_plain(text: str, start: int, end: int, builder: FragmentBuilder) -> None:
    """Copy a line of a plain value without its comment."""
    comment = text.find(" #", start, end)
    _copy_masked(text, start, end if comment < 0 else comment, builder)


def _copy_masked(text: str, start: int, end: int, builder: FragmentBuilder) -> None:
    """Copy a range of the file; the CI system's own expressions become variables without a value."""
    at = start
    for match in _EXPRESSION.finditer(text, start, end):
        builder.copy(text, at, match.start())
        builder.put("${" + "_" * (len(match.group()) - 3) + "}", match.start(), match.end())
        at = match.end()
    mark = CONTINUATION.search(text[at:end])  # of PowerShell or cmd.exe
    builder.copy(text, at, at + mark.start() if mark else end)
    if mark:
        builder.put("\\", end - 1, end)
