"""Whatever somebody who may push, or the registry itself, does: no image is trusted that was not signed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sealock.model.trust import TrustResult
from sealock.net.registry.manifests import MOST_ENTRIES
from sealock.trust.cosign import bundles, simple
from sealock.trust.cosign.attachments import tag_of
from sealock.trust.dsse import pae
from sealock.trust.intoto import SIGNATURE
from sealock.trust.wire import encoded
from support.cosignworld import PROVENANCE, World, world
from support.simulators.registry import sha256

Attack = Callable[[World], Any]


@pytest.fixture
def here() -> Iterator[World]:
    with world() as one:
        yield one


def tag_moved(here: World) -> None:
    """Another image's .sig under this image's tag."""
    other = here.push("app:other")
    here.sign(text="app:other")
    shelf = here.server.manifests["app"]
    shelf[tag_of(here.digest, "sig")] = shelf[tag_of(other, "sig")]


def copied_from_another_repository(here: World) -> None:
    """The same image, signed where it is only tried out."""
    shelf = here.server.manifests
    shelf["trial"] = dict(shelf["app"])
    here.sign(text="trial:1")
    shelf["app"][tag_of(here.digest, "sig")] = shelf["trial"][tag_of(here.digest, "sig")]


def bundle_copied_from_another_repository(here: World) -> None:
    here.refer(here.bundled(here.bundle(here.statement(name=f"{here.server.host}/trial"))))


def bundle_of_another_image(here: World) -> None:
    here.refer(here.bundled(here.bundle(here.statement(digest=here.push("app:other")))))


def provenance_as_a_signature(here: World) -> None:
    here.refer(here.bundled(here.bundle(here.statement(PROVENANCE))))


def provenance_under_the_tag_of_signatures(here: World) -> None:
    statement = here.statement(PROVENANCE)
    body = here.server.add_blob(statement)
    signature = encoded(here.key.sign(pae("application/vnd.in-toto+json", statement)))
    here.put({**body, "mediaType": simple.MEDIA_TYPE, "annotations": {simple.SIGNATURE: signature}})


def deleted(here: World) -> None:
    here.sign()
    del here.server.manifests["app"][tag_of(here.digest, "sig")]


def by_a_stranger(here: World) -> None:
    here.sign(here.stranger)


def bundle_by_a_stranger(here: World) -> None:
    here.sign(here.stranger, form="bundle")


def bundle_by_a_stranger_with_our_hint(here: World) -> None:
    hint = {"publicKey": {"hint": encoded(bytes.fromhex(here.key.public.id))}}
    here.refer(here.bundled(here.bundle(here.statement(), here.stranger, verificationMaterial=hint)))


def payload_swapped(here: World) -> None:
    """Somebody else's payload over our signature."""
    signature = encoded(here.key.sign(here.claims(digest=sha256(b"other"))))
    here.put(here.layer(here.claims(), annotations={simple.SIGNATURE: signature}))


def payload_of_another_type(here: World) -> None:
    table = json.loads(here.claims())
    table["critical"]["type"] = "atomic container signature"
    here.put(here.signed_layer(json.dumps(table).encode()))


def payload_without_a_repository(here: World) -> None:
    here.put(here.signed_layer(here.claims(repository="")))


def digest_in_the_optional_part_alone(here: World) -> None:
    other = sha256(b"other")
    payload = here.claims(digest=other, **{"docker-manifest-digest": here.digest})
    here.put(here.signed_layer(payload))


def digest_twice(here: World) -> None:
    """A reader that takes the last of two sees another image than one that takes the first."""
    text = here.claims().decode()
    entry = f'"docker-manifest-digest":"{here.digest}"'
    doubled = text.replace(entry, f'"docker-manifest-digest":"{sha256(b"other")}",{entry}')
    here.put(here.signed_layer(doubled.encode()))


def digest_again_in_another_spelling(here: World) -> None:
    """Cosign is written in Go, whose reader takes the last key that is the same but for letter case."""
    text = here.claims().decode()
    entry = f'"docker-manifest-digest":"{here.digest}"'
    here.put(here.signed_layer(text.replace(entry, f'{entry},"Docker-Manifest-Digest":"{sha256(b"other")}"').encode()))


