"""A service's own text: its nodes, and the edits that change single entries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from sealock.errors import FormatError
from sealock.formats import yamltree
from sealock.formats.compose.fields import Keys, WrittenValue
from sealock.formats.compose.reader import ComposeDocument
from sealock.formats.compose.tree import ComposeValue
from sealock.formats.yamledit import Writer
from sealock.formats.yamltree import Alias, Mapping, Scalar, Sequence, YamlNode, YamlTree
from sealock.model.change import Edit
from sealock.model.document import Subject
from sealock.model.location import Place
from sealock.text import read_number


class OwnText:
    """The part of the document's text that belongs to the service."""

    def __init__(self, document: ComposeDocument, subject: Subject) -> None:
        self.document = document
        self.subject = subject
        self.name = subject.name.removeprefix("service ")
        text = document.source.text
        tree, self.shared = _parsed(text)
        self.root = next((document for document in reversed(tree.documents) if _service(document, self.name)), None)
        service = _service(self.root, self.name)
        if service is None:
            msg = "the service is not written in this file"
            raise FormatError(msg)
        self.service = service
        self.writer = Writer(text, self.root)

    # Reading

    def own(self, path: Iterable[str]) -> YamlNode | None:
        """The node at these keys in the service's own text."""
        node: YamlNode | None = self.service
        for key in path:
            node = node.get(key) if isinstance(node, Mapping) else None
        return node

    def effective(self, path: Iterable[str]) -> ComposeValue | None:
        """The effective value at these keys, wherever it is written."""
        service = self.document.services.get(self.name)
        return service.at(*path) if service else None

    def untouchable(self, node: YamlNode | None) -> str:
        """Why a node's text must not be replaced, "" where it may be."""
        if isinstance(node, Scalar) and interpolated(node.text):
            return f"it is set by {node.text}"
        if id(node) in self.shared:
            return "its text is shared through an anchor"
        return ""

    def guard(self, node: YamlNode | None) -> None:
        """Refuse to replace a node with variables or a shared text."""
        if reason := self.untouchable(node):
            raise FormatError(reason)

    def place(self, index: int, field: str) -> Place:
        """The place of an element."""
        return self.subject.where.get((field, index), Place())

    # Changing

    def put(self, path: Keys, value: WrittenValue) -> Edit:
        """Write a value at these keys, with the mappings around it."""
        mapping = self.service
        for depth, key in enumerate(path[:-1]):
            node = mapping.get(key)
            if not isinstance(node, Mapping):
                self.guard(node)
                for inner in reversed(path[depth + 1 :]):
                    value = {inner: value}
                return self.writer.set(mapping, key, value)
            if id(node) in self.shared:
                self.guard(node)
            mapping = node
        return self.writer.set(mapping, path[-1], value)

    def drop(self, path: Keys) -> Edit:
        """Remove the entry at these keys, and the mappings that would be left empty."""
        chain: list[Mapping] = [self.service]
        for key in path[:-1]:
            node = chain[-1].get(key)
            if isinstance(node, Mapping):
                chain.append(node)
        depth = len(path) - 1
        while depth and len(chain[depth].entries) == 1:
            depth -= 1
        if len(chain[depth].entries) == 1:
            msg = "the service would be empty"
            raise FormatError(msg)
        return self.writer.drop(chain[depth], path[depth])

    def update(self, node: Mapping, before: dict[str, WrittenValue], after: dict[str, WrittenValue]) -> list[Edit]:
        """Change only the entries of a mapping that differ."""
        edits: list[Edit] = []
        for key, value in after.items():
            if before.get(key) == value:
                continue
            entry = node.get(key)
            old = before.get(key)
            if isinstance(entry, Mapping) and isinstance(value, dict) and isinstance(old, dict):
                edits += self.update(entry, old, value)
            else:
                self.guard(entry)
                edits.append(self.writer.set(node, key, value))
        for key in before.keys() - after.keys():
            if (entry := node.get(key)) is not None:
                self.guard(entry)
                edits.append(self.writer.drop(node, key))
        return edits

    def item(self, field: str, index: int) -> tuple[str, YamlNode, int | None]:
        """The key, node and index of an element's item in the service's own text."""
        place = self.place(index, field)
        steps = place.pointer.split("/")
        key = steps[3] if len(steps) > 3 else ""
        node = self.own((key,))
        if not place.file and isinstance(node, Sequence):
            for number, item in enumerate(node.items):
                if item.start == place.start:
                    return key, item, number
        if not place.file and isinstance(node, Scalar) and len(steps) == 4 and node.end == place.end:
            return key, node, None
        deep: YamlNode | None = node
        for step in steps[4:]:
            if isinstance(deep, Mapping):
                deep = deep.get(step)
            else:
                # What comes from another service may have an index that this one's list does not have.
                items = deep.items if isinstance(deep, Sequence) else ()
                position = read_number(step)
                deep = items[position] if position is not None and position < len(items) else None
        if not place.file and isinstance(deep, Mapping) and deep is not node and deep.end == place.end:
            return key, deep, None
        msg = "one of its elements is not written in the service itself"
        raise FormatError(msg)

    def refuse_variables(self, path: Keys) -> None:
        """Refuse to rewrite a value that depends on variables."""
        top = self.own(path)
        if top is not None and any(isinstance(node, Scalar) and interpolated(node.text) for node in _nodes(top)):
            msg = "a part of it is set by variables"
            raise FormatError(msg)

    # Networks and volumes

    def declare(self, named: Iterable[tuple[str, str]]) -> list[Edit]:
        """Declare the networks and volumes that the project does not declare yet."""
        missing: dict[str, dict[str, None]] = {}
        for kind, name in named:
            if name not in self.document.declared.get(kind, ()):
                missing.setdefault(kind, {})[name] = None
        if not isinstance(self.root, Mapping):
            return []
        edits: list[Edit] = []
        for kind, names in missing.items():
            section = self.root.get(kind)
            if isinstance(section, Mapping) and section.entries:
                edits += [self.writer.add(section, name, None) for name in names]
            else:
                edits.append(self.writer.set(self.root, kind, dict(names)))
        return edits


