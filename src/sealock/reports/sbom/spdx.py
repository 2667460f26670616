"""SPDX 2.3 as JSON. Decision 10 says why spdx-tools does not write it; the tests read and check it with that."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Final

from sealock import __version__
from sealock.model.inventory import Distribution, Inventory, instruction
from sealock.patterns import compile_lazily
from sealock.reports.sbom.items import SbomImage, SbomItem, describe_image, list_items
from sealock.reports.sbom.licences import Licence, licences
from sealock.reports.sbom.serial import number_document
from sealock.text import clip, line

_DOCUMENT: Final = "SPDXRef-DOCUMENT"
_IMAGE: Final = "SPDXRef-Image"
_SYSTEM: Final = "SPDXRef-OperatingSystem"
_NO_ASSERTION: Final = "NOASSERTION"
_EPOCH: Final = "1970-01-01T00:00:00Z"
"""SPDX requires a time; this one stands for none."""
_SPACE: Final = "https://spdx.org/spdxdocs"
"""The namespace that the specification proposes for documents without a URL. Nothing is fetched from there."""
_NOT_ID: Final = compile_lazily(r"[^A-Za-z0-9.-]+")
_TEXT: Final = 20_000
"""Maximum characters of a licence's text."""
_ADDRESS: Final = compile_lazily(r"([^<>()]{1,200})<([^<>()\s]{1,200})>")


def render(inventory: Inventory, *, serial: str = "", timestamp: str = "") -> str:
    """Render as JSON."""
    about = describe_image(inventory)
    named: dict[str, str] = {}
    packages = [_image(inventory, about)]
    if inventory.distribution:
        packages.append(_system(inventory.distribution))
    packages += [_package(item, named) for item in list_items(inventory)]
    content: dict[str, Any] = {
        "packages": packages,
        "hasExtractedLicensingInfos": [
            {"licenseId": mark, "extractedText": clip(text, _TEXT), "name": line(text, 200)}
            for mark, text in sorted(named.items())
        ],
        "relationships": [
            _relation(_DOCUMENT, "DESCRIBES", _IMAGE),
            *(_relation(_IMAGE, "CONTAINS", package["SPDXID"]) for package in packages[1:]),
        ],
    }
    if inventory.errors:
        content["comment"] = "Incomplete: something in the image could not be read."
    name = _NOT_ID.sub("-", about.name).strip("-.")[:100] or "image"
    return number_document(
        serial,
        content,
        lambda number: {
            "spdxVersion": "SPDX-2.3",
            "dataLicense": "CC0-1.0",
            "SPDXID": _DOCUMENT,
            "name": about.name or "image",
            "documentNamespace": f"{_SPACE}/{name}-{number}",
            "creationInfo": {"created": timestamp or _EPOCH, "creators": [f"Tool: sealock-{__version__}"]},
        },
    )


def _relation(element: str, kind: str, other: str) -> dict[str, str]:
    return {"spdxElementId": element, "relationshipType": kind, "relatedSpdxElement": other}


def _bare(mark: str, name: str, version: str) -> dict[str, Any]:
    """The required fields of every package, with nothing asserted."""
    return {
        "SPDXID": mark,
        "name": name or "unnamed",
        **({"versionInfo": version} if version else {}),
        "downloadLocation": _NO_ASSERTION,
        "filesAnalyzed": False,
        "licenseConcluded": _NO_ASSERTION,
        "licenseDeclared": _NO_ASSERTION,
        "copyrightText": _NO_ASSERTION,
        "supplier": _NO_ASSERTION,
    }


def _image(inventory: Inventory, about: SbomImage) -> dict[str, Any]:
    entry = _bare(_IMAGE, about.name, about.version) | {"primaryPackagePurpose": "CONTAINER"}
    if about.sha256:
        entry["checksums"] = [{"algorithm": "SHA256", "checksumValue": about.sha256}]
    layers = "".join(
        f"\nlayer {layer.digest or layer.diff_id} {line(instruction(layer.created_by), 300)}".rstrip()
        for layer in inventory.layers
    )
    names = "".join(f"\nname {name}" for name in inventory.names)
    comment = f"image {inventory.id or 'without configuration'}{names}\nplatform {inventory.platform}{layers}"
    return entry | {"comment": comment}


def _system(distribution: Distribution) -> dict[str, Any]:
    entry = _bare(_SYSTEM, distribution.id, distribution.version) | {"primaryPackagePurpose": "OPERATING-SYSTEM"}
    return entry | ({"description": distribution.name} if distribution.name else {})


def _package(item: SbomItem, named: dict[str, str]) -> dict[str, Any]:
    package = item.package
    entry = _bare(f"SPDXRef-{_NOT_ID.sub('-', package.name)[:60]}-{item.mark}", item.name, package.version)
    entry["licenseDeclared"] = _declared(licences(package.licenses), named)
    if package.supplier:
        entry["supplier"] = _supplier(package.supplier)
    layer = f" in layer {item.digest}" if item.digest else ""
    entry["sourceInfo"] = f"found in {package.path}{layer}" + (f", read by {package.found_by}" * bool(package.found_by))
    if package.source:
        entry["sourceInfo"] += f"; built from {package.source} {package.source_version}".rstrip()
    if comment := "; ".join(_comments(item)):
        entry["comment"] = comment
    if item.purl:
        entry["externalRefs"] = [
            {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": item.purl}
        ]
    return entry


def _comments(item: SbomItem) -> list[str]:
    notes = {
        "a later layer removed it": item.package.removed,
        f"layer {item.package.record_removed_in + 1} removed its record": item.package.record_removed_in >= 0,
        "only for development": item.package.development,
        f"a file of the package {item.owner}": item.owner,
    }
    return [words for words, true in notes.items() if true]


def _declared(parsed: tuple[Licence, ...], named: dict[str, str]) -> str:
    """One expression of all licences; a name that SPDX does not know becomes a LicenseRef in `named`."""
    parts = []
    for item in parsed:
        if item.expression:
            parts.append(item.expression if item.single or len(parsed) == 1 else f"({item.expression})")
        else:
            plain = item.text.removeprefix("LicenseRef-")
            word = _NOT_ID.sub("-", plain)[:40].strip("-.")
            mark = f"LicenseRef-{word or 'text'}"
            if word != plain:
                mark += f"-{sha256(item.text.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
            named[mark] = item.text
            parts.append(mark)
    return " AND ".join(dict.fromkeys(parts)) or _NO_ASSERTION


def _supplier(text: str) -> str:
    """A maintainer in SPDX's form. No package says whether it is a person or a group."""
    plain = line(" ".join(text.split()), 400)
    match = _ADDRESS.fullmatch(plain)
    if match is None:
        name = plain.replace("(", "").replace(")", "").strip()
        return f"Organization: {name}" if name else _NO_ASSERTION
    return f"Organization: {match[1].strip()} ({match[2]})" if match[1].strip() else _NO_ASSERTION
