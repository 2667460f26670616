"""What images and their layers are made of: the interface between their shapes and the inventory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Literal, Protocol, TypeAlias

from msgspec import Struct

from sealock.model.finding import InputError
from sealock.model.inventory import Layer

EntryKind: TypeAlias = Literal[
    "file", "directory", "hard link", "symbolic link", "device", "pipe", "whiteout", "opaque"
]


class LayerEntry(Struct, gc=False):
    """One entry of a layer. `path` is normal: relative, no "." or "..", no double slashes; "" is the root itself.

    For a whiteout, `path` is what it removes; an opaque marker's is its directory. `target` is a link's, as written.
    `capability` is the raw value of the security.capability extended attribute. `read(limit)` gives a regular file's
    first `limit` bytes (all, if it is shorter) and is valid only until the next entry is asked for, and so is
    `part(offset, count)`, which gives a piece; it is None where a file can only be read from its beginning.
    """

    path: str
    kind: EntryKind
    mode: int
    uid: int
    gid: int
    size: int
    target: str
    capability: bytes
    read: Callable[[int], bytes]
    part: Callable[[int, int], bytes] | None = None


class LayerSource(Protocol):
    """A layer that can be read once or more."""

    @property
    def layer(self) -> Layer:
        """Which one it is."""

    def entries(self) -> Iterator[LayerEntry]:
        """Yield its entries in order; what is broken ends it, and is in `problems` afterwards."""

    @property
    def errors(self) -> tuple[InputError, ...]:
        """What was wrong with the entries read so far."""


class ImageSource(Protocol):
    """An image that was opened. `config` is the raw JSON of its configuration, b"" for a root file system."""

    names: tuple[str, ...]
    id: str
    manifest: str
    platform: str
    config: bytes
    layers: tuple[LayerSource, ...]

    @property
    def errors(self) -> tuple[InputError, ...]:
        """What is wrong with it, wrong digests of the layers that were read included.

        Those are taken in the background: ask when all layers were read, for it waits.
        """


class KnownImage(Struct, frozen=True):
    """What an archive said of an image: its configuration, its manifest's digest, and its layers."""

    config: bytes
    manifest: str
    layers: tuple[Layer, ...]


class KnownImages(Protocol):
    """What is known of images from an earlier time."""

    def image(self, identity: str, /) -> KnownImage | None:
        """What was kept of the image with this id."""

    def keep_image(self, identity: str, shelved: KnownImage, /) -> None:
        """Keep it."""

    def holds(self, layer: Layer, /) -> bool:
        """Whether it is known what is in a layer."""


class Bounds(Struct, frozen=True):
    """How much of an image is read at the most. Sizes in bytes.

    The largest images in use have about a million entries, and layers of some ten gigabytes, which are two or
    three times as large when inflated.
    """

    entries: int = 2_000_000
    """Of all layers together, those of an archive's other images included."""
    layer: int = 16 << 30
    """Plain bytes of one layer, after inflating."""
    total: int = 48 << 30
    """Plain bytes of all compressed layers of an archive together, or of an archive that is compressed as a whole."""
    calm: int = 256 << 20
    """Plain bytes of a layer before which no ratio is suspicious."""
    ratio: int = 250
    """Plain bytes for each stored byte, once a layer has given more than `calm`."""
    file: int = 0
    """Bytes of one file that an analyzer asked for, where that is more than the analyzer's own limit."""
    metadata: int = 16 << 20
    """Bytes of a manifest, an index or a configuration; all those of an archive have four times as many."""
    layers: int = 1024
    images: int = 1024
    """Of one archive or layout."""
    depth: int = 8
    """Indexes within indexes, and archives within archives that an analyzer opens (jars)."""


DEFAULT_BOUNDS: Final = Bounds()
