"""Mounts: the requested ones, and those that the engine added."""

from __future__ import annotations

from typing import Any

from sealock.formats.jsonreader import JsonReader
from sealock.formats.jsontree import JsonNode
from sealock.formats.runargs.mounts import parse_volume
from sealock.model.absent import UNSET, Maybe
from sealock.model.container import Mount


def read_mounts(reader: JsonReader, root: JsonNode, host: JsonNode, config: JsonNode) -> Maybe[tuple[Mount, ...]]:
    """The requested mounts, then those that the engine added (--volumes-from, the image's volumes)."""
    mounts: dict[str, Mount] = {}

    def add(mount: Mount, node: JsonNode) -> None:
        if mount.target not in mounts:
            reader.where["mounts", len(mounts)] = node.place
            mounts[mount.target] = mount

    for node in reader.texts(host, "Binds"):
        try:
            add(parse_volume(node.value, drives=False), node)
        except ValueError as fault:
            reader.wrong.append((f"{node.pointer}: {fault}", node))
    for node in reader.elements(host, "Mounts"):
        add(_requested(reader, node), node)
    for target, node in reader.items(host, "Tmpfs"):
        options = node.value.split(",") if isinstance(node.value, str) and node.value else []
        kept = tuple(option for option in options if option not in {"ro", "rw"})
        add(Mount("tmpfs", None, target, read_only="ro" in options, options=kept), node)
    for target, node in reader.items(config, "Volumes"):
        add(Mount("volume", None, target), node)
    for node in reader.elements(root, "Mounts"):
        add(_effective(reader, node), node)
    if (requested := reader.member(host, "Mounts")) is not None:
        reader.where.setdefault(("mounts",), requested.place)
    return tuple(mounts.values()) or UNSET


def _requested(reader: JsonReader, node: JsonNode) -> Mount:
    """Read one of HostConfig.Mounts."""
    bind, volumes, tmpfs = (
        reader.member(node, f"{kind}Options") or JsonNode({}, 0, 0, node, kind) for kind in ("Bind", "Volume", "Tmpfs")
    )
    options: list[str] = []
    if size := reader.number(tmpfs, "SizeBytes"):
        options.append(f"size={int(size)}")
    if mode := reader.number(tmpfs, "Mode"):
        options.append(f"mode={int(mode):o}")
    if reader.maybe_bool(volumes, "NoCopy") is True:
        options.append("nocopy")
    kind: Any = reader.text(node, "Type") or "volume"
    read_only = reader.maybe_bool(node, "ReadOnly") is True
    propagation = reader.text(bind, "Propagation") or None
    source, target = reader.text(node, "Source") or None, reader.text(node, "Target")
    return Mount(kind, source, target, read_only, propagation, tuple(options))


def _effective(reader: JsonReader, node: JsonNode) -> Mount:
    """Read one of the Mounts that the engine made."""
    kind: Any = reader.text(node, "Type") or "volume"
    source = reader.text(node, "Name" if kind == "volume" else "Source") or None
    read_only = reader.maybe_bool(node, "RW", default=None) is False
    return Mount(kind, source, reader.text(node, "Destination"), read_only, reader.text(node, "Propagation") or None)
