"""Passwords, tokens, scopes, rates, accounts and sessions: who gets in, and who does not."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select, update
from sqlalchemy.exc import OperationalError

from sealock.errors import UsageError
from sealock.service.access.actors import Actor
from sealock.service.access.audit import list_audit
from sealock.service.access.limits import RateLimiter, SharedRateLimiter, rate_limiter
from sealock.service.access.machines import issue, list_tokens, machine_of, revoke
from sealock.service.access.passwords import _NOBODY, hash_password, verify_password
from sealock.service.access.people import (
    accept,
    invite,
    is_invitation,
    list_people,
    log_in,
    log_out,
    person_of,
    remove_person,
)
from sealock.service.access.tokens import Scope, parse_scope
from sealock.service.state.database import Database
from sealock.service.state.tables import repository
from sealock.service.state.tables.access import rate
from sealock.service.views.common import within
from sealock.service.web.clients import network_of
from support.postgresql import PostgresServer

NOW = 1_800_000_000.0
DAY = 86400
PASSWORD = "correct horse battery"
ADA = Actor("ada", "admin", Scope(), "person 1")


def test_a_password_is_stored_as_argon2id_and_verified() -> None:
    stored = hash_password(PASSWORD)
    # With OWASP's parameters, and as slowly as where nobody has the name.
    assert stored.split("$")[1:4] == _NOBODY.split("$")[1:4] == ["argon2id", "v=19", "m=19456,t=2,p=1"]
    assert verify_password(PASSWORD, stored)
    assert not verify_password(PASSWORD + "x", stored)
    assert not verify_password(PASSWORD, None)
    assert not verify_password(PASSWORD, "no hash")
    assert hash_password(PASSWORD) != stored


@pytest.mark.parametrize("password", ["", "short", "x" * 11, "x" * 2000])
def test_a_password_that_is_too_short_or_long_is_refused(password: str) -> None:
    with pytest.raises(UsageError, match="at least 12"):
        hash_password(password)


COVERED: Final = (
    ((), "any/thing", True),
    (("r.example/app",), "r.example/app", True),
    (("r.example/app",), "r.example/app2", False),
    (("r.example/app",), "r.example/app/sub", False),
    (("r.example/app",), "r.example/App", False),
    (("r.example/app/*",), "r.example/app/sub", True),
    (("r.example/app/*",), "r.example/app/sub/deep", True),
    (("r.example/app/*",), "r.example/app", False),
    (("r.example/app/*",), "r.example/apple", False),
    (("r.example/a%/*",), "r.example/ab/c", False),
    (("r.example/a_/*",), "r.example/ab/c", False),
    (("r.example/[a]/*",), "r.example/a/c", False),
    (("r.example/team/*", "r.example/app"), "r.example/app", True),
)


def test_a_scope_covers_in_the_database_what_it_covers(database: Database) -> None:
    with database.write() as connection:
        names = sorted({name for _, name, _ in COVERED})
        connection.execute(insert(repository), [{"name": name, "first_seen": 1.0} for name in names])
        for entries, name, covered in COVERED:
            scope = parse_scope(entries)
            assert scope.covers(name) is covered
            query = select(repository.c.id).where(within(scope), repository.c.name == name)
            assert bool(connection.execute(query).all()) is covered, (entries, name)


@given(st.lists(st.text(max_size=12), max_size=4), st.text(max_size=12))
def test_any_scope_is_refused_or_means_in_sqlite_what_it_means_here(entries: list[str], name: str) -> None:
    try:
        scope = parse_scope(entries)
    except UsageError:
        return
    name = name.replace("\0", "").encode("utf-8", "replace").decode()
    with sqlite3.connect(":memory:") as connection:
        rows = [entry for entry in scope.prefixes if connection.execute("SELECT substr(?, 1, ?) = ?", (name, len(entry), entry)).fetchone()[0]]  # fmt: skip
    assert scope.covers(name) is (scope.is_everything or name in scope.exact or bool(rows))


@pytest.mark.parametrize("entry", ["*", "a*b", "*/app", "a b", "app/**", "x" * 500])
def test_what_is_no_repository_is_refused(entry: str) -> None:
    with pytest.raises(UsageError, match="is not a repository"):
        parse_scope([entry])


def test_a_rate_is_a_burst_and_then_so_many_a_second() -> None:
    now = [0.0]
    limiter = RateLimiter(2, 3, lambda: now[0])
    assert [limiter.wait("a") for _ in range(3)] == [0, 0, 0]
    assert limiter.wait("a") == pytest.approx(0.5)
    assert limiter.wait("b") == 0
    now[0] = 0.5
    assert limiter.wait("a") == 0
    assert limiter.wait("a") > 0
    now[0] = 1000
    assert [limiter.wait("a") > 0 for _ in range(4)] == [False, False, False, True]


def test_web_processes_share_a_rate_where_they_share_a_database(migrated: str) -> None:
    """At most as many as one process would allow, whoever asks whom: one process on SQLite, any number on PostgreSQL."""
    number = 3 if migrated.startswith("postgresql") else 1
    databases = [Database(migrated) for _ in range(number)]

    def limiters(burst: int) -> list[RateLimiter]:
        return [rate_limiter(database, f"burst {burst}", 0.0001, burst) for database in databases]

    def allowed(among: list[RateLimiter], tries: int) -> int:
        with ThreadPoolExecutor(6) as threads:
            return sum(threads.map(lambda n: among[n % number].wait("a") == 0, range(tries)))

    few = limiters(10)
    assert allowed(few, 40) == 10
    assert 0 < few[0].wait("a") <= 10_000
    assert few[0].wait("b", 10) == 0
    assert few[-1].wait("b") > 0
    assert few[0].wait("c", 11) > 0
    # With a larger burst each takes some at a time; what it does not spend within a second is lost.
    assert 0 < allowed(limiters(200), 300) <= 200
    for database in databases:
        database.close()


def test_a_shared_rate_outlives_a_clock_that_goes_back_and_a_database_that_is_away(
    postgresql: PostgresServer, template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(postgresql.database(template))
    limiter = SharedRateLimiter(database, "x", 0.0001, 2)
    assert [limiter.wait("a") > 0 for _ in range(3)] == [False, False, True]
    with database.write() as connection:
        connection.execute(update(rate).values(at=rate.c.at + 31_536_000))
    assert [limiter.wait("a") > 0 for _ in range(3)] == [False, False, True]
    monkeypatch.setattr(database, "write", _away)
    assert [limiter.wait("a") > 0 for _ in range(3)] == [False, False, True]
    database.close()


def _away() -> NoReturn:
    statement = "INSERT"
    raise OperationalError(statement, {}, OSError("away"))


@pytest.mark.parametrize(
    ("address", "sender"),
    [
        pytest.param("192.0.2.7", "192.0.2.7", id="an IPv4 address is one sender"),
        pytest.param("2001:db8:1:2:a::7", "2001:db8:1:2::/64", id="all addresses of an IPv6 network are one"),
        pytest.param("2001:db8:1:2:ffff::", "2001:db8:1:2::/64", id="however they are written"),
        pytest.param("2001:DB8:1:3::7", "2001:db8:1:3::/64", id="the next network is another"),
        pytest.param("::ffff:192.0.2.7", "192.0.2.7", id="an IPv4 address in one of IPv6 is itself"),
        pytest.param("fe80::1%eth0", "fe80::/64", id="a zone makes no difference"),
        pytest.param("unknown", "unknown", id="what is no address stands for itself"),
    ],
)
def test_logins_are_counted_by_what_one_sender_has(address: str, sender: str) -> None:
    assert network_of(address) == sender


def test_many_keys_do_not_fill_memory() -> None:
    limiter = RateLimiter(1, 1)
    for number in range(20_000):
        limiter.wait(str(number))
    assert len(limiter._buckets) == 10_000  # noqa: SLF001  what is bounded


def test_a_token_is_stored_hashed_and_ends(database: Database) -> None:
    with database.write() as connection:
        row, secret = issue(connection, "ci", "submit", Scope(("r/app",)), by=ADA, now=NOW, until=NOW + DAY)
        assert list_tokens(connection) == [row]
    who = machine_of(database, secret, NOW)
    assert who is not None
    assert (who.name, who.role, who.scope.entries) == ("token ci", "submit", ("r/app",))
    assert machine_of(database, secret, NOW + 2 * DAY) is None
    for wrong in ("", "slk_", secret[:-1], secret + "x", secret.removeprefix("slk_")):
        assert machine_of(database, wrong, NOW) is None
    with database.write() as connection:
        assert revoke(connection, row.id, by=ADA, now=NOW)
        assert not revoke(connection, row.id, by=ADA, now=NOW)
        assert [(entry.who, entry.action, entry.about) for entry in list_audit(connection)] == [
            ("ada", "token revoked", "ci"),
            ("ada", "token issued", "ci (submit, r/app)"),
        ]
    assert machine_of(database, secret, NOW) is None


def test_no_secret_is_in_the_file(migrated: str, database: Database, tmp_path: Path) -> None:
    with database.write() as connection:
        _, secret = issue(connection, "ci", "read", Scope(), by=ADA, now=NOW)
        invitation = invite(connection, "admin", "", NOW)
    session = accept(database, invitation, "ada", PASSWORD, now=NOW)
    if migrated.startswith("sqlite"):
        database.close()
        stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
        for text in (secret, invitation, session, PASSWORD):
            assert text.encode() not in stored


def test_a_token_without_a_name_is_refused(database: Database) -> None:
    with database.write() as connection, pytest.raises(UsageError, match="needs a name"):
        issue(connection, "", "read", Scope(), by=ADA, now=NOW)


@pytest.mark.parametrize(
    ("role", "allowed"),
    [("read", {"read"}), ("submit", {"submit"}), ("admin", {"read", "submit", "admin"})],
)
def test_a_role_may_what_it_is_for(role: str, allowed: set[str]) -> None:
    actor = Actor("token x", role, Scope(), "x")  # type: ignore[arg-type]  # the table's text
    assert {name for name in ("read", "submit", "admin") if actor.may(name)} == allowed
    limited = Actor("token x", role, Scope(("r/app",)), "x")  # type: ignore[arg-type]
    assert not any(limited.may(name, everything=True) for name in ("read", "submit", "admin"))


def test_an_invitation_works_once_and_for_a_day(database: Database) -> None:
    with database.write() as connection:
        first, late = invite(connection, "admin", "x", NOW), invite(connection, "read", "x", NOW)
    for name in ("", "a b", "a/b", "<b>", "x" * 65, "-x"):
        with pytest.raises(UsageError, match="a name has"):
            accept(database, first, name, PASSWORD, now=NOW)
    with pytest.raises(UsageError, match="at least 12"):
        accept(database, first, "ada", "short", now=NOW)
    session = accept(database, first, "ada", PASSWORD, now=NOW)
    who = person_of(database, session, NOW)
    assert who is not None
    assert (who.name, who.role) == ("ada", "admin")
    for secret, at in ((first, NOW), (late, NOW + 2 * DAY), ("x", NOW)):
        with pytest.raises(UsageError, match="used before or is too old"):
            accept(database, secret, "eve", PASSWORD, now=at)
    with pytest.raises(UsageError, match="already"):
        accept(database, late, "ADA", PASSWORD, now=NOW)


def test_a_session_ends_when_it_is_idle_old_or_left(database: Database) -> None:
    with database.write() as connection:
        secret = invite(connection, "admin", "", NOW)
    first = accept(database, secret, "ada", PASSWORD, now=NOW)
    assert person_of(database, first, NOW + 11 * 3600) is not None
    assert person_of(database, first, NOW + 22 * 3600) is not None  # it was used in between
    assert person_of(database, first, NOW + 40 * 3600) is None
    used = log_in(database, "Ada", PASSWORD, now=NOW)
    for hours in range(0, 7 * 24, 10):
        assert person_of(database, used, NOW + hours * 3600) is not None
    assert person_of(database, used, NOW + 7 * DAY + 3600) is None
    left = log_in(database, "ada", PASSWORD, now=NOW)
    log_out(database, left)
    assert person_of(database, left, NOW) is None
    assert log_in(database, "ada", "wrong", now=NOW) == ""
    assert log_in(database, "nobody", PASSWORD, now=NOW) == ""


def test_the_last_administrator_stays(database: Database) -> None:
    sessions = []
    for name, role in (("ada", "admin"), ("bob", "read"), ("eve", "admin")):
        with database.write() as connection:
            secret = invite(connection, role, "x", NOW)  # type: ignore[arg-type]  # the table's text
        sessions.append(accept(database, secret, name, PASSWORD, now=NOW))
    with database.write() as connection:
        numbers = {name: number for number, name, _, _ in list_people(connection)}
        link = invite(connection, "admin", "eve", NOW)
        remove_person(connection, numbers["eve"], ADA, NOW)
        assert not is_invitation(connection, link, NOW)
        remove_person(connection, 999, ADA, NOW)
        with pytest.raises(UsageError, match="the last administrator"):
            remove_person(connection, numbers["ada"], ADA, NOW)
    assert person_of(database, sessions[2], NOW) is None
    assert person_of(database, sessions[0], NOW) is not None
