"""Reads one process out of /proc and cgroupfs into a noun."""

from __future__ import annotations

import os
from functools import cached_property
from typing import Any, Final, get_args

from sealock.errors import TargetError
from sealock.model.absent import UNKNOWN, UNSET, Maybe
from sealock.model.capabilities import NAMES, everything
from sealock.model.process import IdRange, Mounted, Namespace, NamespaceKind, Process, Route, Socket
from sealock.runtime.kernel import parameters, procfiles
from sealock.runtime.kernel.groups import Group, Hierarchies
from sealock.runtime.kernel.identity import identity
from sealock.runtime.kernel.tree import ProcTree, Silence

_INITIAL: Final = {
    "ipc": 4026531839,
    "uts": 4026531838,
    "user": 4026531837,
    "pid": 4026531836,
    "cgroup": 4026531835,
    "time": 4026531834,
}
"""Inodes of the machine's first namespaces, fixed in the kernel (include/linux/proc_ns.h)."""
_INITIAL_SINCE_6_18: Final = {"net": 4026531833, "mnt": 4026531832}
"""Fixed in newer kernels alone; in older ones these have any number from 4026531840 on."""
_FIXED_SINCE: Final = (6, 18)
"""The kernel that fixed them."""
_KINDS: Final[tuple[NamespaceKind, ...]] = get_args(NamespaceKind)
COVERED: Final = ("/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware")
READ_ONLY: Final = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")
"""What Docker, Podman, containerd and CRI-O have covered for as long as they cover anything."""
_LACKING: Final = 4
"""Capabilities that the first process of a machine may lack."""
_LISTENING: Final = ("tcp", "tcp6", "udp", "udp6")


class GoneError(TargetError):
    """The process ended, or another one has its id by now."""


