"""Images that an engine has, as `docker save` writes them.

The engine is asked what the image's layers are first: where each of them is known from an earlier time, nothing is
sent. Else the archive comes through a temporary file without a name, since what is in it stands in no useful order.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from tempfile import TemporaryFile, gettempdir
from typing import Final, NoReturn

import msgspec
from msgspec import Struct

from sealock.errors import EngineError, EngineRefusedError, TargetError
from sealock.image.archives import images_in
from sealock.image.bytesources import Damage, OpenFile
from sealock.image.entry import Bounds, KnownImage, KnownImages
from sealock.image.layers import LayerContext, TarLayer
from sealock.image.manifest import Config, decode
from sealock.image.openimage import OpenedImage
from sealock.model.manifest import Platform
from sealock.model.platforms import fit
from sealock.runtime.engine import Engine
from sealock.text import format_size

ROOM: Final = "/var/tmp"  # noqa: S108  its files have no names there
"""Where large files go for a while: /tmp is often a part of memory."""
_TOLD: Final = 64 << 20


class _RootFs(Struct):
    layers: list[str] | None = msgspec.field(default=None, name="Layers")


class _Told(Struct):
    """What the engine says of an image."""

    id: str = msgspec.field(name="Id")
    architecture: str = msgspec.field(default="", name="Architecture")
    os: str = msgspec.field(default="", name="Os")
    variant: str | None = msgspec.field(default=None, name="Variant")
    rootfs: _RootFs | None = msgspec.field(default=None, name="RootFS")


class CachedLayer:
    """The bytes of a layer that nobody asked the engine for."""

    verified: Final = True
    """The engine names it by its digest, which is all that there is to go by."""

    def __init__(self, length: int) -> None:
        self.length = length

    def fetch(self, offset: int, count: int, /) -> NoReturn:
        """Say that it has none."""
        del offset, count
        raise Damage(why="what the cache knew of it went away meanwhile: run it again")

    def chunks(self, size: int, offset: int = 0) -> Iterator[bytes]:
        """Say that it has none."""
        self.fetch(offset, size)


def open_from_engine(  # noqa: PLR0913  as open_image
    engine: Engine,
    name: str,
    context: LayerContext,
    *,
    platform: str = "",
    known: KnownImages | None = None,
    progress: Callable[[str], None] = lambda _text: None,
) -> OpenedImage:
    """Open an image that the engine has; EngineError or TargetError where it cannot be had."""
    told = _told(engine, name)
    if platform and not fit(Platform(told.os, told.architecture, told.variant or ""), platform):
        shown = "/".join(part for part in (told.os, told.architecture, told.variant) if part)
        message = f"{name} at {engine.endpoint} is for {shown or 'no platform that it names'}, not for {platform}"
        raise TargetError(message)
    diff_ids = tuple((told.rootfs.layers if told.rootfs else None) or ())
    shelved = known.image(told.id) if known else None
    if known and shelved and _is(shelved, told.id, diff_ids) and all(map(known.holds, shelved.layers)):
        return _remembered(shelved, told.id, name, context)
    file = _spooled(engine.saved(told.id), context.bounds, progress)
    try:
        image, *others = images_in(file, context, platform)
    except Damage as damage:
        message = f"{name}, as the engine at {engine.endpoint} sends it, could not be read as an image: {damage}"
        raise TargetError(message) from damage
    image.names = (name,)
    layers = tuple(source.layer for source in image.layers)
    if others:
        image.add([f"the engine sent {len(others) + 1} images under one id; the first is read"])
    if diff_ids and tuple(layer.diff_id for layer in layers) != diff_ids:
        image.add(["the engine sent other layers than it said that the image has"])
    elif known and context.verifier and image.config and layers:
        known.keep_image(told.id, KnownImage(image.config, image.manifest, layers))
    return image


def _told(engine: Engine, name: str) -> _Told:
    if not name:
        message = "docker: names no image; docker:NAME does (`docker images` lists them)"
        raise TargetError(message)
    try:
        answer = engine.image(name)
    except EngineRefusedError as refusal:
        if refusal.status != 404:
            raise
        message = (
            f"the engine at {engine.endpoint} has no image {name[:200]!r} (`docker images` lists them);"
            f" an image of a registry is image:{name[:200]}"
        )
        raise TargetError(message) from None
    try:
        told = msgspec.json.decode(answer, type=_Told)
    except (msgspec.MsgspecError, RecursionError) as error:
        message = f"the engine at {engine.endpoint} does not describe the image {name!r} as engines do: {error}"
        raise EngineError(message) from None
    if not told.id:
        message = f"the engine at {engine.endpoint} says no id of the image {name!r}"
        raise EngineError(message)
    return told


def _is(shelved: KnownImage, identity: str, diff_ids: tuple[str, ...]) -> bool:
    """Whether what was kept is the image that the engine has now.

    The id is the digest of the configuration, or of a manifest in engines that keep their images with containerd.
    """
    try:
        same = tuple(decode(shelved.config, Config).diff_ids) == diff_ids
    except Damage:
        return False
    named = identity in {f"sha256:{sha256(shelved.config).hexdigest()}", shelved.manifest}
    return same and named and bool(diff_ids) and tuple(layer.diff_id for layer in shelved.layers) == diff_ids


def _remembered(shelved: KnownImage, identity: str, name: str, context: LayerContext) -> OpenedImage:
    layers = tuple(TarLayer(layer, CachedLayer(layer.size), context) for layer in shelved.layers)
    return OpenedImage(
        context,
        layers,
        names=(name,),
        id=f"sha256:{sha256(shelved.config).hexdigest()}" if shelved.config else identity,
        manifest=shelved.manifest,
        platform=decode(shelved.config, Config).platform,
        config=shelved.config,
    )


def _spooled(chunks: Iterable[bytes], bounds: Bounds, progress: Callable[[str], None]) -> OpenFile:
    """Write what comes to a file without a name, which is gone when nobody holds it any more."""
    directory = gettempdir() if os.environ.get("TMPDIR") or not os.access(ROOM, os.W_OK) else ROOM
    got, told = 0, 0
    try:
        with TemporaryFile(prefix="sealock-", dir=directory) as spool:
            for chunk in chunks:
                got += len(chunk)
                if got > bounds.total:
                    message = f"the engine sends more than the {bounds.total} bytes that are read (--max-layer-size)"
                    raise EngineError(message)
                spool.write(chunk)
                if got >= told:
                    progress(f"{format_size(got)} from the engine")
                    told = got + _TOLD
            spool.flush()
            return OpenFile(os.dup(spool.fileno()), own=True)
    except OSError as error:
        message = f"the image could not be kept in a temporary file in {directory} (TMPDIR): {error.strerror or error}"
        raise TargetError(message) from error
