"""Plans the edits for a change of one service."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from msgspec import Struct, structs

from sealock.errors import FormatError
from sealock.formats.compose.fields import (
    Keys,
    ListField,
    ListKey,
    NamedField,
    SecurityOptionField,
    SingleField,
    WrittenValue,
)
from sealock.formats.compose.owntext import OwnText, escape_dollars, interpolated, target_text
from sealock.formats.compose.reader import ComposeDocument
from sealock.formats.compose.tree import ComposeValue
from sealock.formats.yamltree import Mapping, Scalar, Sequence
from sealock.model.absent import Absent, AnyValue
from sealock.model.change import Edit
from sealock.model.container import Container, Mount, Network
from sealock.model.document import Subject
from sealock.patterns import compile_lazily

_DEFAULTED: Final = compile_lazily(r"(\$\{[A-Za-z0-9_]{1,200}:?-)[^${}]{0,200}\}")
"""A variable with a default, which may be empty; the group is what stands before the default."""
_PLAIN: Final = compile_lazily(r"[A-Za-z0-9._/-]{1,200}")
"""What a default holds without quotes."""


class EditPlan(OwnText):
    """Plans edits for each kind of row.

    With `whole`, a key is rewritten with all its elements, which overrides those of an anchor; without, only the
    elements that change are written.
    """

    def __init__(self, document: ComposeDocument, subject: Subject, *, whole: bool) -> None:
        super().__init__(document, subject)
        self.whole = whole
        self.named_elsewhere: list[tuple[str, str]] = []
        """The networks and volumes that the project has to declare, as kind and name."""

    # Fields with one value

    def single(self, row: SingleField, value: AnyValue) -> list[Edit]:
        """Set a field with one value."""
        path = self.path(row)
        node = self.own(path)
        if isinstance(value, Absent):
            if node is None:
                msg = "it is not written in the service itself"
                raise FormatError(msg)
            self.guard(node)
            return [self.drop(path)]
        write = row.write if path == row.paths[0] or row.second is None else row.second
        plain = escape_dollars(write(value))
        if isinstance(plain, dict) and isinstance(node, Mapping) and not self.whole:
            self.guard(node)
            old = getattr(self.subject.noun, row.name)
            return self.update(node, {} if isinstance(old, Absent) else escape_dollars(write(old)), plain)
        self.guard(node)
        return [self.put(path, plain)]

    def path(self, row: SingleField) -> Keys:
        """The keys to set a field at: those in use, else those whose siblings are in use."""
        for path in row.paths:
            if (value := self.effective(path)) is not None and value.data is not None:
                return path
        for path in row.paths[1:]:
            if path[-1] in {"memory", "cpus", "pids"} and self.effective(path[:-1]) is not None:
                return path
        return row.paths[0]

    # Fields of several elements

    def listed(self, row: ListField, target: Container) -> list[Edit]:
        """Change the items of a field's lists to the target's."""
        old, new = self.both(row.name, target)
        self.named_elsewhere += _named_elsewhere(new)
        if self.whole:
            return self.rewrite(row, new)
        edits: list[Edit] = []
        removed = [index for index, element in enumerate(old) if element not in new]
        added = [element for element in new if element not in old]
        pairs = list(zip(removed, added, strict=False))
        swapped = {index for index, _ in pairs}
        for index, element in pairs:
            edits += self.swap(row, index, old[index], element)
        edits += self.cut(row, [index for index in removed if index not in swapped])
        for part in row.parts:
            if rest := [element for element in added[len(pairs) :] if part_for(row, element) is part]:
                edits += self.append(part, rest)
        return edits

    def both(self, field: str, target: Container) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """A field's elements now, and the target's."""
        old, new = getattr(self.subject.noun, field), getattr(target, field)
        return () if isinstance(old, Absent) else old, () if isinstance(new, Absent) else new

    def swap(self, row: ListField, index: int, old: AnyValue, new: AnyValue) -> list[Edit]:
        """Replace one element by another, in the form of the old one."""
        key, node, number = self.item(row.name, index)
        part = next((part for part in row.parts if part.key == key), None)
        if part is None:
            msg = f"it is set by {key}"
            raise FormatError(msg)
        if not part.takes(new):
            return [*self.cut(row, [index]), *self.append(part_for(row, new), [new])]
        if id(node) in self.shared:
            self.guard(node)
        if isinstance(node, Mapping) and part.long is not None:
            return self.update(node, escape_dollars(part.long(old)), escape_dollars(part.long(new)))
        if isinstance(node, Scalar) and interpolated(node.text):
            return [self.writer.replace(node, transplant(part, node.text, old, new))]
        written = escape_dollars(part.write(new))
        return [self.writer.renew(node, written, item=number is not None)]

    def cut(self, row: ListField, indexes: list[int]) -> list[Edit]:
        """Remove elements; a list that would be left empty goes with its key."""
        numbers: dict[str, list[int | None]] = {}
        for index in indexes:
            key, _, number = self.item(row.name, index)
            if any(part.key == key and part.find for part in row.parts):
                msg = f"it stands deeper below {key}"
                raise FormatError(msg)
            numbers.setdefault(key, []).append(number)
        edits: list[Edit] = []
        for key, cut in numbers.items():
            node = self.own((key,))
            self.guard(node if id(node) in self.shared else None)
            if isinstance(node, Sequence) and len(cut) < len(node.items):
                edits += [self.writer.remove(node, number) for number in cut if number is not None]
            else:
                edits.append(self.drop((key,)))
        return edits

    def append(self, part: ListKey, elements: list[Any]) -> list[Edit]:
        """Add elements at the end of the list of their key."""
        node = self.own((part.key,))
        long = part.long if isinstance(node, Sequence) and node.items and isinstance(node.items[-1], Mapping) else None
        written = [escape_dollars((long or part.write)(element)) for element in elements]
        if isinstance(node, Sequence):
            self.guard(node)
            return [self.writer.append(node, item) for item in written]
        if isinstance(node, Scalar) and node.end > node.start:
            return [self.put((part.key,), [node.text, *written])]
        self.guard(node)
        return [self.put((part.key,), written)]

    def rewrite(self, row: ListField, new: tuple[Any, ...]) -> list[Edit]:
        """Rewrite the keys of a field with all elements."""
        edits = []
        for part in row.parts:
            elements = [element for element in new if part_for(row, element) is part]
            if not elements and self.effective((part.key,)) is None:
                continue
            self.refuse_variables((part.key,))
            edits.append(self.put((part.key,), [escape_dollars(part.write(element)) for element in elements]))
        return edits

    def named(self, row: NamedField, target: Container) -> list[Edit]:
        """Change a mapping, or a list of NAME=VALUE, to the target's."""
        old, new = self.both(row.name, target)
        self.named_elsewhere += _named_elsewhere(new)
        node = self.own((row.key,))
        if self.whole or not isinstance(node, Mapping | Sequence):
            fresh = [element for element in new if self.whole or element not in old]
            if not self.whole and any(element not in new for element in old):
                msg = "it is not written in the service itself"
                raise FormatError(msg)
            self.refuse_variables((row.key,))
            if not fresh:
                return [self.drop((row.key,))]
            return [self.put((row.key,), self.form(row, fresh))]
        self.guard(node)
        if not new:
            return [self.drop((row.key,))]
        if isinstance(node, Mapping):
            return self.entries(row, node, old, new)
        return self.list_items(row, node, old, new)

    def form(self, row: NamedField, elements: list[Any]) -> WrittenValue:
        """Elements as a list or mapping, whichever the file or row prefers and can express."""
        items = [row.to_item(element) for element in elements]
        value = self.effective((row.key,))
        listed = row.as_list if value is None or self.whole else value.is_list
        if listed and all(item is not None for item in items):
            return [escape_dollars(item) for item in items]
        return {name: escape_dollars(plain) for name, plain in map(row.to_pair, elements)}

    def entries(self, row: NamedField, mapping: Mapping, old: tuple[Any, ...], new: tuple[Any, ...]) -> list[Edit]:
        """Change the entries of a mapping."""
        before = {name: escape_dollars(plain) for name, plain in map(row.to_pair, old)}
        after = {name: escape_dollars(plain) for name, plain in map(row.to_pair, new)}
        edits: list[Edit] = []
        for name, plain in after.items():
            node = mapping.get(name)
            if name in before and before[name] == plain:
                continue
            if isinstance(node, Mapping) and isinstance(plain, dict) and isinstance(before.get(name), dict):
                edits += self.update(node, before[name], plain)
            else:
                self.guard(node)
                edits.append(self.writer.set(mapping, name, plain))
        for name in before.keys() - after.keys():
            self.guard(mapping.get(name))
            edits.append(self.writer.drop(mapping, name))
        return edits

    def list_items(self, row: NamedField, sequence: Sequence, old: tuple[Any, ...], new: tuple[Any, ...]) -> list[Edit]:
        """Change the items of a list of NAME=VALUE."""
        added = {row.to_pair(element)[0]: element for element in new if element not in old}
        if any(row.to_item(element) is None for element in new):
            self.refuse_variables((row.key,))
            return [self.put((row.key,), {name: escape_dollars(plain) for name, plain in map(row.to_pair, new)})]
        edits: list[Edit] = []
        for index, element in enumerate(old):
            if element in new:
                continue
            _, node, number = self.item(row.name, index)
            self.guard(node)
            fresh = added.pop(row.to_pair(element)[0], None)
            if fresh is not None:
                edits.append(self.writer.replace(node, escape_dollars(row.to_item(fresh))))
            elif number is not None:
                edits.append(self.writer.remove(sequence, number))
        return edits + [
            self.writer.append(sequence, escape_dollars(row.to_item(element))) for element in added.values()
        ]

    # Fields of security_opt

    def option(self, row: SecurityOptionField, value: AnyValue) -> list[Edit]:
        """Change the items of `security_opt` that set a field."""
        items = [] if isinstance(value, Absent) else [escape_dollars(item) for item in row.write(value)]
        node = self.own(("security_opt",))
        effective = self.effective(("security_opt",))
        if self.whole:
            others = [item.text for item in effective.items if row.read(item.written) is None] if effective else []
            self.refuse_variables(("security_opt",))
            return [self.put(("security_opt",), [escape_dollars(other) for other in others] + items)]
        self.guard(node)
        if not isinstance(node, Sequence) or not node.items:
            return [self.put(("security_opt",), items)] if items else []
        old = [at for at, item in enumerate(node.items) if isinstance(item, Scalar) and row.read(item.text) is not None]
        for at in old:
            self.guard(node.items[at])
        edits = [
            self.writer.replace(node.items[at], item)
            for at, item in zip(old, items, strict=False)
            if row.read(target_text(node.items[at])) != row.read(item)
        ]
        surplus = old[len(items) :]
        if surplus and len(surplus) == len(node.items):
            return [self.drop(("security_opt",))]
        edits += [self.writer.remove(node, at) for at in surplus]
        return edits + [self.writer.append(node, item) for item in items[len(old) :]]


