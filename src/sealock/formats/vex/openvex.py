"""OpenVEX 0.2 (https://github.com/openvex/spec)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.formats.jsonobject import JsonObject
from sealock.formats.vex.fault import StatementFault, shorten
from sealock.model.vex import STATUSES, VexProduct, VexStatement

_HASHES: Final = {"sha-256": "sha256", "sha256": "sha256", "sha-512": "sha512", "sha512": "sha512"}


def statements(document: JsonObject, name: str) -> Iterator[VexStatement | StatementFault]:
    """Yield each statement, or what is wrong with it. A statement without a time has the document's."""
    document_id, author = document.text("@id"), shorten(document.text("author"))
    when = document.text("last_updated") or document.text("timestamp")
    entries = document.members.get("statements")
    if not isinstance(entries, list):
        yield StatementFault("it has no list of statements", "/statements")
        return
    # A statement without products has the document's, where it has any.
    shared = {"products": document.members["products"]} if "products" in document.members else {}
    for number, value in enumerate(entries):
        entry = JsonObject(shared | value if isinstance(value, dict) else value)
        if fault := _fault(entry):
            yield StatementFault(f"statement {number + 1} {fault}", f"/statements/{number}")
            continue
        yield VexStatement(
            _names(entry),
            next(status for status in STATUSES if status == entry.text("status")),
            tuple(filter(None, _products(entry))),
            entry.text("justification")[:100],
            shorten(entry.text("impact_statement")),
            shorten(entry.text("action_statement")),
            entry.text("last_updated") or entry.text("timestamp") or when,
            author,
            f"{name} ({document_id[:300]})" if document_id else name,
        )


def _fault(entry: JsonObject) -> str:
    """What is wrong with a statement, "" for nothing."""
    status = entry.text("status")
    if not _names(entry):
        return "names no vulnerability"
    if status not in STATUSES:
        return f"has the unknown status {status[:60]!r}"
    if status == "not_affected" and not (entry.text("justification") or entry.text("impact_statement")):
        return "has the status not_affected without a justification or an impact statement"
    for name in ("last_updated", "timestamp"):
        if entry.members.get(name) is not None and not entry.text(name):
            return f"has a {name} that is not a time"
    if not all(_products(entry)):
        return "has products that cannot be read"
    return ""


def _names(entry: JsonObject) -> tuple[str, ...]:
    """The vulnerability's names: an object's, or in old documents a bare string."""
    vulnerability = entry.child("vulnerability")
    name = vulnerability.text("name") or vulnerability.text("@id").rpartition("/")[2] or entry.text("vulnerability")
    return tuple(dict.fromkeys(filter(None, (name, *vulnerability.texts("aliases")))))


def _products(entry: JsonObject) -> Iterator[VexProduct | None]:
    """Products are objects with an id and identifiers, or in old documents bare strings; None for what is neither.

    Old documents have subcomponents beside the products.
    """
    old = [_ids(part) for part in entry.elements("subcomponents")]
    if _empty(entry, "products") or _empty(entry, "subcomponents") or not all(old):
        yield None
        return
    for product in entry.elements("products"):
        members = JsonObject(product)
        if _empty(members, "subcomponents"):
            yield None
            continue
        parts = [*old, *map(_ids, members.elements("subcomponents"))]
        ids = _ids(product) if all(parts) else ()
        yield VexProduct(ids, tuple(part_id for part in parts for part_id in part)) if ids else None


def _empty(entry: JsonObject, name: str) -> bool:
    """Whether a member is there, and is not a list with elements."""
    return name in entry.members and not entry.elements(name)


def _ids(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,) if value else ()
    product = JsonObject(value)
    ids = [product.text("@id"), *(text for _, text in product.pairs("identifiers"))]
    ids += [f"{_HASHES[kind]}:{text}" for kind, text in product.pairs("hashes") if kind in _HASHES]
    return tuple(dict.fromkeys(filter(None, ids)))
