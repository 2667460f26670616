"""Changes containers in the text of their manifest.

A change is made key by key, and checked: the manifest is read again, and the edit is returned only if the field then
has the value that was asked for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from sealock.errors import FormatError
from sealock.formats.kubernetes import parts
from sealock.formats.kubernetes.fields import LIST_ROWS, ROWS, Keys, ManifestList, WrittenValue, refusal
from sealock.formats.kubernetes.manifest import ManifestValue, is_json
from sealock.formats.kubernetes.reader import ManifestDocument, PodSubject, read
from sealock.formats.textedits import apply_edits
from sealock.formats.yamledit import PlainValue, Writer, is_flow
from sealock.formats.yamltree import Mapping as YamlMapping
from sealock.formats.yamltree import Sequence
from sealock.model.absent import UNSET, Absent, AnyValue
from sealock.model.change import Add, Edit, FieldChange, On, SubjectChange, changed
from sealock.model.container import Container, Mount
from sealock.model.document import Document, Subject
from sealock.model.location import Place, Source


def edits(document: Document, subject: Subject, change: SubjectChange) -> tuple[Edit, ...]:
    """Return the edit for a change of a container; FormatError where the manifest cannot express it."""
    if isinstance(change, Edit):
        return (change,)
    name = change.subject if isinstance(change, On) else subject.name
    if isinstance(document, ManifestDocument) and name not in document.members:
        from sealock.formats.runargs.document import edits as run_line_edits  # noqa: PLC0415  few have run lines

        return run_line_edits(document, subject, change)
    return edits_together(document, [(subject, change)])


def _is_unnamed(mount: Mount) -> bool:
    return mount.kind == "volume" and mount.source is None and mount.options in {(), ("ephemeral",)}


def edits_together(
    document: Document, changes: Iterable[tuple[Subject, FieldChange | On]], *, check: bool = True
) -> tuple[Edit, ...]:
    """Return the edits for several changes, one for each resource of the text; each change is checked in any case."""
    del check
    if not isinstance(document, ManifestDocument):
        msg = f"{document.source.name} is no manifest"
        raise FormatError(msg)
    texts: dict[int, _ManifestText] = {}
    for subject, change in changes:
        name, wanted = (change.subject, change.change) if isinstance(change, On) else (subject.name, change)
        member = document.members.get(name)
        if member is None:
            msg = f"there is no {name} in {document.source.name}"
            raise FormatError(msg)
        start = member.part.place.start
        if start not in texts:
            texts[start] = _ManifestText(document.source, member.part)
        texts[start].make(name, member.index, wanted)
    return tuple(text.edit for text in texts.values() if text.edit.place.start != text.edit.place.end or text.edit.text)


def _same(field: str, container: Container, other: Container) -> bool:
    """Whether a field means the same: an empty list is no list, and the runtime's profile is what an engine applies."""
    return bool(_meaning(field, container) == _meaning(field, other))


def _meaning(field: str, container: Container) -> AnyValue:
    value = getattr(container, field)
    if value == () or (field in ROWS and ROWS[field].unset is not None and value == "builtin"):
        return UNSET
    return UNSET if value is False and field == "unconfined_paths" else value


def _difference(old: str, new: str) -> Edit:
    """The smallest edit that turns one text into another."""
    start = _common(old, new)
    same = _common(old[start:][::-1], new[start:][::-1])
    return Edit(Place(start, len(old) - same), new[start : len(new) - same])


