"""What honest people sign is verified, however they do; and what a policy makes of what is not quite right."""

from __future__ import annotations

import json
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from sealock.errors import PolicyError, TargetError, UsageError
from sealock.trust.notation import cose as reading
from sealock.trust.notation import envelope, jws
from sealock.trust.notation.names import read_subject
from sealock.trust.notation.policy import LEVELS
from sealock.trust.notation.requirements import Anchor, RevocationList
from sealock.trust.notation.signer import signing_key
from sealock.trust.refusal import SignatureRefusedError
from support.cosecbor import cose, encoded
from support.draws import draws
from support.notationworld import NOW, Holder, World, rsa_key, world
from support.simulators.registry import OCI_INDEX, Asked, Reply

KEYS: dict[str, Callable[[], Any]] = {
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ES384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "ES512": lambda: ec.generate_private_key(ec.SECP521R1()),
    "PS256": lambda: rsa_key(2048),
    "PS384": lambda: rsa_key(3072),
    "PS512": lambda: rsa_key(4096),
}
LIST = (
    x509.CRLDistributionPoints(
        [x509.DistributionPoint([x509.UniformResourceIdentifier("http://127.0.0.1/x.crl")], None, None, None)]
    ),
    False,
)


@pytest.fixture
def here() -> Iterator[World]:
    with world() as one:
        yield one


@pytest.mark.parametrize("algorithm", KEYS)
def test_each_kind_of_key_signs_and_is_verified(here: World, algorithm: str) -> None:
    maker = Holder("signer", here.middle, key=KEYS[algorithm]())
    here.sign(maker)
    assert maker.signer().algorithm == algorithm
    assert here.verify().state == "trusted"


@pytest.mark.parametrize("algorithm", KEYS)
def test_each_kind_of_key_counts_in_cose(here: World, algorithm: str) -> None:
    maker = Holder("signer", here.middle, key=KEYS[algorithm]())
    here.refer(cose(here, maker), envelope.COSE)
    result = here.verify()
    assert result.state == "trusted", result.why


COSE_CHANGES: dict[str, tuple[dict[str, Any], str]] = {
    "without a tag": ({"tag": None}, "malformed"),
    "another tag": ({"tag": 98}, "malformed"),
    "another algorithm": ({"head": {1: -37}}, "algorithm"),
    "a shared secret": ({"head": {1: 5}}, "algorithm"),
    "without crit": ({"head": {2: None}}, "malformed"),
    "crit with a list": ({"head": {2: [envelope.SCHEME, []]}}, "critical"),
    "crit with something that is not known": ({"head": {2: [envelope.SCHEME, "x"], "x": 1}}, "critical"),
    "crit with a number": ({"head": {2: [envelope.SCHEME, 258], 258: -16}}, "critical"),
    "the hash in place of the content": ({"head": {3: None, 258: -16}}, "type"),
    "another payload type": ({"head": {3: "text/plain"}}, "type"),
    "time without a tag": ({"head": {envelope.SIGNED: 1}}, "malformed"),
    "time beyond the calendar": ({"head": {envelope.SIGNED: reading.Tagged(1, 1 << 60)}}, "malformed"),
    "time that is no number": ({"head": {envelope.SIGNED: reading.Tagged(1, "x")}}, "malformed"),
    "time before 1970": ({"head": {envelope.SIGNED: reading.Tagged(1, -1)}}, "malformed"),
    "a header in both": ({"open_head": {1: -7}}, "malformed"),
    "payload changed": ({"payload": b"{}"}, "signature"),
    "payload detached": ({"payload": None}, "malformed"),
    "no chain": ({"open_head": {33: None}}, "malformed"),
}


@pytest.mark.parametrize(("changes", "check"), COSE_CHANGES.values(), ids=list(COSE_CHANGES))
def test_cose_that_is_not_right_is_refused(here: World, changes: dict[str, Any], check: str) -> None:
    here.refer(cose(here, here.signer, **changes), envelope.COSE)
    result = here.verify()
    assert (result.state, result.check) == ("untrusted", check), result.why


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"\x9f\xff", b"\x5f\xff", b"\xa2\x01\x02\x01\x02", b"\x18\x17", b"\x19\x00\xff", b"\x9b" + b"\xff" * 8,
        b"\x5b" + b"\xff" * 8, b"\xbb" + b"\xff" * 8, b"\x81" * 50, b"\xf9\x00\x00", b"\x61\xff", b"\x00\x00",
        b"\xa1\x80\x00", b"\xa1\xf5\x00", b"\xff", b"\x1c",
    ],
)  # fmt: skip
def test_cbor_that_leaves_something_open_is_refused(raw: bytes) -> None:
    with pytest.raises(SignatureRefusedError):
        reading.decode(raw)


