"""The watcher beside a sandbox: the time limit, an engine that restarts, and what is removed in the end."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealock.runtime.sandbox.watcher import WatchedRun, start_watcher, watch
from sealock.runtime.sandbox.workspace import look_at, make_places
from support.waiting import wait_until

CLIENT = """#!/bin/sh
# A container is a file with its state; "wait" returns when it is "exited".
state="$(dirname "$0")/state"
echo "$1" >>"$(dirname "$0")/words"
case $1 in
inspect) [ -e "$state" ] || { echo "Error: No such container: $2"; exit 1; }; [ -s "$state" ] || { echo "Cannot connect"; exit 1; }; cat "$state" ;;
wait) [ -s "$state" ] || exit 1; while grep -qs running "$state"; do sleep 0.05; done ;;
kill) echo exited >"$state" ;;
esac
"""


class Sandbox:
    """What is watched, on directories of the test's own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        for name in ("project", "ids"):
            (directory / name).mkdir()
        self.client = directory / "client"
        self.client.write_text(CLIENT)
        self.client.chmod(0o755)
        self.state = directory / "state"
        self.notes: list[str] = []
        workspace = look_at(str(directory / "project"))
        self.places = make_places(workspace, (".vscode",))
        self.run = WatchedRun(str(self.client), str(directory / "ids" / "id"), 60, workspace, self.places)
        self.process = subprocess.Popen(["sleep", "60"])
        self.parent = os.pidfd_open(self.process.pid)

    def create(self, state: str = "running") -> None:
        self.state.write_text(state)
        Path(self.run.id_file).write_text("ab12\n")

    def words(self) -> list[str]:
        return (self.directory / "words").read_text().split()

    def watch(self, seconds: int = 60) -> None:
        run = WatchedRun(self.run.client, self.run.id_file, seconds, self.run.workspace, self.places)
        watch(run, self.parent, None, self.notes.append)
        assert not Path(self.places[0]).exists()
        assert not (self.directory / "ids").exists()

    def close(self) -> None:
        os.close(self.parent)
        self.process.kill()
        self.process.wait()


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    made = Sandbox(tmp_path)
    yield made
    made.close()


def test_a_container_whose_time_is_over_is_killed(sandbox: Sandbox) -> None:
    sandbox.create()
    sandbox.watch(seconds=1)
    assert sandbox.notes == ["its time of 1 second is over: the container is ended"]
    assert "kill" in sandbox.words()
    assert sandbox.state.read_text() == "exited\n"


def test_a_container_that_ends_is_not_killed(sandbox: Sandbox) -> None:
    sandbox.create("exited")
    sandbox.watch()
    assert sandbox.words() == ["inspect"]
    assert sandbox.notes == []


def test_a_container_that_was_removed_has_ended(sandbox: Sandbox) -> None:
    sandbox.create()
    sandbox.state.unlink()
    sandbox.watch()
    assert sandbox.words() == ["inspect"]


def test_a_client_that_starts_no_container_is_noticed(sandbox: Sandbox) -> None:
    sandbox.process.kill()
    sandbox.watch()
    assert not (sandbox.directory / "words").exists()


def test_a_container_that_never_starts_is_noticed(sandbox: Sandbox) -> None:
    sandbox.create("created")
    sandbox.process.kill()
    sandbox.watch()
    assert "kill" not in sandbox.words()


def test_an_engine_that_does_not_answer_is_asked_again(sandbox: Sandbox) -> None:
    """A container may run on while its engine restarts: its time is over all the same."""
    sandbox.create("")
    sandbox.watch(seconds=1)
    assert sandbox.words().count("inspect") > 1
    assert sandbox.state.read_text() == "exited\n"


def test_what_the_run_left_is_noted(sandbox: Sandbox) -> None:
    sandbox.create("exited")
    (sandbox.directory / "project" / "sub" / ".git").mkdir(parents=True)
    sandbox.watch()
    assert sandbox.notes == ["the run left sub/.git: git runs its hooks, and what its config names"]


def test_the_watcher_is_a_process_of_its_own(sandbox: Sandbox) -> None:
    """It lives on while the one that started it goes on as something else, and is no child of that."""
    sandbox.create()
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    before = children.read_text().split()
    assert str(sandbox.process.pid) in before
    start_watcher(sandbox.run, None, sandbox.notes.append, quiet=True)
    assert children.read_text().split() == before
    wait_until((sandbox.directory / "words").exists)
    sandbox.state.write_text("exited")
    wait_until(lambda: not Path(sandbox.places[0]).exists())
