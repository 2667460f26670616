"""Packages across all images."""

from __future__ import annotations

from msgspec import Struct
from sqlalchemy import Connection, func, select

from sealock.service.access.tokens import Scope
from sealock.service.state.tables import package, repository, repository_slice, slice_package
from sealock.service.views.common import within


class PackageSpread(Struct, frozen=True):
    """A version of a package, and how many repositories have it in a current image."""

    name: str
    version: str
    type: str
    thing: str
    repositories: int


def search_packages(connection: Connection, scope: Scope, words: str, limit: int = 20) -> list[PackageSpread]:
    """Packages whose name begins with the words, by name; "name version" finds one version."""
    name, _, version = words.partition(" ")
    some = select(package).where(package.c.name >= name, package.c.name < f"{name}\uffff")
    if version:
        some = some.where(package.c.version.startswith(version, autoescape=True))
    matching = some.order_by(package.c.name, package.c.id).limit(limit * 5).subquery()
    query = (
        select(
            matching.c.name,
            matching.c.version,
            matching.c.type,
            matching.c.thing,
            func.count(repository_slice.c.repository_id.distinct()).label("repositories"),
        )
        .join_from(matching, slice_package, slice_package.c.package_id == matching.c.id)
        .join(repository_slice, repository_slice.c.slice_id == slice_package.c.slice_id)
        .join(repository, repository.c.id == repository_slice.c.repository_id)
        .where(within(scope))
        .group_by(matching.c.id, matching.c.name, matching.c.version, matching.c.type, matching.c.thing)
        .order_by(matching.c.name, matching.c.version)
        .limit(limit)
    )
    return [
        PackageSpread(row.name, row.version, row.type, row.thing, row.repositories) for row in connection.execute(query)
    ]
