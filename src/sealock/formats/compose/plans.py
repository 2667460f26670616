"""Plans the edits that bring about a change of one service."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, structs

from sealock.errors import FormatError
from sealock.formats.compose.fields import Keys, Many, NamedField, One, Part, ServiceOption, WrittenValue
from sealock.formats.compose.owntext import OwnText, interpolated, literal, target_text
from sealock.formats.compose.reader import ComposeDocument
from sealock.formats.compose.tree import ComposeValue
from sealock.formats.yamltree import Mapping, Scalar, Sequence
from sealock.model.absent import Absent
from sealock.model.change import Edit
from sealock.model.container import Container
from sealock.model.document import Subject


class EditPlan(OwnText):
    """Plans for each kind of row.

    With `whole`, a key is written anew with all that it should hold, which overrides what an anchor brings in; without,
    only the elements at hand are touched.
    """

    def __init__(self, document: ComposeDocument, subject: Subject, *, whole: bool) -> None:
        super().__init__(document, subject)
        self.whole = whole

    # Fields of one value

    def one(self, row: One, value: Any) -> list[Edit]:  # noqa: ANN401  fields are of all types
        """Give a field of one value another."""
        path = self.path(row)
        node = self.own(path)
        if isinstance(value, Absent):
            if node is None:
                msg = "it is not written in the service itself"
                raise FormatError(msg)
            self.guard(node)
            return [self.dropped(path)]
        write = row.write if path == row.paths[0] or row.second is None else row.second
        bare = literal(write(value))
        if isinstance(bare, dict) and isinstance(node, Mapping) and not self.whole:
            self.guard(node)
            old = getattr(self.subject.noun, row.name)
            return self.conformed(node, {} if isinstance(old, Absent) else literal(write(old)), bare)
        self.guard(node)
        return [self.put(path, bare)]

    def path(self, row: One) -> Keys:
        """The keys that say a field here: those in use, else those whose neighbours are in use."""
        for path in row.paths:
            if (held := self.effective(path)) is not None and held.data is not None:
                return path
        for path in row.paths[1:]:
            if path[-1] in {"memory", "cpus", "pids"} and self.effective(path[:-1]) is not None:
                return path
        return row.paths[0]

    # Fields of several elements

    def many(self, row: Many, wanted: Container) -> list[Edit]:
        """Bring the items of a field's lists to what is wanted."""
        old, new = self.both(row.name, wanted)
        made = self.declared(new) if row.name == "mounts" else []
        if self.whole:
            return made + self.rewritten(row, new)
        gone = [index for index, one in enumerate(old) if one not in new]
        added = [one for one in new if one not in old]
        pairs = list(zip(gone, added, strict=False))
        kept = {index for index, _ in pairs}
        for index, element in pairs:
            made += self.swapped(row, index, old[index], element)
        made += self.cut(row, [index for index in gone if index not in kept])
        for element in added[len(pairs) :]:
            made.append(self.appended(part_for(row, element), element))
        return made

    def both(self, field: str, wanted: Container) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """A field's elements now, and those wanted."""
        old, new = getattr(self.subject.noun, field), getattr(wanted, field)
        return () if isinstance(old, Absent) else old, () if isinstance(new, Absent) else new

    def swapped(self, row: Many, index: int, old: Any, new: Any) -> list[Edit]:  # noqa: ANN401  elements of all types
        """Write one element where another stands, in the form that is there."""
        key, node, number = self.item(row.name, index)
        part = next((part for part in row.parts if part.key == key), None)
        if part is None:
            msg = f"it comes from {key}"
            raise FormatError(msg)
        if not part.takes(new):
            return [*self.cut(row, [index]), self.appended(part_for(row, new), new)]
        if id(node) in self.shared:
            self.guard(node)
        if isinstance(node, Mapping) and part.long is not None:
            return self.conformed(node, literal(part.long(old)), literal(part.long(new)))
        if isinstance(node, Scalar) and interpolated(node.text):
            return [self.writer.replace(node, transplanted(part, node.text, old, new))]
        written = literal(part.write(new))
        return [self.writer.renew(node, written, item=number is not None)]

    def cut(self, row: Many, indexes: list[int]) -> list[Edit]:
        """Take elements away; a list that would be left empty goes with its key."""
        numbers: dict[str, list[int | None]] = {}
        for index in indexes:
            key, _, number = self.item(row.name, index)
            numbers.setdefault(key, []).append(number)
        made: list[Edit] = []
        for key, cut in numbers.items():
            held = self.own((key,))
            self.guard(held if id(held) in self.shared else None)
            if isinstance(held, Sequence) and len(cut) < len(held.items):
                made += [self.writer.remove(held, number) for number in cut if number is not None]
            else:
                made.append(self.dropped((key,)))
        return made

    def appended(self, part: Part, element: Any) -> Edit:  # noqa: ANN401  elements of all types
        """Add an element at the end of the list of its key."""
        held = self.own((part.key,))
        long = isinstance(held, Sequence) and held.items and isinstance(held.items[-1], Mapping) and part.long
        written = literal(part.long(element) if long and part.long else part.write(element))
        if isinstance(held, Sequence):
            self.guard(held)
            return self.writer.append(held, written)
        if isinstance(held, Scalar) and held.end > held.start:
            return self.put((part.key,), [held.text, written])
        self.guard(held)
        return self.put((part.key,), [written])

    def rewritten(self, row: Many, new: tuple[Any, ...]) -> list[Edit]:
        """Write the keys of a field anew, with all elements."""
        made = []
        for part in row.parts:
            elements = [one for one in new if part_for(row, one) is part]
            if not elements and self.effective((part.key,)) is None:
                continue
            self.refuse_variables((part.key,))
            made.append(self.put((part.key,), [literal(part.write(element)) for element in elements]))
        return made

    def named(self, row: NamedField, wanted: Container) -> list[Edit]:
        """Bring a mapping, or a list of NAME=VALUE, to what is wanted."""
        old, new = self.both(row.name, wanted)
        made = self.declared(new) if row.name == "networks" else []
        held = self.own((row.key,))
        if self.whole or not isinstance(held, Mapping | Sequence):
            fresh = [one for one in new if self.whole or one not in old]
            if not self.whole and any(one not in new for one in old):
                msg = "it is not written in the service itself"
                raise FormatError(msg)
            self.refuse_variables((row.key,))
            if not fresh:
                return [*made, self.dropped((row.key,))]
            return [*made, self.put((row.key,), self.form(row, fresh))]
        self.guard(held)
        if not new:
            return [*made, self.dropped((row.key,))]
        if isinstance(held, Mapping):
            return made + self.entries(row, held, old, new)
        return made + self.list_items(row, held, old, new)

    def form(self, row: NamedField, elements: list[Any]) -> WrittenValue:
        """Elements as a list or mapping, whichever the row prefers and can say."""
        items = [row.to_item(element) for element in elements]
        held = self.effective((row.key,))
        listed = row.as_list if held is None or self.whole else isinstance(held.data, list)
        if listed and all(item is not None for item in items):
            return [literal(item) for item in items]
        return {name: literal(bare) for name, bare in map(row.to_pair, elements)}

    def entries(self, row: NamedField, held: Mapping, old: tuple[Any, ...], new: tuple[Any, ...]) -> list[Edit]:
        """Change the entries of a mapping."""
        before = {name: literal(bare) for name, bare in map(row.to_pair, old)}
        after = {name: literal(bare) for name, bare in map(row.to_pair, new)}
        made: list[Edit] = []
        for name, bare in after.items():
            node = held.get(name)
            if name in before and before[name] == bare:
                continue
            if isinstance(node, Mapping) and isinstance(bare, dict) and isinstance(before.get(name), dict):
                made += self.conformed(node, before[name], bare)
            else:
                self.guard(node)
                made.append(self.writer.set(held, name, bare))
        for name in before.keys() - after.keys():
            self.guard(held.get(name))
            made.append(self.writer.drop(held, name))
        return made

    def list_items(self, row: NamedField, held: Sequence, old: tuple[Any, ...], new: tuple[Any, ...]) -> list[Edit]:
        """Change the items of a list of NAME=VALUE."""
        names = {row.to_pair(one)[0]: one for one in new if one not in old}
        if any(row.to_item(one) is None for one in new):
            self.refuse_variables((row.key,))
            return [self.put((row.key,), {name: literal(bare) for name, bare in map(row.to_pair, new)})]
        made: list[Edit] = []
        for index, one in enumerate(old):
            if one in new:
                continue
            _, node, number = self.item(row.name, index)
            self.guard(node)
            fresh = names.pop(row.to_pair(one)[0], None)
            if fresh is not None:
                made.append(self.writer.replace(node, literal(row.to_item(fresh))))
            elif number is not None:
                made.append(self.writer.remove(held, number))
        return made + [self.writer.append(held, literal(row.to_item(name))) for name in names.values()]

    # Fields that security_opt says

    def option(self, row: ServiceOption, value: Any) -> list[Edit]:  # noqa: ANN401  fields are of all types
        """Bring the items of `security_opt` that say a field to what is wanted."""
        items = [] if isinstance(value, Absent) else [literal(one) for one in row.write(value)]
        held = self.own(("security_opt",))
        effective = self.effective(("security_opt",))
        if self.whole:
            others = [item.text for item in effective.items if row.read(item.shown) is None] if effective else []
            self.refuse_variables(("security_opt",))
            return [self.put(("security_opt",), [literal(other) for other in others] + items)]
        if not isinstance(held, Sequence) or not held.items:
            self.guard(held)
            return [self.put(("security_opt",), items)] if items else []
        self.guard(held)
        mine = [
            at for at, node in enumerate(held.items) if isinstance(node, Scalar) and row.read(node.text) is not None
        ]
        for at in mine:
            self.guard(held.items[at])
        made = [
            self.writer.replace(held.items[at], item)
            for at, item in zip(mine, items, strict=False)
            if row.read(target_text(held.items[at])) != row.read(item)
        ]
        surplus = mine[len(items) :]
        if surplus and len(surplus) == len(held.items):
            return [self.dropped(("security_opt",))]
        made += [self.writer.remove(held, at) for at in surplus]
        return made + [self.writer.append(held, item) for item in items[len(mine) :]]


def part_for(row: Many, element: Any) -> Part:  # noqa: ANN401  elements of all types
    """The key that a new element is written under."""
    return next((part for part in reversed(row.parts) if part.takes(element)), row.parts[0])


def transplanted(part: Part, text: str, old: Any, new: Any) -> WrittenValue:  # noqa: ANN401  elements of all types
    """Write the difference between two elements into a text with variables, and leave the rest as it is."""
    try:
        raw = part.read(ComposeValue(text, words=("$",), shown=text))
    except ValueError:
        raw = None
    if not isinstance(raw, Struct) or not isinstance(old, Struct) or not isinstance(new, Struct):
        msg = f"it is set by {text}"
        raise FormatError(msg)
    was, will = structs.asdict(old), structs.asdict(new)
    differing = {key: value for key, value in will.items() if was[key] != value}
    return part.write(structs.replace(raw, **differing))
