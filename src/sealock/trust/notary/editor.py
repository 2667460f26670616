"""Changes to a repository's metadata, gathered and then signed together. It takes values and returns bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from msgspec.structs import replace

from sealock.errors import TrustError
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
    """One round of changes. `files` signs what has changed; the server takes it all at once, or nothing."""

    def __init__(self, trusted: TrustedMetadata, now: datetime) -> None:
        self.gun, self.now = trusted.gun, now
        self._before = trusted.root.body
        self._snapshot = trusted.snapshot.body
        self._root = trusted.root.body
        self._targets = {role: signed.body for role, signed in trusted.targets.items()}
        self._changed: set[str] = set()

    @property
    def root(self) -> RootMetadata:
        """The root, as it will be."""
        return self._root

    def targets(self, role: str) -> Targets:
        """A role's tags and delegations, as they will be; empty for a delegation that was never signed."""
        found = self._targets.get(role)
        return found or Targets(version=0, expires=self.now, tags={}, keys={}, delegations=())

    def _set(self, role: str, targets: Targets) -> None:
        self._targets[role] = targets
        self._changed.add(role)

    # Tags.

    def add_tag(self, role: str, tag: str, meta: FileMeta) -> None:
        """Sign a tag in a role; TrustError where the role is not there, or does not cover the tag."""
        if role != "targets":
            found = self.delegation(role)
            if not can_sign(found, tag):
                msg = f"{role} of {self.gun} may not sign {tag}: its paths are {', '.join(found.paths) or 'none'}"
                raise TrustError(msg)
        targets = self.targets(role)
        self._set(role, replace(targets, tags={**targets.tags, tag: meta}))

    def remove_tag(self, role: str, tag: str) -> bool:
        """Sign a tag no longer in a role; whether it was there."""
        targets = self.targets(role)
        if tag not in targets.tags:
            return False
        self._set(role, replace(targets, tags={name: meta for name, meta in targets.tags.items() if name != tag}))
        return True

    def touch(self, role: str) -> None:
        """Sign a role, the root too, anew as it is, so that it lives longer."""
        self._changed.add(role)

    # Delegations.

    def delegation(self, name: str) -> Delegation:
        """A delegation; TrustError where there is none of that name."""
        for one in self.targets(parent(name)).delegations:
            if one.name == name:
                return one
        msg = f"{self.gun} has no delegation {name}"
        raise TrustError(msg)

    def add_delegation(self, name: str, keys: Iterable[NotaryKey], paths: Iterable[str], threshold: int = 1) -> None:
        """Delegate to keys, or add keys and paths to a delegation that is there."""
        paths = tuple(paths)
        if not is_delegation(name):
            msg = f"{name!r} is not a name for a delegation: targets/NAME is, of lower-case letters, digits, - and _"
            raise TrustError(msg)
        if any(set(path) & set("<>&\u2028\u2029") for path in paths):
            msg = "a path of a delegation must not hold <, > or &, which Notary's server spells in a way of its own"
            raise TrustError(msg)
        above, added = self.targets(parent(name)), {key_id(key): key for key in keys}
        old = next((delegation for delegation in above.delegations if delegation.name == name), None)
        rule = NotaryRole(
            tuple(dict.fromkeys((*(old.role.keys if old else ()), *added))), old.role.threshold if old else threshold
        )
        merged = Delegation(name, rule, tuple(dict.fromkeys((*(old.paths if old else ()), *paths))))
        others = tuple(delegation for delegation in above.delegations if delegation.name != name)
        self._set_delegations(parent(name), (*others, merged), {**above.keys, **added})

    def remove_delegation(self, name: str, keys: Iterable[str] = ()) -> None:
        """Withdraw a delegation, or just some of its keys (ids, of the bare key or of its certificate)."""
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
            raise TrustError(msg)
        if len(left) < old.role.threshold:
            needed = "a key" if old.role.threshold == 1 else f"{old.role.threshold} keys"
            msg = f"{name} of {self.gun} needs {needed}, and {len(left)} would be left: give it others, or withdraw it"
            raise TrustError(msg)
        self._set_delegations(parent(name), (*others, replace(old, role=replace(old.role, keys=left))), above.keys)

    def _set_delegations(self, role: str, delegations: tuple[Delegation, ...], keys: Mapping[str, NotaryKey]) -> None:
        used = {name for delegation in delegations for name in delegation.role.keys}
        kept = {name: key for name, key in keys.items() if name in used}
        self._set(role, replace(self.targets(role), delegations=delegations, keys=kept))

    # Keys of the four roles.

    def replace_keys(self, role: str, keys: Iterable[NotaryKey], threshold: int = 1) -> None:
        """Give a role new keys in place of all that it had."""
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
        """Sign all that has changed, root first; the snapshot too if its key is ours, which else the server signs."""
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
        # 5.3.4, from the other side: the keys that were, for those who know only them, and the keys that will be.
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
    """Sign a new repository: a root, targets without tags, and the snapshot if its key is ours."""
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
    """What is signed for a tag; RefusedError for a digest that is none."""
    algorithm, _, text = digest.partition(":")
    if algorithm != "sha256" or len(text) != 64 or set(text) - set("0123456789abcdef") or length < 1:
        raise MetadataRefusedError(
            check="malformed", why=f"{digest[:100]!r} with {length} bytes is no sha256 digest of a manifest"
        )
    return FileMeta(length, {"sha256": bytes.fromhex(text)})
