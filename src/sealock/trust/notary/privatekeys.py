"""Docker's private keys: PKCS#8 in PEM with headers, encrypted with PBES2, read and written by hand.

Docker calls the inner structure version 1 although no public key follows, and leaves parameters out, which libraries
refuse. Docker of 2016 encrypted the PEM as OpenSSL did before PKCS#8 (Proc-Type: 4,ENCRYPTED): that is read only.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from base64 import b64decode, b64encode
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_private_key
from msgspec import Struct

from sealock.errors import SigningError
from sealock.patterns import compile_lazily
from sealock.trust.notary import der
from sealock.trust.notary.keys import spki
from sealock.trust.notary.metadata import NotaryKey, key_id
from sealock.trust.unusable import NO_KEY

_RSA: Final = bytes.fromhex("2a864886f70d010101")
_EC: Final = bytes.fromhex("2a8648ce3d0201")
_ED25519: Final = bytes.fromhex("2b06010401da470f01")
_PBES2: Final = bytes.fromhex("2a864886f70d01050d")
_PBKDF2: Final = bytes.fromhex("2a864886f70d01050c")
_AES: Final = {
    bytes.fromhex("60864801650304012a"): 32,
    bytes.fromhex("608648016503040116"): 24,
    bytes.fromhex("608648016503040102"): 16,
}
_PRFS: Final = {
    bytes.fromhex("2a864886f70d0207"): "sha1",
    bytes.fromhex("2a864886f70d0209"): "sha256",
    bytes.fromhex("2a864886f70d020b"): "sha512",
}
_ROUNDS: Final = 2048
"""Docker's rounds of PBKDF2."""
_MOST_ROUNDS: Final = 10_000_000
_DEK: Final = compile_lazily(r"AES-(128|192|256)-CBC,([0-9A-Fa-f]{32})")
_PEM: Final = compile_lazily(
    rb"-----BEGIN ((?:ENCRYPTED |EC |RSA )?PRIVATE KEY)-----\s*\n(.{0,65536}?)-----END \1-----", re.DOTALL
)


class PassphraseError(SigningError):
    """The passphrase does not open the key."""


class NotaryPrivateKey(Struct, frozen=True):
    """An open private key. `secret` is the library's object; it is never printed."""

    public: NotaryKey
    secret: Any

    @property
    def id(self) -> str:
        """The id of the public half."""
        return key_id(self.public)

    def __repr__(self) -> str:
        """Show only the id."""
        return f"PrivateKey({self.id})"


class PemCipher(Struct, frozen=True):
    """OpenSSL's encryption of a PEM (RFC 1421): AES in CBC mode, with a key of `size` bytes."""

    size: int
    vector: bytes


class StoredKey(Struct, frozen=True):
    """A parsed private key, not yet decrypted."""

    label: str
    role: str
    gun: str
    content: bytes
    cipher: PemCipher | None = None
    """The encryption of the PEM as a whole."""

    @property
    def encrypted(self) -> bool:
        """Whether a passphrase is needed."""
        return self.label == "ENCRYPTED PRIVATE KEY" or self.cipher is not None


def parse(pem: bytes) -> StoredKey:
    """Parse a PEM; SigningError where it has no private key."""
    match = _PEM.search(pem)
    if match is None:
        msg = "it has no private key in PEM"
        raise SigningError(msg)
    headers: dict[str, str] = {}
    lines = match[2].decode("ascii", "replace").splitlines()
    while lines and ":" in lines[0]:
        name, _, text = lines.pop(0).partition(":")
        headers[name.strip().lower()] = text.strip()
    cipher = _cipher(headers) if "proc-type" in headers else None
    try:
        content = b64decode("".join("".join(lines).split()), validate=True)
    except ValueError:
        msg = "the private key's PEM is damaged"
        raise SigningError(msg) from None
    return StoredKey(match[1].decode(), headers.get("role", ""), headers.get("gun", ""), content, cipher)


