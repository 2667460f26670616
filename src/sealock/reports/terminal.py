"""The report for people at a terminal: the line at fault with a caret, why, the fix; then what to do first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sealock.model.finding import Confidence, Finding, InputError
from sealock.model.location import Location
from sealock.model.report import Report, TargetReport
from sealock.reports.ansi import INKS, Ink
from sealock.reports.excerpt import excerpt
from sealock.reports.grouped import FIXES, MARKS, GroupedFindings, place
from sealock.reports.groups import group_findings
from sealock.reports.gutter import Gutter
from sealock.reports.mask import masked
from sealock.reports.priorities import (
    EXAMPLES,
    PriorityStep,
    counted_targets,
    critical_unfixed,
    example_mark,
    fix_of,
    fix_summary,
    named,
    skip_reasons,
    skipped_checks,
    steps,
    unevaluated,
    unexamined,
    unfixed,
)
from sealock.text import count, fit, line, list_first, sentence, shorten, width, wrap

_STEPS = 3
_FEW = 5
"""Findings that are shown each by itself, with the line at fault and the fix."""
_NAMES = 12
"""Targets that are named with a reason."""


def render(  # noqa: PLR0913  each is an option of the command line
    report: Report,
    *,
    width: int = 80,
    colour: bool = False,
    show_suppressed: bool = False,
    verbose: bool = False,
    unicode: bool = True,
    every: bool = False,
) -> str:
    """Render for a terminal of that width. Without `unicode` only untrusted text and the cut sign leave ASCII.

    `every` lists each known vulnerability by itself.
    """
    page = _Page(report, max(width, 30), colour=colour, unicode=unicode, verbose=verbose, every=every)
    lines = [row for target in report.targets for row in page.target(target, show_suppressed=show_suppressed)]
    lines += [
        *page.grouped(),
        *page.first(),
        *page.skipped(),
        *page.unevaluated(),
        *page.notes(),
        *page.summary(with_suppressed=show_suppressed),
    ]
    return "\n".join(row.rstrip() for row in lines) + "\n"


def _where(finding: Finding) -> str:
    """The vulnerable package, else the place of the fault."""
    return line(finding.vulnerability.package.name, 80) if finding.vulnerability else place(finding.location)


class _Page(GroupedFindings):
    """Lays out the report; each method yields the lines of one part."""

    def __init__(  # noqa: PLR0913  each is an option of the command line
        self, report: Report, room: int, *, colour: bool, unicode: bool, verbose: bool, every: bool
    ) -> None:
        super().__init__(room, colour=colour, unicode=unicode)
        self.report, self.verbose, self.every = report, verbose, every
        faults = sum(finding.vulnerability is None for finding in report.findings())
        self.detailed = verbose or faults <= _FEW

    def target(self, target: TargetReport, *, show_suppressed: bool) -> Iterator[str]:
        """A target's errors and findings under its name; nothing for a target that has neither."""
        findings = target.findings if self.detailed else target.suppressed if show_suppressed else ()
        flaws = [finding for finding in target.counted if finding.vulnerability is not None]
        if not target.errors and not findings and not flaws:
            return
        target = masked(target)
        yield self.headline(line(target.target, 400), fit(line(target.kind, 40), 12))
        yield ""
        for error in target.errors:
            yield from self.error(target, error)
        last: tuple[Location, str] | None = None
        for finding in sorted(findings, key=lambda finding: -finding.severity):
            if finding.suppressed is not None:
                if show_suppressed:
                    yield from self.suppressed(finding)
            elif finding.vulnerability is None:
                here = finding.location, finding.subject
                yield from self.finding(target, finding, same_place=here == last)
                last = here
        if flaws:
            from sealock.reports.vulnerable import Vulnerable  # noqa: PLC0415  most runs look into no image

            part = Vulnerable(self.room, colour=self.paint.on, unicode=self.unicode, every=self.every)
            yield from part.lines(flaws)

    def grouped(self) -> Iterator[str]:
        """The findings by rule, most severe first; where there are few, they stand with their targets."""
        if self.detailed:
            return
        targets = [masked(target) for target in self.report.targets]
        for examples in (False, True):
            groups = group_findings(targets, examples=examples)
            for severity, number in Counter(group.severity for group in groups for _ in group.findings).items():
                yield self.heading(severity, number, f"in {EXAMPLES}" if examples else "")
                for group in groups:
                    if group.severity == severity:
                        yield from self.lines(group)
            if groups:
                yield ""

    def error(self, target: TargetReport, error: InputError) -> Iterator[str]:
        """An input that could not be read."""
        badge = self.paint("alarm", f"{self.signs.of[max(self.signs.of)]} ERROR") + " " * 5
        yield from self.hanging(place(error.location), 12, "bold", badge=badge)
        yield from self.excerpt(target, error.location, "red")
        yield from self.hanging(sentence(line(error.message)), 10, label="  Why")
        yield ""

    def finding(self, target: TargetReport, finding: Finding, *, same_place: bool) -> Iterator[str]:
        """A finding: head, place and line at fault (unless the finding before it shows them), why, fix."""
        ink = INKS[finding.severity]
        badge = self.paint(ink, f"{self.signs.of[finding.severity]} {finding.severity.word.upper():<8}")
        doubt = f" ({finding.confidence.word} confidence)" if finding.confidence < Confidence.HIGH else ""
        rule = line(finding.rule, 40)
        badge = f"{badge}  {self.paint('bold', rule)}  "
        title = f"{line(finding.title, 200)}{doubt}{example_mark(finding)}"
        yield from self.hanging(title, 14 + width(rule), "bold", badge=badge)
        where = f"{place(finding.location)} {self.signs.dot} {line(finding.subject, 120)}"
        if not same_place:
            yield from self.hanging(where, 2, "cyan")
            yield from self.excerpt(target, finding.location, MARKS.get(ink, ink))
        yield from self.hanging(sentence(line(finding.message)), 10, label="  Why")
        yield from self.remedy(finding)
        if self.verbose:
            for reference in finding.references:
                words = f"{line(reference.label, 120)} {line(reference.url, 200)}".rstrip()
                yield from self.hanging(words, 10, "faint", label="  See")
        yield ""

    def remedy(self, finding: Finding) -> Iterator[str]:
        """How to fix it, and whether sealock can."""
        text, does_it = sentence(line(finding.remedy.text)), FIXES[fix_of(finding)]
        rows = wrap(text, self.room - 10) if text else []
        if does_it and rows and width(rows[-1]) + 1 + len(does_it) <= self.room - 10:
            rows[-1] += " " + self.paint("green", does_it)
        elif does_it:
            rows.append(self.paint("green", does_it))
        for number, row in enumerate(rows):
            yield self.paint("faint", f"{'  Fix' if number == 0 else '':<10}") + row

    def excerpt(self, target: TargetReport, location: Location, ink: Ink) -> Iterator[str]:
        """The line at fault, and the caret below it."""
        cut = excerpt(target.sources, location)
        if cut is not None:
            yield from Gutter(self.room, self.paint, self.signs).lines(cut, ink)

    def suppressed(self, finding: Finding) -> Iterator[str]:
        """A suppressed finding, in two lines."""
        if finding.suppressed is None:
            return
        head = f"{finding.severity.word:<8}  {line(finding.rule, 40)}  {line(finding.title, 200)}"
        yield from self.hanging(f"{self.signs.of[finding.severity]} {head}", 0, "faint")
        until = f" until {line(finding.suppressed.until, 40)}" if finding.suppressed.until else ""
        why = f"suppressed by {line(finding.suppressed.by, 200)}{until}: {line(finding.suppressed.reason)}"
        yield from self.hanging(f"{place(finding.location)} {self.signs.dot} {why}", 2, "faint")
        yield ""

    def first(self) -> Iterator[str]:
        """What to do first, for more than two findings."""
        findings = tuple(self.report.findings())
        faults = sum(finding.vulnerability is None for finding in findings)
        ranked = [step for step in steps(findings) if not unfixed(step)]
        words = fix_summary(findings)
        if faults > 2:
            about = f" {self.signs.dot} {words}" if words else ""
            yield from self.hanging(f"What to do first{about}", 0, "heading")
            for number, step in enumerate(ranked[:_STEPS], 1):
                yield from self.step(number, step)
        elif words:
            yield from self.hanging(words, 0, "green")
        if words or faults > 2:
            yield ""

    def step(self, number: int, step: PriorityStep) -> Iterator[str]:
        """One thing to do in at most two lines: where, which rules, and the remedy."""
        rules = ", ".join(line(rule, 60) for rule in named(step, self.signs.times))
        places = list(dict.fromkeys(_where(finding) for finding in step.findings))
        more = f" and {len(places) - 1} more" if len(places) > 1 else ""
        label = f"  {number}. "
        room = self.room - len(label)
        # The rules stand on the first line with their place, however deep that is.
        first = fit(places[0], max(room - width(f"{more}: {rules}"), room // 3))
        top, *rest = wrap(f"{first}{more}: {rules} {sentence(line(step.remedy, 200))}", room)
        yield label + top
        if rest:
            yield " " * len(label) + shorten(" ".join(rest), room)

    def skipped(self) -> Iterator[str]:
        """The skipped checks by reason, with their rules, in a verbose report."""
        reasons = skip_reasons(self.report)
        if not reasons or not self.verbose:
            return
        yield self.paint("bold", f"{count(self.report.skipped, 'check')} skipped:")
        for reason, entries in reasons.items():
            yield from self.hanging(line(reason, 300), 9, label=f"{len(entries):>5} {self.signs.times}")
            yield from self.silent_rules(entries)
        yield ""

    def unevaluated(self) -> Iterator[str]:
        """What was recognised and not evaluated; in a verbose report, what was not looked into too."""
        reasons = unevaluated(self.report)
        for reason, targets in reasons.items():
            names = list_first([line(name, 200) for name in targets], len(targets) if self.verbose else _NAMES)
            yield from self.hanging(f"{sentence(line(reason, 300))[:-1]}: {names}", 9, label="Skipped")
        if reasons:
            yield ""
        passed = self.report.unexamined
        if not self.verbose or not (words := unexamined(self.report)):
            return
        yield from self.hanging(f"{words}:", 0, "faint")
        for path in passed.paths:
            yield self.paint("faint", f"  {line(path, 400)}")
        if rest := passed.files + passed.directories - len(passed.paths):
            yield self.paint("faint", f"  and {rest} more")
        yield ""

    def silent_rules(self, entries: list[tuple[str, str, str]]) -> Iterator[str]:
        """Which rules on which subjects."""
        subjects: dict[str, list[str]] = {}
        for target, subject, rule in entries:
            subjects.setdefault(f"{line(target, 120)}, {line(subject, 120)}", []).append(line(rule, 40))
        for subject, rules in subjects.items():
            yield from self.hanging(f"{subject}: {' '.join(dict.fromkeys(rules))}", 9, "faint")

    def notes(self) -> Iterator[str]:
        """Notes on the run: in a short report also how much was skipped and not looked into."""
        notes = [sentence(line(note)) for note in self.report.notes]
        if not self.verbose:
            notes = [*self.left_out(), *notes]
        for note in notes:
            yield from self.hanging(note, 6, label="Note")
        if notes:
            yield ""

    def left_out(self) -> Iterator[str]:
        """How many checks were skipped, and how much was not looked into."""
        for words in (skipped_checks(self.report, brief=True), unexamined(self.report)):
            if words:
                yield f"{words} (--verbose lists them)."

    def summary(self, *, with_suppressed: bool) -> Iterator[str]:
        """The last lines: the counts, and the reason for the exit status."""
        report = self.report
        if not report.targets:
            yield "Nothing was checked."
            return
        if not report.evaluated and not report.errors and not any(report.by_severity.values()):
            yield from self.hanging("Nothing was evaluated.", 2, "bold", label=self.signs.arrow)
            if report.status:
                yield from self.hanging("Failed: all that was recognised was skipped.", 2, "red")
            return
        counts = [f"{number} {severity.word}" for severity, number in report.by_severity.items() if number]
        total = sum(report.by_severity.values())
        words = counted_targets(report)
        words += f": {', '.join(counts)}." if counts else "."
        if report.suppressed:
            words += f" {report.suppressed} suppressed"
            words += "." if with_suppressed else " (--show-suppressed lists them)."
        if report.errors:
            words += f" {count(report.errors, 'error')}: {report.defect}."
        ink: Ink = "green" if report.status == 0 and not total else "bold"
        sign = self.signs.good if not total and report.status == 0 else self.signs.arrow
        yield from self.hanging(words, 2, ink, label=sign)
        if words := critical_unfixed(report.findings()):
            yield from self.hanging(words, 2)
        if reasons := list(self.failures()):
            lead, end = ("Failed", "") if report.status else ("Not failed", f", but {report.exit_zero} is set")
            yield from self.hanging(f"{lead}: {', and '.join(reasons)}{end}.", 2, "red")

    def failures(self) -> Iterator[str]:
        """The reasons for an exit status other than 0: errors do not hide that findings fail the run too."""
        report = self.report
        if report.errors:
            yield report.defect if report.defect.startswith("an ignore") else "some inputs could not be read"
        elif report.status == 2:
            yield "something was skipped (--fail-on-skipped)"
        if report.fails:
            yield f"at least one finding is {report.fail_on.word} or worse"
