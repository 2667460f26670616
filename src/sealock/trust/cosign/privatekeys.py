"""cosign's key files: a PKCS#8 key in a NaCl secretbox whose key is derived by scrypt; and plain PEM."""

from __future__ import annotations

import hashlib
import json
import os
import re
from base64 import b64decode
from collections.abc import Callable
from typing import Any, Final, Literal, TypeAlias
from warnings import catch_warnings, simplefilter

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
    load_pem_private_key,
)

from sealock.errors import SigningError, TargetError
from sealock.formats.jsonobject import JsonObject
from sealock.patterns import compile_lazily
from sealock.trust.cosign.keys import PublicKey, public_of
from sealock.trust.refusal import SignatureRefusedError
from sealock.trust.unusable import NO_KEY
from sealock.trust.wire import decoded, encoded, malformed, table_of

KeyKind: TypeAlias = Literal["ecdsa-p256", "ecdsa-p384", "rsa-3072", "ed25519"]
KINDS: Final[tuple[KeyKind, ...]] = ("ecdsa-p256", "ecdsa-p384", "rsa-3072", "ed25519")
Passphrase: TypeAlias = Callable[[], str]

_LABEL: Final = "ENCRYPTED SIGSTORE PRIVATE KEY"
_PEM: Final = compile_lazily(
    rb"\s*-----BEGIN ((?:[A-Z0-9]+ )*PRIVATE KEY)-----\s+([A-Za-z0-9+/=\s]+?)\s*-----END \1-----\s*"
)
_BOXED: Final = frozenset({_LABEL.encode(), b"ENCRYPTED COSIGN PRIVATE KEY"})
_COST: Final = (65536, 8, 1)
"""cosign's N, r, p of scrypt: 64 MiB, a fifth of a second."""
_COSTS: Final = frozenset({(32768, 8, 1), (65536, 8, 1)})
"""All that cosign has ever written. Others would let a file determine the memory use."""
_MEMORY: Final = 160 << 20
_MOST_FILE: Final = 64 << 10


class CosignPrivateKey:
    """A private key for signing. It is never printed."""

    def __init__(self, loaded: Any, source: str) -> None:  # noqa: ANN401  the library has a class for each kind
        self._loaded = loaded
        self.public: PublicKey = public_of(loaded.public_key(), source)

    def sign(self, message: bytes) -> bytes:
        """Sign a message as cosign does: ECDSA and RSA (PKCS #1 v1.5) over its SHA-256, Ed25519 over the message."""
        if isinstance(self._loaded, ec.EllipticCurvePrivateKey):
            return self._loaded.sign(message, ec.ECDSA(hashes.SHA256()))
        if isinstance(self._loaded, rsa.RSAPrivateKey):
            return self._loaded.sign(message, padding.PKCS1v15(), hashes.SHA256())
        signature: bytes = self._loaded.sign(message)
        return signature

    def pkcs8(self) -> bytes:
        """The private key in DER."""
        raw: bytes = self._loaded.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        return raw


def generate(kind: KeyKind = "ecdsa-p256") -> CosignPrivateKey:
    """Make a key."""
    match kind:
        case "ecdsa-p256":
            return CosignPrivateKey(ec.generate_private_key(ec.SECP256R1()), "")
        case "ecdsa-p384":
            return CosignPrivateKey(ec.generate_private_key(ec.SECP384R1()), "")
        case "rsa-3072":
            return CosignPrivateKey(rsa.generate_private_key(65537, 3072), "")
        case "ed25519":
            return CosignPrivateKey(ed25519.Ed25519PrivateKey.generate(), "")


