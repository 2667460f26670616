"""What cosign 2.5.0 and sigstore-go refuse of bundles, sealock refuses too; and it takes what they take."""

from __future__ import annotations

import json
from base64 import b64encode, encodebytes
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding

from sealock.trust.cosign import simple
from sealock.trust.refusal import SignatureRefusedError
from sealock.trust.wire import GoBase64, shaped
from support.cosignworld import World, world
from support.sigstoreworld import Sigstore

SIGSTORE = Sigstore()
DER = SIGSTORE.certify(ec.generate_private_key(ec.SECP256R1()), "alice@example.org").public_bytes(Encoding.DER)
CERTIFICATE = {"rawBytes": b64encode(DER).decode()}
CHAIN = {"certificates": [CERTIFICATE]}
FIRST, SECOND = (f"application/vnd.dev.sigstore.bundle+json;version=0.{minor}" for minor in (1, 2))
STAMP = {"signedEntryTimestamp": "AAAA"}
PROOF = {"logIndex": "1", "rootHash": "AAAA", "treeSize": "2", "hashes": ["AAAA"], "checkpoint": {"envelope": "x"}}
ENTRY = {
    "logIndex": "1", "logId": {"keyId": "AAAA"}, "kindVersion": {"kind": "dsse", "version": "0.0.1"},
    "integratedTime": "1", "inclusionPromise": STAMP, "inclusionProof": PROOF, "canonicalizedBody": "AAAA",
}  # fmt: skip


@pytest.fixture
def here() -> Iterator[World]:
    with world() as one:
        yield one


def without(table: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in table.items() if name != key}


def material(**more: Any) -> Callable[[dict[str, Any]], None]:
    """Give other material for verification than a key alone."""

    def change(table: dict[str, Any]) -> None:
        table["verificationMaterial"] |= more
        if more.get("publicKey", "") is None:
            del table["verificationMaterial"]["publicKey"]

    return change


def entries(*of: dict[str, Any], kind: str = "") -> Callable[[dict[str, Any]], None]:
    """Give entries of a log, in a version of the bundle."""

    def change(table: dict[str, Any]) -> None:
        table["verificationMaterial"]["tlogEntries"] = list(of)
        table["mediaType"] = kind or table["mediaType"]

    return change


def chained(*of: dict[str, Any], kind: str) -> Callable[[dict[str, Any]], None]:
    """Give a chain instead of the key."""

    def change(table: dict[str, Any]) -> None:
        table["verificationMaterial"] = {"x509CertificateChain": {"certificates": list(of)}}
        table["mediaType"] = kind

    return change


def envelope(**more: Any) -> Callable[[dict[str, Any]], None]:
    return lambda table: table["dsseEnvelope"].update(more)


def signature(**more: Any) -> Callable[[dict[str, Any]], None]:
    return lambda table: table["dsseEnvelope"]["signatures"][0].update(more)


BUNDLES: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "a certificate instead of the key": (material(publicKey=None, certificate=CERTIFICATE), "signature"),
    "a certificate that is empty": (material(publicKey=None, certificate={"rawBytes": ""}), "malformed"),
    "a certificate and a key": (material(certificate=CERTIFICATE), "malformed"),
    "a chain and a key": (material(x509CertificateChain=CHAIN), "malformed"),
    "neither a key nor a certificate": (material(publicKey=None), "malformed"),
    "a chain instead of the key": (chained(CERTIFICATE, kind=SECOND), "signature"),
    "a chain of nothing": (chained(kind=SECOND), "malformed"),
    "a chain in a version without chains": (
        chained(CERTIFICATE, kind="application/vnd.dev.sigstore.bundle.v0.3+json"), "malformed",
    ),
    "a hint that is no text": (material(publicKey={"hint": 5}), "malformed"),
    "a key itself": (material(publicKey={"hint": "x", "rawBytes": "AAAA"}), "malformed"),
    "unknown material": (material(x=1), "malformed"),
    "an unknown member": (lambda table: table.update(x=None), "malformed"),
    "a member of the envelope that is unknown": (envelope(x=1), "malformed"),
    "a member of the signature that is unknown": (signature(cert="x"), "malformed"),
    "a key id that is no text": (signature(keyid=5), "malformed"),
    "an entry of the log that is empty": (entries({}), "malformed"),
    "an entry without the log's id": (entries(without(ENTRY, "logId")), "malformed"),
    "an entry with an unknown member": (entries({**ENTRY, "x": 1}), "malformed"),
    "an entry without a proof": (entries(without(ENTRY, "inclusionProof")), "malformed"),
    "an entry without a promise in the first version": (
        entries(without(ENTRY, "inclusionPromise"), kind=FIRST), "malformed",
    ),
    "timestamps that are a text": (material(timestampVerificationData="x"), "malformed"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "check"), BUNDLES.values(), ids=BUNDLES)
def test_a_bundle(here: World, change: Callable[[dict[str, Any]], None], check: str) -> None:
    table = json.loads(here.bundle(here.statement()))
    change(table)
    here.refer(here.bundled(json.dumps(table).encode()))
    assert here.verify().check == check


