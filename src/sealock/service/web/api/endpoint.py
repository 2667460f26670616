"""An endpoint as data: its address, who may ask, what it takes and answers, and the function that does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Generic, Literal, TypeAlias, TypeVar

from msgspec import Struct

from sealock.service.access.actors import Actor
from sealock.service.access.tokens import Role
from sealock.service.web.context import ServiceContext

Method: TypeAlias = Literal["GET", "POST", "PUT", "DELETE"]
Query = TypeVar("Query")
Body = TypeVar("Body")
SMALL: Final = 64 << 10
"""Bytes of a body that a person could have written."""


class ErrorAnswer(Struct, frozen=True):
    """What went wrong, and what to do."""

    error: str


class NoQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """No parameters."""


class Call(Struct, Generic[Query, Body], frozen=True):
    """One request that was read and allowed. `path` are the parts of the address, `address` is the client's."""

    context: ServiceContext
    actor: Actor
    path: Mapping[str, str]
    query: Query
    body: Body
    address: str
    own: str
    """The URL of this service, as this client reaches it."""
    headers: Mapping[str, str]


class Endpoint(Struct, frozen=True, kw_only=True):
    """One row of the table. `answers` None: an answer without a body; `everything`: not for a limited scope.

    `about` is a sentence without its full stop. `raw` bodies are passed on as bytes.
    """

    method: Method
    path: str
    about: str
    role: Role
    run: Callable[[Any], object]
    answers: Any = None
    takes: Any = None
    query: type[Struct] = NoQuery
    status: int = 200
    everything: bool = False
    errors: tuple[int, ...] = ()
    """Which errors it has beyond those of all endpoints: 404, 409."""
    most: int = SMALL
    """Most bytes of its body."""
    raw: bool = False


def for_administrators(
    method: Method,
    path: str,
    about: str,
    run: Callable[[Any], object],
    **more: Any,  # noqa: ANN401  further fields
) -> Endpoint:
    """An endpoint that only administrators may ask."""
    return Endpoint(method=method, path=path, about=about, run=run, role="admin", everything=True, **more)
