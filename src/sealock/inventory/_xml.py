"""XML that programs write, as elements without namespaces, within bounds."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterator
from typing import Final
from xml.parsers import expat

from msgspec import Struct

from sealock.inventory._data import word
from sealock.inventory.analyzer import BrokenFileError

ELEMENTS: Final = 200_000
DEEPEST: Final = 100
TEXT: Final = 4096
"""Characters of an element's text that are kept."""


class Element(Struct):
    """An element: its name without a prefix, attributes, text and children."""

    name: str
    attributes: dict[str, str]
    text: str = ""
    children: list[Element] = []

    def all(self, name: str) -> Iterator[Element]:
        """Its children with this name."""
        return (child for child in self.children if child.name == name)

    def first(self, *path: str) -> Element | None:
        """The first element at a path of names below it."""
        element: Element | None = self
        for name in path:
            element = next(element.all(name), None) if element else None
        return element

    def value(self, *path: str) -> str:
        """The text of the first element at a path; "" for none, or if it is no word."""
        element = self.first(*path)
        return word(element.text) if element else ""


class _Builder:
    """Makes elements of a parser's events. A document type is refused: entities could be of any size."""

    def __init__(self) -> None:
        self.root = Element("", {})
        self.stack = [self.root]
        self.left = ELEMENTS

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.left -= 1
        if self.left < 0 or len(self.stack) > DEEPEST:
            message = "holds too many elements" if self.left < 0 else "is XML that is nested too deeply"
            raise BrokenFileError(message)
        element = Element(name.rpartition(":")[2], attributes)
        self.stack[-1].children.append(element)
        self.stack.append(element)

    def end(self, _name: str) -> None:
        self.stack.pop()

    def data(self, text: str) -> None:
        top = self.stack[-1]
        if len(top.text) < TEXT:
            top.text += text

    def doctype(self, *_: object) -> None:
        message = "has a document type, as no lock file does"
        raise BrokenFileError(message)


def document(data: bytes) -> Element:
    """The root element of a document."""
    builder = _Builder()
    parser = expat.ParserCreate()
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = builder.doctype
    try:
        # What has the mark of UTF-8 is UTF-8, whatever its declaration says: a text is parsed so.
        parser.Parse(data.decode("utf-8-sig") if data.startswith(BOM_UTF8) else data, True)
    except (expat.ExpatError, ValueError, LookupError) as error:  # an unknown encoding is a LookupError
        message = f"is not valid XML: {error}"
        raise BrokenFileError(message) from None
    return builder.root.children[0]
