"""Matches the packages of an inventory with a database's advisories, without I/O of its own.

Packages that cannot be checked are reported: no data covers them, or a version cannot be parsed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from sealock.model.inventory import MAIN_PROGRAMS, OF_DISTRIBUTIONS, Inventory, Package
from sealock.vulnerabilities.claim import NO_VERSIONS, AdvisoryLookup, Claim
from sealock.vulnerabilities.description import Describer
from sealock.vulnerabilities.ecosystems import Lookup, NoData, look_up, source_epochs, streams
from sealock.vulnerabilities.flaws import Flaw, affects, labels, merged
from sealock.vulnerabilities.matches import MatchResult, UncheckedPackage, VulnerabilityMatch
from sealock.vulnerabilities.versions import VersionScheme, scheme_of
from sealock.vulnerabilities.versions import key as key_of

STREAM: Final = "apk-repositories"
"""The kind of the file fact with the lines of /etc/apk/repositories."""
_MODULAR: Final = ".module"
"""Part of the release of every rpm that was built for a module."""


def match(inventory: Inventory, database: AdvisoryLookup) -> MatchResult:
    """Match all packages of an inventory."""
    return _Matcher(inventory, database).run()


def needed(inventory: Inventory) -> tuple[tuple[str, ...], ...]:
    """The ecosystems that an inventory's packages are looked up in, each with its spellings."""
    stream = stream_of(inventory)
    lookups = (look_up(package, inventory.distribution, stream) for package in inventory.packages)
    ecosystems = {lookup.ecosystems for lookup in lookups if isinstance(lookup, Lookup)}
    return tuple(sorted(ecosystems - {("OSS-Fuzz",)}))


def stream_of(inventory: Inventory) -> str:
    """Alpine's branch by the repositories of an image ("v3.20"), "" where it names none or several."""
    return next((name for fact in inventory.files if fact.kind == STREAM and (name := streams(fact.detail))), "")


