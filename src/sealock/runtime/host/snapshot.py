"""Reads the machine: everything that needs no engine, and the texts that tell of the engine's settings."""

from __future__ import annotations

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
CONFIG: Final = "/etc/docker/daemon.json"
_SYSCTLS: Final = (
    "kernel.unprivileged_bpf_disabled", "kernel.kptr_restrict", "kernel.dmesg_restrict", "kernel.yama.ptrace_scope",
    "fs.protected_symlinks", "fs.protected_hardlinks", "net.core.bpf_jit_harden", "user.max_user_namespaces",
    "kernel.unprivileged_userns_clone", "net.ipv4.ip_forward",
)  # fmt: skip
_ENGINE: Final = "dockerd"
_SWARM: Final = 2377
"""The port of a swarm's managers, unless somebody chose another one."""
_NO_CONTROLLERS: Final = frozenset({"", "rw", "ro", "none", "xattr"})
"""Options of a mounted tree that name no controller."""


class HostSnapshot(Struct, frozen=True):
    """The machine, and what was found of the engine's settings: its file's text and its command line.

    None says that there is none of it, "" and () that it could not be read.
    """

    host: Host
    config: str | None
    config_path: str
    command: tuple[str, ...] | None
    """The words that the engine runs with."""
    unit: tuple[str, ...] | None = None
    """The words that systemd would start it with; None too where systemd did not start the one that runs."""
    swarm_listens: str = ""
    """Where the engine listens for other managers of its swarm, "" where that could not be seen or is nowhere."""


def see(
    root: str = "/", *, data_root: str = "", engine: int = 0, named: tuple[tuple[Role, str], ...] = ()
) -> HostSnapshot:
    """Look at a machine below a root folder.

    `data_root` is where the engine keeps its data, as it says itself; `engine` its process id, 0 where that is not
    known; `named` are files that its settings name.
    """
    tree = ProcTree(root)
    try:
        return _see(tree, data_root, engine, named)
    finally:
        tree.close()


def _see(tree: ProcTree, data_root: str, engine: int, named: tuple[tuple[Role, str], ...]) -> HostSnapshot:
    pid, command = _command(tree, engine)
    unit = engine_words(tree) if not pid or _by_systemd(tree, pid) else None
    words = command if command is not None else unit or ()
    path = _option(words, "--config-file") or CONFIG
    config = tree.text(path.lstrip("/"))
    data_root = data_root or _option(words, "--data-root") or DATA_ROOT
    named = (*named, ("data-root", data_root))
    who = people(tree, _socket_group(tree, named))
    mounts = procfiles.mounts(_plain(tree.text("proc/self/mountinfo")) or _plain(tree.text("proc/1/mountinfo")))
    passwords, engines = clients(tree, who)
    trees = Hierarchies(tree, mounts)
    audited = _audited(tree)
    host = Host(
        name=_maybe(tree.text("proc/sys/kernel/hostname")),
        kernel=_maybe(tree.text("proc/sys/kernel/osrelease")),
        cgroup_version=trees.version or UNKNOWN,
        controllers=tuple(sorted(name for name in trees.points if name not in _NO_CONTROLLERS)) or UNSET,
        lsm=_modules(tree),
        seccomp=_seccomp(tree),
        sysctls=tuple(_sysctls(tree)) or UNKNOWN,
        files=files(tree, who, named) or UNSET,
        logins=(logins(tree, who) or UNSET) if who.known else UNKNOWN,
        audited=audited,
        data_root_mounted=_mounted(data_root, mounts),
        firewall=_firewall(tree),
        client_hosts=engines or UNSET,
        client_credentials=passwords or UNSET,
        unread=tuple(f"/{one}" for one in sorted(tree.denied)) or UNSET,
    )
    text = config if isinstance(config, str) else None if config is Silence.MISSING else ""
    return HostSnapshot(host, text, path, command, unit, _swarm_listens(tree, pid))


def _plain(held: str | Silence) -> str:
    return held if isinstance(held, str) else ""


def _maybe(held: str | Silence) -> Maybe[str]:
    return held.strip() if isinstance(held, str) and held.strip() else UNKNOWN


def _command(tree: ProcTree, engine: int) -> tuple[int, tuple[str, ...] | None]:
    """The engine that runs here and its words, without its own name; (0, None) where none does.

    It is the one that `engine` names; where that is systemd, which keeps the socket for it, the one that systemd
    started; else that with the smallest process id.
    """
    pids = sorted(int(name) for name in tree.names("proc") if name.isdigit() and len(name) < 10)
    found = [pid for pid in pids if _plain(tree.text(f"proc/{pid}/comm")).strip() == _ENGINE]
    if not found:
        return 0, None
    pid = engine if engine in found else next((one for one in found if _by_systemd(tree, one)), found[0])
    held = tree.text(f"proc/{pid}/cmdline")
    return pid, tuple(held.rstrip("\0").split("\0")[1:]) if isinstance(held, str) else ()


