"""A container as a request to create it describes it: the body of `POST /containers/create`, already parsed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from sealock.formats.inspect.description import read_description
from sealock.formats.inspect.hostconfig import KEYS
from sealock.formats.jsonreader import JsonReader
from sealock.formats.jsontree import from_plain
from sealock.model.absent import UNKNOWN, UNSET
from sealock.model.container import FIELDS, Container

_NOTHING: Final = dict.fromkeys(KEYS.values())
_OF_CLIENTS: Final = ("platform", "pull", "content_trust", "detach", "env_files", "hooks", "outside", "secrets")
"""Fields that no engine knows."""


class Created(Struct, frozen=True):
    """A container that a request creates or speaks of, and what of the JSON could not be read."""

    container: Container
    wrong: tuple[str, ...] = ()


def read_created(body: Mapping[str, Any], name: str = "") -> Created:
    """Read a body of values as JSON has them; what it leaves open is UNSET."""
    config = {key: value for key, value in body.items() if key not in {"HostConfig", "NetworkingConfig"}}
    host = _NOTHING | dict(body.get("HostConfig") or {})
    joined = (body.get("NetworkingConfig") or {}).get("EndpointsConfig") or {}
    root = {"Name": name, "Config": config, "HostConfig": host, "NetworkSettings": {"Networks": joined}}
    return _created(root)


def read_described(described: Mapping[str, Any]) -> Created:
    """Read the engine's description of a container, an object as `GET /containers/ID/json` answers."""
    host = described.get("HostConfig")
    return _created(dict(described) | ({"HostConfig": _NOTHING | host} if isinstance(host, dict) else {}))


def _created(root: Mapping[str, Any]) -> Created:
    reader = JsonReader()
    noun = read_description(reader, from_plain(root))
    open_ = {field: UNSET for field in FIELDS if getattr(noun, field) is UNKNOWN and field in _OF_CLIENTS}
    if noun.user == "":
        open_["user"] = UNSET
    return Created(replace(noun, **open_), tuple(message for message, _ in reader.wrong))
