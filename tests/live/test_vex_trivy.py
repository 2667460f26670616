"""Trivy heeds the VEX documents that we write, and heeds others as we do; it judges by a small database of its own shape."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sealock.cli.main import main
from sealock.net.http import HttpTransport
from sealock.net.registry import upload
from sealock.net.registry.client import Registry
from sealock.net.registry.names import reference
from support.madedatabases import database
from support.madeimages import config, docker_save, info, tar, write
from support.realregistry import real_registry
from support.trivydb import write_trivy_db
from support.waiting import PATIENCE

pytestmark = pytest.mark.live

ROOT = Path(__file__).parent.parent.parent
STATUS = b"""\
Package: openssl
Status: install ok installed
Architecture: amd64
Version: 3.0.9-1

Package: bash
Status: install ok installed
Architecture: amd64
Version: 5.2-1
"""
LAYER = tar(
    info("etc/os-release", b'ID=debian\nVERSION_ID="12"\n'),
    info("etc/debian_version", b"12.5\n"),
    info("var/lib/dpkg/status", STATUS),
)
FLAWS = {"openssl": {"CVE-2024-0001": "3.0.11-1", "CVE-2024-0002": "3.0.12-1"}, "bash": {"CVE-2024-0003": "5.3-1"}}
POLICY = """\
[[ignore]]
rule = ["CVE-2024-0001", "CVE-2024-0003"]
reason = "no server runs"
justification = "vulnerable_code_not_in_execute_path"

[[ignore]]
rule = "CVE-2024-0002"
reason = "the risk is accepted"
"""
EXCUSED = {"CVE-2024-0001", "CVE-2024-0003"}


@pytest.fixture(scope="module")
def caches(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Our database, and Trivy's cache; both know the same flaws."""
    records = [
        {"id": cve, "modified": "2026-01-01T00:00:00Z", "affected": [{
            "package": {"ecosystem": "Debian:12", "name": package},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}],
        }]}
        for package, flaws in FLAWS.items() for cve, fixed in flaws.items()
    ]  # fmt: skip
    folder = tmp_path_factory.mktemp("known")
    write_trivy_db(folder / "trivy", "debian 12", FLAWS)
    return database(folder, {"Debian": records}), folder / "trivy"


