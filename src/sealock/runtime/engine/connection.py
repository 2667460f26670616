"""One HTTP connection to an engine: over a unix socket, TCP with or without TLS, or ssh."""

from __future__ import annotations

import os
import select
import socket
import ssl
import struct
import subprocess
from contextlib import suppress
from http.client import HTTPConnection
from shlex import quote
from typing import Final

from sealock.errors import EngineError, reason_of
from sealock.net.http.connections import UnreachedError, dial, secure
from sealock.net.http.wire import HeaderLine, HttpTimeouts
from sealock.runtime.engine.endpoint import DEFAULT, EngineEndpoint

CONNECT: Final = 5.0
"""Seconds to connect."""
_SSH: Final = 20.0
_WORDS: Final = 4096
"""Bytes of ssh's error output that are read."""


class EngineConnection(HTTPConnection):
    """An HTTP connection to the endpoint, with timeouts for each answer."""

    def __init__(self, endpoint: EngineEndpoint, timeouts: HttpTimeouts) -> None:
        super().__init__("localhost" if endpoint.kind != "tcp" else endpoint.host, endpoint.port or None)
        self.endpoint, self.timeouts = endpoint, timeouts
        self.line: HeaderLine | None = None
        self._helper: subprocess.Popen[bytes] | None = None

    def connect(self) -> None:
        """Connect; EngineError says what to do where that fails."""
        try:
            match self.endpoint.kind:
                case "unix":
                    sock = self._unix()
                case "tcp":
                    sock = self._tcp()
                case "ssh":
                    sock = self._ssh()
        except (OSError, ValueError, UnreachedError) as error:
            raise EngineError(_why(self.endpoint, error)) from error
        self.line = HeaderLine(sock, self.timeouts)
        self.sock = self.line

    @property
    def is_reusable(self) -> bool:
        """Whether it can be reused: an engine that closed it, or sent something unrequested, makes it readable."""
        if self.line is None or self.sock is None:
            return False
        poll = select.poll()
        poll.register(self.line.sock, select.POLLIN)
        return not poll.poll(0)

    def peer(self) -> int:
        """The pid at the other end of a unix socket, 0 where unknown."""
        if self.line is None or self.line.sock.family != socket.AF_UNIX:
            return 0
        credentials = self.line.sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        pid: int = struct.unpack("3i", credentials)[0]
        return pid

    def _unix(self) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(CONNECT)
        try:
            sock.connect(self.endpoint.path)
        except BaseException:
            sock.close()
            raise
        return sock

    def _tcp(self) -> socket.socket:
        sock, _ = dial(self.endpoint.host, self.endpoint.port, CONNECT)
        if not self.endpoint.encrypted:
            return sock
        try:
            context = _context(self.endpoint)
        except BaseException:
            sock.close()
            raise
        return secure(sock, self.endpoint.host, context, CONNECT, f"{self.endpoint.tls}/ca.pem")

    def _ssh(self) -> socket.socket:
        """Let ssh carry the bytes, as Docker's client does, without asking for a password."""
        where = self.endpoint
        if where.host.startswith("-") or where.user.startswith("-"):
            message = "the host or user name starts with a dash"
            raise ValueError(message)
        words = ["ssh", "-T", "-o", "BatchMode=yes", "-o", f"ConnectTimeout={int(_SSH)}"]
        words += ["-p", str(where.port)] if where.port else []
        words += ["-l", where.user] if where.user else []
        words += ["--", where.host, "docker"]
        # The remote shell parses these.
        words += ["--host", quote(f"unix://{where.path}")] if where.path else []
        words += ["system", "dial-stdio"]
        ours, theirs = socket.socketpair()
        with theirs:
            end = theirs.fileno()
            try:
                self._helper = subprocess.Popen(words, stdin=end, stdout=end, stderr=subprocess.PIPE)  # noqa: S603  no shell
            except BaseException:
                ours.close()
                raise
        return ours

    def ssh_error(self) -> str:
        """The last line of ssh's error output, or ""."""
        helper = self._helper
        if helper is None or helper.stderr is None:
            return ""
        poll = select.poll()
        poll.register(helper.stderr, select.POLLIN)
        output = b""
        # ssh closes stderr when it ends, soon after the connection.
        while len(output) < _WORDS and poll.poll(1000) and (chunk := os.read(helper.stderr.fileno(), _WORDS)):
            output += chunk
        lines = [line.strip() for line in output.decode("utf-8", "replace").splitlines() if line.strip()]
        return lines[-1][:300] if lines else ""

    def shut_down(self) -> None:
        """Shut the socket down, so that a thread that waits for an answer gets an error."""
        if self.line is not None:
            with suppress(OSError):  # it may be closed already
                self.line.sock.shutdown(socket.SHUT_RDWR)

    def finish(self) -> None:
        """Close it, and end ssh; http.client calls only `close`, between requests too."""
        self.close()
        helper, self._helper = self._helper, None
        if helper is not None:
            if helper.stderr is not None:
                helper.stderr.close()
            helper.kill()
            helper.wait()


def _context(endpoint: EngineEndpoint) -> ssl.SSLContext:
    """TLS as in Docker's client: the directory's own CA, if any, and its client certificate."""
    ca, certificate, key = (os.path.join(endpoint.tls, name) for name in ("ca.pem", "cert.pem", "key.pem"))
    file = ""
    try:
        own = os.path.exists(ca)
        file = ca
        context = ssl.create_default_context(cafile=ca if own else None)
        if own:
            # From Python 3.13 on, a CA must have every extension of RFC 5280; private CAs seldom do.
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        if not endpoint.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if os.path.exists(certificate):
            file = certificate
            # Without this OpenSSL would ask for a key's passphrase on the terminal.
            context.load_cert_chain(certificate, key if os.path.exists(key) else None, password=lambda: b"")
    except (OSError, ValueError) as error:
        message = f"{file} could not be used for TLS: {reason_of(error)}"
        raise ValueError(message) from None
    return context


def _why(endpoint: EngineEndpoint, error: Exception) -> str:
    """The message for a failed connection: what is wrong, and what to do."""
    origin = f" (from {endpoint.origin})" if endpoint.origin not in {"", DEFAULT} else ""
    start = f"no engine could be reached at {endpoint}{origin}: "
    if isinstance(error, PermissionError):
        return start + "you may not use its socket; run sealock as root or as a user who may use Docker"
    if isinstance(error, FileNotFoundError):
        missing = "the program ssh is not installed" if endpoint.kind == "ssh" else "the socket does not exist"
        return f"{start}{missing}; is the engine running, or is it elsewhere (DOCKER_HOST)?"
    if isinstance(error, ConnectionRefusedError):
        return start + "connection refused; is the engine running?"
    if isinstance(error, TimeoutError):
        return start + f"it did not answer within {CONNECT:.0f} seconds"
    return start + str(error)
