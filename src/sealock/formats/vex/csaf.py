"""CSAF 2.0 with the profile VEX (https://docs.oasis-open.org/csaf/csaf/v2.0/)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from sealock.formats.members import JsonMembers
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


def statements(json_members: JsonMembers, name: str) -> Iterator[VexStatement | StatementFault]:
    """Yield a statement for each vulnerability, status and group of products that share their reasons."""
    document = json_members.within("document")
    tracking = document.within("tracking")
    label = f"{name} ({tracking.plain('id')[:300]})" if tracking.plain("id") else name
    when, author = tracking.plain("current_release_date"), short(document.within("publisher").plain("name"))
    tree = json_members.within("product_tree")
    products, groups = dict(_products(tree)), _Groups(tree)
    for number, one in enumerate(json_members.each("vulnerabilities")):
        names = tuple(dict.fromkeys(filter(None, (one.plain("cve"), *(row.plain("text") for row in one.each("ids"))))))
        if not names:
            yield StatementFault(
                f"vulnerability {number + 1} has neither a CVE nor another id", f"/vulnerabilities/{number}"
            )
            continue
        reasons = _Reasons(one, groups)
        for word, status in _STATUSES.items():
            ids = one.within("product_status").texts(word)
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

    def __init__(self, tree: JsonMembers) -> None:
        self.spent = 0
        self._groups: dict[str, tuple[str, ...]] = {}
        for row in tree.each("product_groups"):
            ids = row.texts("product_ids")
            self._groups[row.plain("group_id")] = ids if isinstance(ids, tuple) else ()

    def named(self, row: JsonMembers) -> Iterator[str]:
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

    def __init__(self, json_members: JsonMembers, groups: _Groups) -> None:
        def told(name: str, text: str, category: str = "") -> dict[str, str]:
            return {
                product: short(row.plain(text))
                for row in json_members.each(name)
                if not category or row.plain("category") == category
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


def _products(tree: JsonMembers) -> Iterator[tuple[str, VexProduct]]:
    """Each product's id with what identifies it: package URLs first, names last; a component within a product too."""
    found: dict[str, VexProduct] = {}
    for leave in _leaves(tree):
        key = leave.plain("product_id")
        helper = leave.within("product_identification_helper")
        ids = (helper.plain("purl"), helper.plain("cpe"), leave.plain("name"))
        if key:
            found[key] = VexProduct(tuple(filter(None, ids)) or (key,))
    for row in tree.each("relationships"):
        made, part = row.within("full_product_name"), row.plain("product_reference")
        whole = row.plain("relates_to_product_reference")
        key = made.plain("product_id")
        if key and part in found:
            found[key] = VexProduct(found[whole].ids if whole in found else (whole or key,), found[part].ids)
    yield from found.items()


def _leaves(tree: JsonMembers) -> Iterator[JsonMembers]:
    """Every product of the tree, without recursion, within bounds."""
    yield from tree.each("full_product_names")
    waiting: list[tuple[Any, int]] = [(one.held, 0) for one in tree.each("branches")]
    seen = 0
    while waiting and seen < _MOST:
        held, depth = waiting.pop()
        seen += 1
        branch = JsonMembers(held)
        if product := branch.within("product"):
            yield product
        if depth < _DEEPEST:
            waiting += [(one.held, depth + 1) for one in branch.each("branches")]