class _Matcher:
    """The state of one matching."""

    def __init__(self, inventory: Inventory, database: AdvisoryLookup) -> None:
        self.inventory, self.database = inventory, database
        self.covered: dict[str, bool] = {}
        self.schemes: dict[str, VersionScheme | None] = {}
        self.unchecked: list[UncheckedPackage] = []
        self.hits: list[VulnerabilityMatch] = []
        self.with_claims: set[tuple[str, str]] = set()
        """(ecosystem, name) of each lookup with claims."""
        self.distribution_lookups: dict[str, tuple[str, str]] = {}
        """(ecosystem, name) of the lookup, by the name of the distribution's package."""
        self.evaluated = 0

    def run(self) -> MatchResult:
        """Match all packages."""
        first: dict[str, dict[Lookup, list[Package]]] = {}
        second: dict[str, dict[Lookup, list[Package]]] = {}
        stream, epochs = stream_of(self.inventory), source_epochs(self.inventory.packages)
        for package in self.inventory.packages:
            lookup = look_up(package, self.inventory.distribution, stream, epochs)
            if isinstance(lookup, NoData):
                self.unchecked.append(UncheckedPackage(package, lookup.reason, lookup.grave))
                continue
            ecosystem = self._covered_spelling(lookup.ecosystems)
            if not ecosystem:
                self.unchecked.append(_uncovered(package, lookup))
                continue
            self.evaluated += 1
            first.setdefault(ecosystem, {}).setdefault(lookup, []).append(package)
            if package.type in OF_DISTRIBUTIONS:
                self.distribution_lookups[package.name] = (ecosystem, lookup.name)
            if lookup.also and (pocket := self._covered_spelling(lookup.also)):
                second.setdefault(pocket, {}).setdefault(lookup, []).append(package)
        results = {ecosystem: self._match_ecosystem(ecosystem, lookups) for ecosystem, lookups in first.items()}
        for pocket, lookups in second.items():
            self._match_pocket(pocket, lookups, results)
        for ecosystem, result in results.items():
            lookups = first[ecosystem]
            self.hits += [
                VulnerabilityMatch(package, flaw, ecosystem)
                for lookup, flaws in result.items()
                for package in lookups[lookup]
                for flaw in flaws
            ]
        covered = {name: place[0] for name, place in self.distribution_lookups.items() if place in self.with_claims}
        counted, suppressed = Describer(self.inventory, self.database, self.hits, covered).describe()
        return MatchResult(counted, suppressed, tuple(self.unchecked), self.evaluated, frozenset(covered))

    def _covered_spelling(self, ecosystems: Iterable[str]) -> str:
        """The spelling that the database covers, "" for none."""
        for ecosystem in ecosystems:
            if ecosystem not in self.covered:
                self.covered[ecosystem] = self.database.covers(ecosystem)
                self.schemes[ecosystem] = scheme_of(ecosystem)
            if self.covered[ecosystem]:
                return ecosystem
        return ""

    def _match_ecosystem(
        self, ecosystem: str, lookups: Mapping[Lookup, list[Package]]
    ) -> dict[Lookup, tuple[Flaw, ...]]:
        """Match all packages of one ecosystem; give the flaws of each lookup."""
        claims_by_name = self.database.about(ecosystem, sorted({name for lookup in lookups for name in lookup.names}))
        result: dict[Lookup, tuple[Flaw, ...]] = {}
        for lookup, packages in lookups.items():
            claims = tuple(claim for name in lookup.names for claim in claims_by_name.get(name, ()))
            if claims:
                self.with_claims.add((ecosystem, lookup.name))
                result[lookup] = self._flaws(ecosystem, lookup, claims, packages)
        return result

    def _flaws(
        self, ecosystem: str, lookup: Lookup, claims: tuple[Claim, ...], packages: list[Package]
    ) -> tuple[Flaw, ...]:
        scheme, version = self.schemes[ecosystem], lookup.version
        key = key_of(scheme, version) if scheme else None
        if key is None:
            what = f"its version {version[:100]!r} cannot be parsed" if version else "its version is not known"
            reason = f"{what}, and there are advisories on {lookup.name}"
            self.unchecked += [UncheckedPackage(package, reason, grave=bool(version)) for package in packages]
            return ()
        modular = bool(lookup.module) or ecosystem.startswith(("Rocky", "Alma", "Red Hat"))
        hits: list[Claim] = []
        assumed: set[int] = set()
        unreadable: list[Claim] = []
        for claim in claims:
            if modular or claim.module:
                fits = _fits_module(claim, lookup)
                if fits is None:
                    continue
                if not fits:
                    assumed.add(id(claim))
            if affects(claim, key) or version in claim.unreadable:
                hits.append(claim)
            elif claim.unreadable:
                unreadable.append(claim)
        for reason in _doubts(claims, unreadable):
            self.unchecked += [UncheckedPackage(package, reason) for package in packages]
        return tuple(merged(claims, hits, key, frozenset(assumed))) if hits else ()

    def _match_pocket(
        self,
        pocket: str,
        lookups: Mapping[Lookup, list[Package]],
        results: Mapping[str, dict[Lookup, tuple[Flaw, ...]]],
    ) -> None:
        """Match a pocket with fixes for subscribers only: it adds flaws to the first pass, or marks them as fixed.

        `results` is the first pass's; flaws that this pass knows better are taken out of it. A flaw with a public fix
        stays with the first pass.
        """
        claims_by_name = self.database.about(pocket, sorted({lookup.name for lookup in lookups}))
        for lookup, packages in lookups.items():
            claims = claims_by_name.get(lookup.name)
            if claims is None:
                continue
            further = {flaw.id: flaw for flaw in self._flaws(pocket, lookup, claims, packages)}
            fixed = self._fixed(pocket, lookup, claims) - further.keys()
            first = next((result for result in results.values() if lookup in result), {})
            kept: list[Flaw] = []
            for flaw in first.get(lookup, ()):
                better = further.get(flaw.id)
                if flaw.fixed or flaw.cancelled or not (flaw.id in fixed or (better and better.fixed)):
                    kept.append(flaw)
                    further.pop(flaw.id, None)
                elif better is None:
                    done = replace(flaw, state="fixed", cancelled=True)
                    self.hits += [VulnerabilityMatch(package, done, pocket) for package in packages]
            first[lookup] = tuple(kept)
            for flaw in further.values():
                if not flaw.cancelled:
                    note = "the fix is only in Ubuntu Pro (ESM)" if flaw.fixed else "known from Ubuntu Pro (ESM)"
                    self.hits += [VulnerabilityMatch(package, flaw, pocket, note) for package in packages]

    def _fixed(self, pocket: str, lookup: Lookup, claims: tuple[Claim, ...]) -> set[str]:
        """The flaws that the installed version fixes."""
        scheme = self.schemes[pocket]
        key = key_of(scheme, lookup.version) if scheme else None
        if key is None:
            return set()
        done = [claim for claim in claims if any(span.fixed and b"" < span.end <= key for span in claim.spans)]
        return labels(claims, [claim for claim in done if not affects(claim, key)])


def _doubts(claims: Sequence[Claim], unreadable: Sequence[Claim]) -> Iterator[str]:
    """Say why records that do not affect the version might do so after all."""
    known = labels(claims, [other for other in claims if other.unreadable != NO_VERSIONS]) if unreadable else set()
    for claim in unreadable:
        if claim.unreadable != NO_VERSIONS:
            yield f"{claim.advisory} has versions that cannot be parsed"
        # Another record of the same flaw mostly says what this one leaves out.
        elif not labels(claims, [claim]) <= known:
            yield f"{claim.advisory} does not say which versions it affects"


def _uncovered(package: Package, lookup: Lookup) -> UncheckedPackage:
    if package.type == "generic":
        what = "programs" if package.name in MAIN_PROGRAMS else "C libraries"
        return UncheckedPackage(package, f"the database has no advisories by the upstream versions of {what}")
    return UncheckedPackage(package, f"the database has no advisories for {lookup.ecosystems[0]}", grave=True)


def _fits_module(claim: Claim, lookup: Lookup) -> bool | None:
    """Whether a claim is on the package's module: True yes, False perhaps, None no."""
    modular = bool(claim.module) or any(_MODULAR in span.fixed for span in claim.spans)
    if not modular and not lookup.module:
        return True
    if claim.module:
        return True if claim.module == lookup.module else None
    # Some feeds omit the module of modular packages, and versions of other streams are not comparable.
    return False if modular and lookup.module else None
