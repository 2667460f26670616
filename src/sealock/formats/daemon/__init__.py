"""daemon.json: the settings that the engine reads when it starts. It can be mended in place.

The engine is strict: with a key that it does not know, or a value of a wrong type, it does not start at all.
"""

from __future__ import annotations

import json
from typing import Any, Final

from sealock.errors import FormatError
from sealock.formats.daemon.fields import BY_FIELD, KNOWN, SAYS, TABLE, UNWRITTEN, Mistyped
from sealock.formats.daemon.writer import without, written
from sealock.formats.files import NOTHING, FileWindow
from sealock.formats.jsontree import JsonNode, parse
from sealock.model.absent import UNKNOWN, UNSET, Absent
from sealock.model.change import Change, Edit, FieldChange, changed
from sealock.model.daemon import Daemon, daemon
from sealock.model.document import Document, Subject
from sealock.model.finding import InputError
from sealock.model.location import At, Place, Source

SILENT: Final = "daemon.json does not say it"


def read(source: Source, files: FileWindow = NOTHING) -> Document:  # noqa: ARG001  the interface of all formats
    """Read the settings; what is broken is a problem, and the rest is judged."""
    root, faults = parse(source.text)
    errors = [InputError(f"not valid JSON: {fault.message}", source.location(fault.place)) for fault in faults]
    if root is None or not isinstance(root.value, dict):
        if not faults:
            errors.append(InputError("the engine's settings are a JSON object", source.location(Place(0, 1))))
        return Document("daemon", {"": source}, (), tuple(errors))
    where: dict[At, Place] = {(): Place(root.start, min(root.end, root.start + 1))}
    values: dict[str, Any] = {}
    unresolved: dict[str, str] = {}
    for row in TABLE:
        node = _member(root, row.key)
        if node is None or node.value is None:
            continue
        try:
            value = row.read(node)
        except Mistyped as mistyped:
            errors.append(InputError(f"{row.key} {mistyped}: the engine will not start", source.location(node.place)))
            unresolved[row.field] = row.key
            values[row.field] = UNKNOWN
            continue
        values[row.field] = UNSET if value is None or value == () else value
        where[row.field,] = node.place
        for index, one in enumerate(node.elements()):
            where[row.field, index] = one.place
    strangers = tuple(key for key, _ in root.items() if key not in KNOWN)
    for index, key in enumerate(strangers):
        where["unknown_keys", index] = root.value[key].place
    values["unknown_keys"] = strangers or UNSET
    noun = daemon(says=SAYS, **values)
    return Document("daemon", {"": source}, (Subject("engine", noun, where, unresolved, SILENT),), tuple(errors))


def _member(root: JsonNode, key: str) -> JsonNode | None:
    """A member by its exact name: the engine refuses another spelling."""
    json_node: JsonNode | None = root.value.get(key)
    return json_node


def edits(document: Document, subject: Subject, change: Change) -> tuple[Edit, ...]:
    """Spell a change of one setting in the file's own layout."""
    noun = subject.noun
    if not isinstance(noun, Daemon) or not isinstance(change, FieldChange):
        msg = "daemon.json says nothing but the engine's settings"
        raise FormatError(msg)
    row = BY_FIELD.get(change.field)
    if row is None or change.field in UNWRITTEN:
        msg = f"daemon.json has no setting of its own for {change.field}"
        raise FormatError(msg)
    old, new = getattr(noun, change.field), getattr(changed(noun, change), change.field)
    if old == new:
        return ()
    text = document.source.text
    root, faults = parse(text)
    if root is None or faults or not isinstance(root.value, dict):
        msg = "broken JSON cannot be mended: see the problems first"
        raise FormatError(msg)
    if isinstance(new, Absent) or new == ():
        return (without(text, root, row.key),) if row.key in root.value else ()
    return (written(text, root, row.key, json.dumps(row.plain(new), ensure_ascii=False)),)
