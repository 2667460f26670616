"""What a Notation signature holds to at its edges: the last moment, the longest chain, a list that is not whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID
from msgspec.structs import replace

from sealock.errors import PolicyError, TargetError, UsageError
from sealock.trust.notation import cose as reading
from sealock.trust.notation.envelope import ARTIFACT_TYPE, JWS
from sealock.trust.notation.names import read_subject
from sealock.trust.notation.policy import PolicyDocument, read_policy
from sealock.trust.notation.requirements import Anchor, NotationRequirements, RevocationList
from sealock.trust.notation.store import anchors_of
from sealock.trust.notation.verifier import verify_notation
from sealock.trust.refusal import SignatureRefusedError
from support.cosecbor import cose
from support.notationworld import NOW, Holder, World, rsa_key, world
from support.registryworld import OCI_MANIFEST
from support.simulators.registry import OCI_INDEX, Reply, sha256


@pytest.fixture
def here() -> Iterator[World]:
    with world() as one:
        yield one


def policy(**fields: Any) -> PolicyDocument:
    statement = {
        "name": "mine", "registryScopes": ["example.com/app"], "signatureVerification": {"level": "strict"},
        "trustStores": ["ca:mine"], "trustedIdentities": ["*"],
    } | fields  # fmt: skip
    kept = {key: value for key, value in statement.items() if value is not None}
    return read_policy(json.dumps({"version": "1.0", "trustPolicies": [kept]}).encode(), "it")


SKIP = {"level": "skip"}
POLICIES: dict[str, tuple[dict[str, Any], bool]] = {
    "skip alone": ({"signatureVerification": SKIP, "trustStores": None, "trustedIdentities": None}, True),
    "skip with identities": ({"signatureVerification": SKIP, "trustStores": None}, False),
    "skip with stores": ({"signatureVerification": SKIP, "trustedIdentities": None}, False),
    "as many repositories as can be": ({"registryScopes": [f"example.com/a{number}" for number in range(1000)]}, True),
    "one repository more": ({"registryScopes": [f"example.com/a{number}" for number in range(1001)]}, False),
}


@pytest.mark.parametrize(("fields", "sound"), POLICIES.values(), ids=POLICIES)
def test_a_policy_of_notation_means_one_thing(fields: dict[str, Any], *, sound: bool) -> None:
    if sound:
        assert policy(**fields).statements
    else:
        with pytest.raises(PolicyError):
            policy(**fields)


@pytest.mark.parametrize("store", ["key:mine", "ca:a/b", "ca:", "ca:.", "ca:..", "ca", "x" * 201])
def test_certificates_come_from_the_trust_store_alone(tmp_path: Path, store: str) -> None:
    (statement,) = policy().statements
    for name in ("key/mine", "ca/a/b", "ca"):
        (tmp_path / "trust-store" / "x509" / name).mkdir(parents=True, exist_ok=True)
        (tmp_path / "trust-store" / "x509" / name / "a.pem").write_bytes(Holder("a", authority=True).chain_pem())
    (tmp_path / "trust-store" / "x509" / "a.pem").write_bytes(Holder("a", authority=True).chain_pem())
    changed = type(statement)(
        **{name: getattr(statement, name) for name in statement.__struct_fields__} | {"stores": (store,)}
    )
    with pytest.raises(PolicyError) as error:
        anchors_of(changed, tmp_path)
    assert str(error.value) == f"{store[:200]!r} is not a trust store, for example ca:NAME"


@pytest.mark.parametrize(("length", "sound"), [(2000, True), (2001, False)], ids=["the longest", "one more"])
def test_a_subject_is_of_so_many_characters_at_most(length: int, *, sound: bool) -> None:
    text = "O=" + "x" * (length - 2)
    if sound:
        assert read_subject(text).text == text
    else:
        with pytest.raises(PolicyError):
            read_subject(text)


@pytest.mark.parametrize(("lives", "check"), [(timedelta(), "malformed"), (timedelta(seconds=1), "")])
def test_a_signature_expires_after_it_was_made(here: World, lives: timedelta, check: str) -> None:
    here.refer(here.envelope(signed=NOW, expiry=NOW + lives))
    assert here.verify().check == check


def access(method: x509.ObjectIdentifier) -> tuple[x509.ExtensionType, bool]:
    """An extension that names an address of the authority."""
    where = x509.AccessDescription(method, x509.UniformResourceIdentifier("http://127.0.0.1/"))
    return x509.AuthorityInformationAccess([where]), False


@pytest.mark.parametrize(
    ("method", "check"),
    [(AuthorityInformationAccessOID.OCSP, "unavailable"), (AuthorityInformationAccessOID.CA_ISSUERS, "")],
    ids=["an address that answers about revocation", "an address of the authority's certificate"],
)
def test_a_certificate_that_says_where_revocation_is_told_needs_a_list(
    here: World, method: x509.ObjectIdentifier, check: str
) -> None:
    here.sign(Holder("signer", here.middle, extensions={"access": access(method)}))
    assert here.verify().check == check


def test_a_certificate_that_is_signed_with_sha_1_is_refused(here: World) -> None:
    maker = Holder("signer", Holder("issuer", here.root, authority=True, key=rsa_key(2048)))
    with_sha256, with_sha1 = (bytes.fromhex(f"2a864886f70d0101{last}") for last in ("0b", "05"))
    assert maker.der.count(with_sha256) == 2
    maker.chain = (maker.der.replace(with_sha256, with_sha1), *maker.chain[1:])
    here.sign(maker)
    result = here.verify()
    assert result.check == "certificate"
    assert "is signed with sha1" in result.why


@pytest.mark.parametrize(("count", "words"), [(16, "certificate"), (17, "malformed")])
def test_a_chain_in_cose_is_of_sixteen_certificates_at_most(here: World, count: int, words: str) -> None:
    here.refer(cose(here, here.signer, open_head={33: [here.signer.der] * count}), "application/cose")
    assert here.verify().check == words


def test_a_time_in_cose_has_the_tag_of_times(here: World) -> None:
    head: dict[int | str, Any] = {"io.cncf.notary.signingTime": reading.Tagged(2, int(NOW.timestamp()))}
    here.refer(cose(here, here.signer, head=head), "application/cose")
    assert here.verify().check == "malformed"


LIST = (
    x509.CRLDistributionPoints(
        [x509.DistributionPoint([x509.UniformResourceIdentifier("http://127.0.0.1/x.crl")], None, None, None)]
    ),
    False,
)


def revocations(by: Holder, until: datetime, *, partial: bool = False) -> RevocationList:
    """A list that revokes nothing."""
    builder = x509.CertificateRevocationListBuilder(by.name, NOW - timedelta(days=9), until)
    if partial:
        builder = builder.add_extension(
            x509.IssuingDistributionPoint(None, None, True, False, None, False, False), critical=True
        )
    return RevocationList(builder.sign(by.key, hashes.SHA256()).public_bytes(Encoding.DER))


@pytest.mark.parametrize(
    ("later", "partial", "check"),
    [(0, False, ""), (-1, False, "unavailable"), (9, True, "unavailable"), (9, False, "")],
    ids=["its last moment", "a second later", "only users' certificates", "whole"],
)
def test_a_revocation_list_holds_while_it_is_whole_and_fresh(
    here: World, later: int, check: str, *, partial: bool
) -> None:
    here.sign(Holder("signer", here.middle, extensions={"list": LIST}))
    found = revocations(here.middle, NOW + timedelta(seconds=later), partial=partial)
    assert here.verify(revoked=(found,)).check == check


@pytest.mark.parametrize(
    "change", [(b"\x02\x01\x01", b"\x02\x01\x04"), (b"\x30", b"\x31")], ids=["a version that is not known", "no list"]
)
def test_a_revocation_list_that_cannot_be_read_is_an_error(here: World, change: tuple[bytes, bytes]) -> None:
    here.sign(Holder("signer", here.middle, extensions={"list": LIST}))
    found = revocations(here.middle, NOW + timedelta(days=9))
    with pytest.raises(TargetError, match="the revocation list cannot be read"):
        here.verify(revoked=(RevocationList(found.der.replace(*change, 1)),))


def test_what_refers_to_no_image_is_no_signature_of_one(here: World) -> None:
    digest = here.refer(here.envelope(), subject=None)
    raw = here.server.manifests["app"][digest][1]
    entry = {"mediaType": OCI_MANIFEST, "digest": digest, "size": len(raw), "artifactType": ARTIFACT_TYPE}
    index = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry]}).encode()
    listed = Reply(200, index, {"Content-Type": OCI_INDEX})
    here.server.answers = lambda asked: listed if "/referrers/" in asked.path else None
    result = here.verify()
    assert (result.state, result.check) == ("untrusted", "digest")
    assert "it refers to another image" in result.why


def test_whoever_verifies_names_a_signer(here: World) -> None:
    with pytest.raises(UsageError):
        here.verify(anchors=())


def test_a_result_names_the_image_as_it_was_asked_for(here: World) -> None:
    here.sign()
    expected = NotationRequirements((Anchor(here.root.der),))
    bare = replace(here.name(), tag=None)
    for name, ending in ((here.name(), "/app:1"), (bare, "/app")):
        result = verify_notation(here.client, name, here.digest, expected, NOW)
        assert (result.state, result.reference) == ("trusted", f"{here.server.host}{ending}")


EMPTY = {"mediaType": "application/vnd.oci.empty.v1+json", "digest": sha256(b"{}"), "size": 2}
OTHER = {"mediaType": OCI_MANIFEST, "digest": f"sha256:{'ab' * 32}", "size": 1}
ENTRY = {"mediaType": JWS, "digest": sha256(b"{}"), "size": 2}
ARTIFACTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "a signature of another image": ({"subject": OTHER}, "digest", "it refers to another image"),
    "no envelope": ({"layers": []}, "malformed", "it does not have one envelope"),
    "two envelopes": ({"layers": [ENTRY, ENTRY]}, "malformed", "it does not have one envelope"),
    "an envelope of another kind": ({"layers": [ENTRY | {"mediaType": "text/plain"}]}, "malformed", "one envelope of"),
    "an envelope that is too large": ({"layers": [ENTRY | {"size": (1 << 20) + 1}]}, "size", "the limit is 1048576"),
    "an envelope with another digest": ({"layers": [ENTRY | {"size": 3}]}, "malformed", "and should have 3: refused"),
    "an artifact type alone": ({"config": EMPTY, "artifactType": ARTIFACT_TYPE}, "", ""),
    "something else": ({"config": EMPTY}, "unsigned", "it has no Notation signature"),
    "something else of another type": (
        {"config": EMPTY, "artifactType": "a/b"},
        "unsigned",
        "it has no Notation signature",
    ),
}


@pytest.mark.parametrize(("fields", "check", "words"), ARTIFACTS.values(), ids=ARTIFACTS)
def test_a_signature_is_one_envelope_of_this_image(here: World, fields: dict[str, Any], check: str, words: str) -> None:
    digest = here.refer(here.envelope(), **fields)
    raw = here.server.manifests["app"][digest][1]
    entry = {"mediaType": OCI_MANIFEST, "digest": digest, "size": len(raw)}
    index = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry]}).encode()
    listed = Reply(200, index, {"Content-Type": OCI_INDEX})
    here.server.answers = lambda asked: listed if "/referrers/" in asked.path else None
    result = here.verify()
    assert result.check == check
    assert words in result.why


@pytest.mark.parametrize(("count", "more"), [(4, ""), (5, "; and 1 more")], ids=["as many as are listed", "one more"])
def test_a_verdict_says_how_many_reasons_it_leaves_out(here: World, count: int, more: str) -> None:
    for number in range(count):
        here.refer(b"x" * (number + 1))
    why = here.verify().why
    assert why.count("referrer ") == 4
    assert why.endswith(f"{more})")
    assert ("more)" in why) == bool(more)


@pytest.mark.parametrize(("raw", "why"), [
    (b"\x81" * 8 + b"\x00", ""),
    (b"\x81" * 9 + b"\x00", "nested more than 8 deep"),
    (b"\xc1" * 8 + b"\x00", ""),
    (b"\xc1" * 9 + b"\x00", "nested more than 8 deep"),
    (b"\xa1\x00" * 8 + b"\x00", ""),
    (b"\xa1\x00" * 9 + b"\x00", "nested more than 8 deep"),
    (b"\x00\x00", "trailing bytes"),
    (b"", "truncated"),
    (b"\x82\x00", "truncated"),
    (b"\x42\x00", "truncated"),
    (b"\x18\x17", "not in the shortest form"),
    (b"\x18\x18", ""),
    (b"\x19\x00\xff", "not in the shortest form"),
    (b"\x19\x01\x00", ""),
    (b"\x1f", "of indefinite length"),
    (b"\xf4", ""),
    (b"\xf6", ""),
    (b"\xf7", "unknown simple value"),
    (b"\x61\xff", "not UTF-8"),
])  # fmt: skip
def test_cbor_is_read_in_its_shortest_form_and_to_a_depth(raw: bytes, why: str) -> None:
    if not why:
        reading.decode(raw)
        return
    with pytest.raises(SignatureRefusedError, match=why):
        reading.decode(raw)
