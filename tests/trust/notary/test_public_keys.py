"""The first public key or certificate of a text counts; what is wrong with it is an error, whatever follows.

A key counts where it is of the kind that its metadata names, and strong enough.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sealock.errors import SigningError
from sealock.trust.notary.keys import CERTIFICATES, X509, certificates, loaded
from sealock.trust.notary.metadata import NotaryKey
from sealock.trust.notary.publickeys import read_public


def der(key: Any) -> bytes:
    found: bytes = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return found


def certificate(key: Any) -> bytes:
    name, days = x509.Name([]), (datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, *days)
    signs = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(key, signs).public_bytes(Encoding.PEM)


def pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


CURVE, RSA = pem(ec.generate_private_key(ec.SECP256R1())), pem(rsa.generate_private_key(65537, 2048))
OTHER = pem(ed25519.Ed25519PrivateKey.generate())
MALFORMED = "-----BEGIN PUBLIC KEY-----\nMFkw!\n-----END PUBLIC KEY-----\n"
NO_KEY = "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n"
NO_CERTIFICATE = CURVE.replace("PUBLIC KEY", "CERTIFICATE")
COMMENT = CURVE.replace("PUBLIC KEY", "COMMENT")


@pytest.mark.parametrize(
    ("text", "kind"),
    [(CURVE, "ecdsa"), (RSA, "rsa"), (CURVE + RSA, "ecdsa"), (COMMENT + RSA, "rsa"), (f"x\n{RSA}\nx", "rsa")],
    ids=["a curve", "RSA", "the first of two", "after a block of another kind", "between other lines"],
)
def test_a_public_key_is_read(text: str, kind: str) -> None:
    assert read_public(text, "key.pub").kind == kind


@pytest.mark.parametrize(
    "text",
    ["", MALFORMED, NO_KEY, OTHER, NO_CERTIFICATE, CURVE.replace("\n-----END", "\nx-----END")],
    ids=["nothing", "no base64", "no key", "another algorithm", "no certificate", "no end"],
)
@pytest.mark.parametrize("following", ["", "key"], ids=["alone", "before a key"])
def test_what_is_no_public_key_is_an_error(text: str, following: str) -> None:
    if following and text:
        text += CURVE
    first = r"the first certificate in key\.pub cannot be used"
    with pytest.raises(SigningError, match=rf"^(key\.pub has no public key for Notary: PEM of ECDSA|{first})"):
        read_public(text, "key.pub")


P224, P256 = ec.generate_private_key(ec.SECP224R1()), ec.generate_private_key(ec.SECP256R1())
P192 = ec.generate_private_key(ec.SECP192R1())
SMALL, LARGE = rsa.generate_private_key(65537, 1024), rsa.generate_private_key(65537, 2048)  # noqa: S505  too small
EDWARDS = ed25519.Ed25519PrivateKey.generate()
OLD = dsa.generate_private_key(1024)  # noqa: S505  too old
UNKNOWN_CURVE = der(P256).replace(bytes.fromhex("06082a8648ce3d030107"), bytes.fromhex("06082a8648ce3d03017f"))
UNKNOWN_ALGORITHM = der(EDWARDS).replace(bytes.fromhex("06032b6570"), bytes.fromhex("06032b657f"))
CONTENTS = {
    "P-224": der(P224), "P-256": der(P256), "P-192": der(P192), "RSA of 1024 bits": der(SMALL), "RSA of 2048 bits": der(LARGE),
    "the raw key": EDWARDS.public_key().public_bytes_raw(), "Ed25519": der(EDWARDS), "DSA": der(OLD),
    "an unknown curve": UNKNOWN_CURVE, "an unknown algorithm": UNKNOWN_ALGORITHM, "half": der(P256)[:40], "nothing": b"",
    "a certificate of P-224": certificate(P224), "a certificate of P-256": certificate(P256), "a certificate of P-192": certificate(P192),
    "a certificate of RSA of 1024 bits": certificate(SMALL), "a certificate of RSA of 2048 bits": certificate(LARGE),
    "a certificate of Ed25519": certificate(EDWARDS), "half a certificate": certificate(P256)[:99],
    "ten certificates": certificate(P256) * CERTIFICATES, "eleven certificates": certificate(P256) * (CERTIFICATES + 1),
}  # fmt: skip
USABLE = {
    "ecdsa": {"P-224", "P-256"},
    "rsa": {"RSA of 2048 bits"},
    "ed25519": {"the raw key"},
    "ecdsa-x509": {"a certificate of P-224", "a certificate of P-256", "ten certificates"},
    "rsa-x509": {"a certificate of RSA of 2048 bits"},
    "dsa": set[str](),
    "": set[str](),
}


@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize("kind", USABLE)
def test_a_key_is_used_where_it_is_of_its_kind_and_strong_enough(kind: str, content: str) -> None:
    key = NotaryKey(kind, CONTENTS[content])
    assert (loaded(key) is not None) == (content in USABLE[kind])
    if kind not in X509:
        assert certificates(key) == ()
