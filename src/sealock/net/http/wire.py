"""Reads a connection within bounds: a deadline that slow bytes do not extend, and a maximum size."""

from __future__ import annotations

import io
import socket
from time import monotonic
from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BUFFER: Final = 64 << 10
HEAD: Final = 1 << 20
"""Most bytes of an answer's head, interim answers included."""


class HttpTimeouts(Struct, frozen=True):
    """Timeouts in seconds; a body may take longer the more of it arrives."""

    connect: float = 10.0
    """To connect, all addresses of a name and the TLS handshake included."""
    quiet: float = 30.0
    """Between two bytes."""
    head: float = 60.0
    """Until the head of the answer; also the base time of a body."""
    rate: float = 1024.0
    """Minimum average bytes per second of a body."""


class TooMuchError(OSError):
    """More bytes arrived than allowed."""


class Wire(io.RawIOBase):
    """Reads one answer from a socket."""

    def __init__(self, sock: socket.socket, patience: HttpTimeouts) -> None:
        # This keeps the socket open after the connection has closed it, as http.client does for a last answer.
        self._raw = sock.makefile("rb", buffering=0)
        self._sock, self._patience = sock, patience
        self._start, self._taken, self._most = monotonic(), 0, HEAD
        self._body = self._set = False

    def body(self, limit: int) -> None:
        """Expect a body of at most `limit` bytes, plus the overhead of chunked encoding."""
        if not self._body:
            self._body, self._start, self._taken = True, monotonic(), 0
        self._most = 2 * limit + HEAD

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        """Read available bytes; TimeoutError or TooMuchError."""
        late = self._start + self._patience.head + (self._taken / self._patience.rate if self._body else 0)
        left = late - monotonic()
        if left <= 0:
            raise TimeoutError
        # Setting the timeout releases the GIL, and getting it back costs more than the call.
        if left < self._patience.quiet or not self._set:
            self._sock.settimeout(min(left, self._patience.quiet))
            self._set = left >= self._patience.quiet
        count = self._raw.readinto(buffer)
        self._taken += count or 0
        if self._taken > self._most:
            raise TooMuchError
        return count

    def close(self) -> None:
        """Release the socket."""
        if not self.closed:
            self._raw.close()
        super().close()


class HeaderLine:
    """Stands in for http.client's socket."""

    def __init__(self, sock: socket.socket, patience: HttpTimeouts) -> None:
        self.sock, self.patience = sock, patience
        self.wire: Wire | None = None

    def makefile(self, mode: str, *_: object) -> io.BufferedReader:
        """Start to read an answer."""
        del mode
        self.wire = Wire(self.sock, self.patience)
        return io.BufferedReader(self.wire, BUFFER)

    def sendall(self, data: bytes) -> None:
        """Send bytes; TimeoutError where the peer does not accept them."""
        self.sock.settimeout(self.patience.quiet)
        self.sock.sendall(data)

    def close(self) -> None:
        """Close the socket after the last answer."""
        self.sock.close()
