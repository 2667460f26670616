"""A state of the service with synthetic rows: layers, packages, images and repositories, as many as a figure wants."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Table, insert

from sealock.model.advisory import Advisory, Epss, Exploited, Rating
from sealock.model.inventory import Distribution, Package
from sealock.model.severity import Severity
from sealock.service.state.database import Database, migrate
from sealock.service.state.packages import store_package
from sealock.service.state.tables import (
    image,
    image_slice,
    layer_slice,
    package,
    package_place,
    place,
    repository,
    repository_image,
    repository_slice,
    slice_package,
    tag,
)
from sealock.vulnerabilities.claim import Claim, KeySpan
from sealock.vulnerabilities.versions import key, scheme_of

DEBIAN = Distribution("debian", "12", "bookworm", "Debian GNU/Linux 12")
ECOSYSTEM = "Debian:12"
VERSIONS = 10
"""Versions of each name that some layer has."""
LAYERS_OF_IMAGE = 5
_LAYERS_OF_REPOSITORY = 8
"""Layers that the images of one repository are made of."""


class MadeAdvisories:
    """Advisories on numbered packages: each is fixed in version 5 of 10."""

    def __init__(self, names: Iterable[str]) -> None:
        scheme = scheme_of(ECOSYSTEM)
        assert scheme is not None
        fixed = "5.0-1"
        span = KeySpan(b"", key(scheme, fixed) or b"", fixed=fixed)
        self._claims = {
            name: (Claim(f"CVE-2026-{number:05}", (span,), severity=Severity.HIGH, feed="made"),)
            for number, name in enumerate(names, 10_000)
        }
        self._by_id = {claims[0].advisory: claims[0] for claims in self._claims.values()}

    def about(self, ecosystem: str, names: Sequence[str], /) -> dict[str, tuple[Claim, ...]]:
        del ecosystem
        return {name: self._claims[name] for name in names if name in self._claims}

    def covers(self, ecosystem: str, /) -> bool:
        return ecosystem == ECOSYSTEM

    def details(self, ids: Sequence[str], /) -> dict[str, Advisory]:
        rated = (Rating("made", Severity.HIGH, "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8),)
        text = "A remote attacker can make the program read beyond the end of a buffer." * 3
        return {name: Advisory(name, "made", (), summary=text, ratings=rated) for name in ids if name in self._by_id}

    def exploited(self, cves: Sequence[str], /) -> dict[str, Exploited]:
        del cves
        return {}

    def epss(self, cves: Sequence[str], /) -> dict[str, Epss]:
        del cves
        return {}


def name_of(number: int) -> str:
    return f"package{number}"


def fill(database: Database, *, images: int, layers: int, packages: int, names: int) -> None:
    """Make a state; `packages` are those of one layer, drawn from so many names."""
    migrate(database)
    draw = random.Random(1)
    with database.write() as connection:
        stored = [
            store_package(Package("deb", name_of(number), f"{version}.0-1", "", architecture="amd64"), DEBIAN, "")
            for number in range(names)
            for version in range(VERSIONS)
        ]
        _load(connection, package, ({"id": number, **entry.row()} for number, entry in enumerate(stored, 1)))
        _load(connection, place, ({"id": n + 1, "ecosystem": ECOSYSTEM, "name": name_of(n)} for n in range(names)))
        _load(
            connection,
            package_place,
            ({"place_id": n // VERSIONS + 1, "package_id": n + 1} for n in range(len(stored))),
        )
        _load(connection, layer_slice, ({"id": n + 1, "key": f"slice {n}"} for n in range(layers)))
        _load(connection, slice_package, _members(draw, layers, packages, names))
        repositories = max(1, images // 20)
        pools = [draw.sample(range(1, layers + 1), _LAYERS_OF_REPOSITORY) for _ in range(repositories)]
        _load(
            connection,
            repository,
            (
                {"id": n + 1, "name": f"registry.example/team{n % 50}/app{n}", "first_seen": 1.0}
                for n in range(repositories)
            ),
        )
        _load(
            connection,
            image,
            ({"id": n + 1, "digest": f"sha256:{n:064x}", "first_seen": 1.0, "scanned": 1.0} for n in range(images)),
        )
        owned = [(n + 1, n % repositories + 1) for n in range(images)]
        _load(
            connection,
            repository_image,
            (
                {"repository_id": r, "image_id": n, "first_seen": 1.0, "last_seen": 1.0, "current": True}
                for n, r in owned
            ),
        )
        _load(
            connection,
            tag,
            (
                {
                    "id": n,
                    "repository_id": r,
                    "name": f"v{n}",
                    "digest": f"sha256:{n:064x}",
                    "image_id": n,
                    "first_seen": 1.0,
                    "last_seen": 1.0,
                }
                for n, r in owned
            ),
        )
        _load(
            connection,
            image_slice,
            ({"image_id": n, "slice_id": s} for n, r in owned for s in draw.sample(pools[r - 1], LAYERS_OF_IMAGE)),
        )
        _load(
            connection,
            repository_slice,
            ({"repository_id": n + 1, "slice_id": s} for n, pool in enumerate(pools) for s in pool),
        )
    if database.is_postgresql:
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            # As autovacuum leaves it after some minutes, in which it shares the cores with what is measured.
            connection.exec_driver_sql("VACUUM ANALYZE")
    else:
        with database.write() as connection:
            connection.exec_driver_sql("ANALYZE")


def _members(draw: random.Random, layers: int, packages: int, names: int) -> Iterator[dict[str, Any]]:
    for number in range(1, layers + 1):
        for name in sorted(draw.sample(range(names), packages)):
            yield {"slice_id": number, "package_id": name * VERSIONS + draw.randrange(VERSIONS) + 1}


def _load(connection: Connection, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    if connection.dialect.name == "postgresql":
        iterator = iter(rows)
        first = next(iterator)
        columns = ", ".join(first)
        cursor = connection.connection.cursor()
        with cursor.copy(f"COPY {table.name} ({columns}) FROM STDIN") as copy:
            copy.write_row(tuple(first.values()))
            for row in iterator:
                copy.write_row(tuple(row.values()))
        return
    left = iter(rows)
    while some := list(islice(left, 50_000)):
        connection.execute(insert(table), some)
