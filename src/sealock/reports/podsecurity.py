"""What workloads meet of the Pod Security Standards: for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sealock.model.location import Location
from sealock.model.podsecurity import LEVELS, PodControl, PodSecurityReport, PodWorkload
from sealock.reports.ansi import Ink
from sealock.reports.jsontext import encode
from sealock.reports.page import Page
from sealock.text import count, line, sentence

SCHEMA: Final = 1
_INKS: Final[dict[str, Ink]] = {"pass": "green", "fail": "red", "skipped": "magenta"}
_MOST: Final = 3
"""Violations of one control that are shown without --verbose."""


def render_json(report: PodSecurityReport) -> str:
    """Render for programs."""
    return encode(
        {
            "sealock": report.version,
            "schema": SCHEMA,
            "benchmark": report.benchmark,
            "level": report.level,
            "kubernetes": f"1.{report.minor}",
            "controls": [
                {"id": control.id, "title": control.title, "level": control.level, "rules": list(control.rules)}
                for control in report.controls
            ],
            "workloads": [_workload(report, workload) for workload in report.workloads],
            "namespaces": [
                {"name": space.name, "enforces": space.enforces, "kubernetes": f"1.{space.version}"}
                | _at(space.location)
                for space in report.namespaces
            ],
            "skipped": [{"file": skipped.path, "reason": skipped.reason} for skipped in report.skipped],
            "errors": [{"message": error.message} | _at(error.location) for error in report.errors],
            "summary": dict(_counts(report)) | {"exit_status": report.status},
        }
    )


def _at(location: Location) -> dict[str, Any]:
    return {"file": location.file, "line": location.line, "column": location.column}


def _workload(report: PodSecurityReport, workload: PodWorkload) -> dict[str, Any]:
    refused = workload.refused_by
    return {
        "name": workload.name,
        "namespace": workload.namespace or None,
        "outcome": _outcome(report, workload),
        "level": None if workload.skipped else workload.level,
        "skipped": workload.skipped or None,
        "partial": workload.partial or None,
        "refused_by": {"namespace": refused.name, "enforces": refused.enforces} if refused else None,
        "violations": [
            {"control": violation.control.id, "level": violation.control.level, "message": violation.message}
            | _at(violation.location)
            for violation in workload.violations
        ],
    } | _at(workload.location)


def _outcome(report: PodSecurityReport, workload: PodWorkload) -> str:
    return "skipped" if workload.skipped else "pass" if workload.meets(report.level) else "fail"


def _counts(report: PodSecurityReport) -> Iterator[tuple[str, int]]:
    outcomes = [_outcome(report, workload) for workload in report.workloads]
    yield from ((outcome, outcomes.count(outcome)) for outcome in ("pass", "fail", "skipped"))
    yield "refused", sum(workload.refused_by is not None for workload in report.workloads)


def render(
    report: PodSecurityReport, *, width: int = 80, colour: bool = False, unicode: bool = True, every: bool = False
) -> str:
    """Render for a terminal of that width; `every` shows all violations."""
    page = _Page(report, max(width, 40), colour=colour, unicode=unicode, every=every)
    return "\n".join(row.rstrip() for row in page.lines()) + "\n"


class _Page(Page):
    """The layout of the page."""

    def __init__(self, report: PodSecurityReport, room: int, *, colour: bool, unicode: bool, every: bool) -> None:
        super().__init__(room, colour=colour, unicode=unicode)
        self.report, self.every = report, every

    def lines(self) -> Iterator[str]:
        """All lines of the page."""
        report = self.report
        yield self.paint("bold", f"Pod Security Standards, {report.level}, as of Kubernetes 1.{report.minor}")
        yield ""
        for workload in report.workloads:
            yield from self.workload(workload)
        if report.workloads:
            yield ""
            yield from self.controls()
            yield ""
        for skipped in report.skipped:
            yield from self.hanging(
                sentence(f"{line(skipped.path)}: {line(skipped.reason)}"),
                10,
                badge=self.paint("magenta", "skipped") + "   ",
            )
        for error in report.errors:
            where = "" if error.location.file == "-" else f"{_where(error.location)}: "
            yield from self.hanging(
                sentence(where + line(error.message)), 10, badge=self.paint("alarm", "ERROR") + "     "
            )
        yield from self.summary()

    def workload(self, workload: PodWorkload) -> Iterator[str]:
        """A workload with its level, and below it what keeps it from a higher one."""
        report = self.report
        outcome = _outcome(report, workload)
        space = f" in {line(workload.namespace, 60)}" if workload.namespace else ""
        badge = f"{self.paint(_INKS[outcome], outcome.ljust(8))}  "
        head = f"{line(workload.name, 80)}{space}"
        if not workload.skipped:
            head += f": {workload.level}"
        yield from self.hanging(f"{head} ({_where(workload.location)})", 10, badge=badge)
        if workload.skipped or workload.partial:
            yield from self.hanging(sentence(workload.skipped or workload.partial), 12, "faint")
        if (refused := workload.refused_by) is not None:
            whose = "this pod" if workload.kind == "Pod" else "its pods"
            text = f"The namespace {line(refused.name, 60)} enforces {refused.enforces} of 1.{refused.version}, and"
            yield from self.hanging(f"{text} refuses {whose} ({_where(refused.location)}).", 12, "red")
        above: set[Location] = set()
        for control in report.controls:
            # What baseline forbids, restricted does too.
            places = [
                violation
                for violation in workload.violations
                if violation.control == control and violation.location not in above
            ]
            above |= {violation.location for violation in places if control.level == "baseline"}
            shown = places if self.every else places[:_MOST]
            for violation in shown:
                at = f"{self.paint('faint', _level(control))}  "
                yield from self.hanging(
                    f"line {violation.location.line}: {line(violation.message, 200)}", 24, badge=" " * 12 + at
                )
            if len(shown) < len(places):
                yield from self.hanging(f"and {len(places) - len(shown)} more (--verbose shows all)", 24, "faint")

    def controls(self) -> Iterator[str]:
        """How many workloads violate each control."""
        for level in LEVELS[1:]:
            rows = [(control, self.violators(control)) for control in self.report.controls if control.level == level]
            if rows:
                yield self.paint("bold", level.capitalize())
            for control, number in rows:
                badge = f"  {self.paint('red' if number else 'green', ('fail' if number else 'pass').ljust(6))}  "
                how_many = f" ({count(number, 'workload')})" if number else ""
                yield from self.hanging(control.title + how_many, 10, badge=badge)

    def violators(self, control: PodControl) -> int:
        """The number of workloads that violate a control."""
        return sum(
            any(violation.control == control for violation in workload.violations) for workload in self.report.workloads
        )

    def summary(self) -> Iterator[str]:
        """The counts, and the reason for the exit status."""
        report = self.report
        met = [workload.level for workload in report.workloads if not workload.skipped]
        words = [f"{met.count(level)} {level}" for level in reversed(LEVELS) if met.count(level)]
        skipped = len(report.workloads) - len(met)
        words += [f"{skipped} skipped"] if skipped else []
        total = count(len(report.workloads), "workload")
        yield from self.hanging(
            f"{total}: {', '.join(words) or 'none'}.", 2, badge=self.paint("bold", f"{self.signs.arrow} ")
        )
        if report.status == 1:
            yield from self.hanging(
                f"Failed: not every workload meets {report.level}, or a namespace refuses one.", 2, "red"
            )
        if report.status == 2:
            yield from self.hanging("Failed: some inputs could not be read.", 2, "red")


def _level(control: PodControl) -> str:
    return control.level.ljust(10)


def _where(location: Location) -> str:
    return f"{line(location.file, 200)}:{location.line}" if location.line else line(location.file, 200)
