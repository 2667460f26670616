"""Archives of docker save: manifest.json names configurations and layers by their paths."""

from __future__ import annotations

import hashlib

from sealock.image.bytesources import UnreadableError
from sealock.image.layers import LayerContext, TarLayer
from sealock.image.manifest import Config, SavedImage, decode
from sealock.image.openimage import OpenedImage
from sealock.image.store import ImageStore
from sealock.model.finding import InputError
from sealock.model.inventory import Layer
from sealock.text import count, only_first

MANIFEST = "manifest.json"


def read_saved_images(store: ImageStore, context: LayerContext) -> list[OpenedImage]:
    """The images that manifest.json names; UnreadableError if it cannot be read."""
    listed = decode(context.metadata(store, MANIFEST), list[SavedImage])
    most = context.bounds.images
    images = [_image(saved, store, context) for saved in listed[:most]]
    if len(listed) > most:
        images[0].add([only_first(most, len(listed), "image")])
    return images


def _image(saved: SavedImage, store: ImageStore, context: LayerContext) -> OpenedImage:
    errors: list[InputError] = []
    raw, config = b"", Config()
    names = tuple(saved.repo_tags or ())
    try:
        raw = context.metadata(store, saved.config)
        config = decode(raw, Config)
    except UnreadableError as error:
        errors.append(context.error(f"the image's configuration {saved.config!r}: {error}"))
    stated = _stated(saved.config)
    computed = hashlib.sha256(raw).hexdigest()
    if raw and context.verifier is not None and stated and stated != computed:
        errors.append(context.error(f"the configuration {saved.config!r} has the digest sha256:{computed}"))
    paths = saved.layers or []
    if len(paths) != len(config.diff_ids) and raw:
        text = f"the archive has {count(len(paths), 'layer')}, and the configuration names {len(config.diff_ids)}"
        errors.append(context.error(text))
    history = config.created_by(len(paths))
    layers: list[TarLayer] = []
    for index, path in enumerate(paths[: context.bounds.layers]):
        diff_id = config.diff_ids[index] if index < len(config.diff_ids) else ""
        try:
            stored = store.open(path)
        except UnreadableError as error:
            errors.append(context.error(f"layer {index + 1} ({path!r}): {error}"))
        else:
            digest = _stated(path)
            layer = Layer(index, diff_id, f"sha256:{digest}" if digest else "", history[index], stored.length)
            layers.append(TarLayer(layer, stored, context))
    if len(paths) > context.bounds.layers:
        errors.append(context.error(only_first(context.bounds.layers, len(paths), "layer")))
    return OpenedImage(
        context,
        tuple(layers),
        names=names,
        id=f"sha256:{computed}" if raw else "",
        platform=config.platform,
        config=raw,
        errors=tuple(errors),
    )


def _stated(path: str) -> str:
    """The digest in a path: of a blob, or of a configuration as older versions name it."""
    directory, _, name = path.rpartition("/")
    name = name.removesuffix(".json")
    if directory not in {"", "blobs/sha256"} or len(name) != 64:
        return ""
    return name if not name.strip("0123456789abcdef") else ""
