"""The entries of all SBOM formats: sorted packages, each with its URL, its layer and a unique mark."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Final

from msgspec import Struct

from sealock.model.imagename import parse
from sealock.model.inventory import OF_DISTRIBUTIONS, Inventory, Layer, Package
from sealock.model.purl import purl
from sealock.vulnerabilities.owners import owners

_HEX: Final = frozenset("0123456789abcdef")


class SbomItem(Struct, frozen=True):
    """A package with its URL ("" for none). `copy`, from 1, distinguishes equal ones."""

    package: Package
    purl: str
    layer: Layer | None
    owner: str = ""
    """The distribution's package that owns the file at `path`, "" for none."""
    copy: int = 1

    @property
    def name(self) -> str:
        """The name in the style of its ecosystem, namespace included."""
        return full_name(self.package)

    @property
    def mark(self) -> str:
        """16 hexadecimal digits, unique in the SBOM."""
        place = "\0".join(_key(self.package, self.purl, self.layer))
        text = f"{place}\0{self.copy}" if self.copy > 1 else place
        return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    @property
    def digest(self) -> str:
        """The digest of its layer: of the blob, else of the uncompressed tar."""
        return (self.layer.digest or self.layer.diff_id) if self.layer else ""


def list_items(inventory: Inventory) -> list[SbomItem]:
    """The packages, sorted; equal ones are numbered."""
    layers = {layer.index: layer for layer in inventory.layers}
    copies: dict[tuple[str, ...], int] = {}
    entries = []
    languages = (package.path for package in inventory.packages if package.type not in OF_DISTRIBUTIONS)
    owned = owners(languages, inventory.packages)
    for package in sorted(inventory.packages, key=_order):
        url, layer = purl(package, inventory.distribution), layers.get(package.layer)
        key = _key(package, url, layer)
        copies[key] = copies.get(key, 0) + 1
        owner = owned[package.path].name if package.path in owned and package.type not in OF_DISTRIBUTIONS else ""
        entries.append(SbomItem(package, url, layer, owner, copies[key]))
    return entries


def _key(package: Package, url: str, layer: Layer | None) -> tuple[str, ...]:
    """What distinguishes a package from others."""
    return (
        url, package.type, package.namespace, package.name, package.version, package.path,
        layer.diff_id if layer else "", str(package.removed),
    )  # fmt: skip


def _order(package: Package) -> tuple[object, ...]:
    return (
        package.type, package.namespace, package.name, package.version, package.architecture, package.path,
        package.layer, package.removed, package.found_by, package.qualifiers, package.licenses, package.files,
        package.source, package.source_version, package.supplier, package.development,
    )  # fmt: skip


def full_name(package: Package) -> str:
    """The name with its namespace, in the style of its ecosystem: "@angular/core", "org.slf4j:slf4j-api"."""
    if not package.namespace or package.type in OF_DISTRIBUTIONS:
        return package.name
    return f"{package.namespace}{':' if package.type == 'maven' else '/'}{package.name}"


class SbomImage(Struct, frozen=True):
    """The image's name, and its tag or digest. `sha256` is hexadecimal, "" for none."""

    name: str
    version: str
    sha256: str


def describe_image(inventory: Inventory) -> SbomImage:
    """The image that the SBOM describes."""
    digest = inventory.manifest or inventory.id
    value = digest.removeprefix("sha256:")
    sha = value if len(value) == 64 and set(value) <= _HEX else ""
    for name in inventory.names:
        parsed = parse(name)
        if parsed is None:
            return SbomImage(name, digest, sha)
        return SbomImage(parsed.familiar, parsed.tag or parsed.digest or digest, sha)
    return SbomImage("image", digest, sha)


def list_properties(item: SbomItem) -> Iterator[tuple[str, str]]:
    """The properties of a package that the standards have no fields for."""
    package = item.package
    yield "layer", item.digest
    yield "layerIndex", str(package.layer) if package.layer >= 0 else ""
    yield "path", package.path
    yield "foundBy", package.found_by
    yield "type", package.type
    yield "architecture", package.architecture
    yield "source", package.source
    yield "sourceVersion", package.source_version
    yield "removed", "true" if package.removed else ""
    yield "recordRemovedIn", str(package.record_removed_in) if package.record_removed_in >= 0 else ""
    yield "development", "true" if package.development else ""
    yield "owner", item.owner
