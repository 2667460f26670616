"""Baselines: the findings that were there before, by fingerprint."""

from __future__ import annotations

import json
from collections.abc import Iterable

from sealock.errors import PolicyError
from sealock.model.finding import Finding


def read_baseline(name: str, text: str) -> frozenset[str]:
    """Read a baseline: what `--write-baseline` wrote, or a whole JSON report."""
    try:
        tree = json.loads(text)
        if "fingerprints" in tree:
            prints = [str(one) for one in tree["fingerprints"]]
        else:
            prints = [str(one["fingerprint"]) for target in tree["targets"] for one in target["findings"]]
    except (ValueError, TypeError, KeyError, RecursionError):
        msg = f"{name} is not a baseline: it should be what --write-baseline wrote, or a JSON report"
        raise PolicyError(msg) from None
    return frozenset(prints)


def write_baseline(findings: Iterable[Finding]) -> str:
    """Write the baseline that excuses these findings, one fingerprint a line so that it merges well."""
    prints = sorted({finding.fingerprint for finding in findings})
    return json.dumps({"sealock-baseline": 1, "fingerprints": prints}, indent=1) + "\n"
