"""`sealock check` on images: their contents and their configuration are judged; nothing that is wrong is a pass."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sealock.model.report import TargetReport
from sealock.scan.run import check
from sealock.scan.settings import Settings
from support.madeimages import Layout, docker_save, info, spread, tar, write

STATUS = b"Package: login\nStatus: install ok installed\nVersion: 1\n"
BASE = tar(
    info("etc/os-release", b"ID=debian\nVERSION_ID=13\n"),
    info("var/lib/dpkg/status", STATUS),
    info("usr/bin/su", b"x", mode=0o4755),
)
CONFIG: dict[str, Any] = {"config": {"User": "0:0", "Env": ["API_TOKEN=ghp_0123456789abcdefghijABCDEFGHIJ012345"]}}


def configured(members: dict[str, bytes], text: dict[str, Any]) -> dict[str, bytes]:
    """The same image with a configuration that says more."""
    import json  # noqa: PLC0415  used here alone

    name = next(name for name in members if name.endswith(".json") and name != "manifest.json")
    told = json.loads(members[name]) | text
    raw = json.dumps(told).encode()
    import hashlib  # noqa: PLC0415  used here alone

    renamed = f"{hashlib.sha256(raw).hexdigest()}.json"
    manifest = json.loads(members["manifest.json"])
    manifest[0]["Config"] = renamed
    rest = {key: data for key, data in members.items() if key not in {name, "manifest.json"}}
    return rest | {renamed: raw, "manifest.json": json.dumps(manifest).encode()}


def evaluated(path: str, **settings: Any) -> list[TargetReport]:
    return list(check(path, settings=Settings(vulnerabilities=False, **settings)).targets)


def rules(report: TargetReport) -> set[str]:
    return {finding.rule for finding in report.findings}


def test_contents_and_configuration_are_judged_by_one_rule_book(tmp_path: Path) -> None:
    (report,) = evaluated(write(tmp_path / "app.tar", configured(docker_save(BASE), CONFIG)))
    assert not report.errors
    assert {"F001", "C046"} <= rules(report)
    assert {finding.location.file for finding in report.findings} == {str(tmp_path / "app.tar")}
    assert {finding.location.line for finding in report.findings} == {0}


def test_a_secret_in_the_configuration_is_told_and_not_shown(tmp_path: Path) -> None:
    (report,) = evaluated(write(tmp_path / "app.tar", configured(docker_save(BASE), CONFIG)))
    secret = [finding for finding in report.findings if "API_TOKEN" in finding.message + finding.evidence]
    assert secret
    assert "ABCDEFGHIJ" not in repr(report.findings)


@pytest.mark.parametrize("shape", ["archive", "layout", "layout folder", "rootfs"])
def test_every_shape_is_found_by_what_it_holds(tmp_path: Path, shape: str) -> None:
    layout = Layout()
    members = layout.index(layout.image((BASE, BASE)))
    match shape:
        case "archive":
            target = write(tmp_path / "app.tar", docker_save(BASE))
        case "layout":
            target = write(tmp_path / "app.tar", members)
        case "layout folder":
            target = spread(tmp_path, members)
        case _:
            (tmp_path / "app.tar").write_bytes(BASE)
            target = str(tmp_path / "app.tar")
    (report,) = evaluated(target)
    assert not report.errors, report.errors
    assert "F001" in rules(report)


def test_a_root_folder_is_named_as_such(tmp_path: Path) -> None:
    (tmp_path / "usr" / "bin").mkdir(parents=True)
    (tmp_path / "usr" / "bin" / "su").write_bytes(b"x")
    (tmp_path / "usr" / "bin" / "su").chmod(0o4755)
    (report,) = evaluated(f"rootfs:{tmp_path}")
    assert rules(report) == {"F001"}


def test_a_broken_image_is_a_problem_and_what_could_be_read_is_judged(tmp_path: Path) -> None:
    members = docker_save(BASE, BASE)
    last = [name for name in members if name.endswith("layer.tar")][-1]
    (report,) = evaluated(write(tmp_path / "app.tar", members | {last: members[last][:700]}))
    assert report.errors
    assert "F001" in rules(report)


def test_what_is_no_image_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "x.tar").write_bytes(b"\x1f\x8b\x08nothing")
    (report,) = evaluated(str(tmp_path / "x.tar"))
    assert "x.tar" in report.errors[0].location.file
    (report,) = evaluated(f"archive:{tmp_path / 'gone.tar'}")
    assert report.errors


def test_the_same_findings_come_from_an_inventory_that_was_written(tmp_path: Path) -> None:
    from sealock.reports import sbom  # noqa: PLC0415  used here alone
    from sealock.scan.images import ImageOptions, read_inventories  # noqa: PLC0415  used here alone

    path = write(tmp_path / "app.tar", docker_save(BASE))
    (inventory,) = read_inventories(path, ImageOptions())
    (tmp_path / "app.json").write_text(sbom.render("json", inventory), encoding="utf-8")
    (direct,) = evaluated(path)
    (through,) = evaluated(str(tmp_path / "app.json"))
    assert not through.errors
    told = {(finding.rule, finding.message) for finding in through.findings}
    assert told == {(finding.rule, finding.message) for finding in direct.findings if finding.rule.startswith("F")}
    assert told


def test_a_policy_excuses_a_finding_of_an_image(tmp_path: Path) -> None:
    path = write(tmp_path / "app.tar", docker_save(BASE))
    ignore = "[[ignore]]\nrule = 'F001'\nfiles = ['app.tar']\nreason = 'su is needed'\n"
    (tmp_path / "sealock.toml").write_text(ignore, encoding="utf-8")
    (report,) = evaluated(path)
    assert [finding.suppressed is not None for finding in report.findings if finding.rule == "F001"] == [True]


def test_a_layer_that_claims_another_ones_digest_is_checked_itself(tmp_path: Path) -> None:
    members = docker_save(BASE, BASE)
    last = [name for name in members if name.endswith("layer.tar")][-1]
    other = tar(info("usr/bin/other", b"x"))
    (report,) = evaluated(write(tmp_path / "app.tar", members | {last: other}))
    assert "Layer 2" in report.errors[0].message


@pytest.mark.parametrize("form", ["cyclonedx", "spdx"])
def test_a_bill_of_materials_is_read_back_without_problems(tmp_path: Path, form: Any) -> None:
    from sealock.reports import sbom  # noqa: PLC0415  used here alone
    from sealock.scan.images import ImageOptions, read_inventories  # noqa: PLC0415  used here alone

    status = b"Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.2-1\n\n"
    layer = tar(info("etc/os-release", b"ID=debian\nVERSION_ID=13\nNAME=Debian\n"), info("var/lib/dpkg/status", status))
    (inventory,) = read_inventories(write(tmp_path / "app.tar", docker_save(layer)), ImageOptions())
    path = tmp_path / "bom.json"
    path.write_text(sbom.render(form, inventory), encoding="utf-8")
    whole = check(str(path), settings=Settings(vulnerabilities=False))
    (report,) = whole.targets
    assert (report.kind, report.errors) == ("inventory", ())
    assert any(note.startswith("an SBOM does not describe files") for note in whole.notes)
    path.write_text(path.read_text(encoding="utf-8").replace("pkg:deb", "pkg:nobody"), encoding="utf-8")
    (report,) = evaluated(str(path))
    assert report.errors
