"""How a page groups the findings of an image by what to do."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from sealock.model.advisory import Exploited
from sealock.model.finding import Finding, Remedy
from sealock.model.severity import Severity
from sealock.service.views.findings import group
from support.madefindings import vulnerable
from support.servicestate import rule


def flaw(name: str, severity: Severity, *, exploited: bool = False, use: str = "") -> Finding:
    found = vulnerable(f"CVE {name}", name, severity=severity, remedy=Remedy(f"upgrade {name} to 2"))
    assert found.vulnerability is not None
    known = Exploited("2026-01-01") if exploited else None
    return replace(found, vulnerability=replace(found.vulnerability, fixed="2", exploited=known, use=use))


@pytest.mark.parametrize(
    ("findings", "titles"),
    [
        # Rules stand among vulnerabilities, by severity.
        (
            [flaw("curl", Severity.LOW), rule("F001", "a", Severity.MEDIUM), flaw("zlib", Severity.HIGH)],
            ["Upgrade zlib to 2.", "Title.", "Upgrade curl to 2."],
        ),
        # What is exploited comes before what is graver, then what is loaded.
        (
            [
                flaw("curl", Severity.CRITICAL),
                flaw("zlib", Severity.LOW, exploited=True),
                flaw("xz", Severity.LOW, use="loaded"),
            ],
            ["Upgrade zlib to 2.", "Upgrade xz to 2.", "Upgrade curl to 2."],
        ),
        # One remedy of two rules is its own title; what one rule says of several things has the rule's.
        ([rule("F001", "a"), replace(rule("F002", "b"), title="other")], ["Fix."]),
        ([rule("F001", "a"), rule("F001", "b")], ["Title."]),
    ],
)
def test_what_to_do_is_ordered_by_what_is_gravest(findings: list[Finding], titles: list[str]) -> None:
    assert [step.title for step in group(findings).steps] == titles
