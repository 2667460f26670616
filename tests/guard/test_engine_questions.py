"""What the guard asks the engine and the host beside a decision: who calls, what is there, and what came of it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping
from typing import Any, cast

import msgspec
import pytest

from sealock.errors import EngineError
from sealock.guard import afterwards, callers, facts
from sealock.guard.afterwards import still_holds
from sealock.guard.callers import Callers, RequestLimits, UnknownCallerError
from sealock.guard.decision.exchange import (
    Caller,
    CallingContainer,
    EngineAnswer,
    EngineQuestion,
    ImageAnswer,
    ImageQuestion,
    NoAnswer,
    PathAnswer,
    PathQuestion,
)
from sealock.guard.decision.routes import ROUTES
from sealock.guard.enginedoor import EngineDoor
from sealock.guard.facts import Facts, ImageEvidence
from sealock.guard.forwarding import Forward
from sealock.guard.hostpaths import PathError
from sealock.guard.peers import Peer
from sealock.model.process import Mounted

ID = "a" * 64
_RUNS = {"Id": ID, "Name": "/web", "Config": {"Image": "web:1", "Labels": {"team": "x", "n": 5}}, "State": {"Pid": 70}}


class Door:
    """An engine's door: a table of answers by target, each a status with a body, or an error; notes what is asked."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self.answers, self.asked = dict(answers), list[str]()

    async def request(self, method: str, target: str, _begun: object = None) -> tuple[int, bytes]:
        self.asked.append(f"{method} {target}")
        answer = self.answers.get(target, (404, b""))
        if isinstance(answer, EngineError):
            raise answer
        return cast("tuple[int, bytes]", answer)

    async def decoded(self, target: str) -> Any:
        status, body = await self.request("GET", target)
        return msgspec.json.decode(body) if status < 300 else None


def as_door(door: Door) -> EngineDoor:
    return cast("EngineDoor", door)


def shown(value: object) -> tuple[int, bytes]:
    return 200, msgspec.json.encode(value)


DOWN = EngineError("the engine does not answer")


def identified(peer: Peer, answer: Any) -> Caller | str:
    door = Door({f"/containers/{ID}/json": answer})
    try:
        return asyncio.run(Callers(as_door(door)).identify(peer))
    except UnknownCallerError as error:
        return str(error)


@pytest.mark.parametrize(
    ("container", "answer", "who"),
    [
        ("", None, Caller(1000, 5, (4, 5, 9), 71)),
        (ID, shown(_RUNS), Caller(1000, 5, (4, 5, 9), 71, CallingContainer(ID, "web", "web:1", {"team": "x", "n": "5"}))),
        (ID, shown(_RUNS | {"Config": None}), Caller(1000, 5, (4, 5, 9), 71, CallingContainer(ID, "web"))),
        (ID, shown(_RUNS | {"Config": {"Image": 5, "Labels": []}, "Name": "w"}), Caller(1000, 5, (4, 5, 9), 71, CallingContainer(ID, "w"))),
        (ID, shown(_RUNS | {"Id": "b" * 64}), Caller(1000, 5, (4, 5, 9), 71, CallingContainer(ID))),
        (ID, (404, b"{}"), Caller(1000, 5, (4, 5, 9), 71, CallingContainer(ID))),
        (ID, shown([1]), Caller(1000, 5, (4, 5, 9), 71, CallingContainer(ID))),
        (ID, shown(_RUNS | {"State": {"Pid": 0}}), f"container {ID[:12]}, in which the process that calls seems to be, does not run"),
        (ID, shown(_RUNS | {"State": None}), f"container {ID[:12]}, in which the process that calls seems to be, does not run"),
        (ID, shown(_RUNS | {"State": {"Pid": 1}}), f"process 71 is in a cgroup that is named like that of container {ID[:12]}, and is not in that container"),
        (ID, DOWN, "the guard cannot ask the engine about the container that calls: the engine does not answer"),
        (None, None, "the guard cannot see the process that calls (uid 1000, pid 71): it ended, or the guard runs in a pid namespace of its own; run the guard on the host"),
    ],
)  # fmt: skip
def test_a_caller_is_who_the_kernel_and_the_engine_say(
    container: str | None, answer: Any, who: Caller | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callers, "is_within", lambda pid, main: (pid, main) == (71, 70))
    assert identified(Peer(1000, 5, 71, container, (9, 4, 5)), answer) == who


def test_what_the_engine_said_of_a_container_is_kept_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callers, "is_within", lambda _pid, _main: True)
    monkeypatch.setattr(callers, "_MOST", 2)
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    ids = [letter * 64 for letter in "abc"]
    door = Door({f"/containers/{each}/json": shown(_RUNS | {"Id": each}) for each in ids})
    known = Callers(as_door(door))

    async def ask(*which: int) -> list[int]:
        before = len(door.asked)
        for number in which:
            await known.identify(Peer(1, 1, 1, ids[number]))
        return [ord(line.split("/")[2][0]) - ord("a") for line in door.asked[before:]]

    async def rows() -> list[list[int]]:
        seen = [await ask(0, 0)]
        now[0] += 29.9
        seen.append(await ask(0))
        now[0] += 0.1
        return [*seen, await ask(0), await ask(1, 2, 2, 1), await ask(0)]

    assert asyncio.run(rows()) == [[0], [], [0], [1, 2], [0]]


