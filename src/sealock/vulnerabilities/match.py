"""Which packages of an image are known to be vulnerable: pure matching of an inventory over what a database knows.

What cannot be judged is told: a package that no data is for, a version that cannot be read. Silence is never a pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec.structs import replace

from sealock.model.inventory import OF_DISTRIBUTIONS, Inventory, Package
from sealock.vulnerabilities.claim import AdvisoryLookup, Claim
from sealock.vulnerabilities.description import Describer
from sealock.vulnerabilities.ecosystems import Lookup, NoData, look_up, streams
from sealock.vulnerabilities.flaws import Flaw, affects, labels, merged
from sealock.vulnerabilities.matches import MatchResult, UncheckedPackage, VulnerabilityMatch
from sealock.vulnerabilities.versions import VersionScheme, scheme_of
from sealock.vulnerabilities.versions import key as key_of

STREAM: Final = "apk-repositories"
"""The kind of the file fact that holds the lines of /etc/apk/repositories."""
_MODULAR: Final = ".module"
"""Stands in the release of every rpm that was built for a module."""


def match(inventory: Inventory, database: AdvisoryLookup) -> MatchResult:
    """Match all packages of an inventory."""
    return _Match(inventory, database).done()


def needed(inventory: Inventory) -> tuple[tuple[str, ...], ...]:
    """The ecosystems that an inventory's packages are looked up in, each with its spellings."""
    stream = _stream(inventory)
    found = (look_up(package, inventory.distribution, stream) for package in inventory.packages)
    wanted = {one.ecosystems for one in found if isinstance(one, Lookup)}
    return tuple(sorted(wanted - {("OSS-Fuzz",)}))


def _stream(inventory: Inventory) -> str:
    return next((found for fact in inventory.files if fact.kind == STREAM and (found := streams(fact.detail))), "")


