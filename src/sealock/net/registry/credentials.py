"""Reads the logins of `docker login`: config.json, credential stores and helpers."""

from __future__ import annotations

import os
import subprocess
from base64 import b64decode
from collections.abc import Mapping
from threading import Lock
from typing import Any, Final, Protocol

import msgspec
from msgspec import Struct

from sealock.errors import UNDECODABLE, TransportError, reason_of
from sealock.net.userdirectories import docker_directory
from sealock.patterns import compile_lazily

HUB: Final = "https://index.docker.io/v1/"
"""Docker Hub's key in credential stores."""
_HUB_HOSTS: Final = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})
_HELPER: Final = compile_lazily(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_PATIENCE: Final = 20.0
"""Seconds that a helper may take: it may ask the user to unlock a key chain."""
_MOST: Final = 1 << 20
"""Most bytes of config.json, and of a helper's answer."""


_object: Final = msgspec.json.Decoder(dict[str, Any]).decode


class RegistryLogin(Struct, frozen=True):
    """A name and a password, or an identity token instead of both. Its repr shows no secrets."""

    user: str = ""
    password: str = ""
    identity: str = ""

    def __repr__(self) -> str:
        """Show no secrets."""
        return "Login(...)"

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secrets to redact in messages."""
        return tuple(filter(None, (self.password, self.identity)))


class Credentials(Protocol):
    """Gives logins to registries."""

    def login(self, host: str, repository: str, /) -> RegistryLogin | None:
        """The login for HOST[:PORT] and a repository there; None for anonymous access."""


class Anonymous:
    """Has no logins."""

    def login(self, host: str, repository: str, /) -> RegistryLogin | None:
        """None."""
        del host, repository
        return None


class DockerCredentials:
    """Reads $DOCKER_CONFIG/config.json (by default ~/.docker/config.json), or the text in $DOCKER_AUTH_CONFIG first.

    A helper, `docker-credential-NAME get`, is run once per host that credHelpers or credsStore assign to it.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._environment = os.environ if environment is None else environment
        self._lock = Lock()
        self._answers: dict[str, RegistryLogin | None] = {}
        self._tables: list[dict[str, Any]] | None = None

    def login(self, host: str, repository: str, /) -> RegistryLogin | None:
        """The login for a host; TransportError where config.json cannot be read, or a helper fails."""
        with self._lock:
            if self._tables is None:
                self._tables = self._read()
            for table in self._tables:
                if (login := self._from(table, host, repository)) is not None:
                    return login
        return None

    def _read(self) -> list[dict[str, Any]]:
        tables = []
        if inline := self._environment.get("DOCKER_AUTH_CONFIG"):
            tables.append(_table("$DOCKER_AUTH_CONFIG", inline.encode()))
        path = docker_directory(self._environment) / "config.json"
        try:
            with path.open("rb") as file:
                data = file.read(_MOST + 1)
        except FileNotFoundError:
            return tables
        except OSError as error:
            message = f"{path} could not be read: {reason_of(error)}"
            raise TransportError(message) from None
        if len(data) > _MOST:
            message = f"{path} is larger than {_MOST} bytes, the maximum"
            raise TransportError(message)
        return [*tables, _table(str(path), data)]

    def _from(self, table: dict[str, Any], host: str, repository: str) -> RegistryLogin | None:
        helpers = _dict(table.get("credHelpers"))
        keys = (HUB, *sorted(_HUB_HOSTS)) if host in _HUB_HOSTS else (host, f"https://{host}")
        for key in keys:
            if helper := helpers.get(key):
                return self._from_helper(str(helper), HUB if key in _HUB_HOSTS else key)
        if helper := table.get("credsStore"):
            return self._from_helper(str(helper), keys[0])
        return _stored(_dict(table.get("auths")), host, repository)

    def _from_helper(self, helper: str, server: str) -> RegistryLogin | None:
        key = f"{helper} {server}"
        if key not in self._answers:
            self._answers[key] = self._run_helper(helper, server)
        return self._answers[key]

    def _run_helper(self, helper: str, server: str) -> RegistryLogin | None:
        if not _HELPER.fullmatch(helper):
            message = f"config.json names the credential helper {helper[:60]!r}, which is not a valid name"
            raise TransportError(message)
        program = f"docker-credential-{helper}"
        try:
            done = subprocess.run(  # noqa: S603  the user's configuration names it
                [program, "get"],
                input=server.encode(),
                capture_output=True,
                timeout=_PATIENCE,
                check=False,
                env=dict(self._environment),
            )
        except subprocess.TimeoutExpired:
            message = f"{program} did not answer within {_PATIENCE:.0f} s: does it wait for an unlocked key chain?"
            raise TransportError(message) from None
        except OSError as error:
            message = (
                f"{program} from config.json could not be started ({reason_of(error)}): install it, or log in again"
            )
            raise TransportError(message) from None
        if done.returncode != 0:
            # Its output is not shown: it may contain the login.
            if b"not found" in done.stdout.lower():
                return None
            message = f"{program} failed with status {done.returncode} when asked for {server}"
            raise TransportError(message)
        table = _table(f"the answer of {program}", done.stdout[:_MOST])
        user, secret = str(table.get("Username", "")), str(table.get("Secret", ""))
        if not secret:
            return None
        return RegistryLogin(identity=secret) if user == "<token>" else RegistryLogin(user, secret)


def _table(where: str, data: bytes) -> dict[str, Any]:
    """Decode a JSON object; the TransportError does not quote it."""
    try:
        return _object(data)
    except UNDECODABLE:
        message = f"{where} is not a JSON object"
        raise TransportError(message) from None


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _stored(auths: dict[str, Any], host: str, repository: str) -> RegistryLogin | None:
    """The login of the most specific entry: the repository's or its path prefix's, then the host's."""
    best, most = None, -1
    for key, entry in auths.items():
        bare = key.removeprefix("https://").removeprefix("http://").rstrip("/")
        server, _, path = bare.partition("/")
        if path in {"v1", "v2"}:
            path = ""
        same = server == host or (server in _HUB_HOSTS and host in _HUB_HOSTS)
        if same and (not path or repository == path or repository.startswith(path + "/")) and len(path) > most:
            login = _entry(_dict(entry), key)
            best, most = (login, len(path)) if login is not None else (best, most)
    return best


def _entry(entry: dict[str, Any], key: str) -> RegistryLogin | None:
    """The login of an entry; TransportError, which does not quote it, where it is damaged."""
    if identity := entry.get("identitytoken"):
        return RegistryLogin(identity=str(identity))
    if entry.get("auth"):
        try:
            text = b64decode("".join(str(entry["auth"]).split()), validate=True).decode()
        except ValueError:
            text = ""
        user, colon, password = text.rstrip("\0").partition(":")
        if not colon:
            message = (
                f"the login for {key[:200]} in Docker's config.json is damaged: run `docker login {key[:200]}` again"
            )
            raise TransportError(message)
        return RegistryLogin(user, password)
    if entry.get("username"):
        return RegistryLogin(str(entry["username"]), str(entry.get("password", "")))
    return None
