"""What notation-core-go 1.1.0 refuses of signed envelopes, sealock refuses too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.x509.oid import ExtendedKeyUsageOID

from sealock.trust.notation import envelope
from sealock.trust.notation.cose import Tagged
from support.cosecbor import cose
from support.notationworld import Holder, World, rsa_key, spelled, world


@pytest.fixture
def here() -> Iterator[World]:
    with world() as one:
        yield one


HEADS: dict[str, dict[str, Any]] = {
    "another payload type in another spelling": {"Cty": "x"},
    "another scheme in another spelling": {"IO.cncf.notary.signingScheme": "x"},
    "another scheme with a long s": {"io.cncf.notary.\u017figningScheme": "x"},
    "crit with an attribute twice": {"crit": [envelope.SCHEME, envelope.SCHEME]},
    "a time in small letters": {envelope.SIGNED: "2026-11-25t12:00:00z"},
    "a time with a space": {envelope.SIGNED: "2026-11-25 12:00:00Z"},
    "the time that stands for none": {envelope.SIGNED: "0001-01-01T00:00:00Z"},
}


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
def test_a_protected_header_of_jws(here: World, head: dict[str, Any]) -> None:
    here.refer(here.envelope(head=head))
    assert here.verify().check == "malformed"


@pytest.mark.parametrize("written", ["2026-11-25T12:00:00.5Z", "2026-11-25T14:00:00+02:00"])
def test_times_that_count(here: World, written: str) -> None:
    here.refer(here.envelope(head={envelope.SIGNED: written}))
    assert here.verify().state == "trusted"


@pytest.mark.parametrize(("agent", "state"), [(None, "trusted"), ("me", "trusted"), (5, "untrusted")])
def test_a_signing_agent_is_a_text(here: World, agent: object, state: str) -> None:
    here.refer(here.envelope(after=lambda table: table["header"].update({envelope.AGENT: agent})))
    assert here.verify().state == state


COSE: dict[str, tuple[dict[str, Any], str]] = {
    "an algorithm by name": ({"head": {1: "ES256"}}, "algorithm"),
    "a key id that is a text": ({"head": {4: "x"}}, "malformed"),
    "a key id that is a text, unprotected": ({"open_head": {4: "x"}}, "malformed"),
    "two vectors": ({"head": {5: b"x"}, "open_head": {6: b"x"}}, "malformed"),
    "a number of more than 64 bits": ({"head": {"x": 1 << 63}}, "malformed"),
    "a tag elsewhere": ({"head": {"x": Tagged(0, "x")}}, "malformed"),
    "a tag in an unprotected list": ({"open_head": {"x": [Tagged(99, 1)]}}, "malformed"),
}


@pytest.mark.parametrize(("changes", "check"), COSE.values(), ids=COSE)
def test_headers_of_cose(here: World, changes: dict[str, Any], check: str) -> None:
    here.refer(cose(here, here.signer, **changes), envelope.COSE)
    assert here.verify().check == check


def test_common_parameters_of_cose_that_count(here: World) -> None:
    more: dict[int | str, Any] = {4: b"x", 5: b"x", "x": (1 << 63) - 1, "y": {"z": [1]}}
    here.refer(cose(here, here.signer, head=more), envelope.COSE)
    assert here.verify().state == "trusted"


def test_a_chain_in_the_protected_header_of_cose(here: World) -> None:
    chain = list(here.signer.chain)
    here.refer(cose(here, here.signer, head={33: chain}, open_head={33: None}), envelope.COSE)
    assert here.verify().check == "malformed"


def root_twice(here: World) -> None:
    chain = spelled((*here.signer.chain, here.root.der))
    here.refer(here.envelope(after=lambda table: table["header"].update(x5c=chain)))


def answers_on_revocation(here: World) -> None:
    uses = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING, ExtendedKeyUsageOID.OCSP_SIGNING])
    here.sign(Holder("signer", here.middle, extensions={"uses": (uses, False)}))


def another_curve(here: World) -> None:
    here.sign(
        Holder("signer", Holder("middle", here.root, authority=True, key=ec.generate_private_key(ec.SECP256K1())))
    )


def another_hash(here: World) -> None:
    here.sign(Holder("signer", here.middle, hashed=hashes.SHA224()))


@pytest.mark.parametrize("attack", [root_twice, answers_on_revocation, another_curve, another_hash])
def test_chains(here: World, attack: Callable[[World], None]) -> None:
    attack(here)
    assert here.verify().check == "certificate"


@pytest.mark.parametrize(
    ("masked", "salt", "counts"),
    [(hashes.SHA256(), 32, True), (hashes.SHA256(), 20, False), (hashes.SHA512(), 32, False)],
    ids=["as usual", "a shorter salt", "a mask by another hash"],
)
def test_a_chain_with_rsa_pss(here: World, masked: hashes.HashAlgorithm, salt: int, counts: bool) -> None:  # noqa: FBT001  a row of the table
    middle = Holder("middle", here.root, authority=True, key=rsa_key(2048))
    here.sign(Holder("signer", middle, padded=padding.PSS(padding.MGF1(masked), salt)))
    verdict = here.verify()
    assert (verdict.state, verdict.check) == (("trusted", "") if counts else ("untrusted", "certificate"))
