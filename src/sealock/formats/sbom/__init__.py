"""Bills of materials: reads CycloneDX 1.x and SPDX 2.x JSON back into an inventory.

What has no package URL, or one of a type that nobody here knows, is a problem: what cannot be looked up is no pass.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from sealock.formats.sbom import cyclonedx, spdx
from sealock.formats.sbom.packages import CollectedPackages
from sealock.model.container import Container
from sealock.model.finding import InputError
from sealock.model.inventory import Inventory
from sealock.model.location import Source

_LONGEST: Final = 128 << 20
"""Characters."""


def is_sbom(text: str) -> bool:
    """Whether the text's beginning looks like a bill of materials."""
    head = text[:4096]
    return head.lstrip("\ufeff \t\r\n").startswith("{") and any(
        word in head for word in ('"bomFormat"', '"spdxVersion"', '"SPDXID"')
    )


def read_sbom(source: Source) -> tuple[Inventory, tuple[InputError, ...]]:
    """Read a document. The inventory holds what could be read; its container says nothing."""
    found = CollectedPackages(source.name)
    document = _decoded(source.text, found)
    if document.get("bomFormat") == "CycloneDX":
        cyclonedx.gather(document, found)
    elif isinstance(document.get("spdxVersion"), str):
        spdx.gather(document, found)
    elif not found.errors:
        found.fault("neither CycloneDX nor SPDX 2 as JSON")
    errors = found.finish()
    inventory = Inventory(
        names=tuple(name for name in found.names if name),
        id=found.id,
        platform=found.platform,
        layers=found.layers,
        container=Container(),
        distribution=found.distribution,
        packages=tuple(found.packages),
        errors=errors,
        unseen=("files", "layers", "container"),
        manifest=found.manifest,
    )
    return inventory, errors


def _decoded(text: str, collected_packages: CollectedPackages) -> dict[str, Any]:
    if len(text) > _LONGEST:
        collected_packages.fault(f"longer than the {_LONGEST >> 20} million characters that are read")
        return {}
    try:
        document = msgspec.json.decode(text.removeprefix("\ufeff").encode("utf-8", "replace"))
    except (msgspec.DecodeError, RecursionError) as error:
        collected_packages.fault(f"not valid JSON: {error}")
        return {}
    if not isinstance(document, dict):
        collected_packages.fault("a bill of materials is a JSON object")
        return {}
    return document
