"""Known vulnerabilities in a CycloneDX document: each once, with all components that it affects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Final

from sealock.model.advisory import DistributionState, Rating, Vulnerability
from sealock.model.finding import Severity
from sealock.patterns import compile_lazily
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
"""The states of CycloneDX; the other states do not say whether it can be exploited."""
_CHARACTER: Final = r"(?:[A-Za-z0-9._~:/?=&+,;@!$'()*-]|%[0-9A-Fa-f]{2})"
_URL: Final = compile_lazily(rf"https?://[A-Za-z0-9]{_CHARACTER}{{0,1500}}(?:#{_CHARACTER}{{0,500}})?")
"""URLs that every reader accepts; feeds hold URLs of every kind."""
_REFERENCES: Final = 20
_TEXT: Final = 1000


def render_vulnerabilities(
    vulnerabilities: Iterable[Vulnerability], references: Mapping[str, Sequence[str]]
) -> list[dict[str, Any]]:
    """The entries, by id. `references` gives for each package URL the components that have it."""
    groups: dict[str, list[Vulnerability]] = {}
    for vulnerability in vulnerabilities:
        groups.setdefault(vulnerability.id, []).append(vulnerability)
    return [_entry(groups[name], references) for name in sorted(groups)]


def _entry(group: list[Vulnerability], references: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    first = max(group, key=attrgetter("severity"))
    affects = {
        reference: {"ref": reference, "versions": [{"version": clip(package.version, 1024), "status": "affected"}]}
        for package in (vulnerability.package for vulnerability in group)
        for reference in references.get(package.purl, ())
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


def _rating(rating: Rating) -> dict[str, Any]:
    entry: dict[str, Any] = {"source": {"name": rating.source}}
    if rating.severity is not None:
        entry["severity"] = _WORDS[rating.severity]
    if rating.score is not None:
        entry["score"] = rating.score
    if rating.vector:
        entry["vector"] = rating.vector
        method = next((name for start, name in _METHODS.items() if rating.vector.startswith(start)), "other")
        entry["method"] = method
    return entry


def _fixes(group: Iterable[Vulnerability]) -> list[str]:
    """The upgrade of each affected package."""
    fixed = (vulnerability for vulnerability in group if vulnerability.fixed)
    return sorted({f"upgrade {flaw.package.source or flaw.package.name} to {flaw.fixed}" for flaw in fixed})


def _facts(vulnerability: Vulnerability) -> Iterable[tuple[str, str]]:
    yield "state", vulnerability.state
    yield "exploited", vulnerability.exploited.added if vulnerability.exploited else ""
    yield "epss", f"{vulnerability.epss.score:.5f}" if vulnerability.epss else ""
    yield "epssPercentile", f"{vulnerability.epss.percentile:.5f}" if vulnerability.epss else ""
    yield "note", vulnerability.note