ITEMS = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 63), (1 << 63) - 1) | st.binary(max_size=40) | st.text(max_size=40),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.integers(0, 99) | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=6,
)


@draws(150)
@given(ITEMS)
def test_cbor_that_was_written_is_read_as_it_was(item: Any) -> None:
    assert reading.decode(encoded(item)) == item


@draws(200)
@given(st.binary(max_size=300))
def test_any_bytes_end_in_a_refusal(raw: bytes) -> None:
    for read in (jws.read, reading.read):
        with pytest.raises(SignatureRefusedError):
            read(raw)


def test_a_certificate_that_vouches_for_itself_can_be_trusted(here: World) -> None:
    alone = Holder("alone")
    here.sign(alone)
    assert here.verify().check == "authority"
    assert here.verify(anchors=(Anchor(alone.der),)).state == "trusted"


def test_the_middle_of_a_chain_can_be_trusted(here: World) -> None:
    here.sign()
    assert here.verify(anchors=(Anchor(here.middle.der),)).state == "trusted"


@pytest.mark.parametrize(("days", "state"), [(2, "trusted"), (0, "untrusted")])
def test_signing_authorities_say_when_it_was_in_cose_too(here: World, days: int, state: str) -> None:
    maker = Holder("authority", here.root, days=(-30, -1))
    head: dict[int | str, Any] = {
        2: [envelope.SCHEME, envelope.AUTHENTIC],
        envelope.SCHEME: "notary.x509.signingAuthority",
        envelope.SIGNED: None,
        envelope.AUTHENTIC: reading.Tagged(1, int((NOW - timedelta(days=days)).timestamp())),
    }
    here.refer(cose(here, maker, head=head), envelope.COSE)
    assert here.verify(anchors=(Anchor(here.root.der, "signingAuthority"),)).state == state


def test_signing_authorities_say_when_it_was(here: World) -> None:
    """What such an authority signed while its certificate was valid holds after that."""
    maker = Holder("authority", here.root, days=(-30, -1))
    when = NOW - timedelta(days=2)
    head = {
        envelope.SCHEME: "notary.x509.signingAuthority",
        envelope.SIGNED: None,
        envelope.AUTHENTIC: when.isoformat(),
        "crit": [envelope.SCHEME, envelope.AUTHENTIC],
    }
    here.refer(here.envelope(maker, head=head))
    assert here.verify(anchors=(Anchor(here.root.der, "signingAuthority"),)).state == "trusted"
    before = NOW - timedelta(days=31)
    late = here.verify(anchors=(Anchor(here.root.der, "signingAuthority"),), now=before)
    assert (late.state, late.check) == ("untrusted", "time")


@pytest.mark.parametrize("listed", ["by the registry", "by a tag", "without types"])
def test_signatures_are_found(here: World, listed: str) -> None:
    here.server.referrers = listed == "by the registry"
    made = here.sign()
    if listed == "without types":
        raw = here.server.manifests["app"][made.digest][1]
        entry = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": made.digest, "size": len(raw)}
        index = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry]}).encode()
        here.server.add_manifest("app", index, here.digest.replace(":", "-"), kind=OCI_INDEX)
    assert here.verify().state == "trusted"


def test_signatures_with_an_artifact_type_are_found_too(here: World) -> None:
    empty = {
        "mediaType": "application/vnd.oci.empty.v1+json",
        "digest": here.server.add_blob(b"{}")["digest"],
        "size": 2,
    }
    here.refer(here.envelope(), config=empty, artifactType=envelope.ARTIFACT_TYPE)
    assert here.verify().state == "trusted"


def test_signatures_add_up(here: World) -> None:
    here.sign(here.stranger)
    here.sign()
    assert here.verify().state == "trusted"
    assert here.verify(anchors=(Anchor(here.stranger.chain[-1]),)).state == "trusted"


