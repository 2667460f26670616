"""OpenVEX 0.2 (https://github.com/openvex/spec)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.formats.jsonobject import JsonObject
from sealock.formats.vex.fault import StatementFault, shorten
from sealock.formats.vex.versions import version_of
from sealock.model.vex import STATUSES, VexProduct, VexStatement

_HASHES: Final = {"sha-256": "sha256", "sha256": "sha256", "sha-512": "sha512", "sha512": "sha512"}
_MEMBERS: Final = frozenset({
    "vulnerability", "vuln_description", "products", "subcomponents", "status", "status_notes", "justification",
    "impact_statement", "action_statement", "action_statement_timestamp", "timestamp", "last_updated", "version",
    "supplier",
})  # fmt: skip
"""What a statement has, besides what JSON-LD adds ("@id")."""
_NARROWING: Final = ("version", "component")
"""Parts of the names of members that would narrow a product, if they were OpenVEX's."""


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
    unknown = next((name for name in entry.members if name not in _MEMBERS and name[:1] != "@"), "")
    if unknown and "products" not in entry.members:
        return f"has no products, and the unknown member {unknown[:60]!r}"
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
    others = (name.lower() for name in product.members if name != "subcomponents")
    if any(part in name for name in others for part in _NARROWING):
        return ()
    ids = [product.text("@id"), *(text for _, text in product.pairs("identifiers"))]
    digests = [f"{_HASHES[kind]}:{text}" for kind, text in product.pairs("hashes") if kind in _HASHES]
    # A URL without a version would be every version, where another identifier names one.
    exact = any(map(_is_exact, ids))
    named = (id_ for id_ in ids if _is_exact(id_) or not ((exact and _is_url(id_)) or (digests and _is_image(id_))))
    return tuple(dict.fromkeys(filter(None, (*named, *digests))))


def _is_url(id_: str) -> bool:
    return id_.startswith("pkg:")


def _is_image(id_: str) -> bool:
    return id_.startswith("pkg:oci/")


def _is_exact(id_: str) -> bool:
    """Whether it is a package URL of one version, or of an image's tag."""
    return _is_url(id_) and bool(version_of(id_) or (_is_image(id_) and "tag=" in id_))
