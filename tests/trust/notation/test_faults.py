"""What of Notation's signatures, policies and stores cannot be used is refused, and says why."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sealock.errors import PolicyError, TargetError, UsageError
from sealock.trust.notation import chain, cose, store
from sealock.trust.notation.jws import _from_url
from sealock.trust.notation.policy import read_policy
from sealock.trust.notation.requirements import Anchor, NotationRequirements
from sealock.trust.notation.store import anchors_of, default_key, read_anchors, read_revoked
from sealock.trust.refusal import SignatureRefusedError
from support.cosecbor import cose as cose_envelope
from support.notationworld import Holder, World, world

AUTHORITY = Holder("a", authority=True)


@pytest.fixture
def here() -> Iterator[World]:
    with world() as one:
        yield one


def statement(**fields: Any) -> Any:
    table = {
        "name": "mine", "registryScopes": ["*"], "signatureVerification": {"level": "strict"},
        "trustStores": ["ca:mine", "ca:other"], "trustedIdentities": ["*"],
    } | fields  # fmt: skip
    return read_policy(json.dumps({"version": "1.0", "trustPolicies": [table]}).encode(), "it").statements[0]


def test_requirements_name_an_authority_of_signers() -> None:
    anchors = Anchor(AUTHORITY.der), Anchor(AUTHORITY.der, "tsa")
    NotationRequirements(anchors).check()
    for some in ((), anchors[1:]):
        with pytest.raises(UsageError, match="Name the certificate of an authority"):
            NotationRequirements(some).check()


def test_a_level_that_skips_has_no_exceptions() -> None:
    with pytest.raises(PolicyError, match="override does not go with skip"):
        statement(signatureVerification={"level": "skip", "override": {"revocation": "skip"}})


def test_stores_have_at_most_so_many_files_and_certificates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("mine", "other"):
        (tmp_path / "x509" / "ca" / name).mkdir(parents=True)
        (tmp_path / "x509" / "ca" / name / "a.pem").write_bytes(AUTHORITY.chain_pem())
    (tmp_path / "x509" / "ca" / "other" / "b.txt").touch()
    for limit, most, words in (
        ("_MOST_CERTIFICATES", 2, ""), ("_MOST_CERTIFICATES", 1, "the trust stores of mine have more than 1 certificates"),
        ("_MOST_FILES", 2, ""), ("_MOST_FILES", 1, "ca/other has more than 1 files"),
    ):  # fmt: skip
        with monkeypatch.context() as patched:
            patched.setattr(store, limit, most)
            if words:
                with pytest.raises(PolicyError, match=words):
                    anchors_of(statement(), tmp_path)
            else:
                assert len(anchors_of(statement(), tmp_path)) == 2


def test_files_that_cannot_be_used_are_errors(tmp_path: Path) -> None:
    (tmp_path / "signingkeys.json").write_text("[")
    with pytest.raises(TargetError, match=r"signingkeys\.json is malformed"):
        default_key(tmp_path)
    with pytest.raises(TargetError, match="none"):
        read_revoked(str(tmp_path / "none"))
    (tmp_path / "large.pem").write_bytes(AUTHORITY.chain_pem() + b"#" * (1 << 24))
    with pytest.raises(TargetError, match=r"large\.pem"):
        read_anchors(tmp_path / "large.pem")


@pytest.mark.parametrize("text", ["A", "AB", "\u00e9", "AA==", "A+"])
def test_base64_is_canonical(text: str) -> None:
    with pytest.raises(SignatureRefusedError, match="base64"):
        _from_url(text)


def test_a_certificate_and_a_signature_have_at_most_so_many_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain, "_MOST", len(AUTHORITY.der))
    assert chain.load([AUTHORITY.der])
    monkeypatch.setattr(chain, "_MOST", len(AUTHORITY.der) - 1)
    with pytest.raises(SignatureRefusedError, match=f"has {len(AUTHORITY.der)} bytes; the limit is"):
        chain.load([AUTHORITY.der])
    monkeypatch.setattr(cose, "MOST_BYTES", 9)
    with pytest.raises(SignatureRefusedError, match="has 10 bytes; the limit is 9"):
        cose.read(b"x" * 10)
    with pytest.raises(SignatureRefusedError) as refused:
        cose.read(b"x" * 9)
    assert refused.value.check == "malformed"


def test_a_time_of_expiry_in_cose_is_a_time(here: World) -> None:
    head: dict[int | str, Any] = {
        "io.cncf.notary.expiry": "tomorrow",
        2: ["io.cncf.notary.signingScheme", "io.cncf.notary.expiry"],
    }
    here.refer(cose_envelope(here, here.signer, head=head), "application/cose")
    assert here.verify().check == "malformed"
