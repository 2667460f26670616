"""Images of an archive: those that its members describe, or a root file system."""

from __future__ import annotations

from sealock.image.bytesources import Damage, OpenFile, Stretch
from sealock.image.dockersave import MANIFEST, saved_images
from sealock.image.header import BLOCK, ZEROS, checksum_is_right
from sealock.image.inflate import compression
from sealock.image.layers import LayerContext, TarLayer
from sealock.image.layout import INDEX, LayoutReader
from sealock.image.openimage import OpenedImage
from sealock.image.store import ArchiveStore, ImageStore
from sealock.model.inventory import Layer


def images_in(file: OpenFile, context: LayerContext, platform: str) -> list[OpenedImage]:
    """The images of an open archive; Damage where it is none."""
    stored = Stretch(file)
    begin = stored.fetch(0, BLOCK)
    if not begin:
        raise Damage(why="it is empty")
    how = compression(begin)
    if not how and (len(begin) < BLOCK or begin == ZEROS or not checksum_is_right(begin)):
        raise Damage(why="it is no tar archive")
    store = ArchiveStore(stored, how, context.bounds)
    try:
        if store.has(MANIFEST) or store.has(INDEX):
            images = stored_images(store, context, platform, layout=not store.has(MANIFEST))
            images[0].add(store.faults)
            return images
    except Damage:
        if not store.strangers:
            raise
        # A program's own manifest.json, in a root file system.
    if not store.strangers:
        why = "it has neither manifest.json nor index.json" if store else "it is an empty archive"
        raise Damage(why="; ".join([why, *store.faults]))
    layer = Layer(0, "", size=stored.length)
    return [OpenedImage(context, (TarLayer(layer, stored, context, whiteouts=False),))]


def stored_images(store: ImageStore, context: LayerContext, platform: str, *, layout: bool) -> list[OpenedImage]:
    """The images that an OCI layout's index.json names, or docker save's manifest.json; Damage where there are none."""
    reader = LayoutReader(store, context, platform)
    if not layout:
        images = saved_images(store, context)
        if store.has(INDEX):
            reader.name_manifests(images)
    else:
        images = reader.images()
        if images:
            images[0].add([error.message for error in reader.errors])
    if not images:
        raise Damage(why="; ".join(error.message for error in reader.errors) or "it names no image")
    return images