class ProcReader:
    """What is the same for all processes: read once. `root` is "/" or a recorded tree."""

    def __init__(self, root: str = "/", *, sockets: bool = True) -> None:
        self.tree = ProcTree(root)
        self.sockets = sockets
        """Whether processes are read with the sockets of their networks: the kernel searches long for those."""
        self._mounts: tuple[str, tuple[Mounted, ...]] = "", ()
        self._group: tuple[tuple[tuple[str, str], ...], Group] = (), Group()
        shown = self._text("proc/self/mountinfo") or self._text("proc/1/mountinfo")
        self.hierarchies = Hierarchies(self.tree, procfiles.mounts(shown))
        self.initial = self._initial()
        """The machine's own namespaces by kind; those that could not be told are missing."""
        self.inside = bool(self.own("self", "pid"))
        """Whether this looks from inside a container: process 1 is then the container's."""
        self.capabilities = self._everything()

    def _text(self, path: str) -> str:
        held = self.tree.text(path)
        return held if isinstance(held, str) else ""

    @property
    def mounts(self) -> tuple[Mounted, ...]:
        """The machine's own mounts as they are now, since containers come and go; none from inside a container."""
        if self.inside:
            return ()
        first = self._text("proc/1/mountinfo") if self.own("self", "mnt") else ""
        text = first or self._text("proc/self/mountinfo") or self._text("proc/1/mountinfo")
        if text != self._mounts[0]:
            self._mounts = text, procfiles.mounts(text)
        return self._mounts[1]

    def _initial(self) -> dict[str, int]:
        """Those of process 1, if that is in the machine's first pid namespace; else the fixed ones."""
        found = _INITIAL | (_INITIAL_SINCE_6_18 if self._release() >= _FIXED_SINCE else {})
        for pid in (1, 2, "self"):
            kinds = {kind: inode for kind in _KINDS if (inode := self.inode(pid, kind))}
            if pid != "self" and kinds.get("pid") == _INITIAL["pid"]:
                return kinds | found
            found |= {kind: number for kind, number in _INITIAL_SINCE_6_18.items() if number in kinds.values()}
        return found

    def _release(self) -> tuple[int, ...]:
        """The first two numbers of the kernel's release; () where it does not say."""
        words = self._text("proc/sys/kernel/osrelease").split(".")[:2]
        return tuple(number for word in words if (number := procfiles.whole(word)) is not None)

    def _everything(self) -> int:
        """All capabilities that a program on this machine can have: those of process 1, which may lack some itself."""
        last = procfiles.whole(self._text("proc/sys/kernel/cap_last_cap").strip())
        known = everything(last if last is not None else len(NAMES) - 1)
        first = procfiles.whole(procfiles.fields(self._text("proc/1/status")).get("CapBnd"), 16)
        if not first or (self.inside and first.bit_count() < known.bit_count() - _LACKING):
            # From inside a container, its first process says nothing of the machine, unless it has all but everything.
            return known
        return known & first

    def inode(self, pid: int | str, kind: str) -> int:
        """The inode of a process's namespace, 0 where it cannot be told."""
        held = self.tree.link(f"proc/{pid}/ns/{kind}")
        return (procfiles.whole(held.rpartition("[")[2].rstrip("]")) or 0) if isinstance(held, str) else 0

    def processes(self) -> tuple[int, ...]:
        """The ids of all processes that can be seen."""
        return tuple(sorted(int(name) for name in self.tree.names("proc") if name.isdigit() and len(name) < 10))

    def read(self, pid: int, further: tuple[str, ...] = ()) -> Process:
        """Read a process; GoneError where it ended meanwhile, so that no two processes are mixed into one.

        `further` are kernel parameters that somebody asks for beside the usual ones.
        """
        start = self._start(pid)
        values: dict[str, Any] = {}
        held = self.tree.text(f"proc/{pid}/cmdline")
        command = tuple(held.rstrip("\0").split("\0")) if isinstance(held, str) and held else UNKNOWN
        values |= self._status(pid, command)
        values |= self._isolation(pid)
        values |= self._use(pid)
        values["sysctls"] = self.sysctls(pid, further)
        if self._within_users(pid):
            values |= {name: _outward(values[name], values[f"{name}_map"]) for name in ("uid", "gid")}
        if self._start(pid) != start:
            message = f"process {pid} ended while it was read"
            raise GoneError(message)
        return Process(pid=pid, start=start, **values)

    def brief(self, pid: int) -> Process:
        """Read who a process is and what it may do, and no more; GoneError where it ended.

        Not its command line: that stands in its own memory, and whoever reads it waits for what the process put there.
        """
        start = self._start(pid)
        groups = self.groups(pid)
        found = identity(groups, ())
        return Process(
            pid=pid,
            start=start,
            container_id=found.id,
            cgroup_paths=groups or UNKNOWN,
            **self._status(pid, command=UNKNOWN),
        )

    def _within_users(self, pid: int) -> bool:
        """Whether whoever reads is in the process's own user namespace: ids are then told as they are inside."""
        own = self.own("self", "user")
        return bool(own) and own == self.inode(pid, "user")

    def groups(self, pid: int | str) -> tuple[tuple[str, str], ...]:
        """The control groups of a process: controller and path."""
        return procfiles.control_groups(self._text(f"proc/{pid}/cgroup"))

    def own(self, pid: int | str, kind: NamespaceKind) -> int:
        """The inode of a namespace that is not the machine's, 0 where it is or cannot be told."""
        inode = self.inode(pid, kind)
        return 0 if inode == self.initial.get(kind, inode) else inode

    def _start(self, pid: int) -> int:
        held = self.tree.text(f"proc/{pid}/stat")
        if not isinstance(held, str):
            message = f"process {pid} is not there" if held is not Silence.DENIED else f"process {pid} may not be read"
            raise GoneError(message)
        return procfiles.start_time(held)

    def _status(self, pid: int, command: Maybe[tuple[str, ...]]) -> dict[str, Any]:
        said = procfiles.fields(self._text(f"proc/{pid}/status"))

        def number(name: str, base: int = 10, word: int = 0) -> Maybe[int]:
            words = said.get(name, "").split()
            held = procfiles.whole(words[word], base) if len(words) > abs(word) - (word < 0) else None
            return UNKNOWN if held is None else held

        no_new = number("NoNewPrivs")
        groups = [procfiles.whole(word) for word in said["Groups"].split()] if "Groups" in said else None
        return {
            "name": said.get("Name", UNKNOWN),
            "command": command,
            "inner_pid": number("NSpid", word=-1),
            "uid": number("Uid", word=1),
            "gid": number("Gid", word=1),
            "groups": UNKNOWN if groups is None else tuple(group for group in groups if group is not None),
            "effective": number("CapEff", 16),
            "permitted": number("CapPrm", 16),
            "bounding": number("CapBnd", 16),
            "inheritable": number("CapInh", 16),
            "ambient": number("CapAmb", 16),
            "no_new_privileges": no_new == 1 if isinstance(no_new, int) else UNKNOWN,
            "seccomp": number("Seccomp"),
            "seccomp_filters": number("Seccomp_filters"),
        }

    def _isolation(self, pid: int) -> dict[str, Any]:
        spaces = tuple(
            Namespace(kind, inode, inode == self.initial[kind] if kind in self.initial else None)
            for kind in _KINDS
            if (inode := self.inode(pid, kind))
        )
        maps = {name: self.tree.text(f"proc/{pid}/{name}") for name in ("uid_map", "gid_map", "mountinfo", "limits")}
        adjusted = procfiles.whole(self._text(f"proc/{pid}/oom_score_adj").strip())
        apparmor, selinux = self._label(pid)
        return {
            "namespaces": spaces or UNKNOWN,
            "uid_map": _made(maps["uid_map"], procfiles.id_ranges),
            "gid_map": _made(maps["gid_map"], procfiles.id_ranges),
            "mounts": _made(maps["mountinfo"], procfiles.mounts),
            "limits": _made(maps["limits"], procfiles.limits),
            "oom_score_adj": UNKNOWN if adjusted is None else adjusted,
            "apparmor": apparmor,
            "selinux": selinux,
        }

    def _label(self, pid: int) -> tuple[Maybe[str], Maybe[str]]:
        """The labels of AppArmor and SELinux; UNSET where the kernel has not that module."""
        own = self.tree.text(f"proc/{pid}/attr/apparmor/current")
        current = self.tree.text(f"proc/{pid}/attr/current")
        label = current.strip("\0\n ") if isinstance(current, str) else ""
        is_selinux = label.count(":") >= 2
        apparmor: Maybe[str] = UNSET
        if isinstance(own, str) and own.strip("\0\n "):
            apparmor = own.strip("\0\n ")
        elif Silence.DENIED in {own, current}:
            apparmor = UNKNOWN
        elif label and not is_selinux:
            apparmor = label
        return apparmor, label if is_selinux else UNKNOWN if current is Silence.DENIED else UNSET

    def _use(self, pid: int) -> dict[str, Any]:
        groups = self.groups(pid)
        mounts = procfiles.mounts(self._text(f"proc/{pid}/mountinfo"))
        found = identity(groups, mounts, self._host_name(pid))
        held = self.group(groups)
        return {
            "container_id": found.id if groups or mounts else UNKNOWN,
            "container_engine": found.engine or UNSET,
            "id_source": found.source or UNSET,
            "cgroup_paths": groups or UNKNOWN,
            "cgroup_version": held.version,
            "resources": held.resources,
            "cpuset_cpus": held.cpuset_cpus,
            "cpuset_mems": held.cpuset_mems,
            "devices": held.devices,
            "uncovered": self.uncovered(mounts) if mounts else UNKNOWN,
            "listening": self.listening(pid) if self.sockets else UNKNOWN,
        }

    def _host_name(self, pid: int) -> str:
        """The name of a process's own host, where whoever reads is in the same namespace of it."""
        own = self.own("self", "uts")
        return self._text("proc/sys/kernel/hostname").strip() if own and own == self.inode(pid, "uts") else ""

    def sysctls(self, pid: int, further: tuple[str, ...] = ()) -> Maybe[parameters.Parameters]:
        """The kernel parameters of a process's namespaces; a recording holds those of who made it alone."""
        if all(self.inode(pid, kind) == self.inode("self", kind) != 0 for kind in parameters.KINDS):
            return parameters.read(self.tree, further) or UNKNOWN
        opened = parameters.spaces(self.tree.descriptor, pid) if self.tree.live else ()
        try:
            return (parameters.inside(opened, self.tree, further) if opened else None) or UNKNOWN
        finally:
            for one in opened:
                os.close(one)

    @cached_property
    def group_names(self) -> dict[int, str]:
        """The names that the machine has for groups, by their numbers."""
        rows = (line.split(":") for line in self._text("etc/group").split("\n")[:10_000])
        return {number: row[0] for row in rows if len(row) > 2 and (number := procfiles.whole(row[2])) is not None}

    def device(self, kind: str, numbers: str) -> str:
        """The machine's name for a device ("c", "10:229"), without /dev/; "" where it has none."""
        where = {"c": "char", "b": "block"}.get(kind)
        major, _, minor = numbers.partition(":")
        if where is None or not (major.isdecimal() and minor.isdecimal()):
            return ""
        said = self._text(f"sys/dev/{where}/{major}:{minor}/uevent")
        return next((line[8:] for line in said.split("\n") if line.startswith("DEVNAME=")), "")

    @cached_property
    def parameters(self) -> dict[str, str]:
        """The machine's own kernel parameters; none where whoever reads is not in its first namespaces."""
        own = all(self.inode("self", kind) == self.initial.get(kind) for kind in parameters.KINDS)
        return dict(parameters.read(self.tree)) if own else {}

    def uncovered(self, mounts: tuple[Mounted, ...]) -> tuple[str, ...]:
        """Paths of the kernel that every engine covers, or makes read-only, and that lie open among these mounts."""
        shown = {mount.target: mount for mount in mounts}
        hidden = [path for path in COVERED if path not in shown and self.tree.there(path[1:])]
        open_ = [path for path in READ_ONLY if self.tree.there(path[1:]) and not _is_closed(shown.get(path))]
        return (*hidden, *open_)

    def group(self, groups: tuple[tuple[str, str], ...]) -> Group:
        """What the control groups set and count, read now."""
        self._group = groups, self.hierarchies.read(groups) if groups else Group()
        return self._group[1]

    def group_read(self, groups: tuple[tuple[str, str], ...]) -> Group:
        """The same, as it was when the process was read that was read last."""
        return self._group[1] if groups == self._group[0] else self.group(groups)

    def routes(self, pid: int) -> Maybe[tuple[Route, ...]]:
        """The ways that packets take out of the process's network namespace; of IPv4 alone."""
        held = self.tree.text(f"proc/{pid}/net/route")
        return procfiles.routes(held) if isinstance(held, str) else UNKNOWN

    def listening(self, pid: int) -> Maybe[tuple[Socket, ...]]:
        """The sockets that wait for others in the process's network namespace."""
        found: list[Socket] = []
        # A table of sockets is searched for among all of the machine's, which takes long; their numbers are at hand.
        numbers = "".join(self._text(f"proc/{pid}/net/{name}") for name in ("sockstat", "sockstat6"))
        for protocol in _LISTENING:
            if f"{protocol.upper()}: inuse 0\n" in numbers or f"{protocol.upper()}: inuse 0 " in numbers:
                continue
            held = self.tree.text(f"proc/{pid}/net/{protocol}")
            if isinstance(held, str):
                found += [one for one, _ in procfiles.listening(protocol, held)]
            elif protocol == "tcp":
                return UNKNOWN
        held = self.tree.text(f"proc/{pid}/net/unix")
        found += procfiles.unix_listening(held) if isinstance(held, str) else ()
        return tuple(sorted(set(found), key=lambda one: (one.protocol, one.port, one.address)))


def _outward(number: Maybe[int], ranges: Maybe[tuple[IdRange, ...]]) -> Maybe[int]:
    """An id inside as the id outside."""
    for range_ in ranges if isinstance(ranges, tuple) and isinstance(number, int) else ():
        if isinstance(number, int) and range_.inside <= number < range_.inside + range_.count:
            return number - range_.inside + range_.outside
    return UNKNOWN


def _is_closed(mount: Mounted | None) -> bool:
    return mount is not None and ("ro" in mount.options or "ro" in mount.super_options)


def _made(held: str | Silence, parse: Any) -> Any:  # noqa: ANN401  each parser has its own type
    return parse(held) if isinstance(held, str) else UNKNOWN
