"""The first public key or certificate of a text counts; what is wrong with it is an error, whatever follows."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sealock.errors import TrustError
from sealock.trust.notary.publickeys import read_public


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
    if following and text and "CERTIFICATE" not in text:
        text += CURVE
    with pytest.raises(TrustError, match=r"^key\.pub has no public key for Notary: PEM of ECDSA"):
        read_public(text, "key.pub")
