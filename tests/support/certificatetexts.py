"""Makes the certificates that a text describes, and says what each of the three signature systems makes of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from sealock.trust.cosign.promises import _check_leaf, issuer_of
from sealock.trust.cosign.trustedroot import Authority, ValidityPeriod
from sealock.trust.notary.certificates import fault, issued_by
from sealock.trust.notary.keys import loaded
from sealock.trust.notary.metadata import NotaryKey
from sealock.trust.notation import algorithms, chain
from sealock.trust.refusal import SignatureRefusedError
from support.notationworld import NOW, usage

_NAME: Final = "registry.example/app"
_CURVES: Final[dict[str, Any]] = {"secp224r1": ec.SECP224R1, "secp256r1": ec.SECP256R1, "secp384r1": ec.SECP384R1, "secp521r1": ec.SECP521R1}  # fmt: skip


@cache
def _key(who: str, kind: str) -> Any:
    del who
    return ed25519.Ed25519PrivateKey.generate() if kind == "ed25519" else ec.generate_private_key(_CURVES[kind]())


def certificates(text: str) -> list[str]:
    """A chain of the certificates `leaf`, `middle` (where there is one) and `root`."""
    table = json.loads(text)
    try:
        made = list(_made(table))
    except (ValueError, TypeError, KeyError, AttributeError):
        return ["no such certificate can be made"]
    leaf, root = made[0], made[-1]
    return [
        f"Notation: {_notation(made)}",
        f"cosign: {_cosign(made)}",
        f"Notary: {_notary(leaf, made[1:-1], root)}",
    ]


def _made(table: Any) -> Iterator[x509.Certificate]:
    roles = [role for role in ("leaf", "middle", "root") if table[role] is not None]
    for role, issuer in zip(roles, [*roles[1:], roles[-1]], strict=True):
        known = table[role]
        builder = x509.CertificateBuilder(
            _name(issuer, table[issuer]), _name(role, known), _key(role, known["curve"]).public_key(), 1,
            NOW + timedelta(days=known["from"]), NOW + timedelta(days=known["to"]),
        )  # fmt: skip
        if known.get("usage") is not None:
            builder = builder.add_extension(usage(*known["usage"]), critical=known["critical"])
        if known.get("authority") is not None:
            limits = x509.BasicConstraints(ca=known["authority"], path_length=known.get("path"))
            builder = builder.add_extension(limits, critical=known.get("marked", True))
        if known.get("uses") is not None:
            uses = x509.ExtendedKeyUsage([x509.ObjectIdentifier(use) for use in known["uses"]])
            builder = builder.add_extension(uses, critical=False)
        if known.get("odd") is not None:
            unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
            builder = builder.add_extension(unknown, critical=known["odd"])
        signer = _key(issuer, table[issuer]["curve"])
        yield builder.sign(signer, None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256())


def _name(role: str, known: Any) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, known.get("name", _NAME if role == "leaf" else role))])


def _notation(made: list[x509.Certificate]) -> str:
    try:
        read = chain.load([each.public_bytes(Encoding.DER) for each in made])
        algorithm = algorithms.algorithm_of(chain.key_of(read[0]))
        chain.check(read)
    except SignatureRefusedError as error:
        return f"{error.check}: {error}"
    return chain.outside(read, NOW) or f"valid, {algorithm}"


def _cosign(made: list[x509.Certificate]) -> str:
    try:
        _check_leaf(made[0], NOW)
    except ValueError as error:
        return str(error)
    except x509.ExtensionNotFound as error:
        return f"no {error.oid.dotted_string}"
    authority = Authority(tuple(each.public_bytes(Encoding.DER) for each in made[1:]), ValidityPeriod())
    return "valid" if issuer_of(authority, made[0], NOW) is not None else "not issued by the authority"


def _notary(leaf: x509.Certificate, more: list[x509.Certificate], root: x509.Certificate) -> str:
    key = NotaryKey("ecdsa-x509", b"".join(each.public_bytes(Encoding.PEM) for each in (leaf, *more)))
    issued = "issued by the root" if issued_by(key, [root], NOW) else "not issued by the root"
    return f"{fault(key, _NAME, NOW) or 'valid'}, {'' if loaded(key) is not None else 'not usable, '}{issued}"
