"""A container as the engine describes it: the JSON of `docker inspect` (`GET /containers/ID/json`).

The engine writes its defaults into the container, and the image's configuration too. Where a value can be recognised as
the engine's default, its field is UNSET here; what comes from the image stays, since it is effective.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from sealock.formats.inspect.description import OF_CLIENTS, read_description
from sealock.formats.jsonreader import JsonReader
from sealock.formats.jsontree import parse
from sealock.model.container import FIELDS, Container
from sealock.model.finding import InputError
from sealock.model.location import At, Location, Place

__all__ = ["Inspected", "read_inspect"]

_SILENT: Final = OF_CLIENTS | {"history", "cap_held"}
SAYS: Final = tuple(field for field in FIELDS if field not in _SILENT)


class Inspected(Struct, frozen=True):
    """A container as the engine describes it, and where each field stands (JSON pointers).

    `unresolved` holds the fields that could be read only in part, with the pointer of the part that is wrong.
    """

    container: Container
    where: Mapping[At, Place]
    unresolved: Mapping[str, str] = {}
    errors: tuple[InputError, ...] = ()


def read_inspect(json_text: str) -> Inspected:
    """Read one container: an object, or the list of one that `docker inspect` prints."""
    root, faults = parse(json_text)
    errors = [InputError(f"not valid JSON: {fault.message}", Location("")) for fault in faults]
    if root is not None and len(elements := list(root.elements())) == 1:
        root = elements[0]
    if root is None or not isinstance(root.value, dict):
        errors.append(InputError("the engine's answer should be one container", Location("")))
        return Inspected(Container(), {}, errors=tuple(errors))
    reader = JsonReader()
    noun = read_description(reader, root)
    errors += [InputError(message, Location("", pointer=node.pointer)) for message, node in reader.wrong]
    return Inspected(noun, reader.where, reader.unresolved, tuple(errors))
