"""A profile names what it was learned from; two runs merge into what both saw; what is missing is named."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from sealock.errors import TargetError
from sealock.model.profile import (
    PHASES,
    ArchitectureCalls,
    GrantedRights,
    LearningRun,
    ListeningPort,
    Phase,
    Profile,
    ProfilePeaks,
    gaps,
    merge,
)

DIGEST = f"sha256:{'a' * 64}"
WHOLE = Profile(
    "web:1", (DIGEST,), (LearningRun(phases=PHASES),), syscalls=(ArchitectureCalls("x86_64", ("read",), ("fork",)),)
)


@pytest.mark.parametrize(
    ("learned", "digests", "same"),
    [
        pytest.param((DIGEST, "sha256:b"), ("", "sha256:b"), True, id="one of the digests is the same"),
        pytest.param((DIGEST,), ("sha256:b",), False, id="none is"),
        pytest.param(("",), ("",), False, id="an empty digest names no image"),
        pytest.param((), (), False, id="there are none"),
    ],
)
def test_profile_is_of_the_image_that_it_was_learned_from(
    learned: tuple[str, ...], digests: tuple[str, ...], *, same: bool
) -> None:
    assert replace(WHOLE, digests=learned).is_of(digests) is same


def test_whole_profile_has_no_gaps() -> None:
    assert gaps(WHOLE) == ()


@pytest.mark.parametrize("phase", PHASES)
def test_phase_that_it_never_met_is_named(phase: Phase) -> None:
    rest = tuple(other for other in PHASES if other != phase)
    lacking = replace(WHOLE, runs=(LearningRun(phases=rest),))
    assert gaps(lacking) == (f"it never met the phase {phase!r}",)
    assert gaps(replace(lacking, excluded=(phase,))) == ()
    assert gaps(merge(lacking, replace(WHOLE, runs=(LearningRun(phases=(phase,)),)))) == ()


@pytest.mark.parametrize(
    ("lacking", "why"),
    [
        (replace(WHOLE, digests=()), "it does not say which image it was learned from"),
        (replace(WHOLE, runs=(LearningRun(phases=PHASES, lost=("3 connections",)),)), "the watcher lost 3 connections"),
        (replace(WHOLE, syscalls=(ArchitectureCalls("x86_64", (), ("fork",)),)), "it saw no system call"),
        (replace(WHOLE, runs=(), excluded=PHASES), "it was learned from no run"),
    ],
)
def test_what_makes_it_incomplete(lacking: Profile, why: str) -> None:
    assert gaps(lacking) == (why,)


def test_merged_profile_has_what_either_run_saw() -> None:
    other = Profile(
        "web:2",
        (f"sha256:{'b' * 64}", DIGEST),
        (LearningRun(exercise="a query"),),
        granted=GrantedRights(("CHOWN",), 301, no_new_privileges=True),
        syscalls=(ArchitectureCalls("x86_64", ("fork", "write"), ("read", "kill")), ArchitectureCalls("aarch64")),
        capabilities=("CHOWN",),
        ports=(ListeningPort("tcp", 80),),
        peaks=ProfilePeaks(5, 1, 0.5),
        written=("/b", "/a"),
    )
    merged = merge(replace(WHOLE, peaks=ProfilePeaks(4, 2), written=("/c", "/a")), other)
    assert merged == Profile(
        "web:2",
        (DIGEST, f"sha256:{'b' * 64}"),
        (LearningRun(phases=PHASES), LearningRun(exercise="a query")),
        granted=GrantedRights(("CHOWN",), 301),
        syscalls=(ArchitectureCalls("aarch64"), ArchitectureCalls("x86_64", ("fork", "read", "write"), ("kill",))),
        capabilities=("CHOWN",),
        ports=(ListeningPort("tcp", 80),),
        peaks=ProfilePeaks(5, 2, 0.5),
        written=("/a", "/b", "/c"),
    )
    assert merge(merged, merged) == merged


def test_profiles_of_different_images_do_not_merge() -> None:
    with pytest.raises(TargetError, match="different images: web:1"):
        merge(WHOLE, replace(WHOLE, digests=(f"sha256:{'b' * 64}",)))


def test_grades_are_seen_possible_and_never() -> None:
    calls = WHOLE.calls("x86_64")
    assert [calls.grade(name) for name in ("read", "fork", "mount")] == ["seen", "possible", "never"]
    assert WHOLE.calls("riscv64") == ArchitectureCalls("riscv64")
