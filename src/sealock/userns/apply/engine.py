"""Gathers what the engine has, and how it was started."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from msgspec import Struct

from sealock.formats.daemon.flags import read_flags
from sealock.formats.engine import read_info, read_networks
from sealock.formats.inspect import read_inspect
from sealock.formats.jsonobject import decode_object, decode_objects
from sealock.model.absent import given
from sealock.model.host import Swarm
from sealock.runtime.engine import Engine
from sealock.runtime.host import read_host
from sealock.runtime.kernel import procfiles
from sealock.runtime.kernel.tree import ProcTree
from sealock.userns.plan import Bind, EngineImage, EngineVolume, PlannedContainer

_SNAPSHOTTER: Final = "io.containerd.snapshotter.v1"
_BUILT_IN: Final = frozenset({"bridge", "host", "none"})
_NO_NAME: Final = frozenset({"", "<none>:<none>"})
_PROCESSES: Final = frozenset({"dockerd", "containerd"})
"""A container's first process inherits their limits."""
_MOST: Final = 100_000


class EngineFacts(Struct):
    """Fields of `MachineFacts`, the release of the engine's kernel, and the path of its settings or ""."""

    values: dict[str, Any] = {}
    kernel: str = ""
    settings: str = ""


def engine_facts(engine: Engine, root: str) -> EngineFacts:
    """Gather everything from the engine. A container that is removed meanwhile is skipped."""
    info = engine.info()
    reported = read_info(info, engine.version())
    daemon, host = reported.daemon, reported.host
    components = given(host.components, ())
    containers: list[PlannedContainer] = []
    binds: list[Bind] = []
    for listed, answer in engine.each(lambda listed: engine.container(listed.id), engine.containers()):
        if isinstance(answer, str):
            container, running = read_inspect(answer).container, listed.state == "running"
            containers.append(PlannedContainer(listed.name, container, running, listed.id))
            binds += _binds(listed.name, answer)
    swarm = host.swarm
    values: dict[str, Any] = {
        "engine": True,
        "away": "" if engine.endpoint.kind == "unix" else str(engine.endpoint),
        "podman": any(component.name == "podman" for component in components),
        "remapped": given(daemon.userns_remap, "") != "",
        "rootless": given(daemon.rootless, False),
        "storage": given(daemon.storage_driver, ""),
        "containerd_store": _SNAPSHOTTER in info,
        "data_root": given(daemon.data_root, "").rstrip("/"),
        "live_restore": given(daemon.live_restore, False),
        "swarm": isinstance(swarm, Swarm) and swarm.active,
        "version": next((component.version for component in components if component.name == "engine"), ""),
        "images": tuple(_images(engine.images())),
        "containers": tuple(containers),
        "volumes": tuple(_volumes(engine.get("/volumes").decode("utf-8", "replace"))),
        "networks": tuple(
            network.name for network in read_networks(engine.networks()) if network.name not in _BUILT_IN
        ),
        "binds": tuple(binds),
    }
    settings = ""
    if not values["away"]:
        snapshot = read_host(root, data_root=values["data_root"], engine=engine.process())
        if snapshot.command is not None:
            values["flag"] = given(read_flags(snapshot.command).userns_remap, "")
            settings = snapshot.config_path.lstrip("/")
            values["limits"] = _limits(root)
    return EngineFacts(values, given(host.kernel, ""), settings)


def _limits(root: str) -> dict[str, int]:
    """The lowest hard limits of dockerd and containerd; {} where none could be read."""
    tree = ProcTree(root)
    lowest: dict[str, int] = {}
    try:
        for pid in tree.names("proc")[:_MOST]:
            if pid.isdigit() and tree.read_text(f"proc/{pid}/comm").strip() in _PROCESSES:
                for name, _, hard in procfiles.limits(tree.read_text(f"proc/{pid}/limits")):
                    known = lowest.get(name, -1)
                    lowest[name] = hard if known == -1 else known if hard == -1 else min(known, hard)
    finally:
        tree.close()
    return lowest


def _images(text: str) -> Iterator[EngineImage]:
    for image in decode_objects(text):
        names = [name for name in image.texts("RepoTags") if name not in _NO_NAME]
        digests = [name for name in image.texts("RepoDigests") if not name.startswith("<none>")]
        name = next(iter([*names, *digests]), image.text("Id")[:19])
        yield EngineImage(name, given(image.maybe_int("Size"), 0), bool(digests))


def _volumes(text: str) -> Iterator[EngineVolume]:
    for volume in decode_object(text).objects("Volumes"):
        if name := volume.text("Name"):
            driver, path = volume.text("Driver") or "local", volume.text("Mountpoint")
            yield EngineVolume(name, driver, path, not volume.child("Options"))


def _binds(name: str, answer: str) -> Iterator[Bind]:
    for mount in decode_object(answer).objects("Mounts"):
        source = mount.text("Source")
        if mount.text("Type") == "bind" and source.startswith("/"):
            yield Bind(name, source.rstrip("/") or "/", mount.text("Destination"), mount.maybe_bool("RW") is False)
