"""Looks the packages of inventories up in the advisory database: findings, skipped packages, errors.

The database is opened for the first inventory, and only feeds that the inventory needs are fetched.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from sealock.errors import SealockError
from sealock.model.advisory import DistributionState, Vulnerability
from sealock.model.finding import Finding, InputError, Skipped, Suppression
from sealock.model.inventory import OF_DISTRIBUTIONS, SOURCES, Inventory, Package
from sealock.model.location import Location, Place, Source
from sealock.net.transport import Transport
from sealock.policy.ignores import VULNERABILITIES
from sealock.policy.vex import VexStatements
from sealock.text import count, list_first
from sealock.vulnerabilities.claim import AdvisoryLookup, NoAdvisories
from sealock.vulnerabilities.ecosystems import is_by_source, release
from sealock.vulnerabilities.findings import FindingTarget, findings
from sealock.vulnerabilities.match import match, needed
from sealock.vulnerabilities.matches import MatchResult, UncheckedPackage

_NAMED: Final = 40
"""Most skipped packages that are listed with their reason; further ones are counted."""

Opener: TypeAlias = Callable[[tuple[tuple[str, ...], ...]], AdvisoryLookup]
"""Opens a database for these ecosystems (each a tuple of spellings); SealockError where there is none."""
VexFinder: TypeAlias = Callable[[], VexStatements | None]
"""Gives the VEX statements that apply."""


class LookupOptions(Struct, frozen=True):
    """Which findings are suppressed: by the distribution's state, and those without a fixed version."""

    ignored: tuple[DistributionState, ...] = ()
    only_fixed: bool = False


