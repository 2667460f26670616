"""Findings made of vulnerabilities: what is wrong in a sentence, what to do, and a fingerprint that outlives versions.

The fingerprint rests on the vulnerability's id, the target and the package's kind and name: not on the package's
version, path or layer, so that an ignore or a baseline holds until the flaw is gone, through any number of rebuilds.
Several versions of one package in one target are told apart by their order.
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
    "no-dsa": "its distribution holds it to be too minor for an update of its own",
    "ignored": "its distribution will not mend it",
    "postponed": "its distribution mends it with some later update",
    "deferred": "its distribution has put it off",
    "unimportant": "its distribution holds it to be unimportant",
    "end-of-life": "its distribution supports this package no longer",
    "undetermined": "its distribution has not found out whether it is affected",
    "under-investigation": "its distribution is looking into it",
    "pending": "a fix is being prepared",
}
_REFERENCES: Final = 10
_TITLE: Final = 120


class FindingTarget(Struct, frozen=True):
    """What the findings are about: `name` enters the fingerprints, `subject` and `location` are shown.

    `based` is the digest of the layer that the base image surely brought, "" where nobody can tell.
    """

    name: str
    subject: str
    location: Location
    based: str = ""


def findings(matched: MatchResult, where: FindingTarget) -> list[Finding]:
    """Make the findings, those that do not count with their suppression."""
    every = [(vulnerability, None) for vulnerability in matched.vulnerabilities]
    aside = [(one.vulnerability, Suppression(one.by, one.reason)) for one in matched.suppressed]
    aims = _aims(matched.vulnerabilities)
    seen: dict[str, int] = {}
    return [_finding(one, suppressed, where, aims, seen) for one, suppressed in (*every, *aside)]


def upgraded(package: Installed) -> tuple[str, str]:
    """What is upgraded as one: a distribution's source package, else the package."""
    if package.type in OF_DISTRIBUTIONS:
        return package.type, package.source or package.name
    return package.type, package.name


def _aims(vulnerabilities: Iterable[Vulnerability]) -> dict[tuple[str, str, str], str]:
    """The version that mends all that can be mended in a package, by what is upgraded and its version now."""
    best: dict[tuple[str, str, str], tuple[bytes, str]] = {}
    for vulnerability in vulnerabilities:
        if vulnerability.fixed:
            home = (
                *upgraded(vulnerability.package),
                vulnerability.package.source_version or vulnerability.package.version,
            )
            found = key(of_package(vulnerability.package.type), vulnerability.fixed) or b""  # type: ignore[arg-type]  # one of its types
            best[home] = max(best.get(home, (b"", "")), (found, vulnerability.fixed))
    return {home: fixed for home, (_, fixed) in best.items()}


def _finding(
    vulnerability: Vulnerability,
    suppressed: Suppression | None,
    where: FindingTarget,
    aims: dict[tuple[str, str, str], str],
    seen: dict[str, int],
) -> Finding:
    package = vulnerability.package
    evidence = unversioned(package)
    basis = f"{vulnerability.id}\0{where.name}\0{evidence}"
    if suppressed is None or not package.removed:
        seen[basis] = seen.get(basis, 0) + 1
        basis = f"{basis}\0{seen[basis]}"
    else:
        basis = f"{basis}\0removed\0{package.version}"
    return Finding(
        rule=vulnerability.id,
        severity=vulnerability.severity,
        confidence=Confidence.MEDIUM if "assumed" in vulnerability.note else Confidence.HIGH,
        title=_title(vulnerability),
        message=_message(vulnerability),
        location=where.location,
        subject=where.subject,
        evidence=evidence,
        remedy=Remedy(_remedy(vulnerability, aims, where)),
        references=_references(vulnerability),
        fingerprint=sha256(basis.encode("utf-8", "surrogatepass")).hexdigest()[:32],
        suppressed=suppressed,
        vulnerability=vulnerability,
    )


def unversioned(package: Installed) -> str:
    """The package's URL without version and qualifiers: what stays the same through upgrades."""
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
    named = f"{package.name} {package.version}"
    if package.source and package.source != package.name and package.type in OF_DISTRIBUTIONS:
        named += f" (of {package.source})"
    words = [f"{named} is affected"]
    if vulnerability.exploited:
        words.append(f"it is known to be exploited (since {vulnerability.exploited.added or 'an unknown day'})")
    if vulnerability.epss:
        words.append(f"EPSS {vulnerability.epss.score:.1%}")
    words.append(
        f"{vulnerability.fixed} mends it"
        if vulnerability.fixed
        else _UNPLANNED.get(vulnerability.state, "no fix is known")
    )
    if vulnerability.note:
        words.append(vulnerability.note)
    return "; ".join(words)


def _remedy(vulnerability: Vulnerability, aims: dict[tuple[str, str, str], str], where: FindingTarget) -> str:
    package = vulnerability.package
    _, name = upgraded(package)
    if vulnerability.fixed:
        home = (*upgraded(package), package.source_version or package.version)
        text = f"upgrade {name} to {aims.get(home, vulnerability.fixed)}"
        if where.based and package.layer == where.based and package.type in OF_DISTRIBUTIONS:
            text += ", or build on a newer base image"
        return text
    if vulnerability.state == "end-of-life":
        return f"move to a newer release of the distribution, or do without {name}"
    return f"do without {name}, or weigh whether its flaw can be reached: no version mends it yet"


def _references(vulnerability: Vulnerability) -> tuple[Reference, ...]:
    pages = {f"https://osv.dev/vulnerability/{vulnerability.id}": vulnerability.id}
    if vulnerability.id.startswith("CVE-"):
        pages = {f"https://www.cve.org/CVERecord?id={vulnerability.id}": vulnerability.id}
    for url in vulnerability.references[:_REFERENCES]:
        if url.startswith(("https://", "http://")):
            pages.setdefault(url, url.partition("://")[2][:100])
    return tuple(Reference(label, url) for url, label in pages.items())