def _by_systemd(tree: ProcTree, pid: int) -> bool:
    """Whether a process belongs to the engine's unit."""
    return f"/{UNIT}" in _plain(tree.text(f"proc/{pid}/cgroup"))


def _socket_group(tree: ProcTree, named: tuple[tuple[Role, str], ...]) -> int:
    """The group that may use the engine's socket, 0 for none but root's, or where there is no socket."""
    paths = [path.lstrip("/") for role, path in named if role == "engine-socket"] or ["run/docker.sock"]
    for path in paths:
        held = tree.status(path)
        if held is not None and held.st_mode & 0o020:
            return held.st_gid
    return 0


def _swarm_listens(tree: ProcTree, pid: int) -> str:
    """The address at which the swarm's managers are met, by the sockets of the engine's own network."""
    for protocol in ("tcp", "tcp6") if pid else ():
        for one, _ in procfiles.listening(protocol, _plain(tree.text(f"proc/{pid}/net/{protocol}"))):
            if one.port == _SWARM:
                return f"[{one.address}]:{one.port}" if ":" in one.address else f"{one.address}:{one.port}"
    return ""


def _option(words: tuple[str, ...], name: str) -> str:
    for index, word in enumerate(words):
        if word == name:
            return words[index + 1] if index + 1 < len(words) else ""
        if word.startswith(f"{name}="):
            return word.partition("=")[2]
    return ""


def _modules(tree: ProcTree) -> Maybe[tuple[str, ...]]:
    """The active security modules, where securityfs is mounted; else what the kernel shows elsewhere."""
    held = tree.text("sys/kernel/security/lsm")
    if isinstance(held, str) and held.strip():
        return tuple(held.strip().split(","))
    found = ["apparmor"] if _plain(tree.text("sys/module/apparmor/parameters/enabled")).strip() == "Y" else []
    found += ["selinux"] if tree.exists("sys/fs/selinux/enforce") else []
    return tuple(found) or (UNSET if tree.exists("sys/kernel/security") else UNKNOWN)


def _seccomp(tree: ProcTree) -> Maybe[bool]:
    status = tree.text("proc/self/status")
    return "\nSeccomp:" in status if isinstance(status, str) else UNKNOWN


def _sysctls(tree: ProcTree) -> Iterator[tuple[str, str]]:
    for name in _SYSCTLS:
        held = tree.text(f"proc/sys/{name.replace('.', '/')}")
        if isinstance(held, str):
            yield name, held.strip()


def _audited(tree: ProcTree) -> Maybe[tuple[str, ...]]:
    """The paths that audit rules watch, as the files say that are loaded at start."""
    sources = ["etc/audit/audit.rules", *(f"etc/audit/rules.d/{name}" for name in tree.names("etc/audit/rules.d"))]
    found: list[str] = []
    for path in sources[:1000]:
        held = tree.text(path)
        if held is Silence.DENIED:
            return UNKNOWN
        for line in _plain(held).split("\n"):
            words = line.split("#", 1)[0].split()
            if "never" in ",".join(words[1:2]).split(","):
                # It says what is not noted.
                continue
            found += [words[at + 1] for at, word in enumerate(words[:-1]) if word == "-w"]
            found += [word.partition("=")[2] for word in words if word.startswith(("path=", "dir="))]
    if "etc/audit/rules.d" in tree.denied or "etc/audit" in tree.denied:
        return UNKNOWN
    return tuple(dict.fromkeys(found)) or UNSET


def _mounted(path: str, mounts: tuple[Mounted, ...]) -> Maybe[bool]:
    """Whether a folder is on a mount of its own, or at least not on that of the root."""
    if not mounts:
        return UNKNOWN
    around = (mount.target for mount in mounts if f"{path}/".startswith(f"{mount.target.rstrip('/')}/"))
    holding = max(around, key=len, default="/")
    return holding != "/"


def _firewall(tree: ProcTree) -> Maybe[str]:
    ufw = tree.text("etc/ufw/ufw.conf")
    if ufw is Silence.DENIED:
        return UNKNOWN
    if isinstance(ufw, str) and any(line.strip().lower() == "enabled=yes" for line in ufw.split("\n")):
        return "ufw"
    return "firewalld" if tree.exists("run/firewalld.pid") or tree.exists("run/firewalld") else UNSET
