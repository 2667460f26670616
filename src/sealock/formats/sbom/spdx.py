"""Reads SPDX 2.x JSON."""

from __future__ import annotations

import re
from typing import Any, Final

from sealock.formats.sbom.packages import CollectedPackages, PackageFacts, objects, texts
from sealock.model.inventory import Distribution

_SILENT: Final = frozenset({"", "NONE", "NOASSERTION"})
_NO_PACKAGES: Final = frozenset({"APPLICATION", "CONTAINER", "FILE", "SOURCE", "DEVICE", "FIRMWARE", "OTHER"})
"""Purposes of what stands for something else than a package, unless it has a package URL."""
_BUILT_FROM: Final = re.compile(r"\Abuilt package from: (\S+) (\S+)\Z|; built from (\S+) (\S+)\Z")
"""How Trivy and sealock tell of the source package."""
_OURS: Final = re.compile(
    r"\Atold of by (.+?)(?: in layer (\S+))?(?:, read by ([\w-]+))?(?:; built from .*)?\Z", re.DOTALL
)
_OWNED: Final = "a file of the package "
_LONGEST: Final = 10_000


def gather(document: dict[str, Any], into: CollectedPackages) -> None:
    """Read a document."""
    if not texts(document.get("spdxVersion")).startswith("SPDX-2."):
        into.fault("SPDX of a version that is not known here", "/spdxVersion")
    described = {one for one in document.get("documentDescribes") or () if isinstance(one, str)} if isinstance(
        document.get("documentDescribes"), list
    ) else set()  # fmt: skip
    described |= {
        texts(one.get("relatedSpdxElement"))
        for _, one in objects(document.get("relationships"))
        if one.get("relationshipType") == "DESCRIBES"
    }
    named = {
        texts(one.get("licenseId")): texts(one.get("extractedText")) or texts(one.get("name"))
        for _, one in objects(document.get("hasExtractedLicensingInfos"))
    }
    for number, package in objects(document.get("packages")):
        url, purpose = _url(package), texts(package.get("primaryPackagePurpose"))
        name, version = texts(package.get("name")), texts(package.get("versionInfo"))
        if purpose == "OPERATING-SYSTEM":
            into.distribution = Distribution(name, version, name=texts(package.get("description")))
        elif package.get("SPDXID") in described and (not url or url.startswith("pkg:oci/")):
            into.names.append(f"{name}:{version}" if version else name)
        elif url or purpose not in _NO_PACKAGES:
            into.add(url, _told(package, named), f"/packages/{number}")


def _url(package: dict[str, Any]) -> str:
    """The first package URL among the external references."""
    return next(
        (
            texts(one.get("referenceLocator"))
            for _, one in objects(package.get("externalRefs"))
            if one.get("referenceType") == "purl"
        ),
        "",
    )


def _told(package: dict[str, Any], named: dict[str, str]) -> PackageFacts:
    supplier = texts(package.get("supplier"))
    told = PackageFacts(
        texts(package.get("name")),
        texts(package.get("versionInfo")),
        "" if supplier in _SILENT else supplier.partition(":")[2].strip(),
        _licences(texts(package.get("licenseDeclared")), named),
    )
    source = texts(package.get("sourceInfo"))[:_LONGEST]
    if match := _BUILT_FROM.search(source):
        told.source, told.source_version = match[1] or match[3], match[2] or match[4]
    if match := _OURS.match(source):
        told.path, told.found_by = match[1], match[3] or ""
    comment = texts(package.get("comment"))[:_LONGEST].split("; ")
    told.removed = "a later layer removed it" in comment
    told.development = "for development alone" in comment
    told.owner = next((one.removeprefix(_OWNED) for one in comment if one.startswith(_OWNED)), "")
    return told


def _licences(declared: str, named: dict[str, str]) -> tuple[str, ...]:
    """The declared licences; names that SPDX does not know are given back as the package had them."""
    if declared in _SILENT:
        return ()
    if "(" in declared or " OR " in declared:
        return (declared,)
    return tuple(named.get(part) or part for part in declared[:_LONGEST].split(" AND "))
