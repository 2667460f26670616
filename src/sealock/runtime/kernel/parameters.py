"""The sysctls of a process's namespaces.

/proc/sys shows those of the reading thread, so a separate thread enters the namespaces with setns(2), reads, and ends.
The rest of the program stays in its own namespaces, and nothing changes.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable
from threading import Thread
from typing import Final

from sealock.patterns import compile_lazily
from sealock.runtime.kernel.tree import ProcTree

KINDS: Final = ("net", "ipc", "uts")
"""The namespaces that have sysctls."""
NAMES: Final = (
    "net.ipv4.ip_forward", "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ping_group_range",
    "net.ipv4.conf.all.accept_redirects", "net.ipv4.conf.all.accept_source_route", "net.ipv4.conf.all.proxy_arp",
    "net.ipv4.conf.all.route_localnet", "net.ipv4.conf.all.rp_filter", "net.ipv4.conf.all.secure_redirects",
    "net.ipv4.conf.all.send_redirects", "net.ipv4.icmp_echo_ignore_broadcasts", "net.ipv4.tcp_syncookies",
    "net.ipv6.conf.all.accept_redirects", "net.ipv6.conf.all.disable_ipv6", "net.ipv6.conf.all.forwarding",
    "net.core.somaxconn", "kernel.shmmax", "kernel.shmall", "kernel.shmmni", "kernel.shm_rmid_forced",
    "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem", "kernel.domainname",
    "fs.mqueue.msg_max", "fs.mqueue.msgsize_max", "fs.mqueue.queues_max",
)  # fmt: skip
"""Namespaced sysctls that matter for safety or limits."""
_NAME: Final = compile_lazily(r"(?:net|kernel|fs\.mqueue)(?:\.[A-Za-z0-9_-]{1,64}){1,8}")
"""Namespaced sysctls; names with a slash (for an interface with a dot) are not looked up."""
_PATIENCE: Final = 5.0
"""Seconds; reading takes less than a millisecond."""

Parameters = tuple[tuple[str, str], ...]


def read(tree: ProcTree, further: Iterable[str] = ()) -> Parameters:
    """The sysctls that the reading thread sees in a tree, with single blanks.

    `further` are untrusted names beyond NAMES. Directory by directory, since path lookups in /proc/sys are slow.
    """
    directories: dict[str, dict[str, str]] = {}
    for name in (*NAMES, *(name for name in further if _NAME.fullmatch(name))):
        directory, _, file = name.rpartition(".")
        directories.setdefault(directory, {})[file] = name
    sysctls: list[tuple[str, str]] = []
    for directory, names in directories.items():
        texts = tree.texts(f"proc/sys/{directory.replace('.', '/')}", names)
        sysctls += [(names[file], " ".join(value.split())) for file, value in texts.items() if value]
    return tuple(sysctls)


def inside(descriptors: tuple[int, ...], tree: ProcTree, further: Iterable[str] = ()) -> Parameters | None:
    """Read them inside the namespaces of these descriptors; None where setns(2) fails."""
    results: list[Parameters] = []
    enter = ctypes.CDLL(None).setns

    def enter_and_read() -> None:
        if all(enter(descriptor, 0) == 0 for descriptor in descriptors):
            results.append(read(tree, further))

    thread = Thread(target=enter_and_read, daemon=True)
    thread.start()
    thread.join(_PATIENCE)
    return results[0] if results else None


def spaces(root: int, pid: int | str) -> tuple[int, ...]:
    """Open the namespaces of a process below an open directory; () where that fails. The caller closes them."""
    opened: list[int] = []
    try:
        for kind in KINDS:
            opened.append(os.open(f"proc/{pid}/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC, dir_fd=root))  # noqa: PERF401  on failure the opened ones are closed
    except OSError:
        for descriptor in opened:
            os.close(descriptor)
        return ()
    return tuple(opened)
