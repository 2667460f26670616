"""The nouns of Notary's metadata, read from JSON strictly: what is missing, or of another type, refuses the whole."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, Generic, TypeAlias, TypeVar

from msgspec import Struct

from sealock.trust.notary.canonical import Json, decode, encode
from sealock.trust.notary.fields import Fields
from sealock.trust.notary.roles import ROLES, is_delegation, parent
from sealock.trust.refusal import MetadataRefusedError

SIGNATURES: Final = 64
"""In one envelope at the most; checking each takes time."""
KEYS: Final = 1024
HASHES: Final = {"sha256": 32, "sha512": 64}
"""The algorithms that count, and the bytes that they give."""


class NotaryKey(Struct, frozen=True):
    """A public key. `public` is SPKI DER for ecdsa and rsa, 32 bytes for ed25519, PEM for the x509 kinds."""

    kind: str
    public: bytes


class Signature(Struct, frozen=True):
    """One signature, and the id of the key that is said to have made it."""

    key: str
    method: str
    value: bytes


class NotaryRole(Struct, frozen=True):
    """Which keys may sign, and how many of them must."""

    keys: tuple[str, ...]
    threshold: int


class FileMeta(Struct, frozen=True):
    """Length and hashes of what stands elsewhere. `custom` is whatever the signer added."""

    length: int
    hashes: Mapping[str, bytes]
    custom: Json = None


class RootMetadata(Struct, frozen=True):
    """Says which keys sign for which role. `keys` holds them all, by id."""

    version: int
    expires: datetime
    keys: Mapping[str, NotaryKey]
    roles: Mapping[str, NotaryRole]


class Listing(Struct, frozen=True):
    """A timestamp or a snapshot: length and hashes of other roles' metadata, by bare role name."""

    version: int
    expires: datetime
    meta: Mapping[str, FileMeta]


class Delegation(Struct, frozen=True):
    """A role that others may sign tags under, for tags that start with one of `paths`."""

    name: str
    role: NotaryRole
    paths: tuple[str, ...]


class Targets(Struct, frozen=True):
    """The tags that a role signs, and to whom it delegates. `keys` are those of the delegations."""

    version: int
    expires: datetime
    tags: Mapping[str, FileMeta]
    keys: Mapping[str, NotaryKey]
    delegations: tuple[Delegation, ...]


Body: TypeAlias = RootMetadata | Listing | Targets
BodyT = TypeVar("BodyT", RootMetadata, Listing, Targets)


class SignedMetadata(Struct, Generic[BodyT], frozen=True):
    """One file. `raw` is as it came, which hashes are taken of; `message` is what the signatures are made over."""

    role: str
    body: BodyT
    signatures: tuple[Signature, ...]
    message: bytes
    raw: bytes


def read_root(raw: bytes, what: str) -> SignedMetadata[RootMetadata]:
    """Read root metadata; RefusedError, about `what`, where it is not well formed."""
    fields, signatures, message = _envelope(raw, what, "Root")
    keys = _keys(fields)
    table = fields.table("roles")
    roles = {name: _role(table.table(name), keys) for name in table.names()}
    for name in ROLES:
        if name not in roles:
            fields.refuse(f"names no keys for the role {name}")
    fields.boolean("consistent_snapshot", default=False)
    return SignedMetadata(
        "root", RootMetadata(fields.version(), fields.time("expires"), keys, roles), signatures, message, raw
    )


def read_listing(raw: bytes, what: str, role: str) -> SignedMetadata[Listing]:
    """Read timestamp or snapshot metadata; RefusedError, about `what`, where it is not well formed."""
    fields, signatures, message = _envelope(raw, what, role.capitalize())
    table = fields.table("meta")
    meta = {name: _file(table.table(name)) for name in table.names()}
    for name in ("snapshot",) if role == "timestamp" else ("root", "targets"):
        if name not in meta:
            fields.refuse(f"does not list {name}")
    return SignedMetadata(role, Listing(fields.version(), fields.time("expires"), meta), signatures, message, raw)


def read_targets(raw: bytes, what: str, role: str = "targets") -> SignedMetadata[Targets]:
    """Read the metadata of targets or of a delegation; RefusedError, about `what`, where it is not well formed."""
    fields, signatures, message = _envelope(raw, what, "Targets")
    table = fields.table("targets")
    tags = {name: _file(table.table(name)) for name in table.names()}
    delegated = fields.table("delegations", optional=True)
    keys = _keys(delegated, optional=True)
    delegations = tuple(_delegations(delegated, keys, role))
    body = Targets(fields.version(), fields.time("expires"), tags, keys, delegations)
    return SignedMetadata(role, body, signatures, message, raw)


