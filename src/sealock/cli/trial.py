"""Runs a container under a filter that logs what the profile would refuse, for `sealock profile trial`."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

from sealock.cli.engineclient import engine_facts, use_place
from sealock.cli.output import complain
from sealock.errors import TargetError, UsageError
from sealock.formats.seccomp import FilterOptions, write_seccomp
from sealock.model.change import Set
from sealock.model.profile import Profile
from sealock.runtime.watch.auditlog import SeccompRecord
from sealock.runtime.watch.logged import run_logged
from sealock.scan.profilecheck import STRANGE, UsePlace, latest_runtime, profile_faults
from sealock.scan.proposals import CallProposal, propose, with_proposals
from sealock.scan.runline import EditableRun
from sealock.targets.profiles import change_profile
from sealock.text import count, list_first, visible

NEVER_LOGGED: Final = "clone3"
"""Filters answer that it does not exist, so that clone is used."""
CLIENTS: Final = ("docker", "podman")
_NOT_STARTED: Final = 125
"""The status of a client that started no container."""
_NO_PROGRAM: Final = frozenset({126, 127})
"""The statuses of a client whose container could not start its program; a program may end with them too."""


def run_trial_of(profile: Profile, words: Sequence[str], file: str, *, accepted: Collection[str], apply: bool) -> int:
    """Run the command under the logging filter, and report what the profile would refuse: 1 if anything."""
    if len(words) < 3 or words[1] != "run" or Path(words[0]).name not in CLIENTS:
        message = "write the command to run after --: -- docker run IMAGE"
        raise UsageError(message)
    line = EditableRun(words)
    # What another image does must not get into the profile.
    place = _place_of(line, Path(words[0]).name, known=apply and "image" not in accepted)
    # What is missing in an incomplete profile is what a trial is there to find.
    faults = list(profile_faults(profile, place, {*accepted, "incomplete", "kernel"}))
    if faults:
        message = f"{visible(file)}: {faults[0].text} (--accept {faults[0].kind})"
        raise TargetError(message)
    architecture = os.uname().machine
    if not profile.calls(architecture).seen:
        message = f"{visible(file)}: it saw no system calls of {architecture}"
        raise TargetError(message)
    closed = line.container.no_new_privileges is True
    options = FilterOptions(place.runtime or latest_runtime(profile), closed, trial=True)
    try:
        made = write_seccomp(profile, architecture, options)
    except ValueError as error:
        raise UsageError(str(error)) from None
    proposals: dict[tuple[str, str], CallProposal] = {}

    def report(record: SeccompRecord) -> None:
        # One of another container may be credited to this, if its process ended and no other is watched.
        if (
            record.action == "logged"
            and record.name != NEVER_LOGGED
            and (record.architecture, record.name) not in proposals
        ):
            proposal = propose(profile, record.architecture, record.name, record.program)
            proposals[record.architecture, record.name] = proposal
            complain(f"would refuse {proposal.text}")

    status, lost = run_logged(made.text, lambda filters, ids: _logging(line, filters, ids), report)
    if status == _NOT_STARTED:
        message = f"{words[0]} could not start the container"
        raise TargetError(message)
    if lost:
        message = f"the kernel dropped records {count(lost, 'time')}: repeat the trial with less load"
        raise TargetError(message)
    if not proposals and status in _NO_PROGRAM:
        message = f"the trial ended with status {status}, as if the program could not be started: nothing was tried"
        raise TargetError(message)
    if not proposals:
        complain("the profile refuses nothing of what it did")
        return 0
    if apply:
        strange = STRANGE in accepted
        added = apply_proposals(file, profile, proposals.values(), "calls that a trial met", strange=strange)
        complain(f"{visible(file)}: {added}")
    return 1


def apply_proposals(
    file: str, profile: Profile, proposals: Collection[CallProposal], exercise: str, *, strange: bool
) -> str:
    """Add calls to a profile as its file has it by now, and return in words what was added.

    Those that no file of the image is known to make only where `strange` ones may: who attacks a container makes them.
    """
    change_profile(file, lambda now: with_proposals(now or profile, proposals, exercise, strange=strange))
    added = sum(proposal.applies(strange=strange) for proposal in proposals)
    left = sorted(proposal.name for proposal in proposals if proposal.grade == "never" and not proposal.closed)
    why = f"; left out {list_first(left, 6)}, which no file of the image is known to call (--accept {STRANGE})"
    return f"added {count(added, 'system call')}{why if left and not strange else ''}"


def _place_of(line: EditableRun, client: str, *, known: bool) -> UsePlace:
    """Where the command runs. An image that the engine has to pull is of a digest that is not `known` yet."""
    _, image = line.image()
    facts = engine_facts(client)
    try:
        return use_place(facts, image, pulled=known)
    finally:
        facts.close()


def _logging(line: EditableRun, filter_file: Path, id_file: Path) -> Sequence[str]:
    line.apply((Set("seccomp", str(filter_file)),))
    words = list(line.words)
    return [*words[:2], "--cidfile", str(id_file), *words[2:]]
