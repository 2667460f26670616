"""Routes of the API: each request is authorised, bounded, decoded, run in a thread, and its answer encoded."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy.exc import DBAPIError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sealock.errors import SealockError
from sealock.patterns import compile_lazily
from sealock.service.access.actors import Actor
from sealock.service.access.machines import machine_of
from sealock.service.web.api.endpoint import Call, Endpoint, ErrorAnswer
from sealock.service.web.api.openapi import PARTS
from sealock.service.web.bodies import decode_body, read_body
from sealock.service.web.clients import bearer, client_address, own_address
from sealock.service.web.context import ServiceContext
from sealock.service.web.errors import HttpError, explain, too_many

_LOG: Final = logging.getLogger("sealock.service")
_DIGEST: Final = compile_lazily(PARTS["digest"]["pattern"])
_CHALLENGE: Final = {"www-authenticate": 'Bearer realm="sealock"'}


def api_routes(context: ServiceContext, endpoints: Sequence[Endpoint]) -> list[Route]:
    """A route for each endpoint; those of one path stand together, so that another method is 405."""
    by_path: dict[str, dict[str, Endpoint]] = {}
    for endpoint in endpoints:
        by_path.setdefault(endpoint.path, {})[endpoint.method] = endpoint
    return [Route(path, _Address(context, methods).answer, methods=list(methods)) for path, methods in by_path.items()]


class _Address:
    """The endpoints of one path."""

    def __init__(self, context: ServiceContext, methods: dict[str, Endpoint]) -> None:
        self._context, self._methods = context, methods

    async def answer(self, request: Request) -> Response:
        """Answer a request."""
        endpoint = self._methods["GET" if request.method == "HEAD" else request.method]
        try:
            actor = await run_in_threadpool(allow, self._context, request, endpoint)
            data = await read_body(request, endpoint.most) if endpoint.takes is not None else b""
            return await run_in_threadpool(_run, self._context, request, endpoint, actor, data)
        except Exception as error:  # noqa: BLE001  every error has an answer
            return error_answer(error)


def allow(context: ServiceContext, request: Request, endpoint: Endpoint) -> Actor:
    """Who asks, if they may; else HttpError."""
    secret = bearer(request)
    actor = machine_of(context.database, secret, context.clock()) if secret else None
    if actor is None:
        message = "a token is needed: send 'Authorization: Bearer slk_…' with one that an administrator made"
        raise HttpError(401, message, _CHALLENGE)
    if wait := context.rates.requests.wait(actor.key):
        raise too_many(wait)
    if not actor.may(endpoint.role, everything=endpoint.everything):
        limits = " for all repositories" if endpoint.everything else ""
        message = f"this needs a token with the role {endpoint.role}{limits}"
        raise HttpError(403, message)
    return actor


def _run(context: ServiceContext, request: Request, endpoint: Endpoint, actor: Actor, data: bytes) -> Response:
    if endpoint.takes is not None and not is_json(request):
        message = "the body is not JSON: send it with 'Content-Type: application/json'"
        raise HttpError(415, message)
    call: Call[Any, Any] = Call(
        context=context,
        actor=actor,
        path=_path(request),
        query=_query(request, endpoint),
        body=data if endpoint.raw else decode_body(data, endpoint.takes) if endpoint.takes is not None else None,
        address=client_address(request, context.settings),
        own=own_address(request, context.settings),
        headers=request.headers,
    )
    result = endpoint.run(call)
    if isinstance(result, Response):
        return result
    if endpoint.answers is None:
        return Response(status_code=endpoint.status)
    return Response(msgspec.json.encode(result), endpoint.status, media_type="application/json")


def is_json(request: Request) -> bool:
    """Whether a body says that it is JSON, plain or of a vendor."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


def _path(request: Request) -> dict[str, str]:
    values = {name: str(value) for name, value in request.path_params.items()}
    too_long = any(len(value) > PARTS[name].get("maxLength", 100) for name, value in values.items())
    if (
        too_long
        or int(values.get("number", "0")) > PARTS["number"]["maximum"]
        or any("\0" in value for value in values.values())
        or not _DIGEST.search(values.get("digest", "sha256:" + "0" * 64))
    ):
        message = "there is no such thing"
        raise HttpError(404, message)
    return values


def _query(request: Request, endpoint: Endpoint) -> Any:  # noqa: ANN401  the endpoint's own type
    pairs = request.query_params.multi_items()
    values = dict(pairs)
    if len(values) < len(pairs):
        message = "a parameter is given twice"
        raise HttpError(400, message)
    if any("\0" in value for value in values.values()):
        message = "a parameter holds the character U+0000, which no name has"
        raise HttpError(400, message)
    try:
        return msgspec.convert(values, endpoint.query, strict=False)
    except msgspec.ValidationError as error:
        message = f"the parameters do not fit: {explain(error)}"
        raise HttpError(400, message) from None


def error_answer(error: Exception) -> Response:
    """The answer to an error; one that nobody expects is logged, and its text stays here."""
    match error:
        case HttpError():
            status, message, headers = error.status, str(error), error.headers
        case SealockError():
            status, message, headers = 400, str(error), {}
        case DBAPIError():
            _LOG.warning("the database failed: %s", " ".join(str(error.orig).split())[:300])
            status, headers = 503, {"retry-after": "5"}
            message = "the database does not answer: /readyz says more, try again later"
        case _:
            _LOG.error("an error that sealock did not expect", exc_info=error)
            status, message, headers = 500, "sealock made an error: its log says which", {}
    return Response(msgspec.json.encode(ErrorAnswer(message)), status, headers, "application/json")
