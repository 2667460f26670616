"""Loads public keys, and verifies signatures with them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from cryptography.x509 import Certificate

from sealock.trust.librarywarnings import ignore_warnings
from sealock.trust.notary.metadata import NotaryKey, NotaryRole, Signature, SignedMetadata, key_id
from sealock.trust.refusal import MetadataRefusedError
from sealock.trust.unusable import NO_CERTIFICATE, NO_KEY, NOT_SIGNED

X509: Final = {"ecdsa-x509": "ecdsa", "rsa-x509": "rsa"}
"""Key kinds that are certificates, with the kind of the certified key."""
RSA_BITS: Final = range(2048, 16385)
_CURVES: Final = frozenset({"secp224r1", "secp256r1", "secp384r1", "secp521r1"})
"""Those that Go knows."""
CERTIFICATES: Final = 10
"""Maximum number in one key."""


@lru_cache(maxsize=256)
def certificates(key: NotaryKey) -> tuple[Certificate, ...]:
    """Read a key's certificates, the leaf first; () where there are none, or where they cannot be read.

    Notary writes them again, and compares the key's id: so they must be written as Go does.
    """
    if key.kind not in X509 or key.public.count(b"-----BEGIN") > CERTIFICATES:
        return ()
    try:
        with ignore_warnings():
            chain = tuple(x509.load_pem_x509_certificates(key.public))
            written = b"".join(certificate.public_bytes(Encoding.PEM) for certificate in chain)
            return chain if written == key.public else ()
    except NO_CERTIFICATE:
        return ()


@lru_cache(maxsize=256)
def loaded(key: NotaryKey) -> Any:  # noqa: ANN401  the library has a class for each kind
    """Load the key; None where it is not of its kind, too weak, or not encoded as Go reads it."""
    try:
        with ignore_warnings():
            if key.kind == "ed25519":
                return ed25519.Ed25519PublicKey.from_public_bytes(key.public)
            if key.kind in X509:
                chain = certificates(key)
                if not chain:
                    return None
                public: Any = chain[0].public_key()
                written = spki(public) in chain[0].tbs_certificate_bytes
            else:
                public = load_der_public_key(key.public)
                written = spki(public) == key.public
    except NO_KEY:
        return None
    kind = X509.get(key.kind, key.kind)
    ecdsa = kind == "ecdsa" and isinstance(public, ec.EllipticCurvePublicKey) and public.curve.name in _CURVES
    strong = ecdsa or (kind == "rsa" and isinstance(public, rsa.RSAPublicKey) and public.key_size in RSA_BITS)
    # Go reads no compressed point, and no key in PKCS #1.
    return public if strong and written else None


@lru_cache(maxsize=256)
def canonical_id(key: NotaryKey) -> str:
    """The id of the bare key, without its certificate: the name of the private half's file."""
    bare = key
    if key.kind in X509 and (public := loaded(key)) is not None:
        bare = NotaryKey(X509[key.kind], spki(public))
    return key_id(bare)


@lru_cache(maxsize=256)
def identity(key: NotaryKey) -> bytes:
    """Bytes that are the same for a key: bare or in a certificate."""
    public = loaded(key)
    return key.public if public is None else spki(public)


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
    except NOT_SIGNED:
        return False
    return True


def signers(
    keys: Mapping[str, NotaryKey], role: NotaryRole, signed: SignedMetadata[Any], what: str, when: str = ""
) -> tuple[str, ...]:
    """Verify a role's signatures; return the ids of the keys that signed, MetadataRefusedError if they are too few.

    A key counts once, whatever its signatures, ids and certificates (5.3.4, 5.4.2). `when` is for the message.
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
    """Say why the signatures are not enough."""
    known = [signature.key for signature in signatures if signature.key in role.keys and signature.key in keys]
    strangers = sorted({short(signature.key) for signature in signatures if signature.key not in role.keys})
    if valid:
        needs = f"needs signatures by {role.threshold} different keys, and has valid ones by {valid}"
        return needs + ("; one key signing more than once counts once" if len(known) > valid else "")
    if known:
        return f"has an invalid signature by {short(known[0])}: it was changed after signing, or never signed"
    trusted = ", ".join(short(key) for key in role.keys[:3]) or "no key at all"
    by = f"signed by {', '.join(strangers[:3])}" if strangers else "its keys' certificates do not count here"
    return f"has no signature by a key that is trusted for it ({trusted}); {by}"


def short(name: str) -> str:
    """Shorten an id for messages."""
    return name[:12]


def base64(raw: bytes) -> str:
    """Encode bytes as Notary does."""
    return b64encode(raw).decode("ascii")
