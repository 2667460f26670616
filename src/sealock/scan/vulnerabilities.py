"""Lets the database have its word on an inventory: findings, what could not be judged, and what is a problem.

The database is opened when the first inventory comes, and only what that inventory needs is fetched where it lacks.
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
from sealock.model.inventory import Inventory
from sealock.model.location import Location, Place, Source
from sealock.net.transport import Transport
from sealock.policy.ignores import VULNERABILITIES
from sealock.policy.vex import VexStatements
from sealock.text import count
from sealock.vulnerabilities.claim import AdvisoryLookup, NoAdvisories
from sealock.vulnerabilities.findings import FindingTarget, findings
from sealock.vulnerabilities.match import match, needed
from sealock.vulnerabilities.matches import MatchResult, UncheckedPackage

_NAMED: Final = 40
"""Packages that are named one by one with the reason why they were not judged; beyond, they are counted."""

Opener: TypeAlias = Callable[[tuple[tuple[str, ...], ...]], AdvisoryLookup]
"""Gives a database that covers what it can of these ecosystems (each a tuple of spellings); SealockError where none."""


class LookupOptions(Struct, frozen=True):
    """What counts: which states do not, and whether only what a version mends does."""

    ignored: tuple[DistributionState, ...] = ()
    only_fixed: bool = False


class LookupResult(Struct, frozen=True):
    """What is to be told of one inventory. `complete` says that every package was checked."""

    findings: tuple[Finding, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    errors: tuple[InputError, ...] = ()
    complete: bool = False


class VulnerabilityLookup:
    """Weighs the inventories of one run; the database stays open between them."""

    def __init__(self, options: LookupOptions, opener: Opener) -> None:
        self.options = options
        self._opener = opener
        self._failed = ""

    @property
    def failed(self) -> bool:
        """Whether there was no database to weigh by."""
        return bool(self._failed)

    def look_up(
        self, inventory: Inventory, name: str, subject: str, source: Source, statements: VexStatements | None = None
    ) -> LookupResult:
        """Judge the packages of one inventory. `name` enters the fingerprints; `source` is the text it is from."""
        location = Location(source.name)
        if not inventory.packages:
            return LookupResult(complete=True)
        try:
            if self._failed:
                return _nothing(self._failed, inventory, subject, location)
            matched = match(inventory, self._opener(needed(inventory)))
        except SealockError as error:
            self._failed = str(error)
            return _nothing(self._failed, inventory, subject, location)
        told = findings(matched, FindingTarget(name, subject, location, _based(inventory)))
        if inventory.names == (source.name,) and source.text:
            told = list(_located(told, source))
        if statements is not None:
            told = list(map(statements.matcher(inventory, name).apply, told))
        unchecked = tuple(_unchecked(matched.unchecked, subject))
        errors = tuple(_input_errors(matched, location))
        return LookupResult(tuple(map(self._wished, told)), unchecked, errors, not unchecked and not errors)

    def _wished(self, finding: Finding) -> Finding:
        """Set aside what the person did not ask for."""
        one = finding.vulnerability
        if one is None or finding.suppressed is not None:
            return finding
        if one.state in self.options.ignored:
            return replace(finding, suppressed=Suppression("--ignore-states", f"its state is {one.state}"))
        if self.options.only_fixed and not one.fixed:
            return replace(finding, suppressed=Suppression("--only-fixed", "no version mends it yet"))
        return finding


def _located(told: Iterable[Finding], source: Source) -> Iterator[Finding]:
    """Give each finding the line of the lock file that names its package, where one does."""
    lines: dict[str, Location] = {}
    for finding in told:
        if finding.vulnerability is None:
            yield finding
            continue
        name = finding.vulnerability.package.name
        if name not in lines:
            lines[name] = _line(source, name)
        yield replace(finding, location=lines[name])


def _line(source: Source, name: str) -> Location:
    """Where a lock file names a package: as its formats write names, the surest first."""
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
    """What is known to be vulnerable in an inventory, and in words what nobody may pass over: what was not judged."""
    found = match(inventory, opener(progress, note, offline=offline)(needed(inventory)))
    return found.vulnerabilities, tuple(error.message for error in _input_errors(found, Location("")))


def _nothing(why: str, inventory: Inventory, subject: str, location: Location) -> LookupResult:
    """Say that nothing could be judged: that is no pass."""
    packages = len(inventory.packages)
    reason = f"known vulnerabilities of {count(packages, 'package')} were not judged: {why}"
    return LookupResult(
        skipped=(Skipped(VULNERABILITIES, subject, f"no advisory database: {why}"),),
        errors=(InputError(f"{reason} (--no-vulnerabilities does without)", location),),
    )


def _based(inventory: Inventory) -> str:
    """The digest of the first layer, where others lie upon it: its packages came with the base image."""
    if len(inventory.layers) < 2:
        return ""
    first = min(inventory.layers, key=lambda layer: layer.index)
    return first.digest or first.diff_id


def _grouped(unchecked: Iterable[UncheckedPackage]) -> dict[tuple[str, bool], list[UncheckedPackage]]:
    groups: dict[tuple[str, bool], list[UncheckedPackage]] = {}
    for one in unchecked:
        groups.setdefault((one.reason, one.grave), []).append(one)
    return groups


def _unchecked(unchecked: Iterable[UncheckedPackage], subject: str) -> Iterator[Skipped]:
    """One entry for each package, up to a number; a distribution's packages, which share one reason, as one."""
    for (reason, grave), group in _grouped(unchecked).items():
        if grave and len(group) > 1:
            yield Skipped(VULNERABILITIES, f"{subject}: {_sample(group)}", reason)
            continue
        for one in group[:_NAMED]:
            package = one.package
            told = " ".join(filter(None, (package.name, package.version)))
            yield Skipped(VULNERABILITIES, f"{subject}: {told} ({package.path or package.type})", reason)
        if len(group) > _NAMED:
            yield Skipped(VULNERABILITIES, f"{subject}: {len(group) - _NAMED} more packages", reason)


