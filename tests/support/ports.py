"""Ports of this machine that nobody else takes, neither by number nor by chance."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def reserved_port() -> Iterator[int]:
    """Reserve a port of loopback; nothing listens on it until a server of the test's own does, which may come and go.

    A port that was only found free may be another's by the time that the server binds it: of a test in the next
    process, or of any connection. This one stays bound, and the kernel gives it to nobody; but a server that sets
    SO_REUSEADDR, as Go's and Python's do, may listen on it, since this socket does not.
    """
    with socket.socket() as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
        yield port


def is_listening(port: int) -> bool:
    """Whether something listens on a port of loopback."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def takes_connections(path: Path) -> bool:
    """Whether something listens on a unix socket: the socket is there before that."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0
