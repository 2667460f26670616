"""The part of `sealock harden` and `sealock run` that follows a profile: checks it, and writes its filter."""

from __future__ import annotations

import os
import tempfile
from argparse import Namespace
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec.structs import replace

from sealock.cli.engineclient import EngineFacts, use_place
from sealock.cli.namedprofiles import NamedProfile, named_profile
from sealock.cli.output import complain
from sealock.errors import TargetError
from sealock.formats.seccomp import FilterOptions, write_seccomp
from sealock.model.absent import UNSET
from sealock.model.change import Change, Set
from sealock.model.container import Container
from sealock.model.profile import Profile
from sealock.scan.hardening import HardenedRun, HardeningPlace, planned_changes
from sealock.scan.hardeningplan import plan_of
from sealock.scan.profilecheck import UsePlace, latest_runtime, profile_faults
from sealock.scan.runline import EditableRun
from sealock.scan.runmachine import RunImage, RunMachine
from sealock.scan.saferun import PlannedChanges
from sealock.targets.outputs import write_output
from sealock.text import visible


def accepted_profile(arguments: Namespace, facts: EngineFacts, image: str) -> NamedProfile:
    """The profile, if it may be used for an image here; else TargetError. What makes it incomplete is printed."""
    named = named_profile(arguments.profile, arguments)
    if not image and "image" not in arguments.accept:
        message = f"{visible(arguments.profile)}: the image to use it for is not known here (--accept image)"
        raise TargetError(message)
    place = use_place(facts, image) if image else UsePlace()
    faults = list(profile_faults(named.profile, place, arguments.accept))
    for fault in faults:
        if fault.kind != "incomplete":
            message = f"{visible(arguments.profile)}: {fault.text} (--accept {fault.kind})"
            raise TargetError(message)
    if faults:
        missing = visible("; ".join(fault.text for fault in faults))
        complain(f"{visible(arguments.profile)}: {missing}: what that does may be refused (--accept incomplete)")
    return replace(named, filter_path=getattr(arguments, "seccomp", None) or named.filter_path)


def filter_text(profile: Profile, *, no_new_privileges: bool) -> str:
    """The seccomp filter of a profile, for the runtime that it was learned with; TargetError where there is none."""
    options = FilterOptions(latest_runtime(profile), no_new_privileges)
    if not profile.calls(os.uname().machine).seen:
        # A filter without a system call would let no program start.
        message = f"the profile saw no system calls of {os.uname().machine}: learn one on such a machine"
        raise TargetError(message)
    try:
        return write_seccomp(profile, os.uname().machine, options).text
    except ValueError as error:
        raise TargetError(str(error)) from None


@contextmanager
def planned(named: NamedProfile | None, place: HardeningPlace) -> Iterator[HardeningPlace]:
    """The place with what the profile says, and with its filters in files for trials, until the end of the block."""
    if named is None:
        yield place
        return
    profile = named.profile
    with tempfile.TemporaryDirectory(prefix="sealock-trial-") as directory:
        paths = Path(directory, "closed.json"), Path(directory, "open.json")
        for path, closed in zip(paths, (True, False), strict=True):
            path.write_text(filter_text(profile, no_new_privileges=closed), encoding="utf-8")
        yield replace(place, plan=plan_of(profile, place.machine, (str(paths[0]), str(paths[1]))))


def written(named: NamedProfile | None, found: HardenedRun) -> HardenedRun:
    """What was found, with the filter that it uses written to its own place."""
    if named is None or found.container.seccomp is UNSET or found.container.seccomp == found.asked.seccomp:
        return found
    write_output(
        named.filter_path, filter_text(named.profile, no_new_privileges=found.container.no_new_privileges is True)
    )
    line = EditableRun(found.words)
    line.apply((Set("seccomp", named.filter_path),))
    return replace(found, words=line.words, container=line.container)


def planned_run(arguments: Namespace, facts: EngineFacts, words: Sequence[str]) -> PlannedChanges:
    """What a profile plans for `sealock run`; its filter is written next to it. TargetError for another image's."""
    line = EditableRun(words)
    _, image = line.image()
    named = accepted_profile(arguments, facts, image)
    profile, path = named.profile, named.filter_path
    closed = line.container.no_new_privileges is not False
    text = filter_text(profile, no_new_privileges=closed)
    if _text_of(path) != text:
        write_output(path, text)

    def changes(asked: Container, local: RunImage | None, machine: RunMachine) -> Iterable[Change]:
        place = HardeningPlace(local, machine, plan_of(profile, machine, (path, path)))
        return planned_changes(asked, place)

    return changes


def _text_of(path: str) -> str:
    try:
        return Path(path).read_text("utf-8")
    except (OSError, UnicodeError):
        return ""
