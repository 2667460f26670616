"""Sources of advisories that fail: what is known stays, the failure is said, and the next answer ends it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

import pytest
from msgspec.structs import replace
from sqlalchemy import select

from sealock.service.access.tokens import Scope
from sealock.service.state.tables import feed, finding, setting
from sealock.service.views.silence import read_silence
from sealock.service.work.advisories import Advisories, AdvisorySource, is_matched
from sealock.service.work.jobs import Job
from sealock.service.work.worker import Worker
from sealock.vulnerabilities.feeds.catalog import FEEDS, Feed
from support import feedmirror
from support.madedatabases import Table
from support.servicepages import world
from support.servicestate import image_of, pypi, scan
from support.serviceworld import make_advisories, record, settings_for
from support.simulators.feeds import Oddity, Publisher, serving

ZIP = "osv/PyPI/all.zip"


@pytest.fixture
def publisher(tmp_path: Path) -> Iterator[Publisher]:
    with serving(feedmirror.mirror(tmp_path / "mirror")) as started:
        yield started


def publish(publisher: Publisher, name: str) -> None:
    """One more record in PyPI's archive."""
    files = {path.name: path.read_bytes() for path in sorted((feedmirror.VECTORS / "osv/PyPI").iterdir())}
    affected = [{"package": {"ecosystem": "PyPI", "name": "weir"}, "versions": ["1"]}]
    record = {"id": name, "modified": "2026-07-01T00:00:00Z", "affected": affected}
    (publisher.root / ZIP).write_bytes(feedmirror.zipped({**files, f"{name}.json": json.dumps(record).encode()}))


@pytest.mark.parametrize(
    ("kind", "asked"),
    [("publishers", ["kev", "osv/PyPI"]), ("mirror", ["kev", "osv/PyPI", "redhat-vex"])],
)
def test_publishers_are_asked_for_what_is_standard_or_known_and_mirrors_for_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: Literal["publishers", "mirror"], asked: list[str]
) -> None:
    folder = make_advisories(tmp_path, "PyPI", [record("PYSEC-1", "PyPI", "weir", "2")])
    feeds = {name: replace(FEEDS[name], standard=name == "kev") for name in ("kev", "osv/PyPI", "redhat-vex")}
    chosen: list[str] = []

    def update(_directory: str, _source: object, entries: Iterable[Feed]) -> tuple[()]:
        chosen.extend(sorted(entry.name for entry in entries))
        return ()

    monkeypatch.setattr("sealock.service.work.advisories.FEEDS", feeds)
    monkeypatch.setattr("sealock.service.work.advisories.update", update)
    with world(tmp_path, filled=False) as made:
        source = AdvisorySource(kind, str(tmp_path))
        settings = settings_for(str(tmp_path / "state.db"), folder, source=source, update=21_600.0)
        Worker(settings, clock=made.clock).handle(Job("update", ""))
    assert chosen == asked


def test_what_was_found_stays_where_the_advisories_are_lost(tmp_path: Path) -> None:
    """As after a restore into another directory, or on a new disk."""
    folder = Path(make_advisories(tmp_path, "PyPI", [record("PYSEC-1", "PyPI", "weir", "2")]))
    with world(tmp_path, filled=False) as service:
        image = image_of("app", pypi("weir", "1", path="weir-1.dist-info/METADATA"), distribution=None)
        scan(service.database, "registry.example/app", "1", image, Table(covered=["PyPI"]), now=service.clock())
        worker = Worker(settings_for(str(tmp_path / "state.db"), str(folder)), clock=service.clock)

        def match() -> tuple[set[str], bool]:
            """What is open after matching, and whether it is due again."""
            worker.handle(Job("match", ""))
            with service.database.read() as connection:
                rules = set(connection.execute(select(finding.c.rule).where(finding.c.gone.is_(None))).scalars())
                said = " ".join(read_silence(connection, Scope(), service.clock()).sentences)
            assert ("what was found stays" in said) is not (folder / "advisories.db").exists()
            return rules, not is_matched(service.database, Advisories(str(folder)))

        assert match() == ({"PYSEC-1"}, False)
        (folder / "advisories.db").rename(tmp_path / "elsewhere.db")
        assert match() == ({"PYSEC-1"}, False)
        (tmp_path / "elsewhere.db").rename(folder / "advisories.db")
        assert match() == ({"PYSEC-1"}, False)
        worker.close()


@pytest.mark.parametrize(
    ("oddity", "why"),
    [
        (Oddity(cut=100), "osv/PyPI"),
        (Oddity(body=b"<html>log in", kind="text/html"), "HTML page"),
        (Oddity(body=feedmirror.zipped({"a.json": b" " * (70 << 20)})), "zip bomb"),
        (Oddity(status=503, body=b"busy"), "503"),
    ],
    ids=["half a file", "another type", "a huge file", "an error"],
)
def test_a_source_that_fails_is_said_and_asked_again_soon_and_recovers(
    tmp_path: Path, publisher: Publisher, monkeypatch: pytest.MonkeyPatch, oddity: Oddity, why: str
) -> None:
    monkeypatch.setattr("sealock.service.work.advisories.FEEDS", {name: FEEDS[name] for name in ("osv/PyPI", "kev")})
    with world(tmp_path, filled=False) as made, made.client() as client:
        made.clock.now = time.time()  # as the database's, which says when a source was asked
        image = image_of("app", pypi("weir", "1", path="weir-1.dist-info/METADATA"), distribution=None)
        scan(made.database, "registry.example/app", "1", image, Table(covered=["PyPI"]), now=made.clock())
        source = AdvisorySource("mirror", publisher.url)
        settings = settings_for(str(tmp_path / "state.db"), str(tmp_path / "db"), source=source, update=21_600.0)
        worker = Worker(settings, clock=made.clock)

        def update() -> tuple[dict[str, str], set[str], str, float | None]:
            """The errors of sources, what is open, what the service says of itself, when the next update is due."""
            worker.handle(Job("update", ""))
            made.context.cache.forget()
            with made.database.read() as connection:
                errors = {row.name: row.error for row in connection.execute(select(feed))}
                rules = set(connection.execute(select(finding.c.rule).where(finding.c.gone.is_(None))).scalars())
                due = connection.execute(select(setting.c.value).where(setting.c.name == "due update")).scalar()
                sentences = read_silence(connection, Scope(), made.clock()).sentences
            text = client.get("/readyz").text
            assert ("degraded" in text) == bool(sentences)
            assert client.get("/readyz").status_code == 200
            return errors, rules, " ".join(sentences), float(due) if due else None

        errors, before, said, due = update()
        assert (errors, said, due) == ({"osv/PyPI": "", "kev": ""}, "", None)
        publish(publisher, "PYSEC-2026-8")
        publisher.oddities[ZIP] = oddity
        errors, rules, said, due = update()
        assert why in errors["osv/PyPI"]
        assert (errors["kev"], rules, due) == ("", before, made.clock() + 1800)
        # Why is known until the source answers, also where something else matched with what is there.
        worker.handle(Job("match", ""))
        with made.database.read() as connection:
            assert {row.name: row.error for row in connection.execute(select(feed))} == errors
        assert "The last update of 1 source of advisories failed" in said
        publisher.oddities.clear()
        errors, rules, said, _ = update()
        assert (errors["osv/PyPI"], rules, said) == ("", before | {"PYSEC-2026-8"}, "")
        worker.close()
