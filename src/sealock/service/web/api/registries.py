"""Endpoints of administrators for registries: logins, which nothing shows again, and repositories that are watched."""

from __future__ import annotations

from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from sealock.service.registries import (
    RegistryLoginRow,
    drop_registry,
    forget,
    keep_registry,
    list_registries,
    rename,
    watch,
)
from sealock.service.web.api.endpoint import Call, for_administrators
from sealock.service.web.errors import HttpError

_Host = Annotated[str, Meta(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?$", max_length=255)]
_RepositoryName = Annotated[str, Meta(min_length=1, max_length=400)]
_Secret = Annotated[str, Meta(min_length=1, max_length=10_000, pattern=r"^[ -~]+$")]


class LoginBody(Struct, frozen=True, forbid_unknown_fields=True):
    """The login for a registry."""

    host: _Host
    user: Annotated[str, Meta(min_length=1, max_length=255, pattern=r"^[ -~]+$")]
    password: _Secret


class WatchBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A repository, and whether its tags are polled."""

    repository: _RepositoryName
    watched: bool = True


class RenameBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A repository, and the name that its registry knows it by now."""

    repository: _RepositoryName
    to: _RepositoryName


class DeletedQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which repository was deleted."""

    repository: _RepositoryName


class HostQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which registry."""

    host: _Host


def _list(call: Call[Any, None]) -> list[RegistryLoginRow]:
    with call.context.database.read() as connection:
        return list_registries(connection)


def _keep(call: Call[Any, LoginBody]) -> None:
    asked, context = call.body, call.context
    with context.database.write() as connection:
        keep_registry(
            connection,
            context.key,
            asked.host,
            asked.user,
            asked.password,
            by=call.actor,
            now=context.clock(),
            address=call.address,
        )


def _drop(call: Call[HostQuery, None]) -> None:
    with call.context.database.write() as connection:
        known = drop_registry(
            connection, call.query.host, by=call.actor, now=call.context.clock(), address=call.address
        )
    if not known:
        message = "there is no login for this registry"
        raise HttpError(404, message)


def _watch(call: Call[Any, WatchBody]) -> None:
    with call.context.database.write() as connection:
        watch(
            connection,
            call.body.repository,
            watched=call.body.watched,
            by=call.actor,
            now=call.context.clock(),
            address=call.address,
        )


def _rename(call: Call[Any, RenameBody]) -> None:
    asked, now = call.body, call.context.clock()
    with call.context.database.write() as connection:
        known = rename(connection, asked.repository, asked.to, by=call.actor, now=now, address=call.address)
    _changed(call, known=known)


def _forget(call: Call[DeletedQuery, None]) -> None:
    name, now = call.query.repository, call.context.clock()
    with call.context.database.write() as connection:
        known = forget(connection, name, by=call.actor, now=now, address=call.address)
    _changed(call, known=known)


def _changed(call: Call[Any, Any], *, known: bool) -> None:
    call.context.cache.forget()
    if not known:
        message = "there is no repository with this name"
        raise HttpError(404, message)


REGISTRIES: Final = (
    for_administrators("GET", "/api/v1/registries", "Registries with a login", _list, answers=list[RegistryLoginRow]),
    for_administrators(
        "PUT", "/api/v1/registries", "Keep a login for a registry, encrypted", _keep, takes=LoginBody, status=204
    ),
    for_administrators(
        "DELETE",
        "/api/v1/registries",
        "Remove the login for a registry",
        _drop,
        query=HostQuery,
        status=204,
        errors=(404,),
    ),
    for_administrators(
        "PUT", "/api/v1/watches", "Watch a repository for new tags, or stop it", _watch, takes=WatchBody, status=204
    ),
    for_administrators(
        "PUT",
        "/api/v1/renames",
        "Give a repository that was renamed its new name",
        _rename,
        takes=RenameBody,
        status=204,
        errors=(404,),
    ),
    for_administrators(
        "DELETE",
        "/api/v1/repositories",
        "Record that a repository was deleted; its history stays",
        _forget,
        query=DeletedQuery,
        status=204,
        errors=(404,),
    ),
)
