"""Reads one process from /proc and cgroupfs."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cached_property
from typing import Any, Final, TypeVar, get_args

from msgspec.structs import replace

from sealock.errors import TargetError
from sealock.model.absent import UNKNOWN, UNSET, Maybe, given
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
"""Inodes of the host's initial namespaces, fixed in the kernel (include/linux/proc_ns.h)."""
_INITIAL_SINCE_6_18: Final = {"net": 4026531833, "mnt": 4026531832}
"""Fixed only in newer kernels; in older ones these have any number from 4026531840 on."""
_FIXED_SINCE: Final = (6, 18)
_KINDS: Final[tuple[NamespaceKind, ...]] = get_args(NamespaceKind)
COVERED: Final = ("/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware")
READ_ONLY: Final = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")
"""Masked and read-only paths of all versions of Docker, Podman, containerd and CRI-O."""
_LACKING: Final = 4
"""Capabilities that process 1 of a machine may lack."""
_ENGINES: Final = ("dockerd", "podman")
"""The programs whose namespaces are the host's to their containers."""
_ENGINES_OWN: Final[tuple[NamespaceKind, ...]] = ("mnt", "net", "pid", "ipc", "uts", "cgroup")
"""Not its user namespace: that of a rootless engine maps ids, also for a container that shares it."""
_PRIVILEGES: Final = (
    "uid", "effective", "permitted", "bounding", "ambient", "no_new_privileges", "seccomp", "seccomp_filters",
    "cgroup_paths", "namespaces",
)  # fmt: skip
"""What a thread may have of its own."""
_LISTENING: Final = ("tcp", "tcp6", "udp", "udp6")
_T = TypeVar("_T")


class GoneError(TargetError):
    """The process ended, or another process has its pid by now."""


