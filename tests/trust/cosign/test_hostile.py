"""Whatever bytes come in place of bundles, payloads, certificates and roots: a refusal, and nothing else."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from sealock.errors import TargetError
from sealock.trust.cosign.bundles import read_bundle, write_bundle
from sealock.trust.cosign.certificates import claimed
from sealock.trust.cosign.certificates import read_claims as read_certificate
from sealock.trust.cosign.keyless import SigstoreRoot
from sealock.trust.cosign.privatekeys import generate
from sealock.trust.cosign.promises import Unproven, check_certificate, check_promise
from sealock.trust.cosign.requirements import SignerIdentity
from sealock.trust.cosign.simple import read_claims, signing_time, write_claims
from sealock.trust.cosign.trustedroot import read_trusted_root
from sealock.trust.dsse import DsseEnvelope, pae
from sealock.trust.intoto import SIGNATURE, read_statement, write_statement
from sealock.trust.refusal import SignatureRefusedError
from support.draws import draws
from support.sigstoreworld import ISSUER, SIGNED, Sigstore

DIGEST = "sha256:" + "0" * 64
SIGSTORE = Sigstore()
ROOT = read_trusted_root(SIGSTORE.root)
DER = SIGSTORE.certify(ec.generate_private_key(ec.SECP256R1()), "alice@example.org").public_bytes(Encoding.DER)
STATEMENT = write_statement(DIGEST, SIGNATURE, {}, name="example.com/app")
KEY = generate()
BUNDLE = write_bundle(STATEMENT, KEY.sign(STATEMENT), KEY.public)
CLAIMS = write_claims("example.com/app", DIGEST, {"a": 1})
BESIDE = SIGSTORE.annotations(CLAIMS, CLAIMS, "alice@example.org")
PROMISE, CERTIFICATE = (BESIDE[f"dev.sigstore.cosign/{name}"] for name in ("bundle", "certificate"))
SIGNED_BY = b64decode(BESIDE["dev.cosignproject.cosign/signature"])

leaves = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8))
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value."""
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found += places(inner, (*path, key))
    return found


@st.composite
def harmed(draw: st.DrawFn, raw: bytes) -> bytes:
    """The JSON with one value replaced by any other, or gone."""
    table = json.loads(raw)
    *path, last = draw(st.sampled_from(places(table)))
    at = table
    for step in path:
        at = at[step]
    if draw(st.booleans()):
        at[last] = draw(values)
    else:
        del at[last]
    return json.dumps(table).encode()


@st.composite
def bent(draw: st.DrawFn, raw: bytes) -> bytes:
    """The bytes with some changed, cut or doubled."""
    data = bytearray(raw)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(data) - 1))
        match draw(st.sampled_from(("flip", "cut", "double"))):
            case "flip":
                data[at] = draw(st.integers(0, 255))
            case "cut":
                del data[at : at + draw(st.integers(1, 8))]
            case "double":
                data[at:at] = data[at : at + 8]
        if not data:
            break
    return bytes(data)


@draws(150)
@given(harmed(BUNDLE) | bent(BUNDLE) | st.binary(max_size=50))
def test_a_bundle_is_read_or_refused(raw: bytes) -> None:
    try:
        read_bundle(raw, "it")
    except SignatureRefusedError:
        return


@draws(150)
@given(harmed(CLAIMS) | bent(CLAIMS) | st.binary(max_size=50))
def test_a_payload_is_read_or_refused(raw: bytes) -> None:
    try:
        claims = read_claims(raw, "it")
    except SignatureRefusedError:
        return
    when = signing_time(claims.optional)
    assert when is None or when.tzinfo


@draws(150)
@given(harmed(STATEMENT) | bent(STATEMENT) | st.binary(max_size=50))
def test_a_statement_is_read_or_refused(raw: bytes) -> None:
    try:
        statement = read_statement(DsseEnvelope("application/vnd.in-toto+json", raw, (b"",)), "it")
        statement.about(DIGEST)
    except SignatureRefusedError:
        return


@draws(150)
@given(bent(DER))
def test_a_certificate_that_was_changed_proves_nothing(der: bytes) -> None:
    if der == DER:
        return
    read_certificate(der)
    assert claimed(der)
    with pytest.raises(SignatureRefusedError):
        check_certificate(ROOT, der, SIGNED)


@draws(150)
@given(harmed(PROMISE.encode()) | bent(PROMISE.encode()))
def test_a_promise_that_was_changed_proves_nothing(raw: bytes) -> None:
    try:
        if json.loads(raw) == json.loads(PROMISE):
            return
    except ValueError:
        pass
    with pytest.raises(SignatureRefusedError):
        check_promise(ROOT, Unproven(SIGNED_BY, CLAIMS, CLAIMS, CLAIMS, CERTIFICATE, raw.decode("utf-8", "replace")))


def test_the_promise_proves_what_it_is_about() -> None:
    proven = check_promise(ROOT, Unproven(SIGNED_BY, CLAIMS, CLAIMS, CLAIMS, CERTIFICATE, PROMISE))
    assert proven.signed == SIGNED


@draws(150)
@given(harmed(SIGSTORE.root) | bent(SIGSTORE.root))
def test_a_trusted_root_is_read_or_refused(raw: bytes) -> None:
    try:
        read_trusted_root(raw)
    except TargetError as error:
        assert "trusted root cannot be used" in str(error)  # noqa: PT017  it may be read, too


@draws(60)
@given(st.data())
def test_a_bundle_without_a_key_that_was_changed_proves_nothing(data: st.DataObject) -> None:
    table = SIGSTORE.bundle(STATEMENT, "alice@example.org")
    raw = data.draw(harmed(json.dumps(table["verificationMaterial"]).encode()))
    changed = table | {"verificationMaterial": json.loads(raw)}
    if changed == table:
        return
    try:
        bundle = read_bundle(json.dumps(changed).encode(), "it")
        signer = KEYLESS.signer(bundle, "")
    except SignatureRefusedError:
        return
    # What does not matter may be changed: that the log's index is told twice, for one.
    assert (signer.name, signer.issuer, signer.signed) == ("alice@example.org", ISSUER, SIGNED)


KEYLESS = SigstoreRoot(SIGSTORE.root, (SignerIdentity("alice@example.org", ISSUER),))


def test_a_certificate_counts_at_its_time_alone() -> None:
    check_certificate(ROOT, DER, SIGNED)
    for when in (SIGNED - timedelta(hours=1), SIGNED + timedelta(hours=1)):
        with pytest.raises(SignatureRefusedError, match="was not valid at"):
            check_certificate(ROOT, DER, when)


def test_types_that_run_into_payloads_are_told_apart() -> None:
    """DSSE's own reason for its encoding: lengths keep a type and a payload apart."""
    assert len({pae("a", b"b c"), pae("a b", b"c"), pae("a 3 b", b"c"), pae("", b"a b c")}) == 4
    assert pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_base64_of_either_alphabet_is_read() -> None:
    table = json.loads(BUNDLE)
    payload = b64encode(b"\xfb\xff" + STATEMENT).decode()
    assert "+" in payload or "/" in payload
    table["dsseEnvelope"]["payload"] = payload.replace("+", "-").replace("/", "_")
    assert read_bundle(json.dumps(table).encode(), "it").envelope.payload == b"\xfb\xff" + STATEMENT
