"""Matches stored packages with advisories, by the same matching as every other command."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from sealock.model.advisory import Vulnerability
from sealock.model.container import Container
from sealock.model.inventory import Distribution, FileFact, Inventory
from sealock.service.state.packages import StoredPackage
from sealock.vulnerabilities.claim import AdvisoryLookup
from sealock.vulnerabilities.match import STREAM, match


class Hit(Struct, frozen=True, order=True):
    """A flaw of a package. `suppressed` says why it does not count, "" where it does; `data` is the Vulnerability."""

    flaw: str
    severity: int
    fixed: str
    state: str
    exploited: bool
    suppressed: str
    data: str

    def row(self, package: int) -> dict[str, Any]:
        """Its columns."""
        return {"package_id": package, **msgspec.structs.asdict(self)}


class PackageMatch(Struct):
    """What the advisories say of a package. `covered`: some are on its name, so they decide on its files."""

    hits: dict[str, Hit]
    unchecked: str = ""
    grave: bool = False
    covered: bool = False


def match_packages(packages: Iterable[StoredPackage], lookup: AdvisoryLookup) -> dict[str, PackageMatch]:
    """Match packages; give the result of each by its key."""
    results: dict[str, PackageMatch] = {}
    for distribution, stream, group in _groups(packages):
        results.update({stored.key: PackageMatch({}) for stored in group})
        inventory = Inventory(
            (),
            "",
            "",
            (),
            Container(),
            distribution,
            tuple(replace(stored.package, path=stored.key) for stored in group),
            (FileFact(STREAM, "", detail=f"/{stream}/"),) if stream else (),
        )
        matched = match(inventory, lookup)
        for vulnerability in matched.vulnerabilities:
            _add(results, vulnerability, "")
        for entry in matched.suppressed:
            _add(results, entry.vulnerability, entry.reason)
        for unchecked in matched.unchecked:
            result = results[unchecked.package.path]
            if not result.unchecked or unchecked.grave:
                result.unchecked, result.grave = unchecked.reason, unchecked.grave
        for stored in group:
            results[stored.key].covered = distribution is not None and stored.package.name in matched.covered
    return results


def _groups(
    packages: Iterable[StoredPackage],
) -> Iterator[tuple[Distribution | None, str, list[StoredPackage]]]:
    """Packages that can be matched together: of one release, and no two that matching would report as one."""
    groups: dict[tuple[Distribution | None, str, int], list[StoredPackage]] = {}
    same: dict[tuple[object, ...], int] = {}
    for stored in packages:
        package = stored.package
        like = (
            stored.distribution, stored.stream, package.type, package.namespace, package.name, package.version,
            package.architecture,
        )  # fmt: skip
        same[like] = same.get(like, -1) + 1
        groups.setdefault((stored.distribution, stored.stream, same[like]), []).append(stored)
    for (distribution, stream, _), group in groups.items():
        yield distribution, stream, group


def _add(results: dict[str, PackageMatch], vulnerability: Vulnerability, suppressed: str) -> None:
    hits = results[vulnerability.package.path].hits
    former = hits.get(vulnerability.id)
    if former is not None and (not former.suppressed or suppressed):
        return
    bare = replace(vulnerability, package=replace(vulnerability.package, path=""), epss=None)
    hits[vulnerability.id] = Hit(
        vulnerability.id,
        int(vulnerability.severity),
        vulnerability.fixed,
        vulnerability.state,
        vulnerability.exploited is not None,
        suppressed,
        msgspec.json.encode(bare).decode("utf-8", "replace"),
    )
