"""Packages as the state keeps them: a row for all that matching looks at, and what images see of their layers."""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from typing import Any, Final

import msgspec
from msgspec import Struct

from sealock.model.advisory import Installed
from sealock.model.inventory import OF_DISTRIBUTIONS, Distribution, Inventory, Package, PackageType
from sealock.model.purl import purl
from sealock.vulnerabilities.ecosystems import Lookup, look_up
from sealock.vulnerabilities.findings import unversioned
from sealock.vulnerabilities.match import stream_of
from sealock.vulnerabilities.owners import owners

_REMEMBERED: Final = 4096
"""Packages whose rows are remembered, some megabytes."""
_KEY: Final = 32
"""Hexadecimal digits of a key: 128 bits."""


class StoredPackage(Struct, frozen=True, gc=False):
    """A package without its place in an image. `distribution` and `stream` only where its advisories depend on them."""

    key: str
    package: Package
    distribution: Distribution | None = None
    stream: str = ""

    def places(self) -> tuple[tuple[str, str], ...]:
        """The ecosystems and names under which advisories may know it."""
        lookup = look_up(self.package, self.distribution, self.stream)
        if not isinstance(lookup, Lookup):
            return ()
        return tuple((ecosystem, lookup.name) for ecosystem in (*lookup.ecosystems, *lookup.also))

    def row(self) -> dict[str, Any]:
        """Its columns."""
        url = purl(self.package, self.distribution)
        return {
            "key": self.key,
            "type": self.package.type,
            "name": self.package.name,
            "version": self.package.version,
            "purl": url,
            "thing": unversioned(Installed(self.package.type, self.package.name, self.package.version, url)),
            "data": msgspec.json.encode(self.package).decode(),
            "distribution": msgspec.json.encode(self.distribution).decode() if self.distribution else "",
            "stream": self.stream,
        }


class SlicePackage(Struct, frozen=True, order=True, gc=False):
    """A package in a slice: its key, the key of the distribution's package that owns its file or "", and its path."""

    key: str
    owner: str = ""
    path: str = ""


class ImageSlice(Struct, frozen=True):
    """What an image sees of a layer, which is named by its diff_id, "" for none."""

    layer: str
    packages: tuple[SlicePackage, ...]


class ImageContents(Struct, frozen=True):
    """The packages and the slices of an image, by their keys."""

    packages: dict[str, StoredPackage]
    slices: dict[str, ImageSlice]


def contents_of(inventory: Inventory) -> ImageContents:
    """The packages of an image that a container sees."""
    stream = stream_of(inventory)
    present = [package for package in inventory.packages if not package.removed]
    languages = {package.path for package in present if package.type not in OF_DISTRIBUTIONS}
    owned = owners(languages, present)
    layers = {layer.index: layer.diff_id for layer in inventory.layers}
    packages: dict[str, StoredPackage] = {}
    keys: dict[int, str] = {}
    for package in present:
        stored = store_package(package, inventory.distribution, stream)
        packages[stored.key] = stored
        keys[id(package)] = stored.key
    seen: dict[str, dict[str, SlicePackage]] = {}
    for package in present:
        of_distribution = package.type in OF_DISTRIBUTIONS
        owner = None if of_distribution else owned.get(package.path)
        path = "" if of_distribution else _text(package.path)
        entry = SlicePackage(keys[id(package)], keys[id(owner)] if owner is not None else "", path)
        of_layer = seen.setdefault(layers.get(package.layer, ""), {})
        former = of_layer.get(entry.key)
        # One at several paths counts where no distribution owns it.
        if former is None or (bool(entry.owner), entry) < (bool(former.owner), former):
            of_layer[entry.key] = entry
    slices = (ImageSlice(layer, tuple(sorted(rows.values()))) for layer, rows in seen.items())
    return ImageContents(packages, {slice_key(entry): entry for entry in slices})


def store_package(package: Package, distribution: Distribution | None, stream: str) -> StoredPackage:
    """A package as it is stored."""
    of_distribution = package.type in OF_DISTRIBUTIONS
    return _stored(
        package.type,
        package.name,
        package.version,
        package.namespace,
        package.architecture,
        package.source,
        package.source_version,
        package.qualifiers,
        package.development,
        distribution if of_distribution else None,
        stream if of_distribution else "",
    )


@lru_cache(maxsize=_REMEMBERED)
def _stored(  # noqa: PLR0913, PLR0917  all that matching looks at: as arguments, they are looked up in half the time
    type_: PackageType,
    name: str,
    version: str,
    namespace: str,
    architecture: str,
    source: str,
    source_version: str,
    qualifiers: tuple[tuple[str, str], ...],
    development: bool,  # noqa: FBT001
    distribution: Distribution | None,
    stream: str,
) -> StoredPackage:
    """The same package is in many images, which a worker scans one after the other."""
    bare = Package(
        type_,
        _text(name),
        _text(version),
        "",
        _text(namespace),
        architecture,
        _text(source),
        _text(source_version),
        qualifiers=qualifiers,
        development=development,
    )
    basis = msgspec.json.encode((bare, distribution, stream))
    return StoredPackage(sha256(basis).hexdigest()[:_KEY], bare, distribution, stream)


def restore_package(row: Any) -> StoredPackage:  # noqa: ANN401  a row of the table
    """A package from its columns."""
    return StoredPackage(
        row.key,
        msgspec.json.decode(row.data, type=Package),
        msgspec.json.decode(row.distribution, type=Distribution) if row.distribution else None,
        row.stream,
    )


def slice_key(seen: ImageSlice) -> str:
    """The key of what is seen of a layer."""
    return sha256(msgspec.json.encode((seen.layer, seen.packages))).hexdigest()[:_KEY]


def _text(text: str) -> str:
    """Text that both databases can hold: no lone surrogates, no zeros."""
    text = text if text.isascii() else text.encode("utf-8", "replace").decode()
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}") if "\0" in text else text
