"""Limits and use out of cgroupfs, of version 1 and 2.

https://docs.kernel.org/admin-guide/cgroup-v1/ and https://docs.kernel.org/admin-guide/cgroup-v2.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from sealock.kernel.parsing import whole
from sealock.kernel.tree import Tree
from sealock.model.absent import UNKNOWN, Maybe
from sealock.model.process import Device, Limit, Mounted

_UNLIMITED: Final = 1 << 62
"""Version 1 writes "no limit" as the largest multiple of a page; nobody has that much memory."""


class Group(Struct, frozen=True):
    """What control groups set and count for one process. Sizes in bytes, processor time in microseconds."""

    version: Maybe[int] = UNKNOWN
    resources: Maybe[tuple[Limit, ...]] = UNKNOWN
    cpuset_cpus: Maybe[str] = UNKNOWN
    cpuset_mems: Maybe[str] = UNKNOWN
    devices: Maybe[tuple[Device, ...]] = UNKNOWN
    parent_cpus: str = ""
    """What the group above may use: a set that equals it limits nothing. So too `parent_mems`."""
    parent_mems: str = ""


class Hierarchies:
    """Where the trees of control groups are mounted in a tree, by controller; "" is the unified one."""

    def __init__(self, tree: Tree, mounts: tuple[Mounted, ...]) -> None:
        self.tree = tree
        self.points: dict[str, Mounted] = {}
        for mount in mounts:
            if mount.kind == "cgroup2":
                self.points.setdefault("", mount)
            elif mount.kind == "cgroup":
                for name in mount.super_options:
                    self.points.setdefault(name, mount)

    @property
    def version(self) -> int:
        """2 where the unified tree has the controllers, else 1; 0 where none is mounted."""
        if any(name in self.points for name in ("memory", "pids", "cpu", "cpuset")):
            return 1
        return 2 if "" in self.points else 0

    def folder(self, controller: str, path: str) -> str | None:
        """The folder of a group, without a leading slash; None where the tree does not show it."""
        point = self.points.get(controller)
        if point is None or ".." in path.split("/"):
            return None
        # A container sees its own part of the tree alone, mounted as if it were the whole.
        root = point.root.rstrip("/")
        if root and path != root and not path.startswith(f"{root}/"):
            return None if path != "/" else point.target.strip("/")
        return f"{point.target}{path[len(root) :]}".strip("/").replace("//", "/")

    def read(self, groups: tuple[tuple[str, str], ...]) -> Group:
        """Read what holds for a process in these groups."""
        match self.version:
            case 1:
                return _One(self, dict(groups)).read()
            case 2:
                return _two(self, dict(groups).get("", "/"))
            case _:
                return Group()


class _One:
    """Version 1: a tree for each controller."""

    def __init__(self, trees: Hierarchies, groups: dict[str, str]) -> None:
        self.trees, self.groups = trees, groups

    def text(self, controller: str, name: str) -> str | None:
        folder = self.trees.folder(controller, self.groups.get(controller, "/"))
        held = self.trees.tree.text(f"{folder}/{name}") if folder is not None else None
        return held.strip() if isinstance(held, str) else None

    def number(self, controller: str, name: str) -> int | None:
        held = whole(self.text(controller, name))
        return None if held is not None and held >= _UNLIMITED else held

    def read(self) -> Group:
        found = list(self.resources())
        return Group(
            version=1,
            resources=tuple(found) or UNKNOWN,
            cpuset_cpus=_maybe(self.text("cpuset", "cpuset.effective_cpus") or self.text("cpuset", "cpuset.cpus")),
            cpuset_mems=_maybe(self.text("cpuset", "cpuset.effective_mems") or self.text("cpuset", "cpuset.mems")),
            devices=_devices(self.text("devices", "devices.list")),
            parent_cpus=self.above("cpuset.effective_cpus"),
            parent_mems=self.above("cpuset.effective_mems"),
        )

    def above(self, name: str) -> str:
        folder = self.trees.folder("cpuset", self.groups.get("cpuset", "/").rpartition("/")[0] or "/")
        held = self.trees.tree.text(f"{folder}/{name}") if folder is not None else ""
        return held.strip() if isinstance(held, str) else ""

    def resources(self) -> Iterator[Limit]:
        number = self.number
        if self.text("memory", "memory.limit_in_bytes") is not None:
            yield Limit("memory", number("memory", "memory.limit_in_bytes"), number("memory", "memory.usage_in_bytes"))
            yield Limit("memory.reservation", number("memory", "memory.soft_limit_in_bytes"))
            yield Limit("memory.swappiness", number("memory", "memory.swappiness"))
        if self.text("memory", "memory.memsw.limit_in_bytes") is not None:
            used = number("memory", "memory.memsw.usage_in_bytes")
            yield Limit("memory.swap", number("memory", "memory.memsw.limit_in_bytes"), used)
        if (oom := self.text("memory", "memory.oom_control")) is not None and "oom_kill_disable" in oom:
            yield Limit("memory.oom_kill_disable", int("oom_kill_disable 1" in oom))
        if self.text("pids", "pids.max") is not None:
            yield Limit("pids", number("pids", "pids.max"), number("pids", "pids.current"))
        quota = number("cpu", "cpu.cfs_quota_us")
        if quota is not None:
            yield Limit("cpu.quota", quota if quota >= 0 else None)
            yield Limit("cpu.period", number("cpu", "cpu.cfs_period_us"))
        if (shares := number("cpu", "cpu.shares")) is not None:
            yield Limit("cpu.shares", shares)
        if (spent := number("cpuacct", "cpuacct.usage")) is not None:
            yield Limit("cpu.time", None, spent // 1000)
        if (weight := number("blkio", "blkio.weight")) is not None:
            yield Limit("io.weight", weight)


def _two(trees: Hierarchies, path: str) -> Group:
    """Version 2: one tree; a limit above holds for all below."""

    def text(name: str, of: str = path) -> str | None:
        folder = trees.folder("", of)
        held = trees.tree.text(f"{folder}/{name}") if folder is not None else None
        return held.strip() if isinstance(held, str) else None

    def number(name: str, of: str = path) -> int | None:
        return whole(text(name, of))

    def lowest(name: str) -> tuple[int | None, str]:
        """The lowest limit on the way up, and the group that sets it where that is not the own one."""
        best: tuple[int | None, str] = number(name), ""
        at = path
        while at not in {"", "/"}:
            at = at.rpartition("/")[0] or "/"
            held = number(name, at)
            if held is not None and (best[0] is None or held < best[0]):
                best = held, at
        return best

    found: list[Limit] = []
    if text("memory.max") is not None:
        limit, group = lowest("memory.max")
        found += [Limit("memory", limit, number("memory.current"), group)]
        found += [Limit("memory.reservation", number("memory.low") or None)]
        swap = number("memory.swap.max")
        both = None if swap is None or limit is None else swap + limit
        found += [Limit("memory.swap", both, number("memory.swap.current"))]
    if text("pids.max") is not None:
        limit, group = lowest("pids.max")
        found.append(Limit("pids", limit, number("pids.current"), group))
    if (quota := text("cpu.max")) is not None:
        words = [*quota.split(), "", ""]
        found += [Limit("cpu.quota", whole(words[0])), Limit("cpu.period", whole(words[1]))]
    if (weight := number("cpu.weight")) is not None:
        found.append(Limit("cpu.weight", weight))
    for line in (text("cpu.stat") or "").split("\n"):
        if line.startswith("usage_usec "):
            found.append(Limit("cpu.time", None, whole(line.split()[1])))
    if (weight := whole((text("io.weight") or "").removeprefix("default").strip())) is not None:
        found.append(Limit("io.weight", weight))
    above = path.rpartition("/")[0] or "/"
    return Group(
        version=2,
        resources=tuple(found) or UNKNOWN,
        cpuset_cpus=_maybe(text("cpuset.cpus.effective")),
        cpuset_mems=_maybe(text("cpuset.mems.effective")),
        # Version 2 keeps device rules in a BPF program, which no file shows.
        devices=UNKNOWN,
        parent_cpus=text("cpuset.cpus.effective", above) or "",
        parent_mems=text("cpuset.mems.effective", above) or "",
    )


def _maybe(text: str | None) -> Maybe[str]:
    return UNKNOWN if text is None else text


def _devices(text: str | None) -> Maybe[tuple[Device, ...]]:
    if text is None:
        return UNKNOWN
    return tuple(Device(line.strip()) for line in text.split("\n")[:10_000] if line.strip())
