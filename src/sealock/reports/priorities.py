"""What to do first: the findings that one remedy fixes, most severe first."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from sealock.model.finding import Confidence, Finding, Severity
from sealock.model.report import FixSafety, Report
from sealock.text import count, line, list_first

EXAMPLES: Final = "documentation, examples and tests"
"""Where the findings are that count as examples."""
_NAMED: Final = 6
"""Rules that are named with a step."""
_REASONS: Final = 3
"""Reasons of skipped checks that are named."""


class PriorityStep(Struct, frozen=True):
    """One thing to do, and the findings that it fixes."""

    remedy: str
    findings: tuple[Finding, ...]

    @property
    def severity(self) -> Severity:
        """The highest severity among its findings."""
        return max(finding.severity for finding in self.findings)

    @property
    def rules(self) -> dict[str, int]:
        """How many findings of which rule."""
        counts: dict[str, int] = {}
        for finding in self.findings:
            counts[finding.rule] = counts.get(finding.rule, 0) + 1
        return counts


def steps(findings: Iterable[Finding]) -> list[PriorityStep]:
    """Group the findings by remedy and rank the groups; what is minor is a step of its own.

    First the fixes of exploited vulnerabilities, then by severity, confidence and number; then what a container does
    not use, those of examples, and last what has no fix.
    """
    groups: dict[tuple[str, bool, bool], list[Finding]] = {}
    for finding in findings:
        key = finding.remedy.text or finding.title, _minor(finding), finding.example
        groups.setdefault(key, []).append(finding)
    return sorted((PriorityStep(remedy, tuple(group)) for (remedy, *_), group in groups.items()), key=_rank)


def _minor(finding: Finding) -> bool:
    """Whether it is not to be named beside a grave finding with the same remedy. An upgrade fixes all at once."""
    return finding.vulnerability is None and (finding.severity <= Severity.LOW or finding.confidence <= Confidence.LOW)


def _rank(step: PriorityStep) -> tuple[bool, bool, bool, bool, tuple[int, int], int]:
    flaws = [flaw for finding in step.findings if (flaw := finding.vulnerability)]
    exploited = any(flaw.exploited for flaw in flaws)
    worst = min((-finding.severity, -finding.confidence) for finding in step.findings)
    unused = bool(flaws) and all(flaw.use == "present" for flaw in flaws)
    return unfixed(step), step.findings[0].example, not exploited, unused, worst, -len(step.findings)


def unfixed(step: PriorityStep) -> bool:
    """Whether it is only about vulnerabilities without a fix."""
    return all(finding.vulnerability and not finding.vulnerability.fixed for finding in step.findings)


def critical_unfixed(findings: Iterable[Finding]) -> str:
    """How many critical vulnerabilities no version fixes, and the first of them, in a sentence; "" for none.

    No step is about them, so that a report has to name them by itself. Exploited ones come first.
    """
    flaws = {
        finding.rule: flaw.exploited is None
        for finding in findings
        if (flaw := finding.vulnerability) and not flaw.fixed and finding.severity is Severity.CRITICAL
    }
    if not flaws:
        return ""
    names = list_first([line(rule, 40) for rule in sorted(flaws, key=flaws.__getitem__)], _NAMED)
    number = count(len(flaws), "critical vulnerability", "critical vulnerabilities")
    return f"{number} {'has' if len(flaws) == 1 else 'have'} no fixed version: {names}."


def named(step: PriorityStep, times: str) -> list[str]:
    """The step's rules, each with its number of findings; `times` is the sign between the two."""
    rules = [f"{rule} {times} {number}" if number > 1 else rule for rule, number in step.rules.items()]
    more = len(rules) - _NAMED
    return [*rules[:_NAMED], f"{more} more"] if more > 0 else rules


def fix_of(finding: Finding) -> FixSafety:
    """Whether sealock can fix the finding, and whether the fix is safe."""
    if not finding.remedy.changes:
        return "none"
    return "safe" if finding.remedy.safe else "unsafe"


def example_mark(finding: Finding) -> str:
    """What stands behind the words about a finding in an example, "" for any other."""
    return " (example)" if finding.example else ""


def fix_summary(findings: Iterable[Finding]) -> str:
    """For how many of these findings --fix has a fix, in a sentence; "" for none. A fix may remove others too."""
    kinds = [fix_of(finding) for finding in findings]
    safe, unsafe = kinds.count("safe"), kinds.count("unsafe")
    if not safe and not unsafe:
        return ""
    if not safe:
        return f"--fix --unsafe can fix {unsafe} of {len(kinds)}."
    return f"--fix can fix {safe} of {len(kinds)}" + (f", --fix --unsafe {unsafe} more." if unsafe else ".")


def skip_reasons(report: Report) -> dict[str, list[tuple[str, str, str]]]:
    """The skipped checks by reason, the most frequent first: target, subject and rule of each."""
    reasons: dict[str, list[tuple[str, str, str]]] = {}
    for target in report.targets:
        for skipped in target.skipped:
            if skipped.rule:
                reasons.setdefault(skipped.reason, []).append((target.target, skipped.subject, skipped.rule))
    return dict(sorted(reasons.items(), key=lambda item: -len(item[1])))


def skipped_checks(report: Report, *, brief: bool = False) -> str:
    """How many checks were skipped, and why, in words; "" for none, or where a note gives the only reason.

    `brief` gives the reason where it is the only one.
    """
    reasons = list(skip_reasons(report))
    if not reasons or (len(reasons) == 1 and any(reasons[0] in note for note in report.notes)):
        return ""
    were = "was" if report.skipped == 1 else "were"
    skipped = f"{count(report.skipped, 'check')} {were} skipped"
    if brief and len(reasons) > 1:
        return skipped
    why = [line(reason, 200) for reason in reasons[:_REASONS]]
    if more := len(reasons) - len(why):
        why.append(count(more, "other reason"))
    return f"{skipped}: {'; '.join(why)}"


def unevaluated(report: Report) -> dict[str, list[str]]:
    """What was recognised and not evaluated: the targets by reason, the most frequent reason first."""
    reasons: dict[str, list[str]] = {}
    for target in report.targets:
        for skipped in target.skipped:
            if not skipped.rule:
                reasons.setdefault(skipped.reason, []).append(target.target)
    return dict(sorted(reasons.items(), key=lambda item: -len(item[1])))


def unexamined(report: Report) -> str:
    """How much was not looked into, in a sentence; "" for nothing."""
    passed = report.unexamined
    parts = [
        count(number, noun, plural)
        for number, noun, plural in ((passed.files, "file", ""), (passed.directories, "directory", "directories"))
        if number
    ]
    verb = "was" if passed.files + passed.directories == 1 else "were"
    return f"{' and '.join(parts)} {verb} not looked into" if parts else ""


def counted_targets(report: Report) -> str:
    """The number of findings and of the targets in which something was evaluated, in a few words."""
    total = sum(report.by_severity.values())
    if not total and not report.evaluated:
        return "Nothing was evaluated"
    return f"{count(total, 'finding') if total else 'No findings'} in {count(report.evaluated, 'target')}"
