"""Puts claims on one package together: what several records say of one flaw becomes one flaw, told once.

`aliases` go both ways and on and on; `upstream` goes one way: an update that closes three CVEs is told of under each of
them, and does not make them one. A record with several CVEs keeps them all.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from sealock.model.advisory import DistributionState
from sealock.model.severity import Severity
from sealock.vulnerabilities.claim import Claim

_CVE: Final = re.compile(r"(?:\A|-)(CVE-\d{4}-\d{4,})\Z")
_MOST: Final = 2000
"""Names that are followed from one record: feeds that alias in circles, or without end, end here."""
_OFFERED: Final = 100
"""Versions that are tried as the one that mends: the first few do, unless a feed means harm."""
_TRACKERS: Final = frozenset({"debian-tracker"})
"""Feeds from which others make theirs: where one speaks of a CVE, what others make of it counts no more."""
_TELLING: Final[tuple[DistributionState, ...]] = (
    "no-dsa",
    "ignored",
    "postponed",
    "deferred",
    "unimportant",
    "end-of-life",
    "undetermined",
    "under-investigation",
    "pending",
    "fixed",
    "affected",
    "not-affected",
)
"""Which state counts where records differ: the one that says most."""


class Flaw(Struct, frozen=True, gc=False):
    """One flaw in one version of one package. `severity` is the distribution's own word, None where it has none.

    `cancelled` says that a record holds it not to be affected; the flaw is then there to be shown, not to count.
    """

    id: str
    claims: tuple[Claim, ...]
    state: DistributionState
    fixed: str
    fixed_key: bytes
    severity: Severity | None
    aliases: tuple[str, ...]
    advisories: tuple[str, ...]
    cancelled: bool = False
    module_assumed: bool = False


def cve(name: str) -> str:
    """The CVE that a name is or ends in ("UBUNTU-CVE-2024-1234", "DEBIAN-CVE-…"), "" for none."""
    found = _CVE.search(name)
    return found[1] if found else ""


def affects(claim: Claim, key: bytes) -> bool:
    """Whether the claim speaks of this version: it is listed, or in a span."""
    for span in claim.spans:
        # A call for each of ten thousand spans would take as long as all comparisons.
        end = span.end
        if span.introduced <= key and (not end or key < end or (key == end and span.inclusive)):
            return True
    versions = claim.versions
    if versions:
        at = bisect_left(versions, key)
        return at < len(versions) and versions[at] == key
    # A distribution that holds a package not to be affected need not say which versions it means.
    return claim.state == "not-affected" and not claim.spans and not claim.unreadable


def merged(claims: Sequence[Claim], hits: Sequence[Claim], key: bytes, assumed: frozenset[int]) -> Iterator[Flaw]:
    """Yield the flaws that the hits (those of the claims that affect the version) stand for, each once.

    `assumed` holds the identities of claims whose module had to be assumed.
    """
    names = _Names(claims)
    tracked = {one for claim in claims if claim.feed in _TRACKERS for one in _own_cves(claim)}
    groups: dict[str, list[Claim]] = {}
    for hit in hits:
        for label in names.labels(hit):
            if label not in tracked or hit.feed in _TRACKERS:
                groups.setdefault(label, []).append(hit)
    labels = frozenset(groups)
    for label, group in groups.items():
        # That a package is not affected is worth telling only where another record says that it is.
        if all(claim.state == "not-affected" for claim in group):
            continue
        yield _flaw(label, group, key, labels, assumed)


def labels(claims: Sequence[Claim], some: Sequence[Claim]) -> set[str]:
    """The flaws that some of the claims on a package tell of."""
    names = _Names(claims)
    return {label for claim in some for label in names.labels(claim)}


class _Names:
    """What the ids of one package's records stand for."""

    def __init__(self, claims: Sequence[Claim]) -> None:
        self.claims = claims
        self._near: dict[str, list[Claim]] | None = None
        self._own: frozenset[str] | None = None
        self._followed_before: dict[str, tuple[str, ...]] = {}

    def labels(self, hit: Claim) -> tuple[str, ...]:
        """The flaws that a record tells of: its CVEs, else those of its other names, else the best of its names."""
        own = _own_cves(hit)
        # A distribution's update counts for a CVE only where no record on that very CVE says otherwise.
        passed = [one for one in map(cve, hit.upstream) if one and one not in own]
        if passed:
            passed = [one for one in passed if one not in self._told_of()]
        if own or passed:
            return tuple(dict.fromkeys((*own, *passed)))
        if any(map(cve, hit.upstream)):
            return ()
        return self._followed(hit)

    def _told_of(self) -> frozenset[str]:
        """The CVEs that have a record of their own here, whether it affects the version or not."""
        if self._own is None:
            self._own = frozenset(one for claim in self.claims for one in _own_cves(claim))
        return self._own

    def _followed(self, hit: Claim) -> tuple[str, ...]:
        """Follow the names of a record that names no CVE: up to CVEs, else to the first of all names."""
        if not hit.aliases and not hit.upstream:
            return (hit.advisory,)
        if hit.advisory in self._followed_before:
            return self._followed_before[hit.advisory]
        if self._near is None:
            self._near = {}
            for claim in self.claims:
                for name in (claim.advisory, *claim.aliases):
                    self._near.setdefault(name, []).append(claim)
        seen: dict[str, None] = {}
        ahead = [hit.advisory, *hit.aliases]
        found: dict[str, None] = {}
        above: dict[str, None] = dict.fromkeys(hit.upstream)
        while ahead and len(seen) < _MOST:
            name = ahead.pop()
            if name in seen:
                continue
            seen[name] = None
            if one := cve(name):
                found[one] = None
            for claim in self._near.get(name, ()):
                above.update(dict.fromkeys(claim.upstream))
                ahead += [other for other in (claim.advisory, *claim.aliases) if other not in seen]
        cves = (*found, *(one for one in map(cve, above) if one))
        labels = tuple(dict.fromkeys(cves)) or (min(seen, key=_preference),)
        # All that were met on the way stand for the same.
        self._followed_before.update(dict.fromkeys(seen, labels))
        return labels