def digest_again_with_the_kelvin_sign(here: World) -> None:
    text = here.claims().decode()
    entry = f'"docker-manifest-digest":"{here.digest}"'
    here.put(
        here.signed_layer(text.replace(entry, f'{entry},"doc\u212aer-manifest-digest":"{sha256(b"other")}"').encode())
    )


def claims_again_in_another_spelling(here: World) -> None:
    here.put(here.signed_layer(here.claims()[:-1] + b',"Critical":{}}'))


def number_beyond_all_others(here: World) -> None:
    here.put(here.signed_layer(here.claims(number=5).replace(b'"number":5', b'"number":1e999')))


def subject_again_in_another_spelling(here: World) -> None:
    statement = here.statement()
    assert b'"digest"' in statement
    here.refer(here.bundled(here.bundle(statement.replace(b'"digest"', b'"Digest":{},"digest"'))))


def prefix_of_the_digest(here: World) -> None:
    here.put(here.signed_layer(here.claims(digest=here.digest[:-1])))


def digest_in_capitals(here: World) -> None:
    here.put(here.signed_layer(here.claims(digest=here.digest.upper())))


def signature_that_is_no_base64(here: World) -> None:
    here.put(here.layer(here.claims(), annotations={simple.SIGNATURE: "%%%"}))


def signature_missing(here: World) -> None:
    here.put(here.layer(here.claims()))


def signature_empty(here: World) -> None:
    here.put(here.layer(here.claims(), annotations={simple.SIGNATURE: ""}))


def layer_of_another_type(here: World) -> None:
    payload = here.claims()
    here.put({**here.signed_layer(payload), "mediaType": "application/vnd.oci.image.layer.v1.tar"})


def layer_of_a_bundle_of_a_later_version(here: World) -> None:
    kind = "application/vnd.dev.sigstore.bundle.v0.9+json"
    here.refer(here.layer(here.bundle(here.statement()), kind), kind=kind)


def layer_that_is_compressed(here: World) -> None:
    layer = here.signed_layer(here.claims())
    here.put({**layer, "mediaType": f"{layer['mediaType']}+zstd"})


def dsse_of_another_payload_type(here: World) -> None:
    here.refer(here.bundled(here.bundle(here.statement(), payload_type="application/json")))


def dsse_type_changed_after_signing(here: World) -> None:
    table = json.loads(here.bundle(here.statement(), payload_type="application/json"))
    table["dsseEnvelope"]["payloadType"] = "application/vnd.in-toto+json"
    here.refer(here.bundled(json.dumps(table).encode()))


def bundle_with_many_signatures(here: World) -> None:
    table = json.loads(here.bundle(here.statement()))
    table["dsseEnvelope"]["signatures"] *= 2
    here.refer(here.bundled(json.dumps(table).encode()))


def bundle_with_no_signature(here: World) -> None:
    table = json.loads(here.bundle(here.statement()))
    table["dsseEnvelope"]["signatures"] = []
    here.refer(here.bundled(json.dumps(table).encode()))


def bundle_of_bare_bytes(here: World) -> None:
    message = {"messageDigest": {"algorithm": "SHA2_256", "digest": encoded(b"x" * 32)}, "signature": encoded(b"x")}
    here.refer(here.bundled(here.bundle(here.statement(), messageSignature=message)))


def bundle_of_an_unknown_version(here: World) -> None:
    kind = "application/vnd.dev.sigstore.bundle.v9+json"
    here.refer(here.bundled(here.bundle(here.statement(), mediaType=kind)))


def bundle_with_keys_twice(here: World) -> None:
    body = here.bundle(here.statement())
    here.refer(here.bundled(body[:-1] + b',"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json"}'))


def bundle_nested_deep(here: World) -> None:
    here.refer(here.bundled(b'{"a":' * 20000 + b"1" + b"}" * 20000))


def statement_of_an_unknown_version(here: World) -> None:
    here.refer(here.bundled(here.bundle(here.statement(version="https://in-toto.io/Statement/v9"))))


def statement_without_subject(here: World) -> None:
    table = json.loads(here.statement())
    table["subject"] = []
    here.refer(here.bundled(here.bundle(json.dumps(table).encode())))


