"""Logins for private registries, encrypted at rest; the key is in a file or the environment, never in the database."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import Connection, delete, select

from sealock.errors import UNDECODABLE, UsageError, reason_of
from sealock.model.imagename import DEFAULT_REGISTRY
from sealock.model.registries import canonical_host
from sealock.net.registry.credentials import RegistryLogin
from sealock.service.state.database import Database, StateError
from sealock.service.state.rows import put
from sealock.service.state.tables import credential

VARIABLE: Final = "SEALOCK_SERVE_KEY"
"""The environment variable with the key, or with several, the newest first, one a line."""
_HUB: Final = frozenset({DEFAULT_REGISTRY, "index.docker.io", "registry-1.docker.io"})


class _StoredLogin(msgspec.Struct):
    user: str
    password: str
    identity: str


def read_key(path: str = "", environment: Mapping[str, str] = os.environ) -> MultiFernet | None:
    """The key in a file, or else in the environment; None where there is neither. UsageError for what is no key.

    A file that does not exist is made, with a new key, for this user only.
    """
    text = environment.get(VARIABLE, "")
    if path:
        text = _read_file(Path(path))
    if not text.strip():
        return None
    try:
        return MultiFernet([Fernet(line.strip()) for line in text.splitlines() if line.strip()])
    except ValueError:
        where = path or f"${VARIABLE}"
        msg = f"{where} holds no key: it has 32 bytes in URL-safe base64, as `sealock serve key` prints them"
        raise UsageError(msg) from None


def _read_file(path: Path) -> str:
    try:
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            if path.stat().st_mode & 0o077:
                msg = f"{path} can be read by others than its owner: chmod 600 {path}"
                raise UsageError(msg) from None
            return path.read_text(encoding="ascii", errors="replace")
        with os.fdopen(handle, "wb") as file:
            file.write(key := Fernet.generate_key())
            file.flush()
            os.fsync(file.fileno())
        return key.decode()
    except OSError as error:
        msg = f"the key file {path} cannot be used: {reason_of(error)}"
        raise UsageError(msg) from None


def keep_login(connection: Connection, key: MultiFernet | None, host: str, login: RegistryLogin, now: float) -> None:
    """Keep the login for a registry, encrypted, in place of a former one; UsageError without a key."""
    if key is None:
        msg = f"there is no key to encrypt logins with: set ${VARIABLE}, or name a file with --key-file"
        raise UsageError(msg)
    plain = msgspec.json.encode(_StoredLogin(login.user, login.password, login.identity))
    put(connection, credential, [{"host": _host(host), "login": key.encrypt(plain), "changed": now}])


def drop_login(connection: Connection, host: str) -> bool:
    """Remove the login for a registry; whether there was one."""
    return bool(connection.execute(delete(credential).where(credential.c.host == _host(host))).rowcount)


def list_logins(connection: Connection) -> tuple[tuple[str, float], ...]:
    """The registries with a login, and when each was last changed. What the logins are is never shown."""
    query = select(credential.c.host, credential.c.changed).order_by(credential.c.host)
    return tuple((host, changed) for host, changed in connection.execute(query))


def encrypt_again(connection: Connection, key: MultiFernet, now: float) -> int:
    """Encrypt all logins with the newest of several keys; give how many there are."""
    rows = connection.execute(select(credential)).all()
    put(connection, credential, [{"host": row.host, "login": key.rotate(row.login), "changed": now} for row in rows])
    return len(rows)


def _host(host: str) -> str:
    plain = host.strip().removeprefix("https://").removeprefix("http://").partition("/")[0]
    return DEFAULT_REGISTRY if plain in _HUB else canonical_host(plain)


class StoredCredentials:
    """The logins that the state holds, for the client of registries."""

    def __init__(self, database: Database, key: MultiFernet | None) -> None:
        self._database, self._key = database, key

    def login(self, host: str, repository: str, /) -> RegistryLogin | None:
        """The login for a registry; StateError where it cannot be decrypted."""
        del repository
        with self._database.read() as connection:
            stored = connection.execute(select(credential.c.login).where(credential.c.host == _host(host))).scalar()
        if stored is None:
            return None
        try:
            login = msgspec.json.decode(self._key.decrypt(stored) if self._key else b"", type=_StoredLogin)
        except (InvalidToken, *UNDECODABLE):
            msg = f"the login for {host} cannot be decrypted with this key: set the key that it was stored with"
            raise StateError(msg) from None
        return RegistryLogin(login.user, login.password, login.identity)
