"""Findings and events of the state, compared with matching every current image whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import func, select

from sealock.model.advisory import Advisory, Exploited
from sealock.model.finding import Finding, Suppression
from sealock.model.inventory import Inventory
from sealock.model.severity import Severity
from sealock.service.access.tokens import Scope
from sealock.service.state.contents import finding_rows
from sealock.service.state.database import Database
from sealock.service.state.matchagain import match_again
from sealock.service.state.tables import event, finding, hit, layer_slice, package, repository, slice_package
from sealock.service.state.tags import drop_digest, drop_tags, find_repository
from sealock.service.views.events import list_events
from support.draws import draws
from support.madedatabases import Table
from support.postgresql import PostgresServer
from support.servicestate import deb, digest, expected, flaw, found, image_of, pypi, rule, scan

APP, WEB = "registry.example/app", "registry.example/web"
SSL = flaw("CVE-2026-0001", "Debian:12", "openssl", fixed="3.0.15-1")


def kinds(database: Database) -> list[tuple[str, str, str]]:
    with database.read() as connection:
        query = select(event.c.kind, event.c.rule, event.c.detail).order_by(event.c.id)
        return [tuple(row) for row in connection.execute(query)]


def test_a_flaw_of_an_image_is_a_finding_with_an_event_and_counts(database: Database) -> None:
    scan(database, APP, "1", image_of("a", deb("openssl", "3.0.14-1")), Table(SSL), now=10.0)
    with database.read() as connection:
        assert found(connection, APP) == {("CVE-2026-0001", "pkg:deb/debian/openssl"): (4, "3.0.15-1")}
        row = connection.execute(select(repository)).one()
        assert (row.high, row.critical, row.fixable, row.exploited) == (1, 0, 1, 0)
    assert kinds(database) == [("added", "CVE-2026-0001", "3.0.15-1")]


@pytest.mark.parametrize(
    ("severities", "suppressed", "kept"),
    [
        ((2, 4), (), [4]),
        ((4, 2), (), [4]),
        ((3, 3), (), [3]),
        ((2, 4), (1,), [2]),
        ((4, 2), (0,), [2]),
        ((4, 5), (0, 1), []),
        ((3,), (), [3]),
        ((3,), (0,), []),
        ((), (), []),
    ],
)
def test_of_findings_on_one_thing_the_most_severe_that_counts_is_kept(
    severities: tuple[int, ...], suppressed: tuple[int, ...], kept: list[int]
) -> None:
    made = [rule("F001", "x", Severity(severity)) for severity in severities]
    made = [
        replace(one, suppressed=Suppression("an ignore", "r")) if at in suppressed else one
        for at, one in enumerate(made)
    ]
    rows = finding_rows(7, made)
    assert [(row["image_id"], row["rule"], row["severity"]) for row in rows] == [(7, "F001", each) for each in kept]
    others = finding_rows(7, [*made, rule("F001", "y\0"), rule("F002", "x")])
    assert [row["thing"] for row in others[len(kept) :]] == ["y\N{REPLACEMENT CHARACTER}", "x"]


def test_scanning_again_changes_nothing(database: Database) -> None:
    for now in (10.0, 20.0):
        scan(
            database,
            APP,
            "1",
            image_of("a", deb("openssl", "3.0.14-1")),
            Table(SSL),
            now=now,
            findings=[rule("F001", "x")],
        )
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(event)).scalar() == 2
        assert set(connection.execute(select(finding.c.first_seen)).scalars()) == {10.0}


def test_an_image_that_fixes_a_flaw_removes_the_finding_once_no_tag_names_the_old_one(database: Database) -> None:
    table = Table(SSL)
    scan(database, APP, "1", image_of("a", deb("openssl", "3.0.14-1")), table, now=10.0)
    scan(database, APP, "2", image_of("b", deb("openssl", "3.0.15-1"), layers=("new",)), table, now=20.0)
    assert [kind for kind, _, _ in kinds(database)] == ["added"]
    scan(database, APP, "1", image_of("b", deb("openssl", "3.0.15-1"), layers=("new",)), table, now=30.0)
    assert [kind for kind, _, _ in kinds(database)] == ["added", "tag-moved", "removed"]
    scan(database, APP, "1", image_of("a", deb("openssl", "3.0.14-1")), table, now=40.0)
    assert [kind for kind, _, _ in kinds(database)][3:] == ["tag-moved", "added"]
    with database.read() as connection:
        row = connection.execute(select(finding)).one()
        assert (row.first_seen, row.gone) == (10.0, None)
        for kind, number in (("added", 2), ("removed", 1), ("tag-moved", 2), ("exploited", 0)):
            assert [entry.kind for entry in list_events(connection, Scope(), kind=kind).items] == [kind] * number


def test_new_advisories_change_findings_without_reading_an_image(database: Database) -> None:
    scan(
        database,
        APP,
        "1",
        image_of("a", deb("openssl", "3.0.14-1"), pypi("flask", "1.0")),
        Table(covered=["Debian:12"]),
        now=10.0,
    )
    steps: list[tuple[Table, list[tuple[str, str, str]]]] = [
        (Table(flaw("CVE-2026-0001", "Debian:12", "openssl")), [("added", "CVE-2026-0001", "")]),
        (
            Table(flaw("CVE-2026-0001", "Debian:12", "openssl", severity=Severity.CRITICAL)),
            [("severity-changed", "CVE-2026-0001", "high -> critical")],
        ),
        (
            Table(flaw("CVE-2026-0001", "Debian:12", "openssl", severity=Severity.CRITICAL, fixed="3.0.15-1")),
            [("fix-available", "CVE-2026-0001", "3.0.15-1")],
        ),
        (
            Table(
                flaw("CVE-2026-0001", "Debian:12", "openssl", severity=Severity.CRITICAL, fixed="3.0.15-1"),
                exploited={"CVE-2026-0001": Exploited("2026-11-01")},
            ),
            [("exploited", "CVE-2026-0001", "")],
        ),
        (Table(covered=["Debian:12"]), [("removed", "CVE-2026-0001", "")]),
        (Table(flaw("GHSA-1", "PyPI", "flask")), [("added", "GHSA-1", "")]),
    ]
    for number, (table, wanted) in enumerate(steps):
        before = len(kinds(database))
        match_again(database, table, f"g{number}", 20.0 + number)
        assert kinds(database)[before:] == wanted
        again = match_again(database, table, f"g{number}", 30.0 + number)
        assert (again.changed, again.packages) == (0, 0)


def test_only_packages_of_changed_names_are_matched_again(database: Database) -> None:
    many = [deb(f"lib{number}", "1.0-1") for number in range(200)]
    scan(database, APP, "1", image_of("a", *many), Table(covered=["Debian:12"]), now=10.0)
    match_again(database, Table(covered=["Debian:12"]), "g1", 11.0)
    result = match_again(database, Table(flaw("CVE-1", "Debian:12", "lib7"), covered=["Debian:12"]), "g2", 12.0)
    assert (result.compared, result.changed, result.packages, result.differing) == (200, 1, 1, 1)


def test_what_later_layers_remove_and_what_the_distribution_owns_does_not_count(database: Database) -> None:
    table = Table(flaw("GHSA-1", "PyPI", "requests"), flaw("CVE-2", "Debian:12", "python-requests", fixed="1"), SSL)
    owned = pypi("requests", "2.0")
    owner = deb("python3-requests", "2.0-1", source="python-requests", source_version="2.0-1", files=(owned.path,))
    scan(database, APP, "1", image_of("a", owned, owner, deb("openssl", "3.0.14-1", removed=True)), table, now=10.0)
    with database.read() as connection:
        assert found(connection, APP) == {}
    # Without advisories on the owner, those of the language count.
    match_again(database, Table(flaw("GHSA-1", "PyPI", "requests"), covered=["Debian:12"]), "g1", 20.0)
    with database.read() as connection:
        assert set(found(connection, APP)) == {("GHSA-1", "pkg:pypi/requests")}
    match_again(database, table, "g2", 30.0)
    with database.read() as connection:
        assert found(connection, APP) == {}


def test_layers_packages_and_slices_are_stored_once_for_all_images(database: Database) -> None:
    base = [deb(f"lib{number}", "1.0-1") for number in range(50)]
    for number in range(20):
        image = image_of(
            f"app{number}",
            *base,
            pypi("flask", "1.0", 1),
            pypi(f"app{number}", "1.0", 2),
            layers=("base", "flask", f"{number}"),
        )
        scan(database, f"registry.example/{number % 4}", "1", image, Table(), now=10.0 + number)
    with database.read() as connection:
        counts = [
            connection.execute(select(func.count()).select_from(table)).scalar()
            for table in (package, layer_slice, slice_package)
        ]
    assert counts == [50 + 1 + 20, 1 + 1 + 20, 50 + 1 + 20]


def test_a_deleted_tag_or_manifest_takes_its_findings_with_it(database: Database) -> None:
    scan(database, APP, "1", image_of("a", deb("openssl", "3.0.14-1")), Table(SSL), now=10.0)
    scan(database, WEB, "1", image_of("a", deb("openssl", "3.0.14-1")), Table(SSL), now=10.0)
    with database.write() as connection:
        drop_tags(connection, find_repository(connection, APP) or 0, ["1"], 20.0)
        drop_digest(connection, find_repository(connection, WEB) or 0, digest("a"), 20.0)
    with database.read() as connection:
        assert found(connection, APP) == found(connection, WEB) == {}
        assert connection.execute(select(hit.c.flaw)).scalars().all() == ["CVE-2026-0001"]


def test_an_image_that_was_submitted_by_its_digest_counts_without_a_tag(database: Database) -> None:
    scan(database, APP, "", image_of("a", deb("openssl", "3.0.14-1")), Table(SSL), now=10.0)
    with database.read() as connection:
        assert len(found(connection, APP)) == 1


def test_a_signature_that_is_lost_is_an_event_once(database: Database) -> None:
    image = image_of("a", deb("openssl", "1"))
    scan(database, APP, "1", image, Table(), now=10.0, signed=True)
    scan(database, APP, "1", image_of("b", layers=("other",)), Table(), now=20.0, signed=False)
    scan(database, APP, "1", image_of("b", layers=("other",)), Table(), now=30.0, signed=False)
    assert [kind for kind, _, _ in kinds(database)] == ["tag-moved", "signature-lost"]


NAMES = ("openssl", "zlib", "bash", "flask", "six")
VERSIONS = ("1.0-1", "2.0-1", "3.0-1")


@st.composite
def images(draw: st.DrawFn) -> Inventory:
    packages = []
    for layer in range(2):
        for name in draw(st.sets(st.sampled_from(NAMES), max_size=4)):
            make = pypi if name in {"flask", "six"} else deb
            version = draw(st.sampled_from(VERSIONS))
            plain = version.partition("-")[0] if make is pypi else version
            packages.append(make(name, plain, layer, removed=draw(st.booleans())))
    name = draw(st.sampled_from("abcdef"))
    return image_of(
        f"{name} {sorted((p.name, p.version, p.layer, p.removed) for p in packages)}", *packages, layers=("base", name)
    )


@st.composite
def advisories(draw: st.DrawFn) -> list[Advisory]:
    made = []
    for number in draw(st.sets(st.integers(1, 6), max_size=6)):
        name = draw(st.sampled_from(NAMES))
        ecosystem = "PyPI" if name in {"flask", "six"} else "Debian:12"
        fixed = draw(st.sampled_from(("", "2.0-1", "3.0-1")))
        severity = draw(st.sampled_from(list(Severity)))
        made.append(
            flaw(
                f"CVE-2026-000{number}",
                ecosystem,
                name,
                fixed=fixed.partition("-")[0] if ecosystem == "PyPI" else fixed,
                severity=severity,
            )
        )
    return made


reported = st.lists(
    st.builds(rule, st.sampled_from(("F001", "F002")), st.sampled_from(("a", "b")), st.sampled_from(list(Severity))),
    max_size=2,
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("scan"), st.sampled_from((APP, WEB)), st.sampled_from(("1", "2", "")), images(), reported),
        st.tuples(st.just("drop"), st.sampled_from((APP, WEB)), st.sampled_from(("1", "2"))),
        st.tuples(st.just("advisories"), advisories()),
    ),
    max_size=10,
)


def play(database: Database, rows: Sequence[tuple[Any, ...]]) -> None:
    """Do steps, and hold the state against what it must be after each."""
    table = Table(covered=["Debian:12", "PyPI"])
    tags: dict[tuple[str, str], str] = {}
    single: set[tuple[str, str]] = set()
    tagged: set[tuple[str, str]] = set()
    contents: dict[str, tuple[Inventory, Sequence[Finding]]] = {}
    for now, row in enumerate(rows, 1):
        if row[0] == "scan":
            _, where, tag, inventory, rules = row
            scan(database, where, tag, inventory, table, now=float(now), findings=rules)
            contents[inventory.manifest] = inventory, rules
            if tag:
                tags[where, tag] = inventory.manifest
                tagged.add((where, inventory.manifest))
            else:
                single.add((where, inventory.manifest))
        elif row[0] == "drop":
            with database.write() as connection:
                number = find_repository(connection, row[1])
                if number is not None:
                    drop_tags(connection, number, [row[2]], float(now))
            tags.pop((row[1], row[2]), None)
        else:
            table = Table(*row[1], covered=["Debian:12", "PyPI"])
            match_again(database, table, str(now), float(now))
        for where in (APP, WEB):
            current = {manifest for (of, _), manifest in tags.items() if of == where}
            current |= {manifest for of, manifest in single - tagged if of == where}
            with database.read() as connection:
                # What rules report is of the last reading of an image, wherever that was.
                wanted = expected([contents[manifest] for manifest in current], table)
                assert found(connection, where) == wanted, (now, row)
    _replay(database)


def _replay(database: Database) -> None:
    """Events tell exactly how the findings came about."""
    open_: dict[tuple[int, str, str], int] = {}
    with database.read() as connection:
        for row in connection.execute(select(event).order_by(event.c.id)):
            key = row.repository_id, row.rule, row.thing
            if row.kind == "added":
                assert key not in open_
                open_[key] = row.severity
            elif row.kind == "removed":
                del open_[key]
            elif row.kind == "severity-changed":
                assert open_[key] != row.severity
                open_[key] = row.severity
        rows = connection.execute(select(finding).where(finding.c.gone.is_(None)))
        assert open_ == {(row.repository_id, row.rule, row.thing): row.severity for row in rows}
        for row in connection.execute(select(repository)):
            severities = [severity for key, severity in open_.items() if key[0] == row.id]
            assert [row.critical, row.high, row.medium, row.low] == [severities.count(level) for level in (5, 4, 3, 2)]


@contextmanager
def opened(url: str) -> Iterator[Database]:
    database = Database(url)
    try:
        yield database
    finally:
        database.close()


@pytest.mark.repeats
@draws(25, suppress_health_check=list(HealthCheck))
@given(rows=steps)
def test_findings_are_those_of_the_current_images_on_sqlite(
    made: Path, tmp_path: Path, rows: list[tuple[Any, ...]]
) -> None:
    for end in ("", "-wal", "-shm"):
        (tmp_path / f"state.db{end}").unlink(missing_ok=True)
    copyfile(made, tmp_path / "state.db")
    with opened(f"sqlite:///{tmp_path}/state.db") as database:
        play(database, rows)


@draws(6, suppress_health_check=list(HealthCheck))
@given(rows=steps)
def test_findings_are_those_of_the_current_images_on_postgresql(
    postgresql: PostgresServer, template: str, rows: list[tuple[Any, ...]]
) -> None:
    with opened(postgresql.database(template)) as database:
        play(database, rows)
