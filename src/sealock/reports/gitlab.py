"""GitLab's Code Quality report: a list of issues with path, line, severity and a fingerprint that is unique in it."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Any, Final

from sealock.model.finding import Finding, Severity
from sealock.model.location import Location
from sealock.model.report import Report, TargetReport
from sealock.reports.jsontext import encode
from sealock.reports.priorities import example_mark
from sealock.text import count, line, sentence

_SEVERITIES: Final = {
    Severity.CRITICAL: "blocker",
    Severity.HIGH: "critical",
    Severity.MEDIUM: "major",
    Severity.LOW: "minor",
    Severity.INFO: "info",
}


def render(report: Report) -> str:
    """Render as Code Quality JSON. Suppressed findings are left out, since GitLab has no word for them."""
    # GitLab wants each fingerprint once; a target that was named twice would give it twice.
    issues = {issue["fingerprint"]: issue for target in report.targets for issue in _issues(target)}
    return encode(list(issues.values()))


def _issues(target: TargetReport) -> Iterator[dict[str, Any]]:
    for error in target.errors:
        print_ = _fingerprint("error", target.target, error.location.file, error.message)
        text = f"Could not be read or analysed: {line(error.message)}"
        yield _issue("sealock-error", text, print_, "blocker", error.location)
    for finding in target.counted:
        print_ = finding.fingerprint
        yield _issue(finding.rule, _description(finding), print_, _SEVERITIES[finding.severity], finding.location)
    reasons: dict[str, list[str]] = {}
    for skipped in target.skipped:
        reasons.setdefault(skipped.reason, []).append(skipped.rule)
    for reason, rules in reasons.items():
        print_ = _fingerprint("skipped", target.target, reason)
        words = f"{count(len(rules), 'check')} skipped" if rules[0] else "Not evaluated"
        text = f"{words}: {line(reason)}"
        yield _issue("sealock-skipped", text, print_, "info", Location(target.target))


def _issue(name: str, description: str, fingerprint: str, severity: str, location: Location) -> dict[str, Any]:
    # GitLab wants a line in any case; an issue without a line gets the first.
    lines = {"begin": max(location.line, 1)}
    if location.end_line > location.line:
        lines["end"] = location.end_line
    return {
        "description": description,
        "check_name": name,
        "fingerprint": fingerprint,
        "severity": severity,
        "location": {"path": location.file.removeprefix("./"), "lines": lines},
    }


def _description(finding: Finding) -> str:
    parts = (finding.title, finding.message, finding.remedy.text)
    words = " ".join(sentence(line(part)) for part in parts if part.strip()) or finding.rule
    return words + example_mark(finding)


def _fingerprint(*parts: str) -> str:
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]
