"""Watches a run of containers from its start to its end, and gathers what was seen."""

from __future__ import annotations

import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Final, Self

from msgspec import Struct
from msgspec.structs import replace

from sealock.errors import TargetError
from sealock.model.profile import GrantedRights
from sealock.runtime.kernel.processes import ProcReader
from sealock.runtime.watch.auditlog import container_of
from sealock.runtime.watch.capabilityuse import UNSEEN_CAPABILITIES, capabilities_possible
from sealock.runtime.watch.described import DescribedContainer, changed, describe, describe_patiently, granted, peers
from sealock.runtime.watch.lifecycle import EngineEvents, LifecycleEvent, phases_of, was_killed
from sealock.runtime.watch.meters import ContainerMeter
from sealock.runtime.watch.nameanswers import NameAnswers
from sealock.runtime.watch.observations import Observations
from sealock.runtime.watch.watcher import ContainerWatcher

_EVERY: Final = 0.1
"""Seconds between two looks; the kernel has room for what comes within several."""
_STEP: Final = 0.25
_MEASURED: Final = 5
"""Looks between two measurements."""
_SETTLED: Final = 0.4
"""Seconds after which a program that started has its filter, and that the engine has for its last event."""
_GUARD: Final = """\
trap "" INT TERM HUP
read -r ended || for _ in 1 2 3 4 5; do [ -s "$1" ] && break; sleep 1; done
id=$(cat "$1")
rm -rf "$2"
[ "$id" ] || exit 0
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    "$0" rm --force --volumes "$id" && exit 0
    "$0" version && exit 1
    sleep 3
done
"""
"""A shell that waits for a word or for our end, and then removes the container and the directory of its id.

While the engine does not answer it tries again for a minute, since that may restart.
"""
_PATIENCE: Final = 20.0
"""Seconds that we wait for it; it goes on without us."""


class LearnedContainer(Struct):
    """A container, and what was seen of it."""

    described: DescribedContainer
    seen: Observations
    granted: GrantedRights = GrantedRights()
    killed: bool = False
    """Whether it had to be killed, since it did not end when it was asked to: how it stops was not seen."""


class _Watched(Struct):
    described: DescribedContainer
    meter: ContainerMeter
    events: EngineEvents
    came: list[LifecycleEvent]
    seen: Observations
    rights: GrantedRights = GrantedRights()
    answers: NameAnswers | None = None
    stopped: float | None = None
    """When it was first seen stopped, by the monotonic clock."""


