"""Makes and verifies signatures with the one algorithm that each key may use."""

from __future__ import annotations

from typing import Any, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import HashAlgorithm

from sealock.trust.refusal import SignatureRefusedError
from sealock.trust.unusable import NOT_SIGNED

_RSA: Final = {2048: "PS256", 3072: "PS384", 4096: "PS512"}
_CURVES: Final = {"secp256r1": ("ES256", 32), "secp384r1": ("ES384", 48), "secp521r1": ("ES512", 66)}


def algorithm_of(key: object) -> str:
    """Return the JWS name of a public key's algorithm; SignatureRefusedError for other keys."""
    algorithm = ""
    if isinstance(key, rsa.RSAPublicKey):
        algorithm = _RSA.get(key.key_size, "")
    elif isinstance(key, ec.EllipticCurvePublicKey):
        algorithm = _CURVES.get(key.curve.name, ("", 0))[0]
    if not algorithm:
        why = "the signer's key is neither RSA (2048, 3072, 4096 bits) nor ECDSA (P-256, P-384, P-521)"
        raise SignatureRefusedError(check="algorithm", why=why)
    return algorithm


def verifies(key: Any, algorithm: str, signature: bytes, message: bytes) -> bool:  # noqa: ANN401  as algorithm_of
    """Whether a key made a signature, by its algorithm."""
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            size = _CURVES[key.curve.name][1]
            if len(signature) != 2 * size:
                return False
            r, s = (int.from_bytes(part, "big") for part in (signature[:size], signature[size:]))
            key.verify(encode_dss_signature(r, s), message, ec.ECDSA(_hash(algorithm)))
        else:
            key.verify(signature, message, _padding(algorithm), _hash(algorithm))
    except NOT_SIGNED:
        return False
    return True


def made(key: Any, algorithm: str, message: bytes) -> bytes:  # noqa: ANN401  a private key of either kind
    """Sign a message."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        size = _CURVES[key.curve.name][1]
        parts = decode_dss_signature(key.sign(message, ec.ECDSA(_hash(algorithm))))
        return b"".join(part.to_bytes(size, "big") for part in parts)
    signature: bytes = key.sign(message, _padding(algorithm), _hash(algorithm))
    return signature


def _hash(algorithm: str) -> HashAlgorithm:

    known: dict[str, HashAlgorithm] = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
    return known[algorithm[2:]]


def _padding(algorithm: str) -> Any:  # noqa: ANN401  the library has a class for each

    digest = _hash(algorithm)
    return padding.PSS(padding.MGF1(digest), digest.digest_size)