@lru_cache(maxsize=1)
def _parsed(text: str) -> tuple[YamlTree, frozenset[int]]:
    """A text's tree, and the ids of the nodes that aliases share; kept for the next service of the same text."""
    tree = yamltree.parse(text)
    return tree, frozenset(id(node) for document in tree.documents for node in _aliased(document))


def target_text(node: YamlNode) -> str:
    """The text of a scalar or of an alias's scalar, "" for other nodes."""
    target = yamltree.target(node)
    return target.text if isinstance(target, Scalar) else ""


def escape_dollars(value: WrittenValue) -> WrittenValue:
    """Double each dollar sign of a value, since a single one starts a variable."""
    match value:
        case str():
            return value.replace("$", "$$")
        case list():
            return [escape_dollars(item) for item in value]
        case dict():
            return {key: escape_dollars(entry) for key, entry in value.items()}
        case _:
            return value


def interpolated(text: str) -> bool:
    """Whether a text contains variables."""
    return "$" in text.replace("$$", "")


def _service(root: YamlNode | None, name: str) -> Mapping | None:
    services = root.get("services") if isinstance(root, Mapping) else None
    service = services.get(name) if isinstance(services, Mapping) else None
    return service if isinstance(service, Mapping) else None


def _nodes(node: YamlNode) -> Iterator[YamlNode]:
    pending = [node]
    while pending:
        current = pending.pop()
        yield current
        match current:
            case Sequence():
                pending += current.items
            case Mapping():
                pending += (part for entry in current.entries for part in entry)
            case _:
                pass


def _aliased(node: YamlNode) -> Iterator[YamlNode]:
    """The targets of aliases, and all nodes in them."""
    for inner in _nodes(node):
        if isinstance(inner, Alias):
            yield from _nodes(inner.target)
