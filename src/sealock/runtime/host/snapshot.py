"""Reads the machine: everything that needs no engine, and the engine's settings in files and on its command line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from sealock.model.absent import UNKNOWN, UNSET, Maybe
from sealock.model.host import Host, Role
from sealock.model.process import Mounted
from sealock.runtime.host.files import files
from sealock.runtime.host.people import clients, logins, people
from sealock.runtime.host.units import UNIT, engine_words
from sealock.runtime.kernel import procfiles
from sealock.runtime.kernel.groups import Hierarchies
from sealock.runtime.kernel.tree import ProcTree, Silence

DATA_ROOT: Final = "/var/lib/docker"
CONTAINERD: Final = "containerd/containerd.sock"
"""Where the engine's own containerd listens, below the engine's exec root."""
CONFIG: Final = "/etc/docker/daemon.json"
_SYSCTLS: Final = (
    "kernel.unprivileged_bpf_disabled", "kernel.kptr_restrict", "kernel.dmesg_restrict", "kernel.yama.ptrace_scope",
    "fs.protected_symlinks", "fs.protected_hardlinks", "net.core.bpf_jit_harden", "user.max_user_namespaces",
    "kernel.unprivileged_userns_clone", "net.ipv4.ip_forward",
)  # fmt: skip
_ENGINE: Final = "dockerd"
_SWARM: Final = 2377
"""The default port of a swarm's managers."""
_NO_CONTROLLERS: Final = frozenset({"", "rw", "ro", "none", "xattr"})
"""Mount options of a cgroup hierarchy that are no controllers."""


class HostSnapshot(Struct, frozen=True):
    """The machine, with the text of daemon.json and the engine's command line.

    None means that there is none, "" and () that it could not be read.
    """

    host: Host
    config: str | None
    config_path: str
    command: tuple[str, ...] | None
    """The words that the engine runs with."""
    unit: tuple[str, ...] | None = None
    """The words that systemd would start it with; None also where systemd did not start the running one."""
    swarm_listens: str = ""
    """The address where the engine listens for other managers of its swarm, "" for none or unknown."""


def read_host(
    root: str = "/", *, data_root: str = "", engine: int = 0, named: tuple[tuple[Role, str], ...] = ()
) -> HostSnapshot:
    """Read a machine below a root directory.

    `data_root` is the engine's data directory, as it reports; `engine` is its pid, 0 where unknown; `named` are files
    that its settings name.
    """
    tree = ProcTree(root)
    try:
        return _read(tree, data_root, engine, named)
    finally:
        tree.close()


def _read(tree: ProcTree, data_root: str, engine: int, named: tuple[tuple[Role, str], ...]) -> HostSnapshot:
    pid, command = _command(tree, engine)
    unit = engine_words(tree) if not pid or _by_systemd(tree, pid) else None
    words = command if command is not None else unit or ()
    path = _option(words, "--config-file") or CONFIG
    config = tree.text(path.lstrip("/"))
    data_root = data_root or _option(words, "--data-root") or DATA_ROOT
    named = (*named, ("data-root", data_root))
    if exec_root := _option(words, "--exec-root"):
        named = (*named, ("containerd-socket", f"{exec_root}/{CONTAINERD}"))
    who = people(tree, _socket_group(tree, named))
    mounts = procfiles.mounts(tree.read_text("proc/self/mountinfo") or tree.read_text("proc/1/mountinfo"))
    own = procfiles.mounts(tree.read_text(f"proc/{pid}/mountinfo")) if pid else ()
    passwords, engines = clients(tree, who)
    trees = Hierarchies(tree, mounts)
    audited = _audited(tree)
    host = Host(
        name=tree.read_text("proc/sys/kernel/hostname").strip() or UNKNOWN,
        kernel=tree.read_text("proc/sys/kernel/osrelease").strip() or UNKNOWN,
        cgroup_version=trees.version or UNKNOWN,
        controllers=tuple(sorted(name for name in trees.points if name not in _NO_CONTROLLERS)) or UNSET,
        lsm=_modules(tree),
        seccomp=_seccomp(tree),
        sysctls=tuple(_sysctls(tree)) or UNKNOWN,
        files=files(tree, who, named) or UNSET,
        logins=(logins(tree, who) or UNSET) if who.known else UNKNOWN,
        audited=audited,
        data_root_mounted=_separate(os.path.realpath(data_root) if tree.live else data_root, own or mounts),
        firewall=_firewall(tree),
        client_hosts=engines or UNSET,
        client_credentials=passwords or UNSET,
        unread=tuple(f"/{path}" for path in sorted(tree.denied)) or UNSET,
    )
    text = config if isinstance(config, str) else None if config is Silence.MISSING else ""
    return HostSnapshot(host, text, path, command, unit, _swarm_listens(tree, pid))