def _common(text: str, other: str) -> int:
    """The length of what two texts start with in common."""
    low, high = 0, min(len(text), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if text[:middle] == other[:middle] else (low, middle - 1)
    return low


class _ManifestText:
    """The text of one resource of a manifest while its containers change.

    Each step is written, and the text read again: of the one resource, so that others in the text cost nothing.
    """

    def __init__(self, source: Source, part: ManifestValue) -> None:
        start, end = part.place.start, part.place.end
        indent = start - source.text.rfind("\n", 0, start) - 1
        if not is_flow(part.node):
            # A comment may follow on the last line.
            line_end = source.text.find("\n", end)
            end = line_end if line_end >= 0 else len(source.text)
        self.start = start - indent
        self.original = " " * indent + source.text[start:end]
        self.document = read(Source(source.name, self.original))
        self.index = 0

    @property
    def edit(self) -> Edit:
        """What has changed, as an edit of the whole text."""
        edit = _difference(self.original, self.document.source.text)
        return Edit(Place(self.start + edit.place.start, self.start + edit.place.end), edit.text)

    def make(self, name: str, index: int, change: FieldChange) -> None:
        """Make a change of the container with this index, called `name`, and check it; FormatError if it fails."""
        self.index = index
        if index >= len(self.document.subjects):
            msg = "its resource cannot be read by itself"
            raise FormatError(msg)
        before, noun = self.document, self.noun
        if isinstance(change, Add) and isinstance(change.value, Mount) and _is_unnamed(change.value):
            # A pod's volume without a name is an emptyDir, which lives as long as the pod.
            change = Add(change.field, replace(change.value, options=("ephemeral",)))
        expected = changed(noun, change)
        if _same(change.field, expected, noun):
            return
        if why := refusal(noun, change):
            raise FormatError(why)
        try:
            self.change(change.field, getattr(expected, change.field))
        except ValueError as error:
            raise FormatError(str(error)) from error
        if len(self.document.errors) > len(before.errors):
            msg = "the manifest would become invalid"
            raise FormatError(msg)
        if not _same(change.field, self.noun, expected):
            msg = f"another place still sets {change.field} of {name}"
            raise FormatError(msg)

    @property
    def noun(self) -> Container:
        """The container as the text is now."""
        noun = self.document.subjects[self.index].noun
        assert isinstance(noun, Container)  # noqa: S101  a manifest has no other subjects
        return noun

    def change(self, field: str, value: AnyValue) -> None:
        """Give a field this value."""
        old = getattr(self.noun, field)
        if field == "user":
            for key, plain in parts.as_user(value if isinstance(value, str) else None).items():
                self.put(("securityContext", key), plain)
        elif field in ROWS:
            self.single(field, value)
        else:
            before = () if isinstance(old, Absent) else old
            after = () if isinstance(value, Absent) else value
            self.several(LIST_ROWS[field], before, after)

    def single(self, field: str, value: AnyValue) -> None:
        """Set a field with one value, or remove it where it is written."""
        row = ROWS[field]
        plain = row.unset if isinstance(value, Absent) else row.write(value)
        in_pod = not row.own
        own = self.member.container.keys(row.own)
        if plain is None and row.own and row.pod:
            in_pod = self.member.container.value.at(*own) is None
        self.put(row.pod if in_pod else own, plain, in_pod=in_pod)

    def several(self, row: ManifestList, old: tuple[Any, ...], new: tuple[Any, ...]) -> None:
        """Change, remove and add the elements of a list."""
        # From the last to the first, so that the places of those before stay.
        removed = [index for index, element in enumerate(old) if element not in new]
        added = [element for element in new if element not in old]
        swapped = dict(zip(removed, added, strict=False)) if len(removed) == len(added) else {}
        where = self.document.subjects[self.index].where
        for index in reversed(removed):
            if (row.name, index) not in where:
                msg = "it belongs to the whole pod, and is changed with the pod's first container"
                raise FormatError(msg)
            item = int(where[row.name, index].pointer.rpartition("/")[2])
            if index in swapped:
                self.swap(row, item, row.write(old[index]), row.write(swapped[index]))
            else:
                self.remove(row, item)
        for element in () if swapped else added:
            if row.name == "mounts":
                self.mount(element)
            else:
                self.append(row.keys, row.write(element), in_pod=row.of_pod)

    def swap(self, row: ManifestList, item: int, before: WrittenValue, after: WrittenValue) -> None:
        """Change the keys of an item that differ."""
        path = (*row.keys, str(item))
        if not isinstance(before, Mapping):
            sequence = self.sequence(row.keys, in_pod=row.of_pod)
            self.apply(self.writer.replace(sequence.items[item], after))
            return
        for key, plain in after.items():
            if before.get(key) != plain:
                self.put((*path, key), plain, in_pod=row.of_pod)

    def remove(self, row: ManifestList, item: int) -> None:
        """Remove an item, or what makes it an element; a volume that nothing mounts any more goes too."""
        if row.marks:
            for key in row.marks:
                if self.root(in_pod=row.of_pod).at(*row.keys).items[item].at(key) is not None:  # type: ignore[union-attr]
                    self.put((*row.keys, str(item), key), None, in_pod=row.of_pod)
            return
        mounted = self.root(in_pod=row.of_pod).at(*row.keys)
        name = mounted.items[item].word("name") if mounted is not None else ""
        self.cut(row.keys, item, in_pod=row.of_pod)
        if row.name == "mounts":
            self.drop_volume(name)

    def drop_volume(self, name: str) -> None:
        """Remove a volume that no container of the pod mounts."""
        pod = self.member.pod
        mounts = (member.value.at("volumeMounts") for member in pod.containers)
        if any(item.word("name") == name for value in mounts if value is not None for item in value.items):
            return
        volumes = pod.spec.at("volumes")
        for index, volume in enumerate(volumes.items if volumes is not None else ()):
            if volume.word("name") == name:
                self.cut(("volumes",), index, in_pod=True)
                return

    def mount(self, element: Mount) -> None:
        """Mount a new tmpfs, or a volume without a name: both live as long as the pod."""
        unnamed = _is_unnamed(element)
        if not (unnamed or (element.kind == "tmpfs" and not element.options)) or element.propagation:
            msg = "a volume has to be declared first"
            raise FormatError(msg)
        volumes = self.member.pod.spec.at("volumes")
        names = {volume.word("name") for volume in volumes.items} if volumes is not None else set()
        # A claim's template has a name too, and only its mounts show it here.
        mounts = (member.value.at("volumeMounts") for member in self.member.pod.containers)
        names |= {item.word("name") for value in mounts if value is not None for item in value.items}
        stem = re.sub(r"[^a-z0-9]+", "-", element.target.lower()).strip("-")[:50].strip("-") or "tmp"
        numbered = (f"{stem}-{number}" if number else stem for number in range(len(names) + 1))
        name = next(name for name in numbered if name not in names)
        empty: dict[str, PlainValue] = {} if unnamed else {"medium": "Memory"}
        self.append(("volumes",), {"name": name, "emptyDir": empty}, in_pod=True)
        mount: dict[str, PlainValue] = {"name": name, "mountPath": element.target}
        self.append(("volumeMounts",), mount | ({"readOnly": True} if element.read_only else {}))

    # Steps

    @property
    def member(self) -> PodSubject:
        """Where the container stands in the text as it is now."""
        return self.members[self.index]

    @property
    def members(self) -> tuple[PodSubject, ...]:
        """Where all containers stand."""
        return tuple(self.document.members.values())

    @property
    def writer(self) -> Writer:
        """A writer of the text as it is now."""
        text = self.document.source.text
        root = self.member.pod.spec.node
        return _JsonWriter(text, root) if is_json(text) else Writer(text, root)

    def apply(self, *changes: Edit) -> None:
        """Write a step, and read the text again."""
        source = self.document.source
        self.document = read(Source(source.name, apply_edits(source.text, changes)))
        if self.index >= len(self.document.members):
            msg = "the manifest would become invalid"
            raise FormatError(msg)

    def root(self, *, in_pod: bool) -> ManifestValue:
        """The pod or the container."""
        return self.member.pod.spec if in_pod else self.member.container.value

    def walk(self, path: Keys, *, in_pod: bool) -> tuple[ManifestValue, int]:
        """The innermost collection on a path that is there, and how many keys lead to it."""
        value = self.root(in_pod=in_pod)
        for depth, key in enumerate(path):
            inner = value.items[int(key)] if value.is_list else value.at(key)
            if inner is None or not (inner.is_mapping or inner.is_list):
                return value, depth
            value = inner
        return value, len(path)

    def put(self, path: Keys, plain: WrittenValue, *, in_pod: bool = False) -> None:
        """Set the value at the end of a path, or remove it."""
        if plain is None:
            self.drop(path, in_pod=in_pod)
            return
        value, depth = self.walk(path[:-1], in_pod=in_pod)
        mapping = self.mapping(value)
        for key in reversed(path[depth + 1 :]):
            plain = {key: plain}
        self.apply(self.writer.set(mapping, path[depth], plain))

    def drop(self, path: Keys, *, in_pod: bool) -> None:
        """Remove an entry, and the mappings that it leaves empty."""
        for depth in range(len(path) - 1, -1, -1):
            value, reached = self.walk(path[:depth], in_pod=in_pod)
            if reached < depth or not value.is_mapping or value.at(path[depth]) is None:
                return
            mapping = self.mapping(value)
            if len(mapping.entries) > 1 or depth == 0 or path[depth - 1].isdecimal():
                self.apply(self.writer.drop(mapping, path[depth]))
                return

    def append(self, path: Keys, plain: WrittenValue, *, in_pod: bool = False) -> None:
        """Add an item to a list, or make the list."""
        value, depth = self.walk(path, in_pod=in_pod)
        if depth < len(path) or not isinstance(value.node, Sequence):
            self.put(path, [plain], in_pod=in_pod)
            return
        self.guard(value)
        if not value.node.items:
            self.put(path, [plain], in_pod=in_pod)
        else:
            self.apply(self.writer.append(value.node, plain))

    def cut(self, path: Keys, item: int, *, in_pod: bool) -> None:
        """Remove an item of a list; a list that would be left empty goes with its key."""
        sequence = self.sequence(path, in_pod=in_pod)
        if len(sequence.items) > 1:
            self.apply(self.writer.remove(sequence, item))
        else:
            self.drop(path, in_pod=in_pod)

    def sequence(self, path: Keys, *, in_pod: bool) -> Sequence:
        """The list at the end of a path."""
        value, depth = self.walk(path, in_pod=in_pod)
        if depth < len(path) or not isinstance(value.node, Sequence):
            msg = "it is not written in the container itself"
            raise FormatError(msg)
        self.guard(value)
        return value.node

    def mapping(self, value: ManifestValue) -> YamlMapping:
        """A mapping that may be changed."""
        if not isinstance(value.node, YamlMapping):
            msg = "it is written as something else than a mapping"
            raise FormatError(msg)
        self.guard(value)
        return value.node

    @staticmethod
    def guard(value: ManifestValue) -> None:
        """Refuse a text that an anchor shares with other places."""
        if value.shared or value.node.anchor:
            msg = "its text is shared with other places"
            raise FormatError(msg)


class _JsonWriter(Writer):
    """Writes JSON into JSON."""

    def scalar(self, value: PlainValue, quote: str = "") -> str:
        """Write a scalar."""
        del quote
        return json.dumps(value, ensure_ascii=False)

    def flow(self, value: PlainValue, quote: str = "") -> str:
        """Write a value on one line."""
        return self.scalar(value, quote)
