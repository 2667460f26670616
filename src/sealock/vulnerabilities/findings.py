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
from sealock.vulnerabilities.matches import Matched
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


class Where(Struct, frozen=True):
    """What the findings are about: `name` enters the fingerprints, `subject` and `location` are shown.

    `based` is the digest of the layer that the base image surely brought, "" where nobody can tell.
    """

    name: str
    subject: str
    location: Location
    based: str = ""


def findings(matched: Matched, where: Where) -> list[Finding]:
    """Make the findings, those that do not count with their suppression."""
    every = [(one, None) for one in matched.vulnerabilities]
    aside = [(one.vulnerability, Suppression(one.by, one.reason)) for one in matched.silenced]
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
    for one in vulnerabilities:
        if one.fixed:
            home = (*upgraded(one.package), one.package.source_version or one.package.version)
            found = key(of_package(one.package.type), one.fixed) or b""  # type: ignore[arg-type]  # one of its types
            best[home] = max(best.get(home, (b"", "")), (found, one.fixed))
    return {home: fixed for home, (_, fixed) in best.items()}


def _finding(
    one: Vulnerability,
    suppressed: Suppression | None,
    where: Where,
    aims: dict[tuple[str, str, str], str],
    seen: dict[str, int],
) -> Finding:
    package = one.package
    evidence = unversioned(package)
    basis = f"{one.id}\0{where.name}\0{evidence}"
    if suppressed is None or not package.removed:
        seen[basis] = seen.get(basis, 0) + 1
        basis = f"{basis}\0{seen[basis]}"
    else:
        basis = f"{basis}\0removed\0{package.version}"
    return Finding(
        rule=one.id,
        severity=one.severity,
        confidence=Confidence.MEDIUM if "assumed" in one.note else Confidence.HIGH,
        title=_title(one),
        message=_message(one),
        location=where.location,
        subject=where.subject,
        evidence=evidence,
        remedy=Remedy(_remedy(one, aims, where)),
        references=_references(one),
        fingerprint=sha256(basis.encode("utf-8", "surrogatepass")).hexdigest()[:32],
        suppressed=suppressed,
        vulnerability=one,
    )


def unversioned(package: Installed) -> str:
    """The package's URL without version and qualifiers: what stays the same through upgrades."""
    head, at, _ = package.purl.partition("?")[0].rpartition("@")
    return head if at else package.purl.partition("?")[0] or f"{package.type}/{package.name}"


def _title(one: Vulnerability) -> str:
    text = one.summary if len(one.summary) <= _TITLE else f"{one.summary[: _TITLE - 1].rstrip()}…"
    return f"{one.package.name}: {text}" if text else f"{one.package.name} has a known vulnerability"


def _message(one: Vulnerability) -> str:
    package = one.package
    named = f"{package.name} {package.version}"
    if package.source and package.source != package.name and package.type in OF_DISTRIBUTIONS:
        named += f" (of {package.source})"
    words = [f"{named} is affected"]
    if one.exploited:
        words.append(f"it is known to be exploited (since {one.exploited.added or 'an unknown day'})")
    if one.epss:
        words.append(f"EPSS {one.epss.score:.1%}")
    words.append(f"{one.fixed} mends it" if one.fixed else _UNPLANNED.get(one.state, "no fix is known"))
    if one.note:
        words.append(one.note)
    return "; ".join(words)


def _remedy(one: Vulnerability, aims: dict[tuple[str, str, str], str], where: Where) -> str:
    package = one.package
    _, name = upgraded(package)
    if one.fixed:
        home = (*upgraded(package), package.source_version or package.version)
        text = f"upgrade {name} to {aims.get(home, one.fixed)}"
        if where.based and package.layer == where.based and package.type in OF_DISTRIBUTIONS:
            text += ", or build on a newer base image"
        return text
    if one.state == "end-of-life":
        return f"move to a newer release of the distribution, or do without {name}"
    return f"do without {name}, or weigh whether its flaw can be reached: no version mends it yet"


def _references(one: Vulnerability) -> tuple[Reference, ...]:
    pages = {f"https://osv.dev/vulnerability/{one.id}": one.id}
    if one.id.startswith("CVE-"):
        pages = {f"https://www.cve.org/CVERecord?id={one.id}": one.id}
    for url in one.references[:_REFERENCES]:
        if url.startswith(("https://", "http://")):
            pages.setdefault(url, url.partition("://")[2][:100])
    return tuple(Reference(label, url) for url, label in pages.items())
