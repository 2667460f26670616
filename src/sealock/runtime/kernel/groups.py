"""Limits and use out of cgroupfs, of version 1 and 2.

https://docs.kernel.org/admin-guide/cgroup-v1/ and https://docs.kernel.org/admin-guide/cgroup-v2.html
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Final

from msgspec import Struct

from sealock.model.absent import UNKNOWN, Maybe
from sealock.model.process import AllowedDevice, Limit, Mounted
from sealock.runtime.kernel import devices
from sealock.runtime.kernel.procfiles import whole
from sealock.runtime.kernel.tree import ProcTree

_UNLIMITED: Final = 1 << 62
"""Version 1 writes "no limit" as the largest multiple of a page; nobody has that much memory."""

_DEEPEST: Final = 64
"""Groups above one another at the most."""
_DISKS: Final = 100
_RATES: Final = {"rbps": "io.read", "wbps": "io.write", "riops": "io.reads", "wiops": "io.writes"}


class Group(Struct, frozen=True):
    """What control groups set and count for one process. Sizes in bytes, processor time in microseconds."""

    version: Maybe[int] = UNKNOWN
    resources: Maybe[tuple[Limit, ...]] = UNKNOWN
    cpuset_cpus: Maybe[str] = UNKNOWN
    cpuset_mems: Maybe[str] = UNKNOWN
    devices: Maybe[tuple[AllowedDevice, ...]] = UNKNOWN
    parent_cpus: str = ""
    """What the group above may use: a set that equals it limits nothing. So too `parent_mems`."""
    parent_mems: str = ""


class Hierarchies:
    """Where the trees of control groups are mounted in a tree, by controller; "" is the unified one."""

    def __init__(self, tree: ProcTree, mounts: tuple[Mounted, ...]) -> None:
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

    def devices(self, path: str) -> Maybe[tuple[AllowedDevice, ...]]:
        """The device rules of version 2, which a program of the kernel holds; a recording has none."""
        folder = self.folder("", path)
        if folder is None or not self.tree.live:
            return UNKNOWN
        try:
            group = os.open(
                folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self.tree.descriptor
            )
        except OSError:
            return UNKNOWN
        try:
            found = devices.rules(group)
        finally:
            os.close(group)
        return UNKNOWN if found is None else found

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

    def text(self, controller: str, name: str, path: str = "") -> str | None:
        folder = self.trees.folder(controller, path or self.groups.get(controller, "/"))
        held = self.trees.tree.text(f"{folder}/{name}") if folder is not None else None
        return held.strip() if isinstance(held, str) else None

    def number(self, controller: str, name: str, path: str = "") -> int | None:
        held = whole(self.text(controller, name, path))
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

    def lowest(self, controller: str, name: str) -> tuple[int | None, str]:
        """The lowest limit on the way up, as in version 2: these controllers count what is below too."""
        return _lowest(self.groups.get(controller, "/"), lambda path: self.number(controller, name, path))

    def quota(self, path: str) -> tuple[int | None, int | None]:
        quota = self.number("cpu", "cpu.cfs_quota_us", path)
        return None if quota is None or quota < 0 else quota, self.number("cpu", "cpu.cfs_period_us", path)

    def resources(self) -> Iterator[Limit]:
        number = self.number
        if self.text("memory", "memory.limit_in_bytes") is not None:
            limit, group = self.lowest("memory", "memory.limit_in_bytes")
            peak = number("memory", "memory.max_usage_in_bytes")
            yield Limit("memory", limit, number("memory", "memory.usage_in_bytes"), group, peak)
            yield Limit("memory.reservation", number("memory", "memory.soft_limit_in_bytes"))
            yield Limit("memory.swappiness", number("memory", "memory.swappiness"))
        if self.text("memory", "memory.memsw.limit_in_bytes") is not None:
            used, peak = (number("memory", f"memory.memsw.{name}_in_bytes") for name in ("usage", "max_usage"))
            limit, group = self.lowest("memory", "memory.memsw.limit_in_bytes")
            yield Limit("memory.swap", limit, used, group, peak)
        if (oom := self.text("memory", "memory.oom_control")) is not None and "oom_kill_disable" in oom:
            yield Limit("memory.oom_kill_disable", int("oom_kill_disable 1" in oom))
        # The first group of a controller has no file of a limit: nothing limits what is in it.
        if self.text("pids", "pids.max") is not None or self.first("pids"):
            limit, group = self.lowest("pids", "pids.max")
            yield Limit("pids", limit, number("pids", "pids.current"), group, number("pids", "pids.peak"))
        if number("cpu", "cpu.cfs_quota_us") is not None or self.first("cpu"):
            yield from _fewest(self.groups.get("cpu", "/"), self.quota)
        if (shares := number("cpu", "cpu.shares")) is not None:
            yield Limit("cpu.shares", shares)
        if (spent := number("cpuacct", "cpuacct.usage")) is not None:
            yield Limit("cpu.time", None, spent // 1000)
        held = whole(_row(self.text("cpu", "cpu.stat"), "throttled_time"))
        if held is not None:
            yield Limit("cpu.throttled", None, held // 1000)
        if (weight := number("blkio", "blkio.weight")) is not None:
            yield Limit("io.weight", weight)
        for what in ("read", "write"):
            for line in (self.text("blkio", f"blkio.throttle.{what}_bps_device") or "").split("\n")[:_DISKS]:
                device, _, rate = line.partition(" ")
                if (limit := whole(rate)) is not None:
                    yield Limit(f"io.{what}:{device}", limit)

    def first(self, controller: str) -> bool:
        """Whether the process is in a controller's first group."""
        return controller in self.trees.points and self.groups.get(controller) == "/" and not self.nested(controller)

    def nested(self, controller: str) -> bool:
        """Whether "/" may be a part of the tree that is shown as if it were the whole."""
        folder = self.trees.folder(controller, "/")
        return folder is None or not self.trees.tree.there(f"{folder}/release_agent")


