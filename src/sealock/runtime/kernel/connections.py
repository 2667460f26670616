"""Tries TCP connections from inside another process's network namespace, in a process of its own.

Nothing is sent: a connection that comes about is closed at once. It needs root, or the rights of CAP_SYS_ADMIN there.
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
"""Seconds that all connections together may take."""
_NETWORK: Final = 0x40000000
"""CLONE_NEWNET."""
_AT_ONCE: Final = 200
_ANSWERS: Final[dict[int, ConnectionResults]] = {
    0: "open",
    errno.ECONNREFUSED: "refused",
    errno.EHOSTUNREACH: "unreachable",
    errno.ENETUNREACH: "unreachable",
    errno.ETIMEDOUT: "silent",
}


def tried(pid: int, targets: Sequence[tuple[str, int]], patience: float = PATIENCE) -> tuple[ConnectionResults, ...]:
    """Try to connect from the network namespace of a process; in order. "untried" where it could not be entered."""
    asked = json.dumps({"pid": pid, "targets": list(targets), "patience": patience})
    limit = patience * (1 + len(targets) // _AT_ONCE) + 10
    # Its text rather than its file, which may be a part of an archive.
    text = inspect.getsource(sys.modules[__name__])
    try:
        done = subprocess.run(  # noqa: S603  this very program
            [sys.executable, "-I", "-c", text], input=asked.encode(), capture_output=True, check=False, timeout=limit
        )
        found = json.loads(done.stdout) if done.returncode == 0 else []
    except (OSError, subprocess.SubprocessError, ValueError):
        found = []
    if len(found) != len(targets):
        return tuple("untried" for _ in targets)
    return tuple(found)


def _enter(pid: int) -> None:
    """Enter the network namespace of a process; Python has setns only from 3.12 on."""
    descriptor = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    if ctypes.CDLL(None, use_errno=True).setns(descriptor, _NETWORK) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    os.close(descriptor)


def connections(targets: Sequence[tuple[str, int]], patience: float) -> list[ConnectionResults]:
    """Try to connect from here, many at the same time."""
    found: list[ConnectionResults] = []
    for start in range(0, len(targets), _AT_ONCE):
        found += _some(targets[start : start + _AT_ONCE], patience)
    return found


def _some(targets: Sequence[tuple[str, int]], patience: float) -> list[ConnectionResults]:
    found: list[ConnectionResults] = ["silent"] * len(targets)
    waiting: dict[int, tuple[socket.socket, int]] = {}
    poll = select.poll()
    for index, (address, port) in enumerate(targets):
        made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
        made.setblocking(False)
        error = made.connect_ex((address, port))
        if error in {errno.EINPROGRESS, errno.EWOULDBLOCK}:
            waiting[made.fileno()] = made, index
            poll.register(made, select.POLLOUT)
        else:
            found[index] = _ANSWERS.get(error, "unreachable")
            made.close()
    until = time.monotonic() + patience
    while waiting and (left := until - time.monotonic()) > 0:
        for descriptor, _ in poll.poll(left * 1000):
            made, index = waiting.pop(descriptor)
            poll.unregister(descriptor)
            found[index] = _ANSWERS.get(made.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), "unreachable")
            made.close()
    for made, _ in waiting.values():
        made.close()
    return found


def main() -> int:
    """Read what to try from standard input, and print what came of it."""
    asked = json.load(sys.stdin)
    try:
        _enter(int(asked["pid"]))
    except OSError:
        return 1
    print(json.dumps(connections([(one, port) for one, port in asked["targets"]], float(asked["patience"]))))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