def statement_by_another_algorithm(here: World) -> None:
    table = json.loads(here.statement())
    table["subject"][0]["digest"] = {"sha512": here.digest.partition(":")[2]}
    here.refer(here.bundled(here.bundle(json.dumps(table).encode())))


def statement_that_is_no_json(here: World) -> None:
    here.refer(here.bundled(here.bundle(b"\xff\xfe")))


def oversized_payload(here: World) -> None:
    here.put(here.signed_layer(here.claims(padding="x" * (simple.MOST_BYTES + 1))))


def oversized_layer(here: World) -> None:
    here.put(here.signed_layer(here.claims(padding="x" * (2 << 20))))


def index_under_the_tag(here: World) -> None:
    here.sign()
    tag = tag_of(here.digest, "sig")
    kind, raw = here.server.manifests["app"].pop(tag)
    entry = {"mediaType": kind, "digest": sha256(raw), "size": len(raw)}
    table = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [entry]}
    here.server.add_manifest("app", table, tag, kind="application/vnd.oci.image.index.v1+json")


def manifest_with_layers_and_manifests(here: World) -> None:
    here.sign()
    tag = tag_of(here.digest, "sig")
    table = json.loads(here.server.manifests["app"][tag][1])
    here.server.add_manifest("app", table | {"manifests": []}, tag)


def too_many_layers(here: World) -> None:
    layer = here.signed_layer(here.claims())
    here.put(*[layer] * (MOST_ENTRIES + 1))


def blob_swapped(here: World) -> None:
    """The registry gives other bytes for a digest."""
    here.sign(here.stranger)
    ours = here.claims()
    layer = json.loads(here.server.manifests["app"][tag_of(here.digest, "sig")][1])["layers"][0]
    here.server.blobs[layer["digest"]] = ours.ljust(layer["size"])[: layer["size"]]


REFUSED: list[tuple[Attack, str, str]] = [
    (tag_moved, "digest", "made for another image"),
    (copied_from_another_repository, "repository", "/trial, not for"),
    (bundle_copied_from_another_repository, "repository", "/trial, not for"),
    (bundle_of_another_image, "digest", "is about another subject"),
    (provenance_as_a_signature, "type", "not a signature of the image"),
    (provenance_under_the_tag_of_signatures, "signature", "not made by a key"),
    (deleted, "unsigned", "it has no signature"),
    (by_a_stranger, "signature", "not made by a key that you trust"),
    (bundle_by_a_stranger, "signature", "not made by a key that you trust"),
    (bundle_by_a_stranger_with_our_hint, "signature", "not made by a key that you trust; it claims to be made by key "),
    (payload_swapped, "signature", "not made by a key that you trust"),
    (payload_of_another_type, "type", "which is not cosign's"),
    (digest_in_the_optional_part_alone, "digest", "made for another image"),
    (digest_twice, "malformed", "is duplicated"),
    (digest_again_in_another_spelling, "malformed", "other verifiers read the key 'Docker-Manifest-Digest' as"),
    (digest_again_with_the_kelvin_sign, "malformed", "as 'docker-manifest-digest' - at `$.critical.image`"),
    (claims_again_in_another_spelling, "malformed", "the key 'Critical' as 'critical' - at `$`"),
    (number_beyond_all_others, "malformed", "a number out of range"),
    (subject_again_in_another_spelling, "malformed", "the key 'Digest' as 'digest' - at `$.subject[0]`"),
    (prefix_of_the_digest, "digest", "made for another image"),
    (digest_in_capitals, "digest", "made for another image"),
    (signature_that_is_no_base64, "malformed", "not base64"),
    (signature_missing, "malformed", "missing"),
    (signature_empty, "signature", "not made by a key"),
    (layer_of_another_type, "malformed", "the .sig tag: it has the unknown type"),
    (layer_of_a_bundle_of_a_later_version, "malformed", "bundle.v0.9+json"),
    (layer_that_is_compressed, "malformed", "the unknown type"),
    (dsse_of_another_payload_type, "type", "not an in-toto statement"),
    (dsse_type_changed_after_signing, "signature", "not made by a key"),
    (bundle_with_many_signatures, "malformed", "2 signatures"),
    (bundle_with_no_signature, "malformed", "no signature"),
    (bundle_of_bare_bytes, "type", "bare bytes"),
    (bundle_of_an_unknown_version, "type", "unknown bundle type"),
    (bundle_with_keys_twice, "malformed", "is duplicated"),
    (bundle_nested_deep, "malformed", "not JSON"),
    (statement_of_an_unknown_version, "type", "unknown type"),
    (statement_without_subject, "digest", "another subject: nothing"),
    (statement_by_another_algorithm, "digest", "another subject"),
    (statement_that_is_no_json, "malformed", "not JSON"),
    (oversized_payload, "size", "the limit is"),
    (oversized_layer, "malformed", "the limit for signatures is"),
    (index_under_the_tag, "malformed", "an index"),
    (manifest_with_layers_and_manifests, "malformed", "both manifests and layers"),
    (too_many_layers, "malformed", "length <= 1024"),
    (blob_swapped, "malformed", "another digest"),
]


