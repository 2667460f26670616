"""Reads SPDX 3.x, which is JSON-LD: a graph of elements. https://spdx.github.io/spdx-spec/v3.0.1/."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sealock.formats.jsonobject import JsonObject
from sealock.formats.sbom.packages import CollectedPackages, PackageFacts, known_urls
from sealock.model.inventory import Distribution

CONTEXT: Final = "//spdx.org/rdf/3."
"""What the address of the context of every document contains."""
_PACKAGE: Final = frozenset({"software_Package", "ai_AIPackage", "dataset_DatasetPackage"})
_NO_PACKAGES: Final = frozenset({"application", "container", "device", "diskImage", "file", "firmware", "source"})
"""Purposes of elements that are not packages, unless they have a package URL or a version."""


def is_spdx3(context: object) -> bool:
    """Whether the context of a JSON-LD document is that of SPDX 3."""
    return any(
        isinstance(part, str) and CONTEXT in part for part in (context if isinstance(context, list) else [context])
    )


def gather(document: JsonObject, into: CollectedPackages) -> None:
    """Read a document."""
    if "@graph" not in document.members:
        document = JsonObject({"@graph": [document.members]})  # a single element
    suppliers = {_id(element): element.text("name") for element in document.objects("@graph")}
    roots = {
        root
        for element in document.objects("@graph")
        if _type(element) in {"SpdxDocument", "software_Sbom", "Bom"}
        for root in element.elements("rootElement")
        if isinstance(root, str)
    }
    for number, element in into.entries(document, "@graph", "/@graph"):
        kind = _type(element)
        if kind not in _PACKAGE:
            if not kind or kind.endswith("Package"):
                into.fault(f"an element has the unknown type {kind[:60]!r}, so it is not read", f"/@graph/{number}")
            continue
        name, version = element.text("name"), element.text("software_packageVersion")
        urls, purpose = _urls(element), element.text("software_primaryPurpose")
        is_image = urls[0].startswith("pkg:oci/") or purpose == "container" or not version
        if purpose == "operatingSystem":
            into.distribution = Distribution(name, version, name=element.text("description"))
        elif _id(element) in roots and (is_image if urls[0] or len(roots) > 1 else True):
            into.names.append(f"{name}:{version}" if version else name)
        elif urls[0] or version or purpose not in _NO_PACKAGES:
            for url in urls:
                into.add(url, _facts(element, suppliers), f"/@graph/{number}")


def _id(element: JsonObject) -> str:
    return element.text("spdxId") or element.text("@id")


def _type(element: JsonObject) -> str:
    """The type, by SPDX's name for it or by that of JSON-LD."""
    return element.text("type") or element.text("@type")


def _urls(element: JsonObject) -> tuple[str, ...]:
    """The package URLs that name something to match: a property of its own, and external identifiers."""
    identifiers = element.objects("externalIdentifier")
    others = (each.text("identifier") for each in identifiers if each.text("externalIdentifierType") == "packageUrl")
    return known_urls((element.text("software_packageUrl"), *others))


def _facts(element: JsonObject, suppliers: Mapping[str, str]) -> PackageFacts:
    return PackageFacts(
        element.text("name"),
        element.text("software_packageVersion"),
        suppliers.get(element.text("suppliedBy"), ""),
    )
