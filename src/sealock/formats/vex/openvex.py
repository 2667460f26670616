"""OpenVEX 0.2 (https://github.com/openvex/spec)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.formats.members import JsonMembers
from sealock.formats.vex.fault import StatementFault, short
from sealock.model.vex import STATUSES, VexProduct, VexStatement

_HASHES: Final = {"sha-256": "sha256", "sha256": "sha256", "sha-512": "sha512", "sha512": "sha512"}


def statements(json_members: JsonMembers, name: str) -> Iterator[VexStatement | StatementFault]:
    """Yield each statement, or what is wrong with it. A statement without a time has the document's."""
    document, author = json_members.plain("@id"), short(json_members.plain("author"))
    when = json_members.plain("last_updated") or json_members.plain("timestamp")
    rows = json_members.held.get("statements")
    if not isinstance(rows, list):
        yield StatementFault("it has no list of statements", "/statements")
        return
    for number, row in enumerate(rows):
        one = JsonMembers(row)
        if fault := _fault(one):
            yield StatementFault(f"statement {number + 1} {fault}", f"/statements/{number}")
            continue
        products = tuple(_products(one))
        yield VexStatement(
            _names(one),
            next(known for known in STATUSES if known == one.plain("status")),
            tuple(filter(None, products)),
            one.plain("justification")[:100],
            short(one.plain("impact_statement")),
            short(one.plain("action_statement")),
            one.plain("last_updated") or one.plain("timestamp") or when,
            author,
            f"{name} ({document[:300]})" if document else name,
        )


def _fault(json_members: JsonMembers) -> str:
    """What is wrong with a statement, "" where it can be heeded."""
    status = json_members.plain("status")
    if not _names(json_members):
        return "names no vulnerability"
    if status not in STATUSES:
        return f"has the status {status[:60]!r}, which OpenVEX does not know"
    if status == "not_affected" and not (json_members.plain("justification") or json_members.plain("impact_statement")):
        return "says not_affected and gives no reason, which OpenVEX asks for"
    if not all(_products(json_members)):
        return "has products that cannot be read"
    return ""


def _names(json_members: JsonMembers) -> tuple[str, ...]:
    """The vulnerability's names: an object's, or in old documents a bare text."""
    inner = json_members.within("vulnerability")
    name = inner.plain("name") or inner.plain("@id").rpartition("/")[2] or json_members.plain("vulnerability")
    aliases = inner.texts("aliases")
    return tuple(dict.fromkeys(filter(None, (name, *(aliases if isinstance(aliases, tuple) else ())))))


def _products(json_members: JsonMembers) -> Iterator[VexProduct | None]:
    """Products are objects with an id and identifiers, or in old documents bare texts; None for what is neither."""
    rows = json_members.held.get("products")
    old = json_members.texts("subcomponents")
    if "products" in json_members.held and not (isinstance(rows, list) and rows):
        yield None
        return
    for row in rows or ():
        ids = _ids(row)
        parts: list[str] = list(old) if isinstance(old, tuple) else []
        held = JsonMembers(row).held
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
    held = JsonMembers(row)
    found = [held.plain("@id"), *(text for _, text in held.pairs("identifiers"))]
    found += [f"{_HASHES[kind]}:{text}" for kind, text in held.pairs("hashes") if kind in _HASHES]
    return tuple(dict.fromkeys(filter(None, found)))
