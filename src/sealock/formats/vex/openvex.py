"""OpenVEX 0.2 (https://github.com/openvex/spec)."""

from __future__ import annotations

from collections.abc import Iterator

from sealock.formats.members import Members
from sealock.model.vex import STATUSES, Product, Statement


def statements(held: Members, name: str) -> Iterator[Statement | str]:
    """Yield each statement, or what is wrong with it. A statement without a time has the document's."""
    document, author = held.plain("@id"), held.plain("author")
    when = held.plain("last_updated") or held.plain("timestamp")
    rows = held.held.get("statements")
    if not isinstance(rows, list):
        yield "it has no list of statements"
        return
    for number, row in enumerate(rows, 1):
        one = Members(row)
        vulnerability = one.within("vulnerability")
        names = (
            vulnerability.plain("name") or vulnerability.plain("@id").rpartition("/")[2] or one.plain("vulnerability"),
            *_texts(vulnerability, "aliases"),
        )
        status = next((known for known in STATUSES if known == one.plain("status")), None)
        if not names[0] or status is None:
            yield (
                f"statement {number} names no vulnerability"
                if not names[0]
                else (f"statement {number} has the status {one.plain('status')!r}, which OpenVEX does not know")
            )
            continue
        justification, impact = one.plain("justification"), one.plain("impact_statement")
        if status == "not_affected" and not (justification or impact):
            yield f"statement {number} says not_affected and gives no reason, which OpenVEX asks for"
            continue
        yield Statement(
            tuple(dict.fromkeys(one for one in names if one)),
            status,
            tuple(_products(one)),
            justification,
            impact,
            one.plain("action_statement"),
            one.plain("last_updated") or one.plain("timestamp") or when,
            author,
            f"{name} ({document})" if document else name,
        )


def _products(one: Members) -> Iterator[Product]:
    """Products are objects with an id and identifiers, or in old documents bare texts."""
    rows = one.held.get("products")
    for row in rows if isinstance(rows, list) else ():
        ids = (row,) if isinstance(row, str) else tuple(_ids(Members(row)))
        parts: list[str] = []
        inner = Members(row).held.get("subcomponents")
        for part in inner if isinstance(inner, list) else ():
            parts += [part] if isinstance(part, str) else _ids(Members(part))
        if ids:
            yield Product(ids, tuple(parts))


def _ids(row: Members) -> Iterator[str]:
    if row.plain("@id"):
        yield row.plain("@id")
    for value in row.within("identifiers").held.values():
        if isinstance(value, str) and value:
            yield value
    for kind, value in row.within("hashes").held.items():
        if isinstance(value, str) and value:
            yield f"{kind.replace('-', '').lower()}:{value}"


def _texts(row: Members, name: str) -> tuple[str, ...]:
    held = row.texts(name)
    return held if isinstance(held, tuple) else ()
