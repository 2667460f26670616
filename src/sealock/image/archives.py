"""Images of an archive: those that its members describe, or a root file system."""

from __future__ import annotations

from sealock.image.bytesources import OpenFile, Stretch, UnreadableError
from sealock.image.dockersave import MANIFEST, read_saved_images
from sealock.image.header import BLOCK, ZEROS, checksum_is_right
from sealock.image.inflate import detect_compression
from sealock.image.layers import LayerContext, TarLayer
from sealock.image.layout import INDEX, LayoutReader
from sealock.image.openimage import OpenedImage
from sealock.image.store import ArchiveStore, ImageStore
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
    try:
        if store.has(MANIFEST) or store.has(INDEX):
            images = read_store(store, context, platform, layout=not store.has(MANIFEST))
            images[0].add(store.faults)
            return images
    except UnreadableError:
        if not store.strangers:
            raise
        # A program's own manifest.json, in a root file system.
    if not store.strangers:
        why = "it has neither manifest.json nor index.json" if store else "it is an empty archive"
        raise UnreadableError(why="; ".join([why, *store.faults]))
    layer = Layer(0, "", size=stored.length)
    return [OpenedImage(context, (TarLayer(layer, stored, context, whiteouts=False),))]


def read_store(store: ImageStore, context: LayerContext, platform: str, *, layout: bool) -> list[OpenedImage]:
    """Read the images that index.json names, or docker save's manifest.json; UnreadableError if there are none."""
    reader = LayoutReader(store, context, platform)
    if not layout:
        images = read_saved_images(store, context)
        if store.has(INDEX):
            reader.name_manifests(images)
    else:
        images = reader.images()
        if images:
            images[0].add([error.message for error in reader.errors])
    if not images:
        raise UnreadableError(why="; ".join(error.message for error in reader.errors) or "it names no image")
    return images