def test_a_caller_may_send_as_many_at_once_as_in_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [50.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(callers, "_MOST", 2)
    limits = RequestLimits(100)
    assert [limits.wait("a", 2) for _ in range(3)] == [0, 0, 0.5]
    assert limits.wait("b", 1) == 0
    now[0] += 0.25
    assert limits.wait("a", 2) == 0.25
    now[0] += 0.25
    assert [limits.wait("a", 2), limits.wait("a", 2)] == [0, 0.5]
    now[0] += 60
    assert [limits.wait("a", 2) for _ in range(3)] == [0, 0, 0.5]
    # A third forgets the one that sent least lately.
    assert (limits.wait("c", 1), limits.wait("b", 1), limits.wait("a", 2)) == (0, 0, 0)


def test_creates_of_a_caller_come_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callers, "_TURN", 0.01)

    async def turns() -> list[str]:
        limits, seen = RequestLimits(100), list[str]()
        first = await limits.turn("a")
        async with asyncio.timeout(5):
            (await limits.turn("b")).release()
            try:
                await limits.turn("a")
            except TimeoutError:
                seen.append("late")
            first.release()
            (await limits.turn("a")).release()
        return seen

    assert asyncio.run(turns()) == ["late"]


class Evidence:
    """Evidence on images: says what it is asked."""

    def answer(self, question: ImageQuestion, known: dict[str, Any] | None) -> ImageAnswer | NoAnswer:
        if question.image == "slow":
            time.sleep(0.05)
        return NoAnswer(f"{question.image} {known}")


def asked(question: Any, answers: Mapping[str, Any]) -> Any:
    questions = Facts(as_door(Door(answers)), cast("ImageEvidence", Evidence()))
    try:
        return asyncio.run(questions.answer(question))
    finally:
        questions.close()


_IMAGE = "/images/app/json"


@pytest.mark.parametrize(
    ("question", "answers", "answer"),
    [
        (EngineQuestion("/x"), {"/x": shown({"a": None, "b": [{"c": None}], "d": 0})}, EngineAnswer(200, {"b": [{}], "d": 0})),
        (EngineQuestion("/x"), {}, EngineAnswer(404)),
        (EngineQuestion("/x"), {"/x": (200, b" \n")}, EngineAnswer(200)),
        (EngineQuestion("/x"), {"/x": (200, b"{")}, EngineAnswer(200)),
        (EngineQuestion("/x"), {"/x": (200, b"[" * 100_000)}, EngineAnswer(200)),
        (EngineQuestion("/x"), {"/x": DOWN}, NoAnswer("the engine does not answer")),
        (ImageQuestion("app", ()), {_IMAGE: shown({"Id": 1})}, NoAnswer("app {'Id': 1}")),
        (ImageQuestion("app", ()), {_IMAGE: shown([1])}, NoAnswer("app None")),
        (ImageQuestion("app", ()), {}, NoAnswer("app None")),
        (ImageQuestion("app", ()), {_IMAGE: DOWN}, NoAnswer("the engine does not answer")),
        (ImageQuestion("slow", ()), {}, NoAnswer("nothing is known about slow within 0.01 seconds", "try again later")),
    ],
)  # fmt: skip
def test_a_question_is_answered_or_it_is_said_why_not(
    question: Any, answers: Mapping[str, Any], answer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facts, "IMAGE", 0.01 if question == ImageQuestion("slow", ()) else 60.0)
    assert asked(question, answers) == answer


