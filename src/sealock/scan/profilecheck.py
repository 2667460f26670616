"""Whether a profile may be used here: learned from this image, complete, on a kernel and a runtime like this one's."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final, Literal, TypeAlias, get_args

from msgspec import Struct

from sealock.model.profile import LearningRun, Profile, gaps

FaultKind: TypeAlias = Literal["image", "incomplete", "kernel", "runtime"]
FAULT_KINDS: Final[tuple[FaultKind, ...]] = get_args(FaultKind)
STRANGE: Final = "never"
"""What a trial and a watch accept beyond: that --apply adds calls of this grade."""


class ProfileFault(Struct, frozen=True):
    """Why a profile must not be used, unless its kind is accepted."""

    kind: FaultKind
    text: str


class UsePlace(Struct, frozen=True):
    """Where a profile is to be used: digests of the image, kernel release, name of the runtime; empty where unknown."""

    digests: tuple[str, ...] = ()
    kernel: str = ""
    runtime: str = ""


def profile_faults(profile: Profile, place: UsePlace, accepted: Collection[str] = ()) -> Iterator[ProfileFault]:
    """What speaks against the profile in a place, but for the kinds that are accepted."""
    for fault in _faults(profile, place):
        if fault.kind not in accepted:
            yield fault


def _faults(profile: Profile, place: UsePlace) -> Iterator[ProfileFault]:
    if place.digests and not profile.is_of(place.digests):
        learned = ", ".join(digest[:19] for digest in profile.digests) or "an unknown image"
        here = ", ".join(digest[:19] for digest in place.digests)
        yield ProfileFault("image", f"it was learned from another image: {learned}, and not {here}")
    for why in gaps(profile):
        yield ProfileFault("incomplete", why)
    if place.kernel and not any(_series(run.kernel) == _series(place.kernel) for run in profile.runs if run.kernel):
        text = f"it was learned on {_learned(profile, 'kernel', 'kernel ')}, and this is {place.kernel}"
        yield ProfileFault("kernel", text)
    if place.runtime and not any(_name(run.runtime) == _name(place.runtime) for run in profile.runs if run.runtime):
        text = f"it was learned with {_learned(profile, 'runtime')}, and this engine uses {place.runtime}"
        yield ProfileFault("runtime", text)


def _series(release: str) -> tuple[str, ...]:
    """The series of a kernel: new system calls come with one, and not with its fixes."""
    return tuple(release.rpartition(" ")[2].partition("-")[0].split(".")[:2])


def _name(runtime: str) -> str:
    """The name of a runtime, without its directory and version."""
    return runtime.partition(" ")[0].rpartition("/")[2]


def _learned(profile: Profile, field: str, noun: str = "") -> str:
    values = ", ".join(filter(None, dict.fromkeys(str(getattr(run, field)) for run in profile.runs)))
    return f"{noun}{values}" if values else f"an unknown {field}"


def latest_runtime(profile: Profile) -> str:
    """The runtime of the last run that names one, "" where none does."""
    runs: tuple[LearningRun, ...] = profile.runs
    return next((run.runtime for run in reversed(runs) if run.runtime), "")
