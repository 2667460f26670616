"""Makes vulnerabilities of matches: adds details and the package's origin, and suppresses what does not count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from sealock.model.advisory import Advisory, Epss, Exploited, Installed, Rating, Vulnerability
from sealock.model.inventory import OF_DISTRIBUTIONS, Inventory, Layer, Package, instruction
from sealock.model.purl import purl
from sealock.model.severity import Severity
from sealock.text import count
from sealock.vulnerabilities.claim import AdvisoryLookup
from sealock.vulnerabilities.ecosystems import qualified_name
from sealock.vulnerabilities.matches import SuppressedVulnerability, VulnerabilityMatch
from sealock.vulnerabilities.owners import owners
from sealock.vulnerabilities.ratings import rank, severity_of

_INSTRUCTION: Final = 200
"""Characters of an instruction to show."""
_REFERENCES: Final = 20


class _FlawDetails(Struct, frozen=True, gc=False):
    """The details of a flaw that all affected packages share."""

    severity: Severity
    feed: str
    ratings: tuple[Rating, ...]
    summary: str
    references: tuple[str, ...]
    note: str


class Describer:
    """Makes vulnerabilities of matches.

    `covered` maps each of the distribution's packages that has advisories to its ecosystem.
    """

    def __init__(
        self,
        inventory: Inventory,
        database: AdvisoryLookup,
        matches: Sequence[VulnerabilityMatch],
        covered: Mapping[str, str],
    ) -> None:
        self.inventory, self.matches, self.covered = inventory, matches, covered
        self.layers: dict[int, Layer] = {layer.index: layer for layer in self.inventory.layers}
        self._flaw_cache: dict[int, _FlawDetails] = {}
        """By the flaw's identity: the binary packages of one source package share it."""
        self._package_cache: dict[int, Installed] = {}
        """By the package's identity: a package can have many flaws."""
        cves = sorted({match.flaw.id for match in matches})
        ids = {name for match in matches for name in match.flaw.advisories} | set(cves)
        self.records: dict[str, Advisory] = database.details(sorted(ids)) if ids else {}
        self.exploited: dict[str, Exploited] = database.exploited(cves) if cves else {}
        self.epss: dict[str, Epss] = database.epss(cves) if cves else {}

    def describe(self) -> tuple[tuple[Vulnerability, ...], tuple[SuppressedVulnerability, ...]]:
        """Give the vulnerabilities that count and those that do not, most severe first."""
        languages = {match.package.path for match in self.matches if match.package.type not in OF_DISTRIBUTIONS}
        file_owners = owners(languages, self.inventory.packages)
        counted: list[Vulnerability] = []
        suppressed: list[SuppressedVulnerability] = []
        for match, note in _fold(self.matches):
            vulnerability = self._vulnerability(match, note)
            if suppression := self._suppression(match, file_owners):
                suppressed.append(SuppressedVulnerability(vulnerability, *suppression))
            else:
                counted.append(vulnerability)
        suppressed.sort(key=lambda entry: rank(entry.vulnerability))
        return tuple(sorted(counted, key=rank)), tuple(suppressed)

    def _suppression(self, match: VulnerabilityMatch, file_owners: Mapping[str, Package]) -> tuple[str, str] | None:
        """Who says that it does not count, and why; None where it counts."""
        package = match.package
        if match.flaw.cancelled:
            state = "fixed in" if match.flaw.state == "fixed" else "not affecting"
            return match.ecosystem, f"the distribution lists it as {state} this version"
        if package.removed:
            return "a later layer", "a later layer removes or replaces the package: containers do not see it"
        owner = file_owners.get(package.path)
        if owner is not None and (ecosystem := self.covered.get(owner.name)):
            name = f"{owner.name} {owner.version}"
            return ecosystem, f"the file belongs to the package {name}, so the distribution's advisories decide"
        return None

    def _vulnerability(self, match: VulnerabilityMatch, note: str) -> Vulnerability:
        flaw, package = match.flaw, match.package
        details = self._flaw_cache.get(id(flaw))
        if details is None:
            details = self._flaw_cache[id(flaw)] = self._flaw_details(match)
        notes = details.note
        record = self._record(package)
        if package.development or match.note or note or flaw.module_assumed or record:
            module = "the module was assumed" if flaw.module_assumed else ""
            development = "development dependency" if package.development else ""
            notes = "; ".join(filter(None, (match.note, module, development, record, note, details.note)))
        return Vulnerability(
            flaw.id,
            self._installed(package),
            details.severity,
            details.feed,
            flaw.aliases,
            flaw.advisories,
            flaw.fixed,
            flaw.state,
            details.ratings,
            self.exploited.get(flaw.id),
            self.epss.get(flaw.id),
            details.summary,
            details.references,
            notes,
        )

    def _record(self, package: Package) -> str:
        """Which layer removed the record of a package, and left its files; "" for none."""
        if package.record_removed_in < 0:
            return ""
        layer = self.layers.get(package.record_removed_in)
        made_by = f" ({instruction(layer.created_by)[:_INSTRUCTION]})" if layer and layer.created_by else ""
        return f"layer {package.record_removed_in + 1}{made_by} removes only the record of the package: its files stay"

    def _flaw_details(self, match: VulnerabilityMatch) -> _FlawDetails:
        flaw = match.flaw
        own = [self.records[name] for name in flaw.advisories if name in self.records]
        records = own
        if flaw.id in self.records and flaw.id not in flaw.advisories:
            records = [*own, self.records[flaw.id]]
        ratings: tuple[Rating, ...] = records[0].ratings if len(records) == 1 else ()
        references: tuple[str, ...] = records[0].references if len(records) == 1 else ()
        if len(records) > 1:
            ratings = tuple(dict.fromkeys(rating for record in records for rating in record.ratings))
            references = tuple(dict.fromkeys(url for record in records for url in record.references))
        if flaw.severity is not None:
            ratings = (Rating(match.ecosystem, flaw.severity), *ratings)
        severity, unrated = severity_of(flaw.severity, flaw.state, own, ratings)
        summary = next((text for record in records if (text := _summary(record))), "")
        feed = own[0].feed if own else match.ecosystem
        return _FlawDetails(severity, feed, ratings, summary, references[:_REFERENCES], unrated)

    def _installed(self, package: Package) -> Installed:
        if id(package) not in self._package_cache:
            self._package_cache[id(package)] = self._describe_package(package)
        return self._package_cache[id(package)]

    def _describe_package(self, package: Package) -> Installed:
        layer = self.layers.get(package.layer)
        return Installed(
            type=package.type,
            name=package.name if package.type in OF_DISTRIBUTIONS else qualified_name(package),
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
    """The summary as one line."""
    return " ".join((record.summary or record.details)[:330].split())[:300]


def _fold(matches: Sequence[VulnerabilityMatch]) -> Iterator[tuple[VulnerabilityMatch, str]]:
    """Yield the same flaw in the same package once, with a note on its other paths."""
    numbers: dict[tuple[str, str, str, str, str, bool], int] = {}
    same: dict[int, int] = {}
    """By a package's identity: a number that packages share when they differ only in their path."""
    for match in matches:
        package = match.package
        if id(package) not in same:
            key = (
                package.type, package.namespace, package.name, package.version, package.architecture, package.removed
            )  # fmt: skip
            same[id(package)] = numbers.setdefault(key, len(numbers))
    groups: dict[tuple[str, int], list[VulnerabilityMatch]] = {}
    for match in matches:
        groups.setdefault((match.flaw.id, same[id(match.package)]), []).append(match)
    for group in groups.values():
        first = min(group, key=lambda match: (match.package.development, match.package.layer, match.package.path))
        others = len({match.package.path for match in group}) - 1
        yield first, f"in {count(others, 'more place')}" if others else ""
