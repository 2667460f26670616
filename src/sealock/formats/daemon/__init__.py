"""daemon.json: the settings that the engine reads when it starts. They can be fixed in place.

The engine is strict: with an unknown key or a value of a wrong type it does not start.
"""

from __future__ import annotations

import json
from typing import Any, Final

from sealock.errors import FormatError
from sealock.formats.daemon.fields import BY_FIELD, KNOWN, SAYS, TABLE, UNWRITTEN, WrongTypeError
from sealock.formats.daemon.writer import drop_member, set_member
from sealock.formats.files import NOTHING, FileWindow
from sealock.formats.jsontree import JsonNode, parse
from sealock.model.absent import UNKNOWN, UNSET, Absent
from sealock.model.change import Edit, FieldChange, SubjectChange, changed
from sealock.model.daemon import Daemon, daemon
from sealock.model.document import Document, Subject
from sealock.model.finding import InputError
from sealock.model.location import At, Place, Source

SILENT: Final = "daemon.json does not set it"


def read(source: Source, files: FileWindow = NOTHING) -> Document:  # noqa: ARG001  the interface of all formats
    """Read the settings; a broken one is an error, and the others are evaluated."""
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
        except WrongTypeError as error:
            errors.append(InputError(f"{row.key} {error}: the engine will not start", source.location(node.place)))
            unresolved[row.field] = row.key
            values[row.field] = UNKNOWN
            continue
        values[row.field] = UNSET if value is None or value == () else value
        where[row.field,] = node.place
        for index, element in enumerate(node.elements()):
            where[row.field, index] = element.place
    unknown_keys = tuple(key for key, _ in root.items() if key not in KNOWN)
    for index, key in enumerate(unknown_keys):
        where["unknown_keys", index] = root.value[key].place
    values["unknown_keys"] = unknown_keys or UNSET
    noun = daemon(says=SAYS, **values)
    return Document("daemon", {"": source}, (Subject("engine", noun, where, unresolved, SILENT),), tuple(errors))


def _member(root: JsonNode, key: str) -> JsonNode | None:
    """A member by its exact name: the engine refuses other spellings."""
    node: JsonNode | None = root.value.get(key)
    return node


def edits(document: Document, subject: Subject, change: SubjectChange) -> tuple[Edit, ...]:
    """Return the edits for a change of one setting, in the file's own layout."""
    noun = subject.noun
    if not isinstance(noun, Daemon) or not isinstance(change, FieldChange):
        msg = "daemon.json contains only the engine's settings"
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
        msg = "broken JSON cannot be fixed: see the errors first"
        raise FormatError(msg)
    if isinstance(new, Absent) or new == ():
        return (drop_member(text, root, row.key),) if row.key in root.value else ()
    return (set_member(text, root, row.key, json.dumps(row.plain(new), ensure_ascii=False)),)
