"""Reads JSON into a tree whose values know their places. Broken text yields what could be read, and the faults.

Keys are looked up as Go does, since the engines are written in it: ignoring letter case, and the last of several wins.
"""

from __future__ import annotations

from collections.abc import Iterator
from json.decoder import scanstring  # type: ignore[attr-defined]  # public in all but the stubs
from typing import Any, Final, TypeAlias

from sealock.model.location import Place
from sealock.text import fold_key, format_size

_DEEPEST: Final = 100
_LONGEST: Final = 8 << 20
_MOST: Final = 300_000
"""The largest number of values: each takes far more memory than its text."""
_BLANK: Final = frozenset(" \t\r\n")
_NUMBER: Final = frozenset("+-0123456789.eE")
_LONGEST_NUMBER: Final = 100
_NOWHERE: Final = Place(0, 0)
_WORDS: Final[tuple[tuple[str, bool | None], ...]] = (("true", True), ("false", False), ("null", None))

JsonValue: TypeAlias = Any
"""None, bool, int, float, str, list or dict."""


def json_pointer(*path: str | int) -> str:
    """The JSON pointer of a path (RFC 6901)."""
    return "".join(f"/{str(key).replace('~', '~0').replace('/', '~1')}" for key in path)


class JsonNode:
    """A value (None, bool, int, float, str, list of nodes, or dict of nodes) and its place."""

    __slots__ = ("_folded", "end", "key", "parent", "start", "value")

    def __init__(self, value: JsonValue, start: int, end: int, parent: JsonNode | None, key: str | int) -> None:
        self.value = value
        self.start = start
        self.end = end
        self.parent = parent
        self.key = key
        self._folded: dict[str, JsonNode] | None = None

    @property
    def pointer(self) -> str:
        """Its JSON pointer."""
        keys: list[str | int] = []
        node: JsonNode | None = self
        while node is not None and node.parent is not None:
            keys.append(node.key)
            node = node.parent
        return json_pointer(*reversed(keys))

    @property
    def place(self) -> Place:
        """Its offsets and pointer."""
        return Place(self.start, self.end, self.pointer)

    def get(self, name: str) -> JsonNode | None:
        """The member of that name, in any letter case; the last of several."""
        if not isinstance(self.value, dict):
            return None
        if self._folded is None or len(self._folded) > len(self.value):
            self._folded = {fold_key(key): node for key, node in self.value.items()}
        return self._folded.get(fold_key(name))

    def present(self) -> set[str]:
        """The names, as `fold_key` spells them, of the members that are not null; empty for what is no object."""
        return {fold_key(key) for key, node in self.items() if node.value is not None}

    def at(self, *path: str) -> JsonNode | None:
        """The node at the end of a path of names."""
        node: JsonNode | None = self
        for name in path:
            node = node.get(name) if node is not None else None
        return node

    def items(self) -> Iterator[tuple[str, JsonNode]]:
        """The members of an object; nothing for any other value."""
        if isinstance(self.value, dict):
            yield from self.value.items()

    def elements(self) -> Iterator[JsonNode]:
        """The elements of a list; nothing for any other value."""
        if isinstance(self.value, list):
            yield from self.value

    def plain(self) -> JsonValue:
        """The value without places."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value


class PlainNode(JsonNode):
    """A value that was parsed elsewhere: it knows its pointer, and has no place."""

    __slots__ = ()

    @property
    def place(self) -> Place:
        """The start of the text."""
        return _NOWHERE


def from_plain(value: JsonValue, parent: JsonNode | None = None, key: str | int = "") -> JsonNode:
    """The tree of a value that was parsed elsewhere."""
    node = PlainNode(value, 0, 0, parent, key)
    if isinstance(value, dict):
        node.value = {name: from_plain(member, node, name) for name, member in value.items()}
    elif isinstance(value, list):
        node.value = [from_plain(element, node, index) for index, element in enumerate(value)]
    return node


class JsonError(Exception):
    """Why the text is not JSON, and where."""

    def __init__(self, message: str, place: Place) -> None:
        super().__init__(message)
        self.message = message
        self.place = place


def parse(text: str) -> tuple[JsonNode | None, list[JsonError]]:
    """Read a text; None where it has no value at all."""
    if len(text) > _LONGEST:
        return None, [JsonError(f"longer than {format_size(_LONGEST)}", Place(0, 0))]
    reader = _Reader(text)
    try:
        reader.value(reader.blank(1 if text.startswith("\ufeff") else 0), None, "", 0)
    except JsonError as fault:
        reader.faults.append(fault)
    else:
        end = reader.blank(reader.root.end) if reader.root else 0
        if end < len(text):
            reader.faults.append(JsonError("more text after the end of the JSON value", Place(end, len(text))))
    return reader.root, reader.faults


class _Reader:
    """Reads values from left to right. Objects and lists keep what was read of them even if they never end."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.root: JsonNode | None = None
        self.faults: list[JsonError] = []
        self.count = 0

    def blank(self, at: int) -> int:
        text, length = self.text, len(self.text)
        while at < length and text[at] in _BLANK:
            at += 1
        return at

    def value(self, at: int, parent: JsonNode | None, key: str | int, depth: int) -> JsonNode:
        """Read the value that starts here, and add it to its parent."""
        if at >= len(self.text):
            msg = "a value is missing at the end of the text"
            raise JsonError(msg, Place(at, at))
        if depth > _DEEPEST:
            msg = f"nested deeper than {_DEEPEST} levels"
            raise JsonError(msg, Place(at, at + 1))
        self.count += 1
        if self.count > _MOST:
            msg = f"more than {_MOST} values"
            raise JsonError(msg, Place(at, at + 1))
        node = JsonNode(None, at, len(self.text), parent, key)
        if parent is None:
            self.root = node
        elif isinstance(parent.value, list):
            parent.value.append(node)
        else:
            parent.value[key] = node
        match self.text[at]:
            case "{":
                node.value = {}
                node.end = self.members(at + 1, node, depth)
            case "[":
                node.value = []
                node.end = self.list(at + 1, node, depth)
            case '"':
                node.value, node.end = self.string(at)
            case _:
                node.value, node.end = self.scalar(at)
        return node

    def string(self, at: int) -> tuple[str, int]:
        try:
            text, end = scanstring(self.text, at + 1)
        except ValueError:
            msg = "unterminated string, or a character that is not allowed in a string"
            raise JsonError(msg, Place(at, min(at + 40, len(self.text)))) from None
        if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
            # Half a surrogate pair is not a character; like Go, we replace it.
            text = "".join("\ufffd" if "\ud800" <= character <= "\udfff" else character for character in text)
        return text, end

    def scalar(self, at: int) -> tuple[JsonValue, int]:
        for word, value in _WORDS:
            if self.text.startswith(word, at):
                return value, at + len(word)
        for word in ("NaN", "Infinity", "-Infinity"):
            if self.text.startswith(word, at):
                self.faults.append(JsonError(f"{word} is not JSON", Place(at, at + len(word))))
                return None, at + len(word)
        end = at
        while end < len(self.text) and self.text[end] in _NUMBER:
            end += 1
        try:
            digits = self.text[at:end]
            if not digits or digits[0] == "+" or end - at > _LONGEST_NUMBER:
                raise ValueError  # noqa: TRY301  one message for every fault
            return (float(digits) if set(digits) & set(".eE") else int(digits)), end
        except ValueError:
            msg = "invalid value"
            raise JsonError(msg, Place(at, max(end, at + 1))) from None

    def members(self, at: int, node: JsonNode, depth: int) -> int:
        at = self.blank(at)
        if self.text.startswith("}", at):
            return at + 1
        while True:
            if not self.text.startswith('"', at):
                msg = "expected a name in double quotes"
                raise JsonError(msg, Place(at, min(at + 1, len(self.text))))
            start = at
            key, at = self.string(at)
            if key in node.value:
                short = key if len(key) <= 60 else f"{key[:57]}…"
                self.faults.append(JsonError(f'duplicate name "{short}"; the last one counts', Place(start, at)))
            at = self.blank(at)
            if not self.text.startswith(":", at):
                msg = "expected a colon"
                raise JsonError(msg, Place(at, min(at + 1, len(self.text))))
            at = self.blank(self.value(self.blank(at + 1), node, key, depth + 1).end)
            if self.text.startswith("}", at):
                return at + 1
            at = self.comma(at)

    def list(self, at: int, node: JsonNode, depth: int) -> int:
        at = self.blank(at)
        if self.text.startswith("]", at):
            return at + 1
        while True:
            at = self.blank(self.value(at, node, len(node.value), depth + 1).end)
            if self.text.startswith("]", at):
                return at + 1
            at = self.comma(at)

    def comma(self, at: int) -> int:
        if not self.text.startswith(",", at):
            msg = "expected a comma, or the end of the object or list"
            raise JsonError(msg, Place(at, min(at + 1, len(self.text))))
        return self.blank(at + 1)