def test_an_index_is_signed_as_it_is(here: World) -> None:
    image = here.server.add_image("app", config=b"{}")
    here.server.add_index("app", "many", images={"linux/amd64": image})
    here.sign(text="app:many")
    digest = here.target("app:many").digest
    assert here.verify(digest).state == "trusted"
    assert here.verify(image["digest"]).check == "unsigned"


def test_annotations_are_held_to(here: World) -> None:
    here.sign(annotations={"build": "12"})
    assert here.verify(annotations={"build": "12"}).state == "trusted"
    assert here.verify(annotations={"build": "13"}).check == "annotation"
    assert here.verify(annotations={"other": "12"}).check == "annotation"
    with pytest.raises(UsageError, match="are reserved"):
        here.sign(annotations={"io.cncf.notary.x": "y"})


@pytest.mark.parametrize("what", ["manifests/sha256", "referrers", "blobs/"])
@pytest.mark.parametrize("status", [404, 500, 403])
def test_a_registry_that_fails_is_no_verdict(here: World, what: str, status: int) -> None:
    made = here.sign()

    def answers(asked: Asked) -> Reply | None:
        mine = made.digest in asked.path if what.startswith("manifests") else what in asked.path
        return Reply(status, b"{}") if mine and not (what == "referrers" and status == 404) else None

    here.server.answers = answers
    result = here.verify()
    assert result.state == ("trusted" if (what, status) == ("referrers", 404) else "unknown"), result.why


LEVEL_ROWS = [
    ("good", "strict", "trusted", True),
    ("expired", "strict", "untrusted", False),
    ("expired", "permissive", "trusted", True),
    ("expired", "audit", "trusted", True),
    ("old certificate", "strict", "untrusted", False),
    ("old certificate", "permissive", "trusted", True),
    ("stranger", "strict", "untrusted", False),
    ("stranger", "permissive", "untrusted", False),
    ("stranger", "audit", "untrusted", True),
    ("broken", "permissive", "untrusted", False),
    ("broken", "audit", "untrusted", False),
    ("nothing", "audit", "untrusted", False),
    ("may be revoked", "strict", "unknown", False),
    ("may be revoked", "permissive", "trusted", True),
]


@pytest.mark.parametrize(("what", "level", "state", "passes"), LEVEL_ROWS)
def test_levels(here: World, what: str, level: str, state: str, *, passes: bool) -> None:
    old = NOW - timedelta(days=2)
    match what:
        case "good":
            here.sign()
        case "expired":
            here.sign(now=old, lifetime=timedelta(days=1))
        case "old certificate":
            here.sign(Holder("signer", here.middle, days=(-30, -1)), now=old)
        case "stranger":
            here.sign(here.stranger)
        case "broken":
            here.refer(here.envelope(here.stranger, after=lambda t: t.update(signature="")))
        case "may be revoked":
            here.sign(Holder("signer", here.middle, extensions={"list": LIST}))
        case _:
            pass
    result = here.verify(actions=LEVELS[level])
    assert (result.state, result.passes) == (state, passes), result.why
    noted = level != "strict" and passes
    assert any("only logs" in note for note in result.notes) == noted


def test_a_noted_stranger_does_not_hide_a_trusted_signer(here: World) -> None:
    here.sign(here.stranger)
    here.sign()
    assert here.verify(actions=LEVELS["audit"]).state == "trusted"


@pytest.mark.parametrize(
    ("stamp", "check"),
    [(b"", ""), (b"garbage", "timestamp"), (b"\x30\x80", "timestamp"), (b"x" * (1 << 17), "timestamp")],
)
def test_a_time_stamp_that_is_none_does_not_count(here: World, stamp: bytes, check: str) -> None:
    said = {envelope.TIMESTAMP: b64encode(stamp).decode()}
    here.refer(here.envelope(after=lambda t: t["header"].update(said)))
    assert here.verify(anchors=(Anchor(here.root.der), Anchor(here.stranger.der, "tsa"))).check == check
    assert here.verify().state == "trusted"


