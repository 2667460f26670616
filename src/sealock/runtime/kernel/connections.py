"""Tries TCP connections from inside another process's network namespace, in a process of its own.

It sends nothing and closes each connection at once. It needs CAP_SYS_ADMIN.
"""

from __future__ import annotations

import ctypes
import errno
import inspect
import json
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

ConnectionResults: TypeAlias = Literal["open", "refused", "silent", "unreachable", "untried"]
PATIENCE: Final = 1.5
"""Seconds for all connections together."""
_NETWORK: Final = 0x40000000
"""CLONE_NEWNET."""
_AT_ONCE: Final = 200
_RESULTS: Final[dict[int, ConnectionResults]] = {
    0: "open",
    errno.ECONNREFUSED: "refused",
    errno.EHOSTUNREACH: "unreachable",
    errno.ENETUNREACH: "unreachable",
    errno.ETIMEDOUT: "silent",
}


def try_connections(
    pid: int, targets: Sequence[tuple[str, int]], patience: float = PATIENCE
) -> tuple[ConnectionResults, ...]:
    """Try each target from the network namespace of a process; "untried" where setns(2) fails."""
    request = json.dumps({"pid": pid, "targets": list(targets), "patience": patience})
    limit = patience * (1 + len(targets) // _AT_ONCE) + 10
    # The source text, because the file may be inside a zip archive.
    text = inspect.getsource(sys.modules[__name__])
    try:
        done = subprocess.run(  # noqa: S603  this very program
            [sys.executable, "-I", "-c", text], input=request.encode(), capture_output=True, check=False, timeout=limit
        )
        results = json.loads(done.stdout) if done.returncode == 0 else []
    except (OSError, subprocess.SubprocessError, ValueError):
        results = []
    if len(results) != len(targets):
        return tuple("untried" for _ in targets)
    return tuple(results)


def _enter(pid: int) -> None:
    """Enter the network namespace of a process; Python has os.setns only from 3.12 on."""
    descriptor = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    if ctypes.CDLL(None, use_errno=True).setns(descriptor, _NETWORK) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    os.close(descriptor)


def connections(targets: Sequence[tuple[str, int]], patience: float) -> list[ConnectionResults]:
    """Try to connect from the current namespace, many targets at a time."""
    results: list[ConnectionResults] = []
    for start in range(0, len(targets), _AT_ONCE):
        results += _connect(targets[start : start + _AT_ONCE], patience)
    return results


def _connect(targets: Sequence[tuple[str, int]], patience: float) -> list[ConnectionResults]:
    results: list[ConnectionResults] = ["silent"] * len(targets)
    waiting: dict[int, tuple[socket.socket, int]] = {}
    poll = select.poll()
    for index, (address, port) in enumerate(targets):
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


def main() -> int:
    """Read a request as JSON from standard input, and print the results."""
    request = json.load(sys.stdin)
    try:
        _enter(int(request["pid"]))
    except OSError:
        return 1
    targets = [(address, port) for address, port in request["targets"]]
    print(json.dumps(connections(targets, float(request["patience"]))))  # noqa: T201  the parent reads it
    return 0


if __name__ == "__main__":
    sys.exit(main())
