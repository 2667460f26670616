"""Loads the grammar of HCL, and reads a text into blocks and attributes with their places."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Final

import tree_sitter_hcl
from msgspec import Struct
from tree_sitter import Language, Node, Parser

from sealock.model.location import Place
from sealock.patterns import compile_lazily

MAX_LENGTH: Final = 1_000_000
"""Characters of one text."""
_MAX_FAULTS: Final = 100
_EXPONENT: Final = compile_lazily(rb"(?<![\w.])(?<!\w-)(\d+(?:\.\d+)?)[eE][+-]?\d+(?!\w)")


class HclAttribute(Struct, frozen=True):
    """A name with the node of its expression."""

    name: str
    expression: Node
    place: Place


class HclBlock(Struct, frozen=True):
    """A block: its type, its labels, and what is in it."""

    kind: str
    labels: tuple[str, ...]
    attributes: tuple[HclAttribute, ...]
    blocks: tuple[HclBlock, ...]
    place: Place
    """That of its type and labels."""


class HclText:
    """A text that was parsed. Offsets are those of characters, and the grammar's those of bytes."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.data = text.encode()
        self.ascii = len(self.data) == len(text)
        # The grammar knows no exponents; with digits in their place, each node is where it was.
        parsed = _EXPONENT.sub(lambda match: match[1] + b"0" * (len(match[0]) - len(match[1])), self.data)
        self.root = Parser(_language()).parse(parsed).root_node
        self._offsets: list[int] | None = None

    def offset(self, byte: int) -> int:
        """The offset of a character by that of its first byte."""
        if self.ascii:
            return byte
        if self._offsets is None:
            self._offsets = []
            for index, character in enumerate(self.text):
                self._offsets += [index] * len(character.encode())
            self._offsets.append(len(self.text))
        return self._offsets[min(byte, len(self._offsets) - 1)]

    def place(self, node: Node) -> Place:
        """The place of a node."""
        return Place(self.offset(node.start_byte), self.offset(node.end_byte))

    def word(self, node: Node) -> str:
        """The text of a node."""
        return self.data[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def body(self) -> HclBlock:
        """The whole text as a block."""
        inner = next((child for child in self.root.named_children if child.type == "body"), None)
        return self._block("", (), inner, Place(0, len(self.text)))

    def _block(self, kind: str, labels: tuple[str, ...], body: Node | None, place: Place) -> HclBlock:
        attributes: list[HclAttribute] = []
        blocks: list[HclBlock] = []
        for child in body.named_children if body is not None else ():
            if child.type == "attribute":
                expression = next((part for part in child.named_children if part.type == "expression"), None)
                if expression is not None:
                    attributes.append(
                        HclAttribute(self.word(child.named_children[0]), expression, self.place(expression))
                    )
            elif child.type == "block":
                blocks.append(self._of(child))
        return HclBlock(kind, labels, tuple(attributes), tuple(blocks), place)

    def _of(self, node: Node) -> HclBlock:
        names = [child for child in node.named_children if child.type in {"identifier", "string_lit"}]
        body = next((child for child in node.named_children if child.type == "body"), None)
        labels = tuple(self.word(name).strip('"') for name in names[1:])
        end = names[-1].end_byte if names else node.end_byte
        place = Place(self.offset(node.start_byte), self.offset(end))
        return self._block(self.word(names[0]) if names else "", labels, body, place)

    def faults(self) -> Iterator[Place]:
        """The places at which the text is no HCL."""
        pending = [self.root] if self.root.has_error else []
        found = 0
        while pending and found < _MAX_FAULTS:
            node = pending.pop()
            if node.is_error or node.is_missing:
                found += 1
                yield self.place(node)
            else:
                pending += [child for child in node.children if child.has_error or child.is_missing]

    def comments(self) -> Iterator[Place]:
        """The comments of the text, in order."""
        places: list[Place] = []
        pending = [self.root]
        while pending:
            node = pending.pop()
            if node.type == "comment":
                places.append(self.place(node))
            pending += node.children
        yield from sorted(places, key=lambda place: place.start)


@cache
def _language() -> Language:
    return Language(tree_sitter_hcl.language())
