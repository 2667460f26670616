"""Which packages of an image are known to be vulnerable: pure matching of an inventory over what a database knows.

What cannot be judged is told: a package that no data is for, a version that cannot be read. Silence is never a pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from msgspec import Struct

from sealock.advisories.claim import Claim, Knowledge
from sealock.advisories.ecosystems import OF_DISTRIBUTIONS, Lookup, NoData, lookup, streams
from sealock.advisories.merging import Flaw, affects, merged
from sealock.advisories.owning import owners
from sealock.advisories.rating import rank, severity_of
from sealock.advisories.versions import Scheme, scheme_of
from sealock.advisories.versions import key as key_of
from sealock.model.advisory import Advisory, Epss, Exploited, Installed, Rating, Vulnerability
from sealock.model.inventory import Inventory, Layer, Package
from sealock.model.purl import purl
from sealock.model.severity import Severity

STREAM: Final = "apk-repositories"
"""The kind of the file fact that holds the lines of /etc/apk/repositories."""
_MODULAR: Final = ".module"
"""Stands in the release of every rpm that was built for a module."""


class Silenced(Struct, frozen=True):
    """A vulnerability that does not count, who says so, and why."""

    vulnerability: Vulnerability
    by: str
    reason: str


class Unjudged(Struct, frozen=True):
    """A package that could not be judged, and why. `grave` where nobody may pass that over."""

    package: Package
    reason: str
    grave: bool = False


class Matched(Struct, frozen=True):
    """What was found, the gravest first. `judged` counts the packages that data was there for."""

    vulnerabilities: tuple[Vulnerability, ...] = ()
    silenced: tuple[Silenced, ...] = ()
    unjudged: tuple[Unjudged, ...] = ()
    judged: int = 0


class _Hit(Struct, frozen=True):
    """A flaw in a package that is there."""

    package: Package
    flaw: Flaw
    ecosystem: str
    note: str = ""


def match(inventory: Inventory, knowledge: Knowledge) -> Matched:
    """Match all packages of an inventory."""
    return _Match(inventory, knowledge).done()


def needed(inventory: Inventory) -> tuple[tuple[str, ...], ...]:
    """The ecosystems that an inventory's packages are looked up in, each with its spellings."""
    stream = _stream(inventory)
    found = (lookup(package, inventory.distribution, stream) for package in inventory.packages)
    wanted = {one.ecosystems for one in found if isinstance(one, Lookup)}
    return tuple(sorted(wanted - {("OSS-Fuzz",)}))


def _stream(inventory: Inventory) -> str:
    return next((found for fact in inventory.files if fact.kind == STREAM and (found := streams(fact.detail))), "")


