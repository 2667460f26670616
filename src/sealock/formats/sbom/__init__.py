"""SBOMs: reads CycloneDX 1.x and SPDX 2.x JSON back into an inventory.

A package without a package URL of a supported type is an error: it cannot be matched with advisories, which is no pass.
"""

from __future__ import annotations

from typing import Final

import msgspec

from sealock.errors import decoding_fault
from sealock.formats.jsonobject import JsonObject
from sealock.formats.sbom import cyclonedx, spdx
from sealock.formats.sbom.packages import CollectedPackages
from sealock.model.container import Container
from sealock.model.finding import InputError
from sealock.model.inventory import SOURCES, Inventory
from sealock.model.location import Source

_LONGEST: Final = 128 << 20
"""Characters."""


def is_sbom(text: str) -> bool:
    """Whether the text begins like an SBOM."""
    head = text[:4096]
    return head.lstrip("\ufeff \t\r\n").startswith("{") and any(
        word in head for word in ('"bomFormat"', '"spdxVersion"', '"SPDXID"')
    )


def read_sbom(source: Source) -> tuple[Inventory, tuple[InputError, ...]]:
    """Read a document. The inventory has what could be read; its container has no fields."""
    packages = CollectedPackages(source.name)
    gather(source.text, packages)
    errors = packages.finish()
    inventory = Inventory(
        names=tuple(name for name in packages.names if name),
        id=packages.id,
        platform=packages.platform,
        layers=packages.layers,
        container=Container(),
        distribution=packages.distribution,
        packages=tuple(packages.packages),
        errors=errors,
        unseen=("files", "layers", "container", "created", *(() if packages.names_sources else (SOURCES,))),
        manifest=packages.manifest,
    )
    return inventory, errors


def gather(text: str, into: CollectedPackages) -> None:
    """Read a document into what was collected so far."""
    document = _decoded(text, into)
    if document.text("bomFormat") == "CycloneDX":
        cyclonedx.gather(document, into)
    elif document.text("spdxVersion"):
        spdx.gather(document, into)
    elif not into.errors:
        into.fault("neither CycloneDX nor SPDX 2 as JSON")


def _decoded(text: str, packages: CollectedPackages) -> JsonObject:
    if len(text) > _LONGEST:
        packages.fault(f"longer than the {_LONGEST >> 20} million characters that are read")
        return JsonObject(None)
    try:
        document = msgspec.json.decode(text.removeprefix("\ufeff").encode("utf-8", "replace"))
    except (msgspec.DecodeError, RecursionError) as error:
        packages.fault(f"not valid JSON: {decoding_fault(error)}")
        return JsonObject(None)
    if not isinstance(document, dict):
        packages.fault("an SBOM is a JSON object")
        return JsonObject(None)
    return JsonObject(document)
