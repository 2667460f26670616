"""Where the engine listens: an address, Docker's environment and contexts, or an existing socket.

The order is that of Docker's own client: the address given, DOCKER_HOST, DOCKER_CONTEXT, the current context of
config.json, the default socket. Podman's sockets come last.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from typing import Final, Literal
from urllib.parse import unquote, urlsplit

import msgspec
from msgspec import Struct

from sealock.errors import UNDECODABLE, EngineError
from sealock.net.userdirectories import docker_directory

SOCKET: Final = "/var/run/docker.sock"
DEFAULT: Final = "the default socket"
"""The origin of an address that no setting names."""
_LARGEST: Final = 1 << 20
"""Bytes of a configuration file."""
_SCHEMES: Final = ("unix://", "tcp://", "http://", "https://", "ssh://")


class EngineEndpoint(Struct, frozen=True):
    """One engine's address.

    `path` is a socket's (over ssh one on the other machine, "" for its default); `host` and `port` are for TCP and ssh,
    `user` for ssh. `tls` is a directory with ca.pem, cert.pem and key.pem, each optional. `verify` is false where a
    context or the environment turns off checking the server's certificate. `origin` says which setting it is from.
    """

    kind: Literal["unix", "tcp", "ssh"]
    path: str = ""
    host: str = ""
    port: int = 0
    user: str = ""
    tls: str = ""
    encrypted: bool = False
    verify: bool = True
    origin: str = ""

    def __str__(self) -> str:
        """The address as in DOCKER_HOST."""
        if self.kind == "unix":
            return f"unix://{self.path}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        user, port = f"{self.user}@" if self.user else "", f":{self.port}" if self.port else ""
        return f"{self.kind}://{user}{host}{port}{self.path}"


def endpoint(where: str = "") -> EngineEndpoint:
    """Find the engine's address; EngineError where `where` or a setting is invalid."""
    if where.startswith(_SCHEMES):
        return _address(where, "the command line")
    if where.startswith("/"):
        return EngineEndpoint("unix", path=where, origin="the command line")
    if where and where != "default":
        return _context(where, "the command line")
    if not where and (host := os.environ.get("DOCKER_HOST", "")):
        return _address(host, "DOCKER_HOST")
    if where:
        return _by_socket()
    if name := os.environ.get("DOCKER_CONTEXT", ""):
        return _context(name, "DOCKER_CONTEXT") if name != "default" else _by_socket()
    if (name := _current_context()) not in {"", "default"}:
        return _context(name, "Docker's current context")
    return _by_socket()


def _by_socket() -> EngineEndpoint:
    """The first existing default socket; Docker's where none exists, for the error message."""
    runtime = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    for path in (SOCKET, f"{runtime}/docker.sock", f"{runtime}/podman/podman.sock", "/run/podman/podman.sock"):
        with suppress(OSError):
            if stat.S_ISSOCK(os.stat(path).st_mode):
                return EngineEndpoint("unix", path=path, origin=DEFAULT)
    return EngineEndpoint("unix", path=SOCKET, origin=DEFAULT)


def _address(text: str, origin: str, environment: Mapping[str, str] = os.environ) -> EngineEndpoint:
    """Parse an address as in DOCKER_HOST; the environment says whether TCP uses TLS."""
    scheme, separator, rest = text.partition("://")
    if not separator:
        # Docker's client reads a bare HOST:PORT as TCP.
        scheme, rest, text = "tcp", text, f"tcp://{text}"
    if scheme == "unix":
        return EngineEndpoint("unix", path=rest or SOCKET, origin=origin)
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        parts, port = None, None
    if parts is None or not parts.hostname or scheme not in {"tcp", "http", "https", "ssh"}:
        message = f"{origin}: {text[:200]!r} is no engine address; use unix:///…, tcp://HOST:PORT or ssh://USER@HOST"
        raise EngineError(message)
    if scheme == "ssh":
        user = unquote(parts.username or "")
        path = "" if parts.path == "/" else parts.path
        return EngineEndpoint("ssh", path=path, host=parts.hostname, port=port or 0, user=user, origin=origin)
    # As in Docker's client: DOCKER_TLS_VERIFY means TLS with verification, DOCKER_TLS only TLS.
    verified = bool(environment.get("DOCKER_TLS_VERIFY"))
    encrypted = verified or bool(environment.get("DOCKER_TLS")) or scheme == "https"
    return EngineEndpoint(
        "tcp",
        host=parts.hostname,
        port=port or (2376 if encrypted else 2375),
        tls=environment.get("DOCKER_CERT_PATH") or str(docker_directory(os.environ)) if encrypted else "",
        encrypted=encrypted,
        verify=verified or scheme == "https",
        origin=origin,
    )


class _Config(Struct):
    context: str = msgspec.field(default="", name="currentContext")


class _Server(Struct):
    host: str = msgspec.field(default="", name="Host")
    unverified: bool = msgspec.field(default=False, name="SkipTLSVerify")


class _Meta(Struct):
    endpoints: dict[str, _Server] = msgspec.field(default_factory=dict, name="Endpoints")


def _current_context() -> str:
    path = os.path.join(docker_directory(os.environ), "config.json")
    try:
        return msgspec.json.decode(_read(path), type=_Config).context
    except (OSError, *UNDECODABLE):
        return ""


def _context(name: str, origin: str) -> EngineEndpoint:
    """Read a context of `docker context create`; its directory is named by the hash of its name."""
    directory = sha256(name.encode("utf-8", "surrogateescape")).hexdigest()
    path = os.path.join(docker_directory(os.environ), "contexts", "meta", directory, "meta.json")
    try:
        server = msgspec.json.decode(_read(path), type=_Meta).endpoints.get("docker", _Server())
    except FileNotFoundError:
        message = f"{origin}: there is no context {name!r} (`docker context ls` lists them)"
        raise EngineError(message) from None
    except (OSError, *UNDECODABLE) as error:
        message = f"the context {name!r} could not be read: {path}: {error}"
        raise EngineError(message) from None
    # A context has its own TLS settings, so those of the environment do not apply.
    address = _address(server.host or f"unix://{SOCKET}", f"the context {name!r}", {})
    tls = os.path.join(docker_directory(os.environ), "contexts", "tls", directory, "docker")
    if address.kind != "tcp" or not os.path.isdir(tls):
        return address
    return msgspec.structs.replace(address, tls=tls, encrypted=True, verify=not server.unverified)


def _read(path: str) -> bytes:
    """Read a small regular file; never wait for a pipe."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(0, "not a regular file", path)
        return file.read(_LARGEST)
