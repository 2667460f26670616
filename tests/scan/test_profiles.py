"""A profile is refused where it was not learned; what a filter refuses becomes a proposal."""

from __future__ import annotations

import pytest

from sealock.model.container import Container
from sealock.model.inventory import Inventory
from sealock.model.profile import ArchitectureCalls, LearningRun, Profile
from sealock.scan.profilecheck import FAULT_KINDS, UsePlace, latest_runtime, profile_faults
from sealock.scan.profileuse import digests_of
from sealock.scan.proposals import propose, with_proposals
from support.profiles import DIGEST, OTHER, web

HERE = UsePlace((OTHER, DIGEST), "6.18.9-custom", "runc")


@pytest.mark.parametrize(
    ("profile", "place", "kinds"),
    [
        pytest.param(web(), HERE, [], id="this image, by any of its digests"),
        pytest.param(web(), UsePlace(), [], id="a place of which nothing is known"),
        pytest.param(web(), UsePlace((OTHER,)), ["image"], id="another image"),
        pytest.param(web(digests=()), HERE, ["image", "incomplete"], id="no image at all"),
        pytest.param(web(runs=()), UsePlace(), ["incomplete"] * 7, id="no run: no phase"),
        pytest.param(web(), UsePlace(kernel="6.1.0"), ["kernel"], id="another series of the kernel"),
        pytest.param(web(), UsePlace(kernel="6.18"), [], id="the same series"),
        pytest.param(web(), UsePlace(kernel="Linux 6.18.1"), [], id="the same series, with the system's name"),
        pytest.param(web(), UsePlace(kernel="5.18.9"), ["kernel"], id="an older kernel with the same second number"),
        pytest.param(web(), UsePlace(kernel="7.0"), ["kernel"], id="a newer kernel"),
        pytest.param(web(), UsePlace(kernel="6.19-rc1"), ["kernel"], id="a newer series"),
        pytest.param(web(runs=(LearningRun(), *web().runs)), HERE, [], id="a run of which nothing is known besides"),
        pytest.param(web(), UsePlace(runtime="crun"), ["runtime"], id="another runtime"),
        pytest.param(web(), UsePlace(runtime="runsc"), ["runtime"], id="a runtime with a later name"),
        pytest.param(web(), UsePlace(runtime="run"), ["runtime"], id="a runtime with a shorter name"),
        pytest.param(
            web(), UsePlace(runtime="/opt/runc/youki 1"), ["runtime"], id="a runtime in a directory of that name"
        ),
        pytest.param(web(), UsePlace(runtime="/usr/bin/runc 1.3"), [], id="another version of the runtime"),
    ],
)
def test_what_speaks_against_a_profile(profile: Profile, place: UsePlace, kinds: list[str]) -> None:
    assert [fault.kind for fault in profile_faults(profile, place)] == kinds
    assert list(profile_faults(profile, place, FAULT_KINDS)) == []


def test_runtime_of_the_last_run_that_names_one_counts() -> None:
    assert latest_runtime(web(runs=(*web().runs, LearningRun(runtime="crun"), LearningRun()))) == "crun"
    assert latest_runtime(web(runs=())) == ""


def test_an_image_has_the_digests_of_its_configuration_its_manifest_and_its_names() -> None:
    image = Inventory(("a/b@sha256:n", "a/b:1"), "sha256:c", "linux/amd64", (), Container(), manifest="sha256:m")
    assert digests_of(image) == ("sha256:c", "sha256:m", "sha256:n")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("mkdir", "mkdir by /bin/x: add it to syscalls (x86_64); an exercise that does it was missing"),
        ("ptrace", "ptrace by /bin/x: add it to syscalls (x86_64); no file of the image is known to call it: find out"),
        (
            "read",
            "read by /bin/x: add it to syscalls (x86_64); the profile has it, so the filter is older than the profile",
        ),
        ("mount", "mount by /bin/x: the engine's own filter refuses it too, with the capabilities of the profile"),
    ],
)
def test_proposal_says_what_to_change_and_why(name: str, text: str) -> None:
    assert propose(web(), "x86_64", name, "/bin/x").text.startswith(text)


def test_without_a_floor_nothing_is_said_to_be_never_called() -> None:
    profile = web(syscalls=(ArchitectureCalls("x86_64", ("read",)),))
    assert propose(profile, "x86_64", "ptrace").text.endswith("an exercise that does it was missing")


def test_applied_proposals_are_in_the_profile_with_their_run() -> None:
    proposals = [propose(web(), "x86_64", name) for name in ("mkdir", "mount", "ptrace")]
    assert "ptrace" not in with_proposals(web(), proposals, "a trial").calls("x86_64").seen
    changed = with_proposals(web(), proposals, "a trial", strange=True)
    assert changed.calls("x86_64") == ArchitectureCalls(
        "x86_64", ("accept4", "clone", "mkdir", "ptrace", "read", "socket"), ("fork",)
    )
    assert changed.runs[-1] == LearningRun(exercise="a trial", mechanism="refusals")
    assert with_proposals(changed, proposals, "a trial", strange=True) == changed
    assert with_proposals(web(), proposals[1:2], "a trial") == web()