def _named_elsewhere(elements: Iterable[Any]) -> Iterator[tuple[str, str]]:
    for element in elements:
        if isinstance(element, Network) and element.name != "default":
            yield "networks", element.name
        elif isinstance(element, Mount) and element.kind == "volume" and element.source and "$" not in element.source:
            yield "volumes", element.source


def part_for(row: ListField, element: AnyValue) -> ListKey:
    """The key to write a new element at."""
    return next((part for part in reversed(row.parts) if part.takes(element)), row.parts[0])


def transplant(part: ListKey, text: str, old: AnyValue, new: AnyValue) -> WrittenValue:
    """Write the difference between two elements into a text with variables, and keep the rest."""
    try:
        raw = part.read(ComposeValue(text, unset=("$",), written=text))
    except ValueError:
        raw = None
    if not isinstance(raw, Struct) or not isinstance(old, Struct) or not isinstance(new, Struct):
        msg = f"it is set by {text}"
        raise FormatError(msg)
    before, after = structs.asdict(old), structs.asdict(new)
    written = structs.asdict(raw)
    differing = {key: _kept(written[key], value) for key, value in after.items() if before[key] != value}
    return part.write(structs.replace(raw, **differing))


def _kept(written: object, value: AnyValue) -> AnyValue:
    """The value, as the default of the variable that sets it where there is one; FormatError for any other variable."""
    if not isinstance(written, str) or not interpolated(written):
        return value
    match = _DEFAULTED.fullmatch(written)
    if match is None or not isinstance(value, str) or not _PLAIN.fullmatch(value):
        msg = f"it is set by {written}"
        raise FormatError(msg)
    return f"{match[1]}{value}}}"
