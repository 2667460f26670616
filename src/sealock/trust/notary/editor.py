"""Collects changes to a repository's metadata, and signs them together, without I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from msgspec.structs import replace

from sealock.errors import SigningError
from sealock.trust.notary.keys import canonical_id
from sealock.trust.notary.metadata import (
    Delegation,
    FileMeta,
    Listing,
    NotaryKey,
    NotaryRole,
    RootMetadata,
    Targets,
    key_id,
)
from sealock.trust.notary.roles import is_delegation, lifetime, parent
from sealock.trust.notary.signer import Open, listing_json, meta_of, root_json, sign, targets_json
from sealock.trust.notary.trusted import TrustedMetadata, can_sign
from sealock.trust.refusal import MetadataRefusedError


class Editor:
    """One set of changes. `files` signs the changed roles; the server accepts all of them or none."""

    def __init__(self, trusted: TrustedMetadata, now: datetime) -> None:
        self.gun, self.now = trusted.gun, now
        self._before = trusted.root.body
        self._snapshot = trusted.snapshot.body
        self._root = trusted.root.body
        self._targets = {role: signed.body for role, signed in trusted.targets.items()}
        self._changed: set[str] = set()

    @property
    def root(self) -> RootMetadata:
        """The root with its changes."""
        return self._root

    def targets(self, role: str) -> Targets:
        """A role's targets with their changes; empty for a delegation that was never signed."""
        return self._targets.get(role) or Targets(version=0, expires=self.now, tags={}, keys={}, delegations=())

    def _set(self, role: str, targets: Targets) -> None:
        self._targets[role] = targets
        self._changed.add(role)

    # Tags.

    def add_tag(self, role: str, tag: str, meta: FileMeta) -> None:
        """Sign a tag in a role; SigningError where the role does not exist, or does not cover the tag."""
        if role != "targets":
            delegation = self.delegation(role)
            if not can_sign(delegation, tag):
                msg = f"{role} of {self.gun} may not sign {tag}: its paths are {', '.join(delegation.paths) or 'none'}"
                raise SigningError(msg)
        targets = self.targets(role)
        self._set(role, replace(targets, tags={**targets.tags, tag: meta}))

    def remove_tag(self, role: str, tag: str) -> bool:
        """Remove a tag from a role, and return whether it was signed."""
        targets = self.targets(role)
        if tag not in targets.tags:
            return False
        self._set(role, replace(targets, tags={name: meta for name, meta in targets.tags.items() if name != tag}))
        return True

    def touch(self, role: str) -> None:
        """Sign a role, also the root, again unchanged, to extend its lifetime."""
        self._changed.add(role)

    # Delegations.

    def delegation(self, name: str) -> Delegation:
        """Find a delegation; SigningError where there is none of that name."""
        for delegation in self.targets(parent(name)).delegations:
            if delegation.name == name:
                return delegation
        msg = f"{self.gun} has no delegation {name}"
        raise SigningError(msg)

    def add_delegation(self, name: str, keys: Iterable[NotaryKey], paths: Iterable[str], threshold: int = 1) -> None:
        """Delegate to keys, or add keys and paths to an existing delegation."""
        paths = tuple(paths)
        if not is_delegation(name):
            msg = f"{name!r} is not a delegation's name: use targets/NAME, of lower-case letters, digits, - and _"
            raise SigningError(msg)
        if any(set(path) & set("<>&\u2028\u2029") for path in paths):
            msg = "a delegation's path must not have <, > or &, which Notary's server escapes"
            raise SigningError(msg)
        above, added = self.targets(parent(name)), {key_id(key): key for key in keys}
        old = next((delegation for delegation in above.delegations if delegation.name == name), None)
        known = {**above.keys, **added}
        rule = NotaryRole(
            tuple(dict.fromkeys((*(old.role.keys if old else ()), *added))), old.role.threshold if old else threshold
        )
        different = len({canonical_id(known[key]) for key in rule.keys})
        if not 1 <= rule.threshold <= different:
            msg = (
                f"{name} of {self.gun} would need signatures by {rule.threshold} of its keys, and has {different}: "
                "name as many keys as must sign, at least one"
            )
            raise SigningError(msg)
        merged = Delegation(name, rule, tuple(dict.fromkeys((*(old.paths if old else ()), *paths))))
        others = tuple(delegation for delegation in above.delegations if delegation.name != name)
        self._set_delegations(parent(name), (*others, merged), known)

    def remove_delegation(self, name: str, keys: Iterable[str] = ()) -> None:
        """Remove a delegation, or only some of its keys (ids of the bare key or its certificate)."""
        old, above, gone = self.delegation(name), self.targets(parent(name)), set(keys)
        others = tuple(delegation for delegation in above.delegations if delegation.name != name)
        if not gone:
            self._targets.pop(name, None)
            self._changed.discard(name)
            self._set_delegations(parent(name), others, above.keys)
            return
        left = tuple(key for key in old.role.keys if not {key, canonical_id(above.keys[key])} & gone)
        if len(left) == len(old.role.keys):
            msg = f"{name} of {self.gun} has no such key"
            raise SigningError(msg)
        if len(left) < old.role.threshold:
            needed = "a key" if old.role.threshold == 1 else f"{old.role.threshold} keys"
            msg = f"{name} of {self.gun} needs {needed}, and {len(left)} would be left: add others, or remove it"
            raise SigningError(msg)
        self._set_delegations(parent(name), (*others, replace(old, role=replace(old.role, keys=left))), above.keys)

    def _set_delegations(self, role: str, delegations: tuple[Delegation, ...], keys: Mapping[str, NotaryKey]) -> None:
        used = {name for delegation in delegations for name in delegation.role.keys}
        kept = {name: key for name, key in keys.items() if name in used}
        self._set(role, replace(self.targets(role), delegations=delegations, keys=kept))

    # Keys of the four roles.

    def replace_keys(self, role: str, keys: Iterable[NotaryKey], threshold: int = 1) -> None:
        """Replace all keys of a role."""
        added = {key_id(key): key for key in keys}
        roles = {**self._root.roles, role: NotaryRole(tuple(added), threshold)}
        used = {name for role in roles.values() for name in role.keys}
        known = {**self._root.keys, **added}
        self._root = replace(self._root, roles=roles, keys={name: key for name, key in known.items() if name in used})
        self._changed.add("root")
        if role == "targets":
            self._changed.add("targets")

    # The end.

    def files(self, opened: Open) -> dict[str, bytes]:
        """Sign the changed roles, and the snapshot if its key is here; otherwise the server signs that."""
        files: dict[str, bytes] = {}
        if "root" in self._changed:
            files["root"] = self._signed_root(opened)
        for role in sorted(self._changed - {"root"}):
            files[role] = self._signed_targets(role, opened)
        if files and (snapshot := self._signed_snapshot(files, opened)) is not None:
            files["snapshot"] = snapshot
        return files

    def _signed_root(self, opened: Open) -> bytes:
        root = replace(self._root, version=self._before.version + 1, expires=self.now + lifetime("root"))
        # 5.3.4: the old keys sign too, for clients that know only them.
        before = ("root", self._before.keys, self._before.roles["root"])
        return sign(root_json(root), (before, ("root", root.keys, root.roles["root"])), opened)

    def _signed_targets(self, role: str, opened: Open) -> bytes:
        body = self.targets(role)
        body = replace(body, version=body.version + 1, expires=self.now + lifetime(role))
        if role == "targets":
            group = (role, self._root.keys, self._root.roles[role])
        else:
            group = (role, self.targets(parent(role)).keys, self.delegation(role).role)
        return sign(targets_json(body), (group,), opened)

    def _signed_snapshot(self, files: Mapping[str, bytes], opened: Open) -> bytes | None:
        rule, keys = self._root.roles["snapshot"], self._root.keys
        if all(opened("snapshot", keys[name]) is None for name in rule.keys):
            return None
        meta = {**self._snapshot.meta, **{role: meta_of(raw) for role, raw in files.items()}}
        body = Listing(self._snapshot.version + 1, self.now + lifetime("snapshot"), meta)
        return sign(listing_json(body, "snapshot"), (("snapshot", keys, rule),), opened)