def read_key(raw: bytes, what: str) -> NotaryKey:
    """Read a public key that stands alone, as the server answers with one."""
    return _key(Fields(decode(raw, what), what))


def version_of(raw: bytes) -> int:
    """The version that a file gives itself, 0 where it cannot be read; no signature is looked at."""
    try:
        return Fields(decode(raw, "it"), "it").table("signed").version()
    except MetadataRefusedError:
        return 0


def _envelope(raw: bytes, what: str, kind: str) -> tuple[Fields, tuple[Signature, ...], bytes]:
    envelope = Fields(decode(raw, what), what)
    inner = envelope.table("signed")
    found = inner.text("_type")
    if found != kind:
        envelope.refuse(f"says that it is of type {found[:40]!r}, where {kind!r} is needed")
    listed = envelope.tables("signatures", SIGNATURES)
    signatures = tuple(Signature(one.text("keyid"), one.text("method").lower(), one.bytes("sig")) for one in listed)
    return inner, signatures, encode(inner.value)


def _keys(fields: Fields, *, optional: bool = False) -> dict[str, NotaryKey]:
    table = fields.table("keys", optional=optional)
    if len(table.value) > KEYS:
        fields.refuse(f"holds more than {KEYS} keys")
    keys = {name: _key(table.table(name)) for name in table.names()}
    for name, key in keys.items():
        if key_id(key) != name:
            fields.refuse(f"holds a key under the id {name[:64]}, which is not its own")
    return keys


def _key(fields: Fields) -> NotaryKey:
    return NotaryKey(fields.text("keytype"), fields.table("keyval").bytes("public"))


def key_json(key: NotaryKey) -> dict[str, Json]:
    """A public key as Notary writes it."""
    return {"keytype": key.kind, "keyval": {"private": None, "public": b64encode(key.public).decode()}}


def key_id(key: NotaryKey) -> str:
    """The id of a key: the SHA-256 of its canonical JSON, the empty private half included."""
    return sha256(encode(key_json(key))).hexdigest()


def _role(fields: Fields, keys: Mapping[str, Any]) -> NotaryRole:
    names, threshold = fields.texts("keyids"), fields.integer("threshold")
    if threshold < 1:
        fields.refuse(f"asks for {threshold} signatures, where one is the least")
    for name in names:
        if name not in keys:
            fields.refuse(f"names the key {name[:64]}, which is not given")
    return NotaryRole(names, threshold)


def _file(fields: Fields) -> FileMeta:
    table = fields.table("hashes")
    hashes = {name: table.bytes(name) for name in table.names()}
    for name, value in hashes.items():
        if len(value) != HASHES.get(name, len(value)):
            fields.refuse(f"has a {name} of {len(value)} bytes")
    if not hashes.keys() & HASHES.keys():
        fields.refuse("has no hash of a known algorithm (sha256, sha512)")
    length = fields.integer("length")
    if length < 0:
        fields.refuse("has a negative length")
    return FileMeta(length, hashes, fields.value.get("custom"))


def _delegations(fields: Fields, keys: Mapping[str, NotaryKey], role: str) -> Iterator[Delegation]:
    seen: set[str] = set()
    for table in fields.tables("roles", KEYS, optional=True):
        name = table.text("name")
        if not is_delegation(name) or parent(name) != role:
            fields.refuse(f"delegates to {name[:80]!r}, which is not a name below {role}")
        if name in seen:
            fields.refuse(f"delegates to {name} twice")
        seen.add(name)
        yield Delegation(name, _role(table, keys), table.texts("paths", optional=True))


def known_hashes(meta: FileMeta) -> dict[str, bytes]:
    """The hashes that count; there is at least one."""
    return {name: value for name, value in meta.hashes.items() if name in HASHES}


def check_content(meta: FileMeta, raw: bytes, what: str) -> None:
    """Check bytes against every known hash and the length; RefusedError where one differs."""
    if len(raw) != meta.length:
        raise MetadataRefusedError(
            check="hash", why=f"{what} has {len(raw)} bytes, where {meta.length} were signed for"
        )
    for name, value in known_hashes(meta).items():
        if hashlib.new(name, raw).digest() != value:
            raise MetadataRefusedError(
                check="hash", why=f"{what} is not the one that was signed for: its {name} differs (mix-and-match)"
            )
