"""What all bills of materials are made of: packages in order, each with its URL, its layer and a mark of its own."""

from __future__ import annotations

from collections import Counter
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
    """A package with its URL ("" for none). Equal ones are told apart by `copy`, from 1."""

    package: Package
    purl: str
    layer: Layer | None
    owner: str = ""
    """The distribution's package that owns the file that told of it, "" for none."""
    copy: int = 1

    @property
    def name(self) -> str:
        """The name as people of its ecosystem write it, namespace included."""
        return full_name(self.package)

    @property
    def mark(self) -> str:
        """A word of 16 hexadecimal digits that it has alone."""
        place = "\0".join(_told(self.package, self.purl, self.layer))
        text = f"{place}\0{self.copy}" if self.copy > 1 else place
        return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    @property
    def digest(self) -> str:
        """The digest of its layer, that of the plain tar where the blob's is not told."""
        return (self.layer.digest or self.layer.diff_id) if self.layer else ""


def items(inventory: Inventory) -> list[SbomItem]:
    """The packages, sorted; equal ones are marked apart."""
    layers = {layer.index: layer for layer in inventory.layers}
    seen: Counter[tuple[str, ...]] = Counter()
    found = []
    languages = (package.path for package in inventory.packages if package.type not in OF_DISTRIBUTIONS)
    owned = owners(languages, inventory.packages)
    for package in sorted(inventory.packages, key=_order):
        url, layer = purl(package, inventory.distribution), layers.get(package.layer)
        told = _told(package, url, layer)
        seen[told] += 1
        owner = owned[package.path].name if package.path in owned and package.type not in OF_DISTRIBUTIONS else ""
        found.append(SbomItem(package, url, layer, owner, seen[told]))
    return found


def _told(package: Package, url: str, layer: Layer | None) -> tuple[str, ...]:
    """What tells a package from others."""
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
    """The name with its namespace, where the ecosystem's people write it: "@angular/core", "org.slf4j:slf4j-api"."""
    if not package.namespace or package.type in OF_DISTRIBUTIONS:
        return package.name
    return f"{package.namespace}{':' if package.type == 'maven' else '/'}{package.name}"


class SbomImage(Struct, frozen=True):
    """How the image is called: a name, and the tag or digest that tells which. `sha256` is hexadecimal, "" for none."""

    name: str
    version: str
    sha256: str


def image(inventory: Inventory) -> SbomImage:
    """What the bill is of."""
    digest = inventory.manifest or inventory.id
    found = digest.removeprefix("sha256:")
    sha = found if len(found) == 64 and set(found) <= _HEX else ""
    for name in inventory.names:
        found_name = parse(name)
        if found_name is None:
            return SbomImage(name, digest, sha)
        return SbomImage(found_name.familiar, found_name.tag or found_name.digest or digest, sha)
    return SbomImage("image", digest, sha)


def facts(item: SbomItem) -> Iterator[tuple[str, str]]:
    """What a package says of itself beyond what the standards have fields for."""
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
    yield "development", "true" if package.development else ""
    yield "owner", item.owner
