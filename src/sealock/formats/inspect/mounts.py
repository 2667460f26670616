"""Mounts: what was asked for, and what the engine mounted besides."""

from __future__ import annotations

from typing import Any

from sealock.formats.inspect.reader import EngineReader
from sealock.formats.jsontree import JsonNode
from sealock.formats.runargs.mounts import volume
from sealock.model.absent import UNSET, Maybe
from sealock.model.container import Mount


def mounts(reader: EngineReader, root: JsonNode, host: JsonNode, config: JsonNode) -> Maybe[tuple[Mount, ...]]:
    """What was asked for, then what the engine mounted besides (--volumes-from, the image's volumes)."""
    found: dict[str, Mount] = {}

    def add(mount: Mount, node: JsonNode) -> None:
        if mount.target not in found:
            reader.where["mounts", len(found)] = node.place
            found[mount.target] = mount

    for node in reader.texts(host, "Binds"):
        try:
            add(volume(node.value, drives=False), node)
        except ValueError as fault:
            reader.wrong.append((f"{node.pointer}: {fault}", node))
    asked = reader.member(host, "Mounts")
    for node in asked.elements() if asked is not None else ():
        add(_asked(reader, node), node)
    tmpfs = reader.member(host, "Tmpfs")
    for target, node in tmpfs.items() if tmpfs is not None else ():
        options = node.value.split(",") if isinstance(node.value, str) and node.value else []
        kept = tuple(option for option in options if option not in {"ro", "rw"})
        add(Mount("tmpfs", None, target, read_only="ro" in options, options=kept), node)
    anonymous = reader.member(config, "Volumes")
    for target, node in anonymous.items() if anonymous is not None else ():
        add(Mount("volume", None, target), node)
    mounted = reader.member(root, "Mounts")
    for node in mounted.elements() if mounted is not None else ():
        add(_mounted(reader, node), node)
    if asked is not None:
        reader.where.setdefault(("mounts",), asked.place)
    return tuple(found.values()) or UNSET


def _asked(reader: EngineReader, node: JsonNode) -> Mount:
    """One of HostConfig.Mounts."""
    bind, volumes, tmpfs = (
        reader.member(node, f"{kind}Options") or JsonNode({}, 0, 0, node, kind) for kind in ("Bind", "Volume", "Tmpfs")
    )
    options: list[str] = []
    if size := reader.number(tmpfs, "SizeBytes"):
        options.append(f"size={int(size)}")
    if mode := reader.number(tmpfs, "Mode"):
        options.append(f"mode={int(mode):o}")
    if reader.truth(volumes, "NoCopy", "") is True:
        options.append("nocopy")
    kind: Any = reader.string(node, "Type") or "volume"
    read_only = reader.truth(node, "ReadOnly", "") is True
    propagation = reader.string(bind, "Propagation") or None
    return Mount(
        kind,
        reader.string(node, "Source") or None,
        reader.string(node, "Target"),
        read_only,
        propagation,
        tuple(options),
    )


def _mounted(reader: EngineReader, node: JsonNode) -> Mount:
    """One of the mounts that the engine made."""
    kind: Any = reader.string(node, "Type") or "volume"
    source = reader.string(node, "Name" if kind == "volume" else "Source") or None
    read_only = reader.truth(node, "RW", "", default=None) is False
    return Mount(
        kind, source, reader.string(node, "Destination"), read_only, reader.string(node, "Propagation") or None
    )