def read_private(raw: bytes, source: str, passphrase: Passphrase) -> CosignPrivateKey:
    """Read cosign's file, or a key in PEM; TargetError where it is invalid, SigningError where the passphrase is wrong.

    `passphrase` is called only for an encrypted key.
    """
    pem = _PEM.fullmatch(raw) if len(raw) <= _MOST_FILE else None
    if pem is None:
        msg = f"{source} is not a private key in PEM" + (", but a public one" if b"PUBLIC KEY-----" in raw else "")
        raise TargetError(msg)
    if pem[1] not in _BOXED:
        return CosignPrivateKey(_plain(raw, pem[1], source, passphrase), source)
    try:
        body = b64decode(re.sub(rb"\s", b"", pem[2]), validate=True)
        inner = _unboxed(body, source, passphrase)
    except (SignatureRefusedError, ValueError) as error:
        msg = f"{source} is not a valid cosign key file: {error}"
        raise TargetError(msg) from None

    try:
        return CosignPrivateKey(load_der_private_key(inner, None), source)
    except NO_KEY:
        msg = f"{source} has a key that cannot be read"
        raise TargetError(msg) from None


def write_private(key: CosignPrivateKey, passphrase: str) -> bytes:
    """Write the key as cosign's file, encrypted with a passphrase, which may be empty."""
    from nacl.secret import SecretBox  # noqa: PLC0415  it costs 50 ms and more

    salt = os.urandom(32)
    box = SecretBox(_stretched(passphrase, salt, _COST))
    sealed = box.encrypt(key.pkcs8())
    n, r, p = _COST
    table = {
        "kdf": {"name": "scrypt", "params": {"N": n, "r": r, "p": p}, "salt": encoded(salt)},
        "cipher": {"name": "nacl/secretbox", "nonce": encoded(sealed.nonce)},
        "ciphertext": encoded(sealed.ciphertext),
    }
    body = encoded(json.dumps(table, separators=(",", ":")).encode())
    lines = "\n".join(body[at : at + 64] for at in range(0, len(body), 64))
    return f"-----BEGIN {_LABEL}-----\n{lines}\n-----END {_LABEL}-----\n".encode()


def _unboxed(body: bytes, source: str, passphrase: Passphrase) -> bytes:
    from nacl.exceptions import CryptoError  # noqa: PLC0415  it costs 50 ms and more
    from nacl.secret import SecretBox  # noqa: PLC0415  as above

    what = "the file"
    box = JsonObject(table_of(body, what, _MOST_FILE))
    kdf, cipher = box.child("kdf"), box.child("cipher")
    numbers = tuple(kdf.child("params").maybe_int(name) for name in ("N", "r", "p"))
    if (kdf.text("name"), cipher.text("name")) != ("scrypt", "nacl/secretbox"):
        raise malformed(what, "its encryption is unknown")
    cost = next((cost for cost in _COSTS if cost == numbers), None)
    if cost is None:
        raise malformed(what, "its scrypt parameters are not cosign's")
    salt, nonce = decoded(kdf.text("salt"), what), decoded(cipher.text("nonce"), what)
    sealed = decoded(box.members.get("ciphertext"), what)
    if len(nonce) != SecretBox.NONCE_SIZE or not 16 <= len(salt) <= 256:
        raise malformed(what, "its salt or nonce has a wrong length")
    try:
        return SecretBox(_stretched(passphrase(), salt, cost)).decrypt(sealed, nonce)
    except CryptoError:
        msg = f"the passphrase of {source} is wrong"
        raise SigningError(msg) from None


def _stretched(passphrase: str, salt: bytes, cost: tuple[int, int, int]) -> bytes:
    n, r, p = cost
    return hashlib.scrypt(passphrase.encode(), salt=salt, n=n, r=r, p=p, maxmem=_MEMORY, dklen=32)


def _plain(raw: bytes, label: bytes, source: str, passphrase: Passphrase) -> Any:  # noqa: ANN401  as in PrivateKey
    """Read a key in PEM that is not cosign's own file."""
    secret = passphrase().encode() if label.startswith(b"ENCRYPTED") else None
    try:
        with catch_warnings():
            simplefilter("ignore")
            return load_pem_private_key(raw, secret)
    except ValueError:
        if secret is not None:
            msg = f"{source} cannot be read, or its passphrase is wrong"
            raise SigningError(msg) from None
    except NO_KEY:
        pass
    msg = f"{source} has a key that cannot be read"
    raise TargetError(msg)
