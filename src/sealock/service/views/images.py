"""Images: what is in their layers, what is wrong with it, and what of it runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from sealock.model.inventory import instruction
from sealock.service.access.tokens import Scope
from sealock.service.state.reports import runs_now
from sealock.service.state.tables import (
    container,
    container_finding,
    image,
    image_layer,
    image_slice,
    layer,
    layer_slice,
    package,
    repository,
    repository_image,
    slice_package,
    tag,
)
from sealock.service.views.common import behind, cursor, image_within, page, within
from sealock.service.views.nouns import ImageSummary, LayerRow, ListPage, PackageRow

_USES: Final = ("loaded", "reachable", "unknown", "present", "")
"""Best known first: one container that has it loaded outranks those that do not."""


def list_images(
    connection: Connection, scope: Scope, *, of: str = "", after: str = "", limit: int = 100
) -> ListPage[ImageSummary]:
    """Images, newest first; `of` is a repository."""
    query = select(image).where(image_within(scope, image.c.id))
    if of:
        inside = select(repository_image.c.image_id).join(repository).where(repository.c.name == of, within(scope))
        query = query.where(image.c.id.in_(inside))
    if after:
        at, number = behind(after, float, int)
        query = query.where(or_(image.c.first_seen < at, and_(image.c.first_seen == at, image.c.id < number)))
    query = query.order_by(image.c.first_seen.desc(), image.c.id.desc()).limit(limit + 1)
    return page(
        connection.execute(query).all(),
        limit,
        lambda row: _summary(connection, scope, row),
        lambda row: cursor(row.first_seen, row.id),
    )


def find_image(connection: Connection, scope: Scope, digest: str) -> tuple[int, ImageSummary] | None:
    """The number of an image and what it is; None where it does not exist in the scope.

    The digest of an index that a tag names finds the image that was scanned for it.
    """
    own = select(image).where(image.c.digest == digest, image_within(scope, image.c.id))
    row = connection.execute(own).first()
    if row is None:
        named = select(tag.c.image_id).join(repository).where(tag.c.digest == digest, within(scope))
        row = connection.execute(select(image).where(image.c.id.in_(named)).limit(1)).first()
    return (row.id, _summary(connection, scope, row)) if row is not None else None


def _summary(connection: Connection, scope: Scope, row: Any) -> ImageSummary:  # noqa: ANN401  a row of the table
    named = (
        select(repository.c.name.label("repository"), tag.c.name, tag.c.signed)
        .join_from(tag, repository)
        .where(tag.c.image_id == row.id, tag.c.until.is_(None), within(scope))
        .order_by(repository.c.name, tag.c.name)
    )
    tags = connection.execute(named.limit(50)).all()
    inside = (
        select(repository.c.name)
        .join_from(repository_image, repository)
        .where(repository_image.c.image_id == row.id, within(scope))
        .order_by(repository.c.name)
    )
    runs = select(func.count()).select_from(container).where(runs_image(row.digest, row.configuration))
    distribution = msgspec.json.decode(row.distribution) if row.distribution else {}
    signed = [entry.signed for entry in tags if entry.signed is not None]
    return ImageSummary(
        row.digest,
        row.platform,
        distribution.get("name") or " ".join(filter(None, (distribution.get("id"), distribution.get("version")))),
        row.created,
        row.size,
        row.first_seen,
        row.scanned,
        tuple(f"{entry.repository}:{entry.name}" for entry in tags),
        tuple(connection.execute(inside.limit(50)).scalars()),
        running=connection.execute(runs).scalar() or 0,
        errors=_sentences(row.errors),
        notes=_sentences(row.notes),
        signed=all(signed) if signed else None,
    )


def runs_image(digest: str, configuration: str) -> ColumnElement[bool]:
    """The condition that a container runs an image now, by what its host reported."""
    same = [container.c.digest == digest]
    if configuration:
        same.append(container.c.configuration == configuration)
    return and_(runs_now(), or_(*same))


def list_layers(
    connection: Connection, scope: Scope, number: int, flawed: Mapping[int, int] = {}
) -> tuple[LayerRow, ...]:
    """The layers of an image, and how many images of the scope have each.

    `flawed` counts the findings by the position of their layer.
    """
    packages = (
        select(layer_slice.c.layer_id, func.count().label("packages"))
        .join_from(image_slice, layer_slice)
        .join(slice_package, slice_package.c.slice_id == layer_slice.c.id)
        .where(image_slice.c.image_id == number)
        .group_by(layer_slice.c.layer_id)
    )
    counted = {row.layer_id: row.packages for row in connection.execute(packages)}
    query = (
        select(image_layer.c.position, image_layer.c.created_by, layer)
        .join_from(image_layer, layer)
        .where(image_layer.c.image_id == number)
        .order_by(image_layer.c.position)
    )
    rows = connection.execute(query).all()
    shared = (
        select(image_layer.c.layer_id, func.count(image_layer.c.image_id.distinct()))
        .where(image_layer.c.layer_id.in_([row.id for row in rows]), image_within(scope, image_layer.c.image_id))
        .group_by(image_layer.c.layer_id)
    )
    images: dict[int, int] = {row[0]: row[1] for row in connection.execute(shared)}
    return tuple(
        LayerRow(
            row.position,
            row.diff_id,
            instruction(row.created_by),
            row.size,
            counted.get(row.id, 0),
            images.get(row.id, 0),
            flawed.get(row.position, 0),
        )
        for row in rows
    )


def list_packages(connection: Connection, number: int, *, after: str = "", limit: int = 100) -> ListPage[PackageRow]:
    """The packages of an image by name."""
    position = (
        select(func.min(image_layer.c.position))
        .where(image_layer.c.image_id == number, image_layer.c.layer_id == layer_slice.c.layer_id)
        .scalar_subquery()
    )
    query = (
        select(package, slice_package.c.path, slice_package.c.slice_id, position.label("position"))
        .join_from(image_slice, slice_package, slice_package.c.slice_id == image_slice.c.slice_id)
        .join(layer_slice, layer_slice.c.id == slice_package.c.slice_id)
        .join(package, package.c.id == slice_package.c.package_id)
        .where(image_slice.c.image_id == number)
    )
    columns = (package.c.name, package.c.id, slice_package.c.slice_id)
    if after:
        name, own, part = behind(after, str, int, int)
        query = query.where(
            or_(
                columns[0] > name,
                and_(columns[0] == name, columns[1] > own),
                and_(columns[0] == name, columns[1] == own, columns[2] > part),
            )
        )
    rows = connection.execute(query.order_by(*columns).limit(limit + 1)).all()
    return page(rows, limit, _package, lambda row: cursor(row.name, row.id, row.slice_id))


def _package(row: Any) -> PackageRow:  # noqa: ANN401  a row of the query
    place = -1 if row.position is None else row.position
    return PackageRow(row.name, row.version, row.type, row.purl, row.path, place, row.unchecked)


def uses(connection: Connection, digest: str, configuration: str) -> dict[tuple[str, str], str]:
    """How running containers use what findings are about, by rule and thing: the most that any of them does."""
    query = (
        select(container_finding.c.rule, container_finding.c.thing, container_finding.c.use)
        .join_from(container_finding, container, container.c.id == container_finding.c.container_id)
        .where(runs_image(digest, configuration))
        .distinct()
    )
    best: dict[tuple[str, str], str] = {}
    for row in connection.execute(query):
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
    earlier = tag.alias("earlier")
    query = (
        select(earlier.c.image_id, image.c.digest, repository.c.name.label("repository"), tag.c.name, earlier.c.until)
        .join_from(tag, repository)
        .join(earlier, and_(earlier.c.repository_id == tag.c.repository_id, earlier.c.name == tag.c.name))
        .join(image, image.c.id == earlier.c.image_id)
        .where(
            tag.c.image_id == number,
            earlier.c.image_id != number,
            earlier.c.until.is_not(None),
            earlier.c.until <= tag.c.first_seen,
            within(scope),
        )
        .order_by(earlier.c.until.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    if row is None:
        return None
    return EarlierImage(row.image_id, row.digest, f"{row.repository}:{row.name}", row.until)


def _sentences(text: str) -> tuple[str, ...]:
    return msgspec.json.decode(text, type=tuple[str, ...]) if text else ()
