"""Where the service listens."""

from __future__ import annotations

import socket

from msgspec import Struct

from sealock.errors import UsageError, reason_of
from sealock.net.http.connections import reach_of
from sealock.text import read_number

_WAITING = 128
"""Connections that wait to be accepted."""


class Listener(Struct, frozen=True):
    """A host and a port; port 0 is any free one."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches it."""
        return self.host not in {"0.0.0.0", "::", ""} and reach_of(self.host) == "loopback"  # noqa: S104  compared

    def url(self, listening: socket.socket | None = None) -> str:
        """The URL for people on this machine."""
        port = listening.getsockname()[1] if listening is not None else self.port
        host = "localhost" if self.host in {"0.0.0.0", "::", ""} else self.host  # noqa: S104  compared
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def parse_listener(text: str) -> Listener:
    """Read "PORT", "HOST:PORT" or "[IPV6]:PORT"; UsageError for anything else."""
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") if host.startswith("[") else host
    number = read_number(port)
    if number is None or number > 65535 or (":" in host and not text.startswith("[")):
        msg = f"--listen {text[:100]!r} is no place to listen at: write PORT, HOST:PORT or [IPV6]:PORT"
        raise UsageError(msg)
    return Listener(host or "127.0.0.1", number)


def listen(at: Listener) -> socket.socket:
    """Listen; UsageError says why that fails."""
    try:
        (family, _, _, _, address), *_ = socket.getaddrinfo(at.host, at.port, type=socket.SOCK_STREAM)
        made = socket.create_server(address[:2], family=family, backlog=_WAITING)
        # Connections inherit it. asyncio sets it only where the socket's protocol is named, and without it each answer
        # waits 40 ms for the client's acknowledgement.
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError as error:
        reason = reason_of(error)
        msg = f"cannot listen at {at.host}:{at.port}: {reason}. Is the service running already? --listen names another"
        raise UsageError(msg) from None
    return made
