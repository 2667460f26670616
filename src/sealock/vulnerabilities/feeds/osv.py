"""OSV: an archive of records for each ecosystem, one JSON file each. https://google.github.io/osv.dev/data/."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import IO, Any, Final

import msgspec

from sealock.model.advisory import Advisory, Affects, DistributionState, Rating
from sealock.model.severity import Severity
from sealock.vulnerabilities import cvss
from sealock.vulnerabilities.ecosystems import normalised
from sealock.vulnerabilities.feeds import _osvshape as shape
from sealock.vulnerabilities.feeds._document import UNREADABLE
from sealock.vulnerabilities.feeds._texts import dated, details, links, names, summary
from sealock.vulnerabilities.feeds._zip import members
from sealock.vulnerabilities.feeds.feed import BrokenRecord, FeedItem, Withdrawn, fit, word
from sealock.vulnerabilities.feeds.spans import spans
from sealock.vulnerabilities.versions import scheme_of

_NOTICES: Final = re.compile(
    r"(?:DSA|DLA|DTSA|USN|LSN|ALSA|ALBA|ALEA|RLSA|RLBA|RLEA|RXSA|RHSA|RHBA|RHEA|SUSE|openSUSE|MGASA)-"
)
"""Ids of notices on updates, each of which closes several flaws."""
_SOURCES: Final = {
    "CVE": "NVD", "GHSA": "GitHub", "PYSEC": "PyPA", "GO": "Go", "RUSTSEC": "RustSec", "UBUNTU": "Ubuntu",
    "USN": "Ubuntu", "DSA": "Debian", "DLA": "Debian", "ALSA": "AlmaLinux", "RLSA": "Rocky Linux", "RHSA": "Red Hat",
    "CGA": "Chainguard",
}  # fmt: skip
"""Who rates, by the first word of the id. Debian's and Alpine's records of a CVE carry NVD's vector."""
_URGENCIES: Final[dict[str, DistributionState]] = {"unimportant": "unimportant", "end-of-life": "end-of-life"}
_ENTERPRISE: Final = re.compile(r"Red Hat:enterprise_linux:(\d{1,2})(?:[.:].*)?\Z")
"""The main stream; extended ones, which are paid for, keep the names that the records have."""
_WORDS: Final = (b'"urgency"', b'"ubuntu_priority"', b'"severity"')
"""Keys below which distributions have their own word."""
_decode: Final = msgspec.json.Decoder(shape.OsvRecord).decode
_nothing: Final = b"null"


def read(file: IO[bytes], size: int, ecosystem: str) -> Iterator[FeedItem]:
    """Yield the records of one ecosystem's archive, with what they say of that ecosystem and its releases.

    Of what a record says of other ecosystems, their own archives tell.
    """
    for member in members(file, size):
        yield member if isinstance(member, BrokenRecord) else record(*member, ecosystem)


def record(name: str, data: bytes, ecosystem: str) -> FeedItem:
    """Read one record; `name` is that of its file."""
    try:
        found = _decode(data)
    except UNREADABLE as error:
        return BrokenRecord(name, f"it is no record of OSV's schema ({error})")
    if not fit(found.id):
        return BrokenRecord(name, "its id is none")
    if found.withdrawn:
        return Withdrawn(found.id)
    notice = bool(_NOTICES.match(found.id))
    upstream = found.upstream or ()
    if notice and not upstream:
        # Exports before schema 1.7 named the flaws that a notice closes as merely related, some as its aliases.
        upstream = [alias for alias in (*(found.related or ()), *(found.aliases or ())) if alias.startswith("CVE-")]
    aliases = [alias for alias in found.aliases or () if not (notice and alias.startswith("CVE-"))]
    return Advisory(
        id=found.id,
        feed=f"osv/{ecosystem}",
        affects=tuple(_affects(found, ecosystem)),
        aliases=names(aliases, found.id),
        upstream=names(upstream, found.id),
        summary=summary(found.summary),
        details=details(found.details),
        ratings=tuple(_ratings(found)),
        references=links(reference.url for reference in found.references or ()),
        published=dated(found.published),
        modified=dated(found.modified),
    )


def _affects(osv_record: shape.OsvRecord, ecosystem: str) -> Iterator[Affects]:
    begin = f"{ecosystem}:"
    wide = word_of_ubuntu(osv_record.severity)
    for one in osv_record.affected or ():
        package = one.package
        if package is None or not fit(package.name) or not fit(package.ecosystem):
            # A flaw of a repository of sources alone, which no package is looked up by.
            continue
        where = package.ecosystem
        if where != ecosystem and not where.startswith(begin):
            continue
        if red := _ENTERPRISE.match(where):
            where = f"Red Hat:{red[1]}"
        special = _special(one.ecosystem_specific, *_WORDS)
        state = _URGENCIES.get(str(special.get("urgency")), "affected")
        ordered = [r.events or [] for r in one.ranges or () if r.type in {"SEMVER", "ECOSYSTEM"}]
        scheme = scheme_of(where)
        yield Affects(
            ecosystem=where,
            name=normalised(where, package.name),
            spans=tuple(span for events in ordered for span in spans(scheme, events)),
            versions=tuple(one.versions or ()),
            state=state,
            severity=_own_word(one, special) or wide,
        )


def _own_word(affected: shape.Affected, special: dict[str, Any]) -> Severity | None:
    """The distribution's or database's own word on this package."""
    for key in ("urgency", "ubuntu_priority", "severity"):
        if (found := word(special.get(key))) is not None:
            return found
    # RustSec's notes that a crate is unmaintained or has changed: no flaw, but worth knowing.
    informational = _special(affected.database_specific, b'"informational"').get("informational")
    if isinstance(informational, str) and informational in {"unmaintained", "notice"}:
        return Severity.INFO
    return word_of_ubuntu(affected.severity)


def word_of_ubuntu(severity: Iterable[shape.OsvSeverity] | None) -> Severity | None:
    """Ubuntu's own priority."""
    for one in severity or ():
        if one.type == "Ubuntu" and (found := word(one.score)) is not None:
            return found
    return None


def _ratings(osv_record: shape.OsvRecord) -> Iterator[Rating]:
    source = _SOURCES.get(osv_record.id.partition("-")[0], osv_record.id.partition("-")[0])
    vectors = {one.score: None for one in osv_record.severity or () if one.type.startswith("CVSS")}
    for one in osv_record.affected or ():
        vectors.update({rated.score: None for rated in one.severity or () if rated.type.startswith("CVSS")})
    special = _special(osv_record.database_specific, b'"severity"')
    # The word of who reviewed it outweighs what the vector comes to.
    stated = word(special.get("severity"))
    for vector in list(vectors)[:8]:
        points = cvss.score(vector)
        if points is not None:
            yield Rating(source, stated or cvss.severity(points), vector, points)
    if stated is not None and not vectors:
        yield Rating(source, stated)
    if osv_record.id.startswith("MAL-"):
        yield Rating("OpenSSF", Severity.CRITICAL)


def _special(raw: msgspec.Raw, *keys: bytes) -> dict[str, Any]:
    """What an ecosystem or database adds of its own, if one of the keys is in it; {} where that is no object.

    Ubuntu lists every binary package there, and Go every symbol: most are not worth decoding.
    """
    if raw == _nothing:
        return {}
    text = bytes(raw)
    if not any(key in text for key in keys):
        return {}
    try:
        found = msgspec.json.decode(text)
    except UNREADABLE:
        return {}
    return found if isinstance(found, dict) else {}