def _cipher(headers: dict[str, str]) -> PemCipher:
    """The cipher that a PEM's headers name; SigningError for one that Docker did not use."""
    match = _DEK.fullmatch(headers.get("dek-info", ""))
    if match is None or headers["proc-type"].replace(" ", "") != "4,ENCRYPTED":
        msg = "the private key has an old encryption that is not known: convert it with `openssl pkcs8 -topk8` first"
        raise SigningError(msg)
    return PemCipher(int(match[1]) // 8, bytes.fromhex(match[2]))


def open_key(stored: StoredKey, passphrase: str) -> NotaryPrivateKey:
    """Open a private key; PassphraseError where the passphrase is wrong."""
    content = stored.content
    if stored.encrypted:
        cipher = stored.cipher
        content = _decrypt(content, passphrase) if cipher is None else _decrypt_pem(content, cipher, passphrase)
        try:
            return _load(content)
        except SigningError:
            raise _wrong() from None
    return _load(content)


def _load(content: bytes) -> NotaryPrivateKey:

    try:
        reader = der.DerReader(content).sequence()
        reader.integer()
        if reader.tag == der.SEQUENCE:
            name, inner = reader.sequence().take(der.OID), reader.take(der.OCTETS)
            if name == _ED25519:
                # Docker writes the public half, then the seed and the public half again.
                return of(ed25519.Ed25519PrivateKey.from_private_bytes(inner[32:64]))
            if name in {_RSA, _EC} and der.DerReader(inner).tag == der.SEQUENCE:
                content = inner if _names_its_curve(name, inner) else content
        return of(load_der_private_key(content, None))
    except NO_KEY:
        msg = "the private key cannot be read"
        raise SigningError(msg) from None


def _names_its_curve(name: bytes, inner: bytes) -> bool:
    """Whether the inner key is complete without parameters: RSA always, EC if it names its curve."""
    if name == _RSA:
        return True
    reader = der.DerReader(inner).sequence()
    reader.integer()
    reader.take(der.OCTETS)
    return reader.tag == 0xA0


def _decrypt(content: bytes, passphrase: str) -> bytes:
    """Decrypt PBES2 with PBKDF2 and AES-CBC."""
    try:
        outer = der.DerReader(content).sequence()
        algorithm, secret = outer.sequence(), outer.take(der.OCTETS)
        if algorithm.take(der.OID) != _PBES2:
            raise _unknown()
        scheme = algorithm.sequence()
        derivation, encryption = scheme.sequence(), scheme.sequence()
        if derivation.take(der.OID) != _PBKDF2:
            raise _unknown()
        given = derivation.sequence()
        salt, rounds = given.take(der.OCTETS), given.integer()
        if given.tag == der.INTEGER:
            given.integer()
        prf = _PRFS.get(given.sequence().take(der.OID)) if given else "sha1"
        size, vector = _AES.get(encryption.take(der.OID)), encryption.take(der.OCTETS)
    except der.DerError:
        msg = "the private key is damaged"
        raise SigningError(msg) from None
    if prf is None or size is None:
        raise _unknown()
    if not 1 <= rounds <= _MOST_ROUNDS:
        msg = f"the private key requires {rounds} rounds of PBKDF2, which is out of range"
        raise SigningError(msg)
    if len(vector) != 16 or not secret or len(secret) % 16:
        msg = "the private key is damaged"
        raise SigningError(msg)
    return _unpadded(hashlib.pbkdf2_hmac(prf, passphrase.encode(), salt, rounds, size), vector, secret)


def _decrypt_pem(secret: bytes, cipher: PemCipher, passphrase: str) -> bytes:
    """Decrypt a PEM as OpenSSL did: its key comes from MD5 of the passphrase and the vector's first half."""
    if not secret or len(secret) % 16:
        msg = "the private key is damaged"
        raise SigningError(msg)
    key = part = b""
    while len(key) < cipher.size:
        part = hashlib.md5(part + passphrase.encode() + cipher.vector[:8], usedforsecurity=False).digest()
        key += part
    return _unpadded(key[: cipher.size], cipher.vector, secret)


def _unpadded(key: bytes, vector: bytes, secret: bytes) -> bytes:
    plain = _cbc(key, vector).decryptor().update(secret)
    # Valid padding alone proves nothing; the inner key must be readable.
    if not 1 <= plain[-1] <= 16:
        raise _wrong()
    return bytes(plain[: -plain[-1]])


def _cbc(key: bytes, vector: bytes) -> Any:  # noqa: ANN401  the library's class says as little

    return Cipher(algorithms.AES(key), modes.CBC(vector))


def _wrong() -> PassphraseError:
    return PassphraseError("the passphrase does not open the key")


def _unknown() -> SigningError:
    return SigningError("the private key is encrypted in a way that is not known (PBES2 with PBKDF2 and AES-CBC is)")


def generate() -> NotaryPrivateKey:
    """Create an ECDSA key on P-256, as Docker does."""
    return of(ec.generate_private_key(ec.SECP256R1()))


def of(secret: Any) -> NotaryPrivateKey:  # noqa: ANN401  the library has a class for each kind
    """Wrap a library's private key; SigningError for a kind that is unknown to Notary."""
    public = secret.public_key()
    match public:
        case ed25519.Ed25519PublicKey():
            return NotaryPrivateKey(NotaryKey("ed25519", public.public_bytes_raw()), secret)
        case ec.EllipticCurvePublicKey():
            return NotaryPrivateKey(NotaryKey("ecdsa", spki(public)), secret)
        case rsa.RSAPublicKey():
            return NotaryPrivateKey(NotaryKey("rsa", spki(public)), secret)
    msg = "the key has a kind that Notary does not know: use ECDSA, RSA or Ed25519"
    raise SigningError(msg)


def seal(key: NotaryPrivateKey, role: str, gun: str, passphrase: str) -> bytes:
    """Write an encrypted private key as Docker does; root keys and delegations serve all repositories."""
    salt, vector = secrets.token_bytes(8), secrets.token_bytes(16)
    derived = hashlib.pbkdf2_hmac("sha1", passphrase.encode(), salt, _ROUNDS, 32)
    plain = _inner(key)
    padding = 16 - len(plain) % 16
    secret = _cbc(derived, vector).encryptor().update(plain + bytes([padding]) * padding)
    aes = next(name for name, size in _AES.items() if size == 32)
    octets = der.OCTETS
    derivation = der.sequence(der.value(der.OID, _PBKDF2), der.sequence(der.value(octets, salt), der.integer(_ROUNDS)))
    encryption = der.sequence(der.value(der.OID, aes), der.value(octets, vector))
    algorithm = der.sequence(der.value(der.OID, _PBES2), der.sequence(derivation, encryption))
    text = b64encode(der.sequence(algorithm, der.value(octets, secret))).decode()
    headers = [f"{name}: {said}" for name, said in (("gun", gun), ("role", role)) if said]
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    label = "ENCRYPTED PRIVATE KEY"
    joined = "\n".join(
        [f"-----BEGIN {label}-----", *headers, *([""] if headers else []), *lines, f"-----END {label}-----"]
    )
    return f"{joined}\n".encode()


def _inner(key: NotaryPrivateKey) -> bytes:
    """Encode the key in Docker's PKCS#8."""
    if key.public.kind == "ed25519":
        inner = key.public.public + key.secret.private_bytes_raw() + key.public.public
        return der.sequence(der.integer(0), der.sequence(der.value(der.OID, _ED25519)), der.value(der.OCTETS, inner))
    inner = key.secret.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    if key.public.kind == "rsa":
        return der.sequence(der.integer(0), der.sequence(der.value(der.OID, _RSA)), der.value(der.OCTETS, inner))
    # The curve is in the public half's parameters.
    names = der.DerReader(key.public.public).sequence().sequence()
    names.take(der.OID)
    algorithm = der.sequence(der.value(der.OID, _EC), der.value(der.OID, names.take(der.OID)))
    return der.sequence(der.integer(1), algorithm, der.value(der.OCTETS, inner))
