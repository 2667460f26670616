"""Groups findings for people: one group a rule, most severe first, and one for the settings that services leave out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeAlias

from msgspec import Struct

from sealock.model.change import Add, Set
from sealock.model.finding import Finding, Severity
from sealock.model.location import Location
from sealock.model.report import TargetReport

_LEAST_SETTINGS: Final = 3
"""Settings that a subject must lack for them to stand together."""


class TargetFinding(Struct, frozen=True):
    """A finding and its target, which has the text for the excerpt."""

    target: TargetReport
    finding: Finding


class RuleGroup(Struct, frozen=True):
    """The findings of one rule with one severity, in the order of their targets and places."""

    severity: Severity
    entries: tuple[TargetFinding, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings without their targets."""
        return tuple(entry.finding for entry in self.entries)

    @property
    def first(self) -> Finding:
        """The finding that stands for the group: all of them have its rule and title."""
        return self.entries[0].finding


class MissingSettings(Struct, frozen=True):
    """The settings that one subject leaves out, all reported at the subject's own place."""

    location: Location
    subject: str
    findings: tuple[Finding, ...]


class SettingsGroup(Struct, frozen=True):
    """The settings of one severity that several subjects leave out."""

    severity: Severity
    subjects: tuple[MissingSettings, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings of all subjects."""
        return tuple(finding for subject in self.subjects for finding in subject.findings)

    @property
    def rules(self) -> tuple[Finding, ...]:
        """One finding for each rule, in the order of the ids."""
        return tuple(
            finding for _, finding in sorted({finding.rule: finding for finding in reversed(self.findings)}.items())
        )


FindingGroup: TypeAlias = RuleGroup | SettingsGroup


def group_findings(targets: Iterable[TargetReport], *, examples: bool = False) -> list[FindingGroup]:
    """Group what counts, without vulnerabilities, which have groups of their own: of examples, or of all else."""
    rules: dict[tuple[Severity, str], list[TargetFinding]] = {}
    settings: dict[Severity, list[MissingSettings]] = {}
    for target in targets:
        findings = [finding for finding in target.counted if finding.example == examples and not finding.vulnerability]
        by_subject: dict[tuple[Location, str], list[Finding]] = {}
        for finding in findings:
            if _leaves_out_a_setting(finding):
                by_subject.setdefault((finding.location, finding.subject), []).append(finding)
        together = {place: missing for place, missing in by_subject.items() if len(missing) >= _LEAST_SETTINGS}
        for place, missing in together.items():
            for severity in {finding.severity for finding in missing}:
                of_severity = tuple(finding for finding in missing if finding.severity == severity)
                settings.setdefault(severity, []).append(MissingSettings(*place, of_severity))
        for finding in findings:
            if not _leaves_out_a_setting(finding) or (finding.location, finding.subject) not in together:
                rules.setdefault((finding.severity, finding.rule), []).append(TargetFinding(target, finding))
    groups: list[FindingGroup] = [RuleGroup(severity, tuple(entries)) for (severity, _), entries in rules.items()]
    groups += (SettingsGroup(severity, tuple(subjects)) for severity, subjects in settings.items())
    return sorted(groups, key=lambda group: -group.severity)


def _leaves_out_a_setting(finding: Finding) -> bool:
    """Whether a setting is missing, which a fix adds to the container, and nothing worse than that."""
    changes = finding.remedy.changes
    return (
        finding.severity <= Severity.MEDIUM
        and bool(changes)
        and all(isinstance(change, Set | Add) for change in changes)
    )
