"""Makes the report that a host sends to the scanning service: what counts, without texts of files or secrets."""

from __future__ import annotations

from typing import Final

import msgspec

from sealock.model.finding import Finding
from sealock.model.hostreport import HostReport, ReportedFinding, ReportedTarget
from sealock.model.identity import identify
from sealock.model.report import Report, TargetReport

MOST_FINDINGS: Final = 100_000
"""Findings of one report."""
_TITLE, _MESSAGE = 300, 2000
"""Characters of texts that are sent."""
_SENTENCES: Final = 100
"""Errors of a target that are sent, and reasons of skipped checks."""


def host_report(report: Report, host: str, *, complete: bool = False, engine: str = "") -> HostReport:
    """The report of a run. With `complete`, its containers are all that the host has."""
    targets = tuple(_target(target) for target in report.targets)
    return HostReport(host, report.version, targets, complete, engine)


def render_host_report(report: HostReport) -> bytes:
    """The report as JSON."""
    return msgspec.json.encode(report)


def _target(target: TargetReport) -> ReportedTarget:
    image = target.image
    best: dict[tuple[str, str], ReportedFinding] = {}
    for finding in target.counted[:MOST_FINDINGS]:
        made = _finding(finding)
        former = best.get((made.rule, made.thing))
        if former is None or finding.vulnerability is None or former.use != "loaded":
            best[made.rule, made.thing] = made
    reasons = dict.fromkeys(skipped.reason for skipped in target.skipped)
    return ReportedTarget(
        _text(target.target, _TITLE),
        target.kind,
        _text(image.names[0], _TITLE) if image and image.names else "",
        (image.manifest or _of_engine(target)) if image else "",
        image.configuration if image else "",
        tuple(best.values()),
        tuple(_text(error.message, _MESSAGE) for error in target.errors[:_SENTENCES]),
        tuple(_text(reason, _MESSAGE) for reason in list(reasons)[:_SENTENCES]),
    )


def _of_engine(target: TargetReport) -> str:
    """An engine's id of a container's image, which is the digest of its manifest where images are in containerd."""
    return target.image.configuration if target.image and target.target.startswith("container:") else ""


def _finding(finding: Finding) -> ReportedFinding:
    use = finding.vulnerability.use if finding.vulnerability else ""
    return ReportedFinding(
        finding.rule,
        _text(identify(finding).thing, _MESSAGE),
        finding.severity.word,  # type: ignore[arg-type]  # one of its words
        _text(finding.title, _TITLE),
        _text(finding.message, _MESSAGE),
        use or "unknown",
        _text(finding.remedy.text, _TITLE),
    )


def _text(text: str, most: int) -> str:
    """The text within a limit, without lone surrogates."""
    text = text[:most]
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
