"""The set of trusted metadata of one repository: it takes bytes, and accepts only what follows from what it trusts.

It does no I/O. The caller (`workflow`) loads metadata in the order of the TUF client workflow; the numbers in comments
are its sections.

1. Root: `load_trusted_root` for the stored root, or `load_first_root` at first use. `update_root` for each newer root,
   version by version. A new root discards all other metadata. `finish_root` after the last root.
2. Timestamp: `update_timestamp`, signed by the root's timestamp keys.
3. Snapshot: `update_snapshot`, with the length and hashes that the timestamp names.
4. Targets: `update_targets`, with the length and hashes that the snapshot names.
5. Delegations: `update_targets(raw, "targets/releases")`, after their parent.

Each method raises MetadataRefusedError where the metadata does not follow, and then changes nothing:

    trusted = TrustedMetadata("docker.io/library/alpine", Pin(), datetime.now(UTC))
    trusted.load_first_root(server("root"))
    timestamp = trusted.update_timestamp(server("timestamp"))
    trusted.update_snapshot(server("snapshot"))
    trusted.finish_root()
    targets = trusted.update_targets(server("targets"))
    targets.body.tags["3.22"].hashes["sha256"]
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from cryptography.x509 import load_pem_x509_certificates
from msgspec import Struct

from sealock.model.trust import RootBasis
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
from sealock.trust.notary.roles import is_delegation, parent, signed_about
from sealock.trust.pins import Pin
from sealock.trust.refusal import MetadataRefusedError
from sealock.trust.unusable import NO_CERTIFICATE


class TrustedFile(Struct, frozen=True):
    """An accepted file, and the keys that signed it."""

    signed: SignedMetadata[RootMetadata] | SignedMetadata[Listing] | SignedMetadata[Targets]
    keys: tuple[str, ...]

    @property
    def body(self) -> Body:
        """The signed content."""
        return self.signed.body


class TrustedMetadata:
    """The trusted metadata of one repository. `floors` are the versions below which a role is refused."""

    def __init__(self, gun: str, pin: Pin, now: datetime, floors: Mapping[str, int] | None = None) -> None:
        self.gun, self.pin, self.now = gun, pin, now
        self.floors: dict[str, int] = dict(floors or {})
        self.roles: dict[str, TrustedFile] = {}
        self._root: SignedMetadata[RootMetadata] | None = None
        self._timestamp: SignedMetadata[Listing] | None = None
        self._snapshot: SignedMetadata[Listing] | None = None
        self.targets: dict[str, SignedMetadata[Targets]] = {}
        self.expired: dict[str, SignedMetadata[Targets]] = {}
        """Targets and delegations that were refused only because they have expired."""
        self.rests_on: RootBasis = "first use"
        self.lenient = False
        """Accept expired metadata: its owner needs that to sign it again."""

    def what(self, role: str) -> str:
        """The name of a role in errors."""
        return f"the {role} metadata of {self.gun}"

    @property
    def root(self) -> SignedMetadata[RootMetadata]:
        """The trusted root."""
        if self._root is None:
            msg = "a root comes first"
            raise RuntimeError(msg)
        return self._root

    @property
    def snapshot(self) -> SignedMetadata[Listing]:
        """The trusted snapshot."""
        if self._snapshot is None:
            msg = "a snapshot comes before targets"
            raise RuntimeError(msg)
        return self._snapshot

    # The root.

    def load_trusted_root(self, raw: bytes) -> None:
        """Load a root that was trusted before (5.2). It may have expired; `finish_root` checks that, and pins."""
        root = read_root(raw, self.what("cached root"))
        keys = self._signed_by_itself(root, None, f"{self.what('cached root')}")
        self._set_root(root, keys, "earlier use")

    def load_first_root(self, raw: bytes) -> None:
        """Trust a root on first use (5.2), if the pins allow it."""
        if self.pin.ids is None and self.pin.authorities is None and not self.pin.first_use:
            off = f"trust on first use is off{f' ({self.pin.source})' if self.pin.source else ''}"
            raise MetadataRefusedError(check="pins", why=f"nothing is pinned for {self.gun}, and {off}")
        root = read_root(raw, self.what("root"))
        keys = self._signed_by_itself(root, self.now, self.what("root"))
        self._set_root(root, keys, self._check_pins(root))

    def update_root(self, raw: bytes) -> None:
        """Trust a new root that the present root's keys sign (5.3.4): the next version, or the same signed again.

        It may have expired, since a later one may be valid (5.3.10 comes last).
        """
        old, what = self.root, self.what("root")
        root = read_root(raw, what)
        # 5.3.5: exactly one more. Notary also allows a root that is signed again at the same version.
        if root.body.version < old.body.version:
            why = f"{what} was rolled back from version {old.body.version} to {root.body.version}"
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
        self.roles["root"] = TrustedFile(self.root, keys)
        if self.pin.ids is not None or self.pin.authorities is not None:
            self.rests_on = self._check_pins(self.root)

    def _set_root(self, root: SignedMetadata[RootMetadata], keys: tuple[str, ...], rests_on: RootBasis) -> None:
        # 5.3.11: the new root may have withdrawn the keys that signed the other metadata.
        self._root, self._timestamp, self._snapshot, self.targets, self.expired = root, None, None, {}, {}
        self.roles = {"root": TrustedFile(root, keys)}
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

    def _check_pins(self, root: SignedMetadata[RootMetadata]) -> RootBasis:
        """Count only the root keys that match the pins; these must reach the threshold."""
        pin, keys = self.pin, self._root_keys(root.body, self.now)
        by: RootBasis
        if pin.ids is not None:
            keys, by = {name: key for name, key in keys.items() if name in pin.ids}, "certificate"
            pinned = f"{', '.join(short(id_) for id_ in sorted(pin.ids)) or 'none at all'} ({pin.source})"
        elif pin.authorities is not None:
            try:
                anchors = load_pem_x509_certificates(pin.authorities)
            except NO_CERTIFICATE:
                why = f"the authorities pinned for {self.gun} cannot be read ({pin.source})"
                raise MetadataRefusedError(check="pins", why=why) from None
            keys = {name: key for name, key in keys.items() if issued_by(key, anchors, self.now)}
            by, pinned = "authority", f"one issued by the pinned authority ({pin.source})"
        else:
            return "first use"
        role = root.body.roles["root"]
        try:
            signers(keys, role, root, self.what("root"))
        except MetadataRefusedError:
            actual = ", ".join(short(key) for key in role.keys)
            why = f"{self.what('root')} does not match the pin: its certificate is {actual}, and the pin is {pinned}"
            raise MetadataRefusedError(check="pins", why=why) from None
        return by

    # Timestamp and snapshot.

    def update_timestamp(self, raw: bytes) -> SignedMetadata[Listing]:
        """Trust a timestamp (5.4): signed, not rolled back, not expired."""
        what = self.what("timestamp")
        signed = read_listing(raw, what, "timestamp")
        keys = self._signed_by("timestamp", signed, what)  # 5.4.2
        self._check_floor("timestamp", signed, what)  # 5.4.3.1
        self._check_expiry(signed, what)  # 5.4.4
        self._timestamp, self.roles["timestamp"] = signed, TrustedFile(signed, keys)
        return signed

    def update_snapshot(self, raw: bytes) -> SignedMetadata[Listing]:
        """Trust a snapshot (5.5): the one that the timestamp names, signed, not rolled back, not expired."""
        if self._timestamp is None:
            msg = "a timestamp comes before a snapshot"
            raise RuntimeError(msg)
        what = self.what("snapshot")
        check_content(self._timestamp.body.meta["snapshot"], raw, what)  # 5.5.2
        signed = read_listing(raw, what, "snapshot")
        keys = self._signed_by("snapshot", signed, what)  # 5.5.3
        # 5.5.4 and 5.5.5 compare versions that Notary's snapshot does not list; each role's own are compared instead.
        self._check_floor("snapshot", signed, what)
        self._check_expiry(signed, what)  # 5.5.6
        # Notary's own: the snapshot names the root too, so an old root does not go with a new snapshot.
        check_content(signed.body.meta["root"], self.root.raw, self.what("root"))
        self._snapshot, self.roles["snapshot"] = signed, TrustedFile(signed, keys)
        return signed

    # Targets and delegations.

    def meta_of(self, role: str) -> FileMeta | None:
        """The snapshot's entry for a role, None where it has none."""
        return self.snapshot.body.meta.get(role)

    def update_targets(self, raw: bytes, role: str = "targets") -> SignedMetadata[Targets]:
        """Trust targets or a delegation (5.6): named by the snapshot, signed, not rolled back, not expired."""
        what, meta = self.what(role), self.meta_of(role)
        if meta is None:
            raise MetadataRefusedError(check="hash", why=f"the snapshot of {self.gun} does not list {role}")
        check_content(meta, raw, what)  # 5.6.2
        signed = read_targets(raw, what, role)
        if is_delegation(role):
            if not signed.signatures:
                # Notary passes over a delegation with invalid signatures, and not over one without any.
                raise MetadataRefusedError(check="malformed", why=f"{what} has no signatures")
            delegation, keys = self.delegation(role)
            by = signers(keys, delegation.role, signed, what, self._when(signed))  # 5.6.3
        else:
            by = self._signed_by(role, signed, what)
        self._check_floor(role, signed, what)  # 5.6.4
        try:
            self._check_expiry(signed, what)  # 5.6.5
        except MetadataRefusedError:
            self.expired[role] = signed
            raise
        self.targets[role], self.roles[role] = signed, TrustedFile(signed, by)
        return signed

    def delegation(self, role: str) -> tuple[Delegation, Mapping[str, NotaryKey]]:
        """A delegation in its trusted parent, and the parent's keys."""
        above = self.targets.get(parent(role))
        for delegation in above.body.delegations if above else ():
            if above and delegation.name == role:
                return delegation, above.body.keys
        raise MetadataRefusedError(check="signature", why=f"no trusted role delegates to {role} of {self.gun}")

    # Checks of every role.

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
            why = f"{what} was rolled back from version {floor} to {signed.body.version}"
            raise MetadataRefusedError(check="rollback", why=why)

    def _check_expiry(
        self, signed: SignedMetadata[RootMetadata] | SignedMetadata[Listing] | SignedMetadata[Targets], what: str
    ) -> None:
        if signed.body.expires <= self.now and not (self.lenient and signed.role != "timestamp"):
            why = f"{what} expired on {signed.body.expires:%Y-%m-%d at %H:%M} UTC"
            raise MetadataRefusedError(check="expired", why=why + _meaning(signed.role))


def _meaning(role: str) -> str:
    """Explain the expiry of a role, and what to do."""
    if role == "timestamp":
        return ": the server has not renewed it, or an attacker withholds newer ones"
    return ": its owner must sign it again"


def can_sign(delegation: Delegation, tag: str) -> bool:
    """Whether one of the delegation's paths is a prefix of the tag; a delegation without paths covers none."""
    return any(tag.startswith(path) for path in delegation.paths)
