"""A trial of a container, by a client that is simulated: what it is asked, and why a container does not pass."""

from __future__ import annotations

import json
import re
import secrets
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from sealock.errors import EngineError, TargetError
from sealock.model.container import Container
from sealock.model.enforced import Enforced, MachineSize
from sealock.model.inspection import LimitAdvice
from sealock.model.process import Limit, Process
from sealock.runtime import trials
from sealock.runtime.limitadvice import too_early
from sealock.runtime.trials import TrialCheck, TrialOutcome, check_container, run_client, run_trial, trial_network
from support.simulators.engineclient import ClientStandIn

NAME = "sealock-trial-0102"
ADVICE = (LimitAdvice("--memory", "64m", "its peak"),)
RUNS: dict[str, Any] = {"Running": True, "Status": "running"}
ENDED: dict[str, Any] = {"Running": False, "Status": "exited", "ExitCode": 0}


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that only sleeping moves, so that how fast the machine is makes no difference."""
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    monkeypatch.setattr(trials, "time", SimpleNamespace(monotonic=lambda: now[0], sleep=sleep))
    # The programs are real, and may take their time.
    monkeypatch.setattr(trials, "_LEAST", 300.0)
    monkeypatch.setattr(secrets, "token_hex", lambda _bytes: "0102")
    monkeypatch.setattr(trials, "_advised", lambda name: ADVICE if name == NAME else ())
    return now


def client(directory: Path, *states: Any, fails: str = "", log: str = "one\\ntwo") -> ClientStandIn:
    """A client whose container has these states one after the other, the last for ever; `fails` is more of its script."""
    for number, state in enumerate(states):
        (directory / f"state{number}").write_text(state if isinstance(state, str) else json.dumps(state))
    answers = f"""\
case "$*" in
  {fails}
  *json*State*)
    number=$(cat {directory}/number 2>/dev/null || echo 0)
    cat {directory}/state$number
    [ ! -e {directory}/state$((number + 1)) ] || echo $((number + 1)) >{directory}/number ;;
  *Mounts*) printf '/data\\n/run\\n' ;;
  diff*) printf 'C /run\\nA /run/x\\nC /data\\nD /gone\\nA /a b\\nX /odd\\n\\n' ;;
  logs*) printf '{log}'; echo three >&2 ;;