class ProcReader:
    """Reads processes, and once what is the same for all of them. `root` is "/" or a recorded tree.

    `engine` is the pid of the engine: in a container (Docker in Docker) or rootless it has namespaces of its own, and
    those are what `--network host` and the like give its containers.
    """

    def __init__(self, root: str = "/", *, sockets: bool = True, engine: int = 0) -> None:
        self.tree = ProcTree(root)
        self.sockets = sockets
        """Whether to read the sockets of a process's network, which the kernel is slow to list."""
        self._mounts: tuple[str, tuple[Mounted, ...]] = "", ()
        self._group: tuple[tuple[tuple[str, str], ...], Group] = (), Group()
        mountinfo = self.tree.read_text("proc/self/mountinfo") or self.tree.read_text("proc/1/mountinfo")
        self.hierarchies = Hierarchies(self.tree, procfiles.mounts(mountinfo))
        self.initial = self._initial()
        """The host's namespaces by kind; unknown ones are missing."""
        self.engine = self._of_engine(engine)
        self.inside = bool(self.own("self", "pid"))
        """Whether sealock runs inside a container: process 1 is then the container's."""
        self.capabilities = self._all_capabilities()

    @property
    def mounts(self) -> tuple[Mounted, ...]:
        """The host's mounts as they are now, since containers come and go; none from inside a container."""
        if self.inside:
            return ()
        first = self.tree.read_text("proc/1/mountinfo") if self.own("self", "mnt") else ""
        text = first or self.tree.read_text("proc/self/mountinfo") or self.tree.read_text("proc/1/mountinfo")
        if text != self._mounts[0]:
            self._mounts = text, procfiles.mounts(text)
        return self._mounts[1]

    def _initial(self) -> dict[str, int]:
        """Those of process 1, if it is in the initial PID namespace; else the fixed ones."""
        initial = _INITIAL | (_INITIAL_SINCE_6_18 if self._release() >= _FIXED_SINCE else {})
        for pid in (1, 2, "self"):
            kinds = {kind: inode for kind in _KINDS if (inode := self.inode(pid, kind))}
            if pid != "self" and kinds.get("pid") == _INITIAL["pid"]:
                return kinds | initial
            initial |= {kind: number for kind, number in _INITIAL_SINCE_6_18.items() if number in kinds.values()}
        return initial

    def _of_engine(self, pid: int) -> dict[str, int]:
        """The engine's namespaces; none where that process is something else, as a proxy of its socket."""
        if not pid or self.tree.read_text(f"proc/{pid}/comm").strip() not in _ENGINES:
            return {}
        return {kind: inode for kind in _ENGINES_OWN if (inode := self.inode(pid, kind))}

    def _is_host(self, kind: str, inode: int) -> bool | None:
        """Whether a namespace is the host's, or the engine's; None where that is unknown."""
        if inode == self.engine.get(kind):
            return True
        return inode == self.initial[kind] if kind in self.initial else None

    @property
    def hides_processes(self) -> bool:
        """Whether /proc shows this user only its own processes (hidepid=1, 2 or 4)."""
        return os.geteuid() != 0 and any(
            option.startswith("hidepid=") and option not in {"hidepid=0", "hidepid=off"}
            for mount in self.hierarchies.mounts
            if mount.target == "/proc"
            for option in mount.super_options
        )

    def _release(self) -> tuple[int, ...]:
        """The first two numbers of the kernel's release; () where it is unknown."""
        words = self.tree.read_text("proc/sys/kernel/osrelease").split(".")[:2]
        return tuple(number for word in words if (number := procfiles.whole(word)) is not None)

    def _all_capabilities(self) -> int:
        """All capabilities that a program on this machine can have: those of process 1, which may lack a few."""
        last = procfiles.whole(self.tree.read_text("proc/sys/kernel/cap_last_cap").strip())
        known = everything(last if last is not None else len(NAMES) - 1)
        first = procfiles.whole(procfiles.fields(self.tree.read_text("proc/1/status")).get("CapBnd"), 16)
        if not first or (self.inside and first.bit_count() < known.bit_count() - _LACKING):
            # Inside a container, process 1 shows the host's capabilities only if it has nearly all.
            return known
        return known & first

    def inode(self, pid: int | str, kind: str) -> int:
        """The inode of a process's namespace, 0 where it is unknown."""
        link = self.tree.link(f"proc/{pid}/ns/{kind}")
        return (procfiles.whole(link.rpartition("[")[2].rstrip("]")) or 0) if isinstance(link, str) else 0

    def processes(self) -> tuple[int, ...]:
        """The pids of all visible processes."""
        return tuple(sorted(int(name) for name in self.tree.names("proc") if name.isdigit() and len(name) < 10))

    def read(self, pid: int, further: tuple[str, ...] = ()) -> Process:
        """Read a process; GoneError where it ended meanwhile, so that two processes are never mixed into one.

        `further` are sysctls to read besides the usual ones.
        """
        start = self._start(pid)
        values: dict[str, Any] = {}
        cmdline = self.tree.read_text(f"proc/{pid}/cmdline")
        values |= self._status(pid, tuple(cmdline.rstrip("\0").split("\0")) if cmdline else UNKNOWN)
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
        """Read only the identity, privileges and namespaces of a process; GoneError where it ended.

        Not its command line: that is in its own memory, and the process can make a reader wait.
        """
        start = self._start(pid)
        groups = self.groups(pid)
        return Process(
            pid=pid,
            start=start,
            container_id=identity(groups, ()).id,
            cgroup_paths=groups or UNKNOWN,
            namespaces=self.namespaces(pid),
            **self._status(pid, command=UNKNOWN),
        )

    def threads(self, process: Process) -> tuple[Process, ...]:
        """The threads of a process that differ from it in user, privileges, cgroups or namespaces: each has its own."""
        threads: list[Process] = []
        for name in self.tree.names(f"proc/{process.pid}/task"):
            if not name.isdigit() or int(name) == process.pid:
                continue
            where = f"{process.pid}/task/{name}"
            thread = replace(
                process,
                pid=int(name),
                thread_of=process.pid,
                cgroup_paths=self.groups(where) or UNKNOWN,
                namespaces=self.namespaces(where),
                **self._status(where, command=UNKNOWN),
            )
            # One that ended meanwhile has no status.
            if thread.uid is not UNKNOWN and any(
                getattr(thread, field) != getattr(process, field) for field in _PRIVILEGES
            ):
                threads.append(thread)
        return tuple(threads)

    def namespaces(self, pid: int | str) -> Maybe[tuple[Namespace, ...]]:
        """The namespaces of a process or thread."""
        inodes = ((kind, self.inode(pid, kind)) for kind in _KINDS)
        return tuple(Namespace(kind, inode, self._is_host(kind, inode)) for kind, inode in inodes if inode) or UNKNOWN

    def _within_users(self, pid: int) -> bool:
        """Whether sealock is in the process's own user namespace: /proc then shows ids as they are inside."""
        own = self.own("self", "user")
        return bool(own) and own == self.inode(pid, "user")

    def groups(self, pid: int | str) -> tuple[tuple[str, str], ...]:
        """The cgroups of a process: controller and path."""
        return procfiles.control_groups(self.tree.read_text(f"proc/{pid}/cgroup"))

    def own(self, pid: int | str, kind: NamespaceKind) -> int:
        """The inode of a namespace that is not the host's, 0 where it is or may be."""
        inode = self.inode(pid, kind)
        return 0 if inode == self.initial.get(kind, inode) else inode

    def _start(self, pid: int) -> int:
        text = self.tree.text(f"proc/{pid}/stat")
        if not isinstance(text, str):
            missing = (
                "does not exist, or /proc hides it from you (hidepid)" if self.hides_processes else "does not exist"
            )
            message = f"process {pid} {'is not readable' if text is Silence.DENIED else missing}"
            raise GoneError(message)
        return procfiles.start_time(text)

    def _status(self, pid: int | str, command: Maybe[tuple[str, ...]]) -> dict[str, Any]:
        status = procfiles.fields(self.tree.read_text(f"proc/{pid}/status"))

        def number(name: str, base: int = 10, word: int = 0) -> Maybe[int]:
            words = status.get(name, "").split()
            value = procfiles.whole(words[word], base) if len(words) > abs(word) - (word < 0) else None
            return UNKNOWN if value is None else value

        no_new = number("NoNewPrivs")
        groups = tuple(map(procfiles.whole, status["Groups"].split())) if "Groups" in status else (None,)
        return {
            "name": status.get("Name", UNKNOWN),
            "command": command,
            "inner_pid": number("NSpid", word=-1),
            "uid": number("Uid", word=1),
            "gid": number("Gid", word=1),
            "groups": UNKNOWN if None in groups else groups,
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
        maps = {name: self.tree.text(f"proc/{pid}/{name}") for name in ("uid_map", "gid_map", "mountinfo", "limits")}
        adjusted = procfiles.whole(self.tree.read_text(f"proc/{pid}/oom_score_adj").strip())
        apparmor, selinux = self._label(pid)
        return {
            "namespaces": self.namespaces(pid),
            "uid_map": _parsed(maps["uid_map"], procfiles.id_ranges),
            "gid_map": _parsed(maps["gid_map"], procfiles.id_ranges),
            "mounts": _parsed(maps["mountinfo"], procfiles.mounts),
            "limits": _parsed(maps["limits"], procfiles.limits),
            "oom_score_adj": UNKNOWN if adjusted is None else adjusted,
            "apparmor": apparmor,
            "selinux": selinux,
        }

    def _label(self, pid: int) -> tuple[Maybe[str], Maybe[str]]:
        """The labels of AppArmor and SELinux; UNSET where the kernel lacks that module."""
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
        mounts = procfiles.mounts(self.tree.read_text(f"proc/{pid}/mountinfo"))
        container = identity(groups, mounts, self._host_name(pid))
        group = self.group(groups)
        return {
            "container_id": container.id if groups or mounts else UNKNOWN,
            "container_engine": container.engine or UNSET,
            "id_source": container.source or UNSET,
            "cgroup_paths": groups or UNKNOWN,
            "cgroup_version": group.version,
            "resources": group.resources,
            "cpuset_cpus": group.cpuset_cpus,
            "cpuset_mems": group.cpuset_mems,
            "devices": group.devices,
            "uncovered": self.uncovered(mounts) if mounts else UNKNOWN,
            "listening": self.listening(pid) if self.sockets else UNKNOWN,
        }

    def _host_name(self, pid: int) -> str:
        """The host name of a process, where sealock is in the same UTS namespace and that is not the host's."""
        own = self.own("self", "uts")
        return self.tree.read_text("proc/sys/kernel/hostname").strip() if own and own == self.inode(pid, "uts") else ""

    def sysctls(self, pid: int, further: tuple[str, ...] = ()) -> Maybe[parameters.Parameters]:
        """The sysctls of a process's namespaces; a recording has only those of the recorder."""
        if all(self.inode(pid, kind) == self.inode("self", kind) != 0 for kind in parameters.KINDS):
            return parameters.read(self.tree, further) or UNKNOWN
        opened = parameters.spaces(self.tree.descriptor, pid) if self.tree.live else ()
        try:
            return (parameters.inside(opened, self.tree, further) if opened else None) or UNKNOWN
        finally:
            for descriptor in opened:
                os.close(descriptor)

    @cached_property
    def group_names(self) -> dict[int, str]:
        """The host's group names by gid."""
        rows = (line.split(":") for line in self.tree.read_text("etc/group").split("\n")[:10_000])
        return {number: row[0] for row in rows if len(row) > 2 and (number := procfiles.whole(row[2])) is not None}

    def device(self, kind: str, numbers: str) -> str:
        """The host's name for a device ("c", "10:229"), without /dev/; "" where it has none."""
        where = {"c": "char", "b": "block"}.get(kind)
        major, _, minor = numbers.partition(":")
        if where is None or not (major.isdecimal() and minor.isdecimal()):
            return ""
        uevent = self.tree.read_text(f"sys/dev/{where}/{major}:{minor}/uevent")
        return next((line[8:] for line in uevent.split("\n") if line.startswith("DEVNAME=")), "")

    @cached_property
    def parameters(self) -> dict[str, str]:
        """The host's sysctls; none where sealock is not in the initial namespaces."""
        own = all(self.inode("self", kind) == self.initial.get(kind) for kind in parameters.KINDS)
        return dict(parameters.read(self.tree)) if own else {}

    def uncovered(self, mounts: tuple[Mounted, ...]) -> tuple[str, ...]:
        """Paths that every engine masks or makes read-only, and that these mounts leave open."""
        by_target = {mount.target: mount for mount in mounts}
        unmasked = [path for path in COVERED if path not in by_target and self.tree.exists(path[1:])]
        writable = [path for path in READ_ONLY if self.tree.exists(path[1:]) and not _is_closed(by_target.get(path))]
        return (*unmasked, *writable)

    def group(self, groups: tuple[tuple[str, str], ...]) -> Group:
        """What the cgroups limit and count, read now."""
        self._group = groups, self.hierarchies.read(groups) if groups else Group()
        return self._group[1]

    def group_read(self, groups: tuple[tuple[str, str], ...]) -> Group:
        """The same, as of the last process read."""
        return self._group[1] if groups == self._group[0] else self.group(groups)

    def routes(self, pid: int) -> Maybe[tuple[Route, ...]]:
        """The IPv4 routes of the process's network namespace."""
        text = self.tree.text(f"proc/{pid}/net/route")
        return procfiles.routes(text) if isinstance(text, str) else UNKNOWN

    def interfaces(self, pid: int) -> tuple[str, ...]:
        """The names of the interfaces in the process's network namespace."""
        rows = self.tree.read_text(f"proc/{pid}/net/dev").split("\n")[2:]
        return tuple(row.partition(":")[0].strip() for row in rows if ":" in row)

    def listening(self, pid: int) -> Maybe[tuple[Socket, ...]]:
        """The listening sockets of the process's network namespace."""
        sockets: list[Socket] = []
        # The kernel searches all sockets of the machine for a table, which is slow; their counts are cheap.
        counts = "".join(self.tree.read_text(f"proc/{pid}/net/{name}") for name in ("sockstat", "sockstat6"))
        for protocol in _LISTENING:
            if f"{protocol.upper()}: inuse 0\n" in counts or f"{protocol.upper()}: inuse 0 " in counts:
                continue
            text = self.tree.text(f"proc/{pid}/net/{protocol}")
            if isinstance(text, str):
                sockets += [socket for socket, _ in procfiles.listening(protocol, text)]
            elif protocol == "tcp":
                return UNKNOWN
        sockets += procfiles.unix_listening(self.tree.read_text(f"proc/{pid}/net/unix"))
        return tuple(sorted(set(sockets), key=lambda socket: (socket.protocol, socket.port, socket.address)))


def _outward(number: Maybe[int], ranges: Maybe[tuple[IdRange, ...]]) -> Maybe[int]:
    """The host's id for an id inside a user namespace."""
    for id_range in given(ranges, ()):
        if isinstance(number, int) and id_range.inside <= number < id_range.inside + id_range.count:
            return number - id_range.inside + id_range.outside
    return UNKNOWN


def _is_closed(mount: Mounted | None) -> bool:
    return mount is not None and ("ro" in mount.options or "ro" in mount.super_options)


def _parsed(text: str | Silence, parse: Callable[[str], _T]) -> Maybe[_T]:
    return parse(text) if isinstance(text, str) else UNKNOWN