def test_without_the_library_for_time_stamps_it_could_not_be_told(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rfc3161_client", None)  # as where it is not installed
    said = {envelope.TIMESTAMP: b64encode(b"x").decode()}
    here.refer(here.envelope(after=lambda t: t["header"].update(said)))
    result = here.verify(anchors=(Anchor(here.root.der), Anchor(here.stranger.der, "tsa")))
    assert result.state == "unknown"
    assert "sealock[timestamps]" in result.why
    assert here.verify().state == "trusted"


def test_a_time_stamp_of_another_form_is_refused(here: World) -> None:
    here.refer(here.envelope(after=lambda t: t["header"].update({envelope.TIMESTAMP: 1})))
    here.refer(cose(here, here.signer, open_head={envelope.TIMESTAMP: "x"}), envelope.COSE)
    assert here.verify().check == "malformed"


def revocations(issuer: Holder, *serials: int, days: int = 3, by: Holder | None = None) -> RevocationList:
    builder = x509.CertificateRevocationListBuilder(issuer.name, NOW - timedelta(days=9), NOW + timedelta(days=days))
    for serial in serials:
        one = x509.RevokedCertificateBuilder(serial, NOW - timedelta(days=10)).build()
        builder = builder.add_revoked_certificate(one)
    found = builder.sign((by or issuer).key, hashes.SHA256())
    return RevocationList(found.public_bytes(serialization.Encoding.DER))


@pytest.mark.parametrize(
    ("case", "state", "check"),
    [
        ("not listed", "trusted", ""),
        ("listed", "untrusted", "revoked"),
        ("listed in an old list", "untrusted", "revoked"),
        ("an old list", "unknown", "unavailable"),
        ("another's list", "unknown", "unavailable"),
        ("forged", "unknown", "unavailable"),
        ("none", "unknown", "unavailable"),
    ],
)
def test_revocation_lists(here: World, case: str, state: str, check: str) -> None:
    maker = Holder("signer", here.middle, extensions={"list": LIST})
    here.sign(maker)
    serial = maker.certificate.serial_number
    lists = {
        "not listed": (revocations(here.middle, serial + 1),),
        "listed": (revocations(here.root), revocations(here.middle, serial)),
        "listed in an old list": (revocations(here.middle, serial, days=-1),),
        "an old list": (revocations(here.middle, days=-1),),
        "another's list": (revocations(here.root),),
        "forged": (revocations(here.middle, by=here.stranger),),
        "none": (),
    }[case]
    result = here.verify(revoked=lists)
    assert (result.state, result.check) == (state, check), result.why


def test_keys_that_nobody_would_verify_do_not_sign(here: World) -> None:
    def key(maker: Holder, chain: tuple[bytes, ...] = (), raw: bytes = b"") -> Any:
        return signing_key(raw or maker.pem(), chain or maker.chain, "my.key", lambda: "wrong", NOW)

    assert key(here.signer).algorithm == "ES256"
    for maker, chain, raw, why in (
        (here.stranger, here.signer.chain, b"", "is not the key of the first certificate"),
        (here.signer, here.signer.chain[:2], b"", "does not end in a root"),
        (here.root, (), b"", "authority's, which may not sign content"),
        (Holder("old", here.middle, days=(-9, -1)), (), b"", "expired"),
        (here.signer, (), b"nothing", "not a readable private key"),
        (here.signer, (), here.signer.pem(b"right"), "could not be decrypted"),
    ):
        with pytest.raises(TargetError, match=why):
            key(maker, chain, raw)
    opened = signing_key(here.signer.pem(b"right"), here.signer.chain, "my.key", lambda: "right", NOW)
    assert opened.name == "CN=signer,O=example,ST=WA,C=US"


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("C=US, ST=WA, O=a b ", ["US", "WA", "a b"]),
        (r"C=US,S=WA,O=a\, b", ["US", "WA", "a, b"]),
        (r"C=US,ST=WA,O=a\;b\\c\ ", ["US", "WA", "a;b\\c "]),
        (r"C=US,ST=WA,O=\C3\A4", ["US", "WA", "ä"]),
    ],
)
def test_names_are_read(text: str, values: list[str]) -> None:
    assert list(read_subject(text, whole=True).attributes.values()) == values


@pytest.mark.parametrize(
    "text", ["", "O", "O=", "X=y", "O=a,O=b", "C=US,ST=WA+O=a", "O=a\\", "O=a,", "O=" + "x" * 3000, "C=US,O=a", "*"]
)
def test_names_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(PolicyError):
        read_subject(text, whole=True)
