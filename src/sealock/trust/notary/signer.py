"""Writes and signs metadata as Notary does, without I/O."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sealock.errors import SigningError
from sealock.trust.notary.canonical import Json, encode, spelled
from sealock.trust.notary.keys import base64, canonical_id, short
from sealock.trust.notary.metadata import (
    Delegation,
    FileMeta,
    Listing,
    NotaryKey,
    NotaryRole,
    RootMetadata,
    Targets,
    key_id,
    key_json,
)
from sealock.trust.notary.privatekeys import NotaryPrivateKey
from sealock.trust.notary.roles import lifetime

Open: TypeAlias = Callable[[str, NotaryKey], NotaryPrivateKey | None]
"""Opens the private half of a key for a role; None where it is not here."""


def signature(key: NotaryPrivateKey, message: bytes) -> tuple[str, bytes]:
    """Sign; return the method and the signature in Notary's encoding."""
    if key.public.kind == "ed25519":
        return "eddsa", key.secret.sign(message)
    algorithm = hashes.SHA256()
    if key.public.kind == "rsa":
        pss = padding.PSS(padding.MGF1(algorithm), salt_length=32)
        return "rsapss", key.secret.sign(message, pss, algorithm)
    size = (key.secret.curve.key_size + 7) // 8
    r, s = decode_dss_signature(key.secret.sign(message, ec.ECDSA(algorithm)))
    return "ecdsa", r.to_bytes(size, "big") + s.to_bytes(size, "big")


def envelope(signed: Json, keys: Iterable[tuple[str, NotaryPrivateKey]]) -> bytes:
    """Sign with each key under its id, and write the envelope.

    The server stores it in Go's order of fields, and hashes that: `signed` must come first.
    """
    message = encode(signed)
    parts: list[bytes] = []
    for name, key in keys:
        method, made = signature(key, message)
        parts.append(
            b'{"keyid":"%b","method":"%b","sig":"%b"}' % (name.encode(), method.encode(), base64(made).encode())
        )
    return b'{"signed":%b,"signatures":[%b]}' % (message, b",".join(parts))


def sign(signed: Json, groups: Iterable[tuple[str, Mapping[str, NotaryKey], NotaryRole]], opened: Open) -> bytes:
    """Sign for each role with all of its keys that are here; SigningError where they are too few."""
    signing: dict[str, NotaryPrivateKey] = {}
    for role, keys, rule in groups:
        ours: set[str] = set()
        for name in rule.keys:
            key = signing.get(name) or opened(role, keys[name])
            if key is not None:
                signing[name] = key
                ours.add(canonical_id(key.public))
        if len(ours) < rule.threshold:
            ids = ", ".join(short(canonical_id(keys[key])) for key in rule.keys) or "none"
            msg = (
                f"{role} needs signatures by {rule.threshold} of its keys ({ids}), and only "
                f"{len(ours)} of the private keys are here"
            )
            raise SigningError(msg)
    return envelope(signed, signing.items())


def root_json(root: RootMetadata) -> Json:
    """Write a root as Notary does."""
    return {
        "_type": "Root",
        "consistent_snapshot": False,
        "expires": spelled(root.expires),
        "keys": {name: key_json(key) for name, key in root.keys.items()},
        "roles": {name: _role_json(role) for name, role in root.roles.items()},
        "version": root.version,
    }


def targets_json(targets: Targets) -> Json:
    """Write targets, or a delegation, as Notary does."""
    return {
        "_type": "Targets",
        "delegations": {
            "keys": {name: key_json(key) for name, key in targets.keys.items()},
            "roles": [_delegation_json(delegation) for delegation in targets.delegations],
        },
        "expires": spelled(targets.expires),
        "targets": {tag: _file_json(meta) for tag, meta in targets.tags.items()},
        "version": targets.version,
    }


def listing_json(listing: Listing, role: str) -> Json:
    """Write a snapshot or timestamp as Notary does."""
    return {
        "_type": role.capitalize(),
        "expires": spelled(listing.expires),
        "meta": {name: _file_json(meta) for name, meta in listing.meta.items()},
        "version": listing.version,
    }


def _role_json(role: NotaryRole) -> dict[str, Json]:
    return {"keyids": list(role.keys), "threshold": role.threshold}


def _delegation_json(delegation: Delegation) -> Json:
    table: dict[str, Json] = {**_role_json(delegation.role), "name": delegation.name}
    if delegation.paths:
        table["paths"] = list(delegation.paths)
    return table


def _file_json(meta: FileMeta) -> Json:
    table: dict[str, Json] = {
        "hashes": {name: base64(value) for name, value in meta.hashes.items()},
        "length": meta.length,
    }
    if meta.custom is not None:
        table["custom"] = meta.custom
    return table


def meta_of(raw: bytes) -> FileMeta:
    """Length and hashes of bytes."""
    return FileMeta(len(raw), {name: hashlib.new(name, raw).digest() for name in ("sha256", "sha512")})


def new_root(keys: Mapping[str, Iterable[NotaryKey]], now: datetime) -> RootMetadata:
    """Make the first root: each role's keys, with a threshold of one."""
    by_role = {role: tuple(role_keys) for role, role_keys in keys.items()}
    return RootMetadata(
        version=1,
        expires=now + lifetime("root"),
        keys={key_id(key): key for role_keys in by_role.values() for key in role_keys},
        roles={role: NotaryRole(tuple(key_id(key) for key in role_keys), 1) for role, role_keys in by_role.items()},
    )


def certify(key: NotaryPrivateKey, gun: str, now: datetime) -> NotaryKey:
    """Make a root key's certificate for one repository: self-signed, for ten years, as Docker does."""
    if key.public.kind == "ed25519":
        msg = "a root key must be ECDSA or RSA, since Notary's root keys are certificates of these kinds"
        raise SigningError(msg)
    # A repository's name may exceed the standard's 64 characters; Notary accepts it.
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, gun, _validate=False)])
    usage = x509.KeyUsage(
        digital_signature=True,
        key_encipherment=True,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.secret.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + lifetime("root"))
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key.secret, hashes.SHA256())
    )
    return NotaryKey(f"{key.public.kind}-x509", made.public_bytes(Encoding.PEM))