esac
"""
    return ClientStandIn(directory / "bin", answers=answers)


def tried(made: ClientStandIn, check: TrialCheck) -> TrialOutcome:
    docker = str(made.directory / "docker")
    return run_trial((docker, "run", "app"), check, lambda words, name: (*words[:2], "--name", name, *words[2:]))


CHANGED = ("/run/x", "/gone", "/a b")
LOOK = "inspect --format {{json .State}} " + NAME


def test_a_container_that_keeps_running_passes_and_is_removed(tmp_path: Path, clock: list[float]) -> None:
    made = client(tmp_path, RUNS)
    assert tried(made, TrialCheck()) == TrialOutcome(works=True, changed=CHANGED, advised=ADVICE)
    assert clock == [3.0]
    assert made.asked == [
        f"run --name {NAME} app",
        *[LOOK] * 13,
        f"inspect --format {{{{range .Mounts}}}}{{{{println .Destination}}}}{{{{end}}}} {NAME}",
        f"diff {NAME}",
        f"rm --force --volumes {NAME}",
    ]


def test_one_that_is_checked_is_stopped_too(tmp_path: Path) -> None:
    made = client(tmp_path, RUNS)
    assert tried(made, TrialCheck(inside="true", wait=1)) == TrialOutcome(works=True, changed=CHANGED, advised=ADVICE)
    assert made.asked[1:3] == [LOOK, f"exec {NAME} sh -c true"]
    assert made.asked[-2:] == [f"stop {NAME}", f"rm --force --volumes {NAME}"]
    made = client(tmp_path, RUNS, fails="stop*) echo it hangs >&2; exit 1 ;;")
    assert tried(made, TrialCheck(host="true")) == TrialOutcome(
        works=False, why="it did not stop: it hangs", changed=CHANGED, advised=ADVICE
    )


@pytest.mark.parametrize(("said", "why"), [("echo no >&2", "no"), (":", "it did not start")])
def test_one_that_does_not_start_is_removed_too(tmp_path: Path, said: str, why: str) -> None:
    made = client(tmp_path, RUNS, fails=f"run*) {said}; exit 125 ;;")
    assert tried(made, TrialCheck()) == TrialOutcome(works=False, why=why)
    assert made.asked[-1] == f"rm --force --volumes {NAME}"


HEALTH = {
    "starting": RUNS | {"Health": {"Status": "starting"}},
    "healthy": RUNS | {"Health": {"Status": "healthy"}},
    "unhealthy": RUNS | {"Health": {"Status": "unhealthy"}},
}
ROWS: list[tuple[str, tuple[Any, ...], TrialCheck, str, float]] = [
    ("it ends well", (RUNS, ENDED), TrialCheck(), "", 0.25),
    ("it ends badly", (ENDED | {"ExitCode": 3},), TrialCheck(), "it ended with 3: three one two", 0),
    ("it ends before its check", (ENDED,), TrialCheck(inside="true"), "it ended with 0: three one two", 0),
    ("it ends before the check here", (ENDED,), TrialCheck(host="true"), "it ended with 0: three one two", 0),
    ("it is not started yet", (ENDED | {"Status": "created"}, RUNS), TrialCheck(wait=1), "", 1),
    ("it has no health yet", (RUNS | {"Health": None},), TrialCheck(wait=0.5), "", 0.5),
    ("it gets healthy", (HEALTH["starting"], HEALTH["healthy"]), TrialCheck(), "", 0.25),
    ("it gets unhealthy", (HEALTH["starting"], HEALTH["unhealthy"]), TrialCheck(), "its health check fails: three one two", 0.25),
    ("it is never healthy", (HEALTH["starting"],), TrialCheck(wait=4), "it is not healthy in time", 4),
    ("it has no state", ("{",), TrialCheck(), "it ended with None: three one two", 0),
    ("its state is odd", ("[]",), TrialCheck(), "it ended with None: three one two", 0),
    ("a check here fails", (RUNS,), TrialCheck(host="echo $CONTAINER; exit 4", wait=1), f"the check ended with 4: {NAME}", 1),
    ("a check within fails", (RUNS,), TrialCheck(inside="false", wait=1), "the check within it ended with 1: not so", 1),
    ("the check here comes after that within", (RUNS,), TrialCheck("exit 5", "true", 0.5), "the check ended with 5: ", 0.5),
]  # fmt: skip


@pytest.mark.parametrize(("states", "check", "why", "seconds"), [pytest.param(*row, id=sense) for sense, *row in ROWS])
def test_why_a_container_does_not_pass(  # noqa: PLR0917  a row
    tmp_path: Path, clock: list[float], states: tuple[Any, ...], check: TrialCheck, why: str, seconds: float
) -> None:
    made = client(tmp_path, *states, fails="*sh*-c*false) echo not so; exit 1 ;;")
    assert check_container(str(made.directory / "docker"), NAME, check) == why
    assert clock == [seconds]


def test_a_check_that_passes_later_passes(tmp_path: Path, clock: list[float]) -> None:
    made = client(tmp_path, RUNS)
    check = TrialCheck(host=f"[ -e {tmp_path}/tried ] || {{ touch {tmp_path}/tried; exit 1; }}")
    assert check_container(str(made.directory / "docker"), NAME, check) == ""
    assert clock == [0.25]


def test_a_try_that_was_cut_off_says_least(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = client(tmp_path, RUNS)
    faults = iter(["the check ended with 2: no", "it took longer than 1 s", "it took longer than 1 s"])
    monkeypatch.setattr(trials, "_check", lambda *_: next(faults, "it took longer than 1 s"))
    assert check_container(str(made.directory / "docker"), NAME, TrialCheck(host="x", wait=0.5)) == "the check ended with 2: no"  # fmt: skip
    lasts = iter(["it took longer than 9 s", "the check ended with 1: "])
    monkeypatch.setattr(trials, "_check", lambda *_: next(lasts))
    assert check_container(str(made.directory / "docker"), NAME, TrialCheck(host="x", wait=0.25)) == "the check ended with 1: "  # fmt: skip


def test_what_a_container_wrote_is_shown_on_a_line(tmp_path: Path) -> None:
    made = client(tmp_path, ENDED | {"ExitCode": 1}, fails="logs*) ;;")
    docker = str(made.directory / "docker")
    assert check_container(docker, NAME, TrialCheck()) == "it ended with 1: it wrote nothing"
    made = client(tmp_path, ENDED | {"ExitCode": 1}, log="x" * 500)
    assert check_container(docker, NAME, TrialCheck()) == f"it ended with 1: {'x' * 300}"
    assert made.asked[-1] == f"logs --tail 5 {NAME}"


def test_a_program_that_takes_too_long_ended_with_124(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run_client(("sh", "-c", "exec sleep 60"), 0.01)
    assert (done.returncode, done.stdout, done.stderr) == (124, "", "it took longer than 0 s")
    monkeypatch.setenv("A", "1")
    done = run_client(("sh", "-c", "read x; echo $A$B$?; printf '\\377'"), 60, B="2")
    assert (done.returncode, done.stdout) == (0, "121\n\ufffd")


def test_limits_fit_what_inspect_sees_of_a_container_however_young(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    used = Process(pid=7, container_id="a" * 64, resources=(Limit("pids", None, 3, "", 5),), start=100_00)
    machine = MachineSize(memory=1 << 34, now=101.5)
    seen = Enforced(name="web", declared=Container(), effective=Container(), process=used, machine=machine)
    assert too_early(seen)
    answers = {"web": seen, "left": replace(seen, outside=(8,))}
    asked: list[tuple[str, ...]] = []

    def inspect(*words: str) -> SimpleNamespace:
        asked.append(words)
        if words[1] not in answers:
            message = "no engine"
            raise EngineError(message)
        return SimpleNamespace(enforced=answers[words[1]])

    monkeypatch.setattr(trials, "inspect", inspect)
    advised = {name: trials._advised(name) for name in ("web", "left", "gone")}  # noqa: SLF001  what the others stand in for
    assert {name: [limit.option for limit in limits] for name, limits in advised.items()} == {
        "web": ["--pids-limit"], "left": [], "gone": [],
    }  # fmt: skip
    assert asked == [("container", name, "") for name in advised]


def test_a_trial_has_a_name_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(trials, "_advised", lambda _name: ())
    made = client(tmp_path, ENDED)
    assert [tried(made, TrialCheck()).works for _ in range(2)] == [True, True]
    names = re.findall(r"run --name (sealock-trial-[0-9a-f]{12}) ", "\n".join(made.asked))
    assert len({*names}) == 2


def test_a_network_for_trials_is_made_once_and_removed(tmp_path: Path) -> None:
    made = ClientStandIn(tmp_path)
    with trial_network(str(tmp_path / "docker")) as network:
        assert made.asked == []
        assert [network(), network()] == [NAME, NAME]
        assert made.asked == [f"network create --label {trials.LABEL}=1 {NAME}"]
    assert made.asked[1:] == [f"network rm {NAME}"]


def test_no_network_is_removed_that_nobody_asked_for(tmp_path: Path) -> None:
    made = ClientStandIn(tmp_path)
    with trial_network(str(tmp_path / "docker")):
        pass
    assert made.asked == []


def test_a_network_that_the_engine_refuses_is_an_error(tmp_path: Path) -> None:
    made = ClientStandIn(tmp_path, answers="echo all ranges are taken >&2; exit 1")
    with (
        pytest.raises(TargetError, match="no network could be made: all ranges are taken"),
        trial_network(str(tmp_path / "docker")) as network,
    ):
        network()
    assert len(made.asked) == 1
