"""Acknowledgements as VEX: what somebody decided about the flaws of a repository's images, for every other tool."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, and_, or_, select

from sealock.model.advisory import Vulnerability
from sealock.model.report import ImageIdentity
from sealock.reports.openvex import IgnoredVulnerability, TargetIgnores, document, product_of
from sealock.service.state.tables import (
    acknowledgement,
    hit,
    image,
    image_slice,
    package,
    repository,
    repository_image,
    slice_package,
)


def vex_document(connection: Connection, name: str, author: str, now: str, today: str) -> dict[str, Any]:
    """The acknowledged flaws of a repository's current images as OpenVEX; `now` is RFC 3339, `today` YYYY-MM-DD.

    One with a justification is "not_affected", one without is "affected", with the reason as the action statement.
    Those whose last day is over are left out.
    """
    fits = and_(
        acknowledgement.c.rule == hit.c.flaw,
        or_(acknowledgement.c.thing == "", acknowledgement.c.thing == package.c.thing),
        or_(acknowledgement.c.repository_id.is_(None), acknowledgement.c.repository_id == repository.c.id),
        or_(acknowledgement.c.until == "", acknowledgement.c.until >= today),
    )
    query = (
        select(image.c.digest, package.c.purl, hit.c.flaw, hit.c.data, acknowledgement)
        .select_from(repository)
        .join(repository_image, and_(repository_image.c.repository_id == repository.c.id, repository_image.c.current))
        .join(image, image.c.id == repository_image.c.image_id)
        .join(image_slice, image_slice.c.image_id == image.c.id)
        .join(slice_package, slice_package.c.slice_id == image_slice.c.slice_id)
        .join(package, package.c.id == slice_package.c.package_id)
        .join(hit, and_(hit.c.package_id == package.c.id, hit.c.suppressed == ""))
        .join(acknowledgement, fits)
        .where(repository.c.name == name)
        # The most particular one of several counts, and of those the last.
        .order_by(acknowledgement.c.thing, acknowledgement.c.repository_id.is_not(None), acknowledgement.c.id)
    )
    ignored: dict[str, dict[tuple[str, str], IgnoredVulnerability]] = {}
    for row in connection.execute(query):
        known = msgspec.json.decode(row.data, type=Vulnerability)
        aliases = tuple(alias for alias in known.aliases if alias != row.flaw)
        entry = IgnoredVulnerability(row.flaw, aliases, row.purl, row.reason, row.until, row.justification)
        ignored.setdefault(row.digest, {})[row.flaw, row.purl] = entry
    targets = [
        TargetIgnores(tuple(rows.values()), product_of(ImageIdentity((name,), digest)))
        for digest, rows in sorted(ignored.items())
    ]
    return document(targets, author, "", now)
