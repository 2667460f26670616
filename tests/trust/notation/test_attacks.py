"""Whatever somebody who may push, or the registry itself, does: no image is trusted that was not signed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from sealock.trust.notation import envelope
from sealock.trust.notation.names import read_subject
from sealock.trust.notation.policy import LEVELS
from sealock.trust.notation.requirements import Anchor
from support.notationworld import NOW, Holder, World, packed, rsa_key, spelled, unpacked, usage, world
from support.registryworld import OCI_MANIFEST
from support.simulators.registry import OCI_INDEX, Asked, Reply, sha256

Attack = Callable[[World], Any]


@pytest.fixture
def here() -> Iterator[World]:
    with world() as one:
        yield one


def nothing(here: World) -> None:
    del here


def deleted(here: World) -> None:
    made = here.sign()
    del here.server.manifests["app"][made.digest]


def by_a_stranger(here: World) -> None:
    here.sign(here.stranger)


def by_a_stranger_with_our_root_behind(here: World) -> None:
    """The trusted root is in the chain, and vouches for nobody in it."""
    here.refer(
        here.envelope(
            here.stranger, after=lambda t: t["header"].update(x5c=spelled((here.stranger.der, here.root.der)))
        )
    )


def by_a_stranger_with_our_chain(here: World) -> None:
    here.refer(here.envelope(here.stranger, after=lambda t: t["header"].update(x5c=spelled(here.signer.chain))))


def two_chains(here: World) -> None:
    both = (*here.stranger.chain, *here.signer.chain)
    here.refer(here.envelope(here.stranger, after=lambda t: t["header"].update(x5c=spelled(both))))


def half_a_surrogate_pair(here: World) -> None:
    """A text that JSON can spell and no signature can be over."""
    here.refer(here.envelope(after=lambda table: table.update(payload="\ud800")))


def moved_from_another_image(here: World) -> None:
    """A good signature of another image, made to refer to this one."""
    other = here.push("app:other")
    table = json.loads(here.server.manifests["app"][here.sign(text="app:other").digest][1])
    table["subject"]["digest"] = here.digest
    here.server.add_manifest("app", table)
    assert other != here.digest


def listed_for_this_image(here: World) -> None:
    """The registry lists a signature that refers to another image."""
    here.push("app:other")
    digest = here.sign(text="app:other").digest
    raw = here.server.manifests["app"][digest][1]
    entry = {"mediaType": OCI_MANIFEST, "digest": digest, "size": len(raw), "artifactType": envelope.ARTIFACT_TYPE}
    index = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry]}).encode()

    def answers(asked: Asked) -> Reply | None:
        return Reply(200, index, {"Content-Type": OCI_INDEX}) if "/referrers/" in asked.path else None

    here.server.answers = answers


def target_of_another_size(here: World) -> None:
    here.refer(here.envelope(target={"size": here.target().size + 1}))


def target_of_another_type(here: World) -> None:
    here.refer(here.envelope(target={"mediaType": OCI_INDEX}))


def digest_beside_the_target(here: World) -> None:
    body = json.dumps({"digest": here.digest, "targetArtifact": {"mediaType": OCI_MANIFEST, "size": 1}}).encode()
    here.refer(here.envelope(payload=body))


def digest_twice(here: World) -> None:
    target = here.target()
    body = f'{{"targetArtifact":{{"mediaType":"{target.media_type}","size":{target.size},"digest":"{sha256(b"x")}","digest":"{target.digest}"}}}}'
    here.refer(here.envelope(payload=body.encode()))


def digest_again_in_another_spelling(here: World) -> None:
    target = here.target()
    body = f'{{"targetArtifact":{{"mediaType":"{target.media_type}","size":{target.size},"digest":"{target.digest}","Digest":"{sha256(b"x")}"}}}}'
    here.refer(here.envelope(payload=body.encode()))


def payload_swapped(here: World) -> None:
    good = json.loads(here.envelope())["payload"]
    here.refer(here.envelope(target={"digest": sha256(b"other")}, after=lambda t: t.update(payload=good)))


def header_swapped(here: World) -> None:
    """Expiry taken out of what was signed."""
    good = json.loads(here.envelope())["protected"]
    here.refer(
        here.envelope(
            expiry=NOW - timedelta(days=1), signed=NOW - timedelta(days=2), after=lambda t: t.update(protected=good)
        )
    )


def algorithm_none(here: World) -> None:
    here.refer(here.envelope(head={"alg": "none"}, after=lambda t: t.update(signature="")))


def algorithm_of_shared_secrets(here: World) -> None:
    here.refer(here.envelope(head={"alg": "HS256"}))


def algorithm_of_another_key(here: World) -> None:
    here.refer(here.envelope(head={"alg": "PS256"}))


def rsa_key_with_a_weaker_hash(here: World) -> None:
    here.refer(here.envelope(Holder("signer", here.middle, key=rsa_key(3072)), head={"alg": "PS256"}))


def of_rsa(sign: Callable[[rsa.RSAPrivateKey, bytes], bytes]) -> Attack:
    """A signer with an RSA key, whose signature is made otherwise."""

    def attack(here: World) -> None:
        key = rsa_key(2048)
        here.refer(
            here.envelope(
                Holder("signer", here.middle, key=key),
                after=lambda t: t.update(signature=packed(sign(key, f"{t['protected']}.{t['payload']}".encode()))),
            )
        )

    return attack


def salted(length: int, digest: hashes.HashAlgorithm) -> Callable[[rsa.RSAPrivateKey, bytes], bytes]:
    return lambda key, text: key.sign(text, padding.PSS(padding.MGF1(digest), length), digest)


def rsa_key_of_another_size(here: World) -> None:
    maker = Holder("signer", here.middle, key=rsa_key(2056))
    table = json.loads(here.envelope())
    table["header"]["x5c"] = spelled(maker.chain)
    here.refer(json.dumps(table).encode())


def key_of_another_kind(here: World) -> None:
    maker = Holder("signer", here.middle, key=ed25519.Ed25519PrivateKey.generate())
    here.refer(here.envelope(after=lambda t: t["header"].update(x5c=spelled(maker.chain))))


def signature_in_der(here: World) -> None:
    def after(table: dict[str, Any]) -> None:
        message = f"{table['protected']}.{table['payload']}".encode()
        table["signature"] = packed(here.signer.key.sign(message, ec.ECDSA(hashes.SHA256())))

    here.refer(here.envelope(after=after))


def signature_empty(here: World) -> None:
    here.refer(here.envelope(after=lambda t: t.update(signature="")))


def signature_padded(here: World) -> None:
    here.refer(here.envelope(after=lambda t: t.update(signature=t["signature"] + "==")))


def without_critical(here: World) -> None:
    here.refer(here.envelope(head={"crit": None}))


def critical_empty(here: World) -> None:
    here.refer(here.envelope(head={"crit": []}))


def critical_without_the_scheme(here: World) -> None:
    here.refer(here.envelope(head={"crit": [envelope.EXPIRY]}, expiry=NOW + timedelta(days=9)))


def critical_that_is_not_known(here: World) -> None:
    here.refer(here.envelope(head={"crit": [envelope.SCHEME, "example.must"], "example.must": "x"}))


def critical_that_is_missing(here: World) -> None:
    here.refer(here.envelope(head={"crit": [envelope.SCHEME, envelope.EXPIRY]}))


def payload_not_encoded(here: World) -> None:
    here.refer(here.envelope(head={"crit": [envelope.SCHEME, "b64"], "b64": False}))


def expiry_that_is_not_critical(here: World) -> None:
    later = (NOW + timedelta(days=3)).isoformat()
    here.refer(here.envelope(head={envelope.EXPIRY: later}))


def plugin_wanted(here: World) -> None:
    here.refer(here.envelope(head={envelope.PLUGIN: "com.example.plugin", "crit": [envelope.SCHEME, envelope.PLUGIN]}))


def plugin_wanted_and_not_critical(here: World) -> None:
    here.refer(here.envelope(head={envelope.PLUGIN: "com.example.plugin"}))


def scheme_not_known(here: World) -> None:
    here.refer(here.envelope(head={envelope.SCHEME: "notary.x509.other"}))


def scheme_of_authorities(here: World) -> None:
    """The other scheme, whose stores are others: its times would be believed."""
    here.refer(
        here.envelope(
            head={
                envelope.SCHEME: "notary.x509.signingAuthority",
                envelope.SIGNED: None,
                envelope.AUTHENTIC: NOW.isoformat(),
                "crit": [envelope.SCHEME, envelope.AUTHENTIC],
            }
        )
    )


def time_of_the_other_scheme(here: World) -> None:
    here.refer(here.envelope(head={envelope.AUTHENTIC: NOW.isoformat(), "crit": [envelope.SCHEME, envelope.AUTHENTIC]}))


def time_missing(here: World) -> None:
    here.refer(here.envelope(head={envelope.SIGNED: None}))


def time_without_a_zone(here: World) -> None:
    here.refer(here.envelope(head={envelope.SIGNED: "2026-11-25T12:00:00"}))


def time_that_is_none(here: World) -> None:
    here.refer(here.envelope(head={envelope.SIGNED: 1}))


def made_tomorrow(here: World) -> None:
    here.refer(here.envelope(signed=NOW + timedelta(days=1)))


def expired(here: World) -> None:
    here.refer(here.envelope(signed=NOW - timedelta(days=2), expiry=NOW - timedelta(days=1)))


def expires_now(here: World) -> None:
    here.refer(here.envelope(signed=NOW - timedelta(days=2), expiry=NOW))


def expired_before_it_was_signed(here: World) -> None:
    here.refer(here.envelope(expiry=NOW - timedelta(days=1)))


def payload_of_another_type(here: World) -> None:
    here.refer(here.envelope(head={"cty": "application/vnd.in-toto+json"}))


def general_form(here: World) -> None:
    table = json.loads(here.envelope())
    one = {key: table.pop(key) for key in ("protected", "header", "signature")}
    here.refer(json.dumps({**table, "signatures": [one]}).encode())


def more_than_four_parts(here: World) -> None:
    here.refer(here.envelope(after=lambda t: t.update(signatures=[])))


def attribute_in_both_headers(here: World) -> None:
    here.refer(here.envelope(after=lambda t: t["header"].update(alg="ES256")))


def protected_twice(here: World) -> None:
    raw = here.envelope().decode()
    here.refer(raw.replace('"protected":', f'"protected": "{packed(b"{}")}", "protected":', 1).encode())


def chain_in_the_protected_header_alone(here: World) -> None:
    here.refer(here.envelope(head={"x5c": spelled(here.signer.chain)}, after=lambda t: t["header"].pop("x5c")))


def chain_empty(here: World) -> None:
    here.refer(here.envelope(after=lambda t: t["header"].update(x5c=[])))


def chain_too_long(here: World) -> None:
    here.refer(here.envelope(after=lambda t: t["header"].update(x5c=spelled(here.signer.chain) * 6)))


def chain_without_its_root(here: World) -> None:
    here.refer(here.envelope(after=lambda t: t["header"].update(x5c=spelled(here.signer.chain[:-1]))))


def chain_without_its_middle(here: World) -> None:
    here.refer(here.envelope(after=lambda t: t["header"].update(x5c=spelled((here.signer.der, here.root.der)))))


def chain_in_another_order(here: World) -> None:
    ders = (here.signer.der, here.root.der, here.middle.der)
    here.refer(here.envelope(after=lambda t: t["header"].update(x5c=spelled(ders))))


def chain_of_garbage(here: World) -> None:
    here.refer(here.envelope(after=lambda t: t["header"].update(x5c=spelled((b"\x30\x03\x02\x01\x01", b"x")))))


def leaf(**changes: tuple[x509.ExtensionType, bool] | None) -> Attack:
    return lambda here: here.sign(Holder("signer", here.middle, extensions=changes))


def middle(**changes: tuple[x509.ExtensionType, bool] | None) -> Attack:
    def attack(here: World) -> None:
        between = Holder("middle", here.root, authority=True, extensions=changes)
        here.sign(Holder("signer", between))

    return attack


def uses(*oids: x509.ObjectIdentifier) -> tuple[x509.ExtensionType, bool]:
    return x509.ExtendedKeyUsage(list(oids)), False


def signed_by_a_leaf(here: World) -> None:
    """Whoever may sign content issues a certificate of their own."""
    here.sign(Holder("other", here.signer))


def certificate_expired(here: World) -> None:
    here.sign(Holder("signer", here.middle, days=(-30, -1)), now=NOW - timedelta(days=2))


def certificate_not_valid_yet(here: World) -> None:
    here.sign(Holder("signer", here.middle, days=(1, 30)))


def middle_expired(here: World) -> None:
    here.sign(Holder("signer", Holder("middle", here.root, authority=True, days=(-30, -1))))


def too_deep(here: World) -> None:
    """An authority that may have none below it has one."""
    limits = (x509.BasicConstraints(ca=True, path_length=0), True)
    first = Holder("first", here.root, authority=True, extensions={"limits": limits})
    here.sign(Holder("signer", Holder("second", first, authority=True)))


def weak_authority(here: World) -> None:
    here.sign(Holder("signer", Holder("middle", here.root, authority=True, key=rsa_key(1024))))


def index_of_signatures(here: World) -> None:
    table = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [], "artifactType": envelope.ARTIFACT_TYPE}
    table["subject"] = {"mediaType": OCI_MANIFEST, "digest": here.digest, "size": 1}
    here.server.add_manifest("app", table, kind=OCI_INDEX)


def two_envelopes(here: World) -> None:
    one = {**here.server.add_blob(here.envelope(here.stranger)), "mediaType": envelope.JWS}
    two = {**here.server.add_blob(here.envelope()), "mediaType": envelope.JWS}
    here.refer(b"", layers=[one, two])


def envelope_of_another_type(here: World) -> None:
    here.refer(here.envelope(), "application/json")


def envelope_called_cose(here: World) -> None:
    here.refer(here.envelope(), envelope.COSE)


def envelope_too_large(here: World) -> None:
    here.refer(here.envelope(after=lambda t: t["header"].update(pad="x" * envelope.MOST_BYTES)))


def envelope_said_to_be_huge(here: World) -> None:
    blob = here.server.add_blob(here.envelope())
    here.refer(b"", layers=[{**blob, "mediaType": envelope.JWS, "size": 1 << 40}])


def not_json(here: World) -> None:
    here.refer(b"\xff\x00")


def deeply_nested(here: World) -> None:
    here.refer(b"[" * 100_000)


ATTACKS: dict[str, tuple[Attack, str]] = {
    "nothing signed": (nothing, "unsigned"),
    "the signature deleted": (deleted, "unsigned"),
    "signed by a stranger": (by_a_stranger, "authority"),
    "signed by a stranger, our root behind": (by_a_stranger_with_our_root_behind, "certificate"),
    "signed by a stranger, our chain with it": (by_a_stranger_with_our_chain, "signature"),
    "two chains in one": (two_chains, "certificate"),
    "text that is not Unicode": (half_a_surrogate_pair, "malformed"),
    "moved from another image": (moved_from_another_image, "digest"),
    "listed for this image": (listed_for_this_image, "digest"),
    "target of another size": (target_of_another_size, "digest"),
    "target of another type": (target_of_another_type, "digest"),
    "digest beside the target": (digest_beside_the_target, "malformed"),
    "digest twice": (digest_twice, "malformed"),
    "digest again in another spelling": (digest_again_in_another_spelling, "malformed"),
    "payload swapped": (payload_swapped, "signature"),
    "header swapped": (header_swapped, "signature"),
    "algorithm none": (algorithm_none, "algorithm"),
    "algorithm of shared secrets": (algorithm_of_shared_secrets, "algorithm"),
    "algorithm of another key": (algorithm_of_another_key, "algorithm"),
    "RSA with a weaker hash": (rsa_key_with_a_weaker_hash, "algorithm"),
    "RSA over another payload": (of_rsa(lambda key, text: salted(32, hashes.SHA256())(key, text + b"x")), "signature"),
    "RSA by another key": (of_rsa(lambda _, text: salted(32, hashes.SHA256())(rsa_key(2048), text)), "signature"),
    "RSA with a shorter salt": (of_rsa(salted(20, hashes.SHA256())), "signature"),
    "RSA with another hash": (of_rsa(salted(32, hashes.SHA384())), "signature"),
    "RSA with the older padding": (
        of_rsa(lambda key, text: key.sign(text, padding.PKCS1v15(), hashes.SHA256())),
        "signature",
    ),
    "RSA of a few bytes": (of_rsa(lambda *_: b"x"), "signature"),
    "RSA of another size": (rsa_key_of_another_size, "algorithm"),
    "key of another kind": (key_of_another_kind, "algorithm"),
    "signature in DER": (signature_in_der, "signature"),
    "signature empty": (signature_empty, "signature"),
    "signature padded": (signature_padded, "malformed"),
    "without crit": (without_critical, "malformed"),
    "crit empty": (critical_empty, "malformed"),
    "crit without the scheme": (critical_without_the_scheme, "malformed"),
    "crit with something that is not known": (critical_that_is_not_known, "critical"),
    "crit with something that is missing": (critical_that_is_missing, "malformed"),
    "payload not encoded": (payload_not_encoded, "critical"),
    "expiry that is not critical": (expiry_that_is_not_critical, "malformed"),
    "a plugin wanted": (plugin_wanted, "critical"),
    "a plugin wanted, not critical": (plugin_wanted_and_not_critical, "critical"),
    "scheme not known": (scheme_not_known, "scheme"),
    "scheme of signing authorities": (scheme_of_authorities, "authority"),
    "time of the other scheme": (time_of_the_other_scheme, "malformed"),
    "time missing": (time_missing, "malformed"),
    "time without a zone": (time_without_a_zone, "malformed"),
    "time that is none": (time_that_is_none, "malformed"),
    "made tomorrow": (made_tomorrow, "time"),
    "expired": (expired, "expired"),
    "expires this moment": (expires_now, "expired"),
    "expired before it was signed": (expired_before_it_was_signed, "malformed"),
    "payload of another type": (payload_of_another_type, "type"),
    "JWS in its general form": (general_form, "malformed"),
    "more than four parts": (more_than_four_parts, "malformed"),
    "attribute in both headers": (attribute_in_both_headers, "malformed"),
    "protected header twice": (protected_twice, "malformed"),
    "chain in the protected header alone": (chain_in_the_protected_header_alone, "malformed"),
    "chain empty": (chain_empty, "certificate"),
    "chain too long": (chain_too_long, "size"),
    "chain without its root": (chain_without_its_root, "certificate"),
    "chain without its middle": (chain_without_its_middle, "certificate"),
    "chain in another order": (chain_in_another_order, "certificate"),
    "chain of garbage": (chain_of_garbage, "certificate"),
    "leaf that is an authority": (leaf(limits=(x509.BasicConstraints(ca=True, path_length=None), True)), "certificate"),
    "leaf without key usage": (leaf(usage=None), "certificate"),
    "leaf whose key usage is not critical": (leaf(usage=(usage("digital_signature"), False)), "certificate"),
    "leaf for encryption": (leaf(usage=(usage("key_encipherment"), True)), "certificate"),
    "leaf for encryption too": (leaf(usage=(usage("digital_signature", "key_encipherment"), True)), "certificate"),
    "leaf that signs certificates": (leaf(usage=(usage("digital_signature", "key_cert_sign"), True)), "certificate"),
    "leaf of a server": (leaf(uses=uses(ExtendedKeyUsageOID.SERVER_AUTH)), "certificate"),
    "leaf of a server that signs code": (
        leaf(uses=uses(ExtendedKeyUsageOID.CODE_SIGNING, ExtendedKeyUsageOID.SERVER_AUTH)),
        "certificate",
    ),
    "leaf for mail": (leaf(uses=uses(ExtendedKeyUsageOID.EMAIL_PROTECTION)), "certificate"),
    "leaf for time stamps": (leaf(uses=uses(ExtendedKeyUsageOID.TIME_STAMPING)), "certificate"),
    "leaf for anything": (leaf(uses=uses(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)), "certificate"),
    "middle without constraints": (middle(limits=None), "certificate"),
    "middle that is no authority": (
        middle(limits=(x509.BasicConstraints(ca=False, path_length=None), True)),
        "certificate",
    ),
    "middle whose constraints are not critical": (
        middle(limits=(x509.BasicConstraints(ca=True, path_length=None), False)),
        "certificate",
    ),
    "middle without key usage": (middle(usage=None), "certificate"),
    "middle that signs no certificates": (middle(usage=(usage("crl_sign"), True)), "certificate"),
    "signed by one whom a leaf vouches for": (signed_by_a_leaf, "certificate"),
    "certificate expired": (certificate_expired, "certificate"),
    "certificate not valid yet": (certificate_not_valid_yet, "certificate"),
    "middle expired": (middle_expired, "certificate"),
    "too deep": (too_deep, "certificate"),
    "weak authority": (weak_authority, "certificate"),
    "an index for a signature": (index_of_signatures, "unsigned"),
    "two envelopes": (two_envelopes, "malformed"),
    "envelope of another type": (envelope_of_another_type, "malformed"),
    "JSON called COSE": (envelope_called_cose, "malformed"),
    "envelope too large": (envelope_too_large, "size"),
    "envelope said to be huge": (envelope_said_to_be_huge, "size"),
    "no JSON": (not_json, "malformed"),
    "deeply nested": (deeply_nested, "malformed"),
}


@pytest.mark.parametrize(("attack", "check"), ATTACKS.values(), ids=list(ATTACKS))
def test_an_attack_is_refused_with_its_reason(here: World, attack: Attack, check: str) -> None:
    attack(here)
    result = here.verify()
    assert (result.state, result.check) == ("untrusted", check), result.why
    assert result.signers == ()
    assert result.why


@pytest.mark.repeats
@pytest.mark.parametrize(("attack", "check"), ATTACKS.values(), ids=list(ATTACKS))
def test_beside_an_attack_a_good_signature_counts(here: World, attack: Attack, check: str) -> None:
    del check
    attack(here)
    here.server.answers = lambda _: None
    good = here.sign()
    result = here.verify()
    assert result.state == "trusted", result.why
    assert [signer.where for signer in result.signers] == [f"referrer {good.digest[:19]}"]


@pytest.mark.parametrize(
    ("identity", "check"),
    [
        ("C=US, ST=WA, O=example, CN=signer", ""),
        ("x509.subject: C=US,ST=WA,O=example", ""),
        ("O=example", ""),
        ("C=US, ST=WA, O=example, CN=other", "identity"),
        ("C=US, ST=WA, O=example, OU=team", "identity"),
        ("C=US, ST=WA, O=Example", "identity"),
        ("C=US, ST=WA, O=exampl", "identity"),
    ],
)
def test_only_who_is_named_counts(here: World, identity: str, check: str) -> None:
    here.sign()
    result = here.verify(identities=(read_subject(identity),))
    assert (result.state, result.check) == ("untrusted" if check else "trusted", check)


def test_of_two_names_in_a_certificate_neither_counts(here: World) -> None:
    """A subject with two organizations fits no name of one."""
    maker = Holder("signer", here.middle)
    name = x509.Name([*maker.name, x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "other")])
    assert not read_subject("C=US, ST=WA, O=example").fits(name)
    assert not read_subject("C=US, ST=WA, O=other").fits(name)


def test_a_store_of_signing_authorities_does_not_serve_the_other_scheme(here: World) -> None:
    here.sign()
    assert here.verify(anchors=(Anchor(here.root.der, "signingAuthority"),)).check == "authority"
    assert here.verify(anchors=(Anchor(here.root.der, "tsa"), Anchor(here.stranger.der))).check == "authority"


def test_the_chain_names_who_signed_when(here: World) -> None:
    here.sign()
    [signer] = here.verify().signers
    assert (signer.name, signer.issuer) == ("CN=signer,O=example,ST=WA,C=US", "CN=root,O=example,ST=WA,C=US")
    assert signer.signed == NOW


def test_unprotected_words_change_nothing(here: World) -> None:
    """What is not signed may say anything, and is not believed."""
    agent = {envelope.AGENT: "\x1b[2J", "io.cncf.notary.expiry": "2030-01-01T00:00:00Z"}
    here.refer(here.envelope(after=lambda t: t["header"].update(agent)))
    assert here.verify().state == "trusted"


def test_so_much_that_not_all_is_looked_at_is_no_verdict(here: World) -> None:
    """A flood of others' signatures hides a good one, and that is not "not trusted", nor a pass."""
    body = here.envelope(here.stranger)
    for number in range(105):
        here.refer(body, annotations={"n": str(number)})
    here.server.asked.clear()
    result = here.verify()
    assert result.state == "unknown"
    assert sum("/blobs/" in one for one in here.server.heard) == 100
    assert sum("/manifests/" in one for one in here.server.heard) == 102, "the image, and one more than is read"
    assert "not all were read" in result.why


