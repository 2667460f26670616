"""Migrates from Docker Content Trust to cosign: verifies each signed tag, and signs its digest with cosign.

It skips a tag that does not verify, that the trust policy refuses, or for which the registry has another digest by
now. It verifies each new signature. A record has a line of JSON for each step; a second run continues where the first
ended.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final, Literal, TypeAlias

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from sealock.errors import UNDECODABLE, SealockError, TargetError, reason_of
from sealock.model.imagename import ImageName
from sealock.model.trust import SignedRepository, SignedTag
from sealock.net.registry.client import Registry
from sealock.net.registry.indexes import image_within
from sealock.net.registry.requests import RegistryError
from sealock.policy.trust import TrustPolicy, decide_unsigned
from sealock.targets.projects import link_out
from sealock.trust.cosign import signer
from sealock.trust.cosign.privatekeys import CosignPrivateKey
from sealock.trust.cosign.requirements import CosignRequirements
from sealock.trust.cosign.verifier import verify_cosign

MigrationOutcome: TypeAlias = Literal["signed", "signed before", "would sign", "moved", "gone", "refused", "failed"]
GOOD: Final[frozenset[MigrationOutcome]] = frozenset({"signed", "signed before", "would sign"})
_LARGEST: Final = 64 << 20
_BEGIN: Final = b'{"repository":"'
"""The start of each line of a record."""


class MigrationStep(Struct, frozen=True):
    """The step for one tag. `verified_by` is its role in content trust; `key` is the id of the cosign key.

    `root` are the ids of the root's certificates, and `rests_on` is what the trust in them rests on. `when` is UTC in
    RFC 3339. `why` says what was wrong, "" for nothing.
    """

    repository: str
    tag: str
    digest: str
    outcome: MigrationOutcome
    verified_by: str
    key: str
    where: str = ""
    when: str = ""
    why: str = ""
    root: tuple[str, ...] = ()
    rests_on: str = ""


class MigrationRecord:
    """A file of steps, each added as soon as it is done."""

    def __init__(self, path: str) -> None:
        self.path, self.torn = path, 0
        self.steps = tuple(self._read())

    def _read(self) -> Iterator[MigrationStep]:
        try:
            with Path(self.path).open("rb") as file:
                raw = file.read(_LARGEST)
        except FileNotFoundError:
            return
        except OSError as error:
            message = f"the record {self.path} could not be read: {reason_of(error)}"
            raise TargetError(message) from None
        lines = raw.split(b"\n")
        for number, line in enumerate(lines, 1):
            try:
                if line:
                    yield msgspec.json.decode(line, type=MigrationStep)
            except UNDECODABLE as error:
                # A run that was cut off leaves part of a last line, or zeros, which the next line replaces.
                written = line.rstrip(b"\0")
                cut_off = written.startswith(_BEGIN) or _BEGIN.startswith(written)
                if number != len(lines) or not cut_off or isinstance(error, msgspec.ValidationError):
                    message = f"{self.path}:{number} is not a line of a record: {error}"
                    raise TargetError(message) from None
                self.torn = len(line)

    def add(self, step: MigrationStep) -> None:
        """Append a step, and flush it to the disk."""
        if why := link_out(self.path):
            message = f"{why}, and was not written: name the record itself"
            raise TargetError(message)
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
            with os.fdopen(descriptor, "rb+") as file:
                end = file.truncate(file.seek(0, os.SEEK_END) - self.torn)
                self.torn = 0
                newline = b"\n" if end > 0 and os.pread(descriptor, 1, end - 1) != b"\n" else b""
                file.write(newline + msgspec.json.encode(step) + b"\n")
                file.flush()
                os.fsync(descriptor)
        except OSError as error:
            message = f"the record {self.path} could not be written, so nothing more is signed: {reason_of(error)}"
            raise TargetError(message) from error


class Migration(Struct, frozen=True):
    """The options: the key, the form, the tags (patterns; () for all), the trust policy, and whether it is a trial."""

    registry: Registry
    key: CosignPrivateKey
    form: signer.SignatureForm = "bundle"
    tags: tuple[str, ...] = ()
    policy: TrustPolicy = TrustPolicy()
    trial: bool = False


def migrate(
    name: ImageName, signed: SignedRepository, how: Migration, record: MigrationRecord | None
) -> Iterator[MigrationStep]:
    """Migrate each signed tag, in order; the caller has just verified `signed`."""
    for signed_tag in signed.tags:
        if how.tags and not any(fnmatchcase(signed_tag.tag, pattern) for pattern in how.tags):
            continue
        step = _step(name, signed_tag, how)
        now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        step = replace(step, when=now, root=signed.root, rests_on=signed.rests_on)
        if record is not None and not how.trial:
            record.add(step)
        yield step


def _step(name: ImageName, signed_tag: SignedTag, how: Migration) -> MigrationStep:
    tagged = replace(name, tag=signed_tag.tag, digest=None)
    base = MigrationStep(
        f"{name.registry}/{name.repository}",
        signed_tag.tag,
        signed_tag.digest,
        "failed",
        signed_tag.role,
        how.key.public.id,
    )
    try:
        return _taken(tagged, signed_tag, how, base)
    except SealockError as error:
        return replace(base, why=str(error))


def _taken(tagged: ImageName, signed_tag: SignedTag, how: Migration, base: MigrationStep) -> MigrationStep:
    """Check that the policy allows it and the registry still has the signed digest, sign it, and verify that."""
    decision = decide_unsigned(how.policy, replace(tagged, digest=signed_tag.digest))
    if decision is not None and decision.state != "trusted" and not decision.accepted:
        return replace(base, outcome="refused", why=decision.why)
    try:
        claimed = how.registry.claim(tagged).digest
    except RegistryError as error:
        if error.status != 404:
            raise
        return replace(base, outcome="gone", why="the registry no longer has this tag")
    if claimed != signed_tag.digest:
        within = image_within(how.registry, tagged, claimed, signed_tag.digest)
        why = f"{signed_tag.digest} was signed, and the registry gives {claimed} for the tag by now{within}"
        return replace(base, outcome="moved", why=why)
    manifest = how.registry.manifest(replace(tagged, tag=None, digest=signed_tag.digest))
    if len(manifest.raw) != signed_tag.length:
        return replace(base, why=f"its manifest has {len(manifest.raw)} bytes, and {signed_tag.length} were signed")
    expected = CosignRequirements(keys=(how.key.public,))
    before = verify_cosign(how.registry, tagged, signed_tag.digest, expected)
    if before.state == "trusted":
        return replace(base, outcome="signed before", where=before.signers[0].where)
    if how.trial:
        return replace(base, outcome="would sign")
    made = signer.sign(how.registry, tagged, signed_tag.digest, how.key, form=how.form)
    after = verify_cosign(how.registry, tagged, signed_tag.digest, expected)
    if after.state != "trusted":
        return replace(base, where=made.where, why=f"the new signature does not verify: {after.why}")
    return replace(base, outcome="signed", where=made.where)
