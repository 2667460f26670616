"""Reads cosign's public keys, and verifies signatures with them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final
from warnings import catch_warnings, simplefilter

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_public_key,
)
from msgspec import Struct

from sealock.errors import TargetError
from sealock.patterns import compile_lazily
from sealock.trust.unusable import NO_KEY, NOT_SIGNED

_CURVES: Final = frozenset({"secp256r1", "secp384r1", "secp521r1"})
_RSA_BITS: Final = range(2048, 16385)
_MOST_HALF: Final = 66
"""Bytes of a number of P-521."""
_MOST_FILE: Final = 64 << 10
_LABEL: Final = compile_lazily(rb"-----BEGIN ([A-Z0-9 ]{1,60})-----")
_PUBLIC: Final = frozenset({"PUBLIC KEY", "RSA PUBLIC KEY"})


class PublicKey(Struct, frozen=True):
    """A public key (DER, SubjectPublicKeyInfo), and its file."""

    der: bytes
    source: str = ""

    @property
    def id(self) -> str:
        """The SHA-256 of the key in hexadecimal, which bundles have in base64 as a hint."""
        return hashlib.sha256(self.der).hexdigest()


def read_public(raw: bytes, source: str) -> PublicKey:
    """Read a public key in PEM; TargetError says why it cannot be used."""
    if b"PRIVATE KEY-----" in raw:
        msg = f"{source} is a private key; verification needs the public one (cosign.pub)"
        raise TargetError(msg)
    if why := _why_not_pem(raw):
        msg = f"{source} is not a public key in PEM: {why}"
        raise TargetError(msg)
    try:
        with catch_warnings():
            simplefilter("ignore")
            key = load_pem_public_key(raw)
    except NO_KEY:
        msg = f"{source} is not a readable public key in PEM"
        raise TargetError(msg) from None
    return public_of(key, source)


def _why_not_pem(raw: bytes) -> str:
    """Why bytes are not one key in PEM, "" where they may be."""
    if len(raw) > _MOST_FILE:
        return f"it has more than {_MOST_FILE} bytes, the limit"
    labels = [label.decode("ascii", "replace") for label in _LABEL.findall(raw)]
    begun = raw.count(b"-----BEGIN")
    if "CERTIFICATE" in labels:
        return "it has a certificate; `openssl x509 -pubkey -noout` writes the key of one"
    if begun > 1:
        return f"it has {begun} blocks of PEM; name a file for each key"
    if not begun:
        return "it has no line -----BEGIN PUBLIC KEY-----"
    return "" if not labels or labels[0] in _PUBLIC else f"it has a {labels[0]}"


def public_of(key: Any, source: str = "") -> PublicKey:  # noqa: ANN401  the library has a class for each kind
    """Convert a loaded public key; TargetError where its kind is unknown to cosign, or too weak."""
    strong = (
        (isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES)
        or (isinstance(key, rsa.RSAPublicKey) and key.key_size in _RSA_BITS)
        or isinstance(key, ed25519.Ed25519PublicKey)
    )
    if not strong:
        msg = f"{source or 'the key'} is not ECDSA (P-256, P-384, P-521), RSA (2048 bits or more) or Ed25519"
        raise TargetError(msg)
    return PublicKey(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), source)


def write_public(key: PublicKey) -> bytes:
    """Write the key in PEM, as cosign.pub."""
    return load_der_public_key(key.der).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def made(key: PublicKey, signature: bytes, message: bytes) -> bool:
    """Whether a key made a signature over a message.

    cosign hashes with SHA-256 for every curve by default; sigstore's bundles use the curve's own hash. Either counts.
    As in cosign, a signature of ECDSA may also be its two numbers one behind the other (IEEE P1363).
    """
    loaded: Any = load_der_public_key(key.der)
    tries: list[tuple[Any, ...]] = [()]
    digests = (hashes.SHA256(), hashes.SHA384(), hashes.SHA512())
    if isinstance(loaded, ec.EllipticCurvePublicKey):
        tries = [(ec.ECDSA(digest),) for digest in digests]
    elif isinstance(loaded, rsa.RSAPublicKey):
        tries = [(padding.PKCS1v15(), digest) for digest in digests]
    for how in tries:
        for form in _forms(signature) if isinstance(loaded, ec.EllipticCurvePublicKey) else (signature,):
            with suppress(*NOT_SIGNED):
                loaded.verify(form, message, *how)
                return True
    return False


def _forms(signature: bytes) -> Iterator[bytes]:
    yield signature
    half, odd = divmod(len(signature), 2)
    if not odd and half <= _MOST_HALF:
        yield encode_dss_signature(*(int.from_bytes(part, "big") for part in (signature[:half], signature[half:])))
