"""The process at the other end of a unix socket: its user, and the container that it runs in.

The kernel notes the user and the pid when the client connects. The pid alone could be another process's by now; with
SO_PEERPIDFD (Linux 6.5) the kernel gives the process itself, and what was read of a pid counts only while that lives.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from contextlib import suppress
from typing import Final

from msgspec import Struct

from sealock.runtime.kernel.identity import identity
from sealock.runtime.kernel.procfiles import control_groups

_SO_PEERGROUPS: Final = 59
_SO_PEERPIDFD: Final = 77
_CREDENTIALS: Final = struct.Struct("3i")
_GROUPS: Final = 256
"""Most supplementary groups: getsockopt takes a buffer of 1024 bytes."""
_CGROUPS: Final = 64 << 10


OUT_OF_DESCRIPTORS: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
"""Errors after which the same may succeed once something else is closed."""


class Peer(Struct, frozen=True):
    """A client's process: pid 0 where it is in a pid namespace that this one cannot see.

    `container` is the id by its cgroups, "" for a process of the host, None where it could not be determined.
    """

    uid: int
    gid: int
    pid: int
    container: str | None
    groups: tuple[int, ...] = ()


def peer(sock: socket.socket) -> Peer:
    """Identify the client of a unix socket; OSError where the kernel cannot, or descriptors ran out."""
    pid, uid, gid = _CREDENTIALS.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    groups = _peer_groups(sock)
    if pid <= 0:
        return Peer(uid, gid, 0, None, groups)
    process = _process(sock, pid)
    if process is None:
        return Peer(uid, gid, pid, None, groups)
    try:
        container = _container(pid)
        return Peer(uid, gid, pid, container if _pid(process) == pid else None, groups)
    finally:
        os.close(process)


def _peer_groups(sock: socket.socket) -> tuple[int, ...]:
    """The supplementary groups that the client had when it connected; () where the kernel does not give them."""
    with suppress(OSError):
        data = sock.getsockopt(socket.SOL_SOCKET, _SO_PEERGROUPS, _GROUPS * 4)
        return struct.unpack(f"={len(data) // 4}I", data)
    return ()


def _process(sock: socket.socket, pid: int) -> int | None:
    """A descriptor of the process; None where it ended."""
    try:
        return sock.getsockopt(socket.SOL_SOCKET, _SO_PEERPIDFD)
    except OSError as error:
        if error.errno in OUT_OF_DESCRIPTORS:
            raise
        if error.errno != errno.ENOPROTOOPT:
            return None  # it ended, and its pid may be another's
    try:
        return os.pidfd_open(pid)  # the kernel is older
    except OSError as error:
        if error.errno in OUT_OF_DESCRIPTORS:
            raise
        return None


def _pid(process: int) -> int:
    """The pid of a descriptor's process; -1 once it ended."""
    with suppress(OSError, ValueError), open(f"/proc/self/fdinfo/{process}", encoding="utf-8") as file:
        for row in file:
            if row.startswith("Pid:"):
                return int(row.removeprefix("Pid:"))
    return -1


def _container(pid: int) -> str | None:
    groups = _groups(pid)
    return identity(groups.items(), ()).id if groups else None


def _groups(pid: int) -> dict[str, str]:
    """The cgroups of a process by controller; {} where they cannot be read."""
    try:
        with open(f"/proc/{pid}/cgroup", encoding="utf-8", errors="replace") as file:
            return dict(control_groups(file.read(_CGROUPS)))
    except OSError as error:
        if error.errno in OUT_OF_DESCRIPTORS:
            raise
        return {}


def is_within(pid: int, main: int) -> bool:
    """Whether a process is in the cgroups of a container's main process, whose pid the engine gave.

    A user with cgroups of their own could name one like a container's; where that container is, they cannot make it.
    """
    own, container = _groups(pid), _groups(main)
    return bool(container) and all(
        path != "/" and (own.get(name) == path or own.get(name, "").startswith(f"{path}/"))
        for name, path in container.items()
    )
