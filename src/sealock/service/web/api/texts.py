"""What other programs read in their own formats: the Atom feed, metrics for Prometheus, and VEX."""

from __future__ import annotations

import time
from typing import Annotated, Any, Final
from urllib.parse import quote

import msgspec
from msgspec import Meta, Struct
from starlette.responses import Response

from sealock.service.delivery.atom import FeedEntry, render_feed
from sealock.service.state.vex import vex_document
from sealock.service.views.common import severity_of
from sealock.service.views.events import list_events
from sealock.service.views.metrics import read_metrics, render_metrics
from sealock.service.views.nouns import EventRow, SeverityWord
from sealock.service.views.repositories import find_repository
from sealock.service.web.api.endpoint import Call, Endpoint
from sealock.service.web.errors import HttpError
from sealock.service.web.pages.rendering import KINDS

_ENTRIES: Final = 50


class FeedQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which events: of a repository, of at least a severity."""

    repository: Annotated[str, Meta(max_length=400)] = ""
    least: SeverityWord = ""


def _feed(call: Call[FeedQuery, None]) -> Response:
    asked = call.query
    least = severity_of(asked.least) if asked.least else 0
    with call.context.database.read() as connection:
        rows = list_events(connection, call.actor.scope, of=asked.repository, least=least, limit=_ENTRIES).items
    own = call.own
    text = render_feed(
        f"sealock: {asked.repository or 'all images'}",
        f"{own}/feed.atom" + (f"?repository={quote(asked.repository)}" if asked.repository else ""),
        _time(rows[0].at if rows else call.context.clock()),
        (_entry(row, own) for row in rows),
    )
    return Response(text, media_type="application/atom+xml")


def _entry(row: EventRow, own: str) -> FeedEntry:
    words = KINDS.get(row.kind, row.kind)
    about = " ".join(filter(None, (row.rule, row.repository)))
    link = (
        f"{own}/advisory/{quote(row.rule, safe='')}"
        if row.rule
        else f"{own}/repository?name={quote(row.repository, safe='')}"
    )
    summary = ", ".join(filter(None, (row.severity, row.thing, row.detail)))
    return FeedEntry(f"urn:sealock:event:{quote(row.id)}", f"{words}: {about}", _time(row.at), link, summary, row.kind)


def _time(at: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


class VexQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which repository the statements are about."""

    repository: Annotated[str, Meta(min_length=1, max_length=400)]


def _vex(call: Call[VexQuery, None]) -> Response:
    name, now = call.query.repository, _time(call.context.clock())
    with call.context.database.read() as connection:
        if find_repository(connection, call.actor.scope, name) is None:
            raise HttpError(404, f"there is no repository {name[:200]} here")
        statements = vex_document(connection, name, call.own, now, now[:10])
    return Response(msgspec.json.encode(statements), media_type="application/json")


def _metrics(call: Call[Any, None]) -> Response:
    def make() -> str:
        with call.context.database.read() as connection:
            return render_metrics(read_metrics(connection, call.context.clock()))

    kind = "text/plain; version=0.0.4; charset=utf-8"
    return Response(call.context.cache.read("metrics", make), media_type=kind)


TEXTS: Final = (
    Endpoint(method="GET", path="/feed.atom", about="Events as Atom", role="read", run=_feed, query=FeedQuery),
    Endpoint(
        method="GET",
        path="/vex.json",
        about="Acknowledgements about a repository's images as OpenVEX",
        role="read",
        run=_vex,
        query=VexQuery,
    ),
    Endpoint(method="GET", path="/metrics", about="Metrics for Prometheus", role="read", run=_metrics, everything=True),
)
