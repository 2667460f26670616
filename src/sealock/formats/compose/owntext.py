"""A service's own text: what stands in it, and the edits that change single entries of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sealock.errors import FormatError
from sealock.formats import yamltree
from sealock.formats.compose.fields import Keys, WrittenValue
from sealock.formats.compose.reader import ComposeDocument
from sealock.formats.compose.tree import ComposeValue
from sealock.formats.yamledit import Writer
from sealock.formats.yamltree import Alias, Mapping, Scalar, Sequence, YamlNode
from sealock.model.change import Edit
from sealock.model.container import Mount, Network
from sealock.model.document import Subject
from sealock.model.location import Place


class OwnText:
    """The part of the document that is the service's own, and what is known of it."""

    def __init__(self, document: ComposeDocument, subject: Subject) -> None:
        self.document = document
        self.subject = subject
        self.name = subject.name.removeprefix("service ")
        text = document.source.text
        tree = yamltree.parse(text)
        self.root = next((document for document in reversed(tree.documents) if _service(document, self.name)), None)
        service = _service(self.root, self.name)
        if service is None:
            msg = "the service is written elsewhere"
            raise FormatError(msg)
        self.service = service
        self.writer = Writer(text, self.root)
        self.shared = {id(node) for document in tree.documents if document for node in _aliased(document)}

    # Looking

    def own(self, path: Iterable[str]) -> YamlNode | None:
        """What the service's own text holds at these keys."""
        here: YamlNode | None = self.service
        for key in path:
            here = here.get(key) if isinstance(here, Mapping) else None
        return here

    def effective(self, path: Iterable[str]) -> ComposeValue | None:
        """What holds at these keys in the end, wherever it is written."""
        service = self.document.services.get(self.name)
        return service.at(*path) if service else None

    def untouchable(self, node: YamlNode | None) -> str:
        """Why a node's text is not to be replaced; "" where it may be."""
        if isinstance(node, Scalar) and interpolated(node.text):
            return f"it is set by {node.text}"
        if id(node) in self.shared:
            return "its text is shared through an anchor"
        return ""

    def guard(self, node: YamlNode | None) -> None:
        """Refuse where a node is not to be replaced."""
        if reason := self.untouchable(node):
            raise FormatError(reason)

    def place(self, index: int, field: str) -> Place:
        """Where an element stands."""
        return self.subject.where.get((field, index), Place())

    # Changing

    def put(self, path: Keys, bare: WrittenValue) -> Edit:
        """Write a value at these keys, with the mappings that lead there."""
        mapping = self.service
        for depth, key in enumerate(path[:-1]):
            held = mapping.get(key)
            if not isinstance(held, Mapping):
                self.guard(held)
                for inner in reversed(path[depth + 1 :]):
                    bare = {inner: bare}
                return self.writer.set(mapping, key, bare)
            if id(held) in self.shared:
                self.guard(held)
            mapping = held
        return self.writer.set(mapping, path[-1], bare)

    def dropped(self, path: Keys) -> Edit:
        """Take away the entry at these keys, and the mappings that would be left empty."""
        chain: list[Mapping] = [self.service]
        for key in path[:-1]:
            held = chain[-1].get(key)
            if isinstance(held, Mapping):
                chain.append(held)
        depth = len(path) - 1
        while depth and len(chain[depth].entries) == 1:
            depth -= 1
        if len(chain[depth].entries) == 1:
            msg = "nothing would be left of the service"
            raise FormatError(msg)
        return self.writer.drop(chain[depth], path[depth])

    def conformed(self, node: Mapping, before: dict[str, WrittenValue], after: dict[str, WrittenValue]) -> list[Edit]:
        """Change just the entries of a mapping that differ."""
        made: list[Edit] = []
        for key, value in after.items():
            if before.get(key) == value:
                continue
            held = node.get(key)
            old = before.get(key)
            if isinstance(held, Mapping) and isinstance(value, dict) and isinstance(old, dict):
                made += self.conformed(held, old, value)
            else:
                self.guard(held)
                made.append(self.writer.set(node, key, value))
        for key in before.keys() - after.keys():
            if (held := node.get(key)) is not None:
                self.guard(held)
                made.append(self.writer.drop(node, key))
        return made

    def item(self, field: str, index: int) -> tuple[str, YamlNode, int | None]:
        """The key, node and number of an element's item in the service's own text."""
        place = self.place(index, field)
        steps = place.pointer.split("/")
        key = steps[3] if len(steps) > 3 else ""
        held = self.own((key,))
        if not place.file and isinstance(held, Sequence):
            for number, node in enumerate(held.items):
                if node.start == place.start:
                    return key, node, number
        if not place.file and isinstance(held, Scalar) and len(steps) == 4 and held.end == place.end:
            return key, held, None
        msg = "one of its elements is not written in the service itself"
        raise FormatError(msg)

    def refuse_variables(self, path: Keys) -> None:
        """Refuse to write anew what hangs on variables."""
        held = self.own(path)
        if held is not None and any(isinstance(node, Scalar) and interpolated(node.text) for node in _nodes(held)):
            msg = "a part of it is set by variables"
            raise FormatError(msg)

    # Fields of several elements with names

    # What must be declared

    def declared(self, elements: Iterable[Any]) -> list[Edit]:
        """Declare at the top the networks and volumes that are used and not yet declared."""
        made: list[Edit] = []
        for element in elements:
            if isinstance(element, Network) and element.name != "default":
                made += self.declare("networks", element.name)
            elif (
                isinstance(element, Mount) and element.kind == "volume" and element.source and "$" not in element.source
            ):
                made += self.declare("volumes", element.source)
        return made

    def declare(self, kind: str, name: str) -> list[Edit]:
        """Declare one network or volume."""
        if name in self.document.declared.get(kind, ()) or not isinstance(self.root, Mapping):
            return []
        held = self.root.get(kind)
        if isinstance(held, Mapping) and held.entries:
            return [self.writer.add(held, name, None)]
        return [self.writer.set(self.root, kind, {name: None})]


def target_text(node: YamlNode) -> str:
    """The text of a scalar, also behind an alias."""
    held = yamltree.target(node)
    return held.text if isinstance(held, Scalar) else ""


def literal(bare: WrittenValue) -> WrittenValue:
    """What is written, each dollar sign doubled, since a single one starts a variable."""
    if isinstance(bare, str):
        return bare.replace("$", "$$")
    if isinstance(bare, list):
        return [literal(one) for one in bare]
    if isinstance(bare, dict):
        return {key: literal(one) for key, one in bare.items()}
    return bare


def interpolated(text: str) -> bool:
    """Whether variables are put into a text."""
    return "$" in text.replace("$$", "")


def _service(root: YamlNode | None, name: str) -> Mapping | None:
    services = root.get("services") if isinstance(root, Mapping) else None
    service = services.get(name) if isinstance(services, Mapping) else None
    return service if isinstance(service, Mapping) else None


def _nodes(node: YamlNode) -> Iterator[YamlNode]:
    waiting = [node]
    while waiting:
        one = waiting.pop()
        yield one
        if isinstance(one, Sequence):
            waiting += one.items
        elif isinstance(one, Mapping):
            for key, value in one.entries:
                waiting += (key, value)


def _aliased(node: YamlNode) -> Iterator[YamlNode]:
    """The nodes that an alias stands for, and all below them."""
    for one in _nodes(node):
        if isinstance(one, Alias):
            yield from _nodes(one.target)
