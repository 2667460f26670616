"""What an engine's client says of a container is read, also when it says nothing, and a wait ends when it should."""

from __future__ import annotations

import os
from pathlib import Path
from typing import cast

import pytest

from sealock.errors import TargetError
from sealock.runtime.trials import TrialCheck
from sealock.runtime.watch.composed import ComposedProject
from sealock.runtime.watch.described import (
    DescribedContainer,
    changed,
    describe,
    digests,
    engine_version,
    peers,
)
from sealock.runtime.watch.learning import LearningSession, find_container, removed_at_end, wait_until
from sealock.runtime.watch.observations import Observations

ID = "sha256:" + "a" * 64


@pytest.fixture
def client(tmp_path: Path) -> str:
    """A client that prints the file that is named by the first two words of its command, or fails."""
    program = tmp_path / "docker"
    program.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\ncat "{tmp_path}/$1-$2" 2>/dev/null || {{ echo "no such thing" >&2; exit 1; }}\n'
    )
    program.chmod(0o755)
    return str(program)


def answer(client: str, command: str, text: str) -> None:
    Path(client).with_name(command).write_text(text)


def test_a_container_and_its_image(client: str) -> None:
    answer(client, "container-inspect", '[{"Id": "c1", "Name": "/web", "State": {"Running": true, "Pid": 7}}]')
    assert describe(client, "web") == find_container(client, "web")
    assert describe(client, "web").watched.pid == 7
    answer(client, "image-inspect", f'["web@{ID[:-1]}b"]')
    assert digests(client, ID) == (ID, f"{ID[:-1]}b")
    answer(client, "version---format", "26.1\n")
    assert engine_version(client) == f"{client} 26.1"


@pytest.mark.parametrize("text", ["", "[]", "[7]", "{", "null"])
def test_what_is_no_container_is_an_error(client: str, text: str) -> None:
    with pytest.raises(TargetError, match="no such thing"):
        describe(client, "web")
    answer(client, "container-inspect", text)
    with pytest.raises(TargetError, match=r"does not describe the container web: it ended with 0$"):
        describe(client, "web")


def test_of_a_long_error_of_the_client_the_end_is_shown(client: str) -> None:
    Path(client).write_text("#!/bin/sh\nprintf 'x%.0s' $(seq 1000) >&2\necho ' the  reason' >&2\nexit 3\n")
    with pytest.raises(TargetError, match=r"container web: x{289} the reason$"):
        describe(client, "web")


def test_a_container_that_ended_cannot_be_watched(client: str) -> None:
    answer(client, "container-inspect", '[{"Id": "c1", "State": {"Running": false}}]')
    with pytest.raises(TargetError, match="does not run"):
        find_container(client, "web")


def test_an_engine_that_answers_nothing_has_no_more_to_add(client: str) -> None:
    assert digests(client, ID) == (ID,)
    assert engine_version(client) == client
    assert peers(client, ("front",)) == {}
    assert changed(client, DescribedContainer("c1")) is None
    for text in ("null", "{", "7"):
        answer(client, "image-inspect", text)
        answer(client, "network-inspect", text)
        assert digests(client, ID) == (ID,)
        assert peers(client, ("front",)) == {}


def test_neighbours_have_names(client: str) -> None:
    text = (
        '{"1": {"Name": "db", "IPv4Address": "10.0.0.2/24", "IPv6Address": "fd00::2/64"}, "2": {"Name": "x"}, "3": 7}'
    )
    answer(client, "network-inspect", text)
    assert peers(client, ("front",)) == {"10.0.0.2": "db", "fd00::2": "db"}


def test_what_changed_is_without_what_is_above_and_what_engines_make(client: str) -> None:
    answer(client, "diff-c1", "C /etc\nA /etc/hosts\nC /var\nA /var/new\nD /gone\nA /data\n? x\n")
    assert changed(client, DescribedContainer("c1", mounts=("/data",))) == ("/var/new",)


def test_a_container_is_removed_by_its_id(client: str, tmp_path: Path) -> None:
    answer(client, "rm---force", "")
    with removed_at_end(client) as path:
        Path(path).write_text("c1")
    assert "rm --force --volumes c1" in (tmp_path / "calls").read_text()
    assert not Path(path).parent.exists()


class Seen:
    """A session that sees as many things as it is asked times, up to a number."""

    def __init__(self, most: int) -> None:
        self.most, self.times, self.interrupted = most, 0, False

    def now(self) -> tuple[Observations, ...]:
        self.times += 1
        observations = Observations()
        for number in range(min(self.times, self.most)):
            observations.add_call("x86_64", str(number))
        return (observations,)


def wait(seen: Seen, seconds: float | None, idle: float | None, done: bool = False) -> None:  # noqa: FBT001, FBT002  a fact
    wait_until(cast("LearningSession", seen), lambda: done, seconds, idle)


def test_a_wait_ends_when_nothing_new_comes() -> None:
    seen = Seen(3)
    wait(seen, None, 0.1)
    assert seen.times > 3


def test_a_wait_ends_in_time_when_it_is_done_or_interrupted() -> None:
    wait(Seen(0), 0.01, None)
    wait(Seen(0), None, None, done=True)
    seen = Seen(0)
    seen.interrupted = True
    wait(seen, None, None)
    assert seen.times == 0


def test_a_project_needs_its_file_and_its_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, client: str) -> None:
    with pytest.raises(TargetError, match="no such compose file"):
        ComposedProject(str(tmp_path / "gone.yaml"))
    monkeypatch.setenv("PATH", str(Path(client).parent), prepend=":")
    (tmp_path / "compose.yaml").write_text("services: {}\n")
    # An engine that answers does not restart, so what failed is not tried again for a minute.
    answer(client, "version-", "26.1\n")
    with ComposedProject(str(tmp_path / "compose.yaml")) as project:
        # What the terminal sends to us does not reach what removes it.
        assert os.getsid(project._guard.pid) == project._guard.pid != os.getsid(0)  # noqa: SLF001
        with pytest.raises(TargetError, match="the project did not start: no such thing"):
            project.start()
        with pytest.raises(TargetError, match="has no containers"):
            project.containers()
        project.use(TrialCheck())
        failed = "the exercise failed, so nothing was written: it ended with 3"
        for command, printed in (("exit 3", ""), ("echo a; echo b >&2; exit 3", ": b"), ("echo a; exit 3", ": a")):
            with pytest.raises(TargetError) as why:
                project.use(TrialCheck(inside=command, wait=0.5))
            assert str(why.value) == failed + printed
        project.use(TrialCheck(inside='test "$COMPOSE_FILE"'))
    calls = (tmp_path / "calls").read_text()
    assert f"compose -p {project.name} -f {tmp_path}/compose.yaml up --detach" in calls
    # Only its own containers are watched.
    assert f"ps --all --quiet --no-trunc --filter label=com.docker.compose.project={project.name}" in calls
    assert "down --volumes" in calls
