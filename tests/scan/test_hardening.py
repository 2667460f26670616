"""The search for the least that a container needs, against containers that need this and that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from sealock.errors import TargetError
from sealock.model.absent import UNSET, given
from sealock.model.capabilities import DEFAULT
from sealock.model.inspection import LimitAdvice
from sealock.model.profile import ContactedAddress, LearningRun
from sealock.runtime.trials import TrialOutcome
from sealock.scan.hardening import USER, HardenedRun, HardeningPlace, follow_plan, prove
from sealock.scan.hardeningplan import HardeningPlan, plan_of, written_directories
from sealock.scan.runmachine import RunImage, RunMachine
from support.profiles import web
from support.simulators.program import ProgramSimulator

MACHINE = RunMachine(cpus=4, memory=8 << 30)


def hardened(program: ProgramSimulator, *words: str, user: str = "") -> HardenedRun:
    place = HardeningPlace(RunImage("sha256:x", (), user), MACHINE)
    return prove(("docker", "run", *(words or ("app:1",))), place, program.trial)


def test_a_program_that_needs_nothing_gets_nothing() -> None:
    program = ProgramSimulator()
    run = hardened(program)
    container = run.container
    assert (container.cap_drop, container.cap_add, container.user) == (("ALL",), UNSET, USER)
    assert (container.read_only, container.no_new_privileges, container.mounts) == (True, True, UNSET)
    assert (container.pids_limit, container.memory, container.cpus) == (500, 4 << 30, 2.0)
    assert program.runs == run.trials == 5  # as it is, closed, as a user, and twice more


@pytest.mark.parametrize(
    ("needs", "kept"),
    [
        (ProgramSimulator(capabilities=frozenset({"CHOWN"})), {"CHOWN"}),
        (ProgramSimulator(capabilities=frozenset({"SETUID", "SETGID", "CHOWN"})), {"SETUID", "SETGID", "CHOWN"}),
        (ProgramSimulator(capabilities=frozenset({"NET_RAW"})), {"NET_RAW"}),
        (ProgramSimulator(capabilities=frozenset({"MKNOD", "KILL"})), {"MKNOD", "KILL"}),
        (ProgramSimulator(capabilities=DEFAULT), set(DEFAULT)),
        (ProgramSimulator(root=True), set()),
        (ProgramSimulator(setuid=True, capabilities=frozenset({"SETUID"})), {"SETUID"}),
        (ProgramSimulator(elsewhere=("/opt/x",), capabilities=frozenset({"NET_RAW"})), {"NET_RAW"}),
    ],
)
def test_each_capability_that_is_needed_is_kept_and_no_other(needs: ProgramSimulator, kept: set[str]) -> None:
    run = hardened(needs)
    assert set(given(run.container.cap_add, ())) == kept
    assert run.container.cap_drop == ("ALL",)
    assert run.container.user is (UNSET if kept or needs.root else USER)


@pytest.mark.parametrize(
    ("needs", "field", "value", "opened"),
    [
        (ProgramSimulator(setuid=True), "no_new_privileges", UNSET, "no-new-privileges"),
        (ProgramSimulator(processes=900), "pids_limit", UNSET, "process limit"),
        (ProgramSimulator(elsewhere=("/opt/x",)), "read_only", UNSET, "read-only root"),
        (ProgramSimulator(writes=("/etc", "/etc/x")), "read_only", UNSET, "read-only root"),
    ],
)
def test_what_fails_is_opened_alone_and_named(needs: ProgramSimulator, field: str, value: Any, opened: str) -> None:
    run = hardened(needs)
    assert getattr(run.container, field) == value
    stays = [setting.name for setting in run.settings if not setting.closed]
    assert stays == [opened]
    assert all(setting.why for setting in run.settings if not setting.closed)
    assert (run.container.memory, run.container.cap_drop) == (4 << 30, ("ALL",))


def test_files_of_the_image_that_are_written_are_named() -> None:
    run = hardened(ProgramSimulator(writes=("/etc", "/etc/x", "/srv/a", "/usr", "/usr/y")))
    assert [setting.why for setting in run.settings if not setting.closed] == [
        "it writes /etc/x, /usr/y, where the image has its own files"
    ]


def test_what_was_written_gets_a_mount() -> None:
    run = hardened(
        ProgramSimulator(
            writes=(
                "/run",
                "/run/x.pid",
                "/runner",
                "/runner/job",
                "/var/lib/app",
                "/var/lib/app/db",
                "/var/cache/a",
                "/var/cache/a/b",
            )
        )
    )
    assert run.container.read_only is True
    assert {(mount.kind, mount.target) for mount in given(run.container.mounts, ())} == {
        ("tmpfs", "/run"), ("volume", "/runner"), ("volume", "/var/lib/app"), ("tmpfs", "/var/cache/a"),
    }  # fmt: skip


def test_limits_are_those_that_inspect_advises() -> None:
    advised = (
        LimitAdvice("--memory", "64m", ""),
        LimitAdvice("--pids-limit", "32", ""),
        LimitAdvice("--cpus", "0.5", ""),
    )
    container = hardened(ProgramSimulator(advised=advised)).container
    assert (container.memory, container.pids_limit, container.cpus) == (64 << 20, 32, 0.5)


@pytest.mark.parametrize(
    ("words", "field", "value"),
    [
        (("--memory", "1g", "app"), "memory", 1 << 30),
        (("--pids-limit", "7", "app"), "pids_limit", 7),
        (("--read-only=false", "app"), "read_only", False),
        (("--cpuset-cpus", "0", "app"), "cpus", UNSET),
        (("--user", "7", "app"), "user", "7"),
        (("--security-opt", "no-new-privileges=false", "app"), "no_new_privileges", False),
        (("--cap-add", "SYS_TIME", "app"), "cap_add", ("SYS_TIME",)),
        (("--privileged", "app"), "cap_drop", UNSET),
        (("-v", "/srv:/srv", "app"), "user", UNSET),
        (("-v", "/srv:/srv:ro", "app"), "user", USER),
    ],
)
def test_what_the_command_sets_stays(words: tuple[str, ...], field: str, value: Any) -> None:
    assert getattr(hardened(ProgramSimulator(), *words).container, field) == value


@pytest.mark.parametrize(
    ("user", "expected"), [("", USER), ("0", USER), ("root", USER), ("app", UNSET), ("1000", UNSET)]
)
def test_the_images_own_user_stays(user: str, expected: Any) -> None:
    assert hardened(ProgramSimulator(), user=user).container.user == expected


def test_a_command_that_fails_as_it_is_proves_nothing() -> None:
    with pytest.raises(
        TargetError, match="does not pass its check as it is, so nothing can be proven: it ended with 1"
    ):
        hardened(ProgramSimulator(broken=True))


def test_what_passes_only_sometimes_is_no_result() -> None:
    program = ProgramSimulator()

    def trial(words: Sequence[str]) -> TrialOutcome:
        result = program.trial(words)
        return result if program.runs < 5 else TrialOutcome(works=False, why="chance")

    with pytest.raises(TargetError, match="passes its check only sometimes: chance"):
        prove(("docker", "run", "app"), HardeningPlace(None, MACHINE), trial)


@pytest.mark.parametrize(
    ("paths", "directories"),
    [
        ([], ()),
        (["/tmp", "/tmp/a", "/tmp/a/b"], ("/tmp",)),
        (["/var", "/var/run", "/var/run/x"], ("/run",)),
        (["/var", "/var/lib", "/var/lib/x", "/var/lib/x/a", "/var/lib/x/y", "/var/lib/x/y/b"], ("/var/lib/x",)),
        (["/etc", "/etc/resolv.conf", "/etc/hosts", "/.dockerenv"], ()),
        (["/x"], None),
        (["/usr", "/usr/bin", "/usr/bin/new"], ("/usr/bin",)),
        (["/etc", "/etc/x"], None),
        (["/data/a"], ("/data",)),
    ],
)
def test_the_directories_that_need_a_mount(paths: list[str], directories: tuple[str, ...] | None) -> None:
    assert written_directories(paths) == directories


def test_what_is_mounted_needs_none() -> None:
    assert written_directories(["/data", "/data/a", "/srv/b"], ["/data"]) == ("/srv",)


PLAN = HardeningPlan(frozenset({"CHOWN"}), ("/run/x",), filters=("closed.json", "open.json"))


def by_plan(program: ProgramSimulator, plan: HardeningPlan, *words: str) -> HardenedRun:
    place = HardeningPlace(None, MACHINE, plan)
    return prove(("docker", "run", *(words or ("app:1",))), place, program.trial)


def test_a_plan_that_fits_is_proven_without_a_search() -> None:
    program = ProgramSimulator(capabilities=frozenset({"CHOWN"}), writes=("/run/y",))
    run = by_plan(program, PLAN)
    container = run.container
    assert (container.cap_add, container.seccomp, container.read_only) == (("CHOWN",), "closed.json", True)
    assert [mount.target for mount in given(container.mounts, ())] == ["/run"]
    assert run.trials == program.runs == 4  # as it is, closed, and twice more


@pytest.mark.parametrize(
    ("program", "opened", "seccomp", "capabilities"),
    [
        (ProgramSimulator(calls=frozenset({"mount"})), "seccomp filter", UNSET, UNSET),
        (ProgramSimulator(setuid=True), "no-new-privileges", "open.json", UNSET),
        (ProgramSimulator(elsewhere=("/srv/x",)), "read-only root", "closed.json", UNSET),
        (ProgramSimulator(capabilities=frozenset({"CHOWN", "KILL"})), "", "closed.json", ("CHOWN", "KILL")),
    ],
    ids=["a call that the filter refuses", "a setuid program", "a write that it did not see", "another capability"],
)
def test_only_what_breaks_it_is_taken_back(
    program: ProgramSimulator, opened: str, seccomp: Any, capabilities: Any
) -> None:
    run = by_plan(program, PLAN)
    assert {setting.name for setting in run.settings if not setting.closed} == ({opened} if opened else set())
    assert (run.container.seccomp, run.container.cap_add) == (seccomp, capabilities)


def test_a_plan_is_followed_without_trials() -> None:
    plan = HardeningPlan(
        user="33:33", advised=(LimitAdvice("--memory", "64m", ""), LimitAdvice("--pids-limit", "32", "")), offline=True
    )
    run = follow_plan(("docker", "run", "app"), HardeningPlace(None, MACHINE, plan))
    container = run.container
    assert (container.user, container.memory, container.pids_limit) == ("33:33", 64 << 20, 32)
    assert (container.network_mode, container.cap_drop, container.cap_add) == ("none", ("ALL",), UNSET)
    assert run.trials == 0
    assert container.seccomp is UNSET


@pytest.mark.parametrize("words", [("-p", "80:80", "app"), ("--network", "host", "app")])
def test_a_network_that_is_asked_for_stays(words: tuple[str, ...]) -> None:
    run = follow_plan(("docker", "run", *words), HardeningPlace(None, MACHINE, HardeningPlan(offline=True)))
    assert run.container.network_mode != "none"


@pytest.mark.parametrize(
    ("changes", "plan"),
    [
        ({}, HardeningPlan(frozenset({"CHOWN"}), ("/run/nginx.pid",))),
        ({"users": ("33:33",)}, HardeningPlan(frozenset({"CHOWN"}), ("/run/nginx.pid",), "33:33")),
        ({"users": ("0:33",), "written": ("/dev/null", "/proc/self/x", "/dev/shm/a")}, HardeningPlan(frozenset({"CHOWN"}), ("/dev/shm/a",))),
        ({"ports": (), "contacted": (ContactedAddress("unix", "/run/s"),)}, HardeningPlan(frozenset({"CHOWN"}), ("/run/nginx.pid",), offline=True)),
        ({"ports": (), "contacted": (), "runs": (*web().runs, LearningRun(mechanism="log"))}, HardeningPlan(frozenset({"CHOWN"}), ("/run/nginx.pid",))),
    ],
    ids=["root and another", "one ordinary user", "files of the kernel", "no network", "addresses that were not watched"],
)  # fmt: skip
def test_the_plan_of_a_profile(changes: dict[str, object], plan: HardeningPlan) -> None:
    made = plan_of(web(**changes), MACHINE)
    assert replace(made, advised=()) == plan
    assert [(advice.option, advice.value) for advice in made.advised] == [
        ("--memory", "96m"), ("--pids-limit", "64"), ("--cpus", "1"),
    ]  # fmt: skip
