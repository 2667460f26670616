"""Packages as the state keeps them: a row for all that matching looks at, and what images see of their layers."""

from __future__ import annotations

from collections.abc import Iterable, KeysView
from functools import cached_property, lru_cache
from hashlib import sha256
from operator import attrgetter
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
_REMEMBERED_SLICES: Final = 16_384
"""Slices whose keys are remembered, some megabytes."""
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
        return tuple((ecosystem, name) for ecosystem in (*lookup.ecosystems, *lookup.also) for name in lookup.names)

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


class SeenLayer:
    """The packages that an image sees of a layer, each with the distribution's package that owns its file or None."""

    def __init__(self, layer: str, distribution: Distribution | None, stream: str) -> None:
        self.layer, self._distribution, self._stream = layer, distribution, stream
        self.packages: list[tuple[Package, Package | None]] = []

    @cached_property
    def stored(self) -> dict[str, StoredPackage]:
        """The packages and those that own their files, as they are stored, by their keys."""
        packages = {id(package): package for pair in self.packages for package in pair if package is not None}
        stored = (store_package(package, self._distribution, self._stream) for package in packages.values())
        return {entry.key: entry for entry in stored}

    @cached_property
    def slice(self) -> ImageSlice:
        """What is stored of it."""
        rows: dict[str, SlicePackage] = {}
        for package, owner in self.packages:
            key, owning = (
                store_package(known, self._distribution, self._stream).key if known is not None else ""
                for known in (package, owner)
            )
            path = "" if package.type in OF_DISTRIBUTIONS else _text(package.path)
            entry, former = SlicePackage(key, owning, path), rows.get(key)
            # One at several paths counts where no distribution owns it.
            if former is None or (bool(entry.owner), entry) < (bool(former.owner), former):
                rows[key] = entry
        return ImageSlice(self.layer, tuple(sorted(rows.values())))

    @property
    def key(self) -> str:
        """The key of its slice, which the last images had too in most cases: then its packages need no keys."""
        identity = self._identity()
        if (known := _slice_keys.get(identity)) is None:
            known = slice_key(self.slice)
            if identity:
                _slice_keys[identity] = known
                if len(_slice_keys) > _REMEMBERED_SLICES:
                    del _slice_keys[next(iter(_slice_keys))]
        return known

    def _identity(self) -> bytes:
        """A digest of all that its key depends on, b"" where a name is not Unicode."""
        rows = [(_fields(package), owner and _fields(owner)) for package, owner in self.packages]
        try:
            basis = msgspec.msgpack.encode((self.layer, self._distribution, self._stream, rows))
        except UnicodeEncodeError:
            return b""
        return sha256(basis).digest()


_fields = attrgetter(
    "type", "name", "version", "path", "namespace", "architecture", "source", "source_version", "qualifiers",
    "development",
)  # fmt: skip
"""All of a package that a slice depends on."""
_slice_keys: Final[dict[bytes, str]] = {}
"""The keys of slices by their identities, the oldest first."""


class ImageContents:
    """What an image sees of its layers. What is in them is worked out where it is asked for: most is stored already."""

    def __init__(self, layers: Iterable[SeenLayer], stream: str) -> None:
        self._layers = {layer.key: layer for layer in layers}
        self.stream = stream
        """The module stream that its distribution's packages are of, "" for none."""

    @property
    def keys(self) -> KeysView[str]:
        """The keys of its slices."""
        return self._layers.keys()

    def slices(self, keys: Iterable[str]) -> dict[str, ImageSlice]:
        """Slices by their keys."""
        return {key: self._layers[key].slice for key in keys}

    def packages(self, keys: Iterable[str]) -> dict[str, StoredPackage]:
        """The packages of slices, and those that own their files, by their keys."""
        packages: dict[str, StoredPackage] = {}
        for key in keys:
            packages.update(self._layers[key].stored)
        return packages


def contents_of(inventory: Inventory) -> ImageContents:
    """The packages of an image that a container sees."""
    stream, distribution = stream_of(inventory), inventory.distribution
    present = [package for package in inventory.packages if not package.removed]
    owned = owners({package.path for package in present if package.type not in OF_DISTRIBUTIONS}, present)
    layers = {layer.index: layer.diff_id for layer in inventory.layers}
    seen: dict[str, SeenLayer] = {}
    has_distribution = False
    for package in present:
        layer = layers.get(package.layer, "")
        if (entry := seen.get(layer)) is None:
            entry = seen[layer] = SeenLayer(layer, distribution, stream)
        if package.type in OF_DISTRIBUTIONS:
            has_distribution = True
            entry.packages.append((package, None))
        else:
            entry.packages.append((package, owned.get(package.path)))
    return ImageContents(seen.values(), stream if has_distribution else "")


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
