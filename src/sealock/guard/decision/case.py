"""One request under evaluation: what it asks for, who asks, and what the evaluation gathers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final, TypeVar

from msgspec.structs import replace

from sealock.guard.decision.exchange import (
    Answer,
    AnswerFilter,
    Answers,
    ArchiveAnswer,
    ArchiveQuestion,
    Caller,
    EngineAnswer,
    EngineQuestion,
    GuardReason,
    ImageAnswer,
    ImageQuestion,
    NoAnswer,
    PathAnswer,
    PathQuestion,
    Question,
)
from sealock.guard.decision.prepared import Guard
from sealock.guard.decision.targets import ReadTarget
from sealock.model.container import Container
from sealock.policy.guard import GuardCaller

A = TypeVar("A", bound=Answer)
_AGAIN: Final = "send the request again once the engine answers"


class Case:
    """A request under evaluation. The evaluation asks, denies and changes; `decide` makes the decision of it.

    `image` and `name` are those of the container that the request is about: exemptions go by them.
    """

    def __init__(  # noqa: PLR0913, PLR0917  what a decision rests on
        self, guard: Guard, caller: Caller, setting: GuardCaller, target: ReadTarget, answers: Answers, today: date
    ) -> None:
        self.guard, self.caller, self.setting, self.target, self.today = guard, caller, setting, target, today
        self.body: dict[str, Any] | list[Any] | None = None
        self.object = target.values[0] if target.values else ""
        """What the path names: an id or a name, "" where it names nothing."""
        self.query = dict(target.query)
        self.added: list[tuple[str, str]] = []
        self.image = ""
        self.name = ""
        self.reasons: list[GuardReason] = []
        self.questions: list[Question] = []
        self.changes: list[str] = []
        self.skipped: list[str] = []
        self.unread = ""
        """What nothing evaluates of a stream that is evaluated in part."""
        self.joined: set[str] = set()
        """The fields that join a namespace of a container which the caller created itself."""
        self.answer_filter: AnswerFilter | None = None
        self.created: Container | None = None
        """The container that the request would create, as it was evaluated."""
        self._answers = answers

    @property
    def version(self) -> tuple[int, int]:
        """The version of the API; where the path has none, the engine takes its own."""
        return self.target.version or self.guard.newest

    def deny(self, rule: str, why: str, remedy: str = "") -> None:
        """Note why the request must not pass."""
        reason = GuardReason(rule, why, remedy)
        if reason not in self.reasons:
            self.reasons.append(reason)

    def add(self, name: str, value: str) -> None:
        """Add a parameter that may stand several times."""
        self.added.append((name, value))
        self.change(f"{name} {value}")

    def use_id(self, id_: str) -> None:
        """Go on with the id of the object that the path names: it stays the same object whatever takes its name."""
        if id_ and self.guard.rewrites and self.target.values:
            self.target = replace(self.target, values=(id_, *self.target.values[1:]))

    def change(self, words: str) -> None:
        """Note what was changed, in words for the client."""
        self.changes.append(words)

    def engine(self, path: str) -> Mapping[str, Any] | None:
        """The engine's answer to a GET of this path: an object, {} where there is no such thing, None if not known."""
        answer = self._ask(EngineQuestion(path), EngineAnswer)
        if answer is None:
            return None
        if answer.status == 404:
            return {}
        if answer.status == 200 and isinstance(answer.value, dict):
            return answer.value
        self.deny("G011", f"the engine answered with status {answer.status} to GET {path}", _AGAIN)
        return None

    def engine_list(self, path: str) -> list[Any] | None:
        """The engine's answer to a GET of this path where it is a list; None if not known."""
        answer = self._ask(EngineQuestion(path), EngineAnswer)
        if answer is None:
            return None
        if answer.status == 200 and isinstance(answer.value, list):
            return answer.value
        self.deny("G011", f"the engine answered with status {answer.status} to GET {path}", _AGAIN)
        return None

    def path(self, path: str) -> PathAnswer | None:
        """Where a path of the host leads; None if not known."""
        return self._ask(PathQuestion(path), PathAnswer)

    def evidence(self, question: ImageQuestion) -> ImageAnswer | None:
        """Evidence about an image; None if not known."""
        return self._ask(question, ImageAnswer)

    def archive(self, question: ArchiveQuestion) -> ArchiveAnswer | None:
        """What is in the archive that the request streams; None if not known."""
        return self._ask(question, ArchiveAnswer)

    def _ask(self, question: Question, kind: type[A]) -> A | None:
        answer = self._answers.get(question)
        if answer is None:
            if question not in self.questions:
                self.questions.append(question)
            return None
        if isinstance(answer, kind):
            return answer
        why, remedy = (answer.why, answer.remedy) if isinstance(answer, NoAnswer) else ("the answer is of no use", "")
        self.deny("G011", why, remedy or _AGAIN)
        return None
