"""Databases for tests: one that is only a table, made of advisories at once and plainly, and real ones of few records."""

from __future__ import annotations

import json
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sealock.model.advisory import Advisory, Affects, Epss, Exploited
from sealock.vulnerabilities.claim import Claim, KeySpan
from sealock.vulnerabilities.ecosystems import normalised
from sealock.vulnerabilities.versions import key, scheme_of


class Table:
    """Advisories by ecosystem and name; an ecosystem is covered if an advisory names it, or if it is among `covered`."""

    def __init__(
        self,
        *advisories: Advisory,
        covered: Sequence[str] = (),
        exploited: dict[str, Exploited] | None = None,
        epss: dict[str, Epss] | None = None,
    ) -> None:
        self.records = {advisory.id: advisory for advisory in advisories}
        self.kev, self.scores = exploited or {}, epss or {}
        self.claims: dict[tuple[str, str], list[Claim]] = {}
        for advisory in advisories:
            for affects in advisory.affects:
                home = affects.ecosystem, normalised(affects.ecosystem, affects.name)
                self.claims.setdefault(home, []).append(claim(advisory, affects))
        self.ecosystems = {ecosystem for ecosystem, _ in self.claims} | set(covered)
        self.asked: list[str] = []

    def about(self, ecosystem: str, names: Sequence[str], /) -> dict[str, tuple[Claim, ...]]:
        self.asked += names
        return {name: tuple(self.claims[ecosystem, name]) for name in names if (ecosystem, name) in self.claims}

    def covers(self, ecosystem: str, /) -> bool:
        return ecosystem in self.ecosystems

    def details(self, ids: Sequence[str], /) -> dict[str, Advisory]:
        return {name: self.records[name] for name in ids if name in self.records}

    def exploited(self, cves: Sequence[str], /) -> dict[str, Exploited]:
        return {name: self.kev[name] for name in cves if name in self.kev}

    def epss(self, cves: Sequence[str], /) -> dict[str, Epss]:
        return {name: self.scores[name] for name in cves if name in self.scores}


def claim(advisory: Advisory, affects: Affects) -> Claim:
    """An advisory's word on one package, with its versions as keys."""
    scheme = scheme_of(affects.ecosystem)
    assert scheme is not None, affects.ecosystem
    unreadable: list[str] = []

    def keyed(version: str) -> bytes:
        if version in {"", "0"}:
            return b""
        found = key(scheme, version)
        if found is None:
            unreadable.append(version)
            return b"\xff"
        return found

    spans = []
    for span in affects.spans:
        start, before = keyed(span.introduced), len(unreadable)
        end = keyed(span.fixed or span.last or span.limit)
        if len(unreadable) == before:
            spans.append(KeySpan(start, end, bool(span.last and not span.fixed), span.fixed))
    versions = sorted(found for version in affects.versions if (found := keyed(version)) != b"\xff")
    return Claim(
        advisory.id,
        tuple(spans),
        tuple(versions),
        affects.state,
        affects.severity,
        advisory.aliases,
        advisory.upstream,
        affects.module,
        tuple(unreadable),
        advisory.feed,
    )


def database(
    folder: Path,
    records: Mapping[str, Sequence[Mapping[str, Any]]],
    *,
    now: Callable[[], float] = time.time,
    **feeds: bytes,
) -> str:
    """Build a real database of OSV records, by ecosystem, in a folder, and give that folder.

    `feeds` are whole files of other feeds: kev, epss.
    """
    from sealock.vulnerabilities.database.sources import SourceFolder  # noqa: PLC0415  as above
    from sealock.vulnerabilities.database.update import update  # noqa: PLC0415  as above
    from sealock.vulnerabilities.feeds.catalog import FEEDS  # noqa: PLC0415  tests of pure matching do without

    mirror = folder / "mirror"
    for ecosystem, found in records.items():
        path = mirror / "osv" / ecosystem / "all.zip"
        path.parent.mkdir(parents=True)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            for one in found:
                file.writestr(f"{one['id']}.json", json.dumps(one))
    for name, data in feeds.items():
        path = mirror / FEEDS[name].files[0].path
        path.parent.mkdir(parents=True)
        path.write_bytes(data)
    wanted = [FEEDS[name] for name in (*(f"osv/{ecosystem}" for ecosystem in records), *feeds)]
    outcomes = update(str(folder / "db"), SourceFolder(str(mirror)), wanted, now=now)
    assert [outcome.why for outcome in outcomes if outcome.result != "updated"] == []
    return str(folder / "db")
