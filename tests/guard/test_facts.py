"""Which answers of the engine are kept, which stand, and which decisions rest only on answers that may come again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, cast

import pytest

from sealock.errors import EngineError
from sealock.guard import facts as module
from sealock.guard.decision.exchange import Answer, EngineAnswer, EngineQuestion, NoAnswer, PathQuestion
from sealock.guard.facts import Facts, Foresight

A, B, C = (EngineQuestion(f"/images/{name}/json") for name in "abc")
OTHER = EngineQuestion("/containers/a/json")


class Engine:
    """Answers by path; an answer of "" is none."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, bytes]] = {}

    async def request(self, _method: str, path: str, _begun: object = None) -> tuple[int, bytes]:
        if path not in self.answers:
            message = "the engine does not answer"
            raise EngineError(message)
        return self.answers[path]

    def begin(self, path: str) -> Any:
        return "a line" if path in self.answers else None


class Watch:
    """A watch of images: what it counted, and what it was asked."""

    def __init__(self, count: int) -> None:
        self.count = count

    def now(self) -> int:
        return self.count

    def stands(self, count: int, _asked: float) -> bool:
        return count != 0 and count == self.count


class World:
    def __init__(self, watch: Watch | None = None) -> None:
        self.engine, self.watch = Engine(), watch
        self.facts = Facts(cast("Any", self.engine), cast("Any", None), cast("Any", watch))

    def ask(self, question: EngineQuestion, body: bytes = b"{}", status: int = 200) -> Answer:
        self.engine.answers[question.path] = status, body
        return asyncio.run(self.facts.answer(question))


@pytest.fixture(name="world")
def make_world() -> Iterator[World]:
    made = World()
    yield made
    made.facts.close()


@pytest.mark.parametrize(
    ("question", "second", "kept"),
    [
        pytest.param(A, (b"{}", 200), True, id="alike"),
        pytest.param(A, (b'{"Id": 1}', 200), False, id="another body"),
        pytest.param(A, (b"{}", 404), False, id="another status"),
        pytest.param(EngineQuestion("/networks/a"), (b"{}", 200), True, id="a network"),
        pytest.param(EngineQuestion("/volumes/a"), (b"{}", 200), True, id="a volume"),
        pytest.param(OTHER, (b"{}", 200), False, id="what changes by itself"),
    ],
)
def test_an_answer_that_comes_again_is_the_same(
    world: World, question: EngineQuestion, second: tuple[bytes, int], *, kept: bool
) -> None:
    first = world.ask(question)
    again = world.ask(question, *second)
    assert (again is first) is kept
    assert isinstance(again, EngineAnswer)
    assert world.facts.keeps(question, again) is (question is not OTHER)
    assert world.facts.keeps(question, cast("EngineAnswer", first)) is kept
    assert world.facts.standing(question) is None


@pytest.mark.parametrize(("size", "kept"), [(64 << 10, True), ((64 << 10) + 1, False)])
def test_a_large_answer_is_not_kept(world: World, size: int, *, kept: bool) -> None:
    body = b"{}" + b" " * (size - 2)
    assert (world.ask(A, body) is world.ask(A, body)) is kept


def test_the_answers_that_were_given_longest_ago_are_forgotten(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_KEPT", 2)
    world.ask(A)
    second = world.ask(B)
    first = world.ask(A, b'{"Id": 1}')
    third = world.ask(C)
    kept = [world.facts.keeps(*pair) for pair in ((A, first), (B, second), (C, third))]  # type: ignore[arg-type]
    assert kept == [True, False, True]


def test_an_engine_that_does_not_answer_has_no_answer(world: World) -> None:
    assert asyncio.run(world.facts.answer(A)) == NoAnswer("the engine does not answer")


@pytest.mark.parametrize(
    ("question", "status", "count", "stands"),
    [
        pytest.param(A, 200, 3, True, id="an image that was not touched"),
        pytest.param(A, 404, 3, False, id="an image that is not there"),
        pytest.param(A, 200, 0, False, id="while nothing is watched"),
        pytest.param(EngineQuestion("/networks/a"), 200, 3, False, id="a network, which is not watched"),
    ],
)
def test_an_answer_stands_until_something_happens(
    question: EngineQuestion, status: int, count: int, *, stands: bool
) -> None:
    watch = Watch(count)
    world = World(watch)
    first = world.ask(question, status=status)
    assert world.facts.standing(question) is (first if stands else None)
    watch.count += 1
    assert world.facts.standing(question) is None
    world.ask(question, status=status)
    assert (world.facts.standing(question) is not None) is (stands or (question is A and status == 200))
    world.facts.close()


@pytest.mark.parametrize(
    ("others", "steady"),
    [
        pytest.param({}, True, id="what is kept alone"),
        pytest.param({PathQuestion("/x"): None}, False, id="a path"),
        pytest.param({B: None}, False, id="a question without an answer"),
        pytest.param({B: NoAnswer("down")}, False, id="an engine that did not answer"),
        pytest.param({B: EngineAnswer(200)}, False, id="an answer that is not kept"),
    ],
)
def test_a_decision_is_known_again_by_answers_that_are_kept(
    world: World, others: dict[Any, Any], *, steady: bool
) -> None:
    answer = world.ask(A)
    foresight = Foresight(world.facts)
    foresight[A] = answer
    assert foresight.get(A) is answer
    foresight.consulted |= others
    assert foresight.steady() == (((A, answer),) if steady else None)
    foresight.close()


def test_what_the_engine_answered_last_is_given_until_it_is_confirmed(world: World) -> None:
    first = world.ask(A)
    foresight = Foresight(world.facts)
    assert foresight.get(A) is first
    remembered = [foresight.remembers]
    assert asyncio.run(foresight.confirm())
    remembered.append(foresight.remembers)
    assert remembered == [True, False]
    again = Foresight(world.facts)
    assert again.get(A) is first
    world.engine.answers[A.path] = 404, b"{}"
    assert not asyncio.run(again.confirm())
    assert again[A] == EngineAnswer(404, {})
    assert Foresight(world.facts).get(C, "nothing") == "nothing"
