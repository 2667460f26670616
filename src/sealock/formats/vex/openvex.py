"""OpenVEX 0.2 (https://github.com/openvex/spec)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.formats.jsonobject import JsonObject
from sealock.formats.vex.fault import StatementFault, short
from sealock.model.vex import STATUSES, VexProduct, VexStatement

_HASHES: Final = {"sha-256": "sha256", "sha256": "sha256", "sha-512": "sha512", "sha512": "sha512"}


def statements(json_members: JsonObject, name: str) -> Iterator[VexStatement | StatementFault]:
    """Yield each statement, or what is wrong with it. A statement without a time has the document's."""
    document, author = json_members.text("@id"), short(json_members.text("author"))
    when = json_members.text("last_updated") or json_members.text("timestamp")
    rows = json_members.members.get("statements")
    if not isinstance(rows, list):
        yield StatementFault("it has no list of statements", "/statements")
        return
    for number, row in enumerate(rows):
        one = JsonObject(row)
        if fault := _fault(one):
            yield StatementFault(f"statement {number + 1} {fault}", f"/statements/{number}")
            continue
        products = tuple(_products(one))
        yield VexStatement(
            _names(one),
            next(known for known in STATUSES if known == one.text("status")),
            tuple(filter(None, products)),
            one.text("justification")[:100],
            short(one.text("impact_statement")),
            short(one.text("action_statement")),
            one.text("last_updated") or one.text("timestamp") or when,
            author,
            f"{name} ({document[:300]})" if document else name,
        )


def _fault(json_members: JsonObject) -> str:
    """What is wrong with a statement, "" where it can be heeded."""
    status = json_members.text("status")
    if not _names(json_members):
        return "names no vulnerability"
    if status not in STATUSES:
        return f"has the status {status[:60]!r}, which OpenVEX does not know"
    if status == "not_affected" and not (json_members.text("justification") or json_members.text("impact_statement")):
        return "says not_affected and gives no reason, which OpenVEX asks for"
    if not all(_products(json_members)):
        return "has products that cannot be read"
    return ""


def _names(json_members: JsonObject) -> tuple[str, ...]:
    """The vulnerability's names: an object's, or in old documents a bare text."""
    inner = json_members.child("vulnerability")
    name = inner.text("name") or inner.text("@id").rpartition("/")[2] or json_members.text("vulnerability")
    aliases = inner.texts("aliases")
    return tuple(dict.fromkeys(filter(None, (name, *(aliases if isinstance(aliases, tuple) else ())))))


def _products(json_members: JsonObject) -> Iterator[VexProduct | None]:
    """Products are objects with an id and identifiers, or in old documents bare texts; None for what is neither."""
    rows = json_members.members.get("products")
    old = json_members.texts("subcomponents")
    if "products" in json_members.members and not (isinstance(rows, list) and rows):
        yield None
        return
    for row in rows or ():
        ids = _ids(row)
        parts: list[str] = list(old) if isinstance(old, tuple) else []
        held = JsonObject(row).members
        inner = held.get("subcomponents")
        if "subcomponents" in held and not (isinstance(inner, list) and inner):
            yield None
            continue
        for part in inner or ():
            if not (found := _ids(part)):
                ids = ()
            parts += found
        yield VexProduct(ids, tuple(parts)) if ids else None


def _ids(row: object) -> tuple[str, ...]:
    if isinstance(row, str):
        return (row,) if row else ()
    held = JsonObject(row)
    found = [held.text("@id"), *(text for _, text in held.pairs("identifiers"))]
    found += [f"{_HASHES[kind]}:{text}" for kind, text in held.pairs("hashes") if kind in _HASHES]
    return tuple(dict.fromkeys(filter(None, found)))
