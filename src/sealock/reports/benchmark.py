"""A machine's results for a benchmark, in the benchmark's order: for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sealock.model.benchmark import BenchmarkOutcome, BenchmarkReport, RecommendationResult
from sealock.reports.ansi import Ink
from sealock.reports.jsontext import encode
from sealock.reports.page import Page
from sealock.text import count, line, sentence

SCHEMA: Final = 2
_INKS: Final[dict[BenchmarkOutcome, Ink]] = {
    "pass": "green",
    "fail": "red",
    "suppressed": "cyan",
    "not applicable": "faint",
    "skipped": "magenta",
    "manual": "cyan",
}
_WORDS: Final[dict[BenchmarkOutcome, str]] = {"not applicable": "n/a", "suppressed": "ignored"}
_LEGEND: Final = (
    ("n/a", "it does not apply here"),
    ("ignored", "the policy suppresses it"),
    ("skipped", "it could not be checked, which is no pass"),
    ("manual", "a person has to check it"),
)
_MOST: Final = 5
"""Reasons of one recommendation that are shown without --verbose."""
_NAMES: Final = 5
"""Containers of one reason that are named without --verbose."""


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
            "recommendations": [_result(result) for result in report.results],
            "errors": [{"message": error.message, "where": error.location.file} for error in report.errors],
            "summary": dict(report.counts) | {"fail_on": report.fail_on.word, "exit_status": report.status},
        }
    )


def _result(result: RecommendationResult) -> dict[str, Any]:
    return {
        "number": result.recommendation.number,
        "title": result.recommendation.title,
        "outcome": result.outcome,
        "reasons": list(result.reasons),
        "severity": result.severity.word if result.severity is not None else None,
        "rules": sorted({rule.partition(":")[0] for rule in result.recommendation.rules}),
    }


def render(
    report: BenchmarkReport, *, width: int = 80, colour: bool = False, unicode: bool = True, every: bool = False
) -> str:
    """Render for a terminal of that width; `every` shows all reasons of each recommendation."""
    page = _Page(report, max(width, 40), colour=colour, unicode=unicode, every=every)
    return "\n".join(row.rstrip() for row in page.lines()) + "\n"


def _short(reason: str) -> str:
    """A reason with only the first containers that it names."""
    joined, colon, words = reason.partition(": ")
    names = joined.split(", ")
    few = f"{', '.join(names[:_NAMES])} and {len(names) - _NAMES} more"
    return f"{few}{colon}{words}" if colon and len(names) > _NAMES + 1 else reason


class _Page(Page):
    """The layout of the page."""

    def __init__(self, report: BenchmarkReport, room: int, *, colour: bool, unicode: bool, every: bool) -> None:
        super().__init__(room, colour=colour, unicode=unicode)
        self.report, self.every = report, every
        self.numbered = 2 + max((len(result.recommendation.number) for result in report.results), default=0)

    def lines(self) -> Iterator[str]:
        """All lines of the page."""
        report = self.report
        about = f" {self.signs.dot} ".join(line(part, 80) for part in report.about)
        yield self.paint("bold", report.benchmark.title)
        yield self.paint("faint", about)
        yield ""
        results = iter(report.results)
        for section in report.benchmark.sections:
            yield self.paint("bold", f"{section.number}  {section.title}")
            for _, result in zip(section.recommendations, results, strict=False):
                yield from self.result(result)
            yield ""
        for error in report.errors:
            yield from self.hanging(sentence(line(error.message)), 10, badge=self.paint("alarm", "ERROR") + " " * 5)
        yield from self.summary()

    def result(self, result: RecommendationResult) -> Iterator[str]:
        """A recommendation in a line, and below it why it fails or was skipped."""
        ink = _INKS[result.outcome]
        word = _WORDS.get(result.outcome, result.outcome)
        number = f"  {result.recommendation.number}".ljust(self.numbered)
        reasons = list(result.reasons)
        title = result.recommendation.title
        if result.outcome == "not applicable" and len(reasons) == 1:
            title += f" ({line(reasons.pop(), 200)})"
        badge = f"{number}  {self.paint(ink, word.ljust(8))}  "
        yield from self.hanging(title, self.numbered + 12, badge=badge)
        if result.outcome == "pass":
            return
        rows = reasons if self.every else reasons[:_MOST]
        rest = len(reasons) - len(rows)
        rows += [f"and {rest} more (--verbose shows all)"] if rest else []
        if not self.every and result.recommendation.scope in {"containers", "apparmor", "selinux"}:
            rows = list(map(_short, rows))
        for reason in rows:
            yield from self.hanging(line(reason, 400), self.numbered + 12, "faint")

    def summary(self) -> Iterator[str]:
        """The counts, the legend, and the reason for the exit status."""
        report = self.report
        counts = report.counts
        words = ", ".join(f"{number} {outcome}" for outcome, number in counts.items() if number)
        total = count(len(report.results), "recommendation")
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
