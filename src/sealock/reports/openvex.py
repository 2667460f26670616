"""Writes OpenVEX (https://github.com/openvex/spec, 0.2) of a policy's ignores, stable as long as nothing changes."""

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
"""The prefix of default document ids in OpenVEX's own tools."""
_HASHES: Final = {"sha256": "sha-256", "sha512": "sha-512"}


class IgnoredVulnerability(Struct, frozen=True):
    """One ignored vulnerability of one package. `package` is its package URL."""

    id: str
    aliases: tuple[str, ...]
    package: str
    reason: str
    until: str = ""
    justification: str = ""


class TargetIgnores(Struct, frozen=True):
    """The ignored vulnerabilities of one target. Without products, the packages are the products."""

    ignored: tuple[IgnoredVulnerability, ...]
    products: tuple[str, ...] = ()


def product_of(image: ImageIdentity) -> tuple[str, ...]:
    """The package URLs of an image, one per name: by digest, else by tag."""
    urls: list[str] = []
    for name in image.names:
        parsed = parse(name)
        if parsed is None:
            continue
        registry = "index.docker.io" if parsed.registry == DEFAULT_REGISTRY else parsed.registry
        digest = image.manifest or parsed.digest or ""
        urls.append(image_purl(f"{registry}/{parsed.repository}", digest, parsed.tag or "latest"))
    return tuple(dict.fromkeys(urls))


def bare(purl: str) -> str:
    """A package URL without its qualifiers, which differ between tools."""
    return purl.partition("?")[0]


def document(
    targets: Iterable[TargetIgnores], author: str, name: str, now: str, former: object = None
) -> dict[str, Any]:
    """Make a document of the ignores. `name` is its id, "" for a derived one; `now` is RFC 3339.

    `former` is the former version of the document: unchanged statements keep their times, and if nothing has changed,
    it is returned as it was. A justification makes "not_affected"; an ignore without one becomes "affected" with its
    reason as the action statement.
    """
    targets = tuple(targets)
    rows = _rows(targets)
    products = sorted({product for target in targets for product in target.products or map(bare, _packages(target))})
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


def _packages(target: TargetIgnores) -> tuple[str, ...]:
    return tuple(dict.fromkeys(entry.package for entry in target.ignored if entry.package))


def _key(row: Mapping[str, Any]) -> str:
    """A statement without its time."""
    return encode({key: row[key] for key in sorted(row) if key != "timestamp"}, indent=0)


def _rows(targets: Iterable[TargetIgnores]) -> list[dict[str, Any]]:
    """A statement per vulnerability and reason, with all its products and packages."""
    grouped: dict[IgnoredVulnerability, dict[str, set[str]]] = {}
    for target in targets:
        for ignored in target.ignored:
            if not ignored.package:
                continue
            products = grouped.setdefault(replace(ignored, package=""), {})
            for product in target.products:
                products.setdefault(product, set()).add(bare(ignored.package))
            if not target.products:
                products.setdefault(bare(ignored.package), set())
    return [_row(ignored, products) for ignored, products in sorted(grouped.items(), key=lambda item: _order(item[0]))]


def _order(ignored: IgnoredVulnerability) -> tuple[str, ...]:
    return ignored.id, ignored.justification, ignored.reason, ignored.until


def _row(ignored: IgnoredVulnerability, products: Mapping[str, set[str]]) -> dict[str, Any]:
    vulnerability: dict[str, Any] = {"name": ignored.id}
    if ignored.aliases:
        vulnerability["aliases"] = sorted(ignored.aliases)
    row: dict[str, Any] = {
        "vulnerability": vulnerability,
        "products": [_product(product, parts) for product, parts in sorted(products.items())],
    }
    until = f" (until {ignored.until})" if ignored.until else ""
    if ignored.justification:
        reasons = {"justification": ignored.justification, "impact_statement": f"{ignored.reason}{until}"}
        return row | {"status": "not_affected", **reasons}
    return row | {"status": "affected", "action_statement": f"Accepted{until}: {ignored.reason}"}


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