class _Match:
    """One matching on its way."""

    def __init__(self, inventory: Inventory, database: AdvisoryLookup) -> None:
        self.inventory, self.database = inventory, database
        self.covered: dict[str, bool] = {}
        self.schemes: dict[str, VersionScheme | None] = {}
        self.unchecked: list[UncheckedPackage] = []
        self.hits: list[VulnerabilityMatch] = []
        self.told_of: set[tuple[str, str]] = set()
        """(ecosystem, name) of the distribution's packages that the database knows anything of."""
        self.homes: dict[str, tuple[str, str]] = {}
        """By the name of a distribution's package: where it was looked up."""
        self.evaluated = 0

    def done(self) -> MatchResult:
        """Look up, judge, and tell."""
        wanted: dict[str, dict[Lookup, list[Package]]] = {}
        second: dict[str, dict[Lookup, list[Package]]] = {}
        stream = _stream(self.inventory)
        for package in self.inventory.packages:
            found = look_up(package, self.inventory.distribution, stream)
            if isinstance(found, NoData):
                self.unchecked.append(UncheckedPackage(package, found.reason, found.grave))
                continue
            ecosystem = self._one_of(found.ecosystems)
            if not ecosystem:
                self.unchecked.append(_uncovered(package, found))
                continue
            self.evaluated += 1
            wanted.setdefault(ecosystem, {}).setdefault(found, []).append(package)
            if package.type in OF_DISTRIBUTIONS:
                self.homes[package.name] = (ecosystem, found.name)
            if found.also and (pocket := self._one_of(found.also)):
                second.setdefault(pocket, {}).setdefault(found, []).append(package)
        known = {ecosystem: self._ecosystem(ecosystem, lookups) for ecosystem, lookups in wanted.items()}
        for pocket, lookups in second.items():
            self._pocket(pocket, lookups, known)
        for ecosystem, evaluated in known.items():
            lookups = wanted[ecosystem]
            self.hits += [
                VulnerabilityMatch(package, flaw, ecosystem)
                for one, flaws in evaluated.items()
                for package in lookups[one]
                for flaw in flaws
            ]
        judging = {name: home[0] for name, home in self.homes.items() if home in self.told_of}
        counted, suppressed = Describer(self.inventory, self.database, self.hits, judging).done()
        return MatchResult(counted, suppressed, tuple(self.unchecked), self.evaluated)

    def _one_of(self, ecosystems: Iterable[str]) -> str:
        """The spelling that the database covers, "" for none."""
        for ecosystem in ecosystems:
            if ecosystem not in self.covered:
                self.covered[ecosystem] = self.database.covers(ecosystem)
                self.schemes[ecosystem] = scheme_of(ecosystem)
            if self.covered[ecosystem]:
                return ecosystem
        return ""

    def _ecosystem(self, ecosystem: str, lookups: Mapping[Lookup, list[Package]]) -> dict[Lookup, tuple[Flaw, ...]]:
        """Judge all packages of one ecosystem; give the flaws of each lookup."""
        about = self.database.about(ecosystem, sorted({one.name for one in lookups}))
        evaluated: dict[Lookup, tuple[Flaw, ...]] = {}
        for one, packages in lookups.items():
            claims = about.get(one.name)
            if not claims:
                continue
            self.told_of.add((ecosystem, one.name))
            evaluated[one] = self._flaws(ecosystem, one, claims, packages)
        return evaluated

    def _flaws(
        self, ecosystem: str, one: Lookup, claims: tuple[Claim, ...], packages: list[Package]
    ) -> tuple[Flaw, ...]:
        scheme = self.schemes[ecosystem]
        key = key_of(scheme, one.version) if scheme else None
        if key is None:
            what = f"its version {one.version[:100]!r} cannot be read" if one.version else "its version is not known"
            reason = f"{what}, and there are advisories on {one.name}"
            self.unchecked += [UncheckedPackage(package, reason, grave=bool(one.version)) for package in packages]
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
            self.unchecked += [UncheckedPackage(package, reason) for package in packages]
        return tuple(merged(claims, hits, key, frozenset(assumed))) if hits else ()

    def _pocket(
        self, pocket: str, lookups: Mapping[Lookup, list[Package]], known: Mapping[str, dict[Lookup, tuple[Flaw, ...]]]
    ) -> None:
        """A second pass, over fixes that not everybody gets: they add to what the first found, or have mended it.

        `known` is what the first found; what the second knows better is taken out of it. What everybody gets a fix for
        is the first's to tell of.
        """
        about = self.database.about(pocket, sorted({one.name for one in lookups}))
        for one, packages in lookups.items():
            if one.name not in about:
                continue
            further = {flaw.id: flaw for flaw in self._flaws(pocket, one, about[one.name], packages)}
            fixed = self._fixed(pocket, one, about[one.name]) - further.keys()
            first = next((evaluated for evaluated in known.values() if one in evaluated), {})
            kept: list[Flaw] = []
            for flaw in first.get(one, ()):
                better = further.get(flaw.id)
                if flaw.fixed or flaw.cancelled or not (flaw.id in fixed or (better and better.fixed)):
                    kept.append(flaw)
                    further.pop(flaw.id, None)
                elif better is None:
                    done = replace(flaw, state="fixed", cancelled=True)
                    self.hits += [VulnerabilityMatch(package, done, pocket) for package in packages]
            first[one] = tuple(kept)
            for flaw in further.values():
                if not flaw.cancelled:
                    note = "the fix is in Ubuntu Pro (ESM) alone" if flaw.fixed else "known from Ubuntu Pro (ESM)"
                    self.hits += [VulnerabilityMatch(package, flaw, pocket, note) for package in packages]

    def _fixed(self, pocket: str, one: Lookup, claims: tuple[Claim, ...]) -> set[str]:
        """The flaws whose fix is in the version that is there."""
        scheme = self.schemes[pocket]
        key = key_of(scheme, one.version) if scheme else None
        if key is None:
            return set()
        done = [claim for claim in claims if any(span.fixed and b"" < span.end <= key for span in claim.spans)]
        return labels(claims, [claim for claim in done if not affects(claim, key)])


def _uncovered(package: Package, found: Lookup) -> UncheckedPackage:
    if package.type == "generic":
        reason = "its version is known, and the database has no advisories that go by a C library's own versions"
        return UncheckedPackage(package, reason)
    return UncheckedPackage(package, f"the database has no advisories for {found.ecosystems[0]}", grave=True)


def _module(claim: Claim, one: Lookup) -> bool | None:
    """Whether a claim is on the package's module: True surely, False perhaps, None not at all."""
    modular = bool(claim.module) or any(_MODULAR in span.fixed for span in claim.spans)
    if not modular and not one.module:
        return True
    if claim.module:
        return True if claim.module == one.module else None
    # Some feeds write modular packages without their module: the versions of other streams are not comparable.
    return False if modular and one.module else None
