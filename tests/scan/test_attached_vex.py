"""VEX documents that are attached to an image at its registry: which of them count, and what is reported of the rest."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sealock.errors import PolicyError
from sealock.model.location import Source
from sealock.model.manifest import REFERENCE_TYPE
from sealock.model.vex import AttachedVex
from sealock.policy.settings import Policy, read
from sealock.scan.attachedvex import find_attached
from sealock.trust.cosign.keys import write_public
from sealock.trust.dsse import IN_TOTO
from sealock.trust.intoto import CUSTOM, type_of
from support.cosignworld import World, world
from support.simulators.registry import Asked, Reply

OPENVEX = "https://openvex.dev/ns/v0.2.0"
DOCUMENT: dict[str, Any] = {
    "@context": OPENVEX, "@id": "urn:x:1", "author": "a", "timestamp": "2026-11-20T00:00:00Z", "version": 1,
    "statements": [{"vulnerability": {"name": "CVE-2024-0001"}, "status": "not_affected",
                    "justification": "vulnerable_code_not_present"}],
}  # fmt: skip
CYCLONEDX: dict[str, Any] = {
    "bomFormat": "CycloneDX", "specVersion": "1.6",
    "vulnerabilities": [{"id": "CVE-2024-0001", "analysis": {"state": "not_affected"},
                         "affects": [{"ref": "pkg:deb/debian/bash"}]}],
}  # fmt: skip
SBOM: dict[str, Any] = {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": []}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.chdir(tmp_path)
    with world() as one:
        Path("k.pub").write_bytes(write_public(one.key.public))
        Path("s.pub").write_bytes(write_public(one.stranger.public))
        yield one


def policy(here: World, body: str = 'vex = { keys = ["k.pub"] }') -> Policy:
    text = f'[[trust.image]]\nmatch = ["{here.server.host}/app"]\n{body}\n' if body else ""
    return read(Source("sealock.toml", text), str(Path.cwd()))


def found(here: World, body: str = 'vex = { keys = ["k.pub"] }', *, digest: str = "") -> AttachedVex:
    return find_attached(f"{here.server.host}/app:1", digest or here.digest, policy(here, body))


def statement(here: World, predicate: object = DOCUMENT, kind: str = OPENVEX, **more: Any) -> bytes:
    return here.statement(kind, predicate=predicate, **more)


Attach = Callable[[World], None]


@pytest.mark.parametrize(
    ("attach", "words"),
    [
        pytest.param(lambda here: here.put(here.enveloped(statement(here)), suffix="att"), "OpenVEX", id="an envelope"),
        pytest.param(
            lambda here: here.refer(here.bundled(here.bundle(statement(here)))), "OpenVEX", id="a bundle, as a referrer"
        ),
        pytest.param(
            lambda here: here.put(here.enveloped(statement(here, kind=type_of("openvex"))), suffix="att"),
            "OpenVEX", id="cosign's short type",
        ),
        pytest.param(
            lambda here: here.put(here.enveloped(statement(here, CYCLONEDX, type_of("cyclonedx"))), suffix="att"),
            "CycloneDX VEX", id="CycloneDX with an analysis",
        ),
        pytest.param(
            lambda here: here.put(
                here.enveloped(statement(here, {"Data": json.dumps(DOCUMENT), "Timestamp": "2026-01-01T00:00:00Z"}, CUSTOM)),
                suffix="att",
            ),
            "OpenVEX", id="wrapped by cosign as custom",
        ),
    ],
)  # fmt: skip
def test_what_a_signer_of_the_policy_attests_counts(here: World, attach: Attach, words: str) -> None:
    attach(here)
    made = found(here)
    assert [each.names for each in made.statements] == [("CVE-2024-0001",)]
    assert made.statements[0].document.startswith(f"attached to {here.server.host}/app:1 and signed by key ")
    (note,) = made.notes
    assert f"{words} at its registry" in note
    assert "has 1 statement signed by key" in note


@pytest.mark.parametrize(
    ("attach", "body", "why"),
    [
        pytest.param(
            lambda here: here.put(here.enveloped(statement(here), here.stranger), suffix="att"),
            'vex = { keys = ["k.pub"] }', "it was not made by a key that you trust", id="signed by another",
        ),
        pytest.param(
            lambda here: here.put(here.enveloped(statement(here)), suffix="att"),
            "", "no entry of the trust policy says whose VEX of this image counts", id="without a policy",
        ),
        pytest.param(
            lambda here: here.put(here.enveloped(statement(here)), suffix="att"),
            "digest = true", "no entry of the trust policy says", id="by a policy that names no signer",
        ),
        pytest.param(
            lambda here: here.put(here.enveloped(statement(here)), suffix="att"),
            'cosign = { keys = ["k.pub"] }\nvex = { keys = ["s.pub"] }', "it was not made by a key",
            id="by a signer of the image where others make the VEX",
        ),
        pytest.param(
            lambda here: here.put(here.enveloped(statement(here, digest="sha256:" + "0" * 64)), suffix="att"),
            'vex = { keys = ["k.pub"] }', "it is about another subject", id="of another image",
        ),
        pytest.param(
            lambda here: here.put(here.enveloped(statement(here, name="example.com/other")), suffix="att"),
            'vex = { keys = ["k.pub"] }', "it was made for the repository example.com/other", id="of another repository",
        ),
        pytest.param(
            lambda here: here.put(here.enveloped(statement(here)), suffix="att"),
            'vex = { keys = ["k.pub", "s.pub"], threshold = 2 }', "1 of 2 required signers have signed it",
            id="by one of two signers",
        ),
        pytest.param(
            lambda here: here.refer(here.layer(statement(here), IN_TOTO), kind=IN_TOTO),
            'vex = { keys = ["k.pub"] }', "it is not signed", id="a statement without a signature",
        ),
        pytest.param(
            lambda here: here.refer(here.layer(json.dumps(DOCUMENT).encode(), "application/vnd.openvex+json"), kind=""),
            'vex = { keys = ["k.pub"] }', "it is not signed", id="a document without a signature",
        ),
    ],
)  # fmt: skip
def test_what_does_not_count_is_named(here: World, attach: Attach, body: str, why: str) -> None:
    attach(here)
    made = found(here, body)
    assert made.statements == ()
    (note,) = made.notes
    assert "OpenVEX at its registry" in note
    assert f"does not count: {why}" in note


@pytest.mark.parametrize(
    "attach",
    [
        pytest.param(lambda _here: None, id="nothing"),
        pytest.param(lambda here: here.sign(), id="a signature"),
        pytest.param(lambda here: here.attest(), id="provenance"),
        pytest.param(
            lambda here: here.put(here.enveloped(statement(here, SBOM, type_of("cyclonedx"))), suffix="att"),
            id="an SBOM",
        ),
        pytest.param(lambda here: here.put(here.layer(b"{", IN_TOTO), suffix="att"), id="no JSON"),
        pytest.param(lambda here: here.put(here.layer(b"\xff" * 99, IN_TOTO), suffix="att"), id="no text"),
    ],
)
def test_what_is_no_vex_is_passed_over(here: World, attach: Attach) -> None:
    attach(here)
    assert found(here) == AttachedVex((), frozenset({here.digest}))


def test_the_signers_of_the_image_count_where_the_policy_names_no_others(here: World) -> None:
    here.put(here.enveloped(statement(here)), suffix="att")
    assert len(found(here, 'cosign = { keys = ["k.pub"] }').statements) == 1


def test_one_document_by_two_signers_meets_a_threshold_of_two(here: World) -> None:
    here.put(here.enveloped(statement(here)), here.enveloped(statement(here), here.stranger), suffix="att")
    made = found(here, 'vex = { keys = ["k.pub", "s.pub"], threshold = 2 }')
    assert len(made.statements) == 1
    assert " and key " in made.statements[0].document


def test_what_is_attached_to_the_index_counts_for_its_images(here: World) -> None:
    raw = here.server.manifests["app"][here.digest][1]
    image = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": here.digest, "size": len(raw)}
    built = here.server.add_manifest("app", {
        "schemaVersion": 2, "config": here.layer(b"{}", "application/vnd.oci.image.config.v1+json"),
        "layers": [here.layer(b"{}", IN_TOTO, {"in-toto.io/predicate-type": OPENVEX})],
    })  # fmt: skip
    marked = built | {
        "annotations": {REFERENCE_TYPE: "attestation-manifest", "vnd.docker.reference.digest": here.digest}
    }
    index = here.server.add_index("app", "1", images={"linux/amd64": image, "unknown/unknown": marked})["digest"]
    here.put(here.enveloped(statement(here, digest=index)), suffix="att", digest=index)
    made = found(here)
    assert len(made.statements) == 1
    assert made.digests == {here.digest, index}
    assert [("its index" in note and "it is not signed" in note) for note in made.notes] == [True, False]
    # An index that does not list the image says nothing about it.
    other = here.server.add_index("app", "1", images={})["digest"]
    here.put(here.enveloped(statement(here, digest=other)), suffix="att", digest=other)
    assert found(here).statements == ()


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        (OPENVEX, "OpenVEX"),
        ("https://openvex.dev/ns/v0.0.1", "OpenVEX"),
        ("https://cyclonedx.org/vex", "CycloneDX VEX"),
        ("https://docs.oasis-open.org/csaf/v2.0", "CSAF VEX"),
        (type_of("cyclonedx"), ""),
        ("https://spdx.dev/Document", ""),
        ("https://slsa.dev/provenance/v1", ""),
        ("", ""),
    ],
)
@pytest.mark.parametrize("marked", ["for this image", "for another", "as nothing"])
def test_an_index_holds_statements_of_which_some_are_vex(here: World, kind: str, form: str, marked: str) -> None:
    built = here.server.add_manifest("app", {
        "schemaVersion": 2, "config": here.layer(b"{}", "application/vnd.oci.image.config.v1+json"),
        "layers": [here.layer(b"{}", IN_TOTO, {"in-toto.io/predicate-type": kind} if kind else {})],
    })  # fmt: skip
    digest = here.digest if marked == "for this image" else f"sha256:{'0' * 64}"
    annotations = {} if marked == "as nothing" else {REFERENCE_TYPE: "attestation-manifest"}
    entry = built | {"annotations": annotations | {"vnd.docker.reference.digest": digest}}
    raw = here.server.manifests["app"][here.digest][1]
    image = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": here.digest, "size": len(raw)}
    here.server.add_index("app", "1", images={"linux/amd64": image, "unknown/unknown": entry})
    said = f"{here.name().familiar}:1: {form} at its registry (its index) does not count: it is not signed"
    assert found(here).notes == ((said,) if form and marked == "for this image" else ())


def test_a_registry_that_fails_is_noted_and_is_no_error(here: World) -> None:
    here.put(here.enveloped(statement(here)), suffix="att")

    def fail(asked: Asked) -> Reply | None:
        return Reply(403, b"{}") if asked.path.endswith(".att") else None

    here.server.answers = fail
    made = found(here)
    assert made.statements == ()
    assert any("an attachment that could not be read at its registry (the .att tag)" in note for note in made.notes)


def test_a_signed_document_with_faults_is_noted(here: World) -> None:
    broken = DOCUMENT | {"statements": [*DOCUMENT["statements"], {"status": "maybe"}]}
    here.put(here.enveloped(statement(here, broken)), suffix="att")
    made = found(here)
    assert len(made.statements) == 1
    assert any("is not all readable: statement 2" in note for note in made.notes)


def test_many_documents_make_few_notes(here: World) -> None:
    here.put(*(here.layer(json.dumps(DOCUMENT | {"@id": f"urn:{number}"}).encode(), "application/openvex+json")
               for number in range(40)), suffix="att")  # fmt: skip
    assert len(found(here).notes) == 6


def test_a_policy_that_only_names_signers_of_vex_lets_nothing_pass_that_the_default_refuses(here: World) -> None:
    body = f'[trust]\ndefault = "refuse"\n[[trust.image]]\nmatch = ["{here.server.host}/app"]\nvex = {{ keys = ["k.pub"] }}\n'
    with pytest.raises(PolicyError, match="requires nothing"):
        read(Source("sealock.toml", body), "")
    assert policy(here).trust.files == (f"{Path.cwd()}/k.pub",)
    with pytest.raises(PolicyError, match="vex: keys"):
        policy(here, "vex = { keys = [] }")
