"""Kernel parameters of a process's namespaces.

/proc/sys shows those of whoever reads, so a thread of its own enters the namespaces (setns(2)), reads, and ends; the
rest of the program stays where it is, and nothing is changed.
"""

from __future__ import annotations

import ctypes
import os
import re
from collections.abc import Iterable
from threading import Thread
from typing import Final

from sealock.runtime.kernel.tree import ProcTree

KINDS: Final = ("net", "ipc", "uts")
"""The namespaces that have parameters."""
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
"""Those that a container has of its own and that say something of its safety or its limits."""
_NAME: Final = re.compile(r"(?:net|kernel|fs\.mqueue)(?:\.[A-Za-z0-9_-]{1,64}){1,8}")
"""What a namespace may have of its own; a name with a slash in it, as of an interface with a dot, is not looked up."""
_PATIENCE: Final = 5.0
"""Seconds; reading takes less than a millisecond."""

Parameters = tuple[tuple[str, str], ...]


def read(tree: ProcTree, further: Iterable[str] = ()) -> Parameters:
    """The parameters that whoever reads finds in a tree; blanks made single.

    `further` are names beside the usual ones, which anybody may have made up. Folder by folder: /proc/sys is slow to
    walk.
    """
    folders: dict[str, dict[str, str]] = {}
    for name in (*NAMES, *(name for name in further if _NAME.fullmatch(name))):
        folder, _, file = name.rpartition(".")
        folders.setdefault(folder, {})[file] = name
    found: list[tuple[str, str]] = []
    for folder, names in folders.items():
        texts = tree.texts(f"proc/sys/{folder.replace('.', '/')}", names)
        found += [(names[file], " ".join(value.split())) for file, value in texts.items() if value]
    return tuple(found)


def inside(descriptors: tuple[int, ...], tree: ProcTree, further: Iterable[str] = ()) -> Parameters | None:
    """Read them within the namespaces that the descriptors stand for; None where they may not be entered."""
    found: list[Parameters] = []
    enter = ctypes.CDLL(None, use_errno=True).setns

    def look() -> None:
        if all(enter(descriptor, 0) == 0 for descriptor in descriptors):
            found.append(read(tree, further))

    thread = Thread(target=look, daemon=True)
    thread.start()
    thread.join(_PATIENCE)
    return found[0] if found else None


def spaces(root: int, pid: int | str) -> tuple[int, ...]:
    """Open the namespaces of a process, below an open folder; () where they may not be. The caller closes them."""
    opened: list[int] = []
    try:
        for kind in KINDS:
            opened.append(os.open(f"proc/{pid}/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC, dir_fd=root))  # noqa: PERF401  what was opened is closed
    except OSError:
        for one in opened:
            os.close(one)
        return ()
    return tuple(opened)
