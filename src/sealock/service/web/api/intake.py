"""Endpoints that take in: what registries say of pushes, references to scan, and reports of hosts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from sealock.model.hostreport import HostReport
from sealock.service.state.reports import MOST_BYTES as MOST_REPORT_BYTES
from sealock.service.state.reports import keep_report, parse_report
from sealock.service.web.api.endpoint import Call, Endpoint, NoQuery
from sealock.service.web.errors import HttpError, too_many
from sealock.service.work.notifications import MOST_BYTES, Deleted, Notice, Pushed, parse_notification, take
from sealock.service.work.requests import parse_request, request_scan

_Reference = Annotated[str, Meta(min_length=1, max_length=500)]


class Submission(Struct, frozen=True, forbid_unknown_fields=True):
    """Images to scan, by their references: registry/name:tag, registry/name@sha256:…."""

    images: Annotated[tuple[_Reference, ...], Meta(min_length=1, max_length=100)]


class NotificationQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """`host` is the registry's HOST[:PORT] as this service reaches it, where the pushes name another."""

    host: Annotated[str, Meta(max_length=255, pattern=r"^[A-Za-z0-9.:\[\]-]*$")] = ""


class Notification(Struct, frozen=True):
    """The envelope of the distribution registry's notifications ("events"), or images that were pushed and deleted."""

    events: Annotated[list[dict[str, Any]], Meta(max_length=10_000)] | None = None
    images: Annotated[list[_Reference], Meta(max_length=10_000)] | None = None
    deleted: Annotated[list[_Reference], Meta(max_length=10_000)] | None = None


class Accepted(Struct, frozen=True):
    """The numbers of the scans that were requested; one that waits already has its old number."""

    scans: tuple[int, ...]


def _limit(call: Call[Any, Any], cost: float) -> None:
    if wait := call.context.rates.submissions.wait(call.actor.key, max(1.0, cost)):
        raise too_many(wait)


def _check_scope(call: Call[Any, Any], repositories: Iterable[str]) -> None:
    for name in repositories:
        if not call.actor.scope.covers(name):
            message = f"the token's scope does not cover {name[:200]}"
            raise HttpError(403, message)


def _submit(call: Call[NoQuery, Submission]) -> Accepted:
    requests = [parse_request(text, call.actor.name) for text in call.body.images]
    _limit(call, len(requests) / 100)
    _check_scope(call, (request.repository for request in requests))
    now = call.context.clock()
    with call.context.database.write() as connection:
        return Accepted(tuple(request_scan(connection, call.context.jobs, request, now) for request in requests))


def _notify(call: Call[NotificationQuery, bytes]) -> Accepted:
    notices = parse_notification(call.body, call.query.host)
    _limit(call, len(notices) / 100)
    _check_scope(call, map(_repository, notices))
    with call.context.database.write() as connection:
        return Accepted(take(connection, call.context.jobs, notices, call.context.clock(), call.actor.name))


def _report(call: Call[NoQuery, bytes]) -> None:
    report = parse_report(call.body)
    _limit(call, 1)
    with call.context.database.write() as connection:
        keep_report(connection, report, call.context.clock())


def _repository(notice: Notice) -> str:
    match notice:
        case Pushed() | Deleted():
            return notice.repository


INTAKE: Final = (
    Endpoint(
        method="POST",
        path="/api/v1/submissions",
        about="Have images scanned",
        role="submit",
        run=_submit,
        takes=Submission,
        answers=Accepted,
        status=202,
        most=1 << 20,
    ),
    Endpoint(
        method="POST",
        path="/api/v1/notifications",
        about="What a registry says of pushes and deletions",
        role="submit",
        run=_notify,
        takes=Notification,
        query=NotificationQuery,
        answers=Accepted,
        status=202,
        most=MOST_BYTES,
        raw=True,
    ),
    Endpoint(
        method="POST",
        path="/api/v1/reports",
        about="What `sealock check --report-to` found on a host or a build machine",
        role="submit",
        run=_report,
        takes=HostReport,
        status=204,
        everything=True,
        most=MOST_REPORT_BYTES,
        raw=True,
    ),
)
