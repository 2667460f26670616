"""Limits and usage from cgroupfs, version 1 and 2.

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
"""Version 1 writes "no limit" as the largest multiple of a page, which is more memory than any machine has."""

_DEEPEST: Final = 64
"""Levels of nested cgroups."""
_DISKS: Final = 100
_RATES: Final = {"rbps": "io.read", "wbps": "io.write", "riops": "io.reads", "wiops": "io.writes"}


class Group(Struct, frozen=True):
    """What cgroups limit and count for one process. Sizes in bytes, CPU time in microseconds."""

    version: Maybe[int] = UNKNOWN
    resources: Maybe[tuple[Limit, ...]] = UNKNOWN
    cpuset_cpus: Maybe[str] = UNKNOWN
    cpuset_mems: Maybe[str] = UNKNOWN
    devices: Maybe[tuple[AllowedDevice, ...]] = UNKNOWN
    parent_cpus: str = ""
    """What the parent may use: a cpuset that equals it limits nothing. The same for `parent_mems`."""
    parent_mems: str = ""


class Hierarchies:
    """Where the cgroup hierarchies are mounted, by controller; "" is the unified one."""

    def __init__(self, tree: ProcTree, mounts: tuple[Mounted, ...]) -> None:
        self.tree, self.mounts = tree, mounts
        self.points: dict[str, Mounted] = {}
        for mount in mounts:
            if mount.kind == "cgroup2":
                self.points.setdefault("", mount)
            elif mount.kind == "cgroup":
                for name in mount.super_options:
                    self.points.setdefault(name, mount)

    @property
    def version(self) -> int:
        """2 where the unified hierarchy has the controllers, else 1; 0 where none is mounted."""
        if any(name in self.points for name in ("memory", "pids", "cpu", "cpuset")):
            return 1
        return 2 if "" in self.points else 0

    def directory(self, controller: str, path: str) -> str | None:
        """The directory of a cgroup, without a leading slash; None where the tree does not show it."""
        point = self.points.get(controller)
        if point is None or ".." in path.split("/"):
            return None
        # A container sees only its own part of the hierarchy, mounted as if it were the whole.
        root = point.root.rstrip("/")
        if root and path != root and not path.startswith(f"{root}/"):
            return None if path != "/" else point.target.strip("/")
        return f"{point.target}{path[len(root) :]}".strip("/").replace("//", "/")

    def read_file(self, controller: str, path: str, name: str) -> str | None:
        """A file of a cgroup; None where it could not be read."""
        directory = self.directory(controller, path)
        text = None if directory is None else self.tree.text(f"{directory}/{name}")
        return text.strip() if isinstance(text, str) else None

    def devices(self, path: str) -> Maybe[tuple[AllowedDevice, ...]]:
        """The device rules of version 2, which are a BPF program; a recording has none."""
        directory = self.directory("", path)
        if directory is None or not self.tree.live:
            return UNKNOWN
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            group = os.open(directory, flags, dir_fd=self.tree.descriptor)
        except OSError:
            return UNKNOWN
        try:
            rules = devices.rules(group)
        finally:
            os.close(group)
        return UNKNOWN if rules is None else rules

    def read(self, groups: tuple[tuple[str, str], ...]) -> Group:
        """Read what limits a process in these cgroups."""
        match self.version:
            case 1:
                return _Version1(self, dict(groups)).read()
            case 2:
                return _version_2(self, dict(groups).get("", "/"))
            case _:
                return Group()


class _Version1:
    """Version 1: a hierarchy for each controller."""

    def __init__(self, trees: Hierarchies, groups: dict[str, str]) -> None:
        self.trees, self.groups = trees, groups

    def text(self, controller: str, name: str, path: str = "") -> str | None:
        return self.trees.read_file(controller, path or self.groups.get(controller, "/"), name)

    def number(self, controller: str, name: str, path: str = "") -> int | None:
        number = whole(self.text(controller, name, path))
        return None if number is not None and number >= _UNLIMITED else number

    def read(self) -> Group:
        return Group(
            version=1,
            resources=tuple(self.resources()) or UNKNOWN,
            cpuset_cpus=_maybe(self.text("cpuset", "cpuset.effective_cpus") or self.text("cpuset", "cpuset.cpus")),
            cpuset_mems=_maybe(self.text("cpuset", "cpuset.effective_mems") or self.text("cpuset", "cpuset.mems")),
            devices=_devices(self.text("devices", "devices.list")),
            parent_cpus=self.parent("cpuset.effective_cpus"),
            parent_mems=self.parent("cpuset.effective_mems"),
        )

    def parent(self, name: str) -> str:
        parent = self.groups.get("cpuset", "/").rpartition("/")[0] or "/"
        return self.trees.read_file("cpuset", parent, name) or ""

    def lowest(self, controller: str, name: str) -> tuple[int | None, str]:
        """The lowest limit of the cgroup and its ancestors, since these controllers are hierarchical too."""
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
        # The root cgroup of a controller has no limit file: nothing limits the processes in it.
        if self.text("pids", "pids.max") is not None or self.is_root("pids"):
            limit, group = self.lowest("pids", "pids.max")
            yield Limit("pids", limit, number("pids", "pids.current"), group, number("pids", "pids.peak"))
        if number("cpu", "cpu.cfs_quota_us") is not None or self.is_root("cpu"):
            yield from _fewest(self.groups.get("cpu", "/"), self.quota)
        if (shares := number("cpu", "cpu.shares")) is not None:
            yield Limit("cpu.shares", shares)
        if (spent := number("cpuacct", "cpuacct.usage")) is not None:
            yield Limit("cpu.time", None, spent // 1000)
        if (throttled := whole(_row(self.text("cpu", "cpu.stat"), "throttled_time"))) is not None:
            yield Limit("cpu.throttled", None, throttled // 1000)
        if (weight := number("blkio", "blkio.weight")) is not None:
            yield Limit("io.weight", weight)
        for operation in ("read", "write"):
            for line in (self.text("blkio", f"blkio.throttle.{operation}_bps_device") or "").split("\n")[:_DISKS]:
                device, _, rate = line.partition(" ")
                if (limit := whole(rate)) is not None:
                    yield Limit(f"io.{operation}:{device}", limit)

    def is_root(self, controller: str) -> bool:
        """Whether the process is in a controller's root cgroup."""
        return controller in self.trees.points and self.groups.get(controller) == "/" and not self.nested(controller)

    def nested(self, controller: str) -> bool:
        """Whether "/" may be a part of the hierarchy that is shown as if it were the whole."""
        directory = self.trees.directory(controller, "/")
        return directory is None or not self.trees.tree.exists(f"{directory}/release_agent")


