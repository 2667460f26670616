"""Takes rights away from the targets of a bake file, in HCL and JSON: removes attributes and elements of lists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tree_sitter import Node

from sealock.errors import FormatError
from sealock.formats import jsontext
from sealock.formats.bake.reader import BakeDocument, read
from sealock.formats.buildchanges import builds_of, expected_builds, refuse_other_builds
from sealock.formats.hcl.grammar import HclText
from sealock.formats.textedits import apply_edits
from sealock.formats.yamltree import Mapping, Scalar, YamlNode
from sealock.formats.yamltree import Sequence as YamlSequence
from sealock.model.change import Edit, OnBuild, Remove, Set
from sealock.model.document import Document
from sealock.model.location import At, Place, Source

_COMPUTED = "it is computed: change the expression that sets it"


def edits(document: Document, changes: Sequence[OnBuild]) -> tuple[Edit, ...]:
    """Return the edits for changes of targets; FormatError where one of them cannot be made in place."""
    if not isinstance(document, BakeDocument):
        msg = f"{document.source.name} is not a bake file"
        raise FormatError(msg)
    expected = expected_builds(document, changes)
    places = [_place(document, each) for each in changes]
    source = document.source
    result = tuple((_of_json if jsontext.is_json_name(source.name) else _of_hcl)(source.text, set(places)))
    after = read(Source(source.name, apply_edits(source.text, result)))
    refuse_other_builds(document, after, expected)
    return result


def _place(document: Document, change: OnBuild) -> Place:
    """The place of what goes."""
    match change.change:
        case Remove(field=field, value=value):
            elements = getattr(builds_of(document)[change.service], field)
            at: At = (field, elements.index(value)) if value in elements else ()
        case Set(field=field, value=None | False):
            at = (field,)
        case _:
            msg = "only what gives a build rights is taken away"
            raise FormatError(msg)
    where = document.subjects[0].where
    place = where.get(("services", change.service, "build", *at)) if at else None
    if place is None:
        msg = f"{field} is not set for {change.service}"
        raise FormatError(msg)
    return place


def _of_json(text: str, places: set[Place]) -> Iterator[Edit]:
    tree = jsontext.parse(text)
    root = next(iter(tree.documents), None)
    writer = jsontext.JsonWriter(text, root)
    wanted = {(place.start, place.end) for place in places}
    for mapping, key, node in _entries(root):
        if (node.start, node.end) in wanted:
            wanted.discard((node.start, node.end))
            yield writer.drop(mapping, key)
        elif isinstance(node, YamlSequence):
            gone = [index for index, item in enumerate(node.items) if (item.start, item.end) in wanted]
            wanted -= {(node.items[index].start, node.items[index].end) for index in gone}
            if gone and len(gone) == len(node.items):
                yield writer.drop(mapping, key)
            else:
                yield from _cut(text, [Place(item.start, item.end) for item in node.items], gone)
    if wanted:
        raise FormatError(_COMPUTED)


def _entries(root: YamlNode | None) -> Iterator[tuple[Mapping, str, YamlNode]]:
    pending = [root]
    while pending:
        node = pending.pop()
        if isinstance(node, Mapping):
            for key, value in node.entries:
                if isinstance(key, Scalar):
                    yield node, key.text, value
                pending.append(value)


def _of_hcl(text: str, places: Iterable[Place]) -> Iterator[Edit]:
    hcl = HclText(text)
    lists: dict[int, tuple[Node, set[int]]] = {}
    gone: dict[int, Node] = {}
    for place in places:
        start, end = (len(text[:offset].encode()) for offset in (place.start, place.end))
        node = hcl.root.descendant_for_byte_range(start, end)
        while node is not None and node.parent is not None and _is_inside(node.parent, start, end):
            node = node.parent
        holder = node.parent if node is not None else None
        if node is not None and holder is not None and holder.type == "attribute":
            gone[holder.start_byte] = holder
        elif node is not None and holder is not None and holder.type == "tuple":
            lists.setdefault(holder.start_byte, (holder, set()))[1].add(node.start_byte)
        else:
            raise FormatError(_COMPUTED)
    for holder, starts in lists.values():
        items = [child for child in holder.named_children if child.type == "expression"]
        attribute = _attribute_of(holder)
        indexes = [index for index, item in enumerate(items) if item.start_byte in starts]
        if len(indexes) == len(items):
            gone[attribute.start_byte] = attribute
        else:
            spans = [Place(hcl.offset(item.start_byte), hcl.offset(item.end_byte)) for item in items]
            yield from _cut(text, spans, indexes)
    for attribute in gone.values():
        yield _without_line(text, hcl.offset(attribute.start_byte), hcl.offset(attribute.end_byte))


def _is_inside(node: Node, start: int, end: int) -> bool:
    return bool(node.start_byte >= start and node.end_byte <= end)


def _attribute_of(holder: Node) -> Node:
    """The attribute whose value is a list as it stands."""
    node: Node | None = holder.parent
    while node is not None and node.type in {"expression", "collection_value"}:
        node = node.parent
    if node is None or node.type != "attribute":
        raise FormatError(_COMPUTED)
    return node


def _cut(text: str, spans: list[Place], indexes: list[int]) -> Iterator[Edit]:
    """Remove some of a list's items, with their commas; an item on a line of its own goes with its line."""
    kept = [index for index in range(len(spans)) if index not in indexes]
    for index in indexes:
        start, end = spans[index].start, spans[index].end
        line = text.rfind("\n", 0, start) + 1
        last = index > kept[-1]
        if not text[line:start].strip() and not last:
            yield (
                Edit(Place(line, text.index("\n", end) + 1), "") if _ends_line(text, end) else _up_to_next(spans, index)
            )
        elif last:
            yield Edit(Place(spans[index - 1].end, end), "")
        else:
            yield _up_to_next(spans, index)


def _up_to_next(spans: list[Place], index: int) -> Edit:
    return Edit(Place(spans[index].start, spans[index + 1].start), "")


def _ends_line(text: str, end: int) -> bool:
    """Whether only a comma and a comment follow an item on its line."""
    rest = text[end : text.find("\n", end)] if "\n" in text[end:] else ""
    words = rest.strip().removeprefix(",").strip()
    return "\n" in text[end:] and rest.strip().startswith(",") and (not words or words.startswith(("#", "//")))


def _without_line(text: str, start: int, end: int) -> Edit:
    """Remove an attribute, with its lines and the comment behind it where it has them to itself."""
    line, stop = text.rfind("\n", 0, start) + 1, text.find("\n", end)
    rest = text[end:stop].strip() if stop >= 0 else ""
    if stop >= 0 and not text[line:start].strip() and (not rest or rest.startswith(("#", "//"))):
        return Edit(Place(line, stop + 1), "")
    return Edit(Place(start, end), "")
