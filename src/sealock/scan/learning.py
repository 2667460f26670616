"""Learns what containers use: starts or finds them, has them used, and stops what it started."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from sealock.errors import TargetError, UsageError
from sealock.model.absent import UNSET
from sealock.model.change import Add, Change, Set
from sealock.model.container import Label
from sealock.runtime.trials import TrialCheck, check_container, run_client
from sealock.runtime.watch.composed import ComposedProject
from sealock.runtime.watch.described import RESTARTS, DescribedContainer, describe_patiently
from sealock.runtime.watch.learning import LearnedContainer, LearningSession, find_container, removed_at_end, wait_until
from sealock.runtime.watch.watcher import ContainerWatcher
from sealock.scan.runline import EditableRun
from sealock.text import visible

LABEL: Final = "sealock.learn"
"""`docker rm -f $(docker ps -aq --filter label=sealock.learn)` removes what is left, should anything be."""
CLIENTS: Final = ("docker", "podman")
_APPEARS: Final = 0.02
"""Seconds between two looks for a container that starts."""
_REPORTED: Final = 1.0
"""Seconds between two reports."""
_STOPS: Final = 60.0
_ENDS: Final = 5.0
"""Seconds for a client to end."""

Report = Callable[[LearningSession], None]
"""Shows what was seen until now."""


class Exercise(Struct, frozen=True):
    """How a program is used: a check that must pass, SIGHUP, a time in seconds, or until so many bring nothing new."""

    check: TrialCheck = TrialCheck()
    reload: bool = False
    seconds: float | None = None
    idle: float | None = None

    @property
    def has_check(self) -> bool:
        """Whether there is a command."""
        return bool(self.check.host or self.check.inside)

    @property
    def is_bounded(self) -> bool:
        """Whether it ends by itself, so that the container need not."""
        return self.has_check or self.reload or self.seconds is not None or self.idle is not None

    @property
    def words(self) -> str:
        """The exercise in words, for the profile."""
        parts = [f"check: {self.check.host}"] if self.check.host else []
        parts += [f"exec: {self.check.inside}"] if self.check.inside else []
        parts += ["reload"] if self.reload else []
        parts += [f"watched for {self.seconds:g} s"] if self.seconds is not None else []
        parts += ["watched until idle"] if self.idle is not None else []
        return "; ".join(parts) or "watched until its end"

    def use(self, client: str, container: DescribedContainer) -> None:
        """Use the program; TargetError where its check does not pass in time."""
        if self.has_check and (why := check_container(client, container.id, self.check)):
            message = f"the exercise failed, so nothing was written: {visible(why)}"
            raise TargetError(message)
        if self.reload:
            run_client((client, "kill", "--signal", "HUP", container.id), _STOPS)

    def wait(self, session: LearningSession, done: Callable[[], bool]) -> None:
        """Watch as long as was asked for; after a check only if a time was given."""
        seconds = (
            0.0 if (self.has_check or self.reload) and self.seconds is None and self.idle is None else self.seconds
        )
        wait_until(session, done, seconds, self.idle)


def learn_line(
    line: Sequence[str], watcher: ContainerWatcher, exercise: Exercise, report: Report
) -> tuple[LearnedContainer, ...]:
    """Start a container by a `docker run`, use it, stop it, remove it. TargetError where it does not start."""
    if line[0] not in CLIENTS or "run" not in line[1:2]:
        message = "after -- a command is needed that starts with `docker run` or `podman run`"
        raise UsageError(message)
    if any(word.partition("=")[0] == "--cidfile" for word in line):
        message = "leave --cidfile out: sealock finds the container by its own"
        raise UsageError(message)
    edited = EditableRun(line)
    detached = exercise.is_bounded or edited.container.detach is True
    changes: list[Change] = [Set("auto_remove", UNSET), Set("restart", UNSET), Add("labels", Label(LABEL, "1"))]
    edited.apply([*changes, Set("detach", True)] if detached else changes)
    client, since = line[0], time.time()
    watcher.expect()
    with removed_at_end(client) as file, LearningSession(client, watcher, since) as session:
        words = (client, "run", "--cidfile", file, *watcher.options(edited.container), *edited.words[2:])
        with _interrupts_kept(session, kept=detached), _started(words, detached=detached) as process:
            container = _appeared(client, file, process)
            session.add(container)
            session.settle()
            if detached:
                _use_detached(client, session, process, exercise, report)
            else:
                # The terminal is the container's.
                wait_until(session, _ended_client(session, process), None, None)
        return session.finish()


def _use_detached(
    client: str, session: LearningSession, process: subprocess.Popen[str], exercise: Exercise, report: Report
) -> None:
    if process.wait() != 0:
        message = f"the container did not start: {_last_words(process)}"
        raise TargetError(message)
    (container,) = session.containers
    container = describe_patiently(client, container.id)
    session.add(container)
    exercise.use(client, container)
    session.look_inside()
    exercise.wait(session, _reporting(session, report, session.ended))
    session.look_inside()
    if not session.ended():
        run_client((client, "stop", container.id), _STOPS)


def learn_running(
    client: str, name: str, watcher: ContainerWatcher, exercise: Exercise, report: Report
) -> tuple[LearnedContainer, ...]:
    """Watch a container that runs, and let it run on."""
    since = time.time()
    container = find_container(client, name)
    # It may be started again, in a cgroup that is new.
    watcher.expect()
    with LearningSession(client, watcher, since, RESTARTS) as session, _interrupts_kept(session):
        session.add(container)
        session.settle()
        session.look_inside()
        exercise.use(client, container)
        exercise.wait(session, _reporting(session, report, session.ended))
        session.look_inside()
        return session.finish()


def learn_project(
    file: str, watcher: ContainerWatcher, exercise: Exercise, report: Report
) -> tuple[LearnedContainer, ...]:
    """Start a compose project under a name of its own, use it, stop it, and remove all of it."""
    if watcher.name != "tracepoints":
        message = f"--compose is watched by tracepoints only, not by {watcher.name}"
        raise UsageError(message)
    since = time.time()
    watcher.expect()
    with ComposedProject(file) as project, LearningSession(CLIENTS[0], watcher, since) as session:
        project.start()
        for container in project.containers():
            session.add(container)
        session.settle()
        with _interrupts_kept(session):
            project.use(exercise.check)
            session.look_inside()
            exercise.wait(session, _reporting(session, report, session.ended))
            session.look_inside()
        project.stop()
        return session.finish()


def _reporting(session: LearningSession, report: Report, done: Callable[[], bool]) -> Callable[[], bool]:
    """What also reports, about once a second."""
    last = time.monotonic()

    def look() -> bool:
        nonlocal last
        if time.monotonic() - last > _REPORTED:
            last = time.monotonic()
            report(session)
        return done()

    return look


def _ended_client(session: LearningSession, process: subprocess.Popen[str]) -> Callable[[], bool]:
    """Whether a client has ended; the first time that its container runs, ask what it is granted."""
    asked = False

    def done() -> bool:
        nonlocal asked
        if process.poll() is not None:
            return True
        if not asked and session.ready():
            asked = True
            session.look_inside()
        return False

    return done


@contextmanager
def _started(words: tuple[str, ...], *, detached: bool) -> Iterator[subprocess.Popen[str]]:
    """The client; one that is detached says in its last words why it failed."""
    options: dict[str, Any] = {}
    if detached:
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        options["start_new_session"] = True
    with subprocess.Popen(words, errors="replace", **options) as process:  # noqa: S603  the user's own command
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                # It passes the signal on, and waits for a container that may ignore it.
                with suppress(subprocess.TimeoutExpired):
                    process.wait(_ENDS)
                process.kill()


@contextmanager
def _interrupts_kept(session: LearningSession, *, kept: bool = True) -> Iterator[None]:
    """An interrupt ends the watch, and what was seen is written; a second one ends sealock.

    Not `kept` it is for the container: its client gets it from the terminal too, and ends when that has stopped.
    """

    def end(*_: object) -> None:
        if kept:
            signal.signal(signal.SIGINT, before)
            session.interrupted = True

    before = signal.signal(signal.SIGINT, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _last_words(process: subprocess.Popen[str]) -> str:
    text = process.stderr.read() if process.stderr is not None else ""
    return visible(" ".join(text.split())[-300:]) or f"the client ended with {process.returncode}"


def _appeared(client: str, file: str, process: subprocess.Popen[str]) -> DescribedContainer:
    """The container, once the engine has made it; TargetError where the client ends without one."""
    path = Path(file)
    while True:
        ended = process.poll() is not None
        # The client makes it empty, and then writes all of it at once.
        if container := path.read_text(encoding="ascii").strip() if path.is_file() else "":
            return describe_patiently(client, container)
        if ended:
            message = f"the container did not start: {_last_words(process)}"
            raise TargetError(message)
        time.sleep(_APPEARS)
