"""Public keys: which they really are, and whether they made a signature."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final
from warnings import catch_warnings, simplefilter

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from cryptography.x509 import Certificate

from sealock.trust.notary.metadata import NotaryKey, NotaryRole, Signature, SignedMetadata, key_id
from sealock.trust.refusal import MetadataRefusedError

X509: Final = {"ecdsa-x509": "ecdsa", "rsa-x509": "rsa"}
"""Kinds of key that are certificates, and the kind of what they certify."""
RSA_BITS: Final = range(2048, 16385)
_EC_BITS: Final = 224
CERTIFICATES: Final = 10
"""In one key at the most."""


def unreadable() -> tuple[type[Exception], ...]:
    """What the library raises over certificates and keys that are not as they should be."""
    return (
        ValueError,
        TypeError,
        OverflowError,
        UnsupportedAlgorithm,
        x509.InvalidVersion,
        x509.DuplicateExtension,
        x509.UnsupportedGeneralNameType,
    )


@lru_cache(maxsize=256)
def certificates(key: NotaryKey) -> tuple[Certificate, ...]:
    """Read a key's certificates, the leaf first; none where it has none, or where they cannot be read."""
    if key.kind not in X509 or key.public.count(b"-----BEGIN") > CERTIFICATES:
        return ()
    try:
        with catch_warnings():
            # Of what it will refuse some day; what must be refused today is up to us.
            simplefilter("ignore")
            return tuple(x509.load_pem_x509_certificates(key.public))
    except unreadable():
        return ()


@lru_cache(maxsize=256)
def loaded(key: NotaryKey) -> Any:  # noqa: ANN401  the library has a class for each kind
    """Load the key; None where it is not what its kind says, or too weak to count."""
    try:
        with catch_warnings():
            simplefilter("ignore")
            if key.kind == "ed25519":
                return ed25519.Ed25519PublicKey.from_public_bytes(key.public)
            if key.kind in X509:
                chain = certificates(key)
                found: Any = chain[0].public_key() if chain else None
            else:
                found = load_der_public_key(key.public)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    kind = X509.get(key.kind, key.kind)
    if kind == "ecdsa" and isinstance(found, ec.EllipticCurvePublicKey) and found.curve.key_size >= _EC_BITS:
        return found
    if kind == "rsa" and isinstance(found, rsa.RSAPublicKey) and found.key_size in RSA_BITS:
        return found
    return None


@lru_cache(maxsize=256)
def canonical_id(key: NotaryKey) -> str:
    """The id of the bare key, whatever certificate it comes in: the name of the file that its private half is in."""
    bare = key
    if key.kind in X509 and (found := loaded(key)) is not None:
        bare = NotaryKey(X509[key.kind], spki(found))
    return key_id(bare)


@lru_cache(maxsize=256)
def identity(key: NotaryKey) -> bytes:
    """What is the same for one key however it is written: bare or in a certificate, its point compressed or not."""
    found = loaded(key)
    return key.public if found is None else spki(found)


def spki(public: Any) -> bytes:  # noqa: ANN401  the library has a class for each kind
    """The public key as SubjectPublicKeyInfo in DER."""
    encoded: bytes = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return encoded


def made(key: NotaryKey, signature: Signature, message: bytes) -> bool:
    """Whether the key made this signature over the message."""
    public, algorithm = loaded(key), hashes.SHA256()
    try:
        match public:
            case ed25519.Ed25519PublicKey() if signature.method == "eddsa":
                public.verify(signature.value, message)
            case ec.EllipticCurvePublicKey() if signature.method == "ecdsa":
                size = (public.curve.key_size + 7) // 8
                if len(signature.value) != 2 * size:
                    return False
                halves = (int.from_bytes(half, "big") for half in (signature.value[:size], signature.value[size:]))
                public.verify(encode_dss_signature(*halves), message, ec.ECDSA(algorithm))
            case rsa.RSAPublicKey() if signature.method == "rsapss":
                pss = padding.PSS(padding.MGF1(algorithm), salt_length=32)
                public.verify(signature.value, message, pss, algorithm)
            case rsa.RSAPublicKey() if signature.method == "rsapkcs1v15":
                public.verify(signature.value, message, padding.PKCS1v15(), algorithm)
            case _:
                return False
    except (InvalidSignature, ValueError):
        return False
    return True


def signers(
    keys: Mapping[str, NotaryKey], role: NotaryRole, signed: SignedMetadata[Any], what: str, when: str = ""
) -> tuple[str, ...]:
    """Check a role's signatures; give the ids of the keys that signed, RefusedError where they are too few.

    `when` is about when they were made, for the error's words.

    A key counts once, however often it signs, and under however many ids or certificates it comes (5.3.4, 5.4.2).
    """
    signatures, message = signed.signatures, signed.message
    if not signatures:
        raise MetadataRefusedError(check="signature", why=f"{what} is not signed")
    valid: dict[bytes, str] = {}
    for signature in signatures:
        key = keys.get(signature.key) if signature.key in role.keys else None
        if key is not None and identity(key) not in valid and made(key, signature, message):
            valid[identity(key)] = signature.key
    if len(valid) < role.threshold:
        raise MetadataRefusedError(
            check="signature", why=f"{what} {_too_few(keys, role, signatures, len(valid))}{when}"
        )
    return tuple(valid.values())


def _too_few(keys: Mapping[str, NotaryKey], role: NotaryRole, signatures: tuple[Signature, ...], valid: int) -> str:
    """Say in words why the signatures do not suffice."""
    known = [signature.key for signature in signatures if signature.key in role.keys and signature.key in keys]
    strangers = sorted({short(signature.key) for signature in signatures if signature.key not in role.keys})
    if valid:
        needs = f"needs signatures by {role.threshold} different keys, and has valid ones by {valid}"
        return needs + ("; one key signing more than once counts once" if len(known) > valid else "")
    if known:
        return f"has a signature by {short(known[0])} that is not valid: it was changed after signing, or never signed"
    wanted = ", ".join(short(key) for key in role.keys[:3]) or "no key at all"
    by = f"signed by {', '.join(strangers[:3])}" if strangers else "its keys' certificates do not count here"
    return f"has no signature by a key that is trusted for it ({wanted}); {by}"


def short(name: str) -> str:
    """An id short enough to read."""
    return name[:12]


def base64(raw: bytes) -> str:
    """Bytes as Notary writes them."""
    return b64encode(raw).decode("ascii")
