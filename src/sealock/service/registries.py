"""Registries of a service: logins, and repositories: watched, renamed, deleted; every change is in the audit log."""

from __future__ import annotations

from cryptography.fernet import MultiFernet
from msgspec import Struct
from sqlalchemy import Connection, update

from sealock.errors import TargetError, UsageError
from sealock.net.registry.credentials import RegistryLogin
from sealock.net.registry.names import reference
from sealock.service.access.actors import Actor
from sealock.service.access.audit import record
from sealock.service.state.credentials import drop_login, keep_login, list_logins
from sealock.service.state.tables import repository
from sealock.service.state.tags import find_repository, forget_repository, rename_repository, repository_number


class RegistryLoginRow(Struct, frozen=True):
    """A registry with a login, and when it was changed; the login itself is never shown."""

    host: str
    changed: float


def list_registries(connection: Connection) -> list[RegistryLoginRow]:
    """The registries with a login."""
    return [RegistryLoginRow(host, changed) for host, changed in list_logins(connection)]


def keep_registry(  # noqa: PLR0913  who, when and from where
    connection: Connection,
    key: MultiFernet | None,
    host: str,
    user: str,
    password: str,
    *,
    by: Actor,
    now: float,
    address: str = "",
) -> None:
    """Keep a login, in place of a former one; UsageError says what is missing."""
    if not host.strip() or not user.strip() or not password:
        message = "a login has a registry's host, a user and a password or token"
        raise UsageError(message)
    keep_login(connection, key, host, RegistryLogin(user.strip(), password), now)
    record(connection, now, by.name, "registry login kept", f"{user} at {host}", address)


def drop_registry(connection: Connection, host: str, *, by: Actor, now: float, address: str = "") -> bool:
    """Remove a login; False where there was none."""
    known = drop_login(connection, host)
    if known:
        record(connection, now, by.name, "registry login removed", host, address)
    return known


def watch(  # noqa: PLR0913  who, when and from where
    connection: Connection, name: str, *, watched: bool, by: Actor, now: float, address: str = ""
) -> None:
    """Poll the tags of a repository from now on, or no longer; UsageError for what is no repository."""
    whole = _repository(name)
    number = repository_number(connection, whole, now)
    connection.execute(update(repository).where(repository.c.id == number).values(watched=watched))
    record(connection, now, by.name, "watched" if watched else "watched no longer", whole, address)


def rename(  # noqa: PLR0913  who, when and from where
    connection: Connection, name: str, to: str, *, by: Actor, now: float, address: str = ""
) -> bool:
    """Give a repository its new name; False where there is none with the old. UsageError for a name that is taken."""
    old, new = _repository(name), _repository(to)
    number = find_repository(connection, old)
    if number is None:
        return False
    rename_repository(connection, number, new)
    record(connection, now, by.name, "repository renamed", f"{old} to {new}", address)
    return True


def forget(connection: Connection, name: str, *, by: Actor, now: float, address: str = "") -> bool:
    """Record that a repository was deleted: its tags end and its findings close; False where it is not known."""
    whole = _repository(name)
    number = find_repository(connection, whole)
    if number is None:
        return False
    forget_repository(connection, number, now)
    record(connection, now, by.name, "repository deleted", whole, address)
    return True


def _repository(name: str) -> str:
    """The whole name of a repository; UsageError for what is none."""
    try:
        parsed = reference(name.strip())
    except TargetError as error:
        raise UsageError(str(error)) from None
    return f"{parsed.registry}/{parsed.repository}"
