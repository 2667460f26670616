"""What the engine says of a container: the JSON of `docker inspect` (`GET /containers/ID/json`).

The engine writes its defaults into the container, and the image's configuration too. Its own defaults are UNSET here,
as far as they can be told from what somebody asked for; what comes from the image stays, since it holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from sealock.formats.inspect.hostconfig import host_fields, link
from sealock.formats.inspect.mounts import mounts
from sealock.formats.inspect.reader import EngineReader
from sealock.formats.jsontree import JsonNode, parse
from sealock.model.absent import UNKNOWN, UNSET, Absent, Maybe
from sealock.model.container import FIELDS, Container, Link, Network
from sealock.model.finding import InputError
from sealock.model.location import At, Location, Place

__all__ = ["Inspected", "read_inspect"]

SAYS: Final = tuple(
    field
    for field in FIELDS
    if field not in {"platform", "pull", "content_trust", "detach", "env_files", "outside", "secrets", "history"}
)
_SHORT: Final = 12
_MODES: Final = frozenset({"bridge", "host", "none"})
_BRIDGE: Final = frozenset({"", "default", "bridge"})


class Inspected(Struct, frozen=True):
    """A container as the engine describes it, and where each field stands (JSON pointers).

    `unresolved` names fields of which a part could not be read, with its pointer.
    """

    container: Container
    where: Mapping[At, Place]
    unresolved: Mapping[str, str] = {}
    errors: tuple[InputError, ...] = ()


def read_inspect(json_text: str) -> Inspected:
    """Read one container: an object, or the list of one that `docker inspect` prints."""
    root, faults = parse(json_text)
    errors = [InputError(f"not valid JSON: {fault.message}", Location("")) for fault in faults]
    if root is not None and isinstance(root.value, list) and len(root.value) == 1:
        root = root.value[0]
    if root is None or not isinstance(root.value, dict):
        errors.append(InputError("the engine should describe one container", Location("")))
        return Inspected(Container(), {}, errors=tuple(errors))
    reader = EngineReader()
    noun = _read(reader, root)
    errors += [InputError(message, Location("", pointer=node.pointer)) for message, node in reader.wrong]
    return Inspected(noun, reader.where, reader.unresolved, tuple(errors))


def _read(reader: EngineReader, root: JsonNode) -> Container:
    """Read the whole of it; what hangs on a part that is missing stays UNKNOWN."""
    reader.where[()] = root.place
    values: dict[str, Any] = {"name": _name(reader, root)}
    config, host = (_part(reader, root, name) for name in ("Config", "HostConfig"))
    if config is not None:
        values |= reader.config(config) | {
            "image": reader.text(config, "Image", "image"),
            "tty": reader.truth(config, "Tty", "tty"),
            "stdin_open": reader.truth(config, "OpenStdin", "stdin_open"),
            "hostname": _hostname(reader, root, config),
            "domainname": reader.text(config, "Domainname", "domainname"),
            "mac_address": reader.text(config, "MacAddress", "mac_address"),
            "stop_timeout": reader.whole(config, "StopTimeout", "stop_timeout", ()),
        }
    if host is not None:
        values |= host_fields(reader, host) | _networks(reader, root, host)
    values["mounts"] = UNKNOWN
    if host is not None and config is not None:
        values["mounts"] = reader.sound("mounts", lambda reader: mounts(reader, root, host, config))
    return Container(**values)


def _part(reader: EngineReader, root: JsonNode, name: str) -> JsonNode | None:
    node = reader.member(root, name)
    if node is not None and isinstance(node.value, dict):
        return node
    reader.misread(f"should hold the object {name}", root)
    return None


def _name(reader: EngineReader, root: JsonNode) -> Maybe[str]:
    """The name, without the slash before it."""
    name = reader.text(root, "Name", "name")
    return name if isinstance(name, Absent) else name.removeprefix("/") or UNSET


def _hostname(reader: EngineReader, root: JsonNode, config: JsonNode) -> Maybe[str]:
    """The host name, unless it is the short form of the container's id that the engine puts there."""
    name = reader.text(config, "Hostname", "hostname")
    return UNSET if name == reader.string(root, "Id")[:_SHORT] else name


def _networks(reader: EngineReader, root: JsonNode, host: JsonNode) -> dict[str, Any]:
    """Read how it is connected; the default bridge is nothing said."""
    mode = reader.text(host, "NetworkMode", "network_mode")
    if mode is UNKNOWN:
        return {"network_mode": UNKNOWN, "networks": UNKNOWN}
    mode = mode if isinstance(mode, str) and mode not in _BRIDGE else UNSET
    own = reader.string(root, "Id")[:_SHORT]
    joined = root.at("NetworkSettings", "Networks")
    members = [(name, node) for name, node in joined.items() if name not in _MODES] if joined is not None else []
    members.sort(key=lambda member: member[0] != mode)
    found: list[Network] = []
    links: list[Link] = []
    for name, node in members:
        reader.where["networks", len(found)] = node.place
        # Older engines put the short id among the aliases.
        found.append(Network(name, tuple(text.value for text in reader.texts(node, "Aliases") if text.value != own)))
        links += [link(text.value) for text in reader.texts(node, "Links")]
    if isinstance(mode, str) and mode not in _MODES and not mode.startswith("container:"):
        found, mode = found or [Network(mode)], UNSET
    values: dict[str, Any] = {"network_mode": mode, "networks": tuple(found) or UNSET}
    return values | ({"links": tuple(links)} if links else {})
