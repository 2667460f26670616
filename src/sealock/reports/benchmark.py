"""How a machine stands by a benchmark, in the benchmark's own order: for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sealock.model.benchmark import BenchmarkOutcome, BenchmarkReport, Judgement
from sealock.reports.ansi import Ink
from sealock.reports.jsontext import encode
from sealock.reports.page import Page
from sealock.text import count, line, sentence

SCHEMA: Final = 2
_INKS: Final[dict[BenchmarkOutcome, Ink]] = {
    "pass": "green",
    "fail": "red",
    "excused": "cyan",
    "not applicable": "faint",
    "not judged": "magenta",
    "manual": "cyan",
}
_WORDS: Final[dict[BenchmarkOutcome, str]] = {"not applicable": "n/a", "not judged": "unjudged"}
_LEGEND: Final = (
    ("n/a", "what it is about is not here"),
    ("unjudged", "it could not be seen, which is no pass"),
    ("manual", "a person has to look"),
)
_MOST: Final = 5
"""Reasons that are shown of one recommendation unless all are asked for."""
_NAMES: Final = 5
"""Containers that are named with a reason, likewise."""


def render_json(report: BenchmarkReport) -> str:
    """Render for programs."""
    return encode(
        {
            "sealock": report.version,
            "schema": SCHEMA,
            "benchmark": report.benchmark.id,
            "title": report.benchmark.title,
            "note": report.benchmark.note,
            "about": list(report.about),
            "recommendations": [_judgement(judgement) for judgement in report.judgements],
            "errors": [{"message": error.message, "where": error.location.file} for error in report.errors],
            "summary": dict(report.counts) | {"fail_on": report.fail_on.word, "exit_status": report.status},
        }
    )


def _judgement(judgement: Judgement) -> dict[str, Any]:
    return {
        "number": judgement.recommendation.number,
        "title": judgement.recommendation.title,
        "outcome": judgement.outcome,
        "reasons": list(judgement.reasons),
        "severity": judgement.severity.word if judgement.severity is not None else None,
        "rules": sorted({rule.partition(":")[0] for rule in judgement.recommendation.rules}),
    }


def render(
    report: BenchmarkReport, *, width: int = 80, colour: bool = False, unicode: bool = True, every: bool = False
) -> str:
    """Render for a terminal of that width; `every` shows all reasons of each recommendation."""
    page = _Page(report, max(width, 40), colour=colour, unicode=unicode, every=every)
    return "\n".join(row.rstrip() for row in page.lines()) + "\n"


def _short(reason: str) -> str:
    """A reason with the first of the containers that it names."""
    names, colon, words = reason.partition(": ")
    held = names.split(", ")
    few = f"{', '.join(held[:_NAMES])} and {len(held) - _NAMES} more"
    return f"{few}{colon}{words}" if colon and len(held) > _NAMES + 1 else reason


class _Page(Page):
    """Knows how the page looks."""

    def __init__(self, report: BenchmarkReport, room: int, *, colour: bool, unicode: bool, every: bool) -> None:
        super().__init__(room, colour=colour, unicode=unicode)
        self.report, self.every = report, every
        self.numbered = 2 + max((len(judgement.recommendation.number) for judgement in report.judgements), default=0)

    def lines(self) -> Iterator[str]:
        """All of it."""
        report = self.report
        about = f" {self.signs.dot} ".join(line(one, 80) for one in report.about)
        yield self.paint("bold", report.benchmark.title)
        yield self.paint("faint", about)
        yield ""
        judgements = iter(report.judgements)
        for section in report.benchmark.sections:
            yield self.paint("bold", f"{section.number}  {section.title}")
            for _, one in zip(section.recommendations, judgements, strict=False):
                yield from self.judgement(one)
            yield ""
        for error in report.errors:
            yield from self.hanging(sentence(line(error.message)), 10, badge=self.paint("alarm", "ERROR") + " " * 5)
        yield from self.summary()

    def judgement(self, one: Judgement) -> Iterator[str]:
        """A recommendation in a line, and below it why it fails, or could not be judged."""
        ink = _INKS[one.outcome]
        word = _WORDS.get(one.outcome, one.outcome)
        number = f"  {one.recommendation.number}".ljust(self.numbered)
        reasons = list(one.reasons)
        title = one.recommendation.title
        if one.outcome == "not applicable" and len(reasons) == 1:
            title += f" ({line(reasons.pop(), 200)})"
        badge = f"{number}  {self.paint(ink, word.ljust(8))}  "
        yield from self.hanging(title, self.numbered + 12, badge=badge)
        if one.outcome == "pass":
            return
        shown = reasons if self.every else reasons[:_MOST]
        rest = len(reasons) - len(shown)
        shown += [f"and {rest} more (--verbose tells all)"] if rest else []
        if not self.every and one.recommendation.scope in {"containers", "apparmor", "selinux"}:
            shown = list(map(_short, shown))
        for reason in shown:
            yield from self.hanging(line(reason, 400), self.numbered + 12, "faint")

    def summary(self) -> Iterator[str]:
        """How many of what, and what the exit status says."""
        report = self.report
        counts = report.counts
        words = ", ".join(f"{number} {outcome}" for outcome, number in counts.items() if number)
        total = count(len(report.judgements), "recommendation")
        yield from self.hanging(f"{total}: {words}.", 2, badge=self.paint("bold", f"{self.signs.arrow} "))
        used = {_WORDS.get(outcome, outcome) for outcome, number in counts.items() if number}
        legend = "; ".join(f"{word}: {meaning}" for word, meaning in _LEGEND if word in used)
        if legend:
            yield from self.hanging(f"{legend}.", 2)
        if report.benchmark.note:
            yield from self.hanging(report.benchmark.note, 2)
        if report.status == 1:
            yield from self.hanging(f"Failed: at least one finding is {report.fail_on.word} or worse.", 2, "red")
        if report.status == 2:
            yield from self.hanging("Failed: some inputs could not be read.", 2, "red")
