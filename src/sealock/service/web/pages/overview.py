"""The overview, the list of events, the search, and why the service is silent."""

from __future__ import annotations

from typing import Final

from sealock.service.views.advisories import search_rules
from sealock.service.views.common import severity_of
from sealock.service.views.events import group_events, list_events
from sealock.service.views.hosts import list_hosts
from sealock.service.views.images import find_image
from sealock.service.views.nouns import ListPage, Overview, SilenceView
from sealock.service.views.overview import read_overview
from sealock.service.views.packages import search_packages
from sealock.service.views.repositories import list_repositories, list_tags
from sealock.service.views.silence import read_silence
from sealock.service.web.charts import Series, draw_lines
from sealock.service.web.pages.page import Page, PageAnswer, PageCall, PageMove, PageView
from sealock.service.web.pages.rendering import KINDS

_SEVERITIES: Final = ("critical", "high", "medium", "low")
_SEARCHED: Final = 10
_CHANGES: Final = 8


def overview_of(call: PageCall) -> Overview:
    """The overview, at most half a minute old."""

    def make() -> Overview:
        with call.context.database.read() as connection:
            return read_overview(connection, call.actor.scope, call.context.clock())

    view: Overview = call.context.cache.read("overview", make)
    return view


def silence_of(call: PageCall) -> SilenceView:
    """What is late or failed, at most half a minute old."""

    def make() -> SilenceView:
        with call.context.database.read() as connection:
            return read_silence(connection, call.actor.scope, call.context.clock())

    view: SilenceView = call.context.cache.read("silence", make)
    return view


def _overview(call: PageCall) -> PageAnswer:
    view, silence = overview_of(call), silence_of(call)
    if not view.repositories and not view.hosts:
        return PageView("first.html", {"view": view, "silence": silence})
    days = [day for day, _, _ in view.trend]
    lines = (
        Series("critical", "critical", tuple(critical for _, critical, _ in view.trend)),
        Series("high", "high", tuple(high for _, _, high in view.trend)),
    )
    chart = draw_lines(days, lines, "Open findings in the last 30 days")
    changes = group_events(view.events)[:_CHANGES]
    return PageView("overview.html", {"view": view, "silence": silence, "chart": chart, "changes": changes})


def _silence(call: PageCall) -> PageAnswer:
    return PageView("silence.html", {"view": silence_of(call)})


def _events(call: PageCall) -> PageAnswer:
    asked = {name: call.query.get(name, "")[:400] for name in ("kind", "least", "repository", "after")}
    least = severity_of(asked["least"]) if asked["least"] else 0
    with call.context.database.read() as connection:
        rows = list_events(
            connection,
            call.actor.scope,
            of=asked["repository"],
            kind=asked["kind"],
            least=least,
            after=asked["after"],
            limit=50,
        )
    return PageView("events.html", {"rows": rows, "asked": asked, "kinds": KINDS, "severities": _SEVERITIES})


def _search(call: PageCall) -> PageAnswer:
    words = " ".join(call.query.get("words", "").split())[:200]
    values = {
        "words": words,
        "rules": [],
        "repositories": ListPage(()),
        "tags": ListPage(()),
        "hosts": [],
        "packages": [],
    }
    if not words:
        return PageView("search.html", values)
    scope = call.actor.scope
    with call.context.database.read() as connection:
        if words.startswith("sha256:") and (found := find_image(connection, scope, words)):
            return PageMove(f"/image/{found[1].digest}")
        values["rules"] = search_rules(connection, scope, words, _SEARCHED)
        values["repositories"] = list_repositories(connection, scope, words=words, limit=_SEARCHED)
        values["tags"] = list_tags(connection, scope, words=words.replace(":", " "), limit=_SEARCHED)
        values["packages"] = search_packages(connection, scope, words, _SEARCHED)
        hosts = list_hosts(connection, scope, limit=500).items
    values["hosts"] = [host for host in hosts if words.lower() in host.name.lower()][:_SEARCHED]
    return PageView("search.html", values)


OVERVIEW: Final = (
    Page("GET", "/", _overview),
    Page("GET", "/silence", _silence),
    Page("GET", "/events", _events),
    Page("GET", "/search", _search),
)
