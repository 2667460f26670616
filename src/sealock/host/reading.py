"""Reads the machine: everything that needs no engine, and the texts that tell of the engine's settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from sealock.host.files import files
from sealock.host.people import clients, logins, people
from sealock.kernel import parsing
from sealock.kernel.groups import Hierarchies
from sealock.kernel.tree import Silence, Tree
from sealock.model.absent import UNKNOWN, UNSET, Maybe
from sealock.model.host import Host, Role
from sealock.model.process import Mounted

DATA_ROOT: Final = "/var/lib/docker"
CONFIG: Final = "/etc/docker/daemon.json"
_SYSCTLS: Final = (
    "kernel.unprivileged_bpf_disabled", "kernel.kptr_restrict", "kernel.dmesg_restrict", "kernel.yama.ptrace_scope",
    "fs.protected_symlinks", "fs.protected_hardlinks", "net.core.bpf_jit_harden", "user.max_user_namespaces",
    "kernel.unprivileged_userns_clone", "net.ipv4.ip_forward",
)  # fmt: skip
_ENGINE: Final = "dockerd"
_NO_CONTROLLERS: Final = frozenset({"", "rw", "ro", "none", "xattr"})
"""Options of a mounted tree that name no controller."""


class Seen(Struct, frozen=True):
    """The machine, and what was found of the engine's settings: its file's text and its command line.

    None says that there is none of it, "" and () that it could not be read.
    """

    host: Host
    config: str | None
    config_path: str
    command: tuple[str, ...] | None


def see(root: str = "/", *, data_root: str = "", engine: int = 0, named: tuple[tuple[Role, str], ...] = ()) -> Seen:
    """Look at a machine below a root folder.

    `data_root` is where the engine keeps its data, as it says itself; `engine` its process id, 0 where that is not
    known; `named` are files that its settings name.
    """
    tree = Tree(root)
    try:
        return _see(tree, data_root, engine, named)
    finally:
        tree.close()


def _see(tree: Tree, data_root: str, engine: int, named: tuple[tuple[Role, str], ...]) -> Seen:
    command = _command(tree, engine)
    path = _option(command or (), "--config-file") or CONFIG
    config = tree.text(path.lstrip("/"))
    who = people(tree)
    mounts = parsing.mounts(_plain(tree.text("proc/self/mountinfo")) or _plain(tree.text("proc/1/mountinfo")))
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
        data_root_mounted=_mounted(data_root or _option(command or (), "--data-root") or DATA_ROOT, mounts),
        firewall=_firewall(tree),
        client_hosts=engines or UNSET,
        client_credentials=passwords or UNSET,
        unread=tuple(f"/{one}" for one in sorted(tree.denied)) or UNSET,
    )
    text = config if isinstance(config, str) else None if config is Silence.MISSING else ""
    return Seen(host, text, path, command)


def _plain(held: str | Silence) -> str:
    return held if isinstance(held, str) else ""


def _maybe(held: str | Silence) -> Maybe[str]:
    return held.strip() if isinstance(held, str) and held.strip() else UNKNOWN


def _command(tree: Tree, engine: int) -> tuple[str, ...] | None:
    """The words of the engine that runs here, without its own name; that with the smallest process id of several."""
    pids = sorted(int(name) for name in tree.names("proc") if name.isdigit() and len(name) < 10)
    for pid in [engine, *pids] if engine else pids:
        if _plain(tree.text(f"proc/{pid}/comm")).strip() == _ENGINE:
            held = tree.text(f"proc/{pid}/cmdline")
            return tuple(held.rstrip("\0").split("\0")[1:]) if isinstance(held, str) else ()
    return None


def _option(words: tuple[str, ...], name: str) -> str:
    for index, word in enumerate(words):
        if word == name:
            return words[index + 1] if index + 1 < len(words) else ""
        if word.startswith(f"{name}="):
            return word.partition("=")[2]
    return ""


def _modules(tree: Tree) -> Maybe[tuple[str, ...]]:
    """The active security modules, where securityfs is mounted; else what the kernel shows elsewhere."""
    held = tree.text("sys/kernel/security/lsm")
    if isinstance(held, str) and held.strip():
        return tuple(held.strip().split(","))
    found = ["apparmor"] if _plain(tree.text("sys/module/apparmor/parameters/enabled")).strip() == "Y" else []
    found += ["selinux"] if tree.there("sys/fs/selinux/enforce") else []
    return tuple(found) or (UNSET if tree.there("sys/kernel/security") else UNKNOWN)


def _seccomp(tree: Tree) -> Maybe[bool]:
    status = tree.text("proc/self/status")
    return "\nSeccomp:" in status if isinstance(status, str) else UNKNOWN


def _sysctls(tree: Tree) -> Iterator[tuple[str, str]]:
    for name in _SYSCTLS:
        held = tree.text(f"proc/sys/{name.replace('.', '/')}")
        if isinstance(held, str):
            yield name, held.strip()


def _audited(tree: Tree) -> Maybe[tuple[str, ...]]:
    """The paths that audit rules watch, as the files say that are loaded at start."""
    sources = ["etc/audit/audit.rules", *(f"etc/audit/rules.d/{name}" for name in tree.names("etc/audit/rules.d"))]
    found: list[str] = []
    for path in sources[:1000]:
        held = tree.text(path)
        if held is Silence.DENIED:
            return UNKNOWN
        for line in _plain(held).split("\n"):
            words = line.split("#", 1)[0].split()
            found += [words[at + 1] for at, word in enumerate(words[:-1]) if word == "-w"]
            found += [word.partition("=")[2] for word in words if word.startswith(("path=", "dir="))]
    if "etc/audit/rules.d" in tree.denied or "etc/audit" in tree.denied:
        return UNKNOWN
    return tuple(dict.fromkeys(found)) or UNSET


def _mounted(path: str, mounts: tuple[Mounted, ...]) -> Maybe[bool]:
    """Whether a folder is on a mount of its own, or at least not on that of the root."""
    if not mounts:
        return UNKNOWN
    holding = max((one.target for one in mounts if f"{path}/".startswith(f"{one.target.rstrip('/')}/")), key=len)
    return holding != "/"


def _firewall(tree: Tree) -> Maybe[str]:
    ufw = tree.text("etc/ufw/ufw.conf")
    if isinstance(ufw, str) and any(line.strip().lower() == "enabled=yes" for line in ufw.split("\n")):
        return "ufw"
    return "firewalld" if tree.there("run/firewalld.pid") or tree.there("run/firewalld") else UNSET
