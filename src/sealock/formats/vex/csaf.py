"""CSAF 2.0 with the profile VEX (https://docs.oasis-open.org/csaf/csaf/v2.0/)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from sealock.formats.jsonobject import JsonObject
from sealock.formats.vex.fault import StatementFault, short
from sealock.model.vex import VexProduct, VexStatement, VexStatus

_STATUSES: Final[dict[str, VexStatus]] = {
    "known_not_affected": "not_affected",
    "fixed": "fixed",
    "first_fixed": "fixed",
    "known_affected": "affected",
    "first_affected": "affected",
    "last_affected": "affected",
    "under_investigation": "under_investigation",
}
_DEEPEST: Final = 50
_MOST: Final = 500_000


def statements(json_members: JsonObject, name: str) -> Iterator[VexStatement | StatementFault]:
    """Yield a statement for each vulnerability, status and group of products that share their reasons."""
    document = json_members.child("document")
    tracking = document.child("tracking")
    label = f"{name} ({tracking.text('id')[:300]})" if tracking.text("id") else name
    when, author = tracking.text("current_release_date"), short(document.child("publisher").text("name"))
    tree = json_members.child("product_tree")
    products, groups = dict(_products(tree)), _Groups(tree)
    for number, one in enumerate(json_members.objects("vulnerabilities")):
        names = tuple(dict.fromkeys(filter(None, (one.text("cve"), *(row.text("text") for row in one.objects("ids"))))))
        if not names:
            yield StatementFault(
                f"vulnerability {number + 1} has neither a CVE nor another id", f"/vulnerabilities/{number}"
            )
            continue
        reasons = _Reasons(one, groups)
        for word, status in _STATUSES.items():
            ids = one.child("product_status").texts(word)
            for (justification, impact, action), group in reasons.grouped(ids if isinstance(ids, tuple) else ()):
                if status == "not_affected" and not (justification or impact):
                    message = f"vulnerability {number + 1} says known_not_affected of {len(group)} and gives no reason"
                    yield StatementFault(message, f"/vulnerabilities/{number}/product_status/{word}")
                    continue
                yield VexStatement(
                    names,
                    status,
                    tuple(products.get(product, VexProduct((product,))) for product in group),
                    justification,
                    impact,
                    action if status == "affected" else "",
                    when,
                    author,
                    label,
                )
    if groups.spent > _MOST:
        yield StatementFault(
            f"its groups of products come to more than {_MOST} products; not all are heeded", "/product_tree"
        )


class _Groups:
    """Products by the groups that they are named by."""

    def __init__(self, tree: JsonObject) -> None:
        self.spent = 0
        self._groups: dict[str, tuple[str, ...]] = {}
        for row in tree.objects("product_groups"):
            ids = row.texts("product_ids")
            self._groups[row.text("group_id")] = ids if isinstance(ids, tuple) else ()

    def named(self, row: JsonObject) -> Iterator[str]:
        """Yield every product that a row names, by itself or by a group."""
        ids, groups = row.texts("product_ids"), row.texts("group_ids")
        yield from ids if isinstance(ids, tuple) else ()
        for group in groups if isinstance(groups, tuple) else ():
            members = self._groups.get(group, ())
            self.spent += len(members)
            if self.spent <= _MOST:
                yield from members


class _Reasons:
    """What a vulnerability says of products beside their status."""

    def __init__(self, json_members: JsonObject, groups: _Groups) -> None:
        def told(name: str, text: str, category: str = "") -> dict[str, str]:
            return {
                product: short(row.text(text))
                for row in json_members.objects(name)
                if not category or row.text("category") == category
                for product in groups.named(row)
            }

        self._flags = told("flags", "label")
        self._impacts = told("threats", "details", "impact")
        self._actions = told("remediations", "details")

    def grouped(self, ids: tuple[str, ...]) -> Iterable[tuple[tuple[str, str, str], list[str]]]:
        """Products with the same justification, impact and action, together."""
        groups: dict[tuple[str, str, str], list[str]] = {}
        for id_ in ids:
            key = self._flags.get(id_, ""), self._impacts.get(id_, ""), self._actions.get(id_, "")
            groups.setdefault(key, []).append(id_)
        return groups.items()


def _products(tree: JsonObject) -> Iterator[tuple[str, VexProduct]]:
    """Each product's id with what identifies it: package URLs first, names last; a component within a product too."""
    found: dict[str, VexProduct] = {}
    for leave in _leaves(tree):
        key = leave.text("product_id")
        helper = leave.child("product_identification_helper")
        ids = (helper.text("purl"), helper.text("cpe"), leave.text("name"))
        if key:
            found[key] = VexProduct(tuple(filter(None, ids)) or (key,))
    for row in tree.objects("relationships"):
        made, part = row.child("full_product_name"), row.text("product_reference")
        whole = row.text("relates_to_product_reference")
        key = made.text("product_id")
        if key and part in found:
            found[key] = VexProduct(found[whole].ids if whole in found else (whole or key,), found[part].ids)
    yield from found.items()


def _leaves(tree: JsonObject) -> Iterator[JsonObject]:
    """Every product of the tree, without recursion, within bounds."""
    yield from tree.objects("full_product_names")
    waiting: list[tuple[Any, int]] = [(one.members, 0) for one in tree.objects("branches")]
    seen = 0
    while waiting and seen < _MOST:
        held, depth = waiting.pop()
        seen += 1
        branch = JsonObject(held)
        if product := branch.child("product"):
            yield product
        if depth < _DEEPEST:
            waiting += [(one.members, depth + 1) for one in branch.objects("branches")]
