"""Tries TCP connections from inside other processes' network namespaces, in a process of its own.

It sends nothing and closes each connection at once. It needs CAP_SYS_ADMIN.

Each connection between neighbours adds an entry to the kernel's table of neighbours in both namespaces, where it stays
for a minute. What was added can be removed again, since that table is one for the whole machine (`neighbours.py`).
"""

from __future__ import annotations

import ctypes
import errno
import inspect
import json
import os
import select
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Final, Literal, TypeAlias

ConnectionResults: TypeAlias = Literal["open", "refused", "silent", "unreachable", "untried"]
PATIENCE: Final = 1.5
"""Seconds for all connections together."""
_NETWORK: Final = 0x40000000
"""CLONE_NEWNET."""
_AT_ONCE: Final = 400
_RESULTS: Final[dict[int, ConnectionResults]] = {
    0: "open",
    errno.ECONNREFUSED: "refused",
    errno.EHOSTUNREACH: "unreachable",
    errno.ENETUNREACH: "unreachable",
    errno.ETIMEDOUT: "silent",
}
_GET, _DELETE, _DONE, _ERROR = 30, 29, 3, 2
"""RTM_GETNEIGH, RTM_DELNEIGH, NLMSG_DONE, NLMSG_ERROR."""
_REQUEST, _DUMP, _ACKNOWLEDGE = 0x1, 0x300, 0x4
_HEADER, _ENTRY, _ATTRIBUTE = struct.Struct("=IHHII"), struct.Struct("=BxxxiHBB"), struct.Struct("=HH")
_ADDRESS: Final = 1
"""NDA_DST."""
_SETTLE: Final = 0.1
"""Seconds for the last packets of connections that were closed."""


def try_connections(
    wanted: Sequence[tuple[int, str, int]],
    patience: float = PATIENCE,
    forget: Mapping[int, Sequence[str]] | None = None,
) -> tuple[ConnectionResults, ...]:
    """Try to reach each (pid, address, port) from that process's network namespace; "untried" where setns(2) fails.

    `forget` names addresses whose new entries are then removed from the tables of neighbours, by the process whose
    namespace that is; entries that were there before stay.
    """
    request = json.dumps({"wanted": list(wanted), "patience": patience, "forget": dict(forget or {})})
    limit = patience * (1 + len(wanted) // _AT_ONCE) + 30
    # The source text, because the file may be inside a zip archive.
    text = inspect.getsource(sys.modules[__name__])
    try:
        done = subprocess.run(  # noqa: S603  this very program
            [sys.executable, "-I", "-c", text], input=request.encode(), capture_output=True, check=True, timeout=limit
        )
        results = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        results = []
    if len(results) != len(wanted):
        return tuple("untried" for _ in wanted)
    return tuple(results)


def _enter(pid: int) -> bool:
    """Enter the network namespace of a process; Python has os.setns only from 3.12 on."""
    try:
        descriptor = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return bool(ctypes.CDLL(None).setns(descriptor, _NETWORK) == 0)
    finally:
        os.close(descriptor)


def connections(wanted: Sequence[tuple[int, str, int]], patience: float) -> list[ConnectionResults]:
    """Try to connect, many at a time; pid 0 stands for the current namespace."""
    results: list[ConnectionResults] = []
    for start in range(0, len(wanted), _AT_ONCE):
        results += _connect(wanted[start : start + _AT_ONCE], patience)
    return results


def _connect(wanted: Sequence[tuple[int, str, int]], patience: float) -> list[ConnectionResults]:
    results: list[ConnectionResults] = ["silent"] * len(wanted)
    waiting: dict[int, tuple[socket.socket, int]] = {}
    poll = select.poll()
    place, entered = 0, True
    # A socket stays in the namespace where it was made.
    for index, (pid, address, port) in sorted(enumerate(wanted), key=lambda target: target[1][0]):
        if pid != place:
            place, entered = pid, _enter(pid)
        if not entered:
            results[index] = "untried"
            continue
        connection = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
        connection.setblocking(False)
        error = connection.connect_ex((address, port))
        if error in {errno.EINPROGRESS, errno.EWOULDBLOCK}:
            waiting[connection.fileno()] = connection, index
            poll.register(connection, select.POLLOUT)
        else:
            results[index] = _RESULTS.get(error, "unreachable")
            connection.close()
    until = time.monotonic() + patience
    while waiting and (left := until - time.monotonic()) > 0:
        for descriptor, _ in poll.poll(left * 1000):
            connection, index = waiting.pop(descriptor)
            poll.unregister(descriptor)
            results[index] = _RESULTS.get(connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), "unreachable")
            connection.close()
    for connection, _ in waiting.values():
        connection.close()
    return results


def _neighbours(netlink: socket.socket) -> Iterator[tuple[int, int, bytes]]:
    """The entries of the current namespace: family, interface, address."""
    netlink.send(_HEADER.pack(_HEADER.size + _ENTRY.size, _GET, _REQUEST | _DUMP, 0, 0) + _ENTRY.pack(0, 0, 0, 0, 0))
    while True:
        answer = netlink.recv(1 << 16)
        at = 0
        while at + _HEADER.size <= len(answer):
            size, kind, *_ = _HEADER.unpack_from(answer, at)
            if kind in {_DONE, _ERROR} or size < _HEADER.size:
                return
            family, interface, *_ = _ENTRY.unpack_from(answer, at + _HEADER.size)
            start, end = at + _HEADER.size + _ENTRY.size, at + size
            while start + _ATTRIBUTE.size <= end:
                length, name = _ATTRIBUTE.unpack_from(answer, start)
                if name == _ADDRESS:
                    yield family, interface, answer[start + _ATTRIBUTE.size : start + length]
                start += max((length + 3) & ~3, _ATTRIBUTE.size)
            at += (size + 3) & ~3


def _entries(pid: int) -> set[tuple[int, int, bytes]]:
    """The entries of a process's namespace; none where they cannot be read."""
    if not _enter(pid):
        return set()
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as netlink:
        netlink.settimeout(PATIENCE)
        try:
            return set(_neighbours(netlink))
        except OSError:
            return set()


def _forget(pid: int, entries: set[tuple[int, int, bytes]]) -> None:
    """Remove entries from a process's namespace; one that is used or gone stays as it is."""
    if not entries or not _enter(pid):
        return
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as netlink:
        netlink.settimeout(PATIENCE)
        for family, interface, address in entries:
            attribute = _ATTRIBUTE.pack(_ATTRIBUTE.size + len(address), _ADDRESS) + address
            size = _HEADER.size + _ENTRY.size + len(attribute)
            header = _HEADER.pack(size, _DELETE, _REQUEST | _ACKNOWLEDGE, 0, 0)
            with suppress(OSError):
                netlink.send(header + _ENTRY.pack(family, interface, 0, 0, 0) + attribute)
                netlink.recv(1 << 12)


def _packed(address: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)


def main() -> int:
    """Read a request as JSON from standard input, and print the results."""
    request = json.load(sys.stdin)
    wanted = [(int(pid), address, int(port)) for pid, address, port in request["wanted"]]
    added = {int(pid): {_packed(address) for address in names} for pid, names in request["forget"].items()}
    before = {pid: _entries(pid) for pid in added}
    results = connections(wanted, float(request["patience"]))
    if added:
        time.sleep(_SETTLE)
    for pid, addresses in added.items():
        _forget(pid, {entry for entry in _entries(pid) - before[pid] if entry[2] in addresses})
    print(json.dumps(results))  # noqa: T201  the parent reads it
    return 0


if __name__ == "__main__":
    sys.exit(main())