def _command(tree: ProcTree, engine: int) -> tuple[int, tuple[str, ...] | None]:
    """The pid of the running engine and its arguments; (0, None) where none runs.

    That is the process `engine`; if that is systemd, which may own the socket, the engine that systemd started; else
    the engine with the lowest pid.
    """
    pids = sorted(int(name) for name in tree.names("proc") if name.isdigit() and len(name) < 10)
    engines = [pid for pid in pids if tree.read_text(f"proc/{pid}/comm").strip() == _ENGINE]
    if not engines:
        return 0, None
    pid = engine if engine in engines else next((pid for pid in engines if _by_systemd(tree, pid)), engines[0])
    return pid, tuple(tree.read_text(f"proc/{pid}/cmdline").rstrip("\0").split("\0")[1:])


def _by_systemd(tree: ProcTree, pid: int) -> bool:
    """Whether a process belongs to the engine's unit."""
    return f"/{UNIT}" in tree.read_text(f"proc/{pid}/cgroup")


def _socket_group(tree: ProcTree, named: tuple[tuple[Role, str], ...]) -> int:
    """The gid that may use the engine's socket, 0 where only root may or there is no socket."""
    paths = [path.lstrip("/") for role, path in named if role == "engine-socket"] or ["run/docker.sock"]
    for path in paths:
        status = tree.status(path)
        if status is not None and status.st_mode & 0o020:
            return status.st_gid
    return 0


def _swarm_listens(tree: ProcTree, pid: int) -> str:
    """The address of the swarm's management port, from the sockets of the engine's network namespace."""
    for protocol in ("tcp", "tcp6") if pid else ():
        for socket, _ in procfiles.listening(protocol, tree.read_text(f"proc/{pid}/net/{protocol}")):
            if socket.port == _SWARM:
                return f"[{socket.address}]:{_SWARM}" if ":" in socket.address else f"{socket.address}:{_SWARM}"
    return ""


def _option(words: tuple[str, ...], name: str) -> str:
    for index, word in enumerate(words):
        if word == name:
            return words[index + 1] if index + 1 < len(words) else ""
        if word.startswith(f"{name}="):
            return word.partition("=")[2]
    return ""


def _modules(tree: ProcTree) -> Maybe[tuple[str, ...]]:
    """The active security modules, from securityfs where it is mounted, else from other signs."""
    if active := tree.read_text("sys/kernel/security/lsm").strip():
        return tuple(active.split(","))
    modules = ["apparmor"] if tree.read_text("sys/module/apparmor/parameters/enabled").strip() == "Y" else []
    modules += ["selinux"] if tree.exists("sys/fs/selinux/enforce") else []
    return tuple(modules) or (UNSET if tree.exists("sys/kernel/security") else UNKNOWN)


def _seccomp(tree: ProcTree) -> Maybe[bool]:
    status = tree.text("proc/self/status")
    return "\nSeccomp:" in status if isinstance(status, str) else UNKNOWN


def _sysctls(tree: ProcTree) -> Iterator[tuple[str, str]]:
    for name in _SYSCTLS:
        value = tree.text(f"proc/sys/{name.replace('.', '/')}")
        if isinstance(value, str):
            yield name, value.strip()


def _audited(tree: ProcTree) -> Maybe[tuple[str, ...]]:
    """The paths that audit rules watch, from the files that auditd loads at start."""
    parts = (name for name in tree.names("etc/audit/rules.d") if name.endswith(".rules"))  # augenrules takes no others
    sources = ["etc/audit/audit.rules", *(f"etc/audit/rules.d/{name}" for name in parts)]
    watched: list[str] = []
    for path in sources[:1000]:
        text = tree.text(path)
        if text is Silence.DENIED:
            return UNKNOWN
        for line in (text if isinstance(text, str) else "").split("\n"):
            words = line.split("#", 1)[0].split()
            if "never" in ",".join(words[1:2]).split(","):
                # This rule excludes events from the log.
                continue
            watched += [words[at + 1] for at, word in enumerate(words[:-1]) if word == "-w"]
            watched += [word.partition("=")[2] for word in words if word.startswith(("path=", "dir="))]
    if "etc/audit/rules.d" in tree.denied or "etc/audit" in tree.denied:
        return UNKNOWN
    return tuple(dict.fromkeys(watched)) or UNSET


def _separate(path: str, mounts: tuple[Mounted, ...]) -> Maybe[bool]:
    """Whether a directory is on another file system than the root directory: by device, for a bind mount has the same.

    The engine may bind mount its data directory to itself.
    """
    places = [mount for mount in mounts if f"{path}/".startswith(f"{mount.target.rstrip('/')}/")]
    tops = [mount for mount in places if mount.target == "/"]
    if not tops:
        return UNKNOWN
    # A later mount on the same target hides the earlier one.
    nearest = max(enumerate(places), key=lambda place: (len(place[1].target), place[0]))[1]
    return nearest.device != tops[-1].device


def _firewall(tree: ProcTree) -> Maybe[str]:
    if tree.text("etc/ufw/ufw.conf") is Silence.DENIED:
        return UNKNOWN
    if any(line.strip().lower() == "enabled=yes" for line in tree.read_text("etc/ufw/ufw.conf").split("\n")):
        return "ufw"
    return "firewalld" if tree.exists("run/firewalld.pid") or tree.exists("run/firewalld") else UNSET
