"""Debian's security tracker: the flaws of each release's source packages, and the security team's decisions.

https://security-tracker.debian.org/tracker/data/json
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Final

import msgspec
from msgspec import Struct

from sealock.model.advisory import Advisory, Affects, DistributionState, Span
from sealock.vulnerabilities.feeds._document import UNREADABLE, document
from sealock.vulnerabilities.feeds._texts import details, is_rejected
from sealock.vulnerabilities.feeds.feed import BrokenRecord, FeedItem, Withdrawn, fit, word

FEED: Final = "debian-tracker"
RELEASES: Final = {
    "wheezy": "7", "jessie": "8", "stretch": "9", "buster": "10", "bullseye": "11", "bookworm": "12", "trixie": "13",
    "forky": "14", "duke": "15", "sid": "sid",
}  # fmt: skip
"""The releases' numbers by code name."""
_FLAWS: Final = ("CVE-", "DSA-", "DLA-", "TEMP-")


class _Release(Struct, gc=False):
    status: str = ""
    fixed_version: str = ""
    urgency: str = ""
    nodsa: str | None = None
    nodsa_reason: str | None = None


class _Flaw(Struct):
    description: str | None = None
    releases: dict[str, _Release] | None = None


_flaws: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_flaw: Final = msgspec.json.Decoder(_Flaw).decode


def read(file: IO[bytes]) -> Iterator[FeedItem]:
    """Yield one record per flaw and package."""
    for package, raw in document(file, dict[str, msgspec.Raw]).items():
        try:
            flaws = _flaws(raw)
        except UNREADABLE as error:
            yield BrokenRecord(package, str(error))
            continue
        if not fit(package):
            yield BrokenRecord(package, "its name is invalid")
            continue
        for name, body in flaws.items():
            yield _record(package, name, body)


def _record(package: str, name: str, body: msgspec.Raw) -> FeedItem:
    where = f"{name} of {package}"
    if not name.startswith(_FLAWS) or not fit(name):
        return BrokenRecord(where, "its id is not one of Debian's")
    try:
        flaw = _flaw(body)
    except UNREADABLE as error:
        return BrokenRecord(where, str(error))
    if is_rejected(name, flaw.description):
        return Withdrawn(name)
    affects = []
    for code, release in (flaw.releases or {}).items():
        number = RELEASES.get(code.partition("-")[0])
        # Pockets (bookworm-backports) follow their release.
        if number is None or "-" in code:
            continue
        evaluated = _affects(f"Debian:{number}", package, release)
        if evaluated is None:
            return BrokenRecord(where, f"{release.status[:40]!r} is not a status")
        affects.append(evaluated)
    return Advisory(name, FEED, tuple(affects), details=details(flaw.description))


def _affects(ecosystem: str, package: str, release: _Release) -> Affects | None:
    severity = word(release.urgency)
    match release.status:
        case "resolved" if release.fixed_version == "0":
            return Affects(ecosystem, package, state="not-affected", severity=severity)
        case "resolved":
            # Versions before the fix are affected, whatever was decided before the fix.
            state: DistributionState = "unimportant" if release.urgency == "unimportant" else "affected"
            return Affects(ecosystem, package, (Span(fixed=release.fixed_version),), (), state, severity=severity)
        case "open":
            return Affects(ecosystem, package, (Span(),), (), _decided(release), severity=severity)
        case "undetermined":
            return Affects(ecosystem, package, (Span(),), (), "undetermined", severity=severity)
        case _:
            return None


def _decided(release: _Release) -> DistributionState:
    """The decision on an open flaw."""
    if release.urgency == "unimportant":
        return "unimportant"
    if release.urgency == "end-of-life" or "end-of-life" in (release.nodsa or "").lower():
        return "end-of-life"
    if release.nodsa is None:
        return "affected"
    match release.nodsa_reason:
        case "ignored":
            return "ignored"
        case "postponed":
            return "postponed"
        case _:
            return "no-dsa"
