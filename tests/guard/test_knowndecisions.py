"""A decision that was made stands again only for the same request, caller, policy, day and answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from sealock.guard.decision.exchange import (
    Allowed,
    Caller,
    CallingContainer,
    EngineAnswer,
    EngineQuestion,
    EngineRequest,
    NeedsFacts,
)
from sealock.guard.decision.prepared import Guard, prepare
from sealock.guard.enginedoor import EngineDoor
from sealock.guard.facts import Facts, Foresight
from sealock.guard.imageevidence import StoredEvidence
from sealock.guard.knowndecisions import KnownDecisions
from sealock.model.location import Source
from sealock.policy.settings import read

POLICY = """
[guard]
[[guard.caller]]
name = "runner"
container-label = { role = "runner" }
allow = ["containers"]
[[guard.caller]]
name = "root"
uid = [0]
allow = ["containers"]
own = true
[[guard.caller]]
name = "group"
gid = [7]
allow = ["ping"]
[[guard.exempt]]
rule = ["C001"]
reason = "until it is rebuilt"
until = 2026-11-28
"""
DAY = date(2026, 11, 28)
GUARD = prepare(read(Source("sealock.toml", POLICY), "."), DAY)
STRICT = prepare(read(Source("sealock.toml", POLICY.replace("C001", "C002")), "."), DAY)
INSIDE = CallingContainer("a" * 64, labels={"role": "runner"})
RUNNER = Caller(1, 1, container=INSIDE)
PRIVILEGED = b'{"Image": "debian:12", "HostConfig": {"Privileged": true}}'


def create(body: bytes = PRIVILEGED) -> EngineRequest:
    return EngineRequest("POST", "/v1.44/containers/create", "application/json", body)


class World:
    """Decisions, and facts of an engine that is not there."""

    def __init__(self, folder: Path, loop: asyncio.AbstractEventLoop) -> None:
        self.facts = Facts(EngineDoor(str(folder / "engine"), loop), StoredEvidence(str(folder)))
        self.decisions = KnownDecisions()

    def decide(
        self, request: EngineRequest, caller: Caller = RUNNER, guard: Guard = GUARD, today: date = DAY
    ) -> type[Any]:
        """The kind of a decision."""
        return type(self.decisions.decide(request, caller, guard, Foresight(self.facts), today))


@pytest.fixture
def world(tmp_path: Path) -> Any:
    loop = asyncio.new_event_loop()
    made = World(tmp_path, loop)
    yield made
    made.facts.close()
    loop.close()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda world: world.decide(create(PRIVILEGED.replace(b"de", b"ub"))), id="another body"),
        pytest.param(lambda world: world.decide(replace(create(), target="/v1.44/x")), id="another target"),
        pytest.param(lambda world: world.decide(replace(create(), method="PUT")), id="another method"),
        pytest.param(lambda world: world.decide(replace(create(), content_type="text/plain")), id="another media type"),
        pytest.param(lambda world: world.decide(replace(create(), body=None)), id="a body that is not read"),
        pytest.param(lambda world: world.decide(create(), Caller(1, 1)), id="a caller outside of the container"),
        pytest.param(lambda world: world.decide(create(), Caller(1, 7)), id="a caller of another group"),
        pytest.param(lambda world: world.decide(create(), Caller(1, 1, (7,))), id="a caller with another group"),
        pytest.param(lambda world: world.decide(create(), Caller(0, 1)), id="another user"),
        pytest.param(
            lambda world: world.decide(create(), replace(RUNNER, container=replace(INSIDE, labels={}))),
            id="other labels of the calling container",
        ),
        pytest.param(lambda world: world.decide(create(), guard=STRICT), id="another policy"),
        pytest.param(lambda world: world.decide(create(), today=date(2026, 11, 29)), id="the day after an exemption"),
    ],
)  # fmt: skip
def test_a_decision_stands_for_nothing_else(change: Callable[[World], type[Any]], tmp_path: Path, world: World) -> None:
    loop = asyncio.new_event_loop()
    alone = World(tmp_path, loop)
    assert world.decide(create()) is Allowed
    assert change(world) is change(alone)
    assert world.decide(create()) is Allowed
    alone.facts.close()
    loop.close()


def test_a_decision_is_the_same_object_for_the_same_request_of_another_process(world: World) -> None:
    first, second = (
        world.decisions.decide(create(), replace(RUNNER, pid=pid), GUARD, Foresight(world.facts), DAY) for pid in (8, 9)
    )
    assert first is second


def test_a_decision_that_waits_for_facts_is_not_kept(world: World) -> None:
    request = create(b'{"Image": "debian:12"}')
    assert world.decide(request, Caller(0)) is NeedsFacts
    answers = Foresight(world.facts)
    answers[EngineQuestion("/images/debian:12/json")] = EngineAnswer(200, {"Id": "a"})
    assert isinstance(world.decisions.decide(request, Caller(0), GUARD, answers, DAY), Allowed)
    assert world.decide(request, Caller(0)) is NeedsFacts
