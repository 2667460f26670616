"""Makes findings of vulnerabilities: message, remedy, and a fingerprint that stays the same across rebuilds.

The fingerprint depends on the vulnerability's id, the target and the package's type and name, not on its version, path
or layer: an ignore or a baseline holds until the vulnerability is gone. Several versions of one package in one target
are distinguished by their order.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import Final

from msgspec import Struct

from sealock.model.advisory import DistributionState, Installed, Vulnerability
from sealock.model.finding import Confidence, Finding, Reference, Remedy, Suppression
from sealock.model.inventory import OF_DISTRIBUTIONS
from sealock.model.location import Location
from sealock.vulnerabilities.matches import MatchResult
from sealock.vulnerabilities.versions import key, of_package

_UNPLANNED: Final[dict[DistributionState, str]] = {
    "no-dsa": "the distribution considers it too minor for a security update",
    "ignored": "the distribution will not fix it",
    "postponed": "the distribution plans the fix for a later update",
    "deferred": "the distribution has deferred the fix",
    "unimportant": "the distribution considers it unimportant",
    "end-of-life": "the distribution no longer supports this package",
    "undetermined": "the distribution has not determined whether it is affected",
    "under-investigation": "the distribution is investigating it",
    "pending": "the distribution is preparing a fix",
}
_REFERENCES: Final = 10
_TITLE: Final = 120


class FindingTarget(Struct, frozen=True):
    """The target of the findings: `name` enters the fingerprints, `subject` and `location` are shown.

    `base_layer` is the digest of a layer that certainly belongs to the base image, "" where that is unknown.
    """

    name: str
    subject: str
    location: Location
    base_layer: str = ""


def findings(matched: MatchResult, target: FindingTarget) -> list[Finding]:
    """Make the findings, suppressed ones included."""
    counted = [(vulnerability, None) for vulnerability in matched.vulnerabilities]
    suppressed = [(entry.vulnerability, Suppression(entry.by, entry.reason)) for entry in matched.suppressed]
    upgrades = _upgrades(matched.vulnerabilities)
    counts: dict[str, int] = {}
    return [
        _finding(vulnerability, suppression, target, upgrades, counts)
        for vulnerability, suppression in (*counted, *suppressed)
    ]


def upgraded(package: Installed) -> tuple[str, str]:
    """Type and name of what is upgraded together: a distribution's source package, else the package."""
    if package.type in OF_DISTRIBUTIONS:
        return package.type, package.source or package.name
    return package.type, package.name


def _upgrades(vulnerabilities: Iterable[Vulnerability]) -> dict[tuple[str, str, str], str]:
    """The version that fixes everything fixable, by type, name and installed version of what is upgraded."""
    best: dict[tuple[str, str, str], tuple[bytes, str]] = {}
    for vulnerability in vulnerabilities:
        if vulnerability.fixed:
            package = vulnerability.package
            place = (*upgraded(package), package.source_version or package.version)
            fixed_key = key(of_package(package.type), vulnerability.fixed) or b""  # type: ignore[arg-type]  # one of its types
            best[place] = max(best.get(place, (b"", "")), (fixed_key, vulnerability.fixed))
    return {place: fixed for place, (_, fixed) in best.items()}


def _finding(
    vulnerability: Vulnerability,
    suppressed: Suppression | None,
    target: FindingTarget,
    upgrades: dict[tuple[str, str, str], str],
    counts: dict[str, int],
) -> Finding:
    package = vulnerability.package
    evidence = unversioned(package)
    basis = f"{vulnerability.id}\0{target.name}\0{evidence}"
    if suppressed is None or not package.removed:
        counts[basis] = counts.get(basis, 0) + 1
        basis = f"{basis}\0{counts[basis]}"
    else:
        basis = f"{basis}\0removed\0{package.version}"
    return Finding(
        rule=vulnerability.id,
        severity=vulnerability.severity,
        confidence=Confidence.MEDIUM if "assumed" in vulnerability.note else Confidence.HIGH,
        title=_title(vulnerability),
        message=_message(vulnerability),
        location=target.location,
        subject=target.subject,
        evidence=evidence,
        remedy=Remedy(_remedy(vulnerability, upgrades, target)),
        references=_references(vulnerability),
        fingerprint=sha256(basis.encode("utf-8", "surrogatepass")).hexdigest()[:32],
        suppressed=suppressed,
        vulnerability=vulnerability,
    )


def unversioned(package: Installed) -> str:
    """The package URL without version and qualifiers: it stays the same across upgrades."""
    head, at, _ = package.purl.partition("?")[0].rpartition("@")
    return head if at else package.purl.partition("?")[0] or f"{package.type}/{package.name}"


def _title(vulnerability: Vulnerability) -> str:
    text = (
        vulnerability.summary
        if len(vulnerability.summary) <= _TITLE
        else f"{vulnerability.summary[: _TITLE - 1].rstrip()}…"
    )
    return (
        f"{vulnerability.package.name}: {text}" if text else f"{vulnerability.package.name} has a known vulnerability"
    )


def _message(vulnerability: Vulnerability) -> str:
    package = vulnerability.package
    name = f"{package.name} {package.version}"
    if package.source and package.source != package.name and package.type in OF_DISTRIBUTIONS:
        name += f" (of {package.source})"
    parts = [f"{name} is affected"]
    if vulnerability.exploited:
        parts.append(f"known to be exploited (since {vulnerability.exploited.added or 'an unknown day'})")
    if vulnerability.epss:
        parts.append(f"EPSS {vulnerability.epss.score:.1%}")
    parts.append(
        f"fixed in {vulnerability.fixed}"
        if vulnerability.fixed
        else _UNPLANNED.get(vulnerability.state, "no fix is known")
    )
    if vulnerability.note:
        parts.append(vulnerability.note)
    return "; ".join(parts)


def _remedy(vulnerability: Vulnerability, upgrades: dict[tuple[str, str, str], str], target: FindingTarget) -> str:
    package = vulnerability.package
    _, name = upgraded(package)
    if vulnerability.fixed:
        place = (*upgraded(package), package.source_version or package.version)
        text = f"upgrade {name} to {upgrades.get(place, vulnerability.fixed)}"
        if target.base_layer and package.layer == target.base_layer and package.type in OF_DISTRIBUTIONS:
            text += ", or build on a newer base image"
        return text
    if vulnerability.state == "end-of-life":
        return f"move to a newer release of the distribution, or remove {name}"
    return f"remove {name}, or assess whether the vulnerable code is reachable: no fixed version exists yet"


def _references(vulnerability: Vulnerability) -> tuple[Reference, ...]:
    pages = {f"https://osv.dev/vulnerability/{vulnerability.id}": vulnerability.id}
    if vulnerability.id.startswith("CVE-"):
        pages = {f"https://www.cve.org/CVERecord?id={vulnerability.id}": vulnerability.id}
    for url in vulnerability.references[:_REFERENCES]:
        if url.startswith(("https://", "http://")):
            pages.setdefault(url, url.partition("://")[2][:100])
    return tuple(Reference(label, url) for url, label in pages.items())
