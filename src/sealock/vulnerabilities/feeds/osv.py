"""OSV: an archive of records for each ecosystem, one JSON file each. https://google.github.io/osv.dev/data/."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import IO, Any, Final

import msgspec

from sealock.errors import decoding_fault
from sealock.model.advisory import Advisory, Affects, DistributionState, Rating
from sealock.model.severity import Severity
from sealock.patterns import compile_lazily
from sealock.vulnerabilities import cvss
from sealock.vulnerabilities.ecosystems import normalised, suse_release
from sealock.vulnerabilities.feeds import _osvshape as shape
from sealock.vulnerabilities.feeds._document import UNREADABLE
from sealock.vulnerabilities.feeds._texts import dated, details, is_rejected, links, names, summary
from sealock.vulnerabilities.feeds._zip import members
from sealock.vulnerabilities.feeds.feed import BrokenRecord, FeedItem, Withdrawn, fit, word
from sealock.vulnerabilities.feeds.spans import spans
from sealock.vulnerabilities.versions import scheme_of

_NOTICES: Final = compile_lazily(
    r"(?:DSA|DLA|DTSA|USN|LSN|ALSA|ALBA|ALEA|RLSA|RLBA|RLEA|RXSA|RHSA|RHBA|RHEA|SUSE|openSUSE|MGASA)-"
)
"""Ids of update notices, which close several flaws each."""
_SOURCES: Final = {
    "CVE": "NVD", "GHSA": "GitHub", "PYSEC": "PyPA", "GO": "Go", "RUSTSEC": "RustSec", "UBUNTU": "Ubuntu",
    "USN": "Ubuntu", "DSA": "Debian", "DLA": "Debian", "ALSA": "AlmaLinux", "RLSA": "Rocky Linux", "RHSA": "Red Hat",
    "CGA": "Chainguard",
}  # fmt: skip
"""The source of the rating, by the prefix of the id. Debian's and Alpine's records of a CVE carry NVD's vector."""
_URGENCIES: Final[dict[str, DistributionState]] = {"unimportant": "unimportant", "end-of-life": "end-of-life"}
_ENTERPRISE: Final = compile_lazily(r"Red Hat:enterprise_linux:(\d{1,2})(?:[.:].*)?\Z")
"""The main stream; extended ones, which need a subscription, keep the names of the records."""
_WORDS: Final = (b'"urgency"', b'"ubuntu_priority"', b'"severity"')
"""Keys of the distributions' own ratings."""
_decode: Final = msgspec.json.Decoder(shape.OsvRecord).decode
_object: Final = msgspec.json.Decoder(dict[str, Any]).decode
_nothing: Final = b"null"


def read(file: IO[bytes], size: int, ecosystem: str) -> Iterator[FeedItem]:
    """Yield the records of one ecosystem's archive, without what they say of other ecosystems."""
    for member in members(file, size):
        yield member if isinstance(member, BrokenRecord) else record(*member, ecosystem)


def record(name: str, data: bytes, ecosystem: str) -> FeedItem:
    """Read one record; `name` is its file's."""
    try:
        osv = _decode(data)
    except UNREADABLE as error:
        return BrokenRecord(name, f"it is not a record of the OSV schema ({decoding_fault(error)})")
    if not fit(osv.id):
        return BrokenRecord(name, "its id is invalid")
    if osv.withdrawn or is_rejected(osv.id, osv.details):
        return Withdrawn(osv.id)
    notice = bool(_NOTICES.match(osv.id))
    upstream = osv.upstream or ()
    if notice and not upstream:
        # Exports before schema 1.7 list the flaws that a notice closes as related, some as aliases.
        upstream = [alias for alias in (*(osv.related or ()), *(osv.aliases or ())) if alias.startswith("CVE-")]
    aliases = [alias for alias in osv.aliases or () if not (notice and alias.startswith("CVE-"))]
    return Advisory(
        id=osv.id,
        feed=f"osv/{ecosystem}",
        # What the modules of a release say of a package is mostly the same.
        affects=tuple(dict.fromkeys(_affects(osv, ecosystem))),
        aliases=names(aliases, osv.id),
        upstream=names(upstream, osv.id),
        summary=summary(osv.summary),
        details=details(osv.details),
        ratings=tuple(_ratings(osv)),
        references=links(reference.url for reference in osv.references or ()),
        published=dated(osv.published),
        modified=dated(osv.modified),
    )


def _affects(osv_record: shape.OsvRecord, ecosystem: str) -> Iterator[Affects]:
    begin = f"{ecosystem}:"
    wide = word_of_ubuntu(osv_record.severity)
    for affected in osv_record.affected or ():
        package = affected.package
        if package is None or not fit(package.name) or not fit(package.ecosystem):
            # Only a source repository is named, and packages are not looked up by repository.
            continue
        where = package.ecosystem
        if where != ecosystem and not where.startswith(begin):
            continue
        if release := _ENTERPRISE.match(where):
            where = f"Red Hat:{release[1]}"
        where = suse_release(where)
        special = _special(affected.ecosystem_specific, *_WORDS)
        state = _URGENCIES.get(str(special.get("urgency")), "affected")
        ordered = [group.events or [] for group in affected.ranges or () if group.type in {"SEMVER", "ECOSYSTEM"}]
        scheme = scheme_of(where)
        yield Affects(
            ecosystem=where,
            name=normalised(where, package.name),
            spans=tuple(span for events in ordered for span in spans(scheme, events)),
            versions=tuple(affected.versions or ()),
            state=state,
            severity=_own_rating(affected, special) or wide,
        )


def _own_rating(affected: shape.Affected, special: dict[str, Any]) -> Severity | None:
    """The distribution's or database's own rating of this package."""
    for key in ("urgency", "ubuntu_priority", "severity"):
        if (severity := word(special.get(key))) is not None:
            return severity
    # RustSec's notes that a crate is unmaintained or has changed are informational.
    if _special(affected.database_specific, b'"informational"').get("informational") in ("unmaintained", "notice"):
        return Severity.INFO
    return word_of_ubuntu(affected.severity)


def word_of_ubuntu(severity: Iterable[shape.OsvSeverity] | None) -> Severity | None:
    """Ubuntu's own priority."""
    for rating in severity or ():
        if rating.type == "Ubuntu" and (priority := word(rating.score)) is not None:
            return priority
    return None


def _ratings(osv_record: shape.OsvRecord) -> Iterator[Rating]:
    source = _SOURCES.get(osv_record.id.partition("-")[0], osv_record.id.partition("-")[0])
    vectors = {rated.score: None for rated in osv_record.severity or () if rated.type.startswith("CVSS")}
    for affected in osv_record.affected or ():
        vectors.update({rated.score: None for rated in affected.severity or () if rated.type.startswith("CVSS")})
    special = _special(osv_record.database_specific, b'"severity"')
    # The reviewer's rating outweighs the vector's score.
    stated = word(special.get("severity"))
    yield from cvss.ratings(source, stated, list(vectors)[:8])
    if osv_record.id.startswith("MAL-"):
        yield Rating("OpenSSF", Severity.CRITICAL)


def _special(raw: msgspec.Raw, *keys: bytes) -> dict[str, Any]:
    """Decode an ecosystem- or database-specific object that has one of the keys; {} otherwise.

    Ubuntu lists every binary package there, and Go every symbol: decoding all of them is slow.
    """
    if raw == _nothing:
        return {}
    text = bytes(raw)
    if not any(key in text for key in keys):
        return {}
    try:
        return _object(text)
    except UNREADABLE:
        return {}
