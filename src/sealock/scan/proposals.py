"""What a filter would refuse or did refuse, as proposed changes of the profile that it was written from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from sealock.model.profile import ArchitectureCalls, LearningRun, Profile, SyscallGrade, ordered
from sealock.model.runtimecalls import CLOSED, opened

_WORDS: Final[dict[SyscallGrade, str]] = {
    "seen": "the profile has it, so the filter is older than the profile",
    "possible": "an exercise that does it was missing",
    "never": "no file of the image is known to call it: find out which program does before you allow it",
}


class CallProposal(Struct, frozen=True):
    """A system call to add to a profile; `closed` if the engine's own filter refuses it, so that adding is no use."""

    architecture: str
    name: str
    grade: SyscallGrade
    closed: bool = False
    program: str = ""

    def applies(self, *, strange: bool) -> bool:
        """Whether it may be added without a look by a person; one that no file makes only where `strange` ones may."""
        return not self.closed and (strange or self.grade != "never")

    @property
    def text(self) -> str:
        """The change and its reason, as a sentence."""
        by = f" by {self.program}" if self.program else ""
        if self.closed:
            return f"{self.name}{by}: the engine's own filter refuses it too, with the capabilities of the profile"
        return f"{self.name}{by}: add it to syscalls ({self.architecture}); {_WORDS[self.grade]}"


def propose(profile: Profile, architecture: str, name: str, program: str = "") -> CallProposal:
    """The proposal for a call that was refused."""
    closed = name in CLOSED - opened(profile.needed)
    calls = profile.calls(architecture)
    # Without any possible call the files were not read, and nothing is known of the others.
    grade: SyscallGrade = calls.grade(name) if calls.possible or name in calls.seen else "possible"
    return CallProposal(architecture, name, grade, closed, program)


def with_proposals(
    profile: Profile, proposals: Iterable[CallProposal], exercise: str, *, strange: bool = False
) -> Profile:
    """The profile with the calls that may be added, and the run that showed them; the same where there are none."""
    more: dict[str, set[str]] = {}
    for proposal in proposals:
        if proposal.applies(strange=strange):
            more.setdefault(proposal.architecture, set()).add(proposal.name)
    if not more:
        return profile
    calls = tuple(ArchitectureCalls(name, tuple(sorted(names))) for name, names in more.items())
    run = LearningRun(exercise=exercise, mechanism="refusals")
    runs = profile.runs if run in profile.runs else (*profile.runs, run)
    return ordered(replace(profile, syscalls=profile.syscalls + calls, runs=runs))