@pytest.mark.parametrize(("attack", "check", "words"), REFUSED, ids=[one.__name__ for one, *_ in REFUSED])
def test_it_is_not_trusted_and_the_reason_is_told(here: World, attack: Attack, check: str, words: str) -> None:
    attack(here)
    result = here.verify()
    assert (result.state, result.check) == ("untrusted", check), result
    assert words in result.why
    assert not result.signers


@pytest.mark.parametrize(("attack", "check", "words"), REFUSED, ids=[one.__name__ for one, *_ in REFUSED])
def test_it_does_not_hide_a_signature_that_counts(here: World, attack: Attack, check: str, words: str) -> None:
    del check, words
    attack(here)
    here.refer(here.bundled(here.bundle(here.statement())))
    assert here.verify().state == "trusted"


def test_a_payload_without_a_repository_counts_unless_a_name_is_wanted(here: World) -> None:
    payload_without_a_repository(here)
    assert here.verify().notes
    assert here.verify(named_only=True).check == "repository"


# Attestations.


def attested_by_a_stranger(here: World) -> None:
    here.attest(here.stranger)


def attested_of_another_image(here: World) -> None:
    here.put(here.enveloped(here.statement(PROVENANCE, digest=sha256(b"x"))), suffix="att")


def envelope_of_another_type(here: World) -> None:
    here.put(here.enveloped(here.statement(PROVENANCE), payload_type="text/plain"), suffix="att")


def envelope_with_too_many_signatures(here: World) -> None:
    table = json.loads(here.server.blobs[here.enveloped(here.statement(PROVENANCE))["digest"]])
    table["signatures"] *= 17
    here.put(here.layer(json.dumps(table).encode(), "application/vnd.dsse.envelope.v1+json"), suffix="att")


def signature_as_an_attestation(here: World) -> None:
    here.refer(here.bundled(here.bundle(here.statement(SIGNATURE))))


def of_another_type(here: World) -> None:
    here.attest(kind="https://cyclonedx.org/bom")


def of_another_repository(here: World) -> None:
    here.put(here.enveloped(here.statement(PROVENANCE, name="example.com/other")), suffix="att")


@pytest.mark.parametrize(
    ("attack", "check"),
    [
        (attested_by_a_stranger, "signature"),
        (attested_of_another_image, "digest"),
        (envelope_of_another_type, "type"),
        (envelope_with_too_many_signatures, "size"),
        (signature_as_an_attestation, "unsigned"),
        (of_another_type, "type"),
        (of_another_repository, "repository"),
    ],
)
def test_an_attestation_that_does_not_count(here: World, attack: Attack, check: str) -> None:
    attack(here)
    found = here.attested(PROVENANCE)
    assert (found.state, found.check) == ("untrusted", check), found
    assert found.attestations == ()


def test_an_oversized_attestation_is_not_passed_over_in_silence(here: World) -> None:
    layer = here.layer(b"x", "application/vnd.dsse.envelope.v1+json")
    here.put(layer | {"size": bundles.MOST_BYTES + 1}, suffix="att")
    assert here.attested(PROVENANCE).state == "unknown"


def test_nothing_from_outside_reaches_a_terminal_raw(here: World) -> None:
    here.put(here.signed_layer(here.claims(repository="example.com/\x1b[2Jevil")))
    result: TrustResult = here.verify()
    assert result.state == "untrusted"
    assert result.check == "repository"
