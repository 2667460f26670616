"""The supervisor of a service's parts: when a part that ended starts again, what is reported, and how all end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealock.service import supervision
from sealock.service.supervision import ServicePart, _end, _reap, _Running

ROOT = Path(__file__).parents[2]


def spawn(script: str, output: int = 1) -> int:
    actions = [(os.POSIX_SPAWN_DUP2, output, 1)]
    return os.posix_spawn("/bin/sh", ["sh", "-c", script], {}, file_actions=actions)


def ended(script: str) -> int:
    """A child that ended, and that nobody waited for."""
    child = spawn(script)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    return child


def running(process: int, *, since: float = 0.0, wait: float = 0.0) -> _Running:
    return _Running(ServicePart("the web", lambda _stop: None), process, time.monotonic() - since, wait)


AGAIN = {
    "one that ended at once waits half a second": (0.0, 0.0, 0.5),
    "one that ended after five seconds waits too": (5.0, 0.0, 0.5),
    "one that ended at once again waits twice as long": (0.0, 0.5, 1.0),
    "one that ends again and again waits half a minute at most": (0.0, 20.0, 30.0),
    "one that had run for half an hour does not wait": (1800.0, 20.0, 0.0),
}


@pytest.mark.parametrize(("since", "wait", "wanted"), AGAIN.values(), ids=AGAIN)
def test_a_part_that_ended_starts_again(since: float, wait: float, wanted: float) -> None:
    entry, other, said = running(ended("exit 0"), since=since, wait=wait), running(0), list[str]()
    before = time.monotonic()
    _reap([other, entry], said.append)
    after = time.monotonic()
    assert (entry.process, entry.wait, other.due) == (0, wanted, 0.0)
    assert before + wanted <= entry.due <= after + wanted
    assert said == ["the web ended by itself (status 0) and starts again"]


REASONS = {
    "status 3": "exit 3",
    "signal SIGKILL": "kill -KILL $$",
    "signal SIGTERM": "kill -TERM $$",
    "signal 35": "kill -35 $$",
}


@pytest.mark.parametrize(("reason", "script"), REASONS.items(), ids=REASONS)
def test_the_reason_of_an_end_is_reported(reason: str, script: str) -> None:
    said: list[str] = []
    _reap([running(ended(script))], said.append)
    assert said == [f"the web ended by itself ({reason}) and starts again"]


def test_all_that_ended_are_noticed_at_once_and_one_that_runs_is_left() -> None:
    lives = running(spawn("exec sleep 1000"))
    entries, said = [running(ended("exit 1")), lives, running(ended("exit 2"))], list[str]()
    number = lives.process
    try:
        _reap(entries, said.append)
        assert [entry.process for entry in entries] == [0, number, 0]
        assert len(said) == 2
    finally:
        os.kill(number, signal.SIGKILL)
        os.waitpid(number, 0)


@pytest.fixture
def children_are_heard_of() -> Iterator[None]:
    """As `supervise` has it: SIGCHLD waits until it is asked for."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    yield
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


@pytest.mark.usefixtures("children_are_heard_of")
def test_parts_end_when_they_are_asked_to() -> None:
    gone = ended("exit 0")
    os.waitpid(gone, 0)
    entries, said = (
        [running(spawn("exec sleep 1000")), running(gone), running(0), running(ended("exit 0"))],
        list[str](),
    )
    _end(entries, said.append)
    assert [entry.process for entry in entries] == [0, 0, 0, 0]
    assert said == []


@pytest.mark.usefixtures("children_are_heard_of")
def test_a_part_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "PATIENCE", 0.2)
    reading, writing = os.pipe()
    deaf, said = running(spawn("trap '' TERM; echo ready; while :; do sleep 0.05; done", writing)), list[str]()
    os.close(writing)
    assert os.read(reading, 10) == b"ready\n"
    os.close(reading)
    _end([deaf], said.append)
    assert deaf.process == 0
    assert said == ["the web did not stop within 0 s, and is ended"]


ASKED_AS_IT_BEGINS_TO_WAIT = """
import os, signal, sys
from sealock.service.supervision import ServicePart, _run

def work(stop):
    def trace(frame, *_):
        if frame.f_code.co_name == "wait" and "Condition" in repr(frame.f_locals.get("self")):
            sys.settrace(None)
            os.kill(os.getpid(), signal.SIGTERM)
    sys.settrace(trace)
    stop.wait()

_run(ServicePart("web", work))
print("has ended")
"""
"""The signal arrives while the part holds the lock of the event that it begins to wait for."""


def test_a_part_that_is_asked_to_end_as_it_begins_to_wait_ends() -> None:
    words = [sys.executable, "-c", ASKED_AS_IT_BEGINS_TO_WAIT]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout == "has ended\n"


def test_a_supervisor_starts_its_parts_again_and_ends_when_they_have(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "support.supervisedparts", str(tmp_path)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT / "tests")))}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        lines = sorted(process.stdout.readline() for _ in range(3))
        assert lines == [
            "odd ended by itself (status 1) and starts again\n",
            "odd works\n",
            "steady works: not stopped\n",
        ]
        process.terminate()
        assert sorted(process.stdout.read().splitlines()) == [
            "all have ended, and these signals are blocked: []",
            "steady stops",
            "stopping",
        ]
        assert process.stderr.read() == "sealock: odd: ValueError('it does not know how')\n"
    assert process.returncode == 0
