"""Lets the policy have its say on findings: severity, ignores, baseline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

from msgspec.structs import replace

from sealock.model.finding import Finding, Suppression
from sealock.policy.ignores import Ignore
from sealock.policy.settings import Policy

BASELINE: Final = "baseline"
"""What `Suppression.by` names for a finding that the baseline suppresses."""


def suppress(
    findings: Iterable[Finding], name: str, policy: Policy, ignores: tuple[Ignore, ...], today: date
) -> Iterator[tuple[Finding, Ignore | None]]:
    """Give each finding its severity by the policy and its suppression, with the ignore that suppressed it."""
    severity = dict(policy.severity)
    for found in findings:
        finding = replace(found, severity=severity[found.rule]) if found.rule in severity else found
        for ignore in (*ignores, *policy.ignores):
            if not ignore.expired(today) and ignore.covers(finding, name):
                by = f"{ignore.location.file}:{ignore.location.line}"
                aside = Suppression(by, ignore.reason, ignore.until, ignore.justification, ignored=True)
                yield replace(finding, suppressed=aside), ignore
                break
        else:
            if not policy.baseline.isdisjoint((finding.fingerprint, *finding.former)):
                yield replace(finding, suppressed=Suppression(BASELINE, "known before")), None
            else:
                yield finding, None
