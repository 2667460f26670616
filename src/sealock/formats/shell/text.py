"""A text while it is read: its offsets in the file, and the words in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from tree_sitter import Node

from sealock.formats.shell.grammar import load_parser
from sealock.formats.shell.words import ShellValue, has_brace_expansion, map_offsets
from sealock.model.location import Place
from sealock.model.shell import Word

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
    """One text. `base` leads from its offsets to the file's."""

    __slots__ = ("base", "file", "shell", "text", "values")

    def __init__(self, text: str, base: Sequence[int] | int, shell: str, file: str) -> None:
        self.text = text
        self.base = base
        self.shell = shell
        self.file = file
        self.values: dict[int, ShellValue] = {}
        """What words with quotes and here-documents are made of, by the offset of the word or delimiter."""

    def tree(self, masked: str) -> Node:
        """Let the grammar read the text, or one of the same length instead of it."""
        if not masked.isascii():
            # The grammar's own scanner asks C's ctype tables, which end at 255: a character beyond them is looked up
            # outside of the table, and may end the process. To a shell they are all plain characters of words, as the
            # full stop is.
            masked = re.sub(r"[^\x00-\x7f]", ".", masked)
        return load_parser().parse(masked.encode("ascii")).root_node

    def span(self, node: Node) -> tuple[int, int]:
        """Offsets of a node in the text, without the blanks that the grammar lets some begin with."""
        start, end = node.start_byte, node.end_byte
        while start < end and self.text[start] in _BLANK:
            start += 1
        return start, end

    def slice(self, node: Node) -> str:
        """The text of a node."""
        start, end = self.span(node)
        return self.text[start:end]

    def place(self, start: int, end: int) -> Place:
        """The place in the file of a stretch of the text."""
        base = self.base
        if isinstance(base, int):
            return Place(base + start, base + end, "", self.file)
        if start < end <= len(base):
            return Place(base[start], base[end - 1] + 1, "", self.file)
        at = base[start] if start < len(base) else base[-1] + 1 if base else -1
        return Place(at, at, "", self.file)

    def broken(self, root: Node) -> tuple[Place, ...]:
        """The places that the grammar could not make sense of, a hundred at most."""
        found: list[Place] = []
        todo = [root] if root.has_error else []
        while todo and len(found) < 100:
            node = todo.pop()
            if node.is_error or node.is_missing:
                found.append(self.place(*self.span(node)))
            else:
                todo.extend(child for child in reversed(node.children) if child.has_error)
        return tuple(found)

    def word(self, nodes: Sequence[Node]) -> Word:
        """The word that these nodes make together; nothing but escaped line ends may be between them."""
        value = ShellValue()
        start, at = self.span(nodes[0])
        text = self.text
        for node in nodes:
            begin, end = self.span(node)
            value.bare(text, at, begin)
            if node.type == "$" and text[end : end + 1] == '"':
                at = end  # $"…": a text that may be translated
                continue
            self._add(value, node, begin, end)
            at = end
        literal = value.literal and text[start : start + 1] != "~"
        if value.braces and self.shell not in NO_BRACES and has_brace_expansion(value.text):
            literal = False
        place = self.place(start, at)
        self.values[place.start] = value
        return Word(value.text, place, literal)

    def _add(self, value: ShellValue, node: Node, start: int, end: int) -> None:
        text = self.text
        match node.type:
            case "raw_string":
                value.raw(text, start + 1, _closed(text, start + 1, end, "'"))
            case "ansi_c_string":
                value.ansi(text, start + 2, _closed(text, start + 2, end, "'"))
            case "string" | "translated_string":
                self._string(value, node, start, end)
            case "concatenation" | "command_name" | "variable_assignment":
                at = start
                for child in node.children:
                    begin, after = self.span(child)
                    value.bare(text, at, begin)
                    self._add(value, child, begin, after)
                    at = after
                value.bare(text, at, end)
            case "brace_expression" if self.shell in NO_BRACES:
                value.raw(text, start, end)
            case kind if kind in EXPANSIONS or kind == "array":
                value.expansion(text, start, end)
            case _:
                value.bare(text, start, end)

    def _string(self, value: ShellValue, node: Node, start: int, end: int) -> None:
        """Add a "…" string. The grammar leaves out blanks between expansions, so read between them."""
        text = self.text
        at = text.find('"', start, end) + 1 or end
        close = _closed(text, at, end, '"')
        children = (
            node.children if node.type == "string" else [one for child in node.children for one in child.children]
        )
        for child in children:
            if child.type in EXPANSIONS:
                begin, after = self.span(child)
                value.quoted(text, at, begin)
                value.expansion(text, begin, after)
                at = after
        value.quoted(text, at, close)

    def offsets(self, word: Word) -> Sequence[int] | int:
        """Lead from each character of a word's value to the file."""
        value = self.values.get(word.place.start)
        if value is not None:
            return map_offsets(value.offsets, self.base)
        return spread_offsets(word)

    def document(self, delimiter: Word) -> tuple[str, Sequence[int] | int]:
        """What a shell makes of a here-document, and where its characters stand in the file."""
        value = self.values.get(delimiter.place.start)
        return (value.text, map_offsets(value.offsets, self.base)) if value is not None else ("", 0)

    def within(self, word: Word, index: int) -> Place:
        """The place of a word's value from this character on."""
        offsets = self.offsets(word)
        if isinstance(offsets, int):
            return Place(offsets + index, word.place.end, "", self.file)
        return Place(offsets[index] if index < len(offsets) else word.place.end, word.place.end, "", self.file)


def spread_offsets(word: Word) -> Sequence[int] | int:
    """Lead from a word's value to the file where nothing but the word is known: exact for words without escapes."""
    start, end, length = word.place.start, word.place.end, len(word.text)
    if start < 0 or end - start == length:
        return max(start, 0)
    if end - start == length + 2:
        return start + 1
    return [min(start + 1 + index, max(end - 1, start)) for index in range(length)]


def _closed(text: str, start: int, end: int, quote: str) -> int:
    """The offset at which a quoted text ends, whether or not its quote is closed."""
    return end - 1 if end > start and text[end - 1] == quote else end