def _sample(group: list[UncheckedPackage]) -> str:
    names = list(dict.fromkeys(one.package.name for one in group))
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return f"{', '.join(names[:5])}{more}"


def _input_errors(matched: MatchResult, location: Location) -> Iterator[InputError]:
    """What nobody may pass over: the distribution itself, or versions that cannot be read."""
    for (reason, grave), group in _grouped(matched.unchecked).items():
        if grave:
            packages = f"{count(len(group), 'package')} ({_sample(group)}) {'were' if len(group) != 1 else 'was'}"
            yield InputError(f"{packages} not judged for known vulnerabilities: {reason}", location)


def opener(progress: Callable[[str], None], note: Callable[[str], None], *, offline: bool) -> Opener:
    """Give what opens the database: with what an inventory needs fetched where it lacks, unless `offline`.

    `note` hears what is worth knowing beside: that data is old, that a feed could not be had.
    """
    from sealock.vulnerabilities.database.freshness import Ready, ready  # noqa: PLC0415  where packages are looked up alone
    from sealock.vulnerabilities.database.seal import NoDatabaseError  # noqa: PLC0415  as above

    offline = offline or bool(os.environ.get("SEALOCK_OFFLINE"))
    seen: set[tuple[str, ...]] = set()
    held: list[Ready] = []

    def opens(ecosystems: tuple[tuple[str, ...], ...]) -> AdvisoryLookup:
        if not held or not seen.issuperset(ecosystems):
            seen.update(ecosystems)
            while held:
                held.pop().store.close()
            try:
                held.append(ready(sorted(seen), None if offline else _transport, progress))
            except NoDatabaseError:
                if seen:
                    raise
                # No feed is for what is there: a database would have nothing to say.
                return NoAdvisories()
            for words in held[0].notes:
                note(words)
        return held[0].store

    return opens


def _transport() -> Transport:
    from sealock.net.http import HttpTransport  # noqa: PLC0415  only where something is to be fetched

    return HttpTransport()
