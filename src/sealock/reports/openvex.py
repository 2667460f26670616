"""OpenVEX (https://github.com/openvex/spec, 0.2) of what a policy ignores: stable as long as nothing changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from sealock.model.imagename import DEFAULT_REGISTRY, parse
from sealock.model.purl import image_purl, parse_purl
from sealock.model.report import ImageIdentity
from sealock.reports.jsontext import encode

CONTEXT: Final = "https://openvex.dev/ns/v0.2.0"
_HOME: Final = "https://openvex.dev/docs/public/vex-"
"""Where OpenVEX's own tools have the ids of documents that nobody gave another one."""
_HASHES: Final = {"sha256": "sha-256", "sha512": "sha-512"}


class Excused(Struct, frozen=True):
    """One vulnerability of one package that is ignored. `package` is its package URL."""

    id: str
    aliases: tuple[str, ...]
    package: str
    reason: str
    until: str = ""
    justification: str = ""


class Held(Struct, frozen=True):
    """What is excused in one target. Without products, the packages themselves are the products."""

    suppressed: tuple[Excused, ...]
    products: tuple[str, ...] = ()


def product_of(image: ImageIdentity) -> tuple[str, ...]:
    """The package URLs of an image, one for each of its names: by its digest, else by its tag."""
    found: list[str] = []
    for name in image.names:
        parsed = parse(name)
        if parsed is None:
            continue
        registry = "index.docker.io" if parsed.registry == DEFAULT_REGISTRY else parsed.registry
        digest = image.manifest or parsed.digest or ""
        found.append(image_purl(f"{registry}/{parsed.repository}", digest, parsed.tag or "latest"))
    return tuple(dict.fromkeys(found))


def bare(purl: str) -> str:
    """A package URL without its qualifiers, which tools write each in their own way."""
    return purl.partition("?")[0]


def document(held: Iterable[Held], author: str, name: str, now: str, former: object = None) -> dict[str, Any]:
    """Make a document of what is excused. `name` is its id, "" for one of its own; `now` is RFC 3339.

    `former` is the document as it was written before: what has not changed keeps its times, and where nothing has, it
    is given back as it was. A justification makes "not_affected"; an ignore without one claims nothing of the kind, so
    it is "affected" with its reason as what is done about it.
    """
    held = tuple(held)
    rows = _rows(held)
    products = sorted({product for one in held for product in one.products or map(bare, _packages(one))})
    name = name or f"{_HOME}{sha256(chr(0).join((author, *products)).encode('utf-8', 'replace')).hexdigest()}"
    before = former if isinstance(former, dict) and former.get("@id") == name else {}
    old = before.get("statements")
    times = {_key(row): str(row.get("timestamp") or now) for row in old or () if isinstance(row, dict)}
    statements = [{**row, "timestamp": times.get(_key(row), now)} for row in rows]
    if before and statements == old and before.get("author") == author:
        return before
    version = before.get("version")
    table: dict[str, Any] = {
        "@context": CONTEXT,
        "@id": name,
        "author": author,
        "timestamp": str(before.get("timestamp") or now),
    }
    if before:
        table["last_updated"] = now
    count = version + 1 if isinstance(version, int) and not isinstance(version, bool) and version > 0 else 1
    return {**table, "version": count, "tooling": "sealock", "statements": statements}


def render(table: Mapping[str, Any]) -> str:
    """The document as text."""
    return encode(table)


def _packages(held: Held) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.package for one in held.suppressed if one.package))


def _key(row: Mapping[str, Any]) -> str:
    """All of a statement but its time."""
    return encode({key: row[key] for key in sorted(row) if key != "timestamp"}, indent=0)


def _rows(held: Iterable[Held]) -> list[dict[str, Any]]:
    """A statement for each vulnerability and reason, with all products and packages that it is about."""
    grouped: dict[Excused, dict[str, set[str]]] = {}
    for one in held:
        for suppressed in one.suppressed:
            if not suppressed.package:
                continue
            products = grouped.setdefault(replace(suppressed, package=""), {})
            for product in one.products:
                products.setdefault(product, set()).add(bare(suppressed.package))
            if not one.products:
                products.setdefault(bare(suppressed.package), set())
    return [
        _row(suppressed, products) for suppressed, products in sorted(grouped.items(), key=lambda item: _order(item[0]))
    ]


def _order(suppressed: Excused) -> tuple[str, ...]:
    return suppressed.id, suppressed.justification, suppressed.reason, suppressed.until


def _row(suppressed: Excused, products: Mapping[str, set[str]]) -> dict[str, Any]:
    vulnerability: dict[str, Any] = {"name": suppressed.id}
    if suppressed.aliases:
        vulnerability["aliases"] = sorted(suppressed.aliases)
    row: dict[str, Any] = {
        "vulnerability": vulnerability,
        "products": [_product(product, parts) for product, parts in sorted(products.items())],
    }
    until = f" (until {suppressed.until})" if suppressed.until else ""
    if suppressed.justification:
        reasons = {"justification": suppressed.justification, "impact_statement": f"{suppressed.reason}{until}"}
        return row | {"status": "not_affected", **reasons}
    return row | {"status": "affected", "action_statement": f"Accepted{until}: {suppressed.reason}"}


def _product(product: str, parts: Iterable[str]) -> dict[str, Any]:
    url = parse_purl(product)
    table: dict[str, Any] = {"@id": product}
    if url is not None:
        table["identifiers"] = {"purl": product}
        kind, _, digest = url.version.partition(":")
        if url.type == "oci" and kind in _HASHES and digest:
            table["hashes"] = {_HASHES[kind]: digest}
    if listed := sorted(parts):
        table["subcomponents"] = [{"@id": part, "identifiers": {"purl": part}} for part in listed]
    return table
