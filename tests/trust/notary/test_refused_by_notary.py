"""What Notary's client 0.7.0 refuses of metadata, sealock refuses too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from sealock.trust.notary.keys import loaded
from sealock.trust.notary.metadata import NotaryKey, key_json
from sealock.trust.notary.privatekeys import NotaryPrivateKey, generate
from sealock.trust.notary.publickeys import read_public
from sealock.trust.refusal import MetadataRefusedError
from support.notaryworld import World, world
from support.simulators.notary import NOW, listing, said, signed


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as one:
        yield one


def spki(key: Any) -> bytes:
    """A public key as Notary has it."""
    public: bytes = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return public


P256, RSA = ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 2048)
POINT = P256.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
KEYS = {
    "as usual": ("ecdsa", spki(P256), True),
    "the smallest curve": ("ecdsa", spki(ec.generate_private_key(ec.SECP224R1())), True),
    "a curve that Go does not know": ("ecdsa", spki(ec.generate_private_key(ec.SECP256K1())), False),
    "a compressed point": ("ecdsa", bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200") + POINT, False),
    "RSA as usual": ("rsa", spki(RSA), True),
    "RSA in PKCS #1": ("rsa", RSA.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1), False),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "public", "counts"), KEYS.values(), ids=KEYS)
def test_keys(kind: str, public: bytes, *, counts: bool) -> None:
    assert (loaded(NotaryKey(kind, public)) is not None) is counts


@pytest.mark.parametrize("private", ["!", 5])
def test_a_private_half_that_is_none(here: World, private: object) -> None:
    author, other = here.author, generate()
    content = author.root_content(1)
    content["keys"][other.id] = {"keytype": "ecdsa", "keyval": {**key_json(other.public)["keyval"], "private": private}}  # type: ignore[dict-item]  # it is a table
    author.shelf.put("root", signed(content, author.root_signers()))
    author.versions["root"] = 1
    here.publish()
    with pytest.raises(MetadataRefusedError, match="malformed"):
        here.verify()


@pytest.mark.parametrize("name", ["root", "targets", "snapshot"])
def test_a_listing_without_a_sha256(here: World, name: str) -> None:
    author = here.author
    here.publish()
    held = {role: said(author.held(role)) for role in ("root", "targets", "snapshot")}
    del held[name]["hashes"]["sha256"]
    if name == "snapshot":
        content = listing("timestamp", {}, 9) | {"meta": {name: held.pop(name)}}
        author.shelf.put("timestamp", signed(content, [author.shelf.key("timestamp")]))
    else:
        del held["snapshot"]
        raw = signed(listing("snapshot", {}, 9) | {"meta": held}, [author.shelf.key("snapshot")])
        author.shelf.put("snapshot", raw)
        author.put_timestamp(raw)
    with pytest.raises(MetadataRefusedError, match=f"lists {name} without a sha256"):
        here.verify()


def test_a_delegation_without_signatures(here: World) -> None:
    author = here.author
    author.delegated["targets/releases"] = ([generate()], [""])
    here.publish()
    content = {**author.targets_content(1), "delegations": {"keys": {}, "roles": []}}
    author.shelf.put("targets/releases", signed(content, []))
    author.list_all()
    with pytest.raises(MetadataRefusedError, match="has no signatures"):
        here.verify()


# The certificate of a root key.


def certificate(key: Any, name: str, issuer: str, by: Any, *, authority: bool = False, days: int = 9) -> bytes:
    """A certificate in PEM."""
    subject, issued = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]) for text in (name, issuer))
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issued)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOW - timedelta(days=9))
        .not_valid_after(NOW + timedelta(days=days))
        .add_extension(x509.BasicConstraints(authority, None), critical=True)
        .sign(by, hashes.SHA256())
        .public_bytes(Encoding.PEM)
    )


def root_of(here: World, pem: bytes, key: NotaryPrivateKey) -> None:
    """Publish under a root key with a certificate."""
    here.author.root_keys, here.author.certificates = [key], [NotaryKey("ecdsa-x509", pem)]
    here.publish()


FORMS: dict[str, Callable[[bytes], bytes]] = {
    "a text before": lambda pem: b"mine\n" + pem,
    "a text behind": lambda pem: pem + b"mine\n",
    "Windows' lines": lambda pem: pem.replace(b"\n", b"\r\n"),
    "no line behind": bytes.rstrip,
    "the old label": lambda pem: pem.replace(b"CERTIFICATE", b"X509 CERTIFICATE"),
    "longer lines": lambda pem: pem.replace(b"\n", b"").replace(b"E-----", b"E-----\n").replace(b"-----END", b"\n-----END"),
}  # fmt: skip


@pytest.mark.parametrize("form", [bytes, *FORMS.values()], ids=["as usual", *FORMS])
def test_a_certificate_in_another_form(here: World, form: Callable[[bytes], bytes]) -> None:
    key = generate()
    root_of(here, form(certificate(key.secret, here.gun, here.gun, key.secret)), key)
    if form is bytes:
        here.verify()
    else:
        with pytest.raises(MetadataRefusedError, match="is not a readable certificate"):
            here.verify()


@pytest.mark.parametrize(("days", "sound"), [(9, True), (-1, False)])
def test_a_chain_with_an_authority_that_has_expired(here: World, days: int, *, sound: bool) -> None:
    key, above = generate(), generate()
    leaf = certificate(key.secret, here.gun, "above", above.secret)
    root_of(here, leaf + certificate(above.secret, "above", "above", above.secret, authority=True, days=days), key)
    if sound:
        here.verify()
    else:
        with pytest.raises(MetadataRefusedError, match="has an authority whose certificate expired on"):
            here.verify()


def test_a_certificate_in_a_file_of_any_form_becomes_one_that_counts() -> None:
    pem = certificate(P256, "me", "me", P256)
    for form in FORMS.values():
        assert read_public(form(pem).decode().replace("X509 ", ""), "a.pem").public == pem


# Roles below targets/releases: Docker looks there before targets, and takes no tag from there.

BELOW = "targets/releases/x"


def put_below(
    here: World, tags: tuple[str, ...], paths: list[str], fault: str = "", releases: tuple[str, ...] = ()
) -> tuple[str, str]:
    """Publish v1 by targets, `tags` by a role below releases, and others by releases; the digests of v1 there."""
    author, key, first = here.author, generate(), generate()
    author.delegated["targets/releases"] = ([first], [""])
    digest, _ = here.publish("v1")
    newer = here.digest()
    role = {"keyids": [key.id], "name": BELOW, "paths": paths, "threshold": 1}
    content = {
        **author.targets_content(1),
        "targets": {tag: author.targets_content(1)["targets"]["v1"] for tag in releases},
        "delegations": {"keys": {key.id: key_json(key.public)}, "roles": [role]},
    }
    author.shelf.put("targets/releases", signed(content, [first]))
    if fault == "expired":
        author.expires[BELOW] = NOW - timedelta(days=1)
    if fault != "not listed":
        author.put_delegation(BELOW, dict.fromkeys(tags, newer), [generate() if fault == "another key" else key])
    author.list_all()
    return digest, newer[0]


@pytest.mark.parametrize(
    ("tags", "paths", "fault", "releases", "refused"),
    [
        pytest.param(("v1",), [""], "", (), True, id="it signs the tag"),
        pytest.param(("v1",), ["v"], "", (), True, id="its path covers the tag"),
        pytest.param(("v1",), ["2."], "", (), False, id="its paths do not cover the tag"),
        pytest.param(("v1",), [], "", (), False, id="it has no paths"),
        pytest.param(("v2",), [""], "", (), False, id="it signs another tag"),
        pytest.param(("v1",), [""], "", ("v1",), False, id="releases signs the tag too"),
        pytest.param(("v1",), [""], "expired", (), False, id="it has expired"),
        pytest.param(("v1",), [""], "another key", (), False, id="another key signed it"),
        pytest.param(("v1",), [""], "not listed", (), False, id="it was never signed"),
    ],
)
def test_a_role_below_releases_hides_a_tag_of_targets(
    here: World, tags: tuple[str, ...], paths: list[str], fault: str, releases: tuple[str, ...], *, refused: bool
) -> None:
    digest, newer = put_below(here, tags, paths, fault, releases)
    listed = {signed_tag.tag for signed_tag in here.repository().signed().tags}
    if not refused:
        assert here.verify("v1").digest == digest
        assert listed == {"v1"}
        return
    why = r":v1 is signed by targets/releases/x, which Docker asks before targets and takes no tag from: only "
    with pytest.raises(MetadataRefusedError, match=why):
        here.verify("v1")
    assert listed == set()
    for named in (digest, newer):
        with pytest.raises(MetadataRefusedError, match=r"no tag of .* is signed for"):
            here.repository().verify_digest(named)


def test_a_damaged_role_below_releases(here: World) -> None:
    put_below(here, ("v1",), [""])
    here.author.shelf.put(BELOW, b"{}")
    here.author.list_all()
    with pytest.raises(MetadataRefusedError, match="malformed"):
        here.verify("v1")


@pytest.mark.parametrize(("roles", "counts"), [(32, True), (33, False)])
def test_roles_below_releases_are_counted(here: World, roles: int, *, counts: bool) -> None:
    author, key = here.author, generate()
    author.delegated["targets/releases"] = ([key], [""])
    digest, _ = here.publish("v1")
    names = [f"targets/releases/{number}" for number in range(roles)]
    content = {
        **author.targets_content(1),
        "targets": {},
        "delegations": {
            "keys": {key.id: key_json(key.public)},
            "roles": [{"keyids": [key.id], "name": name, "paths": [""], "threshold": 1} for name in names],
        },
    }
    author.shelf.put("targets/releases", signed(content, [key]))
    for name in names:
        author.put_delegation(name, {"v2": here.digest()}, [key])
    author.list_all()
    if counts:
        assert here.verify("v1").digest == digest
    else:
        with pytest.raises(MetadataRefusedError, match="more than 32 roles"):
            here.verify("v1")
