"""A connection's bytes, within bounds: a deadline that no trickle of bytes puts off, and a most that is taken."""

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
"""Bytes of an answer's head at the most, all lines and interim answers together."""


class HttpTimeouts(Struct, frozen=True):
    """How long a server is waited for, in seconds; a body may take longer the more of it comes."""

    connect: float = 10.0
    """Until a connection stands, all addresses of a name and the TLS handshake included."""
    quiet: float = 30.0
    """Between two bytes."""
    head: float = 60.0
    """Until the head of the answer is there; and what a body may take beside its bytes."""
    rate: float = 1024.0
    """Bytes a second that a body must bring on average."""


class TooMuchError(OSError):
    """More bytes came than are taken."""


class Wire(io.RawIOBase):
    """Reads one answer from a socket."""

    def __init__(self, sock: socket.socket, patience: HttpTimeouts) -> None:
        # This holds the socket open after the connection has closed it, as http.client does for a last answer.
        self._raw = sock.makefile("rb", buffering=0)
        self._sock, self._patience = sock, patience
        self._start, self._taken, self._most = monotonic(), 0, HEAD
        self._body = self._set = False

    def body(self, limit: int) -> None:
        """From now on come the bytes of a body of `limit` bytes, with what chunked encoding adds."""
        if not self._body:
            self._body, self._start, self._taken = True, monotonic(), 0
        self._most = 2 * limit + HEAD

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        """Take what has come; TimeoutError, or TooMuchError."""
        late = self._start + self._patience.head + (self._taken / self._patience.rate if self._body else 0)
        left = late - monotonic()
        if left <= 0:
            raise TimeoutError
        # Setting it lets other threads run, and waiting for them costs more than the call.
        if left < self._patience.quiet or not self._set:
            self._sock.settimeout(min(left, self._patience.quiet))
            self._set = left >= self._patience.quiet
        count = self._raw.readinto(buffer)
        self._taken += count or 0
        if self._taken > self._most:
            raise TooMuchError
        return count

    def close(self) -> None:
        """Let go of the socket."""
        if not self.closed:
            self._raw.close()
        super().close()


class HeaderLine:
    """What http.client takes for its socket."""

    def __init__(self, sock: socket.socket, patience: HttpTimeouts) -> None:
        self.sock, self.patience = sock, patience
        self.wire: Wire | None = None

    def makefile(self, mode: str, *_: object) -> io.BufferedReader:
        """Begin to read an answer."""
        del mode
        self.wire = Wire(self.sock, self.patience)
        return io.BufferedReader(self.wire, BUFFER)

    def sendall(self, data: bytes) -> None:
        """Send bytes; TimeoutError where the other side does not take them."""
        self.sock.settimeout(self.patience.quiet)
        self.sock.sendall(data)

    def close(self) -> None:
        """Close the socket, once the last answer is read."""
        self.sock.close()
