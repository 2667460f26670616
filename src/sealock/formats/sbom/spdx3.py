"""Reads SPDX 3.x, which is JSON-LD: a graph of elements. https://spdx.github.io/spdx-spec/v3.0.1/."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sealock.formats.jsonobject import JsonObject
from sealock.formats.sbom.packages import CollectedPackages, PackageFacts
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
    suppliers = {element.text("spdxId"): element.text("name") for element in document.objects("@graph")}
    roots = {
        root
        for element in document.objects("@graph")
        if element.text("type") in {"SpdxDocument", "software_Sbom", "Bom"}
        for root in element.elements("rootElement")
        if isinstance(root, str)
    }
    for number, element in document.numbered("@graph"):
        if element.text("type") not in _PACKAGE:
            continue
        name, version = element.text("name"), element.text("software_packageVersion")
        url, purpose = _url(element), element.text("software_primaryPurpose")
        if purpose == "operatingSystem":
            into.distribution = Distribution(name, version, name=element.text("description"))
        elif element.text("spdxId") in roots and (not url or url.startswith("pkg:oci/")):
            into.names.append(f"{name}:{version}" if version else name)
        elif url or version or purpose not in _NO_PACKAGES:
            into.add(url, _facts(element, suppliers), f"/@graph/{number}")


def _url(element: JsonObject) -> str:
    """The package URL, as a property of its own or among the external identifiers."""
    if url := element.text("software_packageUrl"):
        return url
    identifiers = element.objects("externalIdentifier")
    return next(
        (each.text("identifier") for each in identifiers if each.text("externalIdentifierType") == "packageUrl"), ""
    )


def _facts(element: JsonObject, suppliers: Mapping[str, str]) -> PackageFacts:
    return PackageFacts(
        element.text("name"),
        element.text("software_packageVersion"),
        suppliers.get(element.text("suppliedBy"), ""),
    )
