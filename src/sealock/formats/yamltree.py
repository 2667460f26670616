"""YAML as a tree of nodes that know their places, within bounds that hostile text cannot exceed.

libyaml parses the text into events (PyYAML's own parser where libyaml is missing); scalars are resolved as Docker
Compose's parser (go-yaml v3) resolves them: `yes` and `on` are strings, `0o17` and `017` are octal, 22:22 is a string.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec import Struct

from sealock.model.location import Place
from sealock.modules import LazyModule
from sealock.patterns import compile_lazily

if TYPE_CHECKING:
    import yaml
else:
    # It costs a start 20 ms, and run lines and Dockerfiles need their tree of nodes only for arrays in scripts.
    yaml = LazyModule("yaml")

LONGEST: Final = 16 * 1024 * 1024
"""Code points of a text; a longer one is not read."""
DEEPEST: Final = 100
"""Levels of nesting, through aliases too."""
LARGEST: Final = 100_000
"""Nodes, each alias counted as all nodes of its target."""

DUPLICATE_KEY: Final = "duplicate key"
"""What the faults of keys that a mapping has twice begin with."""

Plain: TypeAlias = str | int | float | bool | None


class Scalar(Struct, frozen=True):
    """A scalar: its text without quotes and escapes, and its style ("" for plain, ' " | >)."""

    text: str
    start: int
    end: int
    style: str = ""
    tag: str | None = None
    anchor: str | None = None

    @property
    def value(self) -> Plain:
        """The value: a string, number, boolean or null."""
        return resolve(self.text, self.style, self.tag)


class Alias(Struct, frozen=True):
    """`*name`: a reference to the node with that anchor."""

    target: Scalar | Sequence | Mapping
    start: int
    end: int


class Sequence(Struct, frozen=True):
    """A sequence: `flow` for [a, b], not for lines with dashes; `end` is that of its last item, or of the bracket."""

    items: tuple[YamlNode, ...]
    start: int
    end: int
    flow: bool = False
    tag: str | None = None
    anchor: str | None = None


class Mapping(Struct, frozen=True):
    """A mapping, its entries in order as (key, value)."""

    entries: tuple[tuple[YamlNode, YamlNode], ...]
    start: int
    end: int
    flow: bool = False
    tag: str | None = None
    anchor: str | None = None

    def entry(self, key: str) -> tuple[YamlNode, YamlNode] | None:
        """The last entry of this key."""
        return next(
            (entry for entry in reversed(self.entries) if isinstance(entry[0], Scalar) and entry[0].text == key), None
        )

    def get(self, key: str) -> YamlNode | None:
        """The value of this key, which may be an alias."""
        entry = self.entry(key)
        return entry[1] if entry else None


YamlNode: TypeAlias = Scalar | Sequence | Mapping | Alias


class YamlFault(Struct, frozen=True):
    """A syntax error and its place."""

    message: str
    start: int = 0
    end: int = 0


class YamlTree(Struct, frozen=True):
    """The documents of a text (an empty one is an empty scalar); with a flaw, what precedes it."""

    documents: tuple[YamlNode, ...]
    flaws: tuple[YamlFault, ...] = ()


def target(node: YamlNode) -> Scalar | Sequence | Mapping:
    """Return the node itself, or the target of an alias."""
    return node.target if isinstance(node, Alias) else node


def has_mapping_as_key(tree: YamlTree) -> bool:
    """Whether a key is no scalar, which YAML allows and hardly any reader takes."""
    pending = [*tree.documents]
    while pending:
        node = pending.pop()
        if isinstance(node, Sequence):
            pending += node.items
        elif isinstance(node, Mapping):
            if any(isinstance(key, Mapping) for key, _ in node.entries):
                return True
            pending += (value for _, value in node.entries)
    return False


def parse(text: str) -> YamlTree:
    """Parse a text. Never raises, and takes time and memory in proportion to the text's length."""
    if len(text) > LONGEST:
        return YamlTree((), (YamlFault(f"the text is longer than {LONGEST >> 20} million characters"),))
    builder = _Builder(text)
    loader: type[yaml.SafeLoader | yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        for event in yaml.parse(text.removeprefix("\ufeff"), Loader=loader):
            if not builder.take(event):
                break
    except yaml.reader.ReaderError as error:
        at = _first_unreadable(text)
        builder.flaw(f"character U+{ord(text[at]):04X} is not allowed in YAML: {error.reason}", at, at + 1)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = builder.shift + mark.index if mark else 0
        words = " ".join(part for part in (error.context, error.problem) if part)
        builder.flaw(f"this is not valid YAML: {words}", at, at)
    except (yaml.YAMLError, RecursionError, ValueError):
        builder.flaw("this is not valid YAML", 0, 0)
    return builder.finish()


def _first_unreadable(text: str) -> int:
    match = re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]", text)
    return match.start() if match else 0


def scalars(tree: YamlTree) -> list[Scalar]:
    """Every scalar once, keys too, in the order of the text."""
    found: dict[int, Scalar] = {}
    pending: list[YamlNode] = list(tree.documents)
    while pending:
        node = pending.pop()
        if isinstance(node, Scalar):
            found[node.start] = node
        elif isinstance(node, Sequence):
            pending += node.items
        elif isinstance(node, Mapping):
            pending += (part for entry in node.entries for part in entry)
    return [found[start] for start in sorted(found)]


def comments(text: str) -> tuple[Place, ...]:
    """Find the comments of a text, in order: each `#` after a blank that is not in a scalar.

    In a text that is not valid, only those before the last part that is.
    """
    if len(text) > LONGEST:
        return ()
    shift = 1 if text.startswith("\ufeff") else 0
    loader: type[yaml.SafeLoader | yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    places: list[Place] = []
    at = shift
    try:
        for event in yaml.parse(text[shift:], Loader=loader):
            if not event.start_mark or not event.end_mark:
                continue
            start, end = shift + event.start_mark.index, shift + event.end_mark.index
            if isinstance(event, yaml.ScalarEvent) and event.style and event.style in "|>":
                start = text.find("\n", start, end)  # a comment may follow the indicator
                start = end if start < 0 else start
            places += _comments_between(text, at, start)
            at = max(at, end if isinstance(event, yaml.ScalarEvent) else start)
    except (yaml.YAMLError, RecursionError, ValueError):
        return tuple(places)
    return (*places, *_comments_between(text, at, len(text)))


_COMMENT: Final = compile_lazily(r"(?<![^ \t\r\n\ufeff])#[^\r\n]*")


def _comments_between(text: str, start: int, end: int) -> Iterator[Place]:
    """The comments in a range of the text without scalars."""
    for match in _COMMENT.finditer(text, start, end):
        yield Place(match.start(), match.end())


class _Frame:
    """A collection that is still open."""

    __slots__ = ("deepest", "event", "nodes", "size", "start")

    def __init__(self, event: yaml.CollectionStartEvent, start: int) -> None:
        self.event = event
        self.start = start
        self.nodes: list[YamlNode] = []
        self.size = 1
        self.deepest = 0


class _Builder:
    """Builds nodes from events, without recursion."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.shift = 1 if text.startswith("\ufeff") else 0
        self.stack: list[_Frame] = []
        self.documents: list[YamlNode] = []
        self.flaws: list[YamlFault] = []
        self.anchors: dict[str, tuple[Scalar | Sequence | Mapping, int, int]] = {}
        self.open_anchors: dict[str, int] = {}
        self.nodes = 0

    def flaw(self, message: str, start: int, end: int) -> None:
        self.flaws.append(YamlFault(message, start, end))

    def take(self, event: yaml.Event) -> bool:
        """Take one event; False to stop reading."""
        first, last = event.start_mark, event.end_mark
        start, end = self.shift + (first.index if first else 0), self.shift + (last.index if last else 0)
        if isinstance(event, yaml.ScalarEvent):
            style = event.style or ""
            if style in {"|", ">"}:
                end = _trimmed(self.text, start, end)
            node = Scalar(event.value, start, end, style, event.tag, event.anchor)
            return self.add(node, 1, 0)
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event.anchor or "", start, end)
        if isinstance(event, yaml.CollectionStartEvent):
            if len(self.stack) >= DEEPEST:
                self.flaw(f"the text is nested more than {DEEPEST} levels deep", start, end)
                return False
            if event.anchor:
                self.open_anchors[event.anchor] = self.open_anchors.get(event.anchor, 0) + 1
            self.stack.append(_Frame(event, start))
        elif isinstance(event, yaml.CollectionEndEvent):
            return self.close(end)
        elif isinstance(event, yaml.DocumentEndEvent):
            self.anchors.clear()
        return True

    def alias(self, name: str, start: int, end: int) -> bool:
        if name in self.open_anchors:
            self.flaw(f"the alias *{name} is inside of its own anchor", start, end)
            return self.add(Scalar("", start, end, "", None), 1, 0)
        anchored = self.anchors.get(name)
        if anchored is None:
            self.flaw(f"the alias *{name} has no anchor", start, end)
            return self.add(Scalar("", start, end, "", None), 1, 0)
        node, size, depth = anchored
        return self.add(Alias(node, start, end), size, depth)

    def close(self, end: int | None) -> bool:
        """Close the innermost collection; `end` None where the text broke off."""
        frame = self.stack.pop()
        event, nodes = frame.event, frame.nodes
        flow = bool(event.flow_style)
        last = end if flow and end is not None else nodes[-1].end if nodes else frame.start
        anchor, tag = event.anchor, event.tag
        node: Sequence | Mapping
        if isinstance(event, yaml.SequenceStartEvent):
            node = Sequence(tuple(nodes), frame.start, last, flow, tag, anchor)
        else:
            if len(nodes) % 2:
                nodes.append(Scalar("", last, last))
            node = Mapping(tuple(zip(nodes[::2], nodes[1::2], strict=True)), frame.start, last, flow, tag, anchor)
            self.check_duplicates(node)
        if anchor:
            self.open_anchors[anchor] -= 1
            if not self.open_anchors[anchor]:
                del self.open_anchors[anchor]
        return self.add(node, frame.size, frame.deepest + 1)

    def check_duplicates(self, node: Mapping) -> None:
        texts: set[str] = set()
        for key, _ in node.entries:
            if isinstance(key, Scalar) and key.text != "<<":
                if key.text in texts:
                    self.flaw(f'{DUPLICATE_KEY} "{key.text}"', key.start, key.end)
                texts.add(key.text)

    def add(self, node: YamlNode, size: int, depth: int) -> bool:
        if not isinstance(node, Alias) and node.anchor:
            self.anchors[node.anchor] = (node, size, depth)
        self.nodes += isinstance(node, Scalar | Alias)
        if self.stack:
            frame = self.stack[-1]
            frame.nodes.append(node)
            frame.size += size
            frame.deepest = max(frame.deepest, depth)
            size = frame.size
            depth += len(self.stack)
        if size > LARGEST or self.nodes > LARGEST:
            self.flaw(f"the text has more than {LARGEST} nodes, aliases counted", node.start, node.end)
        elif depth > DEEPEST:
            self.flaw(f"the text is nested more than {DEEPEST} levels deep, aliases counted", node.start, node.end)
        else:
            if not self.stack:
                self.documents.append(node)
            return True
        # The tree may be a bomb, so it must not be walked.
        self.stack.clear()
        return False

    def finish(self) -> YamlTree:
        while self.stack:
            self.close(None)
        return YamlTree(tuple(self.documents), tuple(self.flaws))


def _trimmed(text: str, start: int, end: int) -> int:
    while end > start and text[end - 1] in " \n\r\t":
        end -= 1
    return end


_WORDS: Final[dict[str, Plain]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}


def resolve(text: str, style: str = "", tag: str | None = None) -> Plain:
    """Return the value of a scalar as go-yaml v3 resolves it."""
    if tag == "tag:yaml.org,2002:str" or (style and not (tag or "").startswith("tag:yaml.org,2002:")):
        return text
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in "0123456789+-." and len(text) <= 400:
        number = _number(text.replace("_", ""))
        if number is not None:
            return number
    return text


def _number(text: str) -> int | float | None:
    """Parse a number without underscores; a leading 0 means octal, as in Go's ParseInt with base 0."""
    digits = text.lstrip("+-")
    if not digits or not digits.isascii() or len(text) - len(digits) > 1 or " " in text:
        return None
    try:
        if digits[:2].lower() in {"0x", "0o", "0b"}:
            number = int(digits, 0)
        elif digits.isdigit() and digits[0] != "0":
            number = int(digits)
        elif digits.isdigit() and not set(digits) & {"8", "9"}:
            number = int(digits, 8)
        else:
            return float(text) if not set(digits.lower()) - set("0123456789.e+-") else None
    except ValueError:
        return None
    return -number if text[0] == "-" else number
