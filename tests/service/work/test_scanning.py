"""Workers beside a simulated registry: what is read once, what fails, and what comes back by itself."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tarfile import SYMTYPE
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec.structs import replace
from sqlalchemy import func, select, update

from sealock.model.identity import identify
from sealock.model.location import Source
from sealock.net.http import AddressGuard
from sealock.net.registry.credentials import RegistryLogin
from sealock.policy.settings import read as read_policy
from sealock.scan.run import check
from sealock.scan.settings import Settings
from sealock.service.state.credentials import StoredCredentials, keep_login, read_key
from sealock.service.state.database import Database
from sealock.service.state.layercache import CLAIM, claim_layers, release_layers
from sealock.service.state.tables import event, facts, finding, image, package, repository, tag
from sealock.service.state.tags import find_repository, repository_number
from sealock.service.work.jobs import TRIES, Job
from sealock.service.work.notifications import parse_notification, take
from sealock.service.work.requests import SCAN, give_up
from sealock.service.work.scanner import ScanSettings, open_client
from sealock.service.work.watcher import poll
from support.madeimages import info, tar
from support.serviceworld import (
    OS_RELEASE,
    base_layer,
    idle,
    make_advisories,
    push,
    python_layer,
    record,
    settings_for,
    states,
    submit,
    working,
)
from support.simulators.registry import Asked, RegistrySimulator, Reply, registry
from support.waiting import wait_until

BASE = base_layer(("openssl", "3.0.14-1"), ("bash", "5.2-1"))


@pytest.fixture
def server() -> Iterator[RegistrySimulator]:
    with registry() as simulated:
        yield simulated


def rows(database: Database, column: Any) -> list[Any]:
    with database.read() as connection:
        return list(connection.execute(select(column)).scalars())


def test_an_image_is_read_and_its_findings_are_those_of_a_check(
    server: RegistrySimulator, migrated: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = make_advisories(tmp_path, "Debian:12", [record("CVE-2026-0001", "Debian:12", "openssl", "3.0.15-1")])
    push(server, "team/app", "1", layers=(BASE, python_layer("flask", "1.0")))
    with working(settings_for(migrated, where)) as worker:
        submit(worker, f"{server.host}/team/app:1")
        wait_until(lambda: idle(worker))
        assert states(worker.database) == [("scanned", "")]
        monkeypatch.setenv("SEALOCK_DB_DIR", where)
        settings = Settings(platform="linux/amd64", policy_file="", today=datetime.now(UTC).date(), offline=True)
        (target,) = check(f"image:{server.host}/team/app:1", settings=settings).targets
        with worker.database.read() as connection:
            pairs = {(row.rule, row.thing) for row in connection.execute(select(finding))}
        assert pairs == {(reported.rule, identify(reported).thing) for reported in target.counted}
        assert ("CVE-2026-0001", "pkg:deb/debian/openssl") in pairs
        assert {rule for rule, _ in pairs} > {"CVE-2026-0001"}
        # New advisories touch the image without any request to its registry.
        before = len(server.asked)
        make_advisories(tmp_path, "Debian:12", [record("CVE-2026-0002", "Debian:12", "bash", "")])
        wait_until(lambda: ("CVE-2026-0002", None) in open_findings(worker.database))
        assert ("CVE-2026-0001", None) not in open_findings(worker.database)
        assert len(server.asked) == before


@pytest.mark.parametrize(
    ("version", "notes"),
    [
        ("12", []),
        ("12345", ["A rule was not evaluated: the end of support of Debian GNU/Linux was unknown on"]),
    ],
    ids=["a known release", "a release without a last day"],
)
def test_what_was_not_evaluated_of_an_image_is_among_its_notes(
    server: RegistrySimulator, migrated: str, version: str, notes: list[str]
) -> None:
    push(
        server,
        "team/app",
        "1",
        layers=(base_layer(("bash", "5.2-1"), release=OS_RELEASE.replace(b"12", version.encode())),),
    )
    with working(settings_for(migrated)) as worker:
        submit(worker, f"{server.host}/team/app:1")
        wait_until(lambda: idle(worker))
        (kept,) = rows(worker.database, image.c.notes)
    assert [note[: len(start)] for note, start in zip(json.loads(kept or "[]"), notes, strict=True)] == notes


WANTING = '[trust]\n[[trust.image]]\nmatch = ["*/team/*"]\ncosign = { keys = ["cosign.pub"] }\n'


@pytest.mark.parametrize(
    ("policy", "signed"),
    [
        pytest.param("", [None], id="a policy that asks for no signature"),
        pytest.param(WANTING, [False], id="one that asks for a signature that is not there"),
        pytest.param(WANTING.replace("team", "other"), [None], id="one that asks for those of other images"),
    ],
)
def test_whether_the_trust_policy_accepts_an_image_is_kept(
    server: RegistrySimulator, migrated: str, tmp_path: Path, policy: str, signed: list[bool | None]
) -> None:
    key = generate_private_key(SECP256R1()).public_key()
    (tmp_path / "cosign.pub").write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    push(server, "team/app", "1", layers=(BASE,))
    settings = settings_for(migrated, policy=read_policy(Source("sealock.toml", policy), str(tmp_path)))
    with working(settings) as worker:
        submit(worker, f"{server.host}/team/app:1")
        wait_until(lambda: idle(worker))
        assert states(worker.database) == [("scanned", "")]
        assert rows(worker.database, tag.c.signed) == signed


def open_findings(database: Database) -> list[tuple[str, None]]:
    with database.read() as connection:
        query = select(finding.c.rule, finding.c.gone).where(finding.c.gone.is_(None))
        return [tuple(row) for row in connection.execute(query)]


def test_each_layer_is_fetched_once_over_all_images_and_workers(server: RegistrySimulator, migrated: str) -> None:
    layers = [BASE, *(python_layer(f"p{number}", "1.0") for number in range(6))]
    references = []
    for number in range(12):
        push(
            server,
            f"team/app{number % 3}",
            f"v{number}",
            layers=(BASE, layers[1 + number % 6], layers[1 + (number + 1 + number // 6) % 6]),
            author=str(number),
        )
        references.append(f"{server.host}/team/app{number % 3}:v{number}")
    with working(settings_for(migrated), 3) as worker:
        submit(worker, *references)
        wait_until(lambda: idle(worker))
        assert Counter(state for state, _ in states(worker.database)) == {"scanned": 12}
        assert len(rows(worker.database, image.c.id)) == 12
        counts = Counter(fetched(server))
        layer_counts = {digest: count for digest, count in counts.items() if server.blobs[digest] in layers}
        assert layer_counts.keys() == {digest for digest, data in server.blobs.items() if data in layers}
        assert set(layer_counts.values()) == {1}
        with worker.database.read() as connection:
            kept = connection.execute(select(func.count()).select_from(facts).where(facts.c.name.startswith("facts-")))
            assert kept.scalar() == 7


def linking(number: int) -> bytes:
    """A layer whose link gives a file of `STORE` a name that matters."""
    where = f"opt/app{number}/node_modules/tool/package.json"
    return tar(info(where, type=SYMTYPE, linkname=f"/store/tool-{number % 2}"))


STORE = tar(*(info(f"store/tool-{n}", b'{"name": "tool", "version": "%d.0"}' % n) for n in range(2)))


@pytest.mark.parametrize("is_kept", [True, False])
def test_a_layer_that_links_lead_into_is_fetched_once_where_its_bytes_are_kept(
    server: RegistrySimulator, migrated: str, tmp_path: Path, *, is_kept: bool
) -> None:
    references = []
    for number in range(8):
        push(server, "team/app", f"v{number}", layers=(STORE, linking(number % 4)), author=str(number))
        references.append(f"{server.host}/team/app:v{number}")
    settings = settings_for(migrated)
    where = tmp_path / "layers"
    scans = replace(settings.scans, spool=str(where) if is_kept else "")
    with working(replace(settings, scans=scans), 3) as worker:
        submit(worker, *references)
        wait_until(lambda: idle(worker))
        assert Counter(states(worker.database)) == {("scanned", ""): 8}
        versions = sorted(rows(worker.database, package.c.version))
        with worker.database.read() as connection:
            again = connection.execute(select(func.count()).where(facts.c.name.startswith("reread-"))).scalar()
    counts = Counter(fetched(server))
    assert versions == ["0.0", "1.0"]
    assert again == 4
    # Without a place for its bytes it is fetched again for each name that a link gives, once.
    digest = next(digest for digest, data in server.blobs.items() if data == STORE)
    assert counts[digest] == (1 if is_kept else 1 + 4)
    assert {path.name for path in where.glob("*")} >= {digest.replace(":", "-")} if is_kept else not where.exists()


def test_a_claim_is_whole_and_goes_to_the_next_try_of_its_scan(database: Database) -> None:
    assert claim_layers(database, ["b", "a"], "scan 1", 0.0)
    assert not claim_layers(database, ["c", "b"], "scan 2", 1.0)
    assert claim_layers(database, ["c"], "scan 3", 1.0)  # scan 2 has none
    # Its worker was killed, and another does the same scan; or it takes long, and holds them for longer.
    assert claim_layers(database, ["a", "b"], "scan 1", CLAIM - 1)
    assert not claim_layers(database, ["b"], "scan 2", CLAIM + 1)
    assert claim_layers(database, ["c"], "scan 2", CLAIM + 1)
    assert claim_layers(database, ["b"], "scan 2", 2 * CLAIM)
    with database.write() as connection:
        release_layers(connection, "scan 2")
    assert claim_layers(database, ["b", "c"], "scan 4", 2 * CLAIM)
    assert claim_layers(database, [], "scan 5", 0.0)
    # Its workers were killed too often: nobody waits for what will not come.
    with database.write() as connection:
        give_up(connection, Job(SCAN, "4", TRIES), "lost")
    assert claim_layers(database, ["b", "c"], "scan 5", 2 * CLAIM)


def fetched(server: RegistrySimulator) -> list[str]:
    return [
        asked.path.rpartition("/")[2] for asked in server.asked if asked.method == "GET" and "/blobs/" in asked.path
    ]


def test_an_image_that_is_known_is_not_read_again_under_another_name(server: RegistrySimulator, migrated: str) -> None:
    push(server, "team/app", "1", "2", layers=(BASE,))
    push(server, "other/app", "1", layers=(BASE,))
    with working(settings_for(migrated)) as worker:
        submit(worker, f"{server.host}/team/app:1", f"{server.host}/team/app:2", f"{server.host}/other/app:1")
        wait_until(lambda: idle(worker))
        assert len(rows(worker.database, image.c.id)) == 1
        assert Counter(fetched(server)).most_common(1)[0][1] == 1
        assert sorted(rows(worker.database, tag.c.name)) == ["1", "1", "2"]


def test_a_registry_that_is_away_delays_its_scans_and_they_recover_alone(
    server: RegistrySimulator, migrated: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sealock.service.work.scanner._FIRST", 0.1)
    monkeypatch.setattr("sealock.net.registry.requests._FIRST_PAUSE", 0.01)
    monkeypatch.setattr("sealock.net.registry.requests._LONGEST_PAUSE", 0.01)
    push(server, "team/app", "1", layers=(BASE,))
    server.answers = lambda _asked: Reply(503, b"")
    with working(settings_for(migrated)) as worker:
        submit(worker, f"{server.host}/team/app:1")
        wait_until(lambda: any("503" in reason for _, reason in states(worker.database)))
        assert states(worker.database)[0][0] == "waiting"
        server.answers = lambda _asked: None
        wait_until(lambda: states(worker.database) == [("scanned", "")])
        assert worker.jobs.counts().parked == 0


@pytest.mark.parametrize(
    "row",
    [
        ("team/none:1", "gone", "does not exist"),
        ("team/chart:1", "failed", "is not a container image"),
        ("team/lies:1", "failed", "digest"),
    ],
)
def test_what_cannot_be_read_says_why(
    server: RegistrySimulator, migrated: str, row: tuple[str, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    reference, state, why = row
    monkeypatch.setattr("sealock.service.work.scanner._FIRST", 0.05)
    chart = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": server.add_blob(b"{}") | {"mediaType": "application/vnd.cncf.helm.config.v1+json"},
        "layers": [],
    }
    server.add_manifest("team/chart", chart, "1")
    push(server, "team/lies", "1", layers=(BASE,))
    lie = next(digest for digest, data in server.blobs.items() if data == BASE)

    def answer(asked: Asked) -> Reply | None:
        return Reply(200, BASE[:-1] + b"x") if asked.path.endswith(lie) else None

    server.answers = answer
    with working(settings_for(migrated)) as worker:
        submit(worker, f"{server.host}/{reference}")
        wait_until(lambda: idle(worker))
        ((ended, reason),) = states(worker.database)
        assert ended == state, reason
        assert why in reason
        assert not rows(worker.database, image.c.id)


def test_a_login_of_the_state_opens_a_private_registry(
    server: RegistrySimulator, migrated: str, tmp_path: Path
) -> None:
    key = read_key(str(tmp_path / "key"))
    server.sign_in, server.logins = "basic", {"me": "word"}
    push(server, "team/app", "1", layers=(BASE,))
    with working(settings_for(migrated), key=key) as worker:
        with worker.database.write() as connection:
            keep_login(connection, key, server.host, RegistryLogin("me", "word"), time.time())
        submit(worker, f"{server.host}/team/app:1")
        wait_until(lambda: idle(worker))
        assert states(worker.database) == [("scanned", "")]


def test_an_internal_address_is_refused_unless_it_is_allowed(server: RegistrySimulator, migrated: str) -> None:
    push(server, "team/app", "1", layers=(BASE,))
    closed = replace(settings_for(migrated), scans=ScanSettings(guard=AddressGuard()))
    with working(closed) as worker:
        submit(worker, f"{server.host}/team/app:1")
        wait_until(lambda: any("internal address" in reason for _, reason in states(worker.database)))
        assert not server.asked


def test_a_watched_repository_is_polled_by_head_and_follows_its_tags(server: RegistrySimulator, migrated: str) -> None:
    push(server, "team/app", "1", "2", layers=(BASE,))
    with working(settings_for(migrated, poll=0.3)) as worker:
        with worker.database.write() as connection:
            number = repository_number(connection, f"{server.host}/team/app", time.time())
            connection.execute(update(repository).where(repository.c.id == number).values(watched=True))
        wait_until(lambda: sorted(current_tags(worker.database)) == ["1", "2"])
        moved = push(server, "team/app", "2", layers=(BASE, python_layer("flask", "1.0")))
        del server.manifests["team/app"]["1"]
        wait_until(lambda: current_tags(worker.database) == {"2": moved})
        pulls = [
            str(asked)
            for asked in server.asked
            if asked.method == "GET" and asked.path.endswith(("/manifests/1", "/manifests/2"))
        ]
        assert not pulls
        assert "tag-moved" in rows(worker.database, event.c.kind)
        server.answers = lambda asked: Reply(503, b"") if "/tags/" in asked.path else None
        wait_until(lambda: rows(worker.database, repository.c.poll_error) != [""])
        server.answers = lambda asked: Reply(404, b"{}") if "/tags/" in asked.path else None
        wait_until(lambda: rows(worker.database, repository.c.gone) != [None])
        assert current_tags(worker.database) == {}


def test_an_image_that_failed_is_not_requested_again_at_each_poll(server: RegistrySimulator, migrated: str) -> None:
    chart = server.add_blob(b"{}") | {"mediaType": "application/vnd.cncf.helm.config.v1+json"}
    kind = "application/vnd.oci.image.manifest.v1+json"
    server.add_manifest("team/chart", {"schemaVersion": 2, "mediaType": kind, "config": chart, "layers": []}, "1")
    settings = settings_for(migrated)
    with working(settings) as worker:
        client = open_client(settings.scans, StoredCredentials(worker.database, None))
        now = time.time()
        with worker.database.write() as connection:
            number = repository_number(connection, f"{server.host}/team/chart", now)
        for at, scans in ((now, 1), (now + 300, 1), (now + 2 * 86_400, 2)):
            poll(worker.database, worker.jobs, client, number, at)
            wait_until(lambda: idle(worker))
            assert [state for state, _ in states(worker.database)] == ["failed"] * scans


def current_tags(database: Database) -> dict[str, str]:
    with database.read() as connection:
        query = select(tag.c.name, tag.c.digest).where(tag.c.until.is_(None))
        return {row.name: row.digest for row in connection.execute(query)}


def test_notifications_scan_what_was_pushed_and_drop_what_was_deleted(server: RegistrySimulator, migrated: str) -> None:
    digest = push(server, "team/app", "1", layers=(BASE,))
    with working(settings_for(migrated)) as worker:
        with worker.database.write() as connection:
            notices = parse_notification(f'{{"images": ["{server.host}/team/app:1@{digest}"]}}'.encode())
            assert len(take(connection, worker.jobs, notices, time.time())) == 1
        wait_until(lambda: current_tags(worker.database) == {"1": digest})
        with worker.database.write() as connection:
            notices = parse_notification(f'{{"deleted": ["{server.host}/team/app@{digest}"]}}'.encode())
            assert take(connection, worker.jobs, notices, time.time()) == ()
            assert find_repository(connection, f"{server.host}/team/app") is not None
        assert current_tags(worker.database) == {}