class _Match:
    """One matching on its way."""

    def __init__(self, inventory: Inventory, knowledge: Knowledge) -> None:
        self.inventory, self.knowledge = inventory, knowledge
        self.covered: dict[str, bool] = {}
        self.schemes: dict[str, Scheme | None] = {}
        self.unjudged: list[Unjudged] = []
        self.hits: list[_Hit] = []
        self.told_of: set[tuple[str, str]] = set()
        """(ecosystem, name) of the distribution's packages that the database knows anything of."""
        self.homes: dict[str, tuple[str, str]] = {}
        """By the name of a distribution's package: where it was looked up."""
        self.judged = 0

    def done(self) -> Matched:
        """Look up, judge, and tell."""
        wanted: dict[str, dict[Lookup, list[Package]]] = {}
        second: dict[str, dict[Lookup, list[Package]]] = {}
        stream = _stream(self.inventory)
        for package in self.inventory.packages:
            found = lookup(package, self.inventory.distribution, stream)
            if isinstance(found, NoData):
                self.unjudged.append(Unjudged(package, found.reason, found.grave))
                continue
            ecosystem = self._one_of(found.ecosystems)
            if not ecosystem:
                self.unjudged.append(_uncovered(package, found))
                continue
            self.judged += 1
            wanted.setdefault(ecosystem, {}).setdefault(found, []).append(package)
            if package.type in OF_DISTRIBUTIONS:
                self.homes[package.name] = (ecosystem, found.name)
            if found.also and (pocket := self._one_of(found.also)):
                second.setdefault(pocket, {}).setdefault(found, []).append(package)
        known = {ecosystem: self._ecosystem(ecosystem, lookups) for ecosystem, lookups in wanted.items()}
        for pocket, lookups in second.items():
            self._pocket(pocket, lookups, known)
        return _Telling(self).done()

    def _one_of(self, ecosystems: Iterable[str]) -> str:
        """The spelling that the database covers, "" for none."""
        for one in ecosystems:
            if one not in self.covered:
                self.covered[one] = self.knowledge.covers(one)
                self.schemes[one] = scheme_of(one)
            if self.covered[one]:
                return one
        return ""

    def _ecosystem(self, ecosystem: str, lookups: Mapping[Lookup, list[Package]]) -> dict[Lookup, tuple[Flaw, ...]]:
        """Judge all packages of one ecosystem; give the flaws of each lookup."""
        about = self.knowledge.about(ecosystem, sorted({one.name for one in lookups}))
        judged: dict[Lookup, tuple[Flaw, ...]] = {}
        for one, packages in lookups.items():
            claims = about.get(one.name)
            if not claims:
                continue
            self.told_of.add((ecosystem, one.name))
            flaws = self._flaws(ecosystem, one, claims, packages)
            judged[one] = flaws
            self.hits += [_Hit(package, flaw, ecosystem) for package in packages for flaw in flaws]
        return judged

    def _flaws(
        self, ecosystem: str, one: Lookup, claims: tuple[Claim, ...], packages: list[Package]
    ) -> tuple[Flaw, ...]:
        scheme = self.schemes[ecosystem]
        key = key_of(scheme, one.version) if scheme else None
        if key is None:
            what = f"its version {one.version[:100]!r} cannot be read" if one.version else "its version is not known"
            reason = f"{what}, and there are advisories on {one.name}"
            self.unjudged += [Unjudged(package, reason, grave=bool(one.version)) for package in packages]
            return ()
        modular = bool(one.module) or ecosystem.startswith(("Rocky", "Alma", "Red Hat"))
        hits: list[Claim] = []
        assumed: set[int] = set()
        unreadable: list[str] = []
        for claim in claims:
            if modular or claim.module:
                fits = _module(claim, one)
                if fits is None:
                    continue
                if not fits:
                    assumed.add(id(claim))
            if affects(claim, key) or one.version in claim.unreadable:
                hits.append(claim)
            elif claim.unreadable:
                unreadable.append(claim.advisory)
        for advisory in unreadable:
            reason = f"{advisory} speaks of versions that cannot be read"
            self.unjudged += [Unjudged(package, reason) for package in packages]
        return tuple(merged(claims, hits, key, frozenset(assumed))) if hits else ()

    def _pocket(
        self,
        pocket: str,
        lookups: Mapping[Lookup, list[Package]],
        known: Mapping[str, Mapping[Lookup, tuple[Flaw, ...]]],
    ) -> None:
        """A second pass over fixes that not everybody gets: they add what the first did not know, and say so."""
        about = self.knowledge.about(pocket, sorted({one.name for one in lookups}))
        for one, packages in lookups.items():
            if one.name not in about:
                continue
            first = {flaw.id for flaws in known.values() for flaw in flaws.get(one, ())}
            for flaw in self._flaws(pocket, one, about[one.name], packages):
                if flaw.id not in first and not flaw.cancelled:
                    note = "the fix is in Ubuntu Pro (ESM) alone" if flaw.fixed else "known from Ubuntu Pro (ESM)"
                    self.hits += [_Hit(package, flaw, pocket, note) for package in packages]


def _uncovered(package: Package, found: Lookup) -> Unjudged:
    if package.type == "generic":
        reason = "its version is known, and the database has no advisories that go by a C library's own versions"
        return Unjudged(package, reason)
    return Unjudged(package, f"the database has no advisories for {found.ecosystems[0]}", grave=True)


