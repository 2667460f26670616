"""A container as a request to create it describes it: the body of `POST /containers/create`, already parsed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from sealock.formats.imageconfig import read_variable
from sealock.formats.inspect.description import OF_CLIENTS, read_description
from sealock.formats.jsonreader import JsonReader
from sealock.formats.jsontree import from_plain
from sealock.model.absent import UNSET
from sealock.model.container import Container, Label

_FALSE: Final = frozenset({"PidsLimit", "MemorySwappiness", "Init", "MaskedPaths", "ReadonlyPaths"})
"""Keys for which 0, false or an empty list is another setting than none."""

VARIED: Final = frozenset({"Env", "Cmd", "Labels"})
"""Keys of a body in which containers of one kind differ most; each makes one field, and no other."""
VARIED_FIELDS: Final = ("environment", "command", "labels")
"""These fields."""


class Created(Struct, frozen=True):
    """A container that a request creates or speaks of, and what of the JSON could not be read."""

    container: Container
    wrong: tuple[str, ...] = ()


def read_created(body: Mapping[str, Any], name: str = "") -> Created:
    """Read a body of values as JSON has them; what it leaves open, or sets to the default of its type, is UNSET."""
    config = {key: value for key, value in body.items() if value and key not in {"HostConfig", "NetworkingConfig"}}
    host = {key: value for key, value in (body.get("HostConfig") or {}).items() if value or key in _FALSE}
    joined = (body.get("NetworkingConfig") or {}).get("EndpointsConfig") or {}
    return _created({"Name": name, "Config": config, "HostConfig": host, "NetworkSettings": {"Networks": joined}})


def read_varied(created: Created, body: Mapping[str, Any]) -> Created:
    """What `read_created` reads of a body; `created` is what it read of the same one without the keys VARIED."""
    variables, words, labels = body.get("Env") or (), body.get("Cmd") or (), body.get("Labels") or {}
    texts = (*variables, *words, *labels.values()) if _are_lists(variables, words, labels) else (None,)
    if not all(isinstance(text, str) for text in texts):
        return read_created(body)
    container = replace(
        created.container,
        environment=tuple(map(read_variable, variables)) or UNSET,
        command=tuple(words) or UNSET,
        labels=tuple(Label(name, value) for name, value in labels.items()) or UNSET,
    )
    return Created(container, created.wrong)


def _are_lists(variables: Any, words: Any, labels: Any) -> bool:  # noqa: ANN401  JSON values
    return isinstance(variables, list | tuple) and isinstance(words, list | tuple) and isinstance(labels, dict)


def read_described(described: Mapping[str, Any]) -> Created:
    """Read the engine's description of a container, an object as `GET /containers/ID/json` answers."""
    return _created(described)


def _created(root: Mapping[str, Any]) -> Created:
    reader = JsonReader()
    # An engine writes every key for a container. A request leaves out what it does not set.
    noun = read_description(reader, from_plain(root), complete=True)
    open_ = {*OF_CLIENTS, *(("user",) if noun.user == "" else ())}
    return Created(replace(noun, **dict.fromkeys(open_, UNSET)), tuple(message for message, _ in reader.wrong))
