"""What is believed of a repository. It takes bytes and lets in only what follows from what it believes; no I/O.

The order is kept by whoever calls: a root, then timestamp, snapshot, targets, delegations. A new root casts off all
that was let in under the old one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from cryptography.x509 import load_pem_x509_certificates
from msgspec import Struct

from sealock.trust.notary.certificates import fault, issued_by
from sealock.trust.notary.keys import short, signers
from sealock.trust.notary.metadata import (
    Body,
    Delegation,
    FileMeta,
    Listing,
    NotaryKey,
    NotaryRole,
    RootMetadata,
    SignedMetadata,
    Targets,
    check_content,
    read_listing,
    read_root,
    read_targets,
)
from sealock.trust.notary.refusal import MetadataRefusedError
from sealock.trust.notary.roles import is_delegation, parent, signed_about
from sealock.trust.pins import By, Pin


class Believed(Struct, frozen=True):
    """A file that was let in, and the keys that signed it."""

    signed: SignedMetadata[RootMetadata] | SignedMetadata[Listing] | SignedMetadata[Targets]
    keys: tuple[str, ...]

    @property
    def body(self) -> Body:
        """What it says."""
        return self.signed.body


class TrustedMetadata:
    """What is believed of one repository at one moment. `floors` are versions below which nothing is let in."""

    def __init__(self, gun: str, pin: Pin, now: datetime, floors: Mapping[str, int] | None = None) -> None:
        self.gun, self.pin, self.now = gun, pin, now
        self.floors: dict[str, int] = dict(floors or {})
        self.roles: dict[str, Believed] = {}
        self._root: SignedMetadata[RootMetadata] | None = None
        self._timestamp: SignedMetadata[Listing] | None = None
        self._snapshot: SignedMetadata[Listing] | None = None
        self.targets: dict[str, SignedMetadata[Targets]] = {}
        self.rests_on: By = "first use"
        self.lenient = False
        """Take what has expired, as its owner must who signs it anew."""

    def what(self, role: str) -> str:
        """How errors call a role."""
        return f"the {role} metadata of {self.gun}"

    @property
    def root(self) -> SignedMetadata[RootMetadata]:
        """The root that is believed."""
        if self._root is None:
            msg = "a root comes first"
            raise RuntimeError(msg)
        return self._root

    @property
    def has_root(self) -> bool:
        """Whether there is one."""
        return self._root is not None

    @property
    def snapshot(self) -> SignedMetadata[Listing]:
        """The snapshot that is believed."""
        if self._snapshot is None:
            msg = "a snapshot comes before targets"
            raise RuntimeError(msg)
        return self._snapshot

    # The root.

    def keep_root(self, raw: bytes) -> None:
        """Believe a root that was believed before (5.2: the trusted root); it may have expired, and pins come later."""
        root = read_root(raw, self.what("cached root"))
        keys = self._signed_by_itself(root, None, f"{self.what('cached root')}")
        self._set_root(root, keys, "earlier use")

    def first_root(self, raw: bytes) -> None:
        """Believe a root at first use (5.2), if the pins allow it."""
        if self.pin.ids is None and self.pin.authorities is None and not self.pin.first_use:
            why = f"nothing is pinned for {self.gun}, and trust at first use is off ({self.pin.source or 'by option'})"
            raise MetadataRefusedError(check="pins", why=why)
        root = read_root(raw, self.what("root"))
        keys = self._signed_by_itself(root, self.now, self.what("root"))
        self._set_root(root, keys, self._check_pins(root))

    def next_root(self, raw: bytes) -> None:
        """Believe a new root if the present root's keys sign it (5.3.4): the next version, or the same signed anew.

        It may have expired, since one after it may be valid (5.3.10 comes last).
        """
        old, what = self.root, self.what("root")
        root = read_root(raw, what)
        # 5.3.5: exactly one more. Notary's own addition is a root signed anew at the same version.
        if root.body.version < old.body.version:
            why = f"{what} was rolled back: version {root.body.version} came, and {old.body.version} is known"
            raise MetadataRefusedError(check="rollback", why=why)
        if root.body.version > old.body.version + 1:
            why = f"{what} skips from version {old.body.version} to {root.body.version}"
            raise MetadataRefusedError(check="root", why=why)
        # 5.3.4: a threshold of the old root's keys, which may have expired since, and a threshold of its own.
        try:
            signers(self._root_keys(old.body, None), old.body.roles["root"], root, what)
        except MetadataRefusedError as error:
            why = f"{error}; it does not follow from root version {old.body.version}, which is trusted"
            raise MetadataRefusedError(check="root", why=why) from None
        keys = self._signed_by_itself(root, None, what)
        self._set_root(root, keys, self.rests_on)

    def finish_root(self) -> None:
        """Check the last root (5.3.10): not expired, its certificates neither, and as it was pinned."""
        self._check_expiry(self.root, self.what("root"))
        keys = self._signed_by_itself(self.root, self.now, self.what("root"))
        self.roles["root"] = Believed(self.root, keys)
        if self.pin.ids is not None or self.pin.authorities is not None:
            self.rests_on = self._check_pins(self.root)

    def _set_root(self, root: SignedMetadata[RootMetadata], keys: tuple[str, ...], rests_on: By) -> None:
        # 5.3.11: what was signed under keys that the new root may have withdrawn is not believed any more.
        self._root, self._timestamp, self._snapshot, self.targets = root, None, None, {}
        self.roles = {"root": Believed(root, keys)}
        self.rests_on = rests_on

    def _root_keys(self, root: RootMetadata, now: datetime | None) -> dict[str, NotaryKey]:
        """The root keys whose certificates are for this repository, and valid if `now` is given."""
        named = {name: root.keys[name] for name in root.roles["root"].keys}
        return {name: key for name, key in named.items() if not fault(key, self.gun, now)}

    def _signed_by_itself(self, root: SignedMetadata[RootMetadata], now: datetime | None, what: str) -> tuple[str, ...]:
        keys = self._root_keys(root.body, now)
        if not keys:
            named = [root.body.keys[name] for name in root.body.roles["root"].keys]
            why = f"has a certificate that {fault(named[0], self.gun, now)}" if named else "names no root key"
            raise MetadataRefusedError(check="root", why=f"{what} {why}")
        return signers(keys, root.body.roles["root"], root, what, self._when(root))

    def _check_pins(self, root: SignedMetadata[RootMetadata]) -> By:
        """Count only the root keys that the pins let through; they must reach the threshold by themselves."""
        pin, keys = self.pin, self._root_keys(root.body, self.now)
        by: By
        if pin.ids is not None:
            keys, by = {name: key for name, key in keys.items() if name in pin.ids}, "certificate"
            wanted = f"{', '.join(short(id_) for id_ in sorted(pin.ids)) or 'none at all'} ({pin.source})"
        elif pin.authorities is not None:
            try:
                anchors = load_pem_x509_certificates(pin.authorities)
            except ValueError:
                why = f"the authorities pinned for {self.gun} cannot be read ({pin.source})"
                raise MetadataRefusedError(check="pins", why=why) from None
            keys = {name: key for name, key in keys.items() if issued_by(key, anchors, self.now)}
            by, wanted = "authority", f"one issued by the pinned authority ({pin.source})"
        else:
            return "first use"
        role = root.body.roles["root"]
        try:
            signers(keys, role, root, self.what("root"))
        except MetadataRefusedError:
            found = ", ".join(short(key) for key in role.keys)
            why = f"{self.what('root')} is not as pinned: its certificate is {found}, and the pin says {wanted}"
            raise MetadataRefusedError(check="pins", why=why) from None
        return by

    # Timestamp and snapshot.

    def let_in_timestamp(self, raw: bytes) -> SignedMetadata[Listing]:
        """Believe a timestamp (5.4): signed, not rolled back, not expired."""
        what = self.what("timestamp")
        signed = read_listing(raw, what, "timestamp")
        keys = self._signed_by("timestamp", signed, what)  # 5.4.2
        self._check_floor("timestamp", signed, what)  # 5.4.3.1
        self._check_expiry(signed, what)  # 5.4.4
        self._timestamp, self.roles["timestamp"] = signed, Believed(signed, keys)
        return signed

    def let_in_snapshot(self, raw: bytes) -> SignedMetadata[Listing]:
        """Believe a snapshot (5.5): the one that the timestamp names, signed, not rolled back, not expired."""
        if self._timestamp is None:
            msg = "a timestamp comes before a snapshot"
            raise RuntimeError(msg)
        what = self.what("snapshot")
        check_content(self._timestamp.body.meta["snapshot"], raw, what)  # 5.5.2
        signed = read_listing(raw, what, "snapshot")
        keys = self._signed_by("snapshot", signed, what)  # 5.5.3
        # 5.5.4 and 5.5.5 compare versions that this dialect does not list; each role's own are compared instead.
        self._check_floor("snapshot", signed, what)
        self._check_expiry(signed, what)  # 5.5.6
        # This dialect's own: the snapshot names the root too, so that an old root cannot stand beside a new snapshot.
        check_content(signed.body.meta["root"], self.root.raw, self.what("root"))
        self._snapshot, self.roles["snapshot"] = signed, Believed(signed, keys)
        return signed

    # Targets and delegations.

    def meta_of(self, role: str) -> FileMeta | None:
        """What the snapshot says of a role, None where it does not know it."""
        return self.snapshot.body.meta.get(role)

    def let_in_targets(self, raw: bytes, role: str = "targets") -> SignedMetadata[Targets]:
        """Believe targets or a delegation (5.6): as the snapshot names it, signed, not rolled back, not expired."""
        what, meta = self.what(role), self.meta_of(role)
        if meta is None:
            raise MetadataRefusedError(check="hash", why=f"the snapshot of {self.gun} does not list {role}")
        check_content(meta, raw, what)  # 5.6.2
        signed = read_targets(raw, what, role)
        if is_delegation(role):
            delegation, keys = self.delegation(role)
            by = signers(keys, delegation.role, signed, what, self._when(signed))  # 5.6.3
        else:
            by = self._signed_by(role, signed, what)
        self._check_floor(role, signed, what)  # 5.6.4
        self._check_expiry(signed, what)  # 5.6.5
        self.targets[role], self.roles[role] = signed, Believed(signed, by)
        return signed

    def delegation(self, role: str) -> tuple[Delegation, Mapping[str, NotaryKey]]:
        """A delegation as its parent, which is believed already, gives it; with the parent's keys."""
        above = self.targets.get(parent(role))
        found = (
            next((delegation for delegation in above.body.delegations if delegation.name == role), None)
            if above
            else None
        )
        if above is None or found is None:
            raise MetadataRefusedError(
                check="signature", why=f"nothing that is trusted delegates to {role} of {self.gun}"
            )
        return found, above.body.keys

    # What holds for every role.

    def _signed_by(
        self, role: str, signed: SignedMetadata[Listing] | SignedMetadata[Targets], what: str
    ) -> tuple[str, ...]:
        given: NotaryRole = self.root.body.roles[role]
        return signers(self.root.body.keys, given, signed, what, self._when(signed))

    def _when(self, signed: SignedMetadata[RootMetadata] | SignedMetadata[Listing] | SignedMetadata[Targets]) -> str:
        about = signed_about(signed.role, signed.body.expires, self.now)
        return f", about {about:%Y-%m-%d}" if about else ""

    def _check_floor(self, role: str, signed: SignedMetadata[Listing] | SignedMetadata[Targets], what: str) -> None:
        floor = self.floors.get(role, 0)
        if signed.body.version < floor:
            why = f"{what} was rolled back: version {signed.body.version} came, and {floor} was seen before"
            raise MetadataRefusedError(check="rollback", why=why)

    def _check_expiry(
        self, signed: SignedMetadata[RootMetadata] | SignedMetadata[Listing] | SignedMetadata[Targets], what: str
    ) -> None:
        if signed.body.expires <= self.now and not (self.lenient and signed.role != "timestamp"):
            why = f"{what} expired on {signed.body.expires:%Y-%m-%d at %H:%M} UTC"
            raise MetadataRefusedError(check="expired", why=why + _meaning(signed.role))


def _meaning(role: str) -> str:
    """What expiry of a role means, and what to do."""
    if role == "timestamp":
        return ": the server has not renewed it, or somebody holds newer ones back"
    return ": its owner must sign it anew"


def can_sign(delegation: Delegation, tag: str) -> bool:
    """Whether a delegation covers a tag: one of its paths is a prefix of it; with no path it covers none."""
    return any(tag.startswith(path) for path in delegation.paths)
