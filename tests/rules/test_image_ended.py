"""End of support of distributions, programs and Docker Engine: by versions, by image names, and by the day of the run."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from msgspec.structs import replace

from sealock.model.container import Container
from sealock.model.document import Document, Subject
from sealock.model.finding import Severity
from sealock.model.inventory import Distribution, Inventory
from sealock.model.location import Source
from sealock.rules.catalog import rules
from sealock.rules.endofsupport import (
    ALREADY,
    ENDS,
    NAMES,
    PROGRAMS,
    TABLES,
    TAKEN,
    SupportDays,
    SupportRecord,
    newer_release,
)
from sealock.rules.evaluation import Evaluation, evaluate
from sealock.scan.evaluator import evaluate_document
from sealock.scan.run import CheckRun, check
from sealock.scan.settings import Settings
from sealock.targets.inputs import FileInput
from sealock.vulnerabilities.feeds import catalog
from support.documents import read
from support.madedatabases import database
from support.madeimages import docker_save, info, tar, write

VERSIONS = [
    ("debian", "10", "2024-06-30", True),
    ("debian", "11", "2026-08-31", True),
    ("debian", "11.9", "2026-08-31", True),
    ("debian", "12", "2028-06-30", False),
    ("debian", "4", "2012-02-06", True),
    ("debian", "6.0", "2016-02-29", True),
    ("debian", "14", "", False),
    ("raspbian", "10", "2024-06-30", True),
    ("ubuntu", "20.04", "2025-05-29", True),
    ("ubuntu", "24.04.1", "2029-05-31", False),
    ("ubuntu", "25.10", "2026-07-09", True),
    ("ubuntu", "8.04", "2015-04-30", True),
    ("ubuntu", "20", "", False),
    ("alpine", "3.2", "2017-05-01", True),
    ("alpine", "3.20.3", "2026-04-01", True),
    ("alpine", "3.21.0", "2026-11-01", True),
    ("alpine", "3.22", "2027-05-01", False),
    ("alpine", "3.24.1", "2028-05-01", False),
    ("alpine", "3", "", False),
    ("alpine", "2.1", "2015-11-01", True),
    ("fedora", "42", "2026-05-13", True),
    ("fedora", "43", "2026-12-02", False),
    ("fedora", "12", "2018-05-29", True),
    ("centos", "7", "2024-06-30", True),
    ("centos", "9", "2027-05-31", False),
    ("rhel", "8.10", "2029-05-31", False),
    ("rhel", "6.9", "2020-11-30", True),
    ("rocky", "9.5", "2032-05-31", False),
    ("almalinux", "8.4", "2029-03-01", False),
    ("ol", "7.9", "2024-12-31", True),
    ("amzn", "2", "2026-06-30", True),
    ("amzn", "2018.03", "2023-12-31", True),
    ("amzn", "2023", "2029-06-30", False),
    ("opensuse-leap", "15.6", "2026-04-30", True),
    ("opensuse-leap", "16.0", "2027-10-31", False),
    ("opensuse-leap", "42.2", "2018-01-26", True),
    ("sles", "12.5", "2024-10-31", True),
    ("sles", "15.6", "2025-12-31", True),
    ("sles", "15.7", "2031-07-31", False),
    ("sles", "15.8", "", False),
    ("mariner", "2.0", "2025-07-31", True),
    ("azurelinux", "3.0", "2027-08-31", False),
    ("mageia", "8", "2023-11-30", True),
    ("mageia", "9", "", False),
    ("openeuler", "22.03", "2026-06-30", True),
    ("openeuler", "24.03", "2027-12-31", False),
    ("photon", "3.0", "2024-03-31", True),
    ("photon", "2.0", "2024-03-31", True),
    ("photon", "5.0", "", False),
    ("arch", "", "", False),
    ("wolfi", "20230201", "", False),
    ("debian", "", "", False),
    ("debian", "sid", "", False),
    ("debian", "9" * 5000, "", False),
    ("debian", "²", "", False),
    ("", "", "", False),
    ("docker", "1.13.1", "2017-05-05", True),
    ("docker", "20.10.5", "2023-12-10", True),
    ("docker", "25.0.17", "2026-12-04", False),
    ("docker", "26.1.5", "2025-02-17", True),
    ("docker", "28.5.2", "2026-05-13", True),
    ("docker", "29.1.0", "", False),
    ("docker", "30.0.1", "", False),
    ("docker", "dev", "", False),
    ("python", "2", "2020-01-01", True),
    ("python", "3", "", False),
    ("python", "3.10.4", "2026-10-31", True),
    ("mongo", "6", "2025-07-31", True),
    ("mysql", "8", "2032-04-30", False),
    ("node", "3", "2018-04-30", True),
]


@pytest.mark.parametrize(("distribution", "version", "day", "over"), VERSIONS)
def test_the_last_day_of_a_version(distribution: str, version: str, day: str, over: bool) -> None:  # noqa: FBT001  a column
    assert TABLES.last_day(distribution, version) == day
    assert bool(TABLES.ended(distribution, version, date.fromisoformat(TAKEN))) is over


def test_the_last_day_still_counts() -> None:
    assert not TABLES.ended("alpine", "3.22", date(2027, 5, 1))
    assert TABLES.ended("alpine", "3.22", date(2027, 5, 2)) == "2027-05-01"


def test_the_table_has_valid_dates() -> None:
    days = [day for versions in (*ENDS.values(), *PROGRAMS.values()) for day in versions.values()]
    assert not ENDS.keys() & PROGRAMS.keys()
    assert [date.fromisoformat(day).isoformat() for day in (*days, TAKEN)] == [*days, TAKEN]


@pytest.mark.parametrize(
    ("distribution", "version", "newer"),
    [
        ("opensuse-leap", "42.3", "16.0"),
        ("opensuse-leap", "15.6", "16.0"),
        ("opensuse-leap", "16.0", ""),
        ("amzn", "2018.03", "2023"),
        ("amzn", "2023", ""),
        ("alpine", "3.2.1", next(reversed(ENDS["alpine"]))),
        ("debian", "99", ""),
        ("slackware", "1", ""),
        ("debian", "sid", ""),
    ],
)
def test_the_newest_release_is_named_where_a_version_is_older(distribution: str, version: str, newer: str) -> None:
    assert newer_release(distribution, version) == newer


def test_code_names_map_to_versions_of_the_table() -> None:
    assert [name for name, (distribution, version) in NAMES.items() if version not in ENDS[distribution]] == []


def evaluated(distribution: Distribution | None) -> Evaluation:
    inventory = Inventory((), "", "", (), Container(), distribution)
    document = Document("inventory", {"": Source("image", "")}, (Subject("image", inventory, {}),))
    return evaluate("image", document, {"image": rules("image")})


def test_an_ended_distribution_is_named_with_its_last_day() -> None:
    (finding,) = evaluated(Distribution("debian", "10", "buster", "Debian GNU/Linux 10 (buster)")).findings
    assert (finding.rule, finding.severity, finding.evidence) == ("F011", Severity.HIGH, "debian 10")
    assert finding.message == "is Debian GNU/Linux 10 (buster), which has had no security fixes since 2024-06-30"


def test_a_distribution_without_a_full_name_is_named_by_its_id() -> None:
    (finding,) = evaluated(Distribution("ubuntu", "18.04", "bionic")).findings
    assert finding.message.startswith("is ubuntu 18.04 (bionic), ")


@pytest.mark.parametrize(
    "distribution",
    [
        None,
        Distribution("debian", "13"),
        Distribution("debian", codename="forky"),
        Distribution("alpine", "3.24_alpha20251001", name="Alpine Linux edge"),
        Distribution("fedora", "45", name="Fedora Linux 45 (Container Image Prerelease) Rawhide"),
        Distribution("arch", name="Arch Linux"),
        Distribution("wolfi", "20230201"),
    ],
)
def test_supported_and_rolling_distributions_give_no_result(distribution: Distribution | None) -> None:
    result = evaluated(distribution)
    assert not result.findings
    assert not result.skipped


@pytest.mark.parametrize("distribution", [Distribution("debian", "14"), Distribution("ubuntu", "27.04")])
def test_an_unknown_version_is_skipped(distribution: Distribution) -> None:
    result = evaluated(distribution)
    assert not result.findings
    (reason,) = result.skipped
    assert (reason.rule, TAKEN in reason.reason) == ("F011", True)


BASES = [
    ("debian:11-slim", "debian 11, which reached end of support on 2026-08-31"),
    ("debian:bullseye", "bullseye, which reached end of support on 2026-08-31"),
    ("python:3.12-buster", "buster, which reached end of support on 2024-06-30"),
    ("ubuntu:25.04", "ubuntu 25.04, which reached end of support on 2026-01-15"),
    ("alpine:3.21", "alpine 3.21, which reached end of support on 2026-11-01"),
    ("alpine:3.22", ""),
    ("alpine:3", ""),
    ("fedora:41", "fedora 41, which reached end of support on 2025-12-15"),
    ("rockylinux:9", ""),
    ("oraclelinux:7-slim", "oraclelinux 7, which reached end of support on 2024-12-31"),
    ("amazonlinux:1", "amazonlinux 1, which reached end of support on 2023-12-31"),
    ("amazonlinux:2023.6", ""),
    ("opensuse/leap:15.5", "opensuse/leap 15.5, which reached end of support on 2024-12-31"),
    ("centos:9", "centos, which is discontinued"),
    ("python:3.8", "python 3.8, which reached end of support on 2024-10-07"),
    ("postgres:14-alpine", "postgres 14, which reached end of support on 2026-11-12"),
    ("php:8.2-fpm", ""),
    ("golang:1.26", ""),
    ("docker:27-dind", "docker 27, which reached end of support on 2025-05-03"),
    ("someone/python:2.7", ""),
    ("someone/else:buster", ""),
    ("debian:trixie", ""),
    # Placeholders, which tools that keep versions up to date replace.
    ("node:0.0.0", ""),
    ("postgres:0.0", ""),
    ("debian:0", ""),
    ("node:x", ""),
    ("node:0.10", "node 0.10, which reached end of support on 2018-04-30"),
]


@pytest.mark.parametrize(("base", "message"), BASES)
def test_base_images_go_by_the_same_table(base: str, message: str) -> None:
    result = evaluate("test", read(f"FROM {base}\n"), {"build": [rule for rule in rules("build") if rule.id == "B062"]})
    assert [finding.message for finding in result.findings] == ([f"builds on {message}"] if message else [])


def rules_on(day: date, path: Path) -> set[str]:
    (report,) = check(str(path), settings=Settings(today=day, policy_file="", vulnerabilities=False)).targets
    assert not report.errors
    return {finding.rule for finding in report.findings}


DAYS = [(date(2027, 5, 1), False), (date(2027, 5, 2), True), (date(2028, 1, 1), True)]


@pytest.mark.parametrize(("day", "ended"), DAYS)
def test_a_base_image_ends_by_the_day_of_the_run(tmp_path: Path, day: date, *, ended: bool) -> None:
    path = tmp_path / "Dockerfile"
    path.write_text("FROM alpine:3.22\n", encoding="utf-8")
    assert ("B062" in rules_on(day, path)) is ended


@pytest.mark.parametrize(("day", "ended"), DAYS)
def test_a_distribution_ends_by_the_day_of_the_run(tmp_path: Path, day: date, *, ended: bool) -> None:
    path = tmp_path / "app.tar"
    os_release = info("etc/os-release", b'ID=alpine\nVERSION_ID=3.22.1\nPRETTY_NAME="Alpine Linux v3.22"\n')
    packages = info("lib/apk/db/installed", b"P:musl\nV:1.2.5-r10\nA:x86_64\n\n")
    write(path, docker_save(tar(os_release, packages)))
    assert ("F011" in rules_on(day, path)) is ended


@pytest.mark.parametrize(
    ("version", "day", "ended"),
    [
        ("20.10.5", date(2023, 12, 10), False),
        ("20.10.5", date(2023, 12, 11), True),
        ("25.0.3", date(2026, 12, 4), False),
        ("v25.0.3+azure", date(2026, 12, 5), True),
        ("29.1.0", date(2040, 1, 1), False),
    ],
)
def test_an_engine_ends_by_the_day_of_the_run(tmp_path: Path, version: str, day: date, *, ended: bool) -> None:
    path = tmp_path / "host.json"
    host = f'{{"components": [{{"name": "engine", "version": "{version}"}}]}}'
    path.write_text(f'{{"observed": {{"host": {host}}}}}', encoding="utf-8")
    assert ("H006" in rules_on(day, path)) is ended


@pytest.mark.parametrize(("day", "old"), [(date(2027, 5, 1), False), (date(2027, 5, 2), True)])
def test_an_image_is_old_by_the_day_of_the_run(tmp_path: Path, day: date, *, old: bool) -> None:
    path = tmp_path / "inventory.json"
    path.write_text('{"sealock": "1", "image": {"created": "2026-05-01T10:00:00Z"}}', encoding="utf-8")
    assert ("F016" in rules_on(day, path)) is old


def test_a_fix_evaluates_by_the_day_of_the_run(tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_text("FROM alpine:3.22\n", encoding="utf-8")
    for day, ended in ((date(2027, 5, 1), False), (date(2027, 5, 2), True)):
        run = CheckRun(Settings(today=day, policy_file=""))
        (input_,) = run.inputs([str(path)])
        assert isinstance(input_, FileInput)
        (before,) = run.evaluate(input_)
        again = evaluate_document(input_, input_.name, before.target.document, before.rules)
        assert ("B062" in {finding.rule for finding in again.findings}) is ended


NEWER, OLDER = "2027-01-01", "2026-01-01"
RECORDS = [
    ("a newer record adds a version", NEWER, {"debian": {"14": "2032-06-30"}}, ("debian", "14"), "2032-06-30"),
    ("and corrects one", NEWER, {"alpine": {"3.22": "2027-06-01"}}, ("alpine", "3.22"), "2027-06-01"),
    ("the tables keep what it lacks", NEWER, {"alpine": {"3.25": "2028-11-01"}}, ("alpine", "3.22"), "2027-05-01"),
    ("and other products", NEWER, {"alpine": {}}, ("docker", "28"), "2026-05-13"),
    ("it adds Docker's next version", NEWER, {"docker": {"29": "2027-11-01"}}, ("docker", "29.1.0"), "2027-11-01"),
    ("a day says more than that support ended", NEWER, {"debian": {"10": ALREADY}}, ("debian", "10"), "2024-06-30"),
    ("an unknown day ends a version too", NEWER, {"debian": {"14": ALREADY}}, ("debian", "14"), ALREADY),
    ("an older record corrects nothing", OLDER, {"alpine": {"3.22": "2027-06-01"}}, ("alpine", "3.22"), "2027-05-01"),
    ("but adds what the tables lack", OLDER, {"alpine": {"3.99": "2040-06-01"}}, ("alpine", "3.99"), "2040-06-01"),
]


@pytest.mark.parametrize(("taken", "days", "version", "day"), [row[1:] for row in RECORDS], ids=[r[0] for r in RECORDS])
def test_a_record_and_the_tables_are_joined(
    taken: str, days: dict[str, dict[str, str]], version: tuple[str, str], day: str
) -> None:
    assert SupportDays(lambda: SupportRecord(taken, days)).last_day(*version) == day


def test_an_unknown_last_day_is_named_so() -> None:
    days = SupportDays(lambda: SupportRecord(NEWER, {"debian": {"14": ALREADY}}))
    assert days.ended("debian", "14", date(2026, 1, 1)) == "an unknown day"


ALPINE_ONLY = replace(
    catalog.FEEDS["endoflife"],
    files=tuple(file for file in catalog.FEEDS["endoflife"].files if file.path.endswith("/alpine.json")),
)
CYCLES = b'[{"cycle": "3.22", "eol": "2026-01-01"}, {"cycle": "3.99", "eol": true}]'
"""What endoflife.date says of Alpine in the test."""


@pytest.mark.parametrize(("version", "day"), [("3.22", "2026-01-01"), ("3.99", "an unknown day"), ("3.23", "")])
def test_the_database_decides_where_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, day: str
) -> None:
    monkeypatch.setitem(catalog.FEEDS, "endoflife", ALPINE_ONLY)
    monkeypatch.setenv("SEALOCK_DB_DIR", database(tmp_path, {}, endoflife=CYCLES))
    path = tmp_path / "Dockerfile"
    path.write_text(f"FROM alpine:{version}\n", encoding="utf-8")
    (report,) = check(str(path), settings=Settings(today=date(2026, 12, 1), policy_file="")).targets
    messages = [finding.message for finding in report.findings if finding.rule == "B062"]
    assert messages == ([f"builds on alpine {version}, which reached end of support on {day}"] if day else [])


def test_a_database_that_cannot_be_read_is_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEALOCK_DB_DIR", str(tmp_path))
    (tmp_path / "advisories.db").write_bytes(b"no database")
    path = tmp_path / "Dockerfile"
    path.write_text("FROM alpine:3.20\n", encoding="utf-8")
    report = check(str(path), settings=Settings(today=date(2026, 12, 1), policy_file=""))
    assert "B062" in {finding.rule for finding in report.targets[0].findings}
    assert any(
        note.startswith("end of support is checked by the tables of this sealock only: ") for note in report.notes
    )
