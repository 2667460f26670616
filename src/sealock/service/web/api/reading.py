"""Endpoints that read: every answer is limited to the token's scope."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final, TypeAlias, TypeVar

from msgspec import Meta, Struct

from sealock.service.views.advisories import find_advisory, list_images_with
from sealock.service.views.bases import find_base
from sealock.service.views.common import MOST_ROWS, severity_of
from sealock.service.views.contents import read_findings, read_inventory
from sealock.service.views.events import list_acknowledgements, list_events
from sealock.service.views.findings import finding_rows, layer_positions
from sealock.service.views.hosts import find_host, list_containers, list_hosts
from sealock.service.views.images import find_image, list_images, list_layers, list_packages, uses
from sealock.service.views.nouns import (
    AcknowledgementRow,
    AdvisoryView,
    AffectedImage,
    BaseView,
    ContainerRow,
    EventRow,
    FindingRow,
    HostRow,
    ImageSummary,
    LayerRow,
    ListPage,
    Overview,
    PackageRow,
    RepositoryRow,
    SeverityWord,
    SilenceView,
    TagRow,
)
from sealock.service.views.overview import read_overview
from sealock.service.views.repositories import first_seen, list_repositories, list_tags
from sealock.service.views.silence import read_silence
from sealock.service.web.api.endpoint import Call, Endpoint, NoQuery
from sealock.service.web.errors import HttpError

Limit: TypeAlias = Annotated[int, Meta(ge=1, le=MOST_ROWS, description="How many rows at most.")]
After: TypeAlias = Annotated[str, Meta(max_length=4000, description="The `next` of the part before.")]
Text: TypeAlias = Annotated[str, Meta(max_length=400)]
Digest: TypeAlias = Annotated[str, Meta(pattern="^sha256:[0-9a-f]{64}$")]
Noun = TypeVar("Noun")


class ListQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which part of a list."""

    limit: Limit = 100
    after: After = ""


class RepositoryQuery(ListQuery, frozen=True, forbid_unknown_fields=True):
    """Which repositories: those with all of the words in their names."""

    words: Text = ""


class TagQuery(ListQuery, frozen=True, forbid_unknown_fields=True):
    """Which tags; `history` includes what they named before."""

    repository: Text = ""
    name: Text = ""
    history: bool = False


class ImageQuery(ListQuery, frozen=True, forbid_unknown_fields=True):
    """Which images."""

    repository: Text = ""


class ContainerQuery(ListQuery, frozen=True, forbid_unknown_fields=True):
    """Which containers: on a host, or of an image's digest."""

    host: Text = ""
    image: Text = ""


class EventQuery(ListQuery, frozen=True, forbid_unknown_fields=True):
    """Which events: of a repository, a kind, a rule, and at least a severity."""

    repository: Text = ""
    kind: Text = ""
    rule: Text = ""
    least: SeverityWord = ""


class AcknowledgementQuery(ListQuery, frozen=True, forbid_unknown_fields=True):
    """Which acknowledgements."""

    rule: Text = ""


class DigestQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which digest."""

    digest: Digest


class FirstSeen(Struct, frozen=True):
    """When this service first saw a tag name a digest, in seconds since 1970."""

    digest: str
    first_seen: float


def present(noun: Noun | None) -> Noun:
    """The noun; HttpError 404 where there is none."""
    if noun is None:
        message = "there is no such thing, or not in the scope of this token"
        raise HttpError(404, message)
    return noun


def _overview(call: Call[ListQuery, None]) -> Overview:
    with call.context.database.read() as connection:
        return read_overview(connection, call.actor.scope, call.context.clock())


def _silence(call: Call[ListQuery, None]) -> SilenceView:
    with call.context.database.read() as connection:
        return read_silence(connection, call.actor.scope, call.context.clock())


def _repositories(call: Call[RepositoryQuery, None]) -> ListPage[RepositoryRow]:
    asked = call.query
    with call.context.database.read() as connection:
        return list_repositories(connection, call.actor.scope, words=asked.words, after=asked.after, limit=asked.limit)


def _tags(call: Call[TagQuery, None]) -> ListPage[TagRow]:
    asked = call.query
    with call.context.database.read() as connection:
        return list_tags(
            connection,
            call.actor.scope,
            of=asked.repository,
            name=asked.name,
            history=asked.history,
            after=asked.after,
            limit=asked.limit,
        )


def _first_seen(call: Call[DigestQuery, None]) -> FirstSeen:
    with call.context.database.read() as connection:
        at = present(first_seen(connection, call.actor.scope, call.query.digest))
    return FirstSeen(call.query.digest, at)


def _images(call: Call[ImageQuery, None]) -> ListPage[ImageSummary]:
    asked = call.query
    with call.context.database.read() as connection:
        return list_images(
            connection, call.actor.scope, of=asked.repository, after=asked.after, limit=min(asked.limit, 100)
        )


def _image(call: Call[None, None]) -> ImageSummary:
    with call.context.database.read() as connection:
        return present(find_image(connection, call.actor.scope, call.path["digest"]))[1]


def _layers(call: Call[None, None]) -> tuple[LayerRow, ...]:
    with call.context.database.read() as connection:
        number, _ = present(find_image(connection, call.actor.scope, call.path["digest"]))
        return list_layers(connection, call.actor.scope, number)


def _base(call: Call[None, None]) -> BaseView:
    with call.context.database.read() as connection:
        number, _ = present(find_image(connection, call.actor.scope, call.path["digest"]))
        return find_base(connection, call.actor.scope, number, read_inventory(connection, number))


def _packages(call: Call[ListQuery, None]) -> ListPage[PackageRow]:
    with call.context.database.read() as connection:
        number, _ = present(find_image(connection, call.actor.scope, call.path["digest"]))
        return list_packages(connection, number, after=call.query.after, limit=call.query.limit)


def _findings(call: Call[None, None]) -> tuple[FindingRow, ...]:
    with call.context.database.read() as connection:
        number, summary = present(find_image(connection, call.actor.scope, call.path["digest"]))
        inventory = read_inventory(connection, number)
        used = uses(connection, summary.digest, inventory.id)
        found = read_findings(connection, call.actor.scope, number, inventory, call.context.clock(), uses=used)
    return finding_rows(found, layer_positions(inventory.layers))


def _advisory(call: Call[None, None]) -> AdvisoryView:
    with call.context.database.read() as connection:
        return present(find_advisory(connection, call.actor.scope, call.path["id"]))


def _advisory_images(call: Call[ListQuery, None]) -> ListPage[AffectedImage]:
    with call.context.database.read() as connection:
        return list_images_with(
            connection,
            call.actor.scope,
            call.path["id"],
            after=call.query.after,
            limit=min(call.query.limit, 100),
        )


def _hosts(call: Call[ListQuery, None]) -> ListPage[HostRow]:
    with call.context.database.read() as connection:
        return list_hosts(connection, call.actor.scope, after=call.query.after, limit=call.query.limit)


def _host(call: Call[None, None]) -> HostRow:
    with call.context.database.read() as connection:
        return present(find_host(connection, call.actor.scope, call.path["host"]))[1]


def _containers(call: Call[ContainerQuery, None]) -> ListPage[ContainerRow]:
    asked = call.query
    with call.context.database.read() as connection:
        return list_containers(
            connection, call.actor.scope, on=asked.host, of=asked.image, after=asked.after, limit=asked.limit
        )


def _events(call: Call[EventQuery, None]) -> ListPage[EventRow]:
    asked = call.query
    with call.context.database.read() as connection:
        return list_events(
            connection,
            call.actor.scope,
            of=asked.repository,
            kind=asked.kind,
            rule=asked.rule,
            least=severity_of(asked.least) if asked.least else 0,
            after=asked.after,
            limit=asked.limit,
        )


def _acknowledgements(call: Call[AcknowledgementQuery, None]) -> ListPage[AcknowledgementRow]:
    asked = call.query
    with call.context.database.read() as connection:
        return list_acknowledgements(
            connection, call.actor.scope, rule=asked.rule, after=asked.after, limit=asked.limit
        )


def _get(  # noqa: PLR0913, PLR0917  a row of the table
    path: str,
    about: str,
    run: Callable[[Any], object],
    answers: Any,  # noqa: ANN401  any type that msgspec knows
    query: type[Struct] = NoQuery,
    errors: tuple[int, ...] = (),
) -> Endpoint:
    return Endpoint(
        method="GET",
        path=f"/api/v1{path}",
        about=about,
        role="read",
        run=run,
        answers=answers,
        query=query,
        errors=errors,
    )


READING: Final = (
    _get("/overview", "What needs attention, counts and trend", _overview, Overview),
    _get("/silence", "What is late or failed", _silence, SilenceView),
    _get("/repositories", "Repositories with their counts", _repositories, ListPage[RepositoryRow], RepositoryQuery),
    _get("/tags", "What tags name, and named", _tags, ListPage[TagRow], TagQuery),
    _get("/first-seen", "When a digest was first seen under a tag", _first_seen, FirstSeen, DigestQuery, errors=(404,)),
    _get("/images", "Images, newest first", _images, ListPage[ImageSummary], ImageQuery),
    _get("/images/{digest}", "An image", _image, ImageSummary, errors=(404,)),
    _get("/images/{digest}/layers", "The layers of an image", _layers, tuple[LayerRow, ...], errors=(404,)),
    _get("/images/{digest}/base", "Its base, and newer and smaller ones", _base, BaseView, errors=(404,)),
    _get(
        "/images/{digest}/packages",
        "The packages of an image",
        _packages,
        ListPage[PackageRow],
        ListQuery,
        errors=(404,),
    ),
    _get("/images/{digest}/findings", "What is wrong with an image", _findings, tuple[FindingRow, ...], errors=(404,)),
    _get("/advisories/{id}", "A flaw or rule, and where it is", _advisory, AdvisoryView, errors=(404,)),
    _get(
        "/advisories/{id}/images",
        "The images that have it",
        _advisory_images,
        ListPage[AffectedImage],
        ListQuery,
        errors=(404,),
    ),
    _get("/hosts", "Hosts that reported", _hosts, ListPage[HostRow], ListQuery),
    _get("/hosts/{host:path}", "A host", _host, HostRow, errors=(404,)),
    _get("/containers", "Running containers", _containers, ListPage[ContainerRow], ContainerQuery),
    _get("/events", "What changed, newest first", _events, ListPage[EventRow], EventQuery),
    _get(
        "/acknowledgements",
        "Findings that do not count, and why",
        _acknowledgements,
        ListPage[AcknowledgementRow],
        AcknowledgementQuery,
    ),
)