TAKEN: dict[str, Callable[[dict[str, Any]], None]] = {
    "as usual": lambda _: None,
    "no hint": material(publicKey={}),
    "a signature of bytes that is null": lambda table: table.update(messageSignature=None),
    "members that are null": material(certificate=None, tlogEntries=None, timestampVerificationData=None),
    "timestamps": material(timestampVerificationData={"rfc3161Timestamps": [{"signedTimestamp": "AAAA"}]}),
    "an entry of the log": entries(ENTRY),
    "an entry with a promise alone in the first version": entries(without(ENTRY, "inclusionProof"), kind=FIRST),
    "an entry with a proof alone in the second": entries(without(ENTRY, "inclusionPromise"), kind=SECOND),
    "an entry of a log that states no time": entries(without(without(ENTRY, "inclusionPromise"), "integratedTime")),
    "two entries, one with a proof": entries(without(ENTRY, "inclusionProof"), ENTRY),
}  # fmt: skip


@pytest.mark.parametrize("change", TAKEN.values(), ids=TAKEN)
def test_a_bundle_that_counts(here: World, change: Callable[[dict[str, Any]], None]) -> None:
    table = json.loads(here.bundle(here.statement()))
    change(table)
    here.refer(here.bundled(json.dumps(table).encode()))
    assert here.verify().state == "trusted"


STATEMENTS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "an unknown member": lambda table: table.update(x=None),
    "a subject with an unknown member": lambda table: table["subject"][0].update(x=1),
    "a subject with content that is no base64": lambda table: table["subject"][0].update(content="!"),
    "1025 subjects": lambda table: table.update(subject=table["subject"] * 1025),
    "a subject with 33 digests": lambda table: table["subject"][0]["digest"].update(
        {f"a{number}": "" for number in range(32)}
    ),
}


@pytest.mark.parametrize("change", STATEMENTS.values(), ids=STATEMENTS)
def test_a_statement_in_a_bundle(here: World, change: Callable[[dict[str, Any]], Any]) -> None:
    table = json.loads(here.statement())
    change(table)
    here.refer(here.bundled(here.bundle(json.dumps(table).encode())))
    assert here.verify().check == "malformed"


def test_a_statement_in_a_bundle_with_all_that_it_may_have(here: World) -> None:
    table = json.loads(here.statement())
    table["subject"][0] |= {
        "uri": "u", "content": "AAAA", "downloadLocation": "d", "mediaType": "m", "annotations": {"a": [1]},
    }  # fmt: skip
    table["subject"][0]["digest"] |= {f"a{number}": "" for number in range(31)}
    table["subject"] *= 1024
    here.refer(here.bundled(here.bundle(json.dumps(table).encode())))
    assert here.verify().state == "trusted"


@pytest.mark.parametrize(("keyid", "state"), [("x", "trusted"), (None, "trusted"), (5, "untrusted")])
def test_the_id_of_a_key_is_a_text(here: World, keyid: object, state: str) -> None:
    layer = here.enveloped(here.statement("https://example.org/x"))
    table = json.loads(here.server.blobs[layer["digest"]])
    table["signatures"][0]["keyid"] = keyid
    here.put(here.layer(json.dumps(table).encode(), layer["mediaType"]), suffix="att")
    result = here.attested()
    assert result.state == state, result


def plain(made: bytes) -> str:
    return b64encode(made).decode()


def halves(made: bytes, size: int = 32) -> str:
    return plain(b"".join(number.to_bytes(size, "big") for number in decode_dss_signature(made)))


SIGNATURES: dict[str, tuple[Callable[[bytes], str], str]] = {
    "as usual": (plain, "trusted"),
    "a line behind": (lambda made: f"{plain(made)}\r\n", "trusted"),
    "lines, as base64 breaks them": (lambda made: encodebytes(made).decode(), "trusted"),
    "a blank": (lambda made: f"{plain(made)} ", "untrusted"),
    "two numbers one behind the other": (halves, "trusted"),
    "two numbers as large as those of another curve": (lambda made: halves(made, 66), "trusted"),
    "two numbers that are larger": (lambda made: halves(made, 67), "untrusted"),
    "one byte more than two numbers": (lambda made: plain(b"\0" + made), "untrusted"),
}


@pytest.mark.parametrize(("form", "state"), SIGNATURES.values(), ids=SIGNATURES)
def test_a_signature_in_another_form(here: World, form: Callable[[bytes], str], state: str) -> None:
    payload = here.claims()
    written = form(here.key.sign(payload))
    here.put(here.layer(payload, annotations={simple.SIGNATURE: written}))
    assert here.verify().state == state


@pytest.mark.parametrize("text", ["A", "AA", "AAA", "AA===", "AA=", "AAAA=", "A===", "AA=A"])
def test_base64_without_its_end_or_with_more_of_it(text: str) -> None:
    with pytest.raises(SignatureRefusedError, match="is not base64"):
        shaped(text, GoBase64, "it")
