"""`sealock check` and known vulnerabilities: images, bills of materials, lock files; what counts, and what is no pass."""

from __future__ import annotations

import gzip
import json
import time
from pathlib import Path
from typing import Any

import pytest

from sealock.cli.main import main
from support.madedatabases import database
from support.madeimages import docker_save, info, tar, write

STATUS = b"""\
Package: libssl3
Status: install ok installed
Architecture: amd64
Source: openssl
Version: 3.0.9-1

Package: bash
Status: install ok installed
Architecture: amd64
Version: 5.2-1
"""
OS = b'ID=debian\nVERSION_ID=12\nPRETTY_NAME="Debian GNU/Linux 12"\n'
METADATA = b"Metadata-Version: 2.1\nName: Jinja2\nVersion: 2.11.0\n"
KEV = json.dumps({"vulnerabilities": [{"cveID": "CVE-2023-0001", "dateAdded": "2023-06-01", "dueDate": "2023-06-22"}]})
EPSS = gzip.compress(
    b"#model_version:v1,score_date:2026-11-20T00:00:00+0000\ncve,epss,percentile\nCVE-2023-0001,0.9,0.99\n"
)


def record(name: str, ecosystem: str, package: str, *events: dict[str, str], **more: Any) -> dict[str, Any]:
    affected = {
        "package": {"ecosystem": ecosystem, "name": package},
        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, *events]}],
    }
    return {"id": name, "modified": "2026-11-20T00:00:00Z", "affected": [affected | more.pop("affected", {})]} | more


