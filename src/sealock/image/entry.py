"""Images and their layers: the interface between the formats that store them and the inventory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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
    first `limit` bytes (all, if it is shorter); `part(offset, count)` gives a piece, and is None where a file can only
    be read from its beginning. Both are valid only until the next entry is read.
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
        """Its index, digests and size."""

    def entries(self) -> Iterator[LayerEntry]:
        """Yield its entries in order; damage ends it, and is in `errors` afterwards."""

    @property
    def errors(self) -> tuple[InputError, ...]:
        """The errors of the entries read so far."""


class ImageSource(Protocol):
    """An image that was opened. `config` is the raw JSON of its configuration, b"" for a root file system.

    `read_as` says what a target without a description of images was taken for, and why; "" for an image. `notes` are
    worth knowing and no errors.
    """

    names: tuple[str, ...]
    id: str
    manifest: str
    platform: str
    config: bytes
    read_as: str
    notes: tuple[str, ...]
    layers: tuple[LayerSource, ...]

    @property
    def errors(self) -> tuple[InputError, ...]:
        """Its errors, wrong digests of the layers read so far included.

        Digests are computed in the background, and this waits for them: call it when all layers were read.
        """


class KnownImage(Struct, frozen=True):
    """What an archive states about an image: its configuration, its manifest's digest, and its layers."""

    config: bytes
    manifest: str
    layers: tuple[Layer, ...]


class KnownImages(Protocol):
    """Images that an earlier run read."""

    def image(self, identity: str, /) -> KnownImage | None:
        """The known image with this id."""

    def keep_image(self, identity: str, image: KnownImage, /) -> None:
        """Keep an image for the next run."""

    def holds(self, layers: Sequence[Layer], /) -> bool:
        """Whether the contents of an image of these layers are known."""


class Bounds(Struct, frozen=True):
    """Limits on what is read of an image. Sizes in bytes.

    The largest images in use have about a million entries, and layers of some ten gigabytes, two or three times as
    large uncompressed.
    """

    entries: int = 2_000_000
    """Of all layers of all images of an archive together."""
    layer: int = 16 << 30
    """Uncompressed bytes of one layer."""
    total: int = 48 << 30
    """Uncompressed bytes of all compressed layers of an archive, or of an archive that is compressed as a whole."""
    calm: int = 256 << 20
    """Uncompressed bytes of a layer before which no ratio is suspicious."""
    ratio: int = 250
    """Uncompressed bytes for each stored byte, once a layer has more than `calm`."""
    file: int = 0
    """Bytes of one file that an analyzer reads, where that is more than the analyzer's own limit."""
    metadata: int = 16 << 20
    """Bytes of a manifest, an index or a configuration; those of an archive together may have four times as many."""
    layers: int = 1024
    images: int = 1024
    """Images of one archive or layout."""
    depth: int = 8
    """Indexes within indexes, and archives within archives that an analyzer opens (jars)."""


DEFAULT_BOUNDS: Final = Bounds()