def _two(trees: Hierarchies, path: str) -> Group:
    """Version 2: one tree; a limit above holds for all below."""

    def text(name: str, of: str = path) -> str | None:
        folder = trees.folder("", of)
        held = trees.tree.text(f"{folder}/{name}") if folder is not None else None
        return held.strip() if isinstance(held, str) else None

    def number(name: str, of: str = path) -> int | None:
        return whole(text(name, of))

    def lowest(name: str) -> tuple[int | None, str]:
        return _lowest(path, lambda of: number(name, of))

    def quota(of: str) -> tuple[int | None, int | None]:
        words = [*(text("cpu.max", of) or "").split(), "", ""]
        return whole(words[0]), whole(words[1])

    # A controller that was not handed down to this group limits by the groups above alone.
    there = text("cgroup.controllers") is not None
    found: list[Limit] = []
    if there or text("memory.max") is not None:
        limit, group = lowest("memory.max")
        used = number("memory.current")
        found += [Limit("memory", limit, used, group, number("memory.peak"))]
        found += [Limit("memory.reservation", number("memory.low") or None)]
        if text("memory.swap.max") is not None:
            (more, _), used_more = lowest("memory.swap.max"), number("memory.swap.current")
            both = None if more is None or limit is None else more + limit
            found += [Limit("memory.swap", both, None if used is None or used_more is None else used + used_more)]
    if there or text("pids.max") is not None:
        limit, group = lowest("pids.max")
        found.append(Limit("pids", limit, number("pids.current"), group, number("pids.peak")))
    if there or text("cpu.max") is not None:
        found += _fewest(path, quota)
    if (weight := number("cpu.weight")) is not None:
        found.append(Limit("cpu.weight", weight))
    for name, row in (("cpu.time", "usage_usec"), ("cpu.throttled", "throttled_usec")):
        if (held := whole(_row(text("cpu.stat"), row))) is not None:
            found.append(Limit(name, None, held))
    if (weight := whole((text("io.weight") or "").removeprefix("default").split("\n")[0].strip())) is not None:
        found.append(Limit("io.weight", weight))
    found += _rates(text("io.max") or "")
    above = path.rpartition("/")[0] or "/"
    return Group(
        version=2,
        resources=tuple(found) or UNKNOWN,
        cpuset_cpus=_maybe(text("cpuset.cpus.effective")),
        cpuset_mems=_maybe(text("cpuset.mems.effective")),
        devices=trees.devices(path),
        parent_cpus=text("cpuset.cpus.effective", above) or "",
        parent_mems=text("cpuset.mems.effective", above) or "",
    )


def _lowest(path: str, number: Callable[[str], int | None]) -> tuple[int | None, str]:
    """The lowest limit on the way up, and the group that sets it where that is not the own one."""
    best, group = number(path), ""
    for at in _ways_up(path):
        held = number(at)
        if held is not None and (best is None or held < best):
            best, group = held, at
    return best, group


def _ways_up(path: str) -> Iterator[str]:
    """The groups above a group, from the nearest on."""
    for _ in range(_DEEPEST):
        if path in {"", "/"}:
            return
        path = path.rpartition("/")[0] or "/"
        yield path


def _fewest(path: str, quota: Callable[[str], tuple[int | None, int | None]]) -> tuple[Limit, Limit]:
    """The quota in its period that allows the fewest processors, on the way up."""
    best, group = quota(path), ""
    for at in _ways_up(path):
        held = quota(at)
        if (
            held[0] is not None
            and held[1]
            and (best[0] is None or not best[1] or held[0] * best[1] < best[0] * held[1])
        ):
            best, group = held, at
    return Limit("cpu.quota", best[0], None, group), Limit("cpu.period", best[1])


def _row(text: str | None, name: str) -> str | None:
    """The value of a line "name value"."""
    return next((line[len(name) + 1 :] for line in (text or "").split("\n") if line.startswith(f"{name} ")), None)


def _rates(text: str) -> Iterator[Limit]:
    """The lines of io.max: "8:0 rbps=1048576 wbps=max riops=max wiops=max"."""
    for line in text.split("\n")[:_DISKS]:
        device, *words = line.split()[:5] or [""]
        for word in words:
            key, _, rate = word.partition("=")
            if key in _RATES and (limit := whole(rate)) is not None:
                yield Limit(f"{_RATES[key]}:{device}", limit)


def _maybe(text: str | None) -> Maybe[str]:
    return UNKNOWN if text is None else text


def _devices(text: str | None) -> Maybe[tuple[AllowedDevice, ...]]:
    if text is None:
        return UNKNOWN
    return tuple(AllowedDevice(line.strip()) for line in text.split("\n")[:10_000] if line.strip())