def _version_2(trees: Hierarchies, path: str) -> Group:
    """Version 2: one hierarchy; a limit applies to all descendants."""

    def text(name: str, of: str = path) -> str | None:
        return trees.read_file("", of, name)

    def number(name: str, of: str = path) -> int | None:
        return whole(text(name, of))

    def lowest(name: str) -> tuple[int | None, str]:
        return _lowest(path, lambda of: number(name, of))

    def quota(of: str) -> tuple[int | None, int | None]:
        words = [*(text("cpu.max", of) or "").split(), "", ""]
        return whole(words[0]), whole(words[1])

    # A controller that is not delegated to this cgroup limits it through the ancestors.
    exists = text("cgroup.controllers") is not None
    resources: list[Limit] = []
    if exists or text("memory.max") is not None:
        limit, group = lowest("memory.max")
        used = number("memory.current")
        resources += [Limit("memory", limit, used, group, number("memory.peak"))]
        resources += [Limit("memory.reservation", number("memory.low") or None)]
        if text("memory.swap.max") is not None:
            (swap, _), swapped = lowest("memory.swap.max"), number("memory.swap.current")
            both = None if swap is None or limit is None else swap + limit
            resources += [Limit("memory.swap", both, None if used is None or swapped is None else used + swapped)]
    if exists or text("pids.max") is not None:
        limit, group = lowest("pids.max")
        resources.append(Limit("pids", limit, number("pids.current"), group, number("pids.peak")))
    if exists or text("cpu.max") is not None:
        resources += _fewest(path, quota)
    if (weight := number("cpu.weight")) is not None:
        resources.append(Limit("cpu.weight", weight))
    for name, row in (("cpu.time", "usage_usec"), ("cpu.throttled", "throttled_usec")):
        if (spent := whole(_row(text("cpu.stat"), row))) is not None:
            resources.append(Limit(name, None, spent))
    if (weight := whole((text("io.weight") or "").removeprefix("default").split("\n")[0].strip())) is not None:
        resources.append(Limit("io.weight", weight))
    resources += _rates(text("io.max") or "")
    parent = path.rpartition("/")[0] or "/"
    return Group(
        version=2,
        resources=tuple(resources) or UNKNOWN,
        cpuset_cpus=_maybe(text("cpuset.cpus.effective")),
        cpuset_mems=_maybe(text("cpuset.mems.effective")),
        devices=trees.devices(path),
        parent_cpus=text("cpuset.cpus.effective", parent) or "",
        parent_mems=text("cpuset.mems.effective", parent) or "",
    )


def _lowest(path: str, number: Callable[[str], int | None]) -> tuple[int | None, str]:
    """The lowest limit of a cgroup and its ancestors, and the ancestor that sets it, or ""."""
    lowest, group = number(path), ""
    for ancestor in _ancestors(path):
        limit = number(ancestor)
        if limit is not None and (lowest is None or limit < lowest):
            lowest, group = limit, ancestor
    return lowest, group


def _ancestors(path: str) -> Iterator[str]:
    """The cgroups above a cgroup, the nearest first."""
    for _ in range(_DEEPEST):
        if path in {"", "/"}:
            return
        path = path.rpartition("/")[0] or "/"
        yield path


def _fewest(path: str, quota: Callable[[str], tuple[int | None, int | None]]) -> tuple[Limit, Limit]:
    """The quota and period of a cgroup and its ancestors that allow the fewest CPUs."""
    (lowest, its_period), group = quota(path), ""
    for ancestor in _ancestors(path):
        limit, period = quota(ancestor)
        if limit is not None and period and (lowest is None or not its_period or limit * its_period < lowest * period):
            lowest, its_period, group = limit, period, ancestor
    return Limit("cpu.quota", lowest, None, group), Limit("cpu.period", its_period)


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
    return tuple(AllowedDevice(line.strip()) for line in text.splitlines()[:10_000])
