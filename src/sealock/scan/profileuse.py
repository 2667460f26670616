"""The evidence of a profile for an image that is checked: of this image, and with what it does not show."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

from msgspec.structs import replace

from sealock.model.finding import InputError, Skipped
from sealock.model.inventory import Inventory
from sealock.model.location import Location
from sealock.model.profile import Profile
from sealock.scan.documents import ReadTarget
from sealock.scan.useevidence import file_gaps, profile_evidence
from sealock.targets.profiles import open_profile


def digests_of(inventory: Inventory) -> tuple[str, ...]:
    """The digests by which an image is known: of its configuration, of its manifest, and in its names."""
    return (inventory.id, inventory.manifest, *(name.rpartition("@")[2] for name in inventory.names if "@" in name))


def with_profile(read: ReadTarget, path: str, digests: Collection[str]) -> ReadTarget:
    """Add what the profile in a file shows of an image to what is known; TargetError for what is no profile.

    A profile of another image is an error of the target, and what a profile does not show is named.
    """
    profile = opened(path)
    if not profile.is_of(digests):
        message = f"{path} was learned from another image, and shows nothing of this one: learn a profile of it"
        error = InputError(message, Location(read.name))
        return replace(read, document=replace(read.document, errors=(*read.document.errors, error)))
    evidence = profile_evidence(profile)
    if read.evidence is not None:
        evidence = replace(evidence, paths=evidence.paths | read.evidence.paths)
    if missing := file_gaps(profile):
        skipped = Skipped("", "files in use", f"{path} is incomplete: {'; '.join(missing)}")
        read = replace(read, unevaluated=(*read.unevaluated, skipped))
    return replace(read, evidence=evidence)


@lru_cache(maxsize=1)
def opened(path: str) -> Profile:
    """The profile in a file, read once for all targets of a run."""
    return open_profile(path)
