"""Red Hat's VEX documents in CSAF, one per CVE: single, in a tar, or in a tar compressed with zstd.

https://www.redhat.com/en/blog/red-hat-vex-files-cves-are-now-generally-available
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Final
from urllib.parse import parse_qs, unquote

import msgspec

from sealock.errors import decoding_fault
from sealock.model.advisory import Advisory, Affects, DistributionState, Rating, Span
from sealock.patterns import compile_lazily
from sealock.vulnerabilities import cvss
from sealock.vulnerabilities.ecosystems import of_source
from sealock.vulnerabilities.feeds import _csafshape as shape
from sealock.vulnerabilities.feeds._document import UNREADABLE
from sealock.vulnerabilities.feeds._tar import members
from sealock.vulnerabilities.feeds._texts import dated, details, links, summary
from sealock.vulnerabilities.feeds.feed import RECORD, BrokenRecord, FeedError, FeedItem, fit, word
from sealock.vulnerabilities.versions import key

FEED: Final = "redhat-vex"
_CVE: Final = compile_lazily(r"CVE-\d{4}-\d{4,9}")
_PLATFORM: Final = compile_lazily(r"cpe:/[oa]:redhat:enterprise_linux:(\d{1,2})(?:[.:]|\Z)")
"""The main stream of Red Hat Enterprise Linux; extended ones, which need a subscription, have names of their own."""
_PURL: Final = compile_lazily(r"pkg:rpm/redhat/([^@?#]+)(?:@([^?#]+))?(?:\?([^#]*))?")
_DEPTH: Final = 20
_decode: Final = msgspec.json.Decoder(shape.CsafDocument).decode
_DECISIONS: Final[dict[str, DistributionState]] = {
    "will not fix": "ignored",
    "fix deferred": "deferred",
    "out of support scope": "end-of-life",
    "under investigation": "under-investigation",
}
"""The reasons for products without a planned fix."""


class _Component(msgspec.Struct, frozen=True, gc=False):
    """A package in a release. `version` is epoch, version and release, "" for all versions.

    What has no fix (yet) is mostly known by its source package alone, whose binary packages have names of their own.
    """

    ecosystem: str
    name: str
    version: str = ""
    module: str = ""
    is_source: bool = False


def read(file: IO[bytes], path: str) -> Iterator[FeedItem]:
    """Yield one record per CVE."""
    if path.endswith(".json"):
        data = file.read(RECORD + 1)
        if len(data) > RECORD:
            msg = f"it has more than {RECORD} bytes, the maximum"
            raise FeedError(msg)
        yield from record(path, data)
        return
    for member in members(file):
        if isinstance(member, BrokenRecord):
            yield member
        elif member[0].endswith(".json"):
            yield from record(*member)


def record(name: str, data: bytes) -> Iterator[FeedItem]:
    """Read one document."""
    try:
        csaf = _decode(data)
    except UNREADABLE as error:
        yield BrokenRecord(name, f"it is not a CSAF document ({decoding_fault(error)})")
        return
    components = _components(csaf.product_tree)
    for flaw in csaf.vulnerabilities or ():
        if not _CVE.fullmatch(flaw.cve):
            yield BrokenRecord(name, f"{flaw.cve[:40]!r} is not a CVE id")
            continue
        texts = {note.category: note.text for note in flaw.notes or ()}
        tracking = csaf.document.tracking
        yield Advisory(
            id=flaw.cve,
            feed=FEED,
            affects=tuple(_affects(flaw, components)),
            summary=summary(flaw.title),
            details=details(texts.get("description")),
            ratings=tuple(_ratings(csaf.document, flaw)),
            references=links(link.url for link in flaw.references or ()),
            published=dated(tracking.initial_release_date),
            modified=dated(tracking.current_release_date),
        )


def _ratings(head: shape.Head, flaw: shape.CsafFlaw) -> Iterator[Rating]:
    stated = word(head.aggregate_severity.text) if head.aggregate_severity else None
    vectors = [
        cvss_score.vectorString
        for score in flaw.scores or ()
        for cvss_score in (score.cvss_v4, score.cvss_v3, score.cvss_v2)
        if cvss_score is not None
    ]
    yield from cvss.ratings("Red Hat", stated, list(dict.fromkeys(vectors))[:4])


def _components(tree: shape.ProductTree | None) -> dict[str, _Component]:
    """Every package in a release of Red Hat Enterprise Linux, by its product id."""
    if tree is None:
        return {}
    platforms: dict[str, str] = {}
    packages: dict[str, tuple[str, str, str, bool]] = {}
    waiting = [(branch, 0) for branch in tree.branches or ()]
    while waiting:
        branch, depth = waiting.pop()
        if depth < _DEPTH:
            waiting.extend((child, depth + 1) for child in branch.branches or ())
        if branch.product is None:
            continue
        helper = branch.product.product_identification_helper or shape.Helper()
        if platform := _PLATFORM.match(helper.cpe):
            platforms[branch.product.product_id] = f"Red Hat:{platform[1]}"
        elif package := _package(helper.purl, branch.product.product_id):
            packages[branch.product.product_id] = package
    components = {}
    for relationship in tree.relationships or ():
        ecosystem = platforms.get(relationship.relates_to_product_reference)
        package = packages.get(relationship.product_reference)
        if ecosystem is not None and package is not None:
            components[relationship.full_product_name.product_id] = _Component(ecosystem, *package)
    return components


def _package(purl: str, product: str) -> tuple[str, str, str, bool] | None:
    """The name, version and module of an rpm, and whether it may be a source rpm; None for other products."""
    if not purl:
        # A package without a version goes by its name, after its module's stream.
        module, _, name = product.rpartition("/")
        return (name, "", module, True) if fit(name) and ":" not in name else None
    match = _PURL.match(purl)
    if match is None or len(purl) > 2000:
        return None
    qualifiers = {name: values[0] for name, values in parse_qs(match[3] or "", max_num_fields=20).items()}
    name = unquote(match[1])
    module = ":".join(qualifiers.get("rpmmod", "").split(":")[:2])
    version = unquote(match[2] or "")
    if version and qualifiers.get("epoch", "0") != "0":
        version = f"{qualifiers['epoch']}:{version}"
    return (name, version, module, qualifiers.get("arch") in {"src", "nosrc"}) if fit(name) else None


def _affects(flaw: shape.CsafFlaw, components: dict[str, _Component]) -> Iterator[Affects]:
    """Yield the status of each package: "fixed" wins over "affected", and that over all others."""
    status = flaw.product_status or shape.ProductStatus()
    decided = _decisions(flaw)
    severities = {
        product: severity
        for threat in flaw.threats or ()
        if threat.category == "impact" and (severity := word(threat.details)) is not None
        for product in threat.product_ids or ()
    }
    done: set[tuple[str, str, str]] = set()
    fixes: dict[tuple[str, str, str], list[tuple[str, str]]] = {}
    for product in status.fixed or ():
        component = components.get(product)
        if component is not None and component.version:
            done.add((component.ecosystem, of_source(component.name), component.module))
            if not component.is_source:
                place = component.ecosystem, component.name, component.module
                fixes.setdefault(place, []).append((component.version, product))
    for place, versions in fixes.items():
        done.add(place)
        # Later minor releases rebuild the fix of an earlier one.
        version, product = min(versions, key=lambda pair: key("rpm", pair[0]) or b"\xff")
        yield Affects(place[0], place[1], (Span(fixed=version),), (), "affected", place[2], severities.get(product))
    groups: tuple[tuple[list[str] | None, DistributionState, tuple[Span, ...]], ...] = (
        (status.known_affected, "affected", (Span(),)),
        (status.under_investigation, "under-investigation", (Span(),)),
        (status.known_not_affected, "not-affected", ()),
    )
    for products, state, spans in groups:
        for product in products or ():
            component = components.get(product)
            if component is None:
                continue
            # Binary packages that are not affected are named one by one.
            by_source = component.is_source and bool(spans)
            for name in (component.name, of_source(component.name))[: 1 + by_source]:
                place = component.ecosystem, name, component.module
                if place in done:
                    continue
                done.add(place)
                own_state = decided.get(product, state) if state == "affected" else state
                yield Affects(place[0], name, spans, (), own_state, place[2], severities.get(product))


def _decisions(flaw: shape.CsafFlaw) -> dict[str, DistributionState]:
    decisions: dict[str, DistributionState] = {}
    for remediation in flaw.remediations or ():
        state = _DECISIONS.get(remediation.details.strip().lower())
        if remediation.category in {"no_fix_planned", "none_available"} and state is not None:
            decisions.update(dict.fromkeys(remediation.product_ids or (), state))
    return decisions
