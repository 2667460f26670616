"""The types of Notary's metadata, and their strict JSON readers."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any, Final, Generic, NoReturn, TypeAlias, TypeVar

from msgspec import Meta, Struct, field
from msgspec.structs import replace

from sealock.trust.notary.canonical import Json, decode, encode, moment_of
from sealock.trust.notary.roles import ROLES, is_delegation, parent
from sealock.trust.refusal import MetadataRefusedError, SignatureRefusedError
from sealock.trust.wire import shaped

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

    key: str = field(name="keyid")
    method: str
    value: bytes = field(name="sig")


class NotaryRole(Struct, frozen=True):
    """Which keys may sign, and how many of them must."""

    keys: tuple[str, ...] = field(name="keyids")
    threshold: Annotated[int, Meta(ge=1)]


class FileMeta(Struct, frozen=True):
    """Length and hashes of a file. `custom` is the signer's own data."""

    length: Annotated[int, Meta(ge=0)]
    hashes: Mapping[str, bytes]
    custom: Any = None


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
T = TypeVar("T")
BodyT = TypeVar("BodyT", RootMetadata, Listing, Targets)


class SignedMetadata(Struct, Generic[BodyT], frozen=True):
    """One file. `raw` is the file's content, for hashes; the signatures are over `message`."""

    role: str
    body: BodyT
    signatures: tuple[Signature, ...]
    message: bytes
    raw: bytes


class _Envelope(Struct):
    signed: dict[str, Any]
    signatures: Annotated[tuple[Signature, ...], Meta(max_length=SIGNATURES)]


class _KeyValue(Struct):
    public: bytes
    private: bytes | None = None


class _Key(Struct):
    keytype: str
    keyval: _KeyValue


class _Signed(Struct):
    version: Annotated[int, Meta(ge=1, lt=1 << 31)]
    """Low enough to be raised again."""


class _Body(_Signed):
    expires: str


class _Root(_Body):
    keys: dict[str, Any]
    roles: dict[str, Any]
    consistent_snapshot: bool = False


class _Listing(_Body):
    meta: dict[str, Any]


class _Delegation(NotaryRole, frozen=True, kw_only=True):
    name: str
    paths: tuple[str, ...] | None = None


class _Delegations(Struct):
    keys: dict[str, Any] | None = None
    roles: Annotated[tuple[_Delegation, ...], Meta(max_length=KEYS)] | None = None


class _Targets(_Body):
    targets: dict[str, Any]
    delegations: _Delegations | None = None


def read_root(raw: bytes, what: str) -> SignedMetadata[RootMetadata]:
    """Read root metadata; MetadataRefusedError, about `what`, where it is malformed."""
    root, signatures, message = _envelope(raw, what, "Root", _Root)
    keys = _keys(root.keys, what)
    roles = _each(root.roles, NotaryRole, what)
    for role in roles.values():
        _check_keys(role, keys, what)
    for name in ROLES:
        if name not in roles:
            _refuse(what, f"names no keys for the role {name}")
    body = RootMetadata(root.version, _time(root.expires, what), keys, roles)
    return SignedMetadata("root", body, signatures, message, raw)


def read_listing(raw: bytes, what: str, role: str) -> SignedMetadata[Listing]:
    """Read timestamp or snapshot metadata; MetadataRefusedError, about `what`, where it is malformed."""
    listing, signatures, message = _envelope(raw, what, role.capitalize(), _Listing)
    meta = _files(listing.meta, what)
    for name in ("snapshot",) if role == "timestamp" else ("root", "targets"):
        if name not in meta:
            _refuse(what, f"does not list {name}")
        if "sha256" not in meta[name].hashes:
            _refuse(what, f"lists {name} without a sha256")
    body = Listing(listing.version, _time(listing.expires, what), meta)
    return SignedMetadata(role, body, signatures, message, raw)


def read_targets(raw: bytes, what: str, role: str = "targets") -> SignedMetadata[Targets]:
    """Read the metadata of targets or of a delegation; MetadataRefusedError, about `what`, where it is malformed."""
    targets, signatures, message = _envelope(raw, what, "Targets", _Targets)
    delegated = targets.delegations or _Delegations()
    keys = _keys(delegated.keys or {}, what)
    delegations = tuple(_delegations(delegated.roles or (), keys, what, role))
    tags = _files(targets.targets, what)
    body = Targets(targets.version, _time(targets.expires, what), tags, keys, delegations)
    return SignedMetadata(role, body, signatures, message, raw)


