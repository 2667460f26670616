"""A benchmark in its publisher's order, and a machine's results."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

from msgspec import Struct

from sealock.model.finding import InputError
from sealock.model.host import Role
from sealock.model.report import ExitStatus
from sealock.model.severity import Severity

BenchmarkOutcome: TypeAlias = Literal["pass", "fail", "suppressed", "not applicable", "skipped", "manual"]
BenchmarkScope: TypeAlias = Literal[
    "host", "files", "audit", "engine", "swarm", "overlay", "containers", "apparmor", "selinux"
]
"""What must exist for a recommendation to apply: "overlay" is an overlay network; the last two are containers on a
kernel with that module."""


class Recommendation(Struct, frozen=True, kw_only=True):
    """One recommendation, in our own words, and the rules that check it.

    `rules` are ids, with a colon and the evidence where only some of a rule's findings count. `role`, `ending` and
    `aspect` select files, and their owner or mode. `by_hand` says what a person has to check: with it, a recommendation
    without findings is "manual", never "pass".
    """

    number: str
    title: str
    scope: BenchmarkScope
    rules: tuple[str, ...] = ()
    role: Role | None = None
    ending: str = ""
    aspect: Literal["owner", "mode", ""] = ""
    by_hand: str = ""


class BenchmarkSection(Struct, frozen=True):
    """A chapter of a benchmark."""

    number: str
    title: str
    recommendations: tuple[Recommendation, ...]


class Benchmark(Struct, frozen=True):
    """One edition of a benchmark. `note` says how it was transcribed."""

    id: str
    title: str
    sections: tuple[BenchmarkSection, ...]
    note: str = ""


class RecommendationResult(Struct, frozen=True):
    """A machine's result for one recommendation: `reasons` say why, `severity` is that of the worst finding."""

    recommendation: Recommendation
    outcome: BenchmarkOutcome
    reasons: tuple[str, ...] = ()
    severity: Severity | None = None


class BenchmarkReport(Struct, frozen=True):
    """A machine's results for a benchmark. `about` describes the machine: its name, its engine, its containers."""

    version: str
    benchmark: Benchmark
    about: tuple[str, ...]
    results: tuple[RecommendationResult, ...]
    fail_on: Severity = Severity.HIGH
    errors: tuple[InputError, ...] = ()

    @property
    def counts(self) -> dict[BenchmarkOutcome, int]:
        """The number of results for every outcome."""
        outcomes = [result.outcome for result in self.results]
        return {outcome: outcomes.count(outcome) for outcome in get_args(BenchmarkOutcome)}

    @property
    def status(self) -> ExitStatus:
        """2 where something could not be read, else 1 where a failure is `fail_on` or worse, else 0."""
        if self.errors:
            return 2
        failures = (result.severity for result in self.results if result.outcome == "fail")
        return 1 if any(severity is not None and severity >= self.fail_on for severity in failures) else 0
