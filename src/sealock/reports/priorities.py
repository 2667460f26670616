"""What to do first: findings that one and the same remedy mends, the gravest first."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from sealock.model.finding import Finding, Severity
from sealock.model.report import Repair, Report

_NAMED: Final = 6
"""Rules that are named beside a thing to do."""


class PriorityStep(Struct, frozen=True):
    """One thing to do, and the findings that it mends."""

    remedy: str
    findings: tuple[Finding, ...]

    @property
    def severity(self) -> Severity:
        """That of the gravest."""
        return max(finding.severity for finding in self.findings)

    @property
    def rules(self) -> dict[str, int]:
        """How many findings of which rule."""
        counts: dict[str, int] = {}
        for finding in self.findings:
            counts[finding.rule] = counts.get(finding.rule, 0) + 1
        return counts


def steps(findings: Iterable[Finding]) -> list[PriorityStep]:
    """Group the findings by remedy and rank the groups.

    First what mends a flaw that is exploited, then by severity, confidence and number; last what no version mends.
    """
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.remedy.text or finding.title, []).append(finding)
    return sorted((PriorityStep(remedy, tuple(group)) for remedy, group in groups.items()), key=_rank)


def _rank(step: PriorityStep) -> tuple[bool, bool, int, int, int]:
    flaws = [one for finding in step.findings if (one := finding.vulnerability)]
    exploited = any(flaw.exploited for flaw in flaws)
    sure = max(finding.confidence for finding in step.findings)
    return unmended(step), not exploited, -step.severity, -sure, -len(step.findings)


def unmended(step: PriorityStep) -> bool:
    """Whether it is all about flaws that no version mends."""
    return all(finding.vulnerability and not finding.vulnerability.fixed for finding in step.findings)


def named(step: PriorityStep, times: str) -> list[str]:
    """The step's rules, each with how often it was met; `times` is the sign between the two."""
    rules = [f"{rule} {times} {number}" if number > 1 else rule for rule, number in step.rules.items()]
    more = len(rules) - _NAMED
    return [*rules[:_NAMED], f"{more} more"] if more > 0 else rules


def repair(finding: Finding) -> Repair:
    """Whether sealock can mend the finding itself, and whether that is safe."""
    if not finding.remedy.changes:
        return "none"
    return "safe" if finding.remedy.safe else "unsafe"


def repairs(findings: Iterable[Finding]) -> str:
    """What --fix would do, in a sentence; "" where it can do nothing."""
    kinds = [repair(finding) for finding in findings]
    safe, unsafe = kinds.count("safe"), kinds.count("unsafe")
    if not safe and not unsafe:
        return ""
    if not safe:
        return f"--fix --unsafe mends {unsafe} of {len(kinds)}."
    return f"--fix mends {safe} of {len(kinds)}" + (f", --fix --unsafe {unsafe} more." if unsafe else ".")


def silences(report: Report) -> dict[str, list[tuple[str, str, str]]]:
    """What was not judged, by reason, the commonest first: target, subject and rule of each."""
    reasons: dict[str, list[tuple[str, str, str]]] = {}
    for target in report.targets:
        for one in target.skipped:
            reasons.setdefault(one.reason, []).append((target.target, one.subject, one.rule))
    return dict(sorted(reasons.items(), key=lambda item: -len(item[1])))
