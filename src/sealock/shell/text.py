"""A text during parsing: its offsets in the file, and the words in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from tree_sitter import Node

from sealock.model.location import Place
from sealock.model.shell import Word
from sealock.shell.grammar import load_parser
from sealock.shell.words import ShellValue, has_brace_expansion, map_offsets

EXPANSIONS: Final = frozenset({
    "simple_expansion", "expansion", "command_substitution", "process_substitution", "arithmetic_expansion",
    "brace_expression",
})  # fmt: skip
WORDS: Final = EXPANSIONS | {
    "word", "string", "raw_string", "ansi_c_string", "translated_string", "concatenation", "number", "extglob_pattern",
    "regex", "special_variable_name", "variable_name", "$", "==", "=~", "test_operator",
}  # fmt: skip
NO_BRACES: Final = frozenset({"sh", "dash", "ash"})
"""Shells in which {a,b} is plain text."""
_BLANK: Final = " \t\r\n"


class ShellText:
    """One text. `base` maps its offsets to the file's."""

    __slots__ = ("base", "file", "shell", "text", "values")

    def __init__(self, text: str, base: Sequence[int] | int, shell: str, file: str) -> None:
        self.text = text
        self.base = base
        self.shell = shell
        self.file = file
        self.values: dict[int, ShellValue] = {}
        """The values of quoted words and here-documents, by the offset of the word or delimiter."""

    def tree(self, masked: str) -> Node:
        """Parse the text, or a masked one of the same length."""
        if not masked.isascii():
            # The grammar's scanner reads C's ctype tables, which end at 255, out of bounds for others, and may
            # crash the process. To a shell these are ordinary characters of words, as the full stop is.
            masked = re.sub(r"[^\x00-\x7f]", ".", masked)
        return load_parser().parse(masked.encode("ascii")).root_node

    def span(self, node: Node) -> tuple[int, int]:
        """Offsets of a node in the text, without the leading blanks of some nodes."""
        start, end = node.start_byte, node.end_byte
        while start < end and self.text[start] in _BLANK:
            start += 1
        return start, end

    def slice(self, node: Node) -> str:
        """The text of a node."""
        start, end = self.span(node)
        return self.text[start:end]

    def place(self, start: int, end: int) -> Place:
        """The place in the file of a range of the text."""
        base = self.base
        if isinstance(base, int):
            return Place(base + start, base + end, "", self.file)
        if start < end <= len(base):
            return Place(base[start], base[end - 1] + 1, "", self.file)
        at = base[start] if start < len(base) else base[-1] + 1 if base else -1
        return Place(at, at, "", self.file)

    def broken_places(self, root: Node) -> tuple[Place, ...]:
        """The places that the grammar could not parse, at most a hundred."""
        places: list[Place] = []
        pending = [root] if root.has_error else []
        while pending and len(places) < 100:
            node = pending.pop()
            if node.is_error or node.is_missing:
                places.append(self.place(*self.span(node)))
            else:
                pending.extend(child for child in reversed(node.children) if child.has_error)
        return tuple(places)

    def word(self, nodes: Sequence[Node]) -> Word:
        """The word of these nodes, between which only escaped line feeds may stand."""
        value = ShellValue()
        start, at = self.span(nodes[0])
        text = self.text
        for node in nodes:
            begin, end = self.span(node)
            value.add_unquoted(text, at, begin)
            if node.type == "$" and text[end : end + 1] == '"':
                at = end  # $"…": a translated string
                continue
            self._add(value, node, begin, end)
            at = end
        literal = value.literal and text[start : start + 1] != "~"
        if value.has_braces and self.shell not in NO_BRACES and has_brace_expansion(value.text):
            literal = False
        place = self.place(start, at)
        self.values[place.start] = value
        return Word(value.text, place, literal)

    def _add(self, value: ShellValue, node: Node, start: int, end: int) -> None:
        text = self.text
        match node.type:
            case "raw_string":
                value.add_raw(text, start + 1, _closing_quote(text, start + 1, end, "'"))
            case "ansi_c_string":
                value.add_ansi_c(text, start + 2, _closing_quote(text, start + 2, end, "'"))
            case "string" | "translated_string":
                self._string(value, node, start, end)
            case "concatenation" | "command_name" | "variable_assignment":
                at = start
                for child in node.children:
                    begin, after = self.span(child)
                    value.add_unquoted(text, at, begin)
                    self._add(value, child, begin, after)
                    at = after
                value.add_unquoted(text, at, end)
            case "brace_expression" if self.shell in NO_BRACES:
                value.add_raw(text, start, end)
            case kind if kind in EXPANSIONS or kind == "array":
                value.add_expansion(text, start, end)
            case _:
                value.add_unquoted(text, start, end)

    def _string(self, value: ShellValue, node: Node, start: int, end: int) -> None:
        """Add a "…" string. The grammar drops blanks between expansions, so read the text between them."""
        text = self.text
        at = text.find('"', start, end) + 1 or end
        close = _closing_quote(text, at, end, '"')
        children = (
            node.children if node.type == "string" else [part for child in node.children for part in child.children]
        )
        for child in children:
            if child.type in EXPANSIONS:
                begin, after = self.span(child)
                value.add_quoted(text, at, begin)
                value.add_expansion(text, begin, after)
                at = after
        value.add_quoted(text, at, close)

    def offsets(self, word: Word) -> Sequence[int] | int:
        """Map each character of a word's value to the file."""
        value = self.values.get(word.place.start)
        if value is not None:
            return map_offsets(value.offsets, self.base)
        return spread_offsets(word)

    def heredoc_value(self, delimiter: Word) -> tuple[str, Sequence[int] | int]:
        """The value of a here-document, and the offsets of its characters in the file."""
        value = self.values.get(delimiter.place.start)
        return (value.text, map_offsets(value.offsets, self.base)) if value is not None else ("", 0)

    def within(self, word: Word, index: int) -> Place:
        """The place of a word's value from this character on."""
        offsets = self.offsets(word)
        if isinstance(offsets, int):
            return Place(offsets + index, word.place.end, "", self.file)
        return Place(offsets[index] if index < len(offsets) else word.place.end, word.place.end, "", self.file)


def spread_offsets(word: Word) -> Sequence[int] | int:
    """Map a word's value to the file by its place only: exact for words without escapes, with or without quotes."""
    start, end, length = word.place.start, word.place.end, len(word.text)
    if start < 0 or end - start == length:
        return max(start, 0)
    return [min(start + 1 + index, max(end - 1, start)) for index in range(length)]


def _closing_quote(text: str, start: int, end: int, quote: str) -> int:
    """The offset of the closing quote, or the end if there is none."""
    return end - 1 if end > start and text[end - 1] == quote else end
