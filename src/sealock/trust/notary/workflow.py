"""The client's workflow: asks for files in the right order, and lets `trusted` judge each. It opens nothing itself."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Final, Protocol, TypeAlias

from sealock.errors import TransportError
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
from sealock.trust.notary.refusal import MetadataRefusedError
from sealock.trust.notary.roles import RELEASES, bound, is_delegation, lifetime, parent
from sealock.trust.notary.trusted import TrustedMetadata
from sealock.trust.pins import Pin

ROTATIONS: Final = 256
"""Roots between the cached one and the server's at the most."""
Cached: TypeAlias = Callable[[str], bytes | None]
"""Gives what is kept of a role."""


class MetadataSource(Protocol):
    """Where metadata comes from: a server."""

    def get(self, name: str, role: str, limit: int, /) -> bytes | None:
        """Give a file ("timestamp", "snapshot.HEX", "2.root") of `limit` bytes at the most; None where there is none.

        TransportError where the server cannot be asked, RefusedError where the file is larger.
        """


class Update:
    """One run. `fresh` is what was newly believed, to be kept; `notes` is what a person should know."""

    def __init__(self, gun: str, pin: Pin, now: datetime, source: MetadataSource, cached: Cached) -> None:
        self.gun, self.source, self._cached = gun, source, cached
        self.trusted = TrustedMetadata(gun, pin, now)
        self.fresh: dict[str, bytes] = {}
        self.notes: list[str] = []
        self._had: dict[str, bytes | None] = {}
        self._fetched: dict[str, bytes] = {}
        self._kept: list[Targets] = []
        """Targets that were kept and believed, whose delegations tell the keys of what was kept below them."""
        self.first_use = False

    def had(self, role: str) -> bytes | None:
        """What was kept of a role before this run."""
        if role not in self._had:
            self._had[role] = self._cached(role)
        return self._had[role]

    def run(self) -> TrustedMetadata:
        """Carry it all out; RefusedError where something is not to be believed, TransportError if it cannot be told."""
        self._start()
        raw = self._timestamp()
        try:
            self._listings(raw)
        except MetadataRefusedError as error:
            # The keys may have changed with a new root (5.3), which this dialect asks for only when something fails.
            self._newer_root(error)
            self._listings(raw)
        self.trusted.finish_root()
        if self.first_use:
            self.fresh["root"] = self.trusted.root.raw
        self.fresh["snapshot"] = self.trusted.snapshot.raw
        self._targets()
        return self.trusted

    def _start(self) -> None:
        """Begin with the cached root, or with the server's at first use (5.2)."""
        raw = self.had("root")
        if raw is not None:
            self.trusted.keep_root(raw)
            self._find_floors()
            return
        self.first_use = True
        raw = self.source.get("root", "root", bound("root"))
        if raw is None:
            why = f"{self.gun} is not signed: the server has no trust data for it"
            raise MetadataRefusedError(check="unsigned", why=why)
        self.trusted.first_root(raw)

    def _timestamp(self) -> bytes:
        """Ask for the timestamp, always (5.4.1)."""
        try:
            raw = self.source.get("timestamp", "timestamp", bound("timestamp"))
        except TransportError as error:
            told = self._age()
            msg = f"{error}{told and f'; {told}'}"
            raise TransportError(msg) from error
        if raw is None:
            told = self._age()
            why = f"the server withholds the timestamp of {self.gun}{told and f'; {told}'}"
            raise MetadataRefusedError(check="withheld", why=why)
        return raw

    def _age(self) -> str:
        """How old the cached timestamp is, in words; "" where there is none."""
        raw = self.had("timestamp")
        if raw is None:
            return ""
        with suppress(MetadataRefusedError):
            cached = read_listing(raw, "the cached timestamp", "timestamp")
            made, now = cached.body.expires - lifetime("timestamp"), self.trusted.now
            ends = "expired" if cached.body.expires <= now else "expires"
            days = max((now - made).days, 0)
            return (
                f"what is cached was signed about {count(days, 'day')} ago, and {ends} on "
                f"{cached.body.expires:%Y-%m-%d}"
            )
        return ""

    def _listings(self, raw: bytes) -> None:
        """Let in the timestamp and the snapshot that it names (5.4, 5.5)."""
        timestamp = self.trusted.let_in_timestamp(raw)
        self.fresh["timestamp"] = raw  # 5.4.5: kept, whatever becomes of the rest
        self.trusted.let_in_snapshot(self._named("snapshot", timestamp.body.meta["snapshot"]))

    def _targets(self) -> None:
        """Let in targets and the one delegation that tags are taken from (5.6)."""
        given = next(
            (delegation for delegation in self._role("targets").body.delegations if delegation.name == RELEASES), None
        )
        if given is None:
            return
        # Whoever holds the server's keys must not hide what outranks `targets`, by leaving it out or spoiling it.
        known = self._was_signed_by(given)
        if self.trusted.meta_of(RELEASES) is None:
            if known:
                why = f"the snapshot of {self.gun} lists {RELEASES} no longer, which it did, and which still may sign"
                raise MetadataRefusedError(check="rollback", why=why)
            return
        try:
            self._role(RELEASES)
        except MetadataRefusedError as error:
            # As Docker does: what nobody signs validly counts for nothing, and `targets` still does.
            if error.check not in {"signature", "expired"} or (error.check == "signature" and known):
                raise
            self.notes.append(f"{error}; it was passed over")

    def _was_signed_by(self, delegation: Delegation) -> bool:
        """Whether what was kept of a delegation is by the keys that it has still."""
        raw, role = self.had(delegation.name), delegation.name
        if raw is None:
            return False
        try:
            signers(self.trusted.targets[parent(role)].body.keys, delegation.role, read_targets(raw, role, role), role)
        except MetadataRefusedError:
            return False
        return True

    def _role(self, role: str) -> SignedMetadata[Targets]:
        meta = self.trusted.meta_of(role)
        if meta is None:
            raise MetadataRefusedError(check="hash", why=f"the snapshot of {self.gun} does not list {role}")
        if is_delegation(role):
            self._find_floor_of(role)
        signed = self.trusted.let_in_targets(self._named(role, meta), role)
        self.fresh[role] = signed.raw
        return signed

    def load(self, role: str) -> None:
        """Let in a delegation, and those above it; nothing where it was never signed."""
        if role in self.trusted.targets:
            return
        if not is_delegation(role):
            raise MetadataRefusedError(
                check="malformed", why=f"{role[:80]!r} is not the name of a delegation: targets/NAME is"
            )
        self.load(parent(role))
        if self.trusted.meta_of(role) is not None:
            self._role(role)

    def elsewhere(self, tag: str, most: int = 16) -> tuple[str, ...]:
        """Look which other delegations list a tag, for the wording of a refusal; what cannot be had is left out."""
        found: list[str] = []
        for delegation in self.trusted.targets["targets"].body.delegations[:most]:
            meta = self.trusted.meta_of(delegation.name)
            if delegation.name == RELEASES or meta is None:
                continue
            with suppress(MetadataRefusedError, TransportError):
                if tag in self.trusted.let_in_targets(self._named(delegation.name, meta), delegation.name).body.tags:
                    found.append(delegation.name)
        return tuple(found)

    def _named(self, role: str, meta: FileMeta) -> bytes:
        """Get the file that a listing names: the cached one if it is that, else the server's."""
        for raw in (self._fetched.get(role), self.had(role)):
            if raw is not None and _is(meta, raw):
                return raw
        if meta.length > bound(role):
            why = f"the {role} metadata of {self.gun} is said to have {meta.length} bytes; {bound(role)} are the most"
            raise MetadataRefusedError(check="size", why=why)
        digest = meta.hashes.get("sha256")
        raw = self.source.get(f"{role}.{digest.hex()}" if digest else role, role, meta.length)
        if raw is None:
            why = f"the server does not give the {role} metadata of {self.gun} that it names itself"
            raise MetadataRefusedError(check="withheld", why=why)
        self._fetched[role] = raw
        return raw

    # The root.

    def _newer_root(self, error: MetadataRefusedError) -> None:
        """Walk to the server's newest root, version by version (5.3); raise the error anew where it has no other."""
        newest = self.source.get("root", "root", bound("root"))
        if newest is None or newest == self.trusted.root.raw:
            raise error
        wanted = read_root(newest, self.trusted.what("root")).body.version
        present = self.trusted.root.body.version
        if wanted - present > ROTATIONS:
            why = f"the root of {self.gun} is {wanted - present} versions ahead; {ROTATIONS} are followed at the most"
            raise MetadataRefusedError(check="root", why=why)
        for version in range(present + 1, wanted):
            raw = self.source.get(f"{version}.root", "root", bound("root"))
            if raw is None:
                why = f"root version {version} of {self.gun} is missing, so version {wanted} cannot be followed up"
                raise MetadataRefusedError(check="root", why=why)
            self._follow(raw)
        self._follow(newest)
        self._find_floors()

    def _follow(self, raw: bytes) -> None:
        """Believe the next root, and keep it at once (5.3.8): it may have been made to withdraw a stolen key."""
        self.trusted.next_root(raw)
        self.fresh["root"] = raw

    # Floors: versions that were believed before.

    def _find_floors(self) -> None:
        """Raise the floors to what was kept, if the present root's keys signed that.

        It is called for the cached root and again for the newest: what a withdrawn key signed then counts still.
        """
        floors, root = self.trusted.floors, self.trusted.root.body
        for role in ("timestamp", "snapshot"):
            if (listing := self._kept_listing(role, root)) is not None:
                floors[role] = max(floors.get(role, 0), listing.version)
        if (raw := self.had("targets")) is not None:
            with suppress(MetadataRefusedError):
                signed = read_targets(raw, "the cached targets")
                signers(root.keys, root.roles["targets"], signed, "targets")
                floors["targets"] = max(floors.get("targets", 0), signed.body.version)
                self._kept.append(signed.body)

    def _find_floor_of(self, role: str) -> None:
        """Raise a delegation's floor, if the keys that it has now signed what was kept, or those that it had then."""
        raw = self.had(role)
        if raw is None:
            return
        with suppress(MetadataRefusedError):
            signed = read_targets(raw, f"the cached {role}", role)
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
            signed = read_listing(raw, f"the cached {role}", role)
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
