"""The first public key or certificate of a text counts; what is wrong with it is an error, whatever follows.

A key counts where it is of the kind that its metadata names, and strong enough.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sealock.errors import SigningError
from sealock.trust.notary.keys import CERTIFICATES, X509, certificates, loaded
from sealock.trust.notary.metadata import NotaryKey
from sealock.trust.notary.publickeys import read_backup, read_public


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


def lasting(key: Any, first: int = -1, last: int = 9000, *, authority: bool | None = None) -> str:
    """A certificate of a key, from so many days from now to so many."""
    name, now = x509.Name([]), datetime.now(UTC)
    days = now + timedelta(days=first), now + timedelta(days=last)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, *days)
    if authority is not None:
        builder = builder.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    signs = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(key, signs).public_bytes(Encoding.PEM).decode()


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        pytest.param(lasting(P256), "ecdsa-x509", id="a curve"),
        pytest.param(lasting(LARGE), "rsa-x509", id="RSA"),
        pytest.param(f"{CURVE}{lasting(LARGE)}", "ecdsa", id="after a key"),
        pytest.param(f"{lasting(LARGE)}{CURVE}", "rsa-x509", id="before a key"),
        pytest.param(CURVE.replace("-----\n", "-----\nrole: a\n\n", 1), "ecdsa", id="a key with a header"),
        pytest.param(COMMENT * 999 + CURVE, "ecdsa", id="the thousandth block"),
        pytest.param(COMMENT * 1000 + CURVE, "has no public key", id="a block more than are read"),
        pytest.param(lasting(P256, -9, -1), "the certificate in key.pub", id="one that has expired"),
        pytest.param(lasting(P256, 3, 9), "the certificate in key.pub", id="one that is not valid yet"),
        pytest.param(lasting(SMALL), "cannot be used", id="a short key"),
        pytest.param(lasting(EDWARDS), "cannot be used", id="a key of another kind"),
        pytest.param(f"{lasting(EDWARDS)}{CURVE}", "cannot be used", id="a key of another kind, before a key"),
        pytest.param(pem(SMALL), "has no public key", id="a short key alone"),
        pytest.param(f"{OTHER}{lasting(P256)}", "has no public key", id="another algorithm, before a certificate"),
    ],
)
def test_certificates_and_keys_are_read_as_the_first_of_a_text(text: str, kind: str) -> None:
    if " " in kind:
        with pytest.raises(SigningError, match=re.escape(kind)):
            read_public(text, "key.pub")
    else:
        assert read_public(text, "key.pub").kind == kind


ID = "ab" * 32
SECRET = CURVE.replace("PUBLIC KEY", "ENCRYPTED PRIVATE KEY")


def headed(**headers: str) -> str:
    lines = "".join(f"{name}: {text}\n" for name, text in headers.items())
    return SECRET.replace("-----\n", f"-----\n{lines}\n", 1)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param("", [], id="nothing"),
        pytest.param(CURVE, [], id="a public key"),
        pytest.param(headed(path=ID), [ID], id="its id"),
        pytest.param(headed(Path=ID), [ID], id="a header in capitals"),
        pytest.param(headed(path=f"private/root_keys/{ID}.key"), [ID], id="a path"),
        pytest.param(headed(path=f"{ID}_alice"), [ID], id="its role behind the id"),
        pytest.param(
            CURVE + headed(path=ID) + CURVE + headed(path="cd" * 32), [ID, "cd" * 32], id="between public keys"
        ),
        pytest.param(SECRET, None, id="no header"),
        pytest.param(headed(role="root"), None, id="another header"),
        pytest.param(headed(path=ID[1:]), None, id="a letter less"),
        pytest.param(headed(path=f"{ID}a"), None, id="a letter more"),
        pytest.param(headed(path=f"{ID[1:]}g"), None, id="a letter that no digest has"),
        pytest.param(headed(path=ID.upper()), None, id="capitals"),
    ],
)
def test_a_backup_names_each_private_key(text: str, names: list[str] | None) -> None:
    if names is None:
        with pytest.raises(SigningError, match="has no id in its `path` header"):
            list(read_backup(text))
    else:
        read = list(read_backup(text))
        assert [name for name, _ in read] == names
        assert all(b"path" not in raw.lower() and b"PRIVATE KEY" in raw for _, raw in read)


def test_headers_of_a_restored_key_stand_in_their_order() -> None:
    text = headed(**{"role": "root", "DEK-Info": "AES", "path": ID, "gun": "g", "Proc-Type": "4"})
    ((_, raw),) = read_backup(text)
    assert raw.decode().splitlines()[1:6] == ["Proc-Type: 4", "DEK-Info: AES", "gun: g", "role: root", ""]