def _own_cves(claim: Claim) -> tuple[str, ...]:
    """The CVEs that are names of the record itself."""
    # A record on a CVE, or "DEBIAN-CVE-…", is on that one: others that it calls its aliases are other flaws.
    if own := claim.advisory if claim.advisory.startswith("CVE-") else cve(claim.advisory):
        return (own,)
    return tuple(dict.fromkeys(one for one in map(cve, claim.aliases) if one))


def _preference(name: str) -> tuple[int, str]:
    kinds = ("GHSA-", "GO-", "RUSTSEC-", "PYSEC-")
    return next((number for number, kind in enumerate(kinds) if name.startswith(kind)), len(kinds)), name


def _flaw(label: str, group: list[Claim], key: bytes, labels: frozenset[str], assumed: frozenset[int]) -> Flaw:
    if len(group) == 1 and label == (only := group[0]).advisory and not only.aliases:
        # Nearly all of a distribution's flaws: one record, on that very CVE.
        fixed, fixed_key = _fix(group, key)
        told = (label,)
        return Flaw(
            label, (only,), only.state, fixed, fixed_key, only.severity, (), told, module_assumed=id(only) in assumed
        )
    direct = [claim for claim in group if label in _own_cves(claim)] or group
    cancelled = any(claim.state == "not-affected" for claim in group)
    counting = [claim for claim in direct if claim.state != "not-affected"] or direct
    fixed, fixed_key = ("", b"") if cancelled else _fix(counting, key)
    names = dict.fromkeys(name for claim in direct for name in (claim.advisory, *claim.aliases))
    return Flaw(
        id=label,
        claims=tuple(counting),
        state="not-affected" if cancelled else min((claim.state for claim in counting), key=_TELLING.index),
        fixed=fixed,
        fixed_key=fixed_key,
        severity=max((claim.severity for claim in counting if claim.severity is not None), default=None),
        aliases=tuple(sorted(name for name in names if name not in labels and not name.startswith("CVE-"))),
        advisories=tuple(dict.fromkeys(claim.advisory for claim in group)),
        cancelled=cancelled,
        module_assumed=any(id(claim) in assumed for claim in counting),
    )


def _fix(claims: Sequence[Claim], key: bytes) -> tuple[str, bytes]:
    """The lowest later version that a record calls fixed and that none of them calls affected."""
    if len(claims) == 1 and len(claims[0].spans) == 1:
        span = claims[0].spans[0]
        if not span.fixed or not span.end or span.inclusive:
            return "", b""
        if not affects(claims[0], span.end) and span.end > key:
            return span.fixed, span.end
        return "", b""
    offered = {
        span.end: span.fixed
        for claim in claims
        for span in claim.spans
        if span.fixed and span.end and not span.inclusive and span.end > key
    }
    for end in sorted(offered)[:_OFFERED]:
        if not any(affects(claim, end) for claim in claims):
            return offered[end], end
    return "", b""
