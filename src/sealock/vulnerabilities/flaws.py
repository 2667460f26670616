"""Merges the claims on one package: what several records say of one flaw becomes one flaw.

`aliases` are symmetric and transitive. `upstream` is directed: an update that closes three CVEs is reported under each
of them, and does not join them. A record with several CVEs keeps them all.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from sealock.model.advisory import DistributionState
from sealock.model.severity import Severity
from sealock.patterns import compile_lazily
from sealock.vulnerabilities.claim import Claim

_CVE: Final = compile_lazily(r"(?:\A|-)(CVE-\d{4}-\d{4,})\Z")
_MOST: Final = 2000
"""Most names that are followed from one record: this bounds alias cycles and hostile feeds."""
_CANDIDATES: Final = 100
"""Most versions that are tried as the fix; the first few suffice, except with a hostile feed."""
_TRACKERS: Final = frozenset({"debian-tracker"})
"""Feeds that other feeds derive from: where one has a CVE, the others' records of that CVE do not count."""
_PRECEDENCE: Final[tuple[DistributionState, ...]] = (
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
"""Which state wins where records differ: the most informative first."""


class Flaw(Struct, frozen=True, gc=False):
    """One flaw in one version of one package. `severity` is the distribution's own rating, None where it has none.

    `cancelled` means that a record calls the package not affected: the flaw is reported as suppressed.
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
    match = _CVE.search(name)
    return match[1] if match else ""


def affects(claim: Claim, key: bytes) -> bool:
    """Whether the claim is about this version: it is listed, or in a span."""
    for span in claim.spans:
        # A call for each of ten thousand spans would take as long as all comparisons.
        end = span.end
        if span.introduced <= key and (not end or key < end or (key == end and span.inclusive)):
            return True
    versions = claim.versions
    if versions:
        at = bisect_left(versions, key)
        return at < len(versions) and versions[at] == key
    # "Not affected" without versions means all versions.
    return claim.state == "not-affected" and not claim.spans and not claim.unreadable


def merged(claims: Sequence[Claim], hits: Sequence[Claim], key: bytes, assumed: frozenset[int]) -> Iterator[Flaw]:
    """Yield each flaw of the hits (the claims that affect the version) once.

    `assumed` holds the identities of claims whose module had to be assumed.
    """
    names = _Names(claims)
    tracked = {name for claim in claims if claim.feed in _TRACKERS for name in _own_cves(claim)}
    groups: dict[str, list[Claim]] = {}
    for hit in hits:
        for label in names.labels(hit):
            if label not in tracked or hit.feed in _TRACKERS:
                groups.setdefault(label, []).append(hit)
    labels = frozenset(groups)
    for label, group in groups.items():
        # "Not affected" matters only where another record says "affected".
        if any(claim.state != "not-affected" for claim in group):
            yield _flaw(label, group, key, labels, assumed)


def labels(claims: Sequence[Claim], selected: Sequence[Claim]) -> set[str]:
    """The flaws that the selected claims on a package are about."""
    names = _Names(claims)
    return {label for claim in selected for label in names.labels(claim)}


class _Names:
    """Resolves the ids of one package's records to flaws."""

    def __init__(self, claims: Sequence[Claim]) -> None:
        self.claims = claims
        self._near: dict[str, list[Claim]] | None = None
        self._own: frozenset[str] | None = None
        self._resolved: dict[str, tuple[str, ...]] = {}

    def labels(self, hit: Claim) -> tuple[str, ...]:
        """The flaws of a record: its CVEs, else the CVEs of its aliases, else its preferred name."""
        own = _own_cves(hit)
        # A distribution's update counts for a CVE only where no record of that CVE says otherwise.
        upstream = [name for name in map(cve, hit.upstream) if name and name not in own]
        if upstream:
            upstream = [name for name in upstream if name not in self._recorded_cves()]
        if own or upstream:
            return tuple(dict.fromkeys((*own, *upstream)))
        if any(map(cve, hit.upstream)):
            return ()
        return self._follow(hit)

    def _recorded_cves(self) -> frozenset[str]:
        """The CVEs that have a record of their own, whether it affects the version or not."""
        if self._own is None:
            self._own = frozenset(name for claim in self.claims for name in _own_cves(claim))
        return self._own

    def _follow(self, hit: Claim) -> tuple[str, ...]:
        """Follow the aliases of a record that names no CVE: up to CVEs, else to the preferred name."""
        if not hit.aliases and not hit.upstream:
            return (hit.advisory,)
        if hit.advisory in self._resolved:
            return self._resolved[hit.advisory]
        if self._near is None:
            self._near = {}
            for claim in self.claims:
                for name in (claim.advisory, *claim.aliases):
                    self._near.setdefault(name, []).append(claim)
        visited: dict[str, None] = {}
        ahead = [hit.advisory, *hit.aliases]
        cves: dict[str, None] = {}
        above: dict[str, None] = dict.fromkeys(hit.upstream)
        while ahead and len(visited) < _MOST:
            name = ahead.pop()
            if name in visited:
                continue
            visited[name] = None
            if own := cve(name):
                cves[own] = None
            for claim in self._near.get(name, ()):
                above.update(dict.fromkeys(claim.upstream))
                ahead += [other for other in (claim.advisory, *claim.aliases) if other not in visited]
        cves.update(dict.fromkeys(filter(None, map(cve, above))))
        labels = tuple(cves) or (min(visited, key=_preference),)
        # All visited names resolve to the same.
        self._resolved.update(dict.fromkeys(visited, labels))
        return labels


def _own_cves(claim: Claim) -> tuple[str, ...]:
    """The CVEs among the record's own id and aliases."""
    # A record named for a CVE ("DEBIAN-CVE-…") is about that CVE: other CVEs among its aliases are other flaws.
    if own := claim.advisory if claim.advisory.startswith("CVE-") else cve(claim.advisory):
        return (own,)
    return tuple(dict.fromkeys(filter(None, map(cve, claim.aliases))))


def _preference(name: str) -> tuple[int, str]:
    kinds = ("GHSA-", "GO-", "RUSTSEC-", "PYSEC-")
    return next((number for number, kind in enumerate(kinds) if name.startswith(kind)), len(kinds)), name


def _flaw(label: str, group: list[Claim], key: bytes, labels: frozenset[str], assumed: frozenset[int]) -> Flaw:
    if len(group) == 1 and label == (only := group[0]).advisory and not only.aliases:
        # Nearly all of a distribution's flaws: one record, named for the CVE.
        fixed, fixed_key = _fix(group, key)
        module_assumed = id(only) in assumed
        return Flaw(
            label, (only,), only.state, fixed, fixed_key, only.severity, (), (label,), module_assumed=module_assumed
        )
    direct = [claim for claim in group if label in _own_cves(claim)] or group
    cancelled = any(claim.state == "not-affected" for claim in group)
    counting = [claim for claim in direct if claim.state != "not-affected"] or direct
    fixed, fixed_key = ("", b"") if cancelled else _fix(counting, key)
    names = dict.fromkeys(name for claim in direct for name in (claim.advisory, *claim.aliases))
    return Flaw(
        id=label,
        claims=tuple(counting),
        state="not-affected" if cancelled else min((claim.state for claim in counting), key=_PRECEDENCE.index),
        fixed=fixed,
        fixed_key=fixed_key,
        severity=max((claim.severity for claim in counting if claim.severity is not None), default=None),
        aliases=tuple(sorted(name for name in names if name not in labels and not name.startswith("CVE-"))),
        advisories=tuple(dict.fromkeys(claim.advisory for claim in group)),
        cancelled=cancelled,
        module_assumed=any(id(claim) in assumed for claim in counting),
    )


def _fix(claims: Sequence[Claim], key: bytes) -> tuple[str, bytes]:
    """The lowest later version that some record calls fixed and no record calls affected."""
    if len(claims) == 1 and len(claims[0].spans) == 1:
        span = claims[0].spans[0]
        if not span.fixed or not span.end or span.inclusive:
            return "", b""
        if not affects(claims[0], span.end) and span.end > key:
            return span.fixed, span.end
        return "", b""
    candidates = {
        span.end: span.fixed
        for claim in claims
        for span in claim.spans
        if span.fixed and span.end and not span.inclusive and span.end > key
    }
    for end in sorted(candidates)[:_CANDIDATES]:
        if not any(affects(claim, end) for claim in claims):
            return candidates[end], end
    return "", b""
