"""Baselines: the findings of an earlier run, by fingerprint."""

from __future__ import annotations

import json
from collections.abc import Iterable

from sealock.errors import PolicyError
from sealock.model.finding import Finding
from sealock.model.identity import FindingIdentity
from sealock.policy.suppressions import BASELINE


def read_baseline(name: str, text: str) -> frozenset[str]:
    """Read a baseline, a file that `--write-baseline` wrote or a JSON report: fingerprints, and keys of identities."""
    try:
        tree = json.loads(text)
        if "fingerprints" in tree:
            fingerprints = [str(key) for key in (*tree["fingerprints"], *tree.get("identities", ()))]
        else:
            findings = [finding for target in tree["targets"] for finding in target["findings"]]
            places = [place for finding in findings for place in (finding, *finding.get("repetitions", ()))]
            fingerprints = [str(place["fingerprint"]) for place in places]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        msg = f"{name} is not a baseline: it should be a file that --write-baseline wrote, or a JSON report"
        raise PolicyError(msg) from None
    return frozenset(fingerprints)


def needed(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings that a new baseline has to suppress: those that count, and those that the old one suppresses."""
    return tuple(finding for finding in findings if finding.suppressed is None or finding.suppressed.by == BASELINE)


def write_baseline(findings: Iterable[Finding], identities: Iterable[FindingIdentity] = ()) -> str:
    """Write the baseline of these findings, one fingerprint a line so that it merges well.

    `identities` are those of findings on images with a repository: they hold for other tags of it.
    """
    fingerprints: set[str] = set()
    for finding in findings:
        fingerprints.add(finding.fingerprint)
        fingerprints.update(repetition.fingerprint for repetition in finding.repetitions)
    table: dict[str, object] = {"sealock-baseline": 1, "fingerprints": sorted(fingerprints)}
    if keys := sorted({identity.key for identity in identities}):
        table["identities"] = keys
    return json.dumps(table, indent=1) + "\n"
