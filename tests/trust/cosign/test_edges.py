"""What cosign's signatures hold to at their edges: the largest promise, another log, an identity without issuer."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from sealock.errors import TargetError, UsageError
from sealock.trust.cosign.keys import read_public as read_cosign
from sealock.trust.cosign.keys import write_public
from sealock.trust.cosign.privatekeys import generate as generate_cosign
from sealock.trust.cosign.promises import Unproven, check_log, check_promise
from sealock.trust.cosign.requirements import CosignRequirements, SignerIdentity
from sealock.trust.cosign.simple import write_claims
from sealock.trust.cosign.trustedroot import read_trusted_root
from sealock.trust.cosign.verifier import verify_cosign, verify_file_attestation
from sealock.trust.refusal import SignatureRefusedError
from support.cosignworld import World, world
from support.sigstoreworld import SIGNED, Sigstore

HEX = "ab" * 32


@pytest.mark.parametrize(
    ("identity", "sound"),
    [(SignerIdentity("a@b.c", ""), False), (SignerIdentity("a@b.c", "https://x"), True)],
    ids=["an identity without an issuer", "an identity with one"],
)
def test_an_identity_has_an_issuer(identity: SignerIdentity, *, sound: bool) -> None:
    expected = CosignRequirements(identities=(identity,), trusted_root=SIGSTORE.root)
    if sound:
        expected.check()
    else:
        with pytest.raises(UsageError, match="its issuer must be literal"):
            expected.check()


@pytest.mark.parametrize(("pattern", "fits"), [("*a*", True), ("*b*", False), ("*a*b*", False)])
def test_a_part_of_a_pattern_may_stand_at_the_beginning(pattern: str, *, fits: bool) -> None:
    assert SignerIdentity(pattern, "x").fits("a", "x") is fits


@pytest.mark.parametrize(("length", "sound"), [(64 << 10, True), ((64 << 10) + 1, False)], ids=["the most", "one more"])
def test_a_file_of_a_public_key_is_of_so_many_bytes_at_most(length: int, *, sound: bool) -> None:
    raw = write_public(generate_cosign().public)
    raw += b" " * (length - len(raw))
    if sound:
        assert read_cosign(raw, "x.pub").der
    else:
        with pytest.raises(TargetError, match="the limit"):
            read_cosign(raw, "x.pub")


SIGSTORE = Sigstore()
ROOT = read_trusted_root(SIGSTORE.root)
CLAIMS = write_claims("example.com/app", f"sha256:{HEX}", {})
BESIDE = SIGSTORE.annotations(CLAIMS, CLAIMS, "alice@example.org")
PROMISE, CERTIFICATE = (BESIDE[f"dev.sigstore.cosign/{name}"] for name in ("bundle", "certificate"))
OTHERS = SIGSTORE.annotations(CLAIMS, CLAIMS, "alice@example.org")["dev.sigstore.cosign/certificate"]
SIGNATURE = base64.b64decode(BESIDE["dev.cosignproject.cosign/signature"])
LONG = " " * (64 << 10)


def unproven(certificate: str = CERTIFICATE, promise: str = PROMISE) -> Unproven:
    return Unproven(SIGNATURE, CLAIMS, CLAIMS, CLAIMS, certificate, promise)


UNPROVEN = {
    "a certificate of as many bytes as can be": (unproven(certificate=LONG), "its certificate cannot be used"),
    "a certificate of one byte more": (unproven(certificate=f"{LONG} "), "its certificate or promise is too large"),
    "a promise of as many bytes as can be": (unproven(promise=LONG), "the log's promise"),
    "a promise of one byte more": (unproven(promise=f"{LONG} "), "its certificate or promise is too large"),
    "no promise": (unproven(promise=""), "it has no promise of a log"),
    "another certificate than the log has": (unproven(certificate=f"{CERTIFICATE}{OTHERS}"), "for another signature"),
}


@pytest.mark.parametrize(("what", "words"), UNPROVEN.values(), ids=UNPROVEN)
def test_a_promise_of_a_log_proves_what_it_says(what: Unproven, words: str) -> None:
    with pytest.raises(SignatureRefusedError, match=words):
        check_promise(ROOT, what)


def test_a_log_is_known_by_its_id() -> None:
    (log, *_) = ROOT.logs
    check_log(ROOT, log.id, SIGNED)
    for other, when in ((secrets.token_bytes(32), SIGNED), (log.id, datetime(1990, 1, 1, tzinfo=UTC))):
        with pytest.raises(SignatureRefusedError, match="no log that is trusted for that time"):
            check_log(ROOT, other, when)


@pytest.fixture(name="here")
def make_world() -> Iterator[World]:
    with world() as one:
        yield one


def test_whoever_verifies_names_a_signer(here: World) -> None:
    for verify in (here.verify, here.attested):
        with pytest.raises(UsageError, match="which signer do you trust"):
            verify(keys=())
    with pytest.raises(UsageError, match="which signer do you trust"):
        verify_file_attestation(here.digest, b"{}", "it", CosignRequirements())


@pytest.mark.parametrize(
    ("signers", "threshold", "state"),
    [
        pytest.param("a", 1, "trusted", id="one of one"),
        pytest.param("ab", 1, "trusted", id="more than are needed"),
        pytest.param("ab", 2, "trusted", id="two of two"),
        pytest.param("aa", 2, "untrusted", id="one that signs twice"),
        pytest.param("ac", 2, "untrusted", id="a stranger"),
        pytest.param("cab", 2, "trusted", id="a stranger before two"),
    ],
)
def test_as_many_signers_as_are_needed_attest(here: World, signers: str, threshold: int, state: str) -> None:
    keys = {"a": here.key, "b": generate_cosign(), "c": here.stranger}
    for number, who in enumerate(signers):
        here.attest(keys[who], kind=f"https://example.com/{number}", form="bundle")
    result = here.attested(keys=(keys["a"].public, keys["b"].public), threshold=threshold)
    assert (result.state, result.check) == (state, "" if state == "trusted" else "threshold")
    assert len(result.signers) == len(set(signers) - {"c"})


def test_a_result_names_the_image_as_it_was_asked_for(here: World) -> None:
    here.sign()
    bare = replace(here.name(), tag=None)
    for name, ending in ((here.name(), "/app:1"), (bare, "/app")):
        result = verify_cosign(here.client, name, here.digest, CosignRequirements(keys=(here.key.public,)))
        assert (result.state, result.reference) == ("trusted", f"{here.server.host}{ending}")
