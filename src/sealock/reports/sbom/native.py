"""The whole inventory as JSON, as docs/schema/inventory.schema.json describes it."""

from __future__ import annotations

from typing import Any, Final

from msgspec.structs import asdict

from sealock import __version__
from sealock.model.finding import InputError
from sealock.model.inventory import FileFact, Inventory, Layer
from sealock.reports.jsontext import encode
from sealock.reports.sbom.items import SbomItem, list_items

SCHEMA: Final = 2


def render(inventory: Inventory) -> str:
    """Render as JSON; `schema` increases when its shape changes."""
    distribution = inventory.distribution
    sizes = {index: (entries, size) for index, entries, size in inventory.sizes}
    return encode({
        "sealock": __version__,
        "schema": SCHEMA,
        "image": {
            "names": list(inventory.names),
            "id": inventory.id,
            "manifest": inventory.manifest,
            "platform": inventory.platform,
            "created": inventory.created,
        },
        "distribution": asdict(distribution) if distribution else None,
        "layers": [_layer(layer, *sizes.get(layer.index, (0, 0))) for layer in inventory.layers],
        "packages": [_package(item) for item in list_items(inventory)],
        "files": [_file(fact) for fact in sorted(inventory.files, key=lambda file: (file.path, file.kind, file.layer))],
        "errors": [_input_error(error) for error in inventory.errors],
    })  # fmt: skip


def _layer(layer: Layer, entries: int, size: int) -> dict[str, Any]:
    """A layer; `entries` and `file_bytes` count what it holds, `size` is that of its blob."""
    return asdict(layer) | {"entries": entries, "file_bytes": size}


def _package(item: SbomItem) -> dict[str, Any]:
    fields = asdict(item.package)
    return {"purl": item.purl} | fields | {"qualifiers": dict(item.package.qualifiers)}


def _file(fact: FileFact) -> dict[str, Any]:
    return asdict(fact) | {"mode": f"{fact.mode & 0o7777:04o}"}


def _input_error(error: InputError) -> dict[str, Any]:
    return {"message": error.message, "location": asdict(error.location)}
