"""Learning from containers with a client and a watcher that are simulated: what is asked, what counts, what is an error."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sealock.errors import TargetError, UsageError
from sealock.model.container import Container
from sealock.runtime.trials import TrialCheck
from sealock.runtime.watch import learning as sessions
from sealock.runtime.watch.learning import LearnedContainer, LearningSession
from sealock.runtime.watch.observations import Observations, WatchedContainer
from sealock.scan import learning
from sealock.scan.learning import Exercise, _ended_client, learn_line, learn_project, learn_running
from support.simulators.engineclient import ClientStandIn

ID = "d" * 64
PID = 1 << 22
"""No process has this number."""
DESCRIBED = [{
    "Id": ID, "Name": "/web", "Image": "sha256:" + "1" * 64, "Path": "web", "Args": ["-x"],
    "Config": {"Image": "web:1", "Healthcheck": {"Test": ["CMD", "true"]}}, "HostConfig": {"Runtime": "runc"},
    "State": {"Running": True, "Pid": PID, "ExitCode": 0}, "NetworkSettings": {"Networks": {"front": {}}}, "Mounts": [{"Destination": "/data"}],
}]  # fmt: skip
EVENTS = "".join(f"{json.dumps({'Action': action, 'Actor': {'Attributes': more}, 'status': action})}\n" for action, more in (("start", {}), ("exec_create: sh", {"execID": "1"}), ("kill", {"signal": "1"}), ("die", {"exitCode": "0"})))  # fmt: skip
SCRIPT = """\
case "$*" in
  run*fails*) echo no such image >&2; exit 125 ;;
  run*) shift; [ "$1" = --cidfile ] || exit 4; touch DIR/running; printf ID >"$2"; FOREGROUND ;;
  events*) cat DIR/events ;;
  container\\ inspect*gone*) echo "No such container: gone" >&2; exit 1 ;;
  container\\ inspect*) [ -e DIR/running ] && cat DIR/described || cat DIR/ended ;;
  inspect*State*) echo '{"Running": true, "Status": "running"}' ;;
  network*) echo '{"a": {"Name": "db", "IPv4Address": "10.0.0.2/24", "IPv6Address": ""}}' ;;
  diff*) printf 'A /made\\nC /data\\n' ;;
  exec*) [ "$5" = true ] ;;
  stop*) rm -f DIR/running ;;
