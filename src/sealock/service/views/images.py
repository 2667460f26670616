"""Images: what is in their layers, what is wrong with it, and what of it runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, and_, or_, select

from sealock.model.inventory import instruction
from sealock.service.access.tokens import Scope
from sealock.service.state.tables import image, repository, repository_image
from sealock.service.views.common import behind, cursor, page, within
from sealock.service.views.nouns import ImageSummary, LayerRow, ListPage, PackageRow
from sealock.service.views.statements import (
    image_before,
    image_of_digest,
    image_of_index,
    images,
    images_by_layer,
    layers_of_image,
    package_page,
    packages_by_layer,
    repositories_of_image,
    running_containers,
    seen_within,
    tags_of_image,
    unmatched_packages,
    uses_in_containers,
)
from sealock.text import count

_USES: Final = ("loaded", "reachable", "unknown", "present", "")
"""Best known first: one container that has it loaded outranks those that do not."""


def list_images(
    connection: Connection, scope: Scope, *, of: str = "", after: str = "", limit: int = 100
) -> ListPage[ImageSummary]:
    """Images, newest first; `of` is a repository."""
    query, seen = images(scope), seen_within(scope)
    if of:
        inside = select(repository_image.c.image_id).join(repository).where(repository.c.name == of, within(scope))
        query = query.where(image.c.id.in_(inside))
    if after:
        at, number = behind(after, float, int)
        query = query.where(or_(seen < at, and_(seen == at, image.c.id < number)))
    query = query.order_by(seen.desc(), image.c.id.desc()).limit(limit + 1)
    return page(
        connection.execute(query).all(),
        limit,
        lambda row: _summary(connection, scope, row),
        lambda row: cursor(row.seen, row.id),
    )


def find_image(connection: Connection, scope: Scope, digest: str) -> tuple[int, ImageSummary] | None:
    """The number of an image and what it is; None where it does not exist in the scope.

    The digest of an index that a tag names finds the image that was scanned for it.
    """
    asked = {"digest": digest}
    row = connection.execute(image_of_digest(scope), asked).first()
    if row is None:
        row = connection.execute(image_of_index(scope), asked).first()
    return (row.id, _summary(connection, scope, row)) if row is not None else None


def _summary(connection: Connection, scope: Scope, row: Any) -> ImageSummary:  # noqa: ANN401  a row of `images`
    tags = connection.execute(tags_of_image(scope), {"number": row.id}).all()
    repositories = connection.execute(repositories_of_image(scope), {"number": row.id}).scalars()
    runs = connection.execute(running_containers(), {"digest": row.digest, "configuration": row.configuration})
    distribution = msgspec.json.decode(row.distribution) if row.distribution else {}
    signed = [entry.signed for entry in tags if entry.signed is not None]
    return ImageSummary(
        row.digest,
        row.platform,
        distribution.get("name") or " ".join(filter(None, (distribution.get("id"), distribution.get("version")))),
        row.created,
        row.size,
        row.seen,
        row.scanned,
        tuple(f"{entry.repository}:{entry.name}" for entry in tags),
        tuple(repositories),
        running=runs.scalar() or 0,
        errors=_sentences(row.errors),
        notes=_sentences(row.notes),
        signed=all(signed) if signed else None,
        unmatched=tuple(
            f"{count(entry.number, 'package')} could not be matched with advisories: {entry.unchecked}"
            for entry in connection.execute(unmatched_packages(), {"number": row.id})
        ),
    )


def list_layers(
    connection: Connection, scope: Scope, number: int, flawed: Mapping[int, int] = {}
) -> tuple[LayerRow, ...]:
    """The layers of an image, and how many images of the scope have each.

    `flawed` counts the findings by the position of their layer.
    """
    asked = {"number": number}
    counted = {row.layer_id: row.packages for row in connection.execute(packages_by_layer(), asked)}
    shared = {row.layer_id: row.images for row in connection.execute(images_by_layer(scope), asked)}
    return tuple(
        LayerRow(
            row.position,
            row.diff_id,
            instruction(row.created_by),
            row.size,
            counted.get(row.id, 0),
            shared.get(row.id, 0),
            flawed.get(row.position, 0),
        )
        for row in connection.execute(layers_of_image(), asked)
    )


def count_packages(connection: Connection, number: int) -> int:
    """How many packages an image has."""
    return sum(row.packages for row in connection.execute(packages_by_layer(), {"number": number}))


def list_packages(connection: Connection, number: int, *, after: str = "", limit: int = 100) -> ListPage[PackageRow]:
    """The packages of an image by name."""
    asked = {"number": number}
    if after:
        asked |= dict(zip(("name", "own", "part"), behind(after, str, int, int), strict=True))
    rows = connection.execute(package_page(limit, is_first=not after), asked).all()
    return page(rows, limit, _package, lambda row: cursor(row.name, row.id, row.slice_id))


def _package(row: Any) -> PackageRow:  # noqa: ANN401  a row of the query
    place = -1 if row.position is None else row.position
    return PackageRow(row.name, row.version, row.type, row.purl, row.path, place, row.unchecked)


def uses(connection: Connection, digest: str, configuration: str) -> dict[tuple[str, str], str]:
    """How running containers use what findings are about, by rule and thing: the most that any of them does."""
    best: dict[tuple[str, str], str] = {}
    for row in connection.execute(uses_in_containers(), {"digest": digest, "configuration": configuration}):
        known = best.get((row.rule, row.thing), "")
        best[row.rule, row.thing] = min(known, row.use, key=_rank)
    return best


def _rank(use: str) -> int:
    return _USES.index(use) if use in _USES else len(_USES)


class EarlierImage(Struct, frozen=True):
    """The image that a tag named before, and until when."""

    number: int
    digest: str
    tag: str
    until: float


def previous_image(connection: Connection, scope: Scope, number: int) -> EarlierImage | None:
    """The image that a tag of this one named before it, the latest of all such tags; None where none did."""
    row = connection.execute(image_before(scope), {"number": number}).first()
    if row is None:
        return None
    return EarlierImage(row.image_id, row.digest, f"{row.repository}:{row.name}", row.until)


def _sentences(text: str) -> tuple[str, ...]:
    return msgspec.json.decode(text, type=tuple[str, ...]) if text else ()