def _module(claim: Claim, one: Lookup) -> bool | None:
    """Whether a claim is on the package's module: True surely, False perhaps, None not at all."""
    modular = bool(claim.module) or any(_MODULAR in span.fixed for span in claim.spans)
    if not modular and not one.module:
        return True
    if claim.module:
        return True if claim.module == one.module else None
    # Some feeds write modular packages without their module: the versions of other streams are not comparable.
    return False if modular and one.module else None


class _Known(Struct, frozen=True, gc=False):
    """What is known of a flaw beside the versions."""

    severity: Severity
    feed: str
    ratings: tuple[Rating, ...]
    summary: str
    references: tuple[str, ...]
    note: str


class _Telling:
    """Makes vulnerabilities of hits: with what is known of the flaw beside the versions."""

    def __init__(self, match: _Match) -> None:
        self.match = match
        self.inventory, hits = match.inventory, match.hits
        self.layers: dict[int, Layer] = {layer.index: layer for layer in self.inventory.layers}
        self.known: dict[int, _Known] = {}
        """By the flaw's identity: the packages of one source share it."""
        self.made: dict[int, Installed] = {}
        """By the package's identity: a package with many flaws is described once."""
        cves = sorted({hit.flaw.id for hit in hits})
        wanted = {name for hit in hits for name in hit.flaw.advisories} | set(cves)
        knowledge = match.knowledge
        self.records: dict[str, Advisory] = knowledge.details(sorted(wanted)) if wanted else {}
        self.exploited: dict[str, Exploited] = knowledge.exploited(cves) if cves else {}
        self.epss: dict[str, Epss] = knowledge.epss(cves) if cves else {}

    def done(self) -> Matched:
        """Tell all."""
        match = self.match
        languages = {hit.package.path for hit in match.hits if hit.package.type not in OF_DISTRIBUTIONS}
        owned = owners(languages, self.inventory.packages)
        counted: list[Vulnerability] = []
        silenced: list[Silenced] = []
        for hit, note in _folded(match.hits):
            told = self._told(hit, note)
            if why := self._why_not(hit, owned):
                silenced.append(Silenced(told, *why))
            else:
                counted.append(told)
        return Matched(
            tuple(sorted(counted, key=rank)),
            tuple(sorted(silenced, key=lambda one: rank(one.vulnerability))),
            tuple(match.unjudged),
            match.judged,
        )

    def _why_not(self, hit: _Hit, owned: Mapping[str, Package]) -> tuple[str, str] | None:
        """Who holds that it does not count, and why; None where it does."""
        package = hit.package
        if hit.flaw.cancelled:
            return hit.ecosystem, "the distribution holds this version not to be affected"
        if package.removed:
            return "a later layer", "it was removed or replaced: it is in the image's layers, and no container sees it"
        owner = owned.get(package.path)
        if owner is not None and (home := self.match.homes.get(owner.name)) in self.match.told_of:
            assert home is not None  # noqa: S101  it is in the set
            return home[0], f"the file is the package {owner.name} {owner.version}'s, which the distribution judges"
        return None

    def _told(self, hit: _Hit, note: str) -> Vulnerability:
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

    def _known(self, hit: _Hit) -> _Known:
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


_REFERENCES: Final = 20


def _summary(record: Advisory) -> str:
    """One line on what it is."""
    return " ".join((record.summary or record.details)[:600].split())[:300]


def _folded(hits: Iterable[_Hit]) -> Iterator[tuple[_Hit, str]]:
    """Tell the same flaw in the same package once, however many places it lies in."""
    groups: dict[tuple[str, str, str, str, str, str, bool], list[_Hit]] = {}
    for hit in hits:
        one = hit.package
        key = (hit.flaw.id, one.type, one.namespace, one.name, one.version, one.architecture, one.removed)
        groups.setdefault(key, []).append(hit)
    for group in groups.values():
        if len(group) == 1:
            yield group[0], ""
            continue
        first = min(group, key=lambda hit: (hit.package.development, hit.package.layer, hit.package.path))
        others = len({hit.package.path for hit in group}) - 1
        yield first, f"in {others} more place{'s' if others > 1 else ''}" if others else ""