class LearningSession:
    """Watches containers in a thread of its own. Use it as a context manager: what it opened ends with it.

    `restarts` is how many seconds a container that ended may take to start again.
    """

    def __init__(self, client: str, watcher: ContainerWatcher, since: float, restarts: float = 0.0) -> None:
        self._client, self._watcher, self._since, self._restarts = client, watcher, since, restarts
        self._reader = ProcReader(sockets=False)
        self._watched: dict[str, _Watched] = {}
        self._lock = threading.RLock()
        self._end = threading.Event()
        self._fault: BaseException | None = None
        self.interrupted = False
        """Whether the user wants no more: what was seen until then counts."""
        self._stack = ExitStack()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        """Begin to look."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._end.set()
        self._thread.join()
        self._stack.close()
        self._reader.tree.close()

    def _look(self) -> None:
        looks = 0
        while not self._end.wait(_EVERY):
            try:
                with self._lock:
                    self._watcher.read()
                    for watched in self._watched.values():
                        watched.came += watched.events.read()
                        if watched.answers is not None:
                            watched.answers.read()
                        if looks % _MEASURED == 0:
                            watched.meter.measure(watched.seen)
                        if looks % (4 * _MEASURED) == 2:
                            watched.meter.code(watched.seen)
            except BaseException as error:  # noqa: BLE001  it is raised where the session ends
                self._fault = error
                return
            looks += 1

    def add(self, described: DescribedContainer) -> None:
        """Watch a container that the engine describes; again, once it has a process."""
        with self._lock:
            self._watcher.add(described.watched)
            before = self._watched.get(described.id)
            if before is None:
                events = EngineEvents(self._client, described.id, self._since)
                self._stack.callback(events.close)
            meter = ContainerMeter(self._reader, described.watched)
            if before is not None:
                before.described, before.meter = described, meter
            else:
                before = self._watched[described.id] = _Watched(described, meter, events, [], Observations())
            # A program may end before the next look.
            meter.measure(before.seen)
            self._listen(before)

    def _listen(self, watched: _Watched) -> None:
        """Listen to the answers of name servers, as soon as the container has a network; without, names are missing."""
        pid = watched.described.pid
        if watched.answers is None and pid and container_of(pid) == watched.described.id:
            with suppress(OSError):
                watched.answers = NameAnswers(pid)
                self._stack.callback(watched.answers.close)

    def settle(self) -> None:
        """All containers that are meant are known."""
        with self._lock:
            self._watcher.read()
            self._watcher.settle()

    @property
    def containers(self) -> tuple[DescribedContainer, ...]:
        """The containers that are watched."""
        return tuple(watched.described for watched in self._watched.values())

    def sizes(self) -> dict[str, int]:
        """How much was seen of all containers, by kind, for a line of progress."""
        total = {"system calls": 0, "capabilities": 0, "files": 0, "ports": 0, "addresses": 0}
        for seen in self.now():
            total["system calls"] += sum(map(len, seen.calls.values()))
            total["capabilities"] += len(seen.capabilities)
            total["files"] += len(seen.read | seen.written | seen.executed | seen.mapped)
            total["ports"] += len(seen.listening)
            total["addresses"] += len(seen.contacted)
        return total

    def now(self) -> tuple[Observations, ...]:
        """What was seen of each container until now."""
        with self._lock:
            if self._fault is not None:
                raise self._fault
            self._watcher.read()
            for watched in self._watched.values():
                self._watcher.observe(watched.described.watched, watched.seen)
            return tuple(watched.seen for watched in self._watched.values())

    def ready(self) -> bool:
        """Whether every container runs its own program by now."""
        for watched in tuple(self._watched.values()):
            if not watched.described.pid and watched.described.running is False:
                with suppress(TargetError):
                    again = describe(self._client, watched.described.id)
                    if again.pid:
                        self.add(again)
            if not watched.meter.started(watched.described.filtered):
                return False
        return True

    def ended(self) -> bool:
        """Whether all containers have ended. One that its engine started again is watched on."""
        return all(self._has_ended(watched) for watched in self._watched.values())

    def _has_ended(self, watched: _Watched) -> bool:
        described = watched.described
        if described.pid and container_of(described.pid) == described.id:
            return False
        if not described.running:
            return True
        try:
            again = describe_patiently(self._client, described.id)
        except TargetError:
            watched.seen.lost.add("the end of the container, which its engine no longer describes")
            watched.described = replace(described, running=False, pid=0)
            return True
        if again.running and again.pid != described.pid:
            self.add(again)
            watched.stopped = None
            return False
        if watched.stopped is None:
            watched.stopped = time.monotonic()
        if time.monotonic() - watched.stopped < self._restarts:
            return False
        watched.described = replace(described, running=False, pid=0, status=again.status)
        return True

    def look_inside(self) -> None:
        """Ask what running containers are granted, what they have mapped, and who their neighbours are."""
        self.now()
        with self._lock:
            for watched in self._watched.values():
                watched.meter.measure(watched.seen)
                watched.meter.code(watched.seen)
        for watched in self._watched.values():
            rights = granted(watched.described, self._reader)
            if self._watcher.name == "notify":
                # The filter says nothing on what is let through: we do.
                rights = replace(rights, syscalls=0)
            if rights.capabilities or not watched.rights.capabilities:
                watched.rights = rights
            watched.seen.names |= peers(self._client, watched.described.networks)

    def finish(self) -> tuple[LearnedContainer, ...]:
        """What was seen of each container, now that they ended or are no longer watched."""
        time.sleep(_SETTLED)
        self.now()
        learned = []
        with self._lock:
            for watched in self._watched.values():
                watched.came += watched.events.read()
                seen = watched.seen
                seen.phases |= set(phases_of(watched.came, watched.described.health))
                watched.meter.users_inside(seen)
                if watched.answers is not None:
                    watched.answers.read()
                    seen.names |= watched.answers.names
                if not self._watcher.sees_capabilities:
                    seen.capabilities |= capabilities_possible(watched.rights.capabilities, seen)
                    seen.lost.add(UNSEEN_CAPABILITIES)
                self._changes(watched)
                killed = watched.described.running and was_killed(watched.came)
                learned.append(LearnedContainer(watched.described, seen, watched.rights, killed))
        return tuple(learned)

    def _changes(self, watched: _Watched) -> None:
        """Add what the engine lists as changed: directories, links and names that no process opened."""
        paths = changed(self._client, watched.described)
        if paths is None:
            watched.seen.lost.add("the engine's list of changed files")
        for path in paths or ():
            watched.seen.add_path(watched.seen.written, path)


@contextmanager
def removed_at_end(client: str) -> Iterator[str]:
    """A path for the id of a container (--cidfile), which is removed at the end of the block, or of this process."""
    directory = tempfile.mkdtemp(prefix="sealock-learn-")
    path = f"{directory}/id"
    guard = subprocess.Popen(  # noqa: S603  the user's own client
        ("/bin/sh", "-c", _GUARD, client, path, directory),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        yield path
    finally:
        with suppress(OSError, subprocess.TimeoutExpired):
            guard.communicate("ended\n", _PATIENCE)


def wait_until(session: LearningSession, done: Callable[[], bool], seconds: float | None, idle: float | None) -> None:
    """Wait until something is done, for so many seconds, or until nothing new was seen for `idle` seconds."""
    start = last = time.monotonic()
    size = -1
    while not (session.interrupted or done()):
        now = time.monotonic()
        if seconds is not None and now - start >= seconds:
            return
        if idle is not None:
            bigger = sum(seen.size for seen in session.now())
            if bigger != size:
                size, last = bigger, now
            elif now - last >= idle:
                return
        left = _STEP if seconds is None else min(_STEP, seconds - (now - start))
        time.sleep(max(left, 0.0))


def find_container(client: str, named: str) -> DescribedContainer:
    """A running container; TargetError where it does not run on this machine."""
    described = describe(client, named)
    if not described.running:
        message = f"the container {named} does not run, so there is nothing to watch; start it with `sealock learn`"
        raise TargetError(message)
    return described
