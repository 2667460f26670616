"""Reads SPDX 2.x JSON."""

from __future__ import annotations

import re
from typing import Final

from sealock.formats.jsonobject import JsonObject
from sealock.formats.sbom.packages import CollectedPackages, PackageFacts, known_urls
from sealock.model.inventory import Distribution
from sealock.patterns import compile_lazily

_SILENT: Final = frozenset({"", "NONE", "NOASSERTION"})
_NO_PACKAGES: Final = frozenset({"APPLICATION", "CONTAINER", "FILE", "SOURCE", "DEVICE", "FIRMWARE", "OTHER"})
"""Purposes of entries that are not packages, unless they have a package URL."""
_PROGRAMS: Final = frozenset({"APPLICATION", "CONTAINER", "FIRMWARE"})
"""Those of them that are something to be matched where they have a version."""
_PURL: Final = frozenset({"purl", "http://spdx.org/rdf/references/purl"})
"""The type of package URLs among the references, by its name and by its address."""
_BUILT_FROM: Final = compile_lazily(r"\Abuilt package from: (\S+) (\S+)\Z|; built from (\S+) (\S+)\Z")
"""How Trivy and sealock write the source package."""
_OURS: Final = compile_lazily(
    r"\Afound in (.+?)(?: in layer (\S+))?(?:, read by ([\w-]+))?(?:; built from .*)?\Z", re.DOTALL
)
_RECORD: Final = compile_lazily(r"layer ([1-9][0-9]{0,5}) removed its record")
_OWNED: Final = "a file of the package "
_LONGEST: Final = 10_000


def gather(document: JsonObject, into: CollectedPackages) -> None:
    """Read a document."""
    if not document.text("spdxVersion").startswith("SPDX-2."):
        into.fault("unsupported SPDX version", "/spdxVersion")
    described = {id_ for id_ in document.elements("documentDescribes") if isinstance(id_, str)}
    described |= {
        relationship.text("relatedSpdxElement")
        for relationship in document.objects("relationships")
        if relationship.text("relationshipType") == "DESCRIBES"
    }
    licenses = {
        info.text("licenseId"): info.text("extractedText") or info.text("name")
        for info in document.objects("hasExtractedLicensingInfos")
    }
    for number, package in into.entries(document, "packages", "/packages"):
        urls, purpose = _urls(package), package.text("primaryPackagePurpose")
        name, version = package.text("name"), _stated(package, "versionInfo")
        # Of several subjects, which are no image, each is a package.
        is_image = urls[0].startswith("pkg:oci/") or purpose == "CONTAINER" or not version
        if purpose == "OPERATING-SYSTEM":
            into.distribution = Distribution(name, version, name=package.text("description"))
        elif package.text("SPDXID") in described and (is_image if urls[0] or len(described) > 1 else True):
            into.names.append(f"{name}:{version}" if version else name)
        elif urls[0] or purpose not in _NO_PACKAGES or (version and purpose in _PROGRAMS):
            for url in urls:
                into.add(url, _facts(package, licenses), f"/packages/{number}")


def _urls(package: JsonObject) -> tuple[str, ...]:
    """The package URLs among the external references that name something to match."""
    references = package.objects("externalRefs")
    return known_urls(ref.text("referenceLocator") for ref in references if ref.text("referenceType") in _PURL)


def _stated(package: JsonObject, name: str) -> str:
    """A member's text, "" where it says that nothing is stated."""
    text = package.text(name)
    return "" if text in _SILENT else text


def _facts(package: JsonObject, licenses: dict[str, str]) -> PackageFacts:
    supplier = _stated(package, "supplier")
    facts = PackageFacts(
        package.text("name"),
        _stated(package, "versionInfo"),
        supplier.partition(":")[2].strip(),
        _licenses(package.text("licenseDeclared"), licenses),
    )
    source = package.text("sourceInfo")[:_LONGEST]
    if match := _BUILT_FROM.search(source):
        facts.source, facts.source_version = match[1] or match[3], match[2] or match[4]
    if match := _OURS.match(source):
        facts.path, facts.found_by = match[1], match[2] or ""
    comment = package.text("comment")[:_LONGEST].split("; ")
    facts.removed = "a later layer removed it" in comment
    record = next((match for remark in comment if (match := _RECORD.fullmatch(remark))), None)
    facts.record_removed_in = int(record[1]) - 1 if record else -1
    facts.development = "only for development" in comment
    facts.owner = next((remark.removeprefix(_OWNED) for remark in comment if remark.startswith(_OWNED)), "")
    return facts


def _licenses(declared: str, licenses: dict[str, str]) -> tuple[str, ...]:
    """The declared licences; a reference to a licence outside SPDX's list becomes the package's own name for it."""
    if declared in _SILENT:
        return ()
    if "(" in declared or " OR " in declared:
        return (declared,)
    return tuple(licenses.get(part) or part for part in declared[:_LONGEST].split(" AND "))