def first_files(root: RootMetadata, opened: Open, now: datetime) -> dict[str, bytes]:
    """Sign a new repository: a root, targets without tags, and the snapshot if its key is here."""
    empty = Targets(version=1, expires=now + lifetime("targets"), tags={}, keys={}, delegations=())
    files = {
        "root": sign(root_json(root), (("root", root.keys, root.roles["root"]),), opened),
        "targets": sign(targets_json(empty), (("targets", root.keys, root.roles["targets"]),), opened),
    }
    rule = root.roles["snapshot"]
    if any(opened("snapshot", root.keys[name]) is not None for name in rule.keys):
        meta = {role: meta_of(raw) for role, raw in files.items()}
        body = Listing(1, now + lifetime("snapshot"), meta)
        files["snapshot"] = sign(listing_json(body, "snapshot"), (("snapshot", root.keys, rule),), opened)
    return files


def digest_meta(digest: str, length: int) -> FileMeta:
    """Make the entry of a tag; MetadataRefusedError for an invalid digest."""
    algorithm, _, text = digest.partition(":")
    if algorithm != "sha256" or len(text) != 64 or set(text) - set("0123456789abcdef") or length < 1:
        raise MetadataRefusedError(
            check="malformed", why=f"{digest[:100]!r} with {length} bytes is not a sha256 digest of a manifest"
        )
    return FileMeta(length, {"sha256": bytes.fromhex(text)})
