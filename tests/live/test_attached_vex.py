"""VEX that the real cosign attaches to an image on the real registry: found, verified by the policy, and applied."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sealock.trust.cosign.keys import read_public
from support.madedatabases import database
from support.realcosign import PLAIN, Place, cosign_place, good

pytestmark = pytest.mark.live
FLAW = "CVE-2024-0002"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with cosign_place(tmp_path_factory.mktemp("cosign")) as one:
        affected = {"package": {"ecosystem": "Debian:13", "name": "bash"},
                    "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}]}  # fmt: skip
        record = {"id": "DEBIAN-1", "modified": "2026-11-20T00:00:00Z", "affected": [affected], "upstream": [FLAW]}
        database(one.folder / "database", {"Debian": [record]})
        yield one


def openvex(product: str, **more: Any) -> dict[str, Any]:
    statement = {"vulnerability": {"name": FLAW}, "products": [{"@id": product}], "status": "not_affected",
                 "justification": "vulnerable_code_not_in_execute_path"}  # fmt: skip
    return {"@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://example.org/vex/1", "author": "a",
            "timestamp": "2026-11-20T00:00:00Z", "version": 1, "statements": [statement | more]}  # fmt: skip


def cyclonedx() -> dict[str, Any]:
    return {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "vulnerabilities": [
        {"id": FLAW, "analysis": {"state": "not_affected", "justification": "code_not_reachable"},
         "affects": [{"ref": "pkg:deb/debian/bash"}]},
    ]}  # fmt: skip


def attach(place: Place, image: str, document: object, private: Path, *more: str, kind: str = "openvex") -> None:
    (place.folder / "document.json").write_text(json.dumps(document))
    words: list[str | Path] = [
        "attest",
        "-y",
        "--key",
        private,
        "--tlog-upload=false",
        "--predicate",
        "document.json",
        "--type",
        kind,
    ]
    good(place.cosign(*words, *more, *PLAIN, image))


def checked(place: Place, image: str, trust: str) -> tuple[Any, list[str]]:
    """The finding, and the notes on VEX."""
    policy = f'[[trust.image]]\nmatch = ["{place.host}/*"]\n{trust}\n' if trust else ""
    (place.folder / "sealock.toml").write_text(policy)
    known = str(place.folder / "database" / "db")
    done = place.sealock("check", "--offline", "--format", "json", f"image:{image}", SEALOCK_DB_DIR=known)
    report = json.loads(done.stdout)
    assert done.returncode in {0, 1}, [target["errors"] for target in report["targets"]]
    (finding,) = [each for target in report["targets"] for each in target["findings"] if each["rule"] == FLAW]
    return finding, [note for note in report["notes"] if "VEX" in note]


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        pytest.param("openvex", [], id="OpenVEX under the tag"),
        pytest.param("openvex", ["--new-bundle-format"], id="OpenVEX as a bundle and referrer"),
        pytest.param("cyclonedx", [], id="CycloneDX under the tag"),
    ],
)
def test_what_a_signer_of_the_policy_attests_applies(place: Place, kind: str, more: list[str]) -> None:
    private, public = place.pair("ecdsa-p256")
    image = place.image()
    document = openvex("pkg:deb/debian/bash") if kind == "openvex" else cyclonedx()
    attach(place, image, document, private, *more, kind=kind)
    finding, notes = checked(place, image, f'vex = {{ keys = ["{public.name}"] }}')
    assert finding["suppressed"] is not None, notes
    assert f"signed by key {read_public(public.read_bytes(), '').id[:12]}" in finding["suppressed"]["by"]
    assert any("1 statement" in note for note in notes), notes


def test_what_another_attests_is_named_and_changes_nothing(place: Place) -> None:
    private, _ = place.pair("ecdsa-p256")
    _, other = place.pair("ed25519")
    image = place.image()
    attach(place, image, openvex("pkg:deb/debian/bash"), private)
    for trust, words in (
        (f'vex = {{ keys = ["{other.name}"] }}', "it was not made by a key that you trust"),
        ("", "no entry of the trust policy says whose VEX of this image counts"),
    ):
        finding, notes = checked(place, image, trust)
        assert finding.get("suppressed") is None
        assert any("does not count: " in note and words in note for note in notes), notes
