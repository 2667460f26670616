"""Reads the engine's description of a container, or what a request would make of one."""

from __future__ import annotations

from typing import Any, Final

from sealock.formats.imageconfig import read_config
from sealock.formats.inspect.hostconfig import host_fields, read_link
from sealock.formats.inspect.mounts import read_mounts
from sealock.formats.jsonreader import JsonReader
from sealock.formats.jsontree import JsonNode
from sealock.model.absent import UNKNOWN, UNSET, Absent, Maybe
from sealock.model.container import POD_FIELDS, Container, Link, Network

OF_CLIENTS: Final = frozenset({
    "platform", "pull", "content_trust", "detach", "env_files", "hooks", "outside", "secrets",
})  # fmt: skip
"""Fields that no engine knows."""
_SHORT: Final = 12
_MODES: Final = frozenset({"bridge", "host", "none"})
_BRIDGE: Final = frozenset({"", "default", "bridge"})


def read_description(reader: JsonReader, root: JsonNode, *, complete: bool = False) -> Container:
    """Read all of it; fields of a part that is missing stay UNKNOWN. `complete`: a missing setting is one not set."""
    reader.where[()] = root.place
    values: dict[str, Any] = {"name": _name(reader, root), **dict.fromkeys(POD_FIELDS, UNSET)}
    config, host = (_part(reader, root, name) for name in ("Config", "HostConfig"))
    if config is not None:
        values |= read_config(reader, config) | {
            "image": reader.maybe_text(config, "Image", "image"),
            "user": _user(reader, config),
            "tty": reader.maybe_bool(config, "Tty", "tty"),
            "stdin_open": reader.maybe_bool(config, "OpenStdin", "stdin_open"),
            "hostname": _hostname(reader, root, config),
            "domainname": reader.maybe_text(config, "Domainname", "domainname"),
            "mac_address": reader.maybe_text(config, "MacAddress", "mac_address"),
            "stop_timeout": reader.maybe_int(config, "StopTimeout", "stop_timeout", ()),
        }
    if host is not None:
        values |= host_fields(reader, host, complete=complete) | _networks(reader, root, host)
    values["mounts"] = UNKNOWN
    if host is not None and config is not None:
        values["mounts"] = reader.compound("mounts", lambda: read_mounts(reader, root, host, config))
    return Container(**values)


def _part(reader: JsonReader, root: JsonNode, name: str) -> JsonNode | None:
    node = root.get(name)
    if node is not None and isinstance(node.value, dict):
        return node
    reader.misread(f"should have the object {name}", root)
    return None


def _name(reader: JsonReader, root: JsonNode) -> Maybe[str]:
    """The name, without the slash before it."""
    name = reader.maybe_text(root, "Name", "name")
    return name if isinstance(name, Absent) else name.removeprefix("/") or UNSET


def _user(reader: JsonReader, config: JsonNode) -> Maybe[str]:
    """The user; "" for none, in the image neither: the engine writes the image's into the container."""
    node = reader.typed(config, "User", str, "user")
    return node if isinstance(node, Absent) else node.value


def _hostname(reader: JsonReader, root: JsonNode, config: JsonNode) -> Maybe[str]:
    """The host name, unless it is the short container id that the engine sets by default."""
    name = reader.maybe_text(config, "Hostname", "hostname")
    return UNSET if name == reader.text(root, "Id")[:_SHORT] else name


def _networks(reader: JsonReader, root: JsonNode, host: JsonNode) -> dict[str, Any]:
    """Read how it is connected; the default bridge is UNSET."""
    mode = reader.maybe_text(host, "NetworkMode", "network_mode")
    if mode is UNKNOWN:
        return {"network_mode": UNKNOWN, "networks": UNKNOWN}
    mode = mode if isinstance(mode, str) and mode not in _BRIDGE else UNSET
    own = reader.text(root, "Id")[:_SHORT]
    joined = root.at("NetworkSettings", "Networks")
    members = [(name, node) for name, node in joined.items() if name not in _MODES] if joined is not None else []
    members.sort(key=lambda member: member[0] != mode)
    networks: list[Network] = []
    links: list[Link] = []
    for name, node in members:
        reader.where["networks", len(networks)] = node.place
        # Older engines put the short id among the aliases.
        networks.append(Network(name, tuple(text.value for text in reader.texts(node, "Aliases") if text.value != own)))
        links += [read_link(text.value) for text in reader.texts(node, "Links")]
    if isinstance(mode, str) and mode not in _MODES and not mode.startswith("container:"):
        networks, mode = networks or [Network(mode)], UNSET
    values: dict[str, Any] = {"network_mode": mode, "networks": tuple(networks) or UNSET}
    return values | ({"links": tuple(links)} if links else {})