class LookupResult(Struct, frozen=True):
    """The result for one inventory. `complete` says that every package was checked."""

    findings: tuple[Finding, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    errors: tuple[InputError, ...] = ()
    complete: bool = False


class VulnerabilityLookup:
    """Looks up the inventories of one run; the database stays open between them."""

    def __init__(self, options: LookupOptions, opener: Opener) -> None:
        self.options = options
        self._opener = opener
        self._failed = ""

    @property
    def failed(self) -> bool:
        """Whether no database could be opened."""
        return bool(self._failed)

    def look_up(
        self, inventory: Inventory, name: str, subject: str, source: Source, statements: VexFinder = lambda: None
    ) -> LookupResult:
        """Look up one inventory. `name` enters the fingerprints; `source` is the text that the inventory is from.

        `statements` is called only if there are vulnerabilities.
        """
        location = Location(source.name)
        if not inventory.packages:
            return LookupResult(complete=True)
        try:
            if self._failed:
                return _no_database(self._failed, inventory, subject, location)
            matched = match(inventory, self._opener(needed(inventory)))
        except SealockError as error:
            self._failed = str(error)
            return _no_database(self._failed, inventory, subject, location)
        made = findings(matched, FindingTarget(name, subject, location, _base_layer(inventory)))
        if inventory.names == (source.name,) and source.text:
            made = list(_locate(made, source))
        if made and (given := statements()) is not None:
            made = list(map(given.matcher(inventory, name).apply, made))
        skipped = (*_skipped(matched.unchecked, subject), *_sources_unseen(inventory, subject))
        errors = tuple(_input_errors(matched, location))
        return LookupResult(tuple(map(self._apply_options, made)), skipped, errors, not skipped and not errors)

    def _apply_options(self, finding: Finding) -> Finding:
        vulnerability = finding.vulnerability
        if vulnerability is None or finding.suppressed is not None:
            return finding
        if vulnerability.state in self.options.ignored:
            return replace(finding, suppressed=Suppression("--ignore-states", f"its state is {vulnerability.state}"))
        if self.options.only_fixed and not vulnerability.fixed:
            return replace(finding, suppressed=Suppression("--only-fixed", "no fixed version exists yet"))
        return finding


def _locate(made: Iterable[Finding], source: Source) -> Iterator[Finding]:
    """Give each finding the line of the lock file that names its package."""
    lines: dict[str, Location] = {}
    for finding in made:
        if finding.vulnerability is None:
            yield finding
            continue
        name = finding.vulnerability.package.name
        if name not in lines:
            lines[name] = _line(source, name)
        yield replace(finding, location=lines[name])


def _line(source: Source, name: str) -> Location:
    """Where a lock file names a package; the most specific spelling first."""
    for sign in (f'node_modules/{name}"', f'"{name}"', f"\n{name}", f"\t{name} ", f" {name} "):
        at = source.text.find(sign)
        if at < 0 and sign[0] == "\n" and source.text.startswith(name):
            at, sign = 0, name  # noqa: PLW2901  the first line has no line break before it
        if at >= 0:
            start = at + sign.index(name)
            return source.location(Place(start, start + len(name)))
    return Location(source.name)


def look_up_inventory(
    inventory: Inventory, progress: Callable[[str], None], note: Callable[[str], None], *, offline: bool
) -> tuple[tuple[Vulnerability, ...], tuple[str, ...]]:
    """Give the known vulnerabilities of an inventory, and error messages on packages that were not checked."""
    matched = match(inventory, opener(progress, note, offline=offline)(needed(inventory)))
    return matched.vulnerabilities, tuple(error.message for error in _input_errors(matched, Location("")))


def _no_database(why: str, inventory: Inventory, subject: str, location: Location) -> LookupResult:
    reason = f"{_not_checked(len(inventory.packages), '')}: {why}"
    return LookupResult(
        skipped=(Skipped(VULNERABILITIES, subject, "there is no advisory database"),),
        errors=(InputError(f"{reason} (--no-vulnerabilities skips this check)", location),),
    )


def _not_checked(number: int, names: str) -> str:
    return f"{count(number, 'package')}{names} {'was' if number == 1 else 'were'} not checked for known vulnerabilities"


def _base_layer(inventory: Inventory) -> str:
    """The digest of the first of several layers, which certainly belongs to the base image."""
    if len(inventory.layers) < 2:
        return ""
    first = min(inventory.layers, key=lambda layer: layer.index)
    return first.digest or first.diff_id


def _by_reason(unchecked: Iterable[UncheckedPackage]) -> dict[tuple[str, bool], list[Package]]:
    groups: dict[tuple[str, bool], list[Package]] = {}
    for entry in unchecked:
        groups.setdefault((entry.reason, entry.grave), []).append(entry.package)
    return groups


def _skipped(unchecked: Iterable[UncheckedPackage], subject: str) -> Iterator[Skipped]:
    """Yield an entry per package, up to a bound; packages with one grave reason, as a distribution's, share one."""
    for (reason, grave), packages in _by_reason(unchecked).items():
        if grave and len(packages) > 1:
            yield Skipped(VULNERABILITIES, f"{subject}: {_sample(packages)}", reason)
        else:
            for package in packages[:_NAMED]:
                name = " ".join(filter(None, (package.name, package.version)))
                yield Skipped(VULNERABILITIES, f"{subject}: {name} ({package.path or package.type})", reason)
            if len(packages) > _NAMED:
                yield Skipped(VULNERABILITIES, f"{subject}: {len(packages) - _NAMED} more packages", reason)


def _sources_unseen(inventory: Inventory, subject: str) -> Iterator[Skipped]:
    """Name the packages that were matched by their own names alone, since an SBOM does not name their sources."""
    if SOURCES not in inventory.unseen or inventory.distribution is None:
        return
    packages = [package for package in inventory.packages if package.type in OF_DISTRIBUTIONS]
    ecosystems = release(inventory.distribution)
    if packages and ecosystems and is_by_source(ecosystems[0]):
        reason = (
            f"the SBOM names no source packages, and advisories for {ecosystems[0]} do: each package was matched by its"
            " own name alone (write the SBOM with `upstream` in the package URLs)"
        )
        yield Skipped(VULNERABILITIES, f"{subject}: {_sample(packages)}", reason)


def _sample(packages: list[Package]) -> str:
    return list_first(list(dict.fromkeys(package.name for package in packages)), 5)


def _input_errors(matched: MatchResult, location: Location) -> Iterator[InputError]:
    """Packages of an uncovered distribution, or with versions that cannot be parsed, are errors."""
    for (reason, grave), packages in _by_reason(matched.unchecked).items():
        if grave:
            yield InputError(f"{_not_checked(len(packages), f' ({_sample(packages)})')}: {reason}", location)


def opener(progress: Callable[[str], None], note: Callable[[str], None], *, offline: bool) -> Opener:
    """Give a function that opens the database, and fetches the feeds that an inventory needs unless `offline`.

    `note` receives warnings: that data is old, or that a feed could not be fetched.
    """
    from sealock.vulnerabilities.database.freshness import Ready, ready  # noqa: PLC0415  sqlite3: only for packages
    from sealock.vulnerabilities.database.seal import NoDatabaseError  # noqa: PLC0415  as above

    offline = offline or bool(os.environ.get("SEALOCK_OFFLINE"))
    requested: set[tuple[str, ...]] = set()
    opened: list[Ready] = []

    def open_for(ecosystems: tuple[tuple[str, ...], ...]) -> AdvisoryLookup:
        if not opened or not requested.issuperset(ecosystems):
            requested.update(ecosystems)
            while opened:
                opened.pop().store.close()
            try:
                opened.append(ready(sorted(requested), None if offline else _transport, progress))
            except NoDatabaseError:
                if requested:
                    raise
                # No feed covers the packages: a database would have no advisories on them.
                return NoAdvisories()
            for message in opened[0].notes:
                note(message)
        return opened[0].store

    return open_for


def _transport() -> Transport:
    from sealock.net.http import HttpTransport  # noqa: PLC0415  ssl: only where a feed is fetched

    return HttpTransport()
