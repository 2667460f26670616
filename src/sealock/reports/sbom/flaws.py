"""Known vulnerabilities within a CycloneDX document: each once, with all components that it affects."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sealock.model.advisory import DistributionState, Rating, Vulnerability
from sealock.model.finding import Severity
from sealock.text import clip

_METHODS: Final = {"CVSS:4": "CVSSv4", "CVSS:3.1": "CVSSv31", "CVSS:3.0": "CVSSv3", "AV:": "CVSSv2"}
_WORDS: Final = {
    Severity.CRITICAL: "critical",
    Severity.HIGH: "high",
    Severity.MEDIUM: "medium",
    Severity.LOW: "low",
    Severity.INFO: "info",
}
_ANALYSED: Final[dict[DistributionState, str]] = {
    "undetermined": "in_triage",
    "under-investigation": "in_triage",
    "not-affected": "not_affected",
}
"""What CycloneDX calls the state; the others say nothing of whether it can be exploited."""
_CHARACTER: Final = r"(?:[A-Za-z0-9._~:/?=&+,;@!$'()*-]|%[0-9A-Fa-f]{2})"
_URL: Final = re.compile(rf"https?://[A-Za-z0-9]{_CHARACTER}{{0,1500}}(?:#{_CHARACTER}{{0,500}})?")
"""What no reader stumbles over; feeds hold addresses of every kind."""
_REFERENCES: Final = 20
_TEXT: Final = 1000


def entries(found: Iterable[Vulnerability], references: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """The entries, by id. `references` gives for each package URL the components that have it."""
    groups: dict[str, list[Vulnerability]] = {}
    for one in found:
        groups.setdefault(one.id, []).append(one)
    return [_entry(groups[name], references) for name in sorted(groups)]


def _entry(group: list[Vulnerability], references: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    first = max(group, key=lambda one: one.severity)
    affects = {
        reference: {"ref": reference, "versions": [{"version": clip(one.package.version, 1024), "status": "affected"}]}
        for one in group
        for reference in references.get(one.package.purl, ())
    }
    entry = {
        "bom-ref": f"vulnerability-{first.id}",
        "id": first.id,
        "source": {"name": first.feed},
        "references": [{"id": name, "source": {"name": name.partition("-")[0]}} for name in first.aliases],
        "ratings": [
            {"source": {"name": "sealock"}, "severity": _WORDS[first.severity]},
            *(_rating(rating) for rating in first.ratings),
        ],
        "description": clip(first.summary, _TEXT),
        "recommendation": "; ".join(_fixes(group)),
        "advisories": [{"url": url} for url in first.references[:_REFERENCES] if _URL.fullmatch(url)],
        "analysis": {"state": _ANALYSED[first.state]} if first.state in _ANALYSED else {},
        "affects": [affects[reference] for reference in sorted(affects)],
        "properties": [{"name": f"sealock:{name}", "value": value} for name, value in _facts(first) if value],
    }
    return {key: value for key, value in entry.items() if value}


def _rating(one: Rating) -> dict[str, Any]:
    rating: dict[str, Any] = {"source": {"name": one.source}}
    if one.severity is not None:
        rating["severity"] = _WORDS[one.severity]
    if one.score is not None:
        rating["score"] = one.score
    if one.vector:
        rating["vector"] = one.vector
        method = next((name for start, name in _METHODS.items() if one.vector.startswith(start)), "other")
        rating["method"] = method
    return rating


def _fixes(group: Iterable[Vulnerability]) -> list[str]:
    """What mends it, for each package that it is in."""
    fixes = (f"upgrade {one.package.source or one.package.name} to {one.fixed}" for one in group if one.fixed)
    return sorted(set(fixes))


def _facts(vulnerability: Vulnerability) -> Iterable[tuple[str, str]]:
    yield "state", vulnerability.state
    yield "exploited", vulnerability.exploited.added if vulnerability.exploited else ""
    yield "epss", f"{vulnerability.epss.score:.5f}" if vulnerability.epss else ""
    yield "epssPercentile", f"{vulnerability.epss.percentile:.5f}" if vulnerability.epss else ""
    yield "note", vulnerability.note