def read_key(raw: bytes, what: str) -> NotaryKey:
    """Read a single public key, from the server's answer."""
    key = _shaped(decode(raw, what), _Key, what)
    return NotaryKey(key.keytype, key.keyval.public)


def version_of(raw: bytes) -> int:
    """Return the unverified version of a file, 0 where it cannot be read."""
    try:
        return _shaped(_shaped(decode(raw, "it"), dict[str, Any], "it").get("signed"), _Signed, "it").version
    except MetadataRefusedError:
        return 0


def _shaped(value: object, kind: type[T], what: str) -> T:
    try:
        return shaped(value, kind, what)
    except SignatureRefusedError as error:
        raise MetadataRefusedError(check="malformed", why=str(error)) from None


def _each(table: dict[str, Any], kind: type[T], what: str) -> dict[str, T]:
    """Convert the members of a table; the refusal names the member."""
    return {name: _shaped(value, kind, f"{what}, in {name[:80]!r},") for name, value in table.items()}


def _refuse(what: str, why: str) -> NoReturn:
    raise MetadataRefusedError(check="malformed", why=f"{what} {why}")


def _time(text: str, what: str) -> datetime:
    try:
        return moment_of(text)
    except (ValueError, OverflowError):
        _refuse(what, f"expires at {text[:40]!r}, which is not a time")


def _envelope(raw: bytes, what: str, kind: str, shape: type[T]) -> tuple[T, tuple[Signature, ...], bytes]:
    envelope = _shaped(decode(raw, what), _Envelope, what)
    actual = envelope.signed.get("_type")
    if actual != kind:
        _refuse(what, f"has the type {str(actual)[:40]!r} instead of {kind!r}")
    signatures = tuple(replace(signature, method=signature.method.lower()) for signature in envelope.signatures)
    return _shaped(envelope.signed, shape, what), signatures, encode(envelope.signed)


def _keys(table: dict[str, Any], what: str) -> dict[str, NotaryKey]:
    if len(table) > KEYS:
        _refuse(what, f"has more than {KEYS} keys")
    keys = {name: NotaryKey(key.keytype, key.keyval.public) for name, key in _each(table, _Key, what).items()}
    for name, key in keys.items():
        if key_id(key) != name:
            _refuse(what, f"has a key with the wrong id {name[:64]}")
    return keys


def key_json(key: NotaryKey) -> dict[str, Json]:
    """Write a public key as Notary does."""
    return {"keytype": key.kind, "keyval": {"private": None, "public": b64encode(key.public).decode()}}


def key_id(key: NotaryKey) -> str:
    """The id of a key: the SHA-256 of its canonical JSON, the empty private half included."""
    return sha256(encode(key_json(key))).hexdigest()


def _check_keys(role: NotaryRole, keys: Mapping[str, NotaryKey], what: str) -> None:
    for name in role.keys:
        if name not in keys:
            _refuse(what, f"names the key {name[:64]}, which is missing")


def _files(table: dict[str, Any], what: str) -> dict[str, FileMeta]:
    files = _each(table, FileMeta, what)
    for name, file in files.items():
        where = f"{what}, in {name[:80]!r},"
        for algorithm, value in file.hashes.items():
            if len(value) != HASHES.get(algorithm, len(value)):
                _refuse(where, f"has a {algorithm} of {len(value)} bytes")
        if not file.hashes.keys() & HASHES.keys():
            _refuse(where, "has no hash of a known algorithm (sha256, sha512)")
    return files


def _delegations(
    roles: tuple[_Delegation, ...], keys: Mapping[str, NotaryKey], what: str, role: str
) -> Iterator[Delegation]:
    names: set[str] = set()
    for delegation in roles:
        name = delegation.name
        if not is_delegation(name) or parent(name) != role:
            _refuse(what, f"delegates to {name[:80]!r}, which is not a name below {role}")
        if name in names:
            _refuse(what, f"delegates to {name} twice")
        names.add(name)
        _check_keys(delegation, keys, what)
        yield Delegation(name, NotaryRole(delegation.keys, delegation.threshold), delegation.paths or ())


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
