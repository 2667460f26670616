"""CSAF 2.0 with the VEX profile (https://docs.oasis-open.org/csaf/csaf/v2.0/)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from sealock.formats.jsonobject import JsonObject
from sealock.formats.vex.fault import StatementFault, shorten
from sealock.formats.vex.versions import version_of, with_version
from sealock.model.purl import parse_purl
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
_CATEGORIES: Final = frozenset({
    "architecture", "host_name", "language", "legacy", "patch_level", "platform", "product_family", "product_name",
    "product_version", "product_version_range", "service_pack", "specification", "vendor",
})  # fmt: skip
_DEEPEST: Final = 50
_MOST: Final = 500_000


def statements(document: JsonObject, name: str) -> Iterator[VexStatement | StatementFault]:
    """Yield a statement for each vulnerability, status and group of products with the same reasons."""
    header = document.child("document")
    tracking = header.child("tracking")
    label = f"{name} ({tracking.text('id')[:300]})" if tracking.text("id") else name
    when, author = tracking.text("current_release_date"), shorten(header.child("publisher").text("name"))
    tree = document.child("product_tree")
    products, groups = _products(tree), _Groups(tree)
    if "vulnerabilities" in document.members and not isinstance(document.members["vulnerabilities"], list):
        yield StatementFault("its vulnerabilities are not a list", "/vulnerabilities")
    for number, entry in document.numbered("vulnerabilities"):
        pointer, ids = f"/vulnerabilities/{number}", (row.text("text") for row in entry.objects("ids"))
        names = tuple(dict.fromkeys(filter(None, (entry.text("cve"), *ids))))
        if not names:
            yield StatementFault(f"vulnerability {number + 1} has neither a CVE nor another id", pointer)
            continue
        reasons = _Reasons(entry, groups)
        listed = entry.child("product_status")
        for word, status in _STATUSES.items():
            if word in listed.members and not listed.texts(word):
                message = f"vulnerability {number + 1} has {word} products that cannot be read"
                yield StatementFault(message, f"{pointer}/product_status/{word}")
            for (justification, impact, action), group in reasons.grouped(listed.texts(word)):
                if status == "not_affected" and not (justification or impact):
                    message = (
                        f"vulnerability {number + 1} lists known_not_affected products without a reason ({len(group)})"
                    )
                    yield StatementFault(message, f"{pointer}/product_status/{word}")
                    continue
                yield VexStatement(
                    names,
                    status,
                    tuple(products.get(product_id, VexProduct((product_id,))) for product_id in group),
                    justification,
                    impact,
                    action if status == "affected" else "",
                    when,
                    author,
                    label,
                )
    if groups.spent > _MOST:
        yield StatementFault(
            f"its product groups expand to more than {_MOST} products; the rest is ignored", "/product_tree"
        )


class _Groups:
    """Products by the id of their group."""

    def __init__(self, tree: JsonObject) -> None:
        self.spent = 0
        self._groups = {group.text("group_id"): group.texts("product_ids") for group in tree.objects("product_groups")}

    def expand(self, entry: JsonObject) -> Iterator[str]:
        """Yield every product that an entry names, by its id or by a group."""
        yield from entry.texts("product_ids")
        for group in entry.texts("group_ids"):
            products = self._groups.get(group, ())
            self.spent += len(products)
            if self.spent <= _MOST:
                yield from products


class _Reasons:
    """A vulnerability's justification, impact and action for each product."""

    def __init__(self, vulnerability: JsonObject, groups: _Groups) -> None:
        def by_product(name: str, text: str, category: str = "") -> dict[str, str]:
            return {
                product: shorten(entry.text(text))
                for entry in vulnerability.objects(name)
                if not category or entry.text("category") == category
                for product in groups.expand(entry)
            }

        self._flags = by_product("flags", "label")
        self._impacts = by_product("threats", "details", "impact")
        self._actions = by_product("remediations", "details")

    def grouped(self, products: tuple[str, ...]) -> Iterable[tuple[tuple[str, str, str], list[str]]]:
        """Group products that have the same justification, impact and action."""
        groups: dict[tuple[str, str, str], list[str]] = {}
        for product in products:
            key = self._flags.get(product, ""), self._impacts.get(product, ""), self._actions.get(product, "")
            groups.setdefault(key, []).append(product)
        return groups.items()


def _products(tree: JsonObject) -> dict[str, VexProduct]:
    """Each product's identifiers by its id: package URLs first, names last; a component within a product too."""
    products: dict[str, VexProduct] = {}
    for branch, leaf in _leaves(tree):
        key = leaf.text("product_id")
        helper = leaf.child("product_identification_helper")
        urls = (helper.text("purl"), *helper.texts("purls"))  # several since CSAF 2.1
        ids = (*(_url(url, branch) for url in urls), helper.text("cpe"), leaf.text("name"))
        product = VexProduct(tuple(filter(None, ids)) or (key,))
        if key:
            # An id of two products names neither.
            products[key] = product if products.get(key, product) == product else VexProduct((key,))
    for relationship in tree.objects("relationships"):
        part, whole = relationship.text("product_reference"), relationship.text("relates_to_product_reference")
        key = relationship.child("full_product_name").text("product_id")
        if not key or part not in products:
            continue
        inner, outer = products[part], products.get(whole) or VexProduct((whole or key,))
        # A component of a component has two places, and a statement has one: it is about nothing else instead.
        products[key] = VexProduct((key,)) if inner.parts or outer.parts else VexProduct(outer.ids, inner.ids)
    return products


def _url(url: str, branch: JsonObject) -> str:
    """A product's package URL; one without a version gets that of its branch, "" where that is a range, or unknown."""
    category, name = branch.text("category"), branch.text("name")
    if not url or version_of(url) or not branch:
        return url
    if category == "product_version_range" or category not in _CATEGORIES or not name:
        return ""
    if category != "product_version":
        return url
    parts = parse_purl(url)
    # Red Hat names the package there, of which any version is meant.
    return url if parts is None or name.rpartition("/")[2] in {"", parts.name} else with_version(url, name)


def _leaves(tree: JsonObject) -> Iterator[tuple[JsonObject, JsonObject]]:
    """Every product of the tree with its branch, without recursion, within bounds."""
    yield from ((JsonObject(None), product) for product in tree.objects("full_product_names"))
    pending = [(branch, 0) for branch in tree.objects("branches")]
    count = 0
    while pending and count < _MOST:
        branch, depth = pending.pop()
        count += 1
        if product := branch.child("product"):
            yield branch, product
        if depth < _DEEPEST:
            pending += [(inner, depth + 1) for inner in branch.objects("branches")]
