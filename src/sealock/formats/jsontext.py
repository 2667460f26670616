"""JSON with comments (JSONC) as a tree with places: that of `yamltree`, since JSON is YAML once comments are blank."""

from __future__ import annotations

import json
import re
from typing import Final

from sealock.formats import yamltree
from sealock.formats.kubernetes.manifest import parse as parse_manifest
from sealock.formats.yamledit import PlainValue, Writer
from sealock.formats.yamltree import Mapping, YamlTree
from sealock.model.change import Edit
from sealock.model.location import Place
from sealock.patterns import compile_lazily

_TOKEN: Final = compile_lazily(r'"(?:[^"\\\n]|\\.)*"?|//[^\n]*|/\*[\s\S]*?(?:\*/|\Z)')
_TAB: Final = compile_lazily(rf"{_TOKEN.pattern}|\t")
_NAMES: Final = (".json", ".jsonc", ".json5", ".code-workspace")


def is_json_name(name: str) -> bool:
    """Whether a file of this name is JSON, perhaps with comments."""
    return name.lower().endswith(_NAMES)


def comments(text: str) -> tuple[Place, ...]:
    """Find the comments of JSON: `//` and `/* */` outside of strings."""
    return tuple(Place(*match.span()) for match in _TOKEN.finditer(text) if match[0][0] == "/")


def without_comments(text: str) -> str:
    """The text with blanks in the place of its comments, so that every offset stays."""
    return _TOKEN.sub(lambda match: re.sub(r"[^\n]", " ", match[0]) if match[0][0] == "/" else match[0], text)


def parse(text: str) -> YamlTree:
    """Parse JSON with comments. Never raises, and takes time in proportion to the text."""
    if len(text) > yamltree.LONGEST:
        return yamltree.parse(text)
    # YAML allows no tabs before a token.
    return parse_manifest(_TAB.sub(lambda match: " " if match[0] == "\t" else match[0], without_comments(text)))


class JsonWriter(Writer):
    """Writes JSON into JSON."""

    def scalar(self, value: PlainValue, quote: str = "") -> str:
        """Write a scalar."""
        del quote
        return json.dumps(value, ensure_ascii=False)

    def flow(self, value: PlainValue, quote: str = "") -> str:
        """Write a value on one line."""
        return self.scalar(value, quote)

    def add(self, mapping: Mapping, key: str, value: PlainValue) -> Edit:
        """Add an entry at the end of an object, on a line of its own if the last one is."""
        written = f"{self.scalar(key)}: {self.flow(value)}"
        if not mapping.entries:
            return self.put(mapping.start + 1, mapping.end - 1, written)
        name, last = mapping.entries[-1]
        before = self.text[self.text.rfind("\n", 0, name.start) + 1 : name.start]
        gap = " " if before.strip() else self.style.newline + before
        return self.put(last.end, last.end, f",{gap}{written}")

    def drop(self, mapping: Mapping, key: str) -> Edit:
        """Remove an entry of an object, with its line if it has one of its own."""
        names = [name.text if isinstance(name, yamltree.Scalar) else None for name, _ in mapping.entries]
        index = names.index(key)
        spans = [(name.start, value.end) for name, value in mapping.entries]
        if index + 1 < len(spans):
            start, end = spans[index][0], spans[index + 1][0]
            if comments(self.text[spans[index][1] : end]):
                comma = without_comments(self.text[spans[index][1] : end]).index(",") + spans[index][1]
                end = comma + 1 + len(self.text[comma + 1 :]) - len(self.text[comma + 1 :].lstrip(" \t"))
            return self.put(start, end, "")
        if index:
            # The comma before it goes; comments between stay.
            start, stop = spans[index - 1][1], spans[index][1]
            between = self.text[start : spans[index][0]]
            comma = without_comments(between).index(",")
            kept = between[:comma] + between[comma + 1 :]
            return self.put(start, stop, kept.rstrip() if comments(between) else "")
        return self.put(mapping.start + 1, mapping.end - 1, "")


def writer_of(text: str, root: yamltree.YamlNode | None, *, is_json: bool) -> Writer:
    """What writes values into a text."""
    return JsonWriter(text, root) if is_json else Writer(text, root)
