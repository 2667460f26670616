"""Pages of hosts: what runs there, what of it is unsafe and loaded, and who can reach whom."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from sealock.reports.map import render as render_map
from sealock.service.views.hosts import find_host, list_containers, list_host_findings, list_hosts
from sealock.service.views.networks import read_map
from sealock.service.web.pages.images import present
from sealock.service.web.pages.page import Page, PageAnswer, PageCall, PageView

_ROWS: Final = 50


def _hosts(call: PageCall) -> PageAnswer:
    with call.context.database.read() as connection:
        rows = list_hosts(connection, call.actor.scope, after=call.query.get("after", ""), limit=_ROWS)
    return PageView("hosts.html", {"rows": rows})


def _host(call: PageCall) -> PageAnswer:
    scope, name = call.actor.scope, call.query.get("name", "")
    with call.context.database.read() as connection:
        data, host = present(find_host(connection, scope, name))
        values = {
            "host": host,
            "containers": list_containers(connection, scope, on=name, after=call.query.get("after", ""), limit=_ROWS),
            "findings": list_host_findings(connection, scope, name),
            "map": read_map(data),
        }
    return PageView("host.html", values)


def _map(call: PageCall) -> PageAnswer:
    with call.context.database.read() as connection:
        data, _ = present(find_host(connection, call.actor.scope, call.query.get("host", "")))
    return Response(render_map("svg", present(read_map(data))), media_type="image/svg+xml")


HOSTS: Final = (
    Page("GET", "/hosts", _hosts),
    Page("GET", "/host", _host),
    Page("GET", "/map.svg", _map),
)
