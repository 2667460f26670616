"""Changes single entries and items of a YAML text, in the style of the text.

Each method returns an edit, and raises FormatError where the layout allows no change in place. Values to write are
plain: scalars, lists and dicts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final, TypeAlias

from msgspec import Struct

from sealock.errors import FormatError
from sealock.formats.yamltree import Mapping, Scalar, Sequence, YamlNode, resolve
from sealock.model.change import Edit
from sealock.model.location import Place
from sealock.patterns import compile_lazily

PlainValue: TypeAlias = Any
_PLAIN: Final = compile_lazily(r"[A-Za-z0-9_./~+=$(*-][A-Za-z0-9_./~+=$@:(){}<>^*%!?;\\| -]*")
_LIKE_NUMBERS: Final = compile_lazily(r"[0-9:.]+|[0-9]+-[0-9]+(:.*)?")
_COMMENT_BELOW: Final = compile_lazily(r"\r?\n(?P<indent> *)(?P<comment>#[^\r\n]*)?(?=\r?\n|$)")
_OLD_WORDS: Final = frozenset({"y", "n", "yes", "no", "on", "off"})
"""Booleans of YAML 1.1, which other programs still read as such."""


_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}


class Style(Struct, frozen=True):
    """The layout of a text: columns per level, columns of a dash past its key, the quote around strings."""

    step: int = 2
    dash: int = 2
    quote: str = '"'
    newline: str = "\n"


def style_of(text: str, root: YamlNode | None) -> Style:
    """Return the style of a text, from its first collections."""
    step = dash = 0
    pending = [root] if isinstance(root, Mapping) else []
    for _ in range(200):
        if not pending or (step and dash):
            break
        mapping = pending.pop(0)
        for key, value in mapping.entries:
            if isinstance(value, Mapping | Sequence) and not value.flow and key.start >= 0:
                first = value.entries[0][0] if isinstance(value, Mapping) and value.entries else value
                distance = column(text, first.start) - column(text, key.start)
                if isinstance(value, Sequence):
                    dash = dash or distance + 1
                elif not value.anchor or value.entries:
                    step = step or distance
            if isinstance(value, Mapping):
                pending.append(value)
    step = step if step > 0 else 2
    single, double = text.count("'"), text.count('"')
    newline = "\r\n" if "\r\n" in text else "\n"
    return Style(step, dash - 1 if dash else step, "'" if single > double else '"', newline)


def column(text: str, offset: int) -> int:
    """The column of an offset, from 0."""
    return offset - (text.rfind("\n", 0, offset) + 1)


def is_flow(node: YamlNode) -> bool:
    """Whether a node is a collection in brackets."""
    return isinstance(node, Mapping | Sequence) and node.flow


def is_block(node: YamlNode) -> bool:
    """Whether a node is a collection on lines of its own."""
    return isinstance(node, Mapping | Sequence) and not node.flow


def quote_of(node: YamlNode) -> str:
    """The quote around a scalar, "" where it has none."""
    return node.style if isinstance(node, Scalar) and node.style in {"'", '"'} else ""


class Writer:
    """Makes edits of one text."""

    def __init__(self, text: str, root: YamlNode | None) -> None:
        self.text = text
        self.style = style_of(text, root)

    # Values

    def scalar(self, value: PlainValue, quote: str = "") -> str:
        """Write a scalar; a string is quoted where it must be, or with `quote`."""
        if value is None:
            return "null" if quote else ""
        if not isinstance(value, str):
            return {"True": "true", "False": "false"}.get(repr(value), repr(value))
        plain = (
            _PLAIN.fullmatch(value) is not None
            and resolve(value) == value
            and ": " not in value
            and not value.endswith((":", " "))
            and not value.startswith(("- ", "? ", "*"))
            and value.lower() not in _OLD_WORDS
            and not _LIKE_NUMBERS.fullmatch(value)
            and value not in {"-", "---", "=", "<<"}
        )
        if plain and not quote:
            return value
        quote = quote or self.style.quote
        if quote == "'" and not re.search(r"[^ -~\xa0-\ud7ff]", value):
            return "'" + value.replace("'", "''") + "'"
        return '"' + "".join(_escaped(character) for character in value) + '"'

    def flow(self, value: PlainValue, quote: str = "") -> str:
        """Write a value on one line."""
        match value:
            case dict():
                pairs = (f"{self.scalar(key)}: {self.flow(item, quote)}".rstrip() for key, item in value.items())
                return "{" + ", ".join(pairs) + "}"
            case list():
                return "[" + ", ".join(self.flow(item, quote) for item in value) + "]"
            case _:
                written = self.scalar(value, quote)
                needs_quotes = written == value and re.search(r"[][{},]", written)
                return self.scalar(value, self.style.quote) if needs_quotes else written

    def line(self, value: PlainValue, quote: str = "") -> str:
        """Write a value on one line, outside of brackets."""
        return self.flow(value, quote) if isinstance(value, dict | list) else self.scalar(value, quote)

    def block(self, key: str, value: PlainValue, indent: int, quote: str = "") -> list[str]:
        """Write an entry as lines, the first without its indentation."""
        lines = [f"{self.scalar(key)}:"]
        match value:
            case dict() if value:
                inner = indent + self.style.step
                for name, entry in value.items():
                    first, *rest = self.block(name, entry, inner, quote)
                    lines += [" " * inner + first, *rest]
                return lines
            case list() if value:
                for item in value:
                    lines += self.item(item, indent + self.style.dash, quote)
                return lines
            case _:
                return [f"{lines[0]} {self.line(value, quote)}".rstrip()]

    def item(self, value: PlainValue, indent: int, quote: str = "") -> list[str]:
        """Write an item of a list as lines, all with their indentation."""
        if isinstance(value, dict) and value:
            lines: list[str] = []
            for name, entry in value.items():
                first, *rest = self.block(name, entry, indent + 2, quote)
                lines += [" " * (indent if not lines else indent + 2) + ("" if lines else "- ") + first, *rest]
            return lines
        return [" " * indent + "- " + self.line(value, quote)]

    # Edits

    def put(self, start: int, end: int, text: str) -> Edit:
        """Replace the text between two offsets."""
        return Edit(Place(start, end), text)

    def set(self, mapping: Mapping, key: str, value: PlainValue) -> Edit:
        """Set the value of an entry of a mapping, or add the entry."""
        entry = mapping.entry(key)
        if entry is None:
            return self.add(mapping, key, value)
        name, old = entry
        if value is None and isinstance(old, Scalar) and not mapping.flow:
            # No blank stays behind the colon.
            colon = self.text.find(":", name.end) + 1
            if 0 < colon <= old.start and not self.text[colon : old.start].strip(" "):
                return self.put(colon, old.end, "")
        if (not isinstance(value, dict | list) or is_flow(old) or mapping.flow) and not is_block(old):
            written = self.flow(value, quote_of(old) if isinstance(value, str) else "") or "null"
            return self.put(old.start, old.end, written if old.end > old.start else f" {written}")
        lines = self.block(key, value, column(self.text, name.start))
        return self.put(name.start, old.end, self.style.newline.join(lines))

    def add(self, mapping: Mapping, key: str, value: PlainValue) -> Edit:
        """Add an entry at the end of a mapping."""
        if mapping.flow:
            written = f"{self.scalar(key)}: {self.flow(value)}"
            if mapping.entries:
                last = mapping.entries[-1][1].end
                return self.put(last, last, f", {written}")
            return self.put(mapping.end - 1, mapping.end - 1, written)
        if not mapping.entries:
            msg = "the mapping is empty"
            raise FormatError(msg)
        indent = column(self.text, mapping.entries[0][0].start)
        first, *rest = self.block(key, value, indent)
        return self.insert_after(mapping.entries[-1][1], [" " * indent + first, *rest])

    def insert_after(self, node: YamlNode, lines: Iterable[str]) -> Edit:
        """Insert lines after the line on which a node ends, and the comments deeper than these lines."""
        first, *rest = lines
        end = self.deeper_comments_end(self.line_end(node.end), len(first) - len(first.lstrip(" ")))
        return self.put(end, end, "".join(self.style.newline + line for line in (first, *rest)))

    def deeper_comments_end(self, end: int, indent: int) -> int:
        """The end of the last of the comments below a line that belong to what stands deeper than `indent` columns."""
        after = end
        while (line := _COMMENT_BELOW.match(self.text, after)) is not None:
            after = line.end()
            if len(line["indent"]) > indent:
                end = after
            elif line["comment"]:
                break
        return end

    def line_end(self, offset: int) -> int:
        """The end of a line, before its line break."""
        end = self.text.find("\n", offset)
        end = len(self.text) if end < 0 else end
        return end - self.text.endswith("\r", offset, end)

    def drop(self, mapping: Mapping, key: str) -> Edit:
        """Remove an entry of a mapping, with its lines."""
        names = [name.text if isinstance(name, Scalar) else None for name, _ in mapping.entries]
        if key not in names:
            msg = f"there is no key {key!r}"
            raise FormatError(msg)
        spans = [(name.start, value.end) for name, value in mapping.entries]
        return self.cut(spans, names.index(key), flow=mapping.flow, inside=mapping)

    def remove(self, sequence: Sequence, index: int) -> Edit:
        """Remove an item of a list, with its lines."""
        spans = [(item.start, item.end) for item in sequence.items]
        if not sequence.flow:
            spans = [(self.dash(start), end) for start, end in spans]
        return self.cut(spans, index, flow=sequence.flow, inside=sequence)

    def cut(self, spans: list[tuple[int, int]], index: int, *, flow: bool, inside: YamlNode) -> Edit:
        """Cut one of several spans out of the node that contains them."""
        start, end = spans[index]
        if flow:
            if index + 1 < len(spans):
                return self.put(start, spans[index + 1][0], "")
            return self.put(spans[index - 1][1] if index else start, end, "")
        line = self.text.rfind("\n", 0, start) + 1
        if self.text[line:start].strip(" "):
            if index + 1 < len(spans):
                return self.put(start, spans[index + 1][0], "")
            msg = "it shares its line with other text"
            raise FormatError(msg)
        stop = self.text.find("\n", max(end, start))
        if stop < 0:
            # The last line has no line break: the previous one goes.
            return self.put(max(line - len(self.style.newline), inside.start), len(self.text), "")
        return self.put(line, stop + 1, "")

    def dash(self, offset: int) -> int:
        """The dash of an item that starts at this offset."""
        at = len(self.text[:offset].rstrip(" \r\n")) - 1
        if self.text[at : at + 1] != "-":
            msg = "the dash of the item is not right before it"
            raise FormatError(msg)
        return at

    def append(self, sequence: Sequence, value: PlainValue) -> Edit:
        """Add an item at the end of a list, quoted as the one before it is."""
        last = sequence.items[-1] if sequence.items else None
        if last is None:
            return self.put(sequence.end - 1, sequence.end - 1, self.flow(value))
        quote = quote_of(last)
        if sequence.flow:
            return self.put(last.end, last.end, f", {self.flow(value, quote)}")
        return self.insert_after(last, self.item(value, column(self.text, self.dash(last.start)), quote))

    def replace(self, node: YamlNode, value: PlainValue) -> Edit:
        """Replace a scalar, alias or one-line collection."""
        if is_block(node):
            if not isinstance(value, dict):
                return self.put(node.start, node.end, self.flow(value))
            msg = "it is written on several lines"
            raise FormatError(msg)
        quote = quote_of(node)
        if isinstance(value, str):
            # A plain scalar with brackets is not within brackets itself.
            free = isinstance(node, Scalar) and not node.style and re.search(r"[][{},]", node.text)
            return self.put(node.start, node.end, self.scalar(value, quote) if free else self.flow(value, quote))
        return self.put(node.start, node.end, self.flow(value))

    def renew(self, node: YamlNode, value: PlainValue, *, item: bool) -> Edit:
        """Replace any node; `item` is whether it is an item of a list with dashes."""
        if not isinstance(value, dict) or not item or not is_block(node):
            return self.replace(node, value)
        lines = self.item(value, column(self.text, self.dash(node.start)))
        return self.put(node.start, node.end, self.style.newline.join(lines).lstrip(" ").removeprefix("- "))


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if " " <= character <= "~" or "\xa0" <= character <= "\ud7ff" or "\ue000" <= character <= "\ufffd":
        return character
    number = ord(character)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