def test_a_path_is_followed_or_it_is_said_why_not(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(PathQuestion("/"), {}) == PathAnswer("/", "directory")

    def refuse(_path: str) -> PathAnswer:
        message = "it is secret"
        raise PathError(message)

    monkeypatch.setattr(facts, "resolve", refuse)
    assert asked(PathQuestion("/a"), {}) == NoAnswer(
        "the guard cannot follow /a: it is secret",
        "name a path that the guard's user may look up, or give the guard CAP_DAC_READ_SEARCH",
    )
    monkeypatch.setattr(facts, "PATH", 0.01)
    monkeypatch.setattr(facts, "resolve", lambda _path: time.sleep(0.05))
    late = NoAnswer("the file system of /a does not answer", "use a path whose file system answers")
    assert asked(PathQuestion("/a"), {}) == late


_CREATE = next(route for route in ROUTES if route.name == "POST /containers/create")


def _mounted(target: str, device: str, root: str = "/") -> Mounted:
    return Mounted(target, root, "ext4", "disk", (), device=device)


_OWN = (_mounted("/", "8:1"), _mounted("/srv", "8:2", "/data"), _mounted("/srv", "8:3"))


def _mount(source: str, target: str, kind: str = "bind") -> dict[str, str]:
    return {"Type": kind, "Source": source, "Destination": target}


def _started(*mounts_: Any, pid: Any = 7) -> tuple[int, bytes]:
    return shown({"State": {"Pid": pid}, "Mounts": [*mounts_]})


KILLED = (204, b"")
_HELD: list[tuple[str, bool, tuple[PathAnswer, ...], Mapping[str, Any], str]] = [
    ("nothing changed", True, (PathAnswer("/srv/a", "directory"),), {}, ""),
    ("a directory was made", True, (PathAnswer("/new", "missing"),), {}, ""),
    ("another kind", True, (PathAnswer("/srv/a", "file"),), {"/containers/b1?force=1": KILLED}, "/srv/a was replaced while the request was evaluated; the container was removed"),
    ("another path", True, (PathAnswer("/link", "directory"),), {"/containers/b1?force=1": (404, b"")}, "/link was replaced while the request was evaluated; the container was removed"),
    ("no path", True, (PathAnswer("/gone", "directory"),), {"/containers/b1?force=1": (409, b"")}, "/gone was replaced while the request was evaluated; the container was removed"),
    ("no answer", True, (PathAnswer("/gone", "directory"),), {"/containers/b1?force=1": (500, b"")}, "/gone was replaced while the request was evaluated; the engine answered 500"),
    ("no engine", True, (PathAnswer("/gone", "directory"),), {"/containers/b1?force=1": DOWN}, "/gone was replaced while the request was evaluated; the engine does not answer"),
    ("started as named", False, (), {"/containers/web/json": _started(_mount("/srv/a", "/a"), _mount("/x", "/v", "volume"), "odd")}, ""),
    ("started elsewhere", False, (), {"/containers/web/json": _started(_mount("/srv/a", "/a"), _mount("/srv/b", "/b")), "/containers/web/kill": KILLED}, "/srv/b was replaced while the container started; the container was killed"),
    ("a mount that lies elsewhere in it", False, (), {"/containers/web/json": _started(_mount("/srv/a", "/unlisted"))}, ""),
    ("a mount that is nowhere in it", False, (), {"/containers/web/json": _started(_mount("/etc", "/unlisted")), "/containers/web/kill": KILLED}, "/etc was replaced while the container started; the container was killed"),
    ("it ended", False, (), {"/containers/web/json": _started(_mount("/srv/b", "/b"), pid=0)}, ""),
    ("an odd pid", False, (), {"/containers/web/json": _started(_mount("/srv/b", "/b"), pid="7")}, ""),
    ("an odd answer", False, (), {"/containers/web/json": shown([])}, ""),
    ("no engine at the start", False, (), {"/containers/web/json": DOWN, "/containers/web/kill": DOWN}, "the engine does not say what it started; the engine does not answer"),
    ("a path at the start", False, (PathAnswer("/gone", "directory"),), {"/containers/web/kill": KILLED}, "/gone was replaced while the request was evaluated; the container was killed"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("created", "paths", "answers", "why"), [pytest.param(*row, id=sense) for sense, *row in _HELD]
)
def test_a_container_whose_mounts_moved_is_ended(
    created: bool,  # noqa: FBT001  a row
    paths: tuple[PathAnswer, ...],
    answers: Mapping[str, Any],
    why: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = {
        "/srv/a": PathAnswer("/srv/a", "directory"),
        "/new": PathAnswer("/new", "directory"),
        "/link": PathAnswer("/other", "directory"),
    }
    inside = (_mounted("/", "0:1"), _mounted("/a", "9:9"), _mounted("/a", "8:3", "/a"), _mounted("/b", "8:3", "/c"))
    monkeypatch.setattr(afterwards, "_mounts", lambda pid: {"self": _OWN, 7: inside}[pid])
    door = Door(answers)

    class Known(Facts):
        async def path(self, path: str) -> PathAnswer | NoAnswer:
            return now.get(path, NoAnswer("gone"))

    known = Known(as_door(door), cast("ImageEvidence", Evidence()))
    forward = Forward(_CREATE if created else None, "/v1.44/containers/create" if created else "/v1.44/containers/web/start?x=/y", None)  # fmt: skip
    assert asyncio.run(still_holds(known, forward, b'{"Id": "b1"}', paths)) == why
    known.close()
    assert [line.split()[0] for line in door.asked if not line.endswith("/json")] == (
        [("DELETE" if created else "POST")] if why else []
    )


def test_what_cannot_be_read_of_this_process_is_no_mount() -> None:
    assert [mount.target for mount in afterwards._mounts("self")][:1]  # noqa: SLF001  the file of the kernel
    assert afterwards._mounts(-1) == ()  # noqa: SLF001
    assert afterwards._mounts(os.getpid()) == afterwards._mounts("self")  # noqa: SLF001


@pytest.mark.parametrize("body", [b"", b"[]", b"{"])
def test_a_container_without_an_id_has_no_name(body: bytes) -> None:
    assert afterwards._created(body) == ""  # noqa: SLF001
