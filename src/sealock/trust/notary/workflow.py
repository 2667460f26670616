"""The TUF client workflow: fetches files in the right order, and lets `trusted` verify each. It does no I/O itself."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Final, Protocol, TypeAlias

from sealock.errors import TargetError, TransportError
from sealock.text import count
from sealock.trust.notary.keys import signers
from sealock.trust.notary.metadata import (
    Delegation,
    FileMeta,
    Listing,
    RootMetadata,
    SignedMetadata,
    Targets,
    check_content,
    read_listing,
    read_root,
    read_targets,
)
from sealock.trust.notary.roles import RELEASES, bound, is_delegation, lifetime, parent
from sealock.trust.notary.trusted import TrustedMetadata
from sealock.trust.pins import Pin
from sealock.trust.refusal import MetadataRefusedError

ROTATIONS: Final = 256
"""Maximum number of root versions to follow from the cached root."""
_MOST_BELOW: Final = 32
"""Maximum number of roles below targets/releases."""
Cached: TypeAlias = Callable[[str], bytes | None]
"""Returns the stored metadata of a role."""


class MetadataSource(Protocol):
    """A source of metadata: a server."""

    def get(self, name: str, role: str, limit: int, /) -> bytes | None:
        """Fetch a file ("timestamp", "snapshot.HEX", "2.root") of at most `limit` bytes; None where there is none.

        TransportError where the server cannot be reached, MetadataRefusedError where the file is larger.
        """


class Update:
    """One run. `fresh` is the newly trusted metadata to store; `notes` are for the user."""

    def __init__(self, gun: str, pin: Pin, now: datetime, source: MetadataSource, cached: Cached) -> None:
        self.gun, self.source, self._cached = gun, source, cached
        self.trusted = TrustedMetadata(gun, pin, now)
        self.fresh: dict[str, bytes] = {}
        self.notes: list[str] = []
        self._had: dict[str, bytes | None] = {}
        self._fetched: dict[str, bytes] = {}
        self._kept: list[Targets] = []
        """Stored targets, whose delegations have the keys for the stored metadata below them."""
        self.first_use = False

    def had(self, role: str) -> bytes | None:
        """The stored metadata of a role before this run."""
        if role not in self._had:
            self._had[role] = self._cached(role)
        return self._had[role]

    def run(self) -> TrustedMetadata:
        """Run the workflow. MetadataRefusedError: not trusted. TransportError: it could not be verified."""
        self._start()
        raw = self._timestamp()
        try:
            self._listings(raw)
        except MetadataRefusedError as error:
            # A new root may have changed the keys (5.3); Notary's clients fetch it only when something fails.
            self._newer_root(error)
            self._listings(raw)
        self.trusted.finish_root()
        if self.first_use:
            self.fresh["root"] = self.trusted.root.raw
        self.fresh["snapshot"] = self.trusted.snapshot.raw
        self._targets()
        return self.trusted

    def _start(self) -> None:
        """Start with the cached root, or with the server's at first use (5.2)."""
        raw = self.had("root")
        if raw is not None:
            try:
                self.trusted.load_trusted_root(raw)
            except MetadataRefusedError as error:
                raise self._damaged(str(error)) from None
            self._find_floors()
            return
        self.first_use = True
        raw = self.source.get("root", "root", bound("root"))
        if raw is None:
            why = f"{self.gun} is not signed: the server has no trust data for it"
            raise MetadataRefusedError(check="unsigned", why=why)
        self.trusted.load_first_root(raw)

    def _timestamp(self) -> bytes:
        """Fetch the timestamp, always (5.4.1)."""
        try:
            raw = self.source.get("timestamp", "timestamp", bound("timestamp"))
        except TransportError as error:
            age = self._age()
            msg = f"{error}{age and f'; {age}'}"
            raise TransportError(msg) from error
        if raw is None:
            age = self._age()
            why = f"the server withholds the timestamp of {self.gun}{age and f'; {age}'}"
            raise MetadataRefusedError(check="withheld", why=why)
        return raw

    def _age(self) -> str:
        """Describe the age of the cached timestamp; "" where there is none."""
        raw = self.had("timestamp")
        if raw is None:
            return ""
        with suppress(MetadataRefusedError):
            cached = read_listing(raw, "the cached timestamp", "timestamp")
            made, now = cached.body.expires - lifetime("timestamp"), self.trusted.now
            ends = "expired" if cached.body.expires <= now else "expires"
            days = max((now - made).days, 0)
            return (
                f"the cached one was signed about {count(days, 'day')} ago, and {ends} on "
                f"{cached.body.expires:%Y-%m-%d}"
            )
        return ""

    def _listings(self, raw: bytes) -> None:
        """Load the timestamp and the snapshot that it names (5.4, 5.5)."""
        timestamp = self.trusted.update_timestamp(raw)
        self.fresh["timestamp"] = raw  # 5.4.5: stored even if the rest is refused
        self.trusted.update_snapshot(self._named("snapshot", timestamp.body.meta["snapshot"]))

    def _targets(self) -> None:
        """Load targets and the one delegation whose tags count (5.6)."""
        given = next(
            (delegation for delegation in self._role("targets").body.delegations if delegation.name == RELEASES), None
        )
        if given is None:
            return
        # An attacker with the server's keys must not hide the role that outranks `targets`, by omission or damage.
        known = self._was_signed_by(given)
        if self.trusted.meta_of(RELEASES) is None:
            if known:
                why = f"the snapshot of {self.gun} no longer lists {RELEASES}, which may still sign"
                raise MetadataRefusedError(check="rollback", why=why)
            return
        try:
            self._role(RELEASES)
        except MetadataRefusedError as error:
            # As Docker does: a delegation without valid signatures does not count, and `targets` still does.
            if error.check not in {"signature", "expired"} or (error.check == "signature" and known):
                raise
            self.notes.append(f"{error}; it was skipped")
            return
        self._below_releases()

    def _below_releases(self) -> None:
        """Load the roles below releases, whose tags Docker finds before those of targets, and refuses.

        As in Notary's client, one without valid signatures, one that has expired, or one that the snapshot does not
        list, is passed over.
        """
        waiting, seen = [RELEASES], {RELEASES}
        while waiting:
            for delegation in self.trusted.targets[waiting.pop()].body.delegations:
                name = delegation.name
                meta = self.trusted.meta_of(name)
                if name in seen or meta is None:
                    continue
                seen.add(name)
                if len(seen) > _MOST_BELOW + 1:
                    why = f"more than {_MOST_BELOW} roles of {self.gun} sign for {RELEASES}"
                    raise MetadataRefusedError(check="size", why=why)
                try:
                    self._role(name)
                except MetadataRefusedError as error:
                    if error.check not in {"signature", "expired"}:
                        raise
                    self.notes.append(f"{error}; it was skipped")
                else:
                    waiting.append(name)

    def _was_signed_by(self, delegation: Delegation) -> bool:
        """Whether a delegation's present keys signed its stored metadata."""
        role = delegation.name
        kept = self._kept_targets(role)
        if kept is None:
            return False
        try:
            signers(self.trusted.targets[parent(role)].body.keys, delegation.role, kept, role)
        except MetadataRefusedError:
            return False
        return True

    def _role(self, role: str) -> SignedMetadata[Targets]:
        meta = self.trusted.meta_of(role)
        if meta is None:
            raise MetadataRefusedError(check="hash", why=f"the snapshot of {self.gun} does not list {role}")
        if is_delegation(role):
            self._find_floor_of(role)
        signed = self.trusted.update_targets(self._named(role, meta), role)
        self.fresh[role] = signed.raw
        return signed

    def load(self, role: str) -> None:
        """Load a delegation, and those above it; nothing where it was never signed."""
        if role in self.trusted.targets:
            return
        if not is_delegation(role):
            raise MetadataRefusedError(
                check="malformed", why=f"{role[:80]!r} is not a delegation's name: use targets/NAME"
            )
        self.load(parent(role))
        if self.trusted.meta_of(role) is not None:
            self._role(role)

    def elsewhere(self, tag: str, most: int = 16) -> tuple[str, ...]:
        """List other delegations that sign a tag, for a refusal's message; those that cannot be loaded are skipped."""
        names: list[str] = []
        for delegation in self.trusted.targets["targets"].body.delegations[:most]:
            meta = self.trusted.meta_of(delegation.name)
            if delegation.name == RELEASES or meta is None:
                continue
            with suppress(MetadataRefusedError, TransportError):
                if tag in self.trusted.update_targets(self._named(delegation.name, meta), delegation.name).body.tags:
                    names.append(delegation.name)
        return tuple(names)

    def _named(self, role: str, meta: FileMeta) -> bytes:
        """Return the file that a listing names: the cached one if it matches, else the server's."""
        for raw in (self._fetched.get(role), self.had(role)):
            if raw is not None and _is(meta, raw):
                return raw
        if meta.length > bound(role):
            why = f"the {role} metadata of {self.gun} is said to have {meta.length} bytes; the limit is {bound(role)}"
            raise MetadataRefusedError(check="size", why=why)
        digest = meta.hashes.get("sha256")
        raw = self.source.get(f"{role}.{digest.hex()}" if digest else role, role, meta.length)
        if raw is None:
            why = f"the server withholds the {role} metadata of {self.gun} that it names"
            raise MetadataRefusedError(check="withheld", why=why)
        self._fetched[role] = raw
        return raw

    # The root.

    def _newer_root(self, error: MetadataRefusedError) -> None:
        """Update to the server's newest root, version by version (5.3); raise the error again where there is none."""
        newest = self.source.get("root", "root", bound("root"))
        if newest is None or newest == self.trusted.root.raw:
            raise error
        target = read_root(newest, self.trusted.what("root")).body.version
        present = self.trusted.root.body.version
        if target - present > ROTATIONS:
            why = f"the root of {self.gun} is {target - present} versions ahead; the limit is {ROTATIONS}"
            raise MetadataRefusedError(check="root", why=why)
        for version in range(present + 1, target):
            raw = self.source.get(f"{version}.root", "root", bound("root"))
            if raw is None:
                why = f"root version {version} of {self.gun} is missing, so version {target} cannot be verified"
                raise MetadataRefusedError(check="root", why=why)
            self._follow(raw)
        self._follow(newest)
        self._find_floors()

    def _follow(self, raw: bytes) -> None:
        """Trust the next root, and store it at once (5.3.8): it may withdraw a stolen key."""
        self.trusted.update_root(raw)
        self.fresh["root"] = raw

    # Floors: versions that were trusted before.

    def _damaged(self, why: str) -> TargetError:
        """Make the error for stored metadata that cannot be read: without it, a rollback would go unnoticed."""
        return TargetError(
            f"{why}. The trust data stored here is damaged: `sealock trust forget {self.gun}` deletes it, so that the"
            " next use is a first use"
        )

    def _kept_targets(self, role: str) -> SignedMetadata[Targets] | None:
        """The stored metadata of targets or of a delegation; TargetError where it is damaged."""
        raw = self.had(role)
        try:
            return None if raw is None else read_targets(raw, f"the cached {role} metadata of {self.gun}", role)
        except MetadataRefusedError as error:
            raise self._damaged(str(error)) from None

    def _find_floors(self) -> None:
        """Raise the floors to the stored versions that the present root's keys signed.

        It runs for the cached root and again for the newest, so versions by a withdrawn key still count.
        """
        floors, root = self.trusted.floors, self.trusted.root.body
        for role in ("timestamp", "snapshot"):
            if (listing := self._kept_listing(role, root)) is not None:
                floors[role] = max(floors.get(role, 0), listing.version)
        if (signed := self._kept_targets("targets")) is not None:
            with suppress(MetadataRefusedError):
                signers(root.keys, root.roles["targets"], signed, "targets")
                floors["targets"] = max(floors.get("targets", 0), signed.body.version)
                self._kept.append(signed.body)

    def _find_floor_of(self, role: str) -> None:
        """Raise a delegation's floor to the stored version, if its present keys or its stored keys signed it."""
        signed = self._kept_targets(role)
        if signed is None:
            return
        for above in (self.trusted.targets[parent(role)].body, *self._kept):
            given = next((delegation.role for delegation in above.delegations if delegation.name == role), None)
            with suppress(MetadataRefusedError):
                if given is not None:
                    signers(above.keys, given, signed, role)
                    self.trusted.floors[role] = max(self.trusted.floors.get(role, 0), signed.body.version)

    def _kept_listing(self, role: str, root: RootMetadata) -> Listing | None:
        raw = self.had(role)
        if raw is None:
            return None
        try:
            signed = read_listing(raw, f"the cached {role} metadata of {self.gun}", role)
        except MetadataRefusedError as error:
            raise self._damaged(str(error)) from None
        try:
            signers(root.keys, root.roles[role], signed, role)
        except MetadataRefusedError:
            return None
        return signed.body


def _is(meta: FileMeta, raw: bytes) -> bool:
    try:
        check_content(meta, raw, "it")
    except MetadataRefusedError:
        return False
    return True
