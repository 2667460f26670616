"""CycloneDX 1.6 as JSON. Decision 10 says why cyclonedx-python-lib, which the tests read it with, does not write it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

from sealock import __version__
from sealock.model.advisory import Vulnerability
from sealock.model.inventory import Distribution, Inventory, instruction
from sealock.reports.sbom.items import SbomItem, describe_image, list_items, list_properties
from sealock.reports.sbom.licences import licences
from sealock.reports.sbom.serial import number_document
from sealock.reports.sbom.vulnerabilities import render_vulnerabilities
from sealock.text import clip

_ROOT: Final = "image"
_SYSTEM: Final = "operating-system"
_GROUPED: Final = frozenset({"maven", "npm", "composer"})
"""Ecosystems whose namespace is what CycloneDX calls a group; elsewhere it is part of the name."""
_NAME: Final = 500
"""Maximum characters of a licence's name; some packages give the whole text."""
_VERSION: Final = 1024
"""Maximum characters of a version in the schema."""


def render(
    inventory: Inventory, *, serial: str = "", timestamp: str = "", vulnerabilities: Sequence[Vulnerability] = ()
) -> str:
    """Render as JSON, with known vulnerabilities."""
    entries = list_items(inventory)
    references = _references(entries)
    components = [_component(item, reference) for item, reference in zip(entries, references, strict=True)]
    if inventory.distribution:
        components.insert(0, _system(inventory.distribution))
    document = {
        "metadata": _metadata(inventory, timestamp),
        "components": components,
        "dependencies": [{"ref": _ROOT, "dependsOn": [component["bom-ref"] for component in components]}],
    }
    if vulnerabilities:
        by_url: dict[str, list[str]] = {}
        for item, reference in zip(entries, references, strict=True):
            if not item.package.removed:
                by_url.setdefault(item.purl, []).append(reference)
        document["vulnerabilities"] = render_vulnerabilities(vulnerabilities, by_url)
    if inventory.errors:
        document["compositions"] = [{"aggregate": "incomplete", "assemblies": [_ROOT]}]
    return number_document(serial, document, _head)


def _head(serial: str) -> dict[str, Any]:
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
    }


def _references(entries: list[SbomItem]) -> list[str]:
    """The package's URL is its reference; if several share it, with the mark."""
    times = Counter(item.purl for item in entries)
    return [
        item.purl if item.purl and times[item.purl] == 1
        else f"{item.purl}{'&' if '?' in item.purl else '?'}package-id={item.mark}" if item.purl
        else f"package-{item.mark}"
        for item in entries
    ]  # fmt: skip


def _metadata(inventory: Inventory, timestamp: str) -> dict[str, Any]:
    about = describe_image(inventory)
    component = {
        "type": "container",
        "bom-ref": _ROOT,
        "name": about.name,
        "version": clip(about.version, _VERSION),
        "hashes": [{"alg": "SHA-256", "content": about.sha256}] if about.sha256 else [],
        "properties": _properties([
            *(("name", name) for name in inventory.names),
            ("imageId", inventory.id),
            ("manifest", inventory.manifest),
            ("platform", inventory.platform),
            *(("layer", layer.digest or layer.diff_id) for layer in inventory.layers),
            *(("diffId", layer.diff_id) for layer in inventory.layers),
            *(
                ("instruction", f"{layer.index} {instruction(layer.created_by)}")
                for layer in inventory.layers
                if layer.created_by
            ),
        ]),
    }  # fmt: skip
    tool = {"type": "application", "name": "sealock", "version": __version__}
    metadata = {
        "timestamp": timestamp,
        "lifecycles": [{"phase": "post-build"}],
        "tools": {"components": [tool]},
        "component": _filled(component),
    }
    return _filled(metadata)


def _system(distribution: Distribution) -> dict[str, Any]:
    return _filled({
        "type": "operating-system",
        "bom-ref": _SYSTEM,
        "name": distribution.id,
        "version": clip(distribution.version, _VERSION),
        "description": distribution.name,
        "properties": _properties([
            ("codename", distribution.codename),
            *(("like", name) for name in distribution.like),
        ]),
    })  # fmt: skip


def _component(item: SbomItem, reference: str) -> dict[str, Any]:
    package = item.package
    grouped = package.type in _GROUPED
    component: dict[str, Any] = {"type": "library", "bom-ref": reference}
    if package.supplier:
        component["supplier"] = {"name": package.supplier}
    if grouped and package.namespace:
        component["group"] = package.namespace
    component["name"] = package.name if grouped else item.name
    if package.version:
        component["version"] = clip(package.version, _VERSION)
    if package.removed or package.development:
        # The program uses neither; a removed package is still in the image's layers.
        component["scope"] = "excluded" if package.removed else "optional"
    if package.licenses and (listed := _licences(package.licenses)):
        component["licenses"] = listed
    if item.purl:
        component["purl"] = item.purl
    if package.path:
        component["evidence"] = {"occurrences": [{"location": package.path}]}
    if properties := _properties(list_properties(item)):
        component["properties"] = properties
    return component


def _licences(texts: tuple[str, ...]) -> list[dict[str, Any]]:
    """A list of ids and names, or one expression: the schema does not allow both."""
    parsed = licences(texts)
    if len(parsed) == 1 and parsed[0].expression and not parsed[0].single:
        return [{"expression": parsed[0].expression}]
    return [
        {"license": {"id": item.expression} if item.single else {"name": clip(item.expression or item.text, _NAME)}}
        for item in parsed
    ]


def _properties(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": f"sealock:{name}", "value": value} for name, value in pairs if value]


def _filled(values: dict[str, Any]) -> dict[str, Any]:
    """Leave out empty values, except the name, which is required."""
    return {key: value for key, value in values.items() if value or key == "name"}
