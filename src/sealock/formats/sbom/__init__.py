"""SBOMs: reads CycloneDX 1.x, SPDX 2.x and SPDX 3.x as JSON back into an inventory.

A package without a package URL of a supported type is an error: it cannot be matched with advisories, which is no pass.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from sealock.errors import decoding_fault
from sealock.formats.jsonobject import JsonObject
from sealock.formats.sbom import cyclonedx, spdx, spdx3
from sealock.formats.sbom.packages import CollectedPackages
from sealock.model.container import Container
from sealock.model.finding import InputError
from sealock.model.inventory import SOURCES, Inventory
from sealock.model.location import Source

_LONGEST: Final = 128 << 20
"""Characters."""


_KEYS: Final = ('"bomFormat"', '"spdxVersion"')
_WRAPPERS: Final = ("sbom", "predicate")
"""What GitHub's API, and an attestation, have the document in."""


class _Stated(msgspec.Struct):
    """What a document says of its format."""

    bomFormat: Any = None  # noqa: N815  CycloneDX's own spelling
    spdxVersion: Any = None  # noqa: N815  SPDX's own spelling
    context: Any = msgspec.field(name="@context", default=None)


_stated: Final = msgspec.json.Decoder(_Stated).decode


def is_sbom(text: str) -> bool:
    """Whether the text begins like an SBOM, or says so wherever its keys stand."""
    head = text[:4096]
    if not head.lstrip("\ufeff \t\r\n").startswith("{"):
        return False
    if any(word in head for word in (*_KEYS, '"SPDXID"')):
        return True
    if len(text) > _LONGEST or not any(word in text for word in (*_KEYS, spdx3.CONTEXT)):
        return False
    try:
        stated = _stated(text.removeprefix("\ufeff").encode("utf-8", "replace"))
    except (msgspec.MsgspecError, RecursionError):
        return False
    return stated.bomFormat is not None or stated.spdxVersion is not None or spdx3.is_spdx3(stated.context)


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
    for wrapper in _WRAPPERS:
        if not document.text("bomFormat") and not document.text("spdxVersion"):
            document = document.child(wrapper) or document
    if document.text("bomFormat") == "CycloneDX":
        cyclonedx.gather(document, into)
    elif document.text("spdxVersion"):
        spdx.gather(document, into)
    elif spdx3.is_spdx3(document.members.get("@context")):
        spdx3.gather(document, into)
    elif not into.errors:
        into.fault("neither CycloneDX nor SPDX as JSON")


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
