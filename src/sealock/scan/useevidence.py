"""What shows which files a container uses: a snapshot of its processes, or a profile that was learned from its runs."""

from __future__ import annotations

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from sealock.model.profile import LearningRun, Profile, gaps

_SEES_FILES: Final = "tracepoints"
"""The mechanism that sees which files are opened; the others see system calls."""


class UseEvidence(Struct, frozen=True):
    """The paths of used files, without the leading slash. `whole`: a file that is not in it was never used.

    `exercise` says what a profile was learned from, "" for a snapshot.
    """

    paths: frozenset[str]
    whole: bool = False
    exercise: str = ""


def profile_evidence(profile: Profile) -> UseEvidence:
    """What a profile shows of files."""
    paths = (*profile.executed, *profile.libraries, *profile.read)
    return UseEvidence(frozenset(path.lstrip("/") for path in paths), not file_gaps(profile), exercise_of(profile))


def file_gaps(profile: Profile) -> tuple[str, ...]:
    """Why a profile does not show all files that are used, each as a sentence; () where it does.

    Only runs that were watched by a mechanism that sees files count, and what a container did before it was watched is
    missing too.
    """
    seeing = tuple(run for run in profile.runs if _SEES_FILES in run.mechanism)
    missing = gaps(replace(profile, runs=seeing))
    if not profile.executed:
        missing += ("it saw no program start",)
    if any("\N{HORIZONTAL ELLIPSIS}" in path for path in (*profile.executed, *profile.libraries, *profile.read)):
        missing += ("some of its paths are masked",)
    return missing


def exercise_of(profile: Profile) -> str:
    """What the profile was learned from: its exercises and commands."""
    return "; ".join(dict.fromkeys(filter(None, map(_exercise, profile.runs)))) or "an unnamed exercise"


def _exercise(run: LearningRun) -> str:
    return run.exercise or " ".join(run.command)
