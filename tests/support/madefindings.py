"""Findings for tests of what compares and shows them."""

from __future__ import annotations

from typing import Any

from sealock.model.advisory import Installed, Vulnerability
from sealock.model.finding import Confidence, Finding, Remedy, Severity
from sealock.model.location import Location


def finding(rule: str, evidence: str, *, severity: int = Severity.HIGH, **more: Any) -> Finding:
    fields: dict[str, Any] = {
        "title": f"Title of {rule}",
        "message": f"has {evidence}",
        "location": Location("app.tar"),
        "subject": "image app:1",
        "remedy": Remedy(""),
        "references": (),
        "fingerprint": f"{rule} {evidence}",
    }
    return Finding(
        rule=rule, severity=Severity(severity), confidence=Confidence.HIGH, evidence=evidence, **fields | more
    )


def vulnerable(name: str, package: str, version: str = "1", *, severity: int = Severity.HIGH, **more: Any) -> Finding:
    url = f"pkg:deb/debian/{package}"
    outer = {key: more.pop(key) for key in ("suppressed", "remedy") if key in more}
    installed = Installed("deb", package, version, f"{url}@{version}", **more)
    flaw = Vulnerability(name, installed, Severity(severity), "osv")
    return finding(name, url, severity=severity, vulnerability=flaw, **outer)
