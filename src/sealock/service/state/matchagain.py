"""Matches stored packages again when the advisories have changed: only those whose names the changes are about.

Nothing is pulled, and nothing is done for each image: the packages of a changed name are matched once, and the findings
of all repositories follow in statements over sets. The work is in pieces, each a transaction of its own; where it ends
in the middle, the next run does the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from sealock.service.state.contents import set_generation
from sealock.service.state.database import Database
from sealock.service.state.flaws import Hit, PackageMatch, match_packages
from sealock.service.state.packages import restore_package
from sealock.service.state.rows import chunks, take_memory, take_turn
from sealock.service.state.settle import settle
from sealock.service.state.tables import hit, package, package_place, place, slice_package
from sealock.vulnerabilities.claim import AdvisoryLookup, Claim

PLACES: Final = 500
"""Names whose packages one transaction matches."""
_DETAILS: Final = 2000
_SUMMARY: Final = 330
"""Characters of a record that a hit may show."""


class MatchedAgain(Struct):
    """What matching again did: names compared and changed, the packages of these, and those with another result."""

    compared: int = 0
    changed: int = 0
    packages: int = 0
    differing: int = 0


class _Place(Struct, frozen=True):
    number: int
    ecosystem: str
    name: str
    state: str


def match_again(
    database: Database,
    lookup: AdvisoryLookup,
    generation: str,
    now: float,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> MatchedAgain:
    """Match what changed since the packages were last matched. `generation` names the advisories of the lookup.

    `progress` hears how many of the changed names are done.
    """
    with database.write() as connection:
        take_turn(connection)
        set_generation(connection, generation)
        query = select(place.c.id, place.c.ecosystem, place.c.name, place.c.state)
        places = [_Place(*row) for row in connection.execute(query)]
    states = place_states(lookup, [(entry.ecosystem, entry.name) for entry in places])
    changed = [entry for entry in places if states[entry.ecosystem, entry.name] != entry.state]
    result = MatchedAgain(len(places), len(changed))
    done = 0
    for some in chunks(changed, PLACES):
        with database.write() as connection:
            take_turn(connection)
            take_memory(connection)
            _match_places(connection, lookup, some, states, now, result)
        done += len(some)
        progress(done, len(changed))
    return result


def place_states(lookup: AdvisoryLookup, places: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """A digest of what the advisories say of each name: another one means that its packages must be matched again."""
    names: dict[str, list[str]] = {}
    for ecosystem, name in places:
        names.setdefault(ecosystem, []).append(name)
    parts: dict[tuple[str, str], tuple[bytes, frozenset[str]]] = {}
    flaws: set[str] = set()
    for ecosystem, inside in names.items():
        covered = lookup.covers(ecosystem)
        for some in chunks(sorted(inside)):
            claims = lookup.about(ecosystem, list(some))
            for name in some:
                about = claims.get(name, ())
                ids = frozenset(_names(about))
                flaws |= ids
                parts[ecosystem, name] = msgspec.msgpack.encode((covered, about)), ids
    details = _details(lookup, sorted(flaws))
    return {where: _digest(data, ids, details) for where, (data, ids) in parts.items()}


def _names(claims: Iterable[Claim]) -> Iterable[str]:
    for claim in claims:
        yield claim.advisory
        yield from claim.aliases
        yield from claim.upstream


def _details(lookup: AdvisoryLookup, ids: Sequence[str]) -> dict[str, bytes]:
    """What hits show of records, beside their claims, and whether they are known to be exploited."""
    result: dict[str, bytes] = {}
    for some in chunks(ids, _DETAILS):
        exploited = lookup.exploited(some)
        for name, record in lookup.details(some).items():
            shown = (record.ratings, record.summary, record.details[:_SUMMARY], record.references, record.feed)
            result[name] = blake2b(msgspec.msgpack.encode(shown), digest_size=8).digest()
        for name, entry in exploited.items():
            result[name] = result.get(name, b"") + msgspec.msgpack.encode(entry)
    return result


def _digest(data: bytes, ids: Iterable[str], details: Mapping[str, bytes]) -> str:
    whole = blake2b(data, digest_size=16)
    for name in sorted(ids):
        if name in details:
            whole.update(details[name])
    return whole.hexdigest()


def _match_places(  # noqa: PLR0913, PLR0917  the state of one piece
    connection: Connection,
    lookup: AdvisoryLookup,
    places: Sequence[_Place],
    states: Mapping[tuple[str, str], str],
    now: float,
    result: MatchedAgain,
) -> None:
    rows = _packages(connection, [entry.number for entry in places])
    stored = {row.key: restore_package(row) for row in rows}
    matched = match_packages(stored.values(), lookup)
    before = _hits(connection, [row.id for row in rows])
    differing = [row for row in rows if before.get(row.id, {}) != matched[row.key].hits]
    for some in chunks(differing):
        connection.execute(delete(hit).where(hit.c.package_id.in_([row.id for row in some])))
    new = [entry.row(row.id) for row in differing for entry in matched[row.key].hits.values()]
    if new:
        connection.execute(insert(hit), new)
    owners = _update(connection, rows, matched)
    things = {row.thing for row in differing} | _owned(connection, owners)
    settle(connection, things, now, "advisory")
    updates = [{"number": entry.number, "new": states[entry.ecosystem, entry.name]} for entry in places]
    statement = update(place).where(place.c.id == bindparam("number")).values(state=bindparam("new"))
    connection.execute(statement, updates)
    result.packages += len(rows)
    result.differing += len(differing)


def _packages(connection: Connection, places: Sequence[int]) -> list[Any]:
    rows: dict[int, Any] = {}
    for some in chunks(places):
        query = (
            select(package)
            .join(package_place, package_place.c.package_id == package.c.id)
            .where(package_place.c.place_id.in_(some))
        )
        rows.update({row.id: row for row in connection.execute(query)})
    return list(rows.values())


def _hits(connection: Connection, packages: Sequence[int]) -> dict[int, dict[str, Hit]]:
    before: dict[int, dict[str, Hit]] = {}
    columns = [hit.c[name] for name in Hit.__struct_fields__]
    for some in chunks(packages):
        for number, *values in connection.execute(select(hit.c.package_id, *columns).where(hit.c.package_id.in_(some))):
            before.setdefault(number, {})[values[0]] = Hit(*values)
    return before


def _update(connection: Connection, rows: Iterable[Any], matched: Mapping[str, PackageMatch]) -> list[int]:
    """Write what differs beside the hits; give the packages that now decide on their files, or do so no longer."""
    owners: list[int] = []
    alike: dict[tuple[str, bool, bool], list[int]] = {}
    for row in rows:
        new = matched[row.key]
        values = new.unchecked, new.grave, new.covered
        if (row.unchecked, bool(row.grave), bool(row.covered)) != values:
            alike.setdefault(values, []).append(row.id)
            if bool(row.covered) != new.covered:
                owners.append(row.id)
    for (unchecked, grave, covered), ids in alike.items():
        for some in chunks(ids):
            statement = update(package).where(package.c.id.in_(some))
            connection.execute(statement.values(unchecked=unchecked, grave=grave, covered=covered))
    return owners


def _owned(connection: Connection, owners: Sequence[int]) -> set[str]:
    things: set[str] = set()
    for some in chunks(owners):
        query = (
            select(package.c.thing)
            .join(slice_package, slice_package.c.package_id == package.c.id)
            .where(slice_package.c.owner_id.in_(some))
            .distinct()
        )
        things.update(connection.execute(query).scalars())
    return things
