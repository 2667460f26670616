"""`sealock vex`: what a policy excuses, as OpenVEX that others (and we) take."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from sealock.cli.main import main
from sealock.formats.vex import read_vex
from sealock.model.location import Source
from sealock.model.vex import JUSTIFICATIONS, STATUSES
from support.madedatabases import database
from support.madeimages import docker_save, info, tar, write

STATUS = b"""\
Package: openssl
Status: install ok installed
Architecture: amd64
Version: 3.0.9-1

Package: libssl3
Status: install ok installed
Architecture: amd64
Source: openssl
Version: 3.0.9-1

Package: bash
Status: install ok installed
Architecture: amd64
Version: 1:5.2-1
"""
OS = b"ID=debian\nVERSION_ID=12\n"
POLICY = """\
[[ignore]]
rule = "CVE-2024-0001"
reason = "no server runs"
justification = "vulnerable_code_not_in_execute_path"
until = 2099-12-31

[[ignore]]
package = "bash"
reason = "nobody logs in"
"""


def record(number: int, package: str, **more: Any) -> dict[str, Any]:
    affected = {
        "package": {"ecosystem": "Debian:12", "name": package},
        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}],
    }
    return {"id": f"DEBIAN-{number}", "modified": "2026-11-20T00:00:00Z", "affected": [affected],
            "upstream": [f"CVE-2024-000{number}"]} | more  # fmt: skip


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> str:
    return database(
        tmp_path_factory.mktemp("database"),
        {"Debian": [record(1, "openssl"), record(2, "bash", aliases=["X-2"]), record(3, "openssl")]},
    )


@pytest.fixture(autouse=True)
def known(built: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SEALOCK_DB_DIR", built)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767225600")
    (tmp_path / "sealock.toml").write_text(POLICY)


@pytest.fixture
def image(tmp_path: Path) -> str:
    layer = tar(info("etc/os-release", OS), info("var/lib/dpkg/status", STATUS))
    return write(tmp_path / "app.tar", docker_save(layer, names=("example.com/team/app:1.2",)))


def told(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    assert main(["vex", *words]) == 0
    table: dict[str, Any] = json.loads(capsys.readouterr().out)
    valid(table)
    return table


def valid(table: dict[str, Any]) -> None:
    """Hold a document to the rules of OpenVEX 0.2: what must be there, what may be, and which status needs what."""
    required = {"@context", "@id", "author", "timestamp", "version", "statements"}
    assert required <= set(table) <= required | {"role", "last_updated", "tooling"}
    assert table["@context"] == "https://openvex.dev/ns/v0.2.0"
    assert isinstance(table["version"], int)
    assert table["version"] >= 1
    assert table["author"]
    assert table["statements"]
    when = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
    iri = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")
    assert when.fullmatch(table["timestamp"])
    assert iri.fullmatch(table["@id"])
    for one in table["statements"]:
        assert set(one) <= {
            "vulnerability", "timestamp", "products", "status", "justification", "impact_statement", "action_statement"
        }  # fmt: skip
        assert set(one["vulnerability"]) <= {"name", "aliases"}
        assert one["vulnerability"]["name"]
        assert one["status"] in STATUSES
        assert when.fullmatch(one["timestamp"])
        if one["status"] == "not_affected":
            assert one["justification"] in JUSTIFICATIONS
            assert "action_statement" not in one
        if one["status"] == "affected":
            assert one["action_statement"]
            assert "justification" not in one
        for product in one["products"]:
            for part in (product, *product.get("subcomponents", ())):
                assert iri.fullmatch(part["@id"])
                assert set(part) <= {"@id", "identifiers", "hashes", "subcomponents"}
                assert set(part.get("identifiers", {})) <= {"purl", "cpe22", "cpe23"}


def test_ignores_become_statements_on_the_image(capsys: pytest.CaptureFixture[str], image: str) -> None:
    assert main(["vex", image, "--author", "me@example.com"]) == 0
    out, err = capsys.readouterr()
    table = json.loads(out)
    valid(table)
    assert "1 of 3 are ignored without a justification and exported as affected" in err
    product = "pkg:oci/app?repository_url=example.com/team/app&tag=1.2"
    openssl = [f"pkg:deb/debian/{name}@3.0.9-1" for name in ("libssl3", "openssl")]
    bash = "pkg:deb/debian/bash@1:5.2-1"

    def products(*parts: str) -> list[Any]:
        inner = [{"@id": part, "identifiers": {"purl": part}} for part in parts]
        return [{"@id": product, "identifiers": {"purl": product}, "subcomponents": inner}]

    assert table["author"] == "me@example.com"
    assert table["statements"] == [
        {
            "vulnerability": {"name": "CVE-2024-0001", "aliases": ["DEBIAN-1"]},
            "products": products(*openssl),
            "status": "not_affected",
            "justification": "vulnerable_code_not_in_execute_path",
            "impact_statement": "no server runs (until 2099-12-31)",
            "timestamp": "2026-01-01T00:00:00Z",
        },
        {
            "vulnerability": {"name": "CVE-2024-0002", "aliases": ["DEBIAN-2", "X-2"]},
            "products": products(bash),
            "status": "affected",
            "action_statement": "Accepted: nobody logs in",
            "timestamp": "2026-01-01T00:00:00Z",
        },
    ]


def test_what_we_write_we_heed(capsys: pytest.CaptureFixture[str], image: str, tmp_path: Path) -> None:
    document = str(tmp_path / "v.json")
    assert main(["vex", image, "--output", document, "--only-justified"]) == 0
    assert read_vex(Source("v.json", Path(document).read_text())).errors == ()
    capsys.readouterr()
    main(["check", "--no-policy", "--vex", document, "--format", "json", image])
    report = json.loads(capsys.readouterr().out)
    flaws = [one for target in report["targets"] for one in target["findings"] if "package" in one]
    aside = {(flaw["rule"], flaw["package"]["name"]) for flaw in flaws if flaw["suppressed"]}
    assert aside == {("CVE-2024-0001", "openssl"), ("CVE-2024-0001", "libssl3")}
    assert not any("VEX" in note or "v.json" in note for note in report["notes"])


def test_a_report_says_the_same_as_its_target(capsys: pytest.CaptureFixture[str], image: str, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    main(["check", "--format", "json", "--output", str(report), image])
    assert told(capsys, str(report)) == told(capsys, image)


def test_a_report_takes_no_other_policy(capsys: pytest.CaptureFixture[str], image: str, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    main(["check", "--format", "json", "--output", str(report), image])
    assert main(["vex", str(report), "--policy", str(tmp_path / "sealock.toml")]) == 2
    assert "give --policy to the check" in capsys.readouterr().err


def test_documents_are_stable(
    capsys: pytest.CaptureFixture[str], image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = tmp_path / "v.json"
    words = ["vex", image, "--output", str(document), "-q"]
    assert main(words) == 0
    first = document.read_bytes()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1777777777")
    assert main(words) == 0
    assert document.read_bytes() == first
    more = '\n[[ignore]]\nrule = "CVE-2024-0003"\nreason = "x"\njustification = "component_not_present"\n'
    (tmp_path / "sealock.toml").write_text(POLICY + more)
    assert main(words) == 0
    before, after = json.loads(first), json.loads(document.read_bytes())
    valid(after)
    assert (after["@id"], after["timestamp"]) == (before["@id"], before["timestamp"])
    assert (after["version"], after["last_updated"]) == (2, "2026-05-03T03:09:37Z")
    assert after["statements"][:2] == before["statements"]
    assert after["statements"][2]["timestamp"] == "2026-05-03T03:09:37Z"
    (tmp_path / "sealock.toml").write_text(POLICY)
    document.write_text('{"@id": 7, "statements": "?"}')
    assert main(words) == 0
    assert json.loads(document.read_bytes())["statements"][0]["timestamp"] == "2026-05-03T03:09:37Z"
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("words", "products"),
    [
        (["--product", "pkg:oci/x@sha256:12"], ["pkg:oci/x@sha256:12"]),
        (["--packages"], ["pkg:deb/debian/libssl3@3.0.9-1", "pkg:deb/debian/openssl@3.0.9-1"]),
    ],
)
def test_products_may_be_named(
    capsys: pytest.CaptureFixture[str], image: str, words: list[str], products: list[str]
) -> None:
    table = told(capsys, image, "--only-justified", *words)
    assert [one["@id"] for one in table["statements"][0]["products"]] == products
    assert told(capsys, image, "--id", "https://example.com/vex/1", *words)["@id"] == "https://example.com/vex/1"


def test_a_lock_file_and_a_root_file_system_are_told_of_by_their_packages(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for name, data in (("etc/os-release", OS), ("var/lib/dpkg/status", STATUS)):
        (tmp_path / "root" / name).parent.mkdir(parents=True)
        (tmp_path / "root" / name).write_bytes(data)
    table = told(capsys, f"rootfs:{tmp_path}/root", "--only-justified")
    assert [one["@id"] for one in table["statements"][0]["products"]] == [
        "pkg:deb/debian/libssl3@3.0.9-1",
        "pkg:deb/debian/openssl@3.0.9-1",
    ]


def test_an_image_with_a_digest_goes_by_it(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    digest = "sha256:" + "a" * 64
    finding = {"rule": "CVE-1", "package": {"purl": "pkg:npm/a@1?x=y"}, "aliases": [],
               "suppressed": {"reason": "r", "until": None, "ignored": True}}  # fmt: skip
    target = {"findings": [finding], "errors": [], "image": {"names": ["app:1", "?"], "manifest": digest}}
    (tmp_path / "r.json").write_text(json.dumps({"sealock": "1", "schema": 1, "targets": [target]}))
    odd, product = told(capsys, str(tmp_path / "r.json"))["statements"][0]["products"]
    assert "library/%3F" in odd["@id"]
    assert product["@id"] == f"pkg:oci/app@sha256:{'a' * 64}?repository_url=index.docker.io/library/app"
    assert product["hashes"] == {"sha-256": "a" * 64}
    assert product["subcomponents"][0]["@id"] == "pkg:npm/a@1"


@pytest.mark.parametrize(
    ("policy", "status", "said"),
    [
        ("", 1, "there is nothing to export"),
        ('[[ignore]]\nrule = "CVE-2024-0001"\nreason = "x"\nuntil = 2020-01-01\n', 1, "there is nothing to export"),
        ('[[ignore]]\nrule = "CVE-2024-0001"\n', 2, "reason is missing"),
    ],
    ids=["no ignore", "an ignore past its day", "a broken policy"],
)
def test_nothing_to_say_writes_nothing(
    capsys: pytest.CaptureFixture[str], image: str, policy: str, status: int, said: str
) -> None:
    folder = Path(image).parent
    (folder / "sealock.toml").write_text(policy)
    assert main(["vex", image, "--output", str(folder / "v.json")]) == status
    assert said in capsys.readouterr().err
    assert not (folder / "v.json").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"sealock": "1", "schema": 1, "targets": 7}', "is not a report of `sealock check --format json`"),
        ('{"sealock": "1", "schema": 1, "targets": [', "is not a report of"),
        ('{"sealock": "1", "schema": 1, "targets": ' + "[" * 100_000, "is not a report of"),
    ],
)
def test_a_broken_report_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "r.json").write_text(text)
    assert main(["vex", str(tmp_path / "r.json")]) == 2
    assert said in capsys.readouterr().err


def test_what_could_not_be_judged_is_told_and_the_status_is_2(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["vex", str(tmp_path / "none.tar")]) == 2
    said = capsys.readouterr().err
    assert "no such file or directory" in said
    assert "nothing to export" not in said


def test_an_id_must_be_one(capsys: pytest.CaptureFixture[str], image: str) -> None:
    for words in (["--id", "my id"], ["--product", "app"]):
        assert main(["vex", image, *words]) == 2
        assert "is not an IRI" in capsys.readouterr().err
