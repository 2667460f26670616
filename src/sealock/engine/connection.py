"""One HTTP connection to an engine: over a unix socket, TCP with or without TLS, or ssh."""

from __future__ import annotations

import os
import socket
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Final

from sealock.engine.endpoint import Endpoint
from sealock.errors import EngineError

if TYPE_CHECKING:
    import ssl
    import subprocess

CONNECT: Final = 5.0
"""Seconds for a connection to come about."""
_SSH: Final = 20.0


class EngineConnection(HTTPConnection):
    """An HTTP connection to the endpoint. `timeout` is how long one read may take, in seconds."""

    def __init__(self, endpoint: Endpoint, timeout: float) -> None:
        super().__init__("localhost" if endpoint.kind != "tcp" else endpoint.host, endpoint.port or None)
        self.endpoint = endpoint
        self.patience = timeout
        self._helper: subprocess.Popen[bytes] | None = None

    def connect(self) -> None:
        """Connect; EngineError says what to do where that does not work."""
        try:
            match self.endpoint.kind:
                case "unix":
                    self.sock = self._unix()
                case "tcp":
                    self.sock = self._tcp()
                case "ssh":
                    self.sock = self._ssh()
        except (OSError, ValueError) as error:
            raise EngineError(_why(self.endpoint, error)) from error
        self.sock.settimeout(self.patience)

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
        made = socket.create_connection((self.endpoint.host, self.endpoint.port), CONNECT)
        if not self.endpoint.encrypted:
            return made
        try:
            return _context(self.endpoint).wrap_socket(made, server_hostname=self.endpoint.host)
        except BaseException:
            made.close()
            raise

    def _ssh(self) -> socket.socket:
        """Let ssh carry the bytes, as Docker's client does; it asks for no password, since nobody may be there."""
        import subprocess  # noqa: PLC0415  seldom needed

        where = self.endpoint
        if where.host.startswith("-") or where.user.startswith("-"):
            message = "the host's name begins with a dash"
            raise ValueError(message)
        words = ["ssh", "-o", "BatchMode=yes", "-o", f"ConnectTimeout={int(_SSH)}"]
        words += ["-p", str(where.port)] if where.port else []
        words += ["-l", where.user] if where.user else []
        words += ["--", where.host, "docker", "system", "dial-stdio"]
        ours, theirs = socket.socketpair()
        with theirs:
            end = theirs.fileno()
            self._helper = subprocess.Popen(words, stdin=end, stdout=end, stderr=subprocess.DEVNULL)  # noqa: S603  words of ours
        ours.settimeout(_SSH)
        return ours

    def close(self) -> None:
        """Close it, and end the ssh that it may have started."""
        super().close()
        helper, self._helper = self._helper, None
        if helper is not None:
            helper.terminate()
            helper.wait()


def _context(endpoint: Endpoint) -> ssl.SSLContext:
    """TLS as Docker's client has it: the folder's own CA where there is one, and its client certificate."""
    import ssl  # noqa: PLC0415  seldom needed

    ca, certificate, key = (os.path.join(endpoint.tls, name) for name in ("ca.pem", "cert.pem", "key.pem"))
    context = ssl.create_default_context(cafile=ca if os.path.exists(ca) else None)
    if not endpoint.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if os.path.exists(certificate):
        context.load_cert_chain(certificate, key if os.path.exists(key) else None)
    return context


def _why(endpoint: Endpoint, error: Exception) -> str:
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