def test_a_registry_that_takes_too_long_is_no_verdict(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    here.sign()
    monkeypatch.setattr("sealock.trust.notation.verifier._LONGEST", -1.0)
    result = here.verify()
    assert result.state == "unknown"
    assert "the registry is too slow, so not all were read" in result.why


def test_a_flood_of_other_things_hides_no_signature(here: World) -> None:
    """Types in the list are anybody's word; but what says that it is a signature is looked at first."""
    empty = {"mediaType": "application/vnd.oci.empty.v1+json", "digest": sha256(b"{}"), "size": 2}
    for number in range(300):
        here.refer(b"{}", "application/json", config=empty, artifactType="x/y", annotations={"n": str(number)})
    made = here.sign()
    assert here.verify().state == "trusted"
    del here.server.manifests["app"][made.digest]
    assert here.verify().state == "unknown"


def test_a_signed_image_takes_four_requests(here: World) -> None:
    here.sign()
    here.server.asked.clear()
    assert here.verify().state == "trusted"
    assert [one.partition("/v2/app/")[2].partition("/")[0] for one in here.server.heard] == [
        "manifests", "referrers", "manifests", "blobs",
    ]  # fmt: skip


@pytest.mark.parametrize("place", [0, 1, 2])
def test_certificates_that_were_altered_end_in_a_verdict(here: World, place: int) -> None:
    """Wherever a certificate is altered, and with whatever: nothing is raised, and nobody is trusted."""
    table = json.loads(here.envelope())
    der = here.signer.chain[place]
    for at in range(0, len(der), 9):
        for byte in (0x00, 0x30, 0xFF):
            if der[at] == byte:
                continue
            chain = list(here.signer.chain)
            chain[place] = der[:at] + bytes([byte]) + der[at + 1 :]
            table["header"]["x5c"] = spelled(tuple(chain))
            shelf = here.server.manifests["app"]
            here.server.manifests["app"] = {key: one for key, one in shelf.items() if b'"subject"' not in one[1]}
            here.refer(json.dumps(table).encode())
            result = here.verify(actions=LEVELS["audit"])
            assert result.state == "untrusted", (at, byte)


def test_every_byte_of_what_is_signed_counts(here: World) -> None:
    body = here.envelope()
    table = json.loads(body)
    for part in ("protected", "payload", "signature"):
        data = bytearray(unpacked(table[part]))
        for place in range(0, len(data), max(1, len(data) // 12)):
            changed = bytearray(data)
            changed[place] ^= 1
            here.server.manifests["app"] = {
                key: value for key, value in here.server.manifests["app"].items() if b'"subject"' not in value[1]
            }
            here.refer(json.dumps(table | {part: packed(bytes(changed))}).encode())
            assert here.verify().state == "untrusted", (part, place)
