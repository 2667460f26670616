"""`sealock check --vex`: what documents excuse, what is noted, and what is wrong with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sealock.cli.main import main
from support.madedatabases import database
from support.madeimages import docker_save, info, tar, write

STATUS = b"Package: openssl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 3.0.9-1\n"
OS = b"ID=debian\nVERSION_ID=12\n"
RECORD = {
    "id": "CVE-2024-0001",
    "modified": "2026-11-20T00:00:00Z",
    "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
    "affected": [
        {
            "package": {"ecosystem": "Debian:12", "name": "openssl"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}],
        }
    ],
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> str:
    return database(tmp_path_factory.mktemp("database"), {"Debian": [RECORD]})


@pytest.fixture(autouse=True)
def known(built: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEALOCK_DB_DIR", built)


@pytest.fixture
def image(tmp_path: Path) -> str:
    return write(
        tmp_path / "app.tar", docker_save(tar(info("etc/os-release", OS), info("var/lib/dpkg/status", STATUS)))
    )


def vex(path: Path, flaw: str = "CVE-2024-0001", product: str = "pkg:deb/debian/openssl", **more: Any) -> str:
    statement = {
        "vulnerability": {"name": flaw},
        "products": [{"@id": product}],
        "status": "not_affected",
        "justification": "vulnerable_code_not_in_execute_path",
        "impact_statement": "no server runs",
    }
    table = {"@context": "https://openvex.dev/ns/v0.2.0", "@id": "urn:x:1", "author": "me",
             "timestamp": "2026-01-01T00:00:00Z", "statements": [statement | more]}  # fmt: skip
    path.write_text(json.dumps(table))
    return str(path)


def checked(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    status = main(["check", "--format", "json", "--fail-on", "critical", *words])
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    # What no image says is noted in every run.
    report["notes"] = [note for note in report["notes"] if "no run-time settings" not in note]
    return status, report


def flaw(report: dict[str, Any]) -> dict[str, Any]:
    (found,) = (one for target in report["targets"] for one in target["findings"] if "package" in one)
    return dict(found)


def test_a_statement_sets_a_vulnerability_aside(capsys: pytest.CaptureFixture[str], tmp_path: Path, image: str) -> None:
    assert checked(capsys, "--no-policy", image)[0] == 1
    document = vex(tmp_path / "v.json")
    status, report = checked(capsys, "--no-policy", "--vex", document, image)
    assert (status, report["notes"]) == (0, [])
    assert flaw(report)["suppressed"] == {
        "by": f"VEX {document} (urn:x:1)",
        "reason": "not affected (vulnerable_code_not_in_execute_path): no server runs",
        "until": None,
        "justification": "vulnerable_code_not_in_execute_path",
    }


def test_the_policy_names_documents_beside_itself(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    vex(tmp_path / "v.json")
    (tmp_path / "sealock.toml").write_text('[vulnerabilities]\nvex = "v.json"\n')
    (tmp_path / "else").mkdir()
    monkeypatch.chdir(tmp_path / "else")
    assert checked(capsys, image)[0] == 0
    (tmp_path / "else" / "strict.toml").write_text('[vulnerabilities]\nvex = ["../v.json"]\n')
    assert checked(capsys, "--policy", "strict.toml", image)[0] == 0
    assert checked(capsys, "--no-policy", image)[0] == 1


def test_of_documents_the_later_one_counts(capsys: pytest.CaptureFixture[str], tmp_path: Path, image: str) -> None:
    no = vex(tmp_path / "no.json")
    yes = vex(tmp_path / "yes.json", status="affected", action_statement="switch it off",
              timestamp="2026-03-01T00:00:00Z")  # fmt: skip
    status, report = checked(capsys, "--no-policy", "--vex", yes, "--vex", no, image)
    assert status == 1
    assert flaw(report)["message"].endswith(f"VEX {yes} (urn:x:1) says: affected, no server runs")
    assert flaw(report)["remedy"]["text"].endswith("says: switch it off")


@pytest.mark.parametrize(
    ("more", "note"),
    [
        pytest.param({"flaw": "CVE-2020-1"}, "its statement on CVE-2020-1 matches no finding", id="a flaw"),
        pytest.param({"product": "pkg:oci/else"}, "that on CVE-2024-0001 is about pkg:oci/else, which", id="a product"),
    ],
)
def test_statements_about_nothing_are_noted(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, image: str, more: dict[str, str], note: str
) -> None:
    status, report = checked(capsys, "--no-policy", "--vex", vex(tmp_path / "v.json", **more), image)
    (said,) = report["notes"]
    assert note in said
    assert status == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("{", "it is not valid JSON", id="broken"),
        pytest.param("{}", "it is not a VEX document", id="something else"),
        pytest.param(None, "No such file", id="not there"),
        pytest.param("\0", "contains a NUL byte", id="no text"),
    ],
)
def test_a_document_that_cannot_be_read_is_a_problem(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, image: str, text: str | None, said: str
) -> None:
    document = tmp_path / "v.json"
    if text is not None:
        document.write_text(text)
    status, report = checked(capsys, "--no-policy", "--vex", str(document), image)
    (error,) = (one for target in report["targets"] for one in target["errors"])
    assert (status, error["location"]["file"]) == (2, str(document))
    assert said in error["message"]
    assert flaw(report)["suppressed"] is None


def test_a_document_is_read_though_nothing_was_checked(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM alpine:3.20@sha256:" + "a" * 64 + "\nUSER 1000\n")
    status, report = checked(capsys, "--no-policy", "--vex", str(tmp_path / "none.json"), str(tmp_path / "Dockerfile"))
    assert (status, report["targets"][-1]["kind"]) == (2, "vex")


def test_vex_goes_with_vulnerabilities(capsys: pytest.CaptureFixture[str], image: str) -> None:
    assert main(["check", "--vex", "v.json", "--no-vulnerabilities", image]) == 2
    assert "--vex needs known vulnerabilities" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[vulnerabilities]\nvex = 7\n", "sealock.toml:2: [vulnerabilities] vex should be a list of strings"),
        ('[vulnerabilities]\nvexes = "v.json"\n', "[vulnerabilities] vexes is not a setting"),
        (
            '[[ignore]]\nrule = "CVE-1"\nreason = "x"\njustification = "because"\n',
            "justification should be one of component_not_present, ",
        ),
        (
            '[[ignore]]\nrule = "C001"\nreason = "x"\njustification = "component_not_present"\n',
            "justification is for vulnerabilities, and this ignore names none",
        ),
    ],
)
def test_slips_in_the_policy_are_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, image: str, text: str, said: str
) -> None:
    (tmp_path / "sealock.toml").write_text(text)
    assert main(["check", image]) == 2
    assert said in capsys.readouterr().err
