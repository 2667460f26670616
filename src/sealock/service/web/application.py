"""The application: the API, the pages, the feed, metrics and health, behind the headers that every answer has."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sealock.reports.htmlstyle import SIGN
from sealock.service.access.tokens import Scope
from sealock.service.state.database import newest
from sealock.service.state.database import version as state_version
from sealock.service.views.silence import read_silence
from sealock.service.web.api.acknowledging import ACKNOWLEDGING as ACKNOWLEDGING_ENDPOINTS
from sealock.service.web.api.administration import ADMINISTRATION as ADMINISTRATION_ENDPOINTS
from sealock.service.web.api.endpoint import Call, Endpoint, ErrorAnswer
from sealock.service.web.api.intake import INTAKE
from sealock.service.web.api.openapi import document
from sealock.service.web.api.reading import READING
from sealock.service.web.api.registries import REGISTRIES
from sealock.service.web.api.routing import api_routes
from sealock.service.web.api.texts import TEXTS
from sealock.service.web.context import ServiceContext
from sealock.service.web.errors import HttpError
from sealock.service.web.headers import SecurityHeaders
from sealock.service.web.pages.acknowledging import ACKNOWLEDGING
from sealock.service.web.pages.administration import ADMINISTRATION
from sealock.service.web.pages.hosts import HOSTS
from sealock.service.web.pages.images import IMAGES
from sealock.service.web.pages.overview import OVERVIEW
from sealock.service.web.pages.page import error_page, page_routes
from sealock.service.web.pages.rendering import environment, style, style_path
from sealock.service.web.pages.sessions import SESSIONS

_FOR_EVER: Final = {"cache-control": "public, max-age=31536000, immutable"}
_FOR_A_DAY: Final = {"cache-control": "public, max-age=86400"}

ENDPOINTS: Final[tuple[Endpoint, ...]] = (
    *READING,
    *INTAKE,
    *ACKNOWLEDGING_ENDPOINTS,
    *ADMINISTRATION_ENDPOINTS,
    *REGISTRIES,
)
"""The API."""
PAGES: Final = (*OVERVIEW, *IMAGES, *HOSTS, *ACKNOWLEDGING, *ADMINISTRATION, *SESSIONS)


def openapi() -> dict[str, Any]:
    """The OpenAPI document of the API."""
    return document([*ENDPOINTS, _DOCUMENT])


def _openapi(_call: Call[Any, None]) -> Response:
    return Response(msgspec.json.encode(openapi()), media_type="application/json")


_DOCUMENT: Final = Endpoint(
    method="GET", path="/api/v1/openapi.json", about="This document", role="read", run=_openapi, answers=dict[str, Any]
)


def build_application(context: ServiceContext, *, stopping: Callable[[], bool] = lambda: False) -> Starlette:
    """Build the application; while it is `stopping`, it is not ready."""

    def ready(_request: Request) -> Response:
        return _ready(context, stopping)

    def refused(request: Request, error: Exception) -> Response:
        return _refused(context, request, error)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        environment()
        yield

    routes = [
        *api_routes(context, [*ENDPOINTS, *TEXTS, _DOCUMENT]),
        *page_routes(context, PAGES),
        Route("/healthz", _healthy),
        Route("/readyz", ready),
        Route("/robots.txt", lambda _request: Response("User-agent: *\nDisallow: /\n", media_type="text/plain")),
        Route(style_path(), lambda _request: Response(style(), headers=_FOR_EVER, media_type="text/css")),
        Route("/static/icon.svg", _icon),
    ]
    return Starlette(
        routes=routes,
        middleware=[Middleware(SecurityHeaders)],
        exception_handlers={HTTPException: refused},
        lifespan=lifespan,
    )


def _healthy(_request: Request) -> Response:
    return Response("the process answers\n", media_type="text/plain")


def _ready(context: ServiceContext, stopping: Callable[[], bool]) -> Response:
    """Whether requests can be answered: the database does, and has the tables of this version.

    What is late or failed makes it degraded, and no less ready: the page on silence and its endpoint say what.
    """
    reason, degraded = "", ""
    if stopping():
        reason = "stopping"
    else:
        try:
            with context.database.read() as connection:
                connection.execute(text("SELECT 1"))
                if state_version(connection) != newest():
                    reason = "the database has the tables of another version"
            if not reason and context.cache.read("degraded", lambda: _is_degraded(context)):
                degraded = ", degraded: /silence says why"
        except DBAPIError:
            reason = "the database does not answer"
    status = 503 if reason else 200
    return Response(f"{reason or f'ready{degraded}'}\n", status, media_type="text/plain")


def _is_degraded(context: ServiceContext) -> bool:
    """Whether something is late or failed."""
    with context.database.read() as connection:
        return bool(read_silence(connection, Scope(), context.clock()).sentences)


def _icon(_request: Request) -> Response:
    picture = SIGN.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" color="#0b5c8a" ', 1)
    return Response(picture, headers=_FOR_A_DAY, media_type="image/svg+xml")


def _refused(context: ServiceContext, request: Request, error: Exception) -> Response:
    """Addresses and methods that do not exist."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = dict(getattr(error, "headers", None) or {})
    message = "there is no such address" if status == 404 else "this method is not for this address"
    if request.url.path.startswith("/api/"):
        return Response(msgspec.json.encode(ErrorAnswer(message)), status, headers, "application/json")
    return error_page(request, context, HttpError(status, message, headers))
