"""Changes single entries and items of a YAML text, in the style that the text already has.

Each function returns an edit and raises FormatError where the text is laid out so that it cannot be changed in place.
What is written are bare values: scalars, lists and dicts of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final, TypeAlias

from msgspec import Struct

from sealock.errors import FormatError
from sealock.formats.yamltree import Alias, Mapping, Scalar, Sequence, YamlNode, resolve
from sealock.model.change import Edit
from sealock.model.location import Place

PlainValue: TypeAlias = Any
_PLAIN: Final = re.compile(r"[A-Za-z0-9_./~+=$(*-][A-Za-z0-9_./~+=$@:(){}<>^*%!?;\\| -]*")
_LIKE_NUMBERS: Final = re.compile(r"[0-9:.]+|[0-9]+-[0-9]+(:.*)?")
_OLD_WORDS: Final = frozenset({"y", "n", "yes", "no", "on", "off"})
"""Truth values of YAML 1.1, which other programs still read so."""


class Style(Struct, frozen=True):
    """How a text is laid out: columns per level, columns of a dash past its key, the quote that strings have."""

    step: int = 2
    dash: int = 2
    quote: str = '"'
    newline: str = "\n"


def style_of(text: str, root: YamlNode | None) -> Style:
    """Tell the style of a text by what stands in it first."""
    step = dash = 0
    waiting = [root] if isinstance(root, Mapping) else []
    for _ in range(200):
        if not waiting or (step and dash):
            break
        mapping = waiting.pop(0)
        for key, value in mapping.entries:
            if isinstance(value, Mapping | Sequence) and not value.flow and key.start >= 0:
                first = value.entries[0][0] if isinstance(value, Mapping) and value.entries else value
                distance = column(text, first.start) - column(text, key.start)
                if isinstance(value, Sequence):
                    dash = dash or distance + 1
                elif not value.anchor or value.entries:
                    step = step or distance
            if isinstance(value, Mapping):
                waiting.append(value)
    step = step if step > 0 else 2
    single, double = text.count("'"), text.count('"')
    newline = "\r\n" if "\r\n" in text else "\n"
    return Style(step, dash - 1 if dash else step, "'" if single > double else '"', newline)


def column(text: str, offset: int) -> int:
    """Columns from the start of the line, from 0."""
    return offset - (text.rfind("\n", 0, offset) + 1)


class Writer:
    """Writes edits of one text."""

    def __init__(self, text: str, root: YamlNode | None) -> None:
        self.text = text
        self.style = style_of(text, root)

    # Values

    def scalar(self, value: PlainValue, quote: str = "") -> str:
        """Write a scalar; a string is quoted where it must be, or where `quote` asks for it."""
        if value is None:
            return "null" if quote else ""
        if isinstance(value, bool):
            return "true" if value else "false"
        if not isinstance(value, str):
            return repr(value)
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
        return '"' + "".join(_escaped(one) for one in value) + '"'

    def flow(self, value: PlainValue, quote: str = "") -> str:
        """Write a value on one line."""
        if isinstance(value, dict):
            pairs = (f"{self.scalar(key)}: {self.flow(one, quote)}".rstrip() for key, one in value.items())
            return "{" + ", ".join(pairs) + "}"
        if isinstance(value, list):
            return "[" + ", ".join(self.flow(one, quote) for one in value) + "]"
        written = self.scalar(value, quote)
        needs_quotes = isinstance(value, str) and written == value and re.search(r"[][{},]", value)
        return self.scalar(value, self.style.quote) if needs_quotes else written

    def line(self, value: PlainValue, quote: str = "") -> str:
        """Write a value on one line that is not within brackets."""
        return self.flow(value, quote) if isinstance(value, dict | list) else self.scalar(value, quote)

    def block(self, key: str, value: PlainValue, indent: int, quote: str = "") -> list[str]:
        """Write an entry as lines, the first without its indentation."""
        name = self.scalar(key)
        if isinstance(value, dict) and value:
            lines = [f"{name}:"]
            inner = indent + self.style.step
            for one, held in value.items():
                first, *rest = self.block(one, held, inner, quote)
                lines += [" " * inner + first, *rest]
            return lines
        if isinstance(value, list) and value:
            lines = [f"{name}:"]
            for one in value:
                lines += self.item(one, indent + self.style.dash, quote)
            return lines
        return [f"{name}: {self.line(value, quote)}".rstrip()]

    def item(self, value: PlainValue, indent: int, quote: str = "") -> list[str]:
        """Write an item of a list as lines, all with their indentation."""
        if isinstance(value, dict) and value:
            lines: list[str] = []
            for one, held in value.items():
                first, *rest = self.block(one, held, indent + 2, quote)
                lines += [" " * (indent if not lines else indent + 2) + ("" if lines else "- ") + first, *rest]
            return lines
        return [" " * indent + "- " + self.line(value, quote)]

    # Edits

    def put(self, start: int, end: int, text: str) -> Edit:
        """Put a text where another stands."""
        return Edit(Place(start, end), text)

    def set(self, mapping: Mapping, key: str, value: PlainValue) -> Edit:
        """Give an entry of a mapping this value, or add the entry."""
        found = mapping.entry(key)
        if found is None:
            return self.add(mapping, key, value)
        at, held = found
        simple = (
            not isinstance(value, dict | list) or (isinstance(held, Mapping | Sequence) and held.flow) or mapping.flow
        )
        if simple and (isinstance(held, Scalar | Alias) or held.flow):
            quote = held.style if isinstance(held, Scalar) and held.style in {"'", '"'} else ""
            written = self.flow(value, quote if isinstance(value, str) else "")
            return self.put(held.start, held.end, written if held.end > held.start else f" {written}")
        lines = self.block(key, value, column(self.text, at.start))
        return self.put(at.start, held.end, self.style.newline.join(lines))

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
        """Put lines behind the line on which a node ends."""
        end = self.line_end(node.end)
        return self.put(end, end, "".join(self.style.newline + line for line in lines))

    def line_end(self, offset: int) -> int:
        """The end of a line, before its line break."""
        end = self.text.find("\n", offset)
        end = len(self.text) if end < 0 else end
        return end - 1 if end > offset and self.text[end - 1] == "\r" else end

    def drop(self, mapping: Mapping, key: str) -> Edit:
        """Take an entry out of a mapping, with its lines."""
        index = next(
            (at for at, (one, _) in enumerate(mapping.entries) if isinstance(one, Scalar) and one.text == key), None
        )
        if index is None:
            msg = f"there is no key {key!r}"
            raise FormatError(msg)
        at, held = mapping.entries[index]
        spans = [(one.start, value.end) for one, value in mapping.entries]
        return self.cut(spans, index, (at.start, held.end), flow=mapping.flow, inside=mapping)

    def remove(self, sequence: Sequence, index: int) -> Edit:
        """Take an item out of a list, with its lines."""
        spans = [(item.start, item.end) for item in sequence.items]
        if not sequence.flow:
            spans = [(self.dash(start), end) for start, end in spans]
        return self.cut(spans, index, spans[index], flow=sequence.flow, inside=sequence)

    def cut(
        self, spans: list[tuple[int, int]], index: int, span: tuple[int, int], *, flow: bool, inside: YamlNode
    ) -> Edit:
        """Cut one of several spans out of what they stand in."""
        start, end = span
        if flow:
            if index + 1 < len(spans):
                return self.put(start, spans[index + 1][0], "")
            return self.put(spans[index - 1][1] if index else start, end, "")
        line = self.text.rfind("\n", 0, start) + 1
        if self.text[line:start].strip(" "):
            if index + 1 < len(spans):
                return self.put(start, spans[index + 1][0], "")
            msg = "it shares its line with something else"
            raise FormatError(msg)
        stop = self.text.find("\n", max(end, start))
        if stop < 0:
            # The last line has no line break of its own: the one before it goes.
            return self.put(max(line - len(self.style.newline), inside.start), len(self.text), "")
        return self.put(line, stop + 1, "")

    def dash(self, offset: int) -> int:
        """The dash of an item that starts at this offset."""
        at = len(self.text[:offset].rstrip(" \r\n")) - 1
        if self.text[at : at + 1] != "-":
            msg = "the dash of the item is not where it is looked for"
            raise FormatError(msg)
        return at

    def append(self, sequence: Sequence, value: PlainValue) -> Edit:
        """Add an item at the end of a list, quoted as the one before it is."""
        last = sequence.items[-1] if sequence.items else None
        quote = last.style if isinstance(last, Scalar) and last.style in {"'", '"'} else ""
        if sequence.flow or last is None:
            if last is None:
                return self.put(sequence.end - 1, sequence.end - 1, self.flow(value))
            return self.put(last.end, last.end, f", {self.flow(value, quote)}")
        return self.insert_after(last, self.item(value, column(self.text, self.dash(last.start)), quote))

    def replace(self, node: YamlNode, value: PlainValue) -> Edit:
        """Put another value where a scalar, alias or one-line collection stands."""
        if isinstance(node, Mapping | Sequence) and not node.flow:
            if not isinstance(value, dict):
                return self.put(node.start, node.end, self.flow(value))
            msg = "it is written over several lines"
            raise FormatError(msg)
        quote = node.style if isinstance(node, Scalar) and node.style in {"'", '"'} else ""
        if isinstance(value, str):
            # A plain text that holds brackets cannot stand within brackets itself.
            free = isinstance(node, Scalar) and not node.style and re.search(r"[][{},]", node.text)
            return self.put(node.start, node.end, self.scalar(value, quote) if free else self.flow(value, quote))
        return self.put(node.start, node.end, self.flow(value))

    def renew(self, node: YamlNode, value: PlainValue, *, item: bool) -> Edit:
        """Put another value where any node stands, `item` telling that it is one of a list's lines with dashes."""
        block = isinstance(node, Mapping | Sequence) and not node.flow
        if not isinstance(value, dict) or not item or not block:
            return self.replace(node, value)
        lines = self.item(value, column(self.text, self.dash(node.start)))
        return self.put(node.start, node.end, self.style.newline.join(lines).lstrip(" ").removeprefix("- "))


def _escaped(one: str) -> str:
    if one in {'"', "\\"}:
        return f"\\{one}"
    if one == "\n":
        return "\\n"
    if one == "\t":
        return "\\t"
    if " " <= one <= "~" or "\xa0" <= one <= "\ud7ff" or "\ue000" <= one <= "\ufffd":
        return one
    number = ord(one)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