@pytest.fixture(autouse=True)
def place(caches: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEALOCK_DB_DIR", caches[0])
    monkeypatch.setenv("SEALOCK_OFFLINE", "1")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sealock.toml").write_text(POLICY)


@pytest.fixture
def archive(tmp_path: Path) -> str:
    return write(tmp_path / "app.tar", docker_save(LAYER, names=("example.com/team/app:1",)))


def trivy(cache: Path, *words: str) -> tuple[set[str], set[str]]:
    """What Trivy finds, and what it sets aside."""
    program = shutil.which("trivy") or str(ROOT / ".peers" / "bin" / "trivy")
    kind, *rest = words
    more = ["--skip-db-update", "--offline-scan", "--scanners", "vuln", "--format", "json", "--show-suppressed"]
    more = more if kind == "image" else [one for one in more if one not in {"--scanners", "vuln"}]
    done = subprocess.run(
        [program, "--cache-dir", str(cache), "--quiet", kind, *more, *rest],
        capture_output=True, text=True, check=False, timeout=PATIENCE,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: set[str] = set()
    aside: set[str] = set()
    for result in json.loads(done.stdout)["Results"]:
        found |= {one["VulnerabilityID"] for one in result.get("Vulnerabilities", ())}
        aside |= {one["Finding"]["VulnerabilityID"] for one in result.get("ExperimentalModifiedFindings", ())}
    return found, aside


def ours(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[set[str], set[str]]:
    capsys.readouterr()
    main(["check", "--no-policy", "--format", "json", *words])
    report = json.loads(capsys.readouterr().out)
    flaws = [one for target in report["targets"] for one in target["findings"] if "package" in one]
    return (
        {flaw["rule"] for flaw in flaws if not flaw["suppressed"]},
        {flaw["rule"] for flaw in flaws if flaw["suppressed"]},
    )


def test_without_a_document_both_find_the_same(
    archive: str, caches: tuple[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert trivy(caches[1], "image", "--input", archive) == ours(capsys, archive)
    assert ours(capsys, archive) == ({*EXCUSED, "CVE-2024-0002"}, set())


@pytest.mark.parametrize("kind", ["image", "sbom"])
def test_trivy_heeds_what_we_write_on_packages(archive: str, caches: tuple[str, Path], kind: str) -> None:
    assert main(["vex", archive, "--packages", "--output", "v.json"]) == 0
    main(["sbom", archive, "--format", "cyclonedx", "--output", "bom.json", "-q"])
    target = ["--input", archive] if kind == "image" else ["bom.json"]
    assert trivy(caches[1], kind, "--vex", "v.json", *target) == ({"CVE-2024-0002"}, EXCUSED)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """The image in a registry, by its name."""
    with real_registry(tmp_path / "registry") as host:
        one, name = Registry(HttpTransport(environment={})), reference(f"{host}/team/app:1")
        blobs = [upload.push_blob(one, name, data) for data in (config(LAYER), gzip.compress(LAYER))]
        kinds = ("image.config.v1+json", "image.layer.v1.tar+gzip")
        told = [
            upload.written(blob) | {"mediaType": f"application/vnd.oci.{kind}"}
            for blob, kind in zip(blobs, kinds, strict=True)
        ]
        media = "application/vnd.oci.image.manifest.v1+json"
        table = {"schemaVersion": 2, "mediaType": media, "config": told[0], "layers": told[1:]}
        upload.push_manifest(one, name, json.dumps(table).encode(), media, "1")
        yield f"{host}/team/app:1"


def test_trivy_heeds_what_we_write_on_an_image_by_its_digest(
    served: str, caches: tuple[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["vex", f"image:{served}", "--output", "v.json"]) == 0
    (product,) = json.loads(Path("v.json").read_text())["statements"][0]["products"]
    assert product["@id"].startswith("pkg:oci/app@sha256:")
    assert trivy(caches[1], "image", "--insecure", "--vex", "v.json", served) == ({"CVE-2024-0002"}, EXCUSED)
    assert ours(capsys, "--vex", "v.json", f"image:{served}") == ({"CVE-2024-0002"}, EXCUSED)


def statement(product: str, status: str = "not_affected", when: str = "2026-01-01T00:00:00Z") -> dict[str, Any]:
    more = {
        "not_affected": {"justification": "component_not_present"},
        "affected": {"action_statement": "update"},
    }.get(status, {})
    return {"vulnerability": {"name": "CVE-2024-0001"}, "products": [{"@id": product}], "status": status,
            "timestamp": when, **more}  # fmt: skip


OPENSSL = "pkg:deb/debian/openssl"


@pytest.mark.parametrize(
    ("statements", "aside"),
    [
        pytest.param([statement(OPENSSL)], True, id="any version"),
        pytest.param([statement(f"{OPENSSL}@3.0.9-1")], True, id="this version"),
        pytest.param([statement(f"{OPENSSL}@3.0.9-1?arch=amd64")], True, id="this architecture"),
        pytest.param([statement(f"{OPENSSL}@3.0.8-1")], False, id="another version"),
        pytest.param([statement(f"{OPENSSL}?arch=arm64")], False, id="another architecture"),
        pytest.param([statement("pkg:deb/ubuntu/openssl")], False, id="another distribution"),
        pytest.param([statement("pkg:deb/debian/bash")], False, id="another package"),
        pytest.param([statement(OPENSSL, "fixed")], True, id="fixed"),
        pytest.param([statement(OPENSSL, "affected")], False, id="affected"),
        pytest.param([statement(OPENSSL, "under_investigation")], False, id="under investigation"),
        pytest.param(
            [statement(OPENSSL), statement(OPENSSL, "affected", "2026-02-01T00:00:00Z")], False, id="affected, later"
        ),
        pytest.param(
            [statement(OPENSSL, "affected"), statement(OPENSSL, when="2026-02-01T00:00:00Z")], True, id="excused, later"
        ),
    ],
)
def test_we_read_openvex_as_trivy_does(
    archive: str, caches: tuple[str, Path], capsys: pytest.CaptureFixture[str], statements: list[Any], *, aside: bool
) -> None:
    table = {"@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://example.com/1", "author": "me",
             "timestamp": "2026-01-01T00:00:00Z", "version": 1, "statements": statements}  # fmt: skip
    Path("v.json").write_text(json.dumps(table))
    found = ours(capsys, "--vex", "v.json", archive)
    assert ("CVE-2024-0001" in found[1]) is aside
    assert trivy(caches[1], "image", "--input", archive, "--vex", "v.json") == found


@pytest.mark.parametrize(
    ("status", "aside"), [("known_not_affected", True), ("fixed", True), ("known_affected", False)]
)
def test_we_read_csaf_as_trivy_does(
    archive: str, caches: tuple[str, Path], capsys: pytest.CaptureFixture[str], status: str, *, aside: bool
) -> None:
    product = {"product_id": "P", "name": "openssl", "product_identification_helper": {"purl": f"{OPENSSL}@3.0.9-1"}}
    when = "2026-01-01T00:00:00Z"
    table = {
        "document": {
            "category": "csaf_vex", "csaf_version": "2.0", "title": "x",
            "publisher": {"category": "vendor", "name": "Acme", "namespace": "https://example.com"},
            "tracking": {"id": "A-1", "status": "final", "version": "1", "current_release_date": when,
                         "initial_release_date": when,
                         "revision_history": [{"date": when, "number": "1", "summary": "x"}]},
        },
        "product_tree": {"branches": [{"category": "vendor", "name": "Debian", "branches": [
            {"category": "product_version", "name": "3.0.9-1", "product": product}]}]},
        "vulnerabilities": [{
            "cve": "CVE-2024-0001", "product_status": {status: ["P"]},
            "flags": [{"label": "component_not_present", "product_ids": ["P"]}],
            "notes": [{"category": "description", "text": "x"}],
        }],
    }  # fmt: skip
    Path("v.json").write_text(json.dumps(table))
    found = ours(capsys, "--vex", "v.json", archive)
    assert ("CVE-2024-0001" in found[1]) is aside
    assert trivy(caches[1], "image", "--input", archive, "--vex", "v.json") == found