CRITICAL = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]
RECORDS = {
    "Debian": [
        record("CVE-2023-0001", "Debian:12", "openssl", {"fixed": "3.0.11-1~deb12u1"}, severity=CRITICAL),
        record("CVE-2023-0002", "Debian:12", "openssl", {"fixed": "3.0.9-1"}),
        record("CVE-2023-0003", "Debian:12", "bash", affected={"ecosystem_specific": {"urgency": "unimportant"}}),
    ],
    "PyPI": [record("GHSA-0001", "PyPI", "jinja2", {"fixed": "2.11.3"}, aliases=["CVE-2020-28493"])],
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> str:
    return database(tmp_path_factory.mktemp("database"), RECORDS, kev=KEV.encode(), epss=EPSS)


@pytest.fixture
def known(built: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEALOCK_DB_DIR", built)


@pytest.fixture
def image(tmp_path: Path) -> str:
    base = tar(info("etc/os-release", OS), info("var/lib/dpkg/status", STATUS))
    app = tar(info("app/jinja2-2.11.0.dist-info/METADATA", METADATA))
    return write(tmp_path / "app.tar", docker_save(base, app))


def checked(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    status = main(["check", "--format", "json", "--no-policy", *words])
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    return status, report


def flaws(report: dict[str, Any], *, suppressed: bool = False) -> dict[str, dict[str, Any]]:
    return {
        finding["rule"]: finding
        for target in report["targets"]
        for finding in target["findings"]
        if "package" in finding and (finding["suppressed"] is not None) is suppressed
    }


@pytest.mark.usefixtures("known")
def test_an_image_is_judged_by_its_distribution_and_its_languages(
    capsys: pytest.CaptureFixture[str], image: str
) -> None:
    status, report = checked(capsys, image)
    found = flaws(report)
    assert set(found) == {"CVE-2023-0001", "CVE-2023-0003", "CVE-2020-28493"}
    assert status == 1
    first = found["CVE-2023-0001"]
    assert (first["severity"], first["fixed"], first["package"]["source"]) == (
        "critical",
        "3.0.11-1~deb12u1",
        "openssl",
    )
    assert first["exploited"]["added"] == "2023-06-01"
    assert first["epss"]["score"] == pytest.approx(0.9)
    assert first["remedy"]["text"] == "upgrade openssl to 3.0.11-1~deb12u1, or build on a newer base image"
    assert found["CVE-2023-0003"]["state"] == "unimportant"
    assert found["CVE-2020-28493"]["remedy"]["text"] == "upgrade jinja2 to 2.11.3"


SOURCELESS: dict[str, tuple[list[str], str]] = {
    "no package names its source": (
        ["pkg:deb/debian/libssl3@3.0.9-1?distro=debian-12", "pkg:deb/debian/bash@5.2-1?distro=debian-12"],
        "the SBOM names no source packages, and advisories for Debian:12 do",
    ),
    "packages of languages, which have no other names, are not named": (
        ["pkg:deb/debian/bash@5.2-1?distro=debian-12", "pkg:pypi/jinja2@2.11.0"],
        "the SBOM names no source packages, and advisories for Debian:12 do",
    ),
    "one package names its source, others are their own": (
        ["pkg:deb/debian/libssl3@3.0.9-1?distro=debian-12&upstream=openssl", "pkg:deb/debian/bash@5.2-1?distro=debian-12"],
        "",
    ),
    "advisories go by binary packages": (["pkg:rpm/redhat/bash@5.1-1.el9?distro=rhel-9.4"], ""),
    "no package is of a distribution": (["pkg:pypi/jinja2@2.11.0"], ""),
}  # fmt: skip


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("form", ["cyclonedx", "spdx"])
@pytest.mark.parametrize("case", SOURCELESS)
def test_a_bill_of_materials_without_source_packages_says_so_once(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, form: str, case: str
) -> None:
    urls, reason = SOURCELESS[case]
    components = [{"type": "library", "name": url.split("@")[0].split("/")[-1], "purl": url} for url in urls]
    packages = [
        {
            "name": one["name"],
            "externalRefs": [
                {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": one["purl"]}
            ],
        }
        for one in components
    ]
    bill = tmp_path / "bom.json"
    bill.write_text(
        json.dumps(
            {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": components}
            if form == "cyclonedx"
            else {"spdxVersion": "SPDX-2.3", "packages": packages}
        )
    )
    _, report = checked(capsys, str(bill))
    skipped = [one for one in report["targets"][0]["skipped"] if "source packages" in one["reason"]]
    assert [one["reason"][: len(reason)] for one in skipped] == ([reason] if reason else [])
    assert "jinja2" not in str(skipped)


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("form", ["json", "cyclonedx", "spdx"])
def test_a_bill_of_materials_is_judged_as_the_image_is(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, image: str, form: str
) -> None:
    _, direct = checked(capsys, image)
    bill = tmp_path / f"bill.{form}.json"
    main(["sbom", image, "--format", form, "--output", str(bill), "--quiet"])
    _, report = checked(capsys, str(bill))
    assert {(name, one["fixed"], one["package"]["purl"]) for name, one in flaws(report).items()} == {
        (name, one["fixed"], one["package"]["purl"]) for name, one in flaws(direct).items()
    }


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("form", ["json", "cyclonedx", "spdx"])
def test_a_bill_of_materials_keeps_which_files_the_distribution_owns(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, form: str
) -> None:
    owned = "usr/lib/python3/dist-packages/jinja2-2.11.0.dist-info/METADATA"
    layer = tar(
        info("etc/os-release", OS),
        info("var/lib/dpkg/status", STATUS),
        info("var/lib/dpkg/info/bash.list", f"/.\n/{owned}\n".encode()),
        info(owned, METADATA),
    )
    archive, bill = write(tmp_path / "app.tar", docker_save(layer)), tmp_path / f"bill.{form}.json"
    main(["sbom", archive, "--format", form, "--output", str(bill), "--quiet"])
    for target in (archive, str(bill)):
        _, report = checked(capsys, target)
        assert set(flaws(report)) == {"CVE-2023-0001", "CVE-2023-0003"}
        (aside,) = flaws(report, suppressed=True).values()
        assert aside["suppressed"] == {
            "by": "Debian:12",
            "reason": "the file belongs to the package bash 5.2-1, so the distribution's advisories decide",
            "until": None,
        }


@pytest.mark.usefixtures("known")
def test_a_root_file_system_is_judged_as_an_image_is(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for name, data in (("etc/os-release", OS), ("var/lib/dpkg/status", STATUS)):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_bytes(data)
    _, report = checked(capsys, f"rootfs:{tmp_path}")
    assert set(flaws(report)) == {"CVE-2023-0001", "CVE-2023-0003"}


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("walked", [True, False])
def test_a_lock_file_is_judged_by_itself_and_in_a_walk(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    walked: bool,  # noqa: FBT001  a column
) -> None:
    lock = tmp_path / "requirements.txt"
    lock.write_text("flask==2.0\njinja2==2.11.0\n")
    status, report = checked(capsys, str(tmp_path if walked else lock))
    (found,) = flaws(report).values()
    assert (found["location"]["line"], found["location"]["column"]) == (2, 1)
    assert (found["rule"], found["location"]["file"], found["fixed"]) == ("CVE-2020-28493", str(lock), "2.11.3")
    assert status == 0  # nobody rated it: it counts as medium


def test_without_a_database_nothing_passes(capsys: pytest.CaptureFixture[str], image: str) -> None:
    status, report = checked(capsys, image)
    assert status == 2
    assert "no advisory database yet" in report["targets"][0]["errors"][0]["message"]
    assert "vulnerabilities" in {one["rule"] for one in report["targets"][0]["skipped"]}


def test_what_no_feed_is_for_needs_no_database(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    components = [{"type": "library", "name": "numpy", "version": "1", "purl": "pkg:conda/numpy@1"}]
    bom = tmp_path / "conda.cdx.json"
    bom.write_text(json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": components}))
    status, report = checked(capsys, str(bom))
    assert (status, report["targets"][0]["errors"]) == (0, [])
    assert "no advisory feed covers packages of type conda" in {
        one["reason"] for one in report["targets"][0]["skipped"]
    }


def test_who_wants_no_vulnerabilities_needs_no_database(capsys: pytest.CaptureFixture[str], image: str) -> None:
    status, report = checked(capsys, image, "--no-vulnerabilities")
    assert status != 2
    assert not flaws(report)
    assert not report["targets"][0]["errors"]


def test_a_database_without_the_distribution_is_no_pass(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEALOCK_DB_DIR", database(tmp_path, {"PyPI": RECORDS["PyPI"]}))
    status, report = checked(capsys, image)
    assert status == 2
    (error,) = report["targets"][0]["errors"]
    assert error["message"] == (
        "2 packages (bash, libssl3) were not checked for known vulnerabilities: the database has no advisories for Debian:12"
    )
    assert set(flaws(report)) == {"CVE-2020-28493"}


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    ("words", "aside", "by"),
    [
        (["--only-fixed"], {"CVE-2023-0003"}, "--only-fixed"),
        (["--ignore-states", "no-dsa,unimportant"], {"CVE-2023-0003"}, "--ignore-states"),
        (["--ignore-states", "end-of-life"], set(), ""),
    ],
)
def test_what_was_not_asked_for_is_set_aside_and_still_shown(
    capsys: pytest.CaptureFixture[str], image: str, words: list[str], aside: set[str], by: str
) -> None:
    _, report = checked(capsys, image, *words)
    found = flaws(report, suppressed=True)
    assert set(found) == aside
    assert {one["suppressed"]["by"] for one in found.values()} == ({by} if by else set())


def test_a_state_that_there_is_none_of_is_refused(capsys: pytest.CaptureFixture[str], image: str) -> None:
    assert main(["check", image, "--ignore-states", "nodsa"]) == 2
    assert "unknown state 'nodsa'" in capsys.readouterr().err


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    ("ignore", "aside"),
    [
        ('rule = "CVE-2023-0001"', {"CVE-2023-0001"}),
        ('rule = "GHSA-0001"', {"CVE-2020-28493"}),
        ('package = "openssl"', {"CVE-2023-0001"}),
        ('package = "libssl*"', {"CVE-2023-0001"}),
        ('rule = "CVE-2023-0001"\npackage = "curl"', set()),
        ('rule = "CVE-2023-0001"\nuntil = "2020-01-01"', set()),
    ],
)
def test_the_policy_excuses_by_any_name_and_by_package(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, image: str, ignore: str, aside: set[str]
) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(f'[[ignore]]\n{ignore}\nreason = "cannot be reached"\n')
    main(["check", "--format", "json", "--policy", str(policy), image])
    found = flaws(json.loads(capsys.readouterr().out), suppressed=True)
    assert set(found) == aside
    assert {one["suppressed"]["reason"] for one in found.values()} <= {"cannot be reached"}


def test_an_ignore_waits_where_vulnerabilities_are_not_judged(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "sealock.toml").write_text('[[ignore]]\nrule = "CVE-2023-0001"\nreason = "cannot be reached"\n')
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    main(["check", "--format", "json", str(tmp_path)])
    rules = {one["rule"] for target in json.loads(capsys.readouterr().out)["targets"] for one in target["findings"]}
    assert "I001" not in rules


@pytest.mark.usefixtures("known")
def test_a_baseline_holds_through_upgrades_that_do_not_mend(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    lock, baseline = tmp_path / "requirements.txt", tmp_path / "baseline.json"
    lock.write_text("jinja2==2.11.0\n")
    assert main(["check", str(lock), "--no-policy", "--write-baseline", str(baseline)]) == 0
    lock.write_text("jinja2==2.11.1\n")
    capsys.readouterr()
    _, report = checked(capsys, str(lock), "--baseline", str(baseline))
    assert not flaws(report)
    assert set(flaws(report, suppressed=True)) == {"CVE-2020-28493"}


@pytest.mark.usefixtures("known")
def test_the_terminal_says_what_to_do(capsys: pytest.CaptureFixture[str], image: str) -> None:
    main(["check", image, "--no-policy"])
    shown = capsys.readouterr().out
    assert "3 known vulnerabilities in 3 packages" in shown
    assert "fixes 1, 1 exploited" in " ".join(shown.split())


@pytest.mark.usefixtures("known")
def test_a_bill_of_materials_tells_of_them_where_it_is_asked_to(capsys: pytest.CaptureFixture[str], image: str) -> None:
    assert main(["sbom", image, "--format", "cyclonedx", "--vulnerabilities", "--quiet"]) == 0
    found = {load["id"]: load for load in json.loads(capsys.readouterr().out)["vulnerabilities"]}
    assert set(found) == {"CVE-2023-0001", "CVE-2023-0003", "CVE-2020-28493"}
    assert found["CVE-2023-0001"]["recommendation"] == "upgrade openssl to 3.0.11-1~deb12u1"


def test_a_bill_of_materials_without_a_database_is_refused(capsys: pytest.CaptureFixture[str], image: str) -> None:
    assert main(["sbom", image, "--format", "cyclonedx", "--vulnerabilities"]) == 2
    assert "no advisory database" in capsys.readouterr().err
    assert main(["sbom", image, "--format", "spdx", "--vulnerabilities"]) == 2
    assert "needs --format cyclonedx" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("walked", "status"),
    [
        pytest.param(True, 0, id="met in a walk it is no fault of the project's, and is said"),
        pytest.param(False, 2, id="named by itself it is no pass"),
    ],
)
def test_a_lock_file_without_a_database(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    walked: bool,  # noqa: FBT001  a table's row
    status: int,
) -> None:
    lock = tmp_path / "requirements.txt"
    lock.write_text("jinja2==2.11.0\n")
    got, report = checked(capsys, str(tmp_path if walked else lock))
    assert got == status
    (target,) = report["targets"]
    assert len(target["skipped"]) == 1
    assert len(target["errors"]) == (0 if walked else 1)
    assert any("Lock files were not matched" in note for note in report["notes"]) is walked


@pytest.mark.parametrize(("days", "noted"), [(6, False), (8, True)])
def test_an_old_database_is_noted(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    days: int,
    noted: bool,  # noqa: FBT001  a table's row
) -> None:
    made = time.time() - days * 86_400
    monkeypatch.setenv("SEALOCK_DB_DIR", database(tmp_path / "made", RECORDS, now=lambda: made))
    lock = tmp_path / "requirements.txt"
    lock.write_text("jinja2==2.11.0\n")
    _, report = checked(capsys, str(lock), "--offline")
    assert [finding["rule"] for finding in report["targets"][0]["findings"]] == ["CVE-2020-28493"]
    assert any("`sealock db update` refreshes" in note for note in report["notes"]) is noted


def test_a_missing_database_is_one_note(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "requirements.txt").write_text("jinja2==2.11.0\n")
    main(["check", str(tmp_path)])
    printed = capsys.readouterr().out
    assert [printed.count(words) for words in ("Note", "`sealock db update` builds one", "was skipped")] == [1, 1, 0]
