"""What to do first: findings that one and the same remedy mends, the gravest first."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from sealock.model.finding import Finding, Severity
from sealock.model.report import Repair, Report


class Step(Struct, frozen=True):
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


def steps(findings: Iterable[Finding]) -> list[Step]:
    """Group the findings by remedy and rank the groups: by severity, then confidence, then how many there are."""
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.remedy.text or finding.title, []).append(finding)
    return sorted((Step(remedy, tuple(group)) for remedy, group in groups.items()), key=_rank)


def _rank(step: Step) -> tuple[int, int, int]:
    return -step.severity, -max(one.confidence for one in step.findings), -len(step.findings)


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
        for one in target.not_judged:
            reasons.setdefault(one.reason, []).append((target.target, one.subject, one.rule))
    return dict(sorted(reasons.items(), key=lambda item: -len(item[1])))
