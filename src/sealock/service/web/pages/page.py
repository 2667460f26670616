"""A page as data, and what all pages share: sessions, forms that only this service's pages can send, errors."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any, Final, Literal, TypeAlias
from urllib.parse import parse_qsl, quote, urlsplit

from msgspec import Struct
from sqlalchemy.exc import DBAPIError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from sealock.errors import SealockError
from sealock.service.access.actors import Actor
from sealock.service.access.people import person_of
from sealock.service.access.tokens import Role, Scope
from sealock.service.web.bodies import read_body
from sealock.service.web.clients import client_address, cookie_name, is_from_here, is_secure, own_address
from sealock.service.web.context import ServiceContext
from sealock.service.web.errors import HttpError, too_many
from sealock.service.web.pages.rendering import render

_LOG: Final = logging.getLogger("sealock.service")
_MOST_FORM: Final = 64 << 10
_MOST_FIELDS: Final = 200
_MOST_DIGITS: Final = 15
"""Of the number of a row: the databases have no larger ones."""
NOBODY: Final = Actor("nobody", "read", Scope(), "nobody")


class PageView(Struct, frozen=True):
    """A template with its values."""

    template: str
    values: Mapping[str, Any]
    status: int = 200


class PageMove(Struct, frozen=True):
    """Another page to go to; `session` starts one, "" ends it, None leaves it."""

    to: str
    session: str | None = None


PageAnswer: TypeAlias = PageView | PageMove | Response


class PageCall(Struct, frozen=True):
    """One request of a person. `form` has the last value of each field, `fields` all of them."""

    context: ServiceContext
    actor: Actor
    path: Mapping[str, str]
    query: Mapping[str, str]
    form: Mapping[str, str]
    fields: Sequence[tuple[str, str]]
    address: str
    own: str
    """The URL of this service, as this person reaches it."""

    def all(self, name: str) -> tuple[str, ...]:
        """All values of a field."""
        return tuple(value for field, value in self.fields if field == name)


class Page(Struct, frozen=True):
    """One address. `role` None is for everybody, without a session."""

    method: Literal["GET", "POST"]
    path: str
    run: Callable[[PageCall], PageAnswer]
    role: Role | None = "read"


def page_routes(context: ServiceContext, pages: Sequence[Page]) -> list[Route]:
    """A route for each path."""
    by_path: dict[str, dict[str, Page]] = {}
    for page in pages:
        by_path.setdefault(page.path, {})[page.method] = page
    return [
        Route(path, _PageAddress(context, methods).answer, methods=list(methods)) for path, methods in by_path.items()
    ]


class _PageAddress:
    """The pages of one path."""

    def __init__(self, context: ServiceContext, methods: dict[str, Page]) -> None:
        self._context, self._methods = context, methods

    async def answer(self, request: Request) -> Response:
        """Answer a request."""
        page = self._methods["GET" if request.method == "HEAD" else request.method]
        try:
            data = await read_body(request, _MOST_FORM) if page.method == "POST" else b""
            return await run_in_threadpool(self._run, request, page, data)
        except Exception as error:  # noqa: BLE001  every error has a page
            return await run_in_threadpool(error_page, request, self._context, error)

    def _run(self, request: Request, page: Page, data: bytes) -> Response:
        context = self._context
        actor = _person(request, context)
        if actor is None and page.role is not None:
            if page.method == "POST":
                message = "the session has ended: log in, and do it again"
                raise HttpError(401, message)
            return RedirectResponse(f"/login?next={quote(_path(request), safe='')}", 303)
        if actor is not None and (wait := context.rates.requests.wait(actor.key)):
            raise too_many(wait)
        if actor is not None and page.role is not None and not actor.may(page.role):
            message = "this is for administrators"
            raise HttpError(403, message)
        fields = _fields(data)
        form = dict(fields)
        if page.method == "POST":
            _check_form(request, context, actor, form)
        call = PageCall(
            context,
            actor or NOBODY,
            {name: str(value) for name, value in request.path_params.items()},
            request.query_params,
            form,
            fields,
            client_address(request, context.settings),
            own_address(request, context.settings),
        )
        nulls = any("\0" in value for values in (call.path, call.query) for value in values.values())
        if nulls or len(call.path.get("number", "")) > _MOST_DIGITS:
            message = "there is no such page"
            raise HttpError(404, message)
        return _answer(request, context, call, page.run(call))


def _person(request: Request, context: ServiceContext) -> Actor | None:
    secret = request.cookies.get(cookie_name(request, context.settings), "")
    return person_of(context.database, secret, context.clock()) if secret else None


def _path(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _fields(data: bytes) -> list[tuple[str, str]]:
    try:
        fields = parse_qsl(data.decode("utf-8"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        message = "the form is malformed: go back, and send it again"
        raise HttpError(400, message) from None
    if any("\0" in value for _, value in fields):
        message = "a field holds the character U+0000, which no name has"
        raise HttpError(400, message)
    return fields


def form_token(session: str) -> str:
    """What a form of a session holds, so that no other site can send it: it knows neither cookie nor token."""
    return hmac.new(session.encode(), b"form", sha256).hexdigest() if session else ""


def _check_form(request: Request, context: ServiceContext, actor: Actor | None, form: Mapping[str, str]) -> None:
    # Compared as bytes: what somebody sends need not be ASCII.
    expected = form_token(actor.session) if actor is not None else ""
    if not is_from_here(request, context.settings) or not hmac.compare_digest(
        form.get("csrf", "").encode(), expected.encode()
    ):
        message = "the form was not sent from a page of this service, or its session has ended: open the page again"
        raise HttpError(403, message)


def _answer(request: Request, context: ServiceContext, call: PageCall, answer: PageAnswer) -> Response:
    match answer:
        case Response():
            return answer
        case PageMove():
            moved = RedirectResponse(local(answer.to), 303)
            name = cookie_name(request, context.settings)
            if answer.session:
                secure = is_secure(request, context.settings)
                moved.set_cookie(name, answer.session, httponly=True, samesite="lax", secure=secure, path="/")
            elif answer.session is not None:
                moved.delete_cookie(name, path="/", secure=name.startswith("__Host-"), httponly=True, samesite="lax")
            return moved
    shared = _shared(request, context, call.actor)
    return HTMLResponse(render(answer.template, **{**shared, **answer.values}), answer.status)


def _shared(request: Request, context: ServiceContext, actor: Actor) -> dict[str, Any]:
    """What every page shows of who looks at it: navigation, and the form to log out."""
    return {
        "actor": actor,
        "csrf": form_token(actor.session),
        "here": request.url.path,
        "now": context.clock(),
        "own": own_address(request, context.settings),
    }


def local(path: str) -> str:
    """A path of this service; the overview for anything that could lead elsewhere."""
    parts = urlsplit(path)
    safe = path.startswith("/") and not path.startswith(("//", "/\\")) and not parts.netloc and path.isprintable()
    return path if safe else "/"


def error_page(request: Request, context: ServiceContext, error: Exception) -> Response:
    """The page of an error, with navigation for who is logged in.

    What nobody expects is logged, and its text stays here.
    """
    match error:
        case HttpError():
            status, message, headers = error.status, str(error), error.headers
        case SealockError():
            status, message, headers = 400, str(error), {}
        case DBAPIError():
            _LOG.warning("the database failed: %s", " ".join(str(error.orig).split())[:300])
            status, message, headers = 503, "the database does not answer: try again in a moment", {}
        case _:
            _LOG.error("an error that sealock did not expect", exc_info=error)
            status, message, headers = 500, "sealock made an error: its log says which", {}
    try:
        actor = _person(request, context) or NOBODY
    except DBAPIError:
        actor = NOBODY
    shared = _shared(request, context, actor)
    return HTMLResponse(render("error.html", **shared, status=status, message=message), status, headers)
