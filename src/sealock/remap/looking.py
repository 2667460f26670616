"""Looks at the machine and asks the engine for everything that a plan is made of. It changes nothing."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from sealock.engine import Engine
from sealock.formats.engine import read_info
from sealock.formats.inspect import read_inspect
from sealock.kernel.tree import Silence, Tree
from sealock.model.absent import given
from sealock.model.host import Swarm
from sealock.remapping import Bind, Image, Machine, Owned, Runs

_ENTRIES: Final = 200_000
"""Files of one folder whose owners are looked at."""
CONFIG: Final = "etc/docker/daemon.json"


def look(engine: Engine | None, root: str = "/") -> Machine:
    """Gather the facts; what cannot be read or asked stays None or empty, and the plan says so."""
    tree = Tree(root)
    try:
        values = _here(tree)
    finally:
        tree.close()
    if engine is not None:
        values |= _asked(engine)
        values["owned"] = tuple(owners(os.path.join(root, one.lstrip("/"))) for one in _paths(values["binds"]))
        if root != "/":
            values["owned"] = tuple(
                msgspec.structs.replace(one, path=f"/{os.path.relpath(one.path, root)}") for one in values["owned"]
            )
    return Machine(**values)


def _here(tree: Tree) -> dict[str, Any]:
    most = tree.text("proc/sys/user/max_user_namespaces")
    files = {name: tree.text(f"etc/{name}") for name in ("subuid", "subgid", "passwd", "group")}
    return {
        "user_namespaces": tree.there("proc/self/ns/user") if tree.there("proc/self/ns") else None,
        "most_namespaces": int(most) if isinstance(most, str) and most.strip().isdigit() else None,
        "subuid": _file(files["subuid"]),
        "subgid": _file(files["subgid"]),
        "accounts": dict(_accounts(files["passwd"])),
        "groups": dict(_accounts(files["group"])),
        "remap_setting": setting(tree.text(CONFIG)),
    }


def _file(held: str | Silence) -> str | None:
    return held if isinstance(held, str) else "" if held is Silence.MISSING else None


def _accounts(held: str | Silence) -> Iterator[tuple[str, int]]:
    for line in (held if isinstance(held, str) else "").split("\n"):
        words = line.split(":")
        if len(words) > 2 and words[2].isascii() and words[2].isdigit():
            yield words[0], int(words[2])


def setting(held: str | Silence) -> str:
    """What daemon.json says of remapping, "" where it says nothing."""
    try:
        said = msgspec.json.decode(held) if isinstance(held, str) and held.strip() else {}
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return ""
    value = said.get("userns-remap") if isinstance(said, dict) else None
    return value if isinstance(value, str) else ""


def _asked(engine: Engine) -> dict[str, Any]:
    """What the engine holds. A container that is removed meanwhile is left out."""
    told = read_info(engine.info(), engine.version())
    daemon, host = told.daemon, told.host
    data_root = given(daemon.data_root, "")
    containers: list[Runs] = []
    binds: list[Bind] = []
    for listed, answer in engine.each(lambda one: engine.container(one.id), engine.containers()):
        if isinstance(answer, str):
            containers.append(Runs(listed.name, read_inspect(answer).container, listed.state == "running"))
            binds += _binds(listed.name, answer)
    swarm = host.swarm
    return {
        "engine": True,
        "remapped": given(daemon.userns_remap, "") != "",
        "rootless": given(daemon.rootless, False),
        "storage": given(daemon.storage_driver, ""),
        "data_root": data_root,
        "free": _free(data_root),
        "swarm": isinstance(swarm, Swarm) and swarm.active,
        "version": next((one.version for one in given(host.components, ()) if one.name == "engine"), ""),
        "images": tuple(_images(engine.images())),
        "containers": tuple(containers),
        "volumes": tuple(_volumes(engine.get("/volumes"))),
        "binds": tuple(binds),
    }


class _Image(msgspec.Struct, rename="pascal"):
    id: str = ""
    repo_tags: list[str] | None = None
    size: int = 0


class _Volume(msgspec.Struct, rename="pascal"):
    name: str = ""


class _Volumes(msgspec.Struct, rename="pascal"):
    volumes: list[_Volume] | None = None


class _Mount(msgspec.Struct, rename="pascal"):
    type: str = ""
    name: str = ""
    source: str = ""
    destination: str = ""
    rw: bool = msgspec.field(default=True, name="RW")


class _Mounted(msgspec.Struct, rename="pascal"):
    mounts: list[_Mount] | None = None


def _images(text: str) -> Iterator[Image]:
    for one in _decoded(text.encode(), list[_Image]) or ():
        yield Image(next(iter(one.repo_tags or ()), one.id[:19]), one.size)


def _volumes(body: bytes) -> Iterator[str]:
    held = _decoded(body, _Volumes)
    for one in (held.volumes or ()) if held is not None else ():
        yield one.name


def _binds(name: str, answer: str) -> Iterator[Bind]:
    held = _decoded(answer.encode(), _Mounted)
    for one in (held.mounts or ()) if held is not None else ():
        if one.type in {"bind", "volume"} and one.source.startswith("/"):
            yield Bind(name, one.source, one.destination, one.name if one.type == "volume" else "", not one.rw)


def _decoded(body: bytes, kind: Any) -> Any:  # noqa: ANN401  a type, and a value of it
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, RecursionError):
        return None


def _free(path: str) -> int | None:
    try:
        return shutil.disk_usage(path).free if path else None
    except OSError:
        return None


def _paths(binds: Iterable[Bind]) -> Iterator[str]:
    yield from dict.fromkeys(one.path for one in binds if not one.volume and not one.read_only)


def owners(path: str, most: int = _ENTRIES) -> Owned:
    """Count who owns what in a folder and below, on one file system, never following a link out of it."""
    counts: dict[tuple[int, int], int] = {}
    seen = 0
    try:
        first = os.lstat(path)
    except OSError:
        return Owned(path, (), whole=False)
    whole = True
    folders: list[str] = []

    def note(held: os.stat_result) -> None:
        counts[held.st_uid, held.st_gid] = counts.get((held.st_uid, held.st_gid), 0) + 1

    note(first)
    if stat.S_ISDIR(first.st_mode):
        folders.append(path)
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    seen += 1
                    if seen > most:
                        return _owned(path, counts, whole=False)
                    held = entry.stat(follow_symlinks=False)
                    if held.st_dev != first.st_dev:
                        continue
                    note(held)
                    if stat.S_ISDIR(held.st_mode):
                        folders.append(entry.path)
        except OSError:
            whole = False
    return _owned(path, counts, whole=whole)


def _owned(path: str, counts: dict[tuple[int, int], int], *, whole: bool) -> Owned:
    return Owned(path, tuple((uid, gid, count) for (uid, gid), count in sorted(counts.items())), whole)