esac
"""


class Watcher:
    """A watcher that sees a call and a file; notes what it is told."""

    name = "tracepoints"
    sees_capabilities = True

    def __init__(self) -> None:
        self.told: list[str] = []

    def options(self, _container: Container, /) -> tuple[str, ...]:
        return ("--label", "watched")

    def expect(self) -> None:
        self.told.append("expect")

    def add(self, container: WatchedContainer) -> None:
        self.told.append(f"add {container.id[:2]} {container.pid == PID}")

    def settle(self) -> None:
        self.told.append("settle")

    def read(self) -> None:
        """It has all at once."""

    def observe(self, _container: WatchedContainer, seen: Observations) -> None:
        seen.add_call("x86_64", "read")
        seen.read.add("/etc/passwd")

    def close(self) -> None:
        """Nothing is open."""


class Placed:
    """The client in PATH, and the watcher."""

    def __init__(self, directory: Path, foreground: str = "exit 0") -> None:
        self.directory, self.watcher = directory, Watcher()
        script = SCRIPT.replace("FOREGROUND", foreground).replace("DIR", str(directory)).replace("ID", ID)
        self.client = ClientStandIn(directory / "bin", answers=script)
        (directory / "described").write_text(json.dumps(DESCRIBED))
        ended = json.dumps(DESCRIBED).replace('"Running": true', '"Running": false').replace(str(PID), "0")
        (directory / "ended").write_text(ended)
        (directory / "events").write_text(EVENTS)

    def runs(self, pid: int) -> str:
        """The container that a process is in."""
        return ID if pid == PID and (self.directory / "running").exists() else ""

    def asked(self, *verbs: str) -> list[str]:
        """What the client was asked of these."""
        return [line for line in self.client.asked if line.split()[0] in verbs]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Placed]:
    def make(*, foreground: str = "exit 0") -> Placed:
        placed = Placed(tmp_path, foreground)
        monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
        monkeypatch.setattr(sessions, "container_of", placed.runs)
        monkeypatch.setattr(sessions, "_SETTLED", 0.0)
        return placed

    return make


def nothing(_session: LearningSession) -> None:
    """Report nothing."""


RUN = ("docker", "run", "--restart", "always", "web:1", "web")


def seen(learned: tuple[LearnedContainer, ...]) -> Observations:
    (one,) = learned
    assert (one.described.id, one.described.name, one.described.image) == (ID, "web", "web:1")
    return one.seen


def test_a_container_is_started_used_and_stopped(place: Callable[..., Placed]) -> None:
    made = place()
    check = TrialCheck(inside="true", wait=300)
    learned = seen(learn_line(RUN, made.watcher, Exercise(check, reload=True), nothing))
    (run,) = made.asked("run")
    assert run.startswith("run --cidfile ")
    assert run.split()[3:] == ["--label", "watched", "--detach", "--label", "sealock.learn=1", "web:1", "web"]
    assert made.asked("exec", "kill", "stop", "diff") == [
        f"exec {ID} sh -c true", f"kill --signal HUP {ID}", f"stop {ID}", f"diff {ID}",
    ]  # fmt: skip
    assert made.watcher.told[0] == "expect"
    assert made.watcher.told[1:] == [f"add dd {True}", "settle", f"add dd {True}"]
    assert (learned.calls, learned.read, learned.written) == ({"x86_64": {"read"}}, {"/etc/passwd"}, {"/made"})
    assert learned.names == {"10.0.0.2": "db"}
    assert learned.lost == set()
    # Its id is removed with the container, by a shell that would do so after our end too.
    assert made.asked("rm") == [f"rm --force --volumes {ID}"]


def test_one_in_the_foreground_ends_by_itself(place: Callable[..., Placed]) -> None:
    made = place(foreground="rm -f DIR/running; exit 3")
    learned = seen(learn_line(("docker", "run", "web:1"), made.watcher, Exercise(), nothing))
    assert "--detach" not in made.asked("run")[0]
    assert made.asked("stop", "kill", "exec") == []
    assert learned.read == {"/etc/passwd"}


@pytest.mark.parametrize(
    ("line", "exercise", "error", "why"),
    [
        (("docker", "exec", "web"), Exercise(), UsageError, "a command is needed that starts with `docker run` or `podman run`"),
        (("ls", "run", "web"), Exercise(), UsageError, "a command is needed that starts with"),
        (("docker", "run", "--cidfile", "x", "web"), Exercise(), UsageError, "leave --cidfile out"),
        (("docker", "run", "--cidfile=x", "web"), Exercise(), UsageError, "leave --cidfile out"),
        (("docker", "run", "fails:1"), Exercise(seconds=0.0), TargetError, "the container did not start: no such image"),
        (RUN, Exercise(TrialCheck(inside="false", wait=0.01)), TargetError, "the exercise failed, so nothing was written: "),
    ],
)  # fmt: skip
def test_what_cannot_be_learned_from_is_an_error(
    place: Callable[..., Placed], line: tuple[str, ...], exercise: Exercise, error: type[Exception], why: str
) -> None:
    made = place()
    with pytest.raises(error, match=why):
        learn_line(line, made.watcher, exercise, nothing)
    assert bool(made.asked("rm")) is (line == RUN)


def test_a_running_container_is_watched_and_runs_on(place: Callable[..., Placed]) -> None:
    made = place()
    (made.directory / "running").touch()
    learned = seen(learn_running("docker", "web", made.watcher, Exercise(seconds=0.0), nothing))
    assert learned.read == {"/etc/passwd"}
    assert made.asked("stop", "rm", "kill", "run") == []
    assert made.watcher.told == ["expect", f"add dd {True}", "settle"]


@pytest.mark.parametrize(("name", "why"), [("gone", "does not describe the container gone"), ("web", "does not run")])
def test_one_that_does_not_run_is_an_error(place: Callable[..., Placed], name: str, why: str) -> None:
    made = place()
    with pytest.raises(TargetError, match=why):
        learn_running("docker", name, made.watcher, Exercise(), nothing)


def test_a_project_is_watched_by_tracepoints_alone(place: Callable[..., Placed]) -> None:
    made = place()
    made.watcher.name = "log"
    with pytest.raises(UsageError, match="--compose is watched by tracepoints only, not by log"):
        learn_project("compose.yaml", made.watcher, Exercise(), nothing)


@pytest.mark.parametrize(
    ("exercise", "words", "bounded"),
    [
        (Exercise(), "watched until its end", False),
        (Exercise(TrialCheck("curl x", "true")), "check: curl x; exec: true", True),
        (Exercise(reload=True), "reload", True),
        (Exercise(seconds=90.0), "watched for 90 s", True),
        (Exercise(idle=5.0), "watched until idle", True),
        (Exercise(TrialCheck("a"), reload=True, seconds=1.5, idle=2.0), "check: a; reload; watched for 1.5 s; watched until idle", True),
    ],
)  # fmt: skip
def test_an_exercise_in_words(exercise: Exercise, words: str, bounded: bool) -> None:  # noqa: FBT001  a row
    assert (exercise.words, exercise.is_bounded) == (words, bounded)


@pytest.mark.parametrize(
    ("exercise", "seconds", "idle"),
    [
        (Exercise(), None, None),
        (Exercise(TrialCheck("a")), 0.0, None),
        (Exercise(reload=True), 0.0, None),
        (Exercise(TrialCheck("a"), seconds=3.0), 3.0, None),
        (Exercise(TrialCheck("a"), idle=4.0), None, 4.0),
        (Exercise(seconds=3.0), 3.0, None),
    ],
)
def test_how_long_is_watched(
    exercise: Exercise, seconds: float | None, idle: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[object] = []
    monkeypatch.setattr(learning, "wait_until", lambda *words: waited.extend(words[2:]))
    exercise.wait(None, lambda: True)  # type: ignore[arg-type]  # it only passes the session on
    assert waited == [seconds, idle]


class Readied:
    """A session whose container runs its own program after some looks, and a client that ends after some."""

    def __init__(self, ready: int, ends: int) -> None:
        self.left, self.ends, self.looked = ready, ends, 0

    def ready(self) -> bool:
        self.left -= 1
        return self.left < 0

    def look_inside(self) -> None:
        self.looked += 1

    def poll(self) -> int | None:
        self.ends -= 1
        return 0 if self.ends < 0 else None


@pytest.mark.parametrize(
    ("ready", "ends", "looked"),
    [
        pytest.param(0, 5, 1, id="at once"),
        pytest.param(4, 5, 1, id="as soon as it runs"),
        pytest.param(5, 5, 0, id="not where its client has ended"),
        pytest.param(0, 0, 0, id="nor where it ended at once"),
    ],
)
def test_a_container_in_the_foreground_is_looked_into_once(ready: int, ends: int, looked: int) -> None:
    session: Any = Readied(ready, ends)
    done = _ended_client(session, session)
    assert [done() for _ in range(ends + 1)] == [False] * ends + [True]
    assert session.looked == looked
