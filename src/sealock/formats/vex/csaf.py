"""CSAF 2.0 with the profile VEX (https://docs.oasis-open.org/csaf/csaf/v2.0/)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sealock.formats.members import Members
from sealock.model.vex import Product, Statement, Status

_STATUSES: Final[dict[str, Status]] = {
    "known_not_affected": "not_affected",
    "fixed": "fixed",
    "first_fixed": "fixed",
    "known_affected": "affected",
    "first_affected": "affected",
    "last_affected": "affected",
    "under_investigation": "under_investigation",
}
_FLAGS: Final = {
    "component_not_present": "component_not_present",
    "vulnerable_code_not_present": "vulnerable_code_not_present",
    "vulnerable_code_not_in_execute_path": "vulnerable_code_not_in_execute_path",
    "vulnerable_code_cannot_be_controlled_by_adversary": "vulnerable_code_cannot_be_controlled_by_adversary",
    "inline_mitigations_already_exist": "inline_mitigations_already_exist",
}
_DEEPEST: Final = 50
_MOST: Final = 500_000


def statements(held: Members, name: str) -> Iterator[Statement | str]:
    """Yield a statement for each vulnerability, status and kind of product."""
    document = held.within("document")
    tracking = document.within("tracking")
    label = f"{name} ({tracking.plain('id')})" if tracking.plain("id") else name
    when, author = tracking.plain("current_release_date"), document.within("publisher").plain("name")
    products = dict(_products(held.within("product_tree")))
    for number, one in enumerate(held.each("vulnerabilities"), 1):
        names = (one.plain("cve"), *(row.plain("text") for row in one.each("ids")))
        names = tuple(dict.fromkeys(filter(None, names)))
        if not names:
            yield f"vulnerability {number} has neither a CVE nor another id"
            continue
        reasons = dict(_by_product(one, "flags", "label"))
        impacts = {key: text for category, key, text in _threats(one) if category == "impact"}
        actions = dict(_by_product(one, "remediations", "details"))
        for word, status in _STATUSES.items():
            ids = one.within("product_status").texts(word)
            for reason, group in _grouped(ids if isinstance(ids, tuple) else (), reasons, impacts, actions):
                justification, impact, action = reason
                yield Statement(
                    names,
                    status,
                    tuple(products.get(product, Product((product,))) for product in group),
                    _FLAGS.get(justification, justification),
                    impact,
                    action if status == "affected" else "",
                    when,
                    author,
                    label,
                )


def _grouped(
    ids: tuple[str, ...], reasons: dict[str, str], impacts: dict[str, str], actions: dict[str, str]
) -> Iterator[tuple[tuple[str, str, str], list[str]]]:
    """Products with the same reason make one statement."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for one in ids:
        key = reasons.get(one, ""), impacts.get(one, ""), actions.get(one, "")
        groups.setdefault(key, []).append(one)
    yield from groups.items()


def _by_product(one: Members, name: str, text: str) -> Iterator[tuple[str, str]]:
    for row in one.each(name):
        ids = row.texts("product_ids")
        for product in ids if isinstance(ids, tuple) else ():
            yield product, row.plain(text)


def _threats(one: Members) -> Iterator[tuple[str, str, str]]:
    for row in one.each("threats"):
        ids = row.texts("product_ids")
        for product in ids if isinstance(ids, tuple) else ():
            yield row.plain("category"), product, row.plain("details")


def _products(tree: Members) -> Iterator[tuple[str, Product]]:
    """Each product's id with what identifies it: package URLs first, names last; a component within a product too."""
    found: dict[str, Product] = {}
    for one in _leaves(tree):
        key = one.plain("product_id")
        helper = one.within("product_identification_helper")
        ids = (helper.plain("purl"), helper.plain("cpe"), one.plain("name"))
        if key:
            found[key] = Product(tuple(filter(None, ids)) or (key,))
    for row in tree.each("relationships"):
        made, part, whole = row.within("full_product_name"), row.plain("product_reference"), ""
        whole = row.plain("relates_to_product_reference")
        key = made.plain("product_id")
        if key and part in found:
            found[key] = Product(found[whole].ids if whole in found else (whole or key,), found[part].ids)
    yield from found.items()


def _leaves(tree: Members) -> Iterator[Members]:
    """Every product of the tree, without recursion, within bounds."""
    yield from tree.each("full_product_names")
    waiting: list[tuple[Any, int]] = [(one.held, 0) for one in tree.each("branches")]
    seen = 0
    while waiting and seen < _MOST:
        held, depth = waiting.pop()
        seen += 1
        branch = Members(held)
        if product := branch.within("product"):
            yield product
        if depth < _DEEPEST:
            waiting += [(one.held, depth + 1) for one in branch.each("branches")]
