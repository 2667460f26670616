"""One HTTP connection to an engine: over a unix socket, TCP with or without TLS, or ssh."""

from __future__ import annotations

import os
import select
import socket
import struct
from contextlib import suppress
from http.client import HTTPConnection
from shlex import quote
from typing import TYPE_CHECKING, Final

from sealock.errors import EngineError
from sealock.net.http.connections import UnreachedError, dial, secure
from sealock.net.http.wire import HeaderLine, HttpTimeouts
from sealock.runtime.engine.endpoint import EngineEndpoint

if TYPE_CHECKING:
    import ssl
    import subprocess

CONNECT: Final = 5.0
"""Seconds for a connection to come about."""
_SSH: Final = 20.0
_WORDS: Final = 4096
"""Bytes of ssh's complaints that are read."""


class EngineConnection(HTTPConnection):
    """An HTTP connection to the endpoint, each answer within `patience`."""

    def __init__(self, endpoint: EngineEndpoint, patience: HttpTimeouts) -> None:
        super().__init__("localhost" if endpoint.kind != "tcp" else endpoint.host, endpoint.port or None)
        self.endpoint, self.patience = endpoint, patience
        self.line: HeaderLine | None = None
        self._helper: subprocess.Popen[bytes] | None = None

    def connect(self) -> None:
        """Connect; EngineError says what to do where that does not work."""
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
        self.line = HeaderLine(sock, self.patience)
        self.sock = self.line

    @property
    def stands(self) -> bool:
        """Whether it may be used again: an engine that closed it, or said something unasked, makes it readable."""
        if self.line is None or self.sock is None:
            return False
        poll = select.poll()
        poll.register(self.line.sock, select.POLLIN)
        return not poll.poll(0)

    def peer(self) -> int:
        """The id of the process at the other end of a unix socket, 0 where that cannot be told."""
        if self.line is None or self.line.sock.family != socket.AF_UNIX:
            return 0
        held = self.line.sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        pid: int = struct.unpack("3i", held)[0]
        return pid

    def _unix(self) -> socket.socket:
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        made.settimeout(CONNECT)
        try:
            made.connect(self.endpoint.path)
        except BaseException:
            made.close()
            raise
        return made

    def _tcp(self) -> socket.socket:
        made, _ = dial(self.endpoint.host, self.endpoint.port, CONNECT)
        if not self.endpoint.encrypted:
            return made
        try:
            context = _context(self.endpoint)
        except BaseException:
            made.close()
            raise
        return secure(made, self.endpoint.host, context, CONNECT)

    def _ssh(self) -> socket.socket:
        """Let ssh carry the bytes, as Docker's client does; it asks for no password, since nobody may be there."""
        import subprocess  # noqa: PLC0415  seldom needed

        where = self.endpoint
        if where.host.startswith("-") or where.user.startswith("-"):
            message = "the host's name begins with a dash"
            raise ValueError(message)
        words = ["ssh", "-T", "-o", "BatchMode=yes", "-o", f"ConnectTimeout={int(_SSH)}"]
        words += ["-p", str(where.port)] if where.port else []
        words += ["-l", where.user] if where.user else []
        words += ["--", where.host, "docker"]
        # The shell of the other machine reads these.
        words += ["--host", quote(f"unix://{where.path}")] if where.path else []
        words += ["system", "dial-stdio"]
        ours, theirs = socket.socketpair()
        with theirs:
            end = theirs.fileno()
            try:
                self._helper = subprocess.Popen(words, stdin=end, stdout=end, stderr=subprocess.PIPE)  # noqa: S603  words of ours
            except BaseException:
                ours.close()
                raise
        return ours

    def complaint(self) -> str:
        """What ssh said before it gave up, "" where it did not."""
        helper = self._helper
        if helper is None or helper.stderr is None:
            return ""
        poll = select.poll()
        poll.register(helper.stderr, select.POLLIN)
        held = b""
        # It closes this when it ends, which it does soon after the connection that it carries.
        while len(held) < _WORDS and poll.poll(1000):
            more = os.read(helper.stderr.fileno(), _WORDS)
            if not more:
                break
            held += more
        lines = [line.strip() for line in held.decode("utf-8", "replace").splitlines() if line.strip()]
        return lines[-1][:300] if lines else ""

    def end(self) -> None:
        """Let whoever waits for it wait no longer."""
        if self.line is not None:
            with suppress(OSError):  # it may have ended already
                self.line.sock.shutdown(socket.SHUT_RDWR)

    def finish(self) -> None:
        """Close it, and end the ssh that it may have started; http.client closes it alone, on its own."""
        self.close()
        helper, self._helper = self._helper, None
        if helper is not None:
            if helper.stderr is not None:
                helper.stderr.close()
            helper.kill()
            helper.wait()


def _context(endpoint: EngineEndpoint) -> ssl.SSLContext:
    """TLS as Docker's client has it: the folder's own CA where there is one, and its client certificate."""
    import ssl  # noqa: PLC0415  seldom needed

    ca, certificate, key = (os.path.join(endpoint.tls, name) for name in ("ca.pem", "cert.pem", "key.pem"))
    file = ""
    try:
        own = os.path.exists(ca)
        file = ca
        context = ssl.create_default_context(cafile=ca if own else None)
        if own:
            # From Python 3.13 on, an authority must have every extension of RFC 5280; home-made ones seldom do.
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        if not endpoint.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if os.path.exists(certificate):
            file = certificate
            # A key with a passphrase is refused: OpenSSL would ask for it on the terminal.
            context.load_cert_chain(certificate, key if os.path.exists(key) else None, password=lambda: b"")
    except (OSError, ValueError) as error:
        message = f"{file} could not be used for TLS: {getattr(error, 'strerror', None) or error}"
        raise ValueError(message) from None
    return context


def _why(endpoint: EngineEndpoint, error: Exception) -> str:
    """Say what is wrong, and what to do."""
    told = f" (named by {endpoint.told_by})" if endpoint.told_by not in {"", "the usual place"} else ""
    start = f"no engine could be reached at {endpoint}{told}: "
    if isinstance(error, PermissionError):
        return start + "you may not use its socket; run sealock as root, or as a user whom you trust with root's rights"
    if isinstance(error, FileNotFoundError):
        missing = "the program ssh is not there" if endpoint.kind == "ssh" else "there is no such socket"
        return f"{start}{missing}; is the engine running, or is it elsewhere (DOCKER_HOST)?"
    if isinstance(error, ConnectionRefusedError):
        return start + "nobody listens there; is the engine running?"
    if isinstance(error, TimeoutError):
        return start + f"it did not answer within {CONNECT:.0f} seconds"
    return start + str(error)
