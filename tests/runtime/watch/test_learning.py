"""A session watches containers until they end for good, and keeps what was seen of each."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from sealock.errors import TargetError
from sealock.model.profile import GrantedRights
from sealock.runtime.watch import learning
from sealock.runtime.watch.capabilityuse import UNSEEN_CAPABILITIES
from sealock.runtime.watch.described import DescribedContainer
from sealock.runtime.watch.learning import LearningSession
from sealock.runtime.watch.observations import Observations, WatchedContainer
from support.waiting import wait_until

WEB = DescribedContainer("web", pid=5, running=True, networks=("front",))


class SimulatedWatcher:
    """What looks at containers."""

    name = "notify"

    def __init__(self) -> None:
        self.added: list[WatchedContainer] = []
        self.reads = 0
        self.settled = False
        self.sees_capabilities = False
        self.fault: Exception | None = None

    def add(self, container: WatchedContainer) -> None:
        self.added.append(container)

    def settle(self) -> None:
        self.settled = True

    def read(self) -> None:
        self.reads += 1
        if self.fault is not None:
            raise self.fault

    def observe(self, container: WatchedContainer, seen: Observations) -> None:
        seen.add_call("x86_64", "read")
        seen.read.add(f"/{container.id}")
        seen.written |= {"/a", f"/{container.id}"}
        seen.listening.add(("tcp", 80, ""))
        seen.contacted |= {("tcp", "10.0.0.1", 1), ("tcp", "10.0.0.2", 2)}


class SimulatedMeter:
    """What a container uses."""

    started_now = True

    def __init__(self, _: object, container: WatchedContainer) -> None:
        self.container = container

    def started(self, filtered: bool) -> bool:  # noqa: FBT001  as the meter has it
        return filtered and SimulatedMeter.started_now

    def measure(self, seen: Observations) -> None:
        seen.pids = 7

    def code(self, seen: Observations) -> None:
        seen.mapped.add("/lib")

    def users_inside(self, seen: Observations) -> None:
        seen.users.add((0, 0))


class SimulatedParts:
    """The engine, the kernel, and the network of containers."""

    def __init__(self) -> None:
        self.of = {5: "web"}
        self.described: dict[str, DescribedContainer] = {}
        self.rights = GrantedRights(capabilities=("CHOWN",), syscalls=3)
        self.paths: tuple[str, ...] | None = ("/new",)
        self.closed = 0
        self.clock = 100.0
        self.names = {"10.0.0.1": "db"}

    def describe(self, client: str, identifier: str) -> DescribedContainer:
        assert client == "docker"
        if identifier not in self.described:
            raise TargetError(identifier)
        return self.described[identifier]

    def events(self, client: str, identifier: str, since: float) -> Any:
        assert (client, identifier, since) == ("docker", "web", 4.0)
        return self

    def answers(self, pid: int) -> Any:
        if pid == 6:
            raise OSError(1, "Operation not permitted")
        return self

    def read(self) -> tuple[()]:
        return ()

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> SimulatedParts:
    made = SimulatedParts()
    simulated: dict[str, object] = {
        "EngineEvents": made.events, "ContainerMeter": SimulatedMeter, "NameAnswers": made.answers,
        "container_of": lambda pid: made.of.get(pid, ""), "describe": made.describe, "describe_patiently": made.describe,
        "granted": lambda *_: made.rights, "peers": lambda _client, networks: {"10.0.0.9": f"peer of {networks[0]}"},
        "changed": lambda *_: made.paths, "phases_of": lambda *_: {"start"}, "_SETTLED": 0.0, "_EVERY": 3600.0,
        "capabilities_possible": lambda capabilities, _: set(capabilities),
    }  # fmt: skip
    for name, value in simulated.items():
        monkeypatch.setattr(learning, name, value)
    monkeypatch.setattr(learning, "time", SimpleNamespace(monotonic=lambda: made.clock, sleep=lambda _: None))
    monkeypatch.setattr(SimulatedMeter, "started_now", True)
    return made


@pytest.fixture
def session(parts: SimulatedParts) -> Iterator[LearningSession]:
    watcher: Any = SimulatedWatcher()
    with LearningSession("docker", watcher, 4.0, restarts=10.0) as made:
        yield made
    assert parts.closed <= 2


def watcher_of(session: LearningSession) -> SimulatedWatcher:
    made: Any = session._watcher  # noqa: SLF001
    assert isinstance(made, SimulatedWatcher)
    return made


def test_what_was_seen_of_a_container_is_kept(session: LearningSession, parts: SimulatedParts) -> None:
    session.add(WEB)
    session.settle()
    assert watcher_of(session).settled
    assert session.containers == (WEB,)
    assert session.sizes() == {"system calls": 1, "capabilities": 0, "files": 2, "ports": 1, "addresses": 2}
    session.look_inside()
    (learned,) = session.finish()
    assert learned.described == WEB
    # The filter of this watcher says nothing on what is let through.
    assert learned.granted == GrantedRights(capabilities=("CHOWN",), syscalls=0)
    seen = learned.seen
    assert (seen.pids, seen.mapped, seen.users, seen.phases) == (7, {"/lib"}, {(0, 0)}, {"start"})
    assert seen.names == {"10.0.0.9": "peer of front", "10.0.0.1": "db"}
    assert seen.written == {"/a", "/web", "/new"}
    assert (seen.capabilities, seen.lost) == ({"CHOWN"}, {UNSEEN_CAPABILITIES})
    assert parts.closed == 0


def test_a_container_is_measured_as_soon_as_it_is_known(parts: SimulatedParts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "_EVERY", 60.0)
    watcher: Any = SimulatedWatcher()
    with LearningSession("docker", watcher, 4.0) as session:
        session.add(WEB)
        assert [seen.pids for seen in session.now()] == [7]
    assert parts.closed <= 2


def test_rights_are_kept_once_the_container_has_ended(session: LearningSession, parts: SimulatedParts) -> None:
    watcher = watcher_of(session)
    watcher.name, watcher.sees_capabilities = "tracepoints", True
    session.add(WEB)
    session.look_inside()
    parts.rights, parts.paths = GrantedRights(), None
    session.look_inside()
    (learned,) = session.finish()
    assert learned.granted == GrantedRights(capabilities=("CHOWN",), syscalls=3)
    assert (learned.seen.capabilities, learned.seen.lost) == (set(), {"the engine's list of changed files"})


def test_a_container_that_runs_again_is_watched_on(session: LearningSession, parts: SimulatedParts) -> None:
    session.add(WEB)
    assert not session.ended()
    parts.of.clear()
    parts.described["web"] = replace(WEB, pid=0, running=False, status=3)
    assert not session.ended(), "it may start again"
    parts.clock += 9.9
    assert not session.ended()
    parts.described["web"] = replace(WEB, pid=8)
    parts.of[8] = "web"
    assert not session.ended()
    assert [each.pid for each in watcher_of(session).added] == [5, 8]
    parts.clock += 9.9
    assert not session.ended()
    parts.of.clear()
    parts.described["web"] = replace(WEB, pid=0, running=False, status=3)
    assert not session.ended()
    parts.clock += 10.0
    assert session.ended()
    assert session.containers == (replace(WEB, running=False, pid=0, status=3),)
    assert session.ended()


def test_a_container_that_its_engine_forgot_has_ended(session: LearningSession, parts: SimulatedParts) -> None:
    session.add(WEB)
    parts.of.clear()
    assert session.ended()
    assert session.containers == (replace(WEB, running=False, pid=0),)
    assert "the end of the container, which its engine no longer describes" in session.now()[0].lost


def test_a_session_is_ready_once_each_container_runs_its_program(
    session: LearningSession, parts: SimulatedParts
) -> None:
    session.add(replace(WEB, pid=0, running=False))
    assert session.ready()
    assert [each.pid for each in watcher_of(session).added] == [0]
    parts.described["web"] = WEB
    SimulatedMeter.started_now = False
    assert not session.ready()
    assert [each.pid for each in watcher_of(session).added] == [0, 5]
    SimulatedMeter.started_now = True
    assert session.ready()
    assert session.containers == (WEB,)


@pytest.mark.parametrize(
    ("pid", "of", "heard"), [(5, "web", True), (5, "other", False), (6, "web", False), (0, "", False)]
)
def test_name_servers_are_listened_to_in_the_container_s_network(
    pid: int, of: str, session: LearningSession, parts: SimulatedParts, *, heard: bool
) -> None:
    parts.of = {pid: of}
    session.add(replace(WEB, pid=pid))
    (learned,) = session.finish()
    assert ("10.0.0.1" in learned.seen.names) == heard


def test_a_fault_of_the_thread_is_raised_where_it_is_asked(
    parts: SimulatedParts, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert parts.closed == 0
    monkeypatch.setattr(learning, "_EVERY", 0.001)
    watcher: Any = SimulatedWatcher()
    with LearningSession("docker", watcher, 4.0) as session:
        session.add(WEB)
        wait_until(lambda: session.now()[0].pids == 7)
        watcher.fault = OSError(5, "Input/output error")
        wait_until(lambda: session._fault is not None)  # noqa: SLF001
        with pytest.raises(OSError, match="Input/output error"):
            session.now()
    assert parts.closed == 2
