"""Images of an archive: those that its members describe, or a root file system."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

from sealock.errors import UNDECODABLE
from sealock.image.bytesources import OpenFile, Stretch, UnreadableError
from sealock.image.dockersave import MANIFEST, read_saved_images
from sealock.image.header import BLOCK, ZEROS, checksum_is_right
from sealock.image.inflate import detect_compression
from sealock.image.layers import LayerContext, TarLayer
from sealock.image.layout import INDEX, LayoutReader
from sealock.image.manifest import IMAGE_KEYS
from sealock.image.openimage import OpenedImage
from sealock.image.store import ArchiveStore, ImageStore, TransportStore
from sealock.model.finding import InputError
from sealock.model.inventory import Layer


def read_archive(file: OpenFile, context: LayerContext, platform: str) -> list[OpenedImage]:
    """Read the images of an open archive; UnreadableError if it is none."""
    stored = Stretch(file)
    begin = stored.fetch(0, BLOCK)
    if not begin:
        raise UnreadableError(why="it is empty")
    compressed_by = detect_compression(begin)
    if not compressed_by and (len(begin) < BLOCK or begin == ZEROS or not checksum_is_right(begin)):
        raise UnreadableError(why="it is not a tar archive")
    store = ArchiveStore(stored, compressed_by, context.bounds)
    described_in = MANIFEST if store.has(MANIFEST) else INDEX if store.has(INDEX) else ""
    why = "it has neither manifest.json nor index.json"
    try:
        if described_in:
            images = read_store(store, context, platform, layout=described_in == INDEX)
            images[0].add(store.faults)
            return images
    except UnreadableError as error:
        if not store.strangers or not describes_no_images(store, described_in, context):
            named = str(error) if described_in in str(error) else f"{described_in}: {error}"
            raise UnreadableError(why=named) from None
        why = f"its {described_in} describes no images"
    if store.is_legacy:
        raise UnreadableError(why="it is an image in the format of Docker 1.9 and older: load it, and save it again")
    if not store.strangers:
        raise UnreadableError(why="; ".join([why if store else "it is an empty archive", *store.faults]))
    layer = Layer(0, "", size=stored.length)
    layers = (TarLayer(layer, stored, context, whiteouts=False),)
    return [OpenedImage(context, layers, read_as=f"a root file system, because {why}")]


def describes_no_images(store: ImageStore, name: str, context: LayerContext) -> bool:
    """Whether a manifest.json or an index.json that could not be read is surely a program's own.

    Engines load what begins as a list, whatever follows it; so what is not clearly something else is an image's.
    """
    try:
        value = msgspec.json.decode(context.metadata(store, name))
    except (UnreadableError, *UNDECODABLE):
        return False
    if not isinstance(value, dict):
        return name == INDEX
    return not IMAGE_KEYS.intersection(key.casefold() for key in value)


def read_store(store: ImageStore, context: LayerContext, platform: str, *, layout: bool) -> list[OpenedImage]:
    """Read the images that index.json names, or docker save's manifest.json; UnreadableError if there are none."""
    reader = LayoutReader(store, context, platform)
    if not layout:
        images = read_saved_images(store, context)
        if store.has(INDEX):
            reader.name_manifests(images)
        return _or_errors(images, ())
    return _or_errors(reader.images(), reader.errors)


def read_transport(root: OpenFile, manifest: bytes, context: LayerContext, platform: str) -> list[OpenedImage]:
    """Read the image of a directory of `skopeo copy IMAGE dir:PATH`; UnreadableError if there is none."""
    digest = f"sha256:{hashlib.sha256(manifest).hexdigest()}"
    reader = LayoutReader(TransportStore(root, digest), context, platform)
    return _or_errors(reader.image_of(digest), reader.errors)


def _or_errors(images: list[OpenedImage], errors: Sequence[InputError]) -> list[OpenedImage]:
    if not images:
        raise UnreadableError(why="; ".join(error.message for error in errors) or "it names no image")
    images[0].add([error.message for error in errors])
    return images
