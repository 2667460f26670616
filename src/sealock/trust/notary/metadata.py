"""The types of Notary's metadata, and their strict JSON readers."""

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
"""Maximum number in one envelope, since each takes time to verify."""
KEYS: Final = 1024
HASHES: Final = {"sha256": 32, "sha512": 64}
"""The known algorithms, and their digest sizes in bytes."""


class NotaryKey(Struct, frozen=True):
    """A public key. `public` is SPKI DER for ecdsa and rsa, 32 bytes for ed25519, PEM for the x509 kinds."""

    kind: str
    public: bytes


class Signature(Struct, frozen=True):
    """A signature, with the id of its claimed key."""

    key: str
    method: str
    value: bytes


class NotaryRole(Struct, frozen=True):
    """Which keys may sign, and how many of them must."""

    keys: tuple[str, ...]
    threshold: int


class FileMeta(Struct, frozen=True):
    """Length and hashes of a file. `custom` is the signer's own data."""

    length: int
    hashes: Mapping[str, bytes]
    custom: Json = None


class RootMetadata(Struct, frozen=True):
    """The keys of each role. `keys` are all of them, by id."""

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
    """The tags that a role signs, and its delegations. `keys` are those of the delegations."""

    version: int
    expires: datetime
    tags: Mapping[str, FileMeta]
    keys: Mapping[str, NotaryKey]
    delegations: tuple[Delegation, ...]


Body: TypeAlias = RootMetadata | Listing | Targets
BodyT = TypeVar("BodyT", RootMetadata, Listing, Targets)


class SignedMetadata(Struct, Generic[BodyT], frozen=True):
    """One file. `raw` is the file's content, for hashes; the signatures are over `message`."""

    role: str
    body: BodyT
    signatures: tuple[Signature, ...]
    message: bytes
    raw: bytes


def read_root(raw: bytes, what: str) -> SignedMetadata[RootMetadata]:
    """Read root metadata; MetadataRefusedError, about `what`, where it is malformed."""
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
    """Read timestamp or snapshot metadata; MetadataRefusedError, about `what`, where it is malformed."""
    fields, signatures, message = _envelope(raw, what, role.capitalize())
    table = fields.table("meta")
    meta = {name: _file(table.table(name)) for name in table.names()}
    for name in ("snapshot",) if role == "timestamp" else ("root", "targets"):
        if name not in meta:
            fields.refuse(f"does not list {name}")
    return SignedMetadata(role, Listing(fields.version(), fields.time("expires"), meta), signatures, message, raw)


def read_targets(raw: bytes, what: str, role: str = "targets") -> SignedMetadata[Targets]:
    """Read the metadata of targets or of a delegation; MetadataRefusedError, about `what`, where it is malformed."""
    fields, signatures, message = _envelope(raw, what, "Targets")
    table = fields.table("targets")
    tags = {name: _file(table.table(name)) for name in table.names()}
    delegated = fields.table("delegations", optional=True)
    keys = _keys(delegated, optional=True)
    delegations = tuple(_delegations(delegated, keys, role))
    body = Targets(fields.version(), fields.time("expires"), tags, keys, delegations)
    return SignedMetadata(role, body, signatures, message, raw)


def read_key(raw: bytes, what: str) -> NotaryKey:
    """Read a single public key, from the server's answer."""
    return _key(Fields(decode(raw, what), what))


def version_of(raw: bytes) -> int:
    """Return the unverified version of a file, 0 where it cannot be read."""
    try:
        return Fields(decode(raw, "it"), "it").table("signed").version()
    except MetadataRefusedError:
        return 0


def _envelope(raw: bytes, what: str, kind: str) -> tuple[Fields, tuple[Signature, ...], bytes]:
    envelope = Fields(decode(raw, what), what)
    inner = envelope.table("signed")
    actual = inner.text("_type")
    if actual != kind:
        envelope.refuse(f"has the type {actual[:40]!r} instead of {kind!r}")
    listed = envelope.tables("signatures", SIGNATURES)
    signatures = tuple(Signature(item.text("keyid"), item.text("method").lower(), item.bytes("sig")) for item in listed)
    return inner, signatures, encode(inner.value)


def _keys(fields: Fields, *, optional: bool = False) -> dict[str, NotaryKey]:
    table = fields.table("keys", optional=optional)
    if len(table.value) > KEYS:
        fields.refuse(f"has more than {KEYS} keys")
    keys = {name: _key(table.table(name)) for name in table.names()}
    for name, key in keys.items():
        if key_id(key) != name:
            fields.refuse(f"has a key with the wrong id {name[:64]}")
    return keys


def _key(fields: Fields) -> NotaryKey:
    return NotaryKey(fields.text("keytype"), fields.table("keyval").bytes("public"))


def key_json(key: NotaryKey) -> dict[str, Json]:
    """Write a public key as Notary does."""
    return {"keytype": key.kind, "keyval": {"private": None, "public": b64encode(key.public).decode()}}


def key_id(key: NotaryKey) -> str:
    """The id of a key: the SHA-256 of its canonical JSON, the empty private half included."""
    return sha256(encode(key_json(key))).hexdigest()


def _role(fields: Fields, keys: Mapping[str, Any]) -> NotaryRole:
    names, threshold = fields.texts("keyids"), fields.integer("threshold")
    if threshold < 1:
        fields.refuse(f"requires {threshold} signatures; the minimum is 1")
    for name in names:
        if name not in keys:
            fields.refuse(f"names the key {name[:64]}, which is missing")
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
    """The hashes of known algorithms; there is at least one."""
    return {name: value for name, value in meta.hashes.items() if name in HASHES}


def check_content(meta: FileMeta, raw: bytes, what: str) -> None:
    """Check bytes against the length and every known hash; MetadataRefusedError where one differs."""
    if len(raw) != meta.length:
        raise MetadataRefusedError(check="hash", why=f"{what} has {len(raw)} bytes instead of the signed {meta.length}")
    for name, value in known_hashes(meta).items():
        if hashlib.new(name, raw).digest() != value:
            raise MetadataRefusedError(
                check="hash", why=f"{what} is not the signed one: its {name} differs (mix-and-match)"
            )
