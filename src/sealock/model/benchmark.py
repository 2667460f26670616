"""A benchmark as its publisher orders it, and how a machine stands by it."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from sealock.model.finding import InputError
from sealock.model.host import Role
from sealock.model.report import ExitStatus
from sealock.model.severity import Severity

BenchmarkOutcome: TypeAlias = Literal["pass", "fail", "excused", "not applicable", "not judged", "manual"]
BenchmarkScope: TypeAlias = Literal[
    "host", "files", "audit", "engine", "swarm", "overlay", "containers", "apparmor", "selinux"
]
"""What has to be there for a recommendation to apply: "overlay" is a network of that kind; the last two are containers
on a kernel with that module."""


class Recommendation(Struct, frozen=True, kw_only=True):
    """One recommendation, in words of our own, and the rules that judge it.

    `rules` are ids, with a colon and the evidence where only one kind of a rule's faults counts. `role`, `ending` and
    `aspect` name the files that one on files is about, and whether it is their owner or their mode. `by_hand` says what
    a person has to look at: where it is there, no fault found is "manual", never "pass".
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
    """One edition of a benchmark. `note` is what is to be known of how it was written down here."""

    id: str
    title: str
    sections: tuple[BenchmarkSection, ...]
    note: str = ""


class Judgement(Struct, frozen=True):
    """How a machine stands by one recommendation: `reasons` say why, `severity` is the worst fault's."""

    recommendation: Recommendation
    outcome: BenchmarkOutcome
    reasons: tuple[str, ...] = ()
    severity: Severity | None = None


class BenchmarkReport(Struct, frozen=True):
    """How a machine stands by a whole benchmark. `about` names it: its name, its engine, its containers."""

    version: str
    benchmark: Benchmark
    about: tuple[str, ...]
    judgements: tuple[Judgement, ...]
    fail_on: Severity = Severity.HIGH
    errors: tuple[InputError, ...] = ()

    @property
    def counts(self) -> dict[BenchmarkOutcome, int]:
        """How many of each outcome; none is left out."""
        found: dict[BenchmarkOutcome, int] = dict.fromkeys(
            ("pass", "fail", "excused", "not applicable", "not judged", "manual"), 0
        )
        for judgement in self.judgements:
            found[judgement.outcome] += 1
        return found

    @property
    def status(self) -> ExitStatus:
        """2 where something could not be read, else 1 where a failure is as bad as `fail_on`, else 0."""
        if self.errors:
            return 2
        failed = (
            judgement.severity
            for judgement in self.judgements
            if judgement.outcome == "fail" and judgement.severity is not None
        )
        return 1 if any(severity >= self.fail_on for severity in failed) else 0
