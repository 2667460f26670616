"""The findings of an image as rows, and grouped by what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from sealock.model.finding import Finding
from sealock.model.identity import identify
from sealock.model.inventory import Layer
from sealock.reports.priorities import PriorityStep, steps, unfixed
from sealock.service.views.common import word
from sealock.service.views.nouns import FindingRow, SeverityWord
from sealock.text import sentence


class FixGroup(Struct, frozen=True):
    """One thing to do, and the findings that it fixes, gravest first: an upgrade, or what a rule asks for.

    `title` is the fault where all findings have the same, else what to do.
    """

    title: str
    remedy: str
    severity: SeverityWord
    findings: tuple[FindingRow, ...]
    loaded: bool
    exploited: bool
    is_rule: bool


class GroupedFindings(Struct, frozen=True):
    """All findings of an image: fixed by an upgrade, fixed by nothing yet, of rules, and those that do not count."""

    fixes: tuple[FixGroup, ...]
    unfixed: tuple[FindingRow, ...]
    rules: tuple[FixGroup, ...]
    acknowledged: tuple[FindingRow, ...]

    @property
    def steps(self) -> list[FixGroup]:
        """All that can be done, gravest first: what is exploited, then what is loaded."""
        return sorted(
            (*self.fixes, *self.rules),
            key=lambda group: (not group.exploited, not group.loaded, _ORDER.index(group.severity)),
        )

    @property
    def number(self) -> int:
        """How many count."""
        return len(self.unfixed) + sum(len(group.findings) for group in (*self.fixes, *self.rules))


def layer_positions(layers: Iterable[Layer]) -> dict[str, int]:
    """The position of each layer of an image by its digest: the lowest, where an image has a layer twice."""
    positions: dict[str, int] = {}
    for layer in layers:
        positions.setdefault(layer.digest, layer.index)
    return positions


def finding_rows(findings: Iterable[Finding], positions: Mapping[str, int] = {}) -> tuple[FindingRow, ...]:
    """The rows, gravest first; what does not count last. `positions` are those of the image's layers by digest."""
    return tuple(sorted((_row(finding, positions) for finding in findings), key=_order))


def _row(finding: Finding, positions: Mapping[str, int]) -> FindingRow:
    flaw = finding.vulnerability
    return FindingRow(
        finding.rule,
        identify(finding).thing,
        word(finding.severity),
        finding.title,
        flaw.package.name if flaw else "",
        flaw.package.version if flaw else "",
        flaw.fixed if flaw else "",
        flaw is not None and flaw.exploited is not None,
        positions.get(flaw.package.layer, -1) if flaw else -1,
        flaw.use if flaw else "",
        sentence(finding.remedy.text),
        finding.message,
        (finding.suppressed.reason or finding.suppressed.by) if finding.suppressed else "",
    )


def group(findings: Iterable[Finding]) -> GroupedFindings:
    """Group findings by what to do, as the reports of `check` do."""
    everything = list(findings)
    counted = [finding for finding in everything if finding.suppressed is None]
    flaws = steps(finding for finding in counted if finding.vulnerability)
    return GroupedFindings(
        tuple(_group(step) for step in flaws if not unfixed(step)),
        finding_rows(finding for step in flaws if unfixed(step) for finding in step.findings),
        tuple(map(_group, steps(finding for finding in counted if not finding.vulnerability))),
        finding_rows(finding for finding in everything if finding.suppressed is not None),
    )


def _group(step: PriorityStep) -> FixGroup:
    rows, remedy = finding_rows(step.findings), sentence(step.remedy)
    titles = {sentence(finding.title) for finding in step.findings}
    is_rule = not any(finding.vulnerability for finding in step.findings)
    return FixGroup(
        titles.pop() if is_rule and len(titles) == 1 else remedy,
        remedy,
        word(step.severity),
        rows,
        any(row.use == "loaded" for row in rows),
        any(row.exploited for row in rows),
        is_rule,
    )


_ORDER = ("critical", "high", "medium", "low", "info", "")


def _order(row: FindingRow) -> tuple[bool, bool, int, str, str]:
    return bool(row.acknowledged), not row.exploited, _ORDER.index(row.severity), row.rule, row.thing
