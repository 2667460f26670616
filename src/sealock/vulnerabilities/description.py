"""Describes what was matched: what is known of each flaw, where its package is from, and whether it counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from sealock.model.advisory import Advisory, Epss, Exploited, Installed, Rating, Vulnerability
from sealock.model.inventory import OF_DISTRIBUTIONS, Inventory, Layer, Package
from sealock.model.purl import purl
from sealock.model.severity import Severity
from sealock.text import count
from sealock.vulnerabilities.claim import AdvisoryLookup
from sealock.vulnerabilities.matches import SuppressedVulnerability, VulnerabilityMatch
from sealock.vulnerabilities.owners import owners
from sealock.vulnerabilities.ratings import rank, severity_of

_REFERENCES: Final = 20


class _Known(Struct, frozen=True, gc=False):
    """What is known of a flaw beside the versions."""

    severity: Severity
    feed: str
    ratings: tuple[Rating, ...]
    summary: str
    references: tuple[str, ...]
    note: str


class Describer:
    """Makes vulnerabilities of hits: with what is known of the flaw beside the versions.

    `judging` names, for each of the distribution's packages that it says anything of, the ecosystem that judges it.
    """

    def __init__(
        self,
        inventory: Inventory,
        database: AdvisoryLookup,
        hits: Sequence[VulnerabilityMatch],
        judging: Mapping[str, str],
    ) -> None:
        self.inventory, self.hits, self.judging = inventory, hits, judging
        self.layers: dict[int, Layer] = {layer.index: layer for layer in self.inventory.layers}
        self.known: dict[int, _Known] = {}
        """By the flaw's identity: the packages of one source share it."""
        self.made: dict[int, Installed] = {}
        """By the package's identity: a package with many flaws is described once."""
        cves = sorted({hit.flaw.id for hit in hits})
        wanted = {name for hit in hits for name in hit.flaw.advisories} | set(cves)
        self.records: dict[str, Advisory] = database.details(sorted(wanted)) if wanted else {}
        self.exploited: dict[str, Exploited] = database.exploited(cves) if cves else {}
        self.epss: dict[str, Epss] = database.epss(cves) if cves else {}

    def done(self) -> tuple[tuple[Vulnerability, ...], tuple[SuppressedVulnerability, ...]]:
        """Tell what counts and what does not, each the gravest first."""
        languages = {hit.package.path for hit in self.hits if hit.package.type not in OF_DISTRIBUTIONS}
        owned = owners(languages, self.inventory.packages)
        counted: list[Vulnerability] = []
        suppressed: list[SuppressedVulnerability] = []
        for hit, note in _folded(self.hits):
            told = self._told(hit, note)
            if why := self._why_not(hit, owned):
                suppressed.append(SuppressedVulnerability(told, *why))
            else:
                counted.append(told)
        suppressed.sort(key=lambda one: rank(one.vulnerability))
        return tuple(sorted(counted, key=rank)), tuple(suppressed)

    def _why_not(self, hit: VulnerabilityMatch, owned: Mapping[str, Package]) -> tuple[str, str] | None:
        """Who holds that it does not count, and why; None where it does."""
        package = hit.package
        if hit.flaw.cancelled:
            fixed = hit.flaw.state == "fixed"
            return (
                hit.ecosystem,
                f"the distribution holds this version {'to be fixed' if fixed else 'not to be affected'}",
            )
        if package.removed:
            return "a later layer", "it was removed or replaced: it is in the image's layers, and no container sees it"
        owner = owned.get(package.path)
        if owner is not None and (evaluate := self.judging.get(owner.name)):
            return evaluate, f"the file is the package {owner.name} {owner.version}'s, which the distribution judges"
        return None

    def _told(self, hit: VulnerabilityMatch, note: str) -> Vulnerability:
        flaw, package = hit.flaw, hit.package
        known = self.known.get(id(flaw))
        if known is None:
            known = self.known[id(flaw)] = self._known(hit)
        notes = known.note
        if package.development or hit.note or note or flaw.module_assumed:
            module = "the package's module was assumed to be the one meant" if flaw.module_assumed else ""
            aside = "for development alone" if package.development else ""
            notes = "; ".join(filter(None, (hit.note, module, aside, note, known.note)))
        return Vulnerability(
            flaw.id,
            self._installed(package),
            known.severity,
            known.feed,
            flaw.aliases,
            flaw.advisories,
            flaw.fixed,
            flaw.state,
            known.ratings,
            self.exploited.get(flaw.id),
            self.epss.get(flaw.id),
            known.summary,
            known.references,
            notes,
        )

    def _known(self, hit: VulnerabilityMatch) -> _Known:
        """What is the same for every package that has the flaw from one source."""
        flaw = hit.flaw
        own = [self.records[name] for name in flaw.advisories if name in self.records]
        every = own
        if flaw.id in self.records and flaw.id not in flaw.advisories:
            every = [*own, self.records[flaw.id]]
        ratings: tuple[Rating, ...] = every[0].ratings if len(every) == 1 else ()
        references: tuple[str, ...] = every[0].references if len(every) == 1 else ()
        if len(every) > 1:
            ratings = tuple(dict.fromkeys(rating for record in every for rating in record.ratings))
            references = tuple(dict.fromkeys(url for record in every for url in record.references))
        if flaw.severity is not None:
            ratings = (Rating(hit.ecosystem, flaw.severity), *ratings)
        severity, unrated = severity_of(flaw.severity, flaw.state, own, ratings)
        summary = next((text for record in every if (text := _summary(record))), "")
        feed = own[0].feed if own else hit.ecosystem
        return _Known(severity, feed, ratings, summary, references[:_REFERENCES], unrated)

    def _installed(self, package: Package) -> Installed:
        if id(package) not in self.made:
            self.made[id(package)] = self._described(package)
        return self.made[id(package)]

    def _described(self, package: Package) -> Installed:
        layer = self.layers.get(package.layer)
        return Installed(
            type=package.type,
            name=f"{package.namespace}{':' if package.type == 'maven' else '/'}{package.name}"
            if package.namespace and package.type not in OF_DISTRIBUTIONS
            else package.name,
            version=package.version,
            purl=purl(package, self.inventory.distribution),
            source=package.source,
            source_version=package.source_version,
            path=package.path,
            layer=(layer.digest or layer.diff_id) if layer else "",
            instruction=layer.created_by if layer else "",
            removed=package.removed,
        )


def _summary(record: Advisory) -> str:
    """One line on what it is."""
    return " ".join((record.summary or record.details)[:330].split())[:300]


def _folded(hits: Sequence[VulnerabilityMatch]) -> Iterator[tuple[VulnerabilityMatch, str]]:
    """Tell the same flaw in the same package once, however many places it lies in."""
    numbers: dict[tuple[str, str, str, str, str, bool], int] = {}
    alike: dict[int, int] = {}
    """By a package's identity, a number that it shares with all that are the same but for their place."""
    for hit in hits:
        one = hit.package
        if id(one) not in alike:
            key = (one.type, one.namespace, one.name, one.version, one.architecture, one.removed)
            alike[id(one)] = numbers.setdefault(key, len(numbers))
    groups: dict[tuple[str, int], list[VulnerabilityMatch]] = {}
    for hit in hits:
        groups.setdefault((hit.flaw.id, alike[id(hit.package)]), []).append(hit)
    for group in groups.values():
        if len(group) == 1:
            yield group[0], ""
            continue
        first = min(group, key=lambda hit: (hit.package.development, hit.package.layer, hit.package.path))
        others = len({hit.package.path for hit in group}) - 1
        yield first, f"in {count(others, 'more place')}" if others else ""
