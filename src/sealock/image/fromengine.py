"""Images of an engine, as `docker save` writes them.

The engine first lists the image's layers: if all are known from an earlier run, it sends nothing. Otherwise the archive
goes to a nameless temporary file, since its members come in no useful order.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from tempfile import TemporaryFile, gettempdir
from typing import Final, NoReturn

import msgspec
from msgspec import Struct

from sealock.errors import UNDECODABLE, EngineError, EngineRefusedError, TargetError, decoding_fault, reason_of
from sealock.image.archives import read_archive
from sealock.image.bytesources import OpenFile, UnreadableError
from sealock.image.entry import Bounds, KnownImage, KnownImages
from sealock.image.layers import LayerContext, TarLayer
from sealock.image.manifest import Config, decode
from sealock.image.openimage import OpenedImage
from sealock.model.manifest import Platform
from sealock.model.platforms import fit
from sealock.runtime.engine import Engine
from sealock.text import format_size

SPOOL_DIRECTORY: Final = "/var/tmp"  # noqa: S108  its files have no names there
"""For large temporary files: /tmp is often in memory."""
_PROGRESS_STEP: Final = 64 << 20
"""Bytes between two lines of progress."""


class _RootFs(Struct):
    layers: list[str] | None = msgspec.field(default=None, name="Layers")


class _ImageDescription(Struct):
    """The parts of the engine's description of an image that matter here."""

    id: str = msgspec.field(name="Id")
    architecture: str = msgspec.field(default="", name="Architecture")
    os: str = msgspec.field(default="", name="Os")
    variant: str | None = msgspec.field(default=None, name="Variant")
    rootfs: _RootFs | None = msgspec.field(default=None, name="RootFS")


class CachedLayer:
    """The bytes of a layer that the cache knows, so the engine never sent them."""

    verified: Final = True
    """The engine names it by its digest; there is nothing else to verify."""

    def __init__(self, length: int) -> None:
        self.length = length

    def fetch(self, offset: int, count: int, /) -> NoReturn:
        """Raise UnreadableError: there are none."""
        del offset, count
        raise UnreadableError(why="its cache entry was removed during the run: run sealock again")

    def chunks(self, size: int, offset: int = 0) -> Iterator[bytes]:
        """Raise UnreadableError: there are none."""
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
    """Open an image of the engine; EngineError or TargetError if that fails."""
    described = _describe(engine, name)
    if platform and not fit(Platform(described.os, described.architecture, described.variant or ""), platform):
        its_own = "/".join(part for part in (described.os, described.architecture, described.variant) if part)
        message = f"{name} at {engine.endpoint} is for {its_own or 'an unknown platform'}, not for {platform}"
        raise TargetError(message)
    diff_ids = tuple((described.rootfs.layers if described.rootfs else None) or ())
    known_image = known.image(described.id) if known else None
    if known and known_image and _is(known_image, described.id, diff_ids) and known.holds(known_image.layers):
        return _from_cache(known_image, described.id, name, context)
    file = spooled(engine.saved(described.id), context.bounds, progress)
    try:
        image, *others = read_archive(file, context, platform)
    except UnreadableError as error:
        message = f"{name}, as the engine at {engine.endpoint} sends it, could not be read as an image: {error}"
        raise TargetError(message) from error
    image.names = (name,)
    layers = tuple(source.layer for source in image.layers)
    if others:
        image.add([f"the engine sent {len(others) + 1} images under one id; the first is read"])
    if diff_ids and tuple(layer.diff_id for layer in layers) != diff_ids:
        image.add(["the engine sent other layers than it listed for the image"])
    elif known and context.verifier and image.config and layers:
        known.keep_image(described.id, KnownImage(image.config, image.manifest, layers))
    return image


def _describe(engine: Engine, name: str) -> _ImageDescription:
    if not name:
        message = "docker: names no image; write docker:NAME (`docker images` lists the names)"
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
        described = msgspec.json.decode(answer, type=_ImageDescription)
    except UNDECODABLE as error:
        subject = f"the engine at {engine.endpoint} describes the image {name!r}"
        message = f"{subject} in an unexpected form: {decoding_fault(error)}"
        raise EngineError(message) from None
    if not described.id:
        message = f"the engine at {engine.endpoint} gives no id for the image {name!r}"
        raise EngineError(message)
    return described


def _is(known_image: KnownImage, identity: str, diff_ids: tuple[str, ...]) -> bool:
    """Whether the known image is the one that the engine has now.

    The id is the digest of the configuration, or of a manifest in engines with containerd's image store.
    """
    try:
        same = tuple(decode(known_image.config, Config).diff_ids) == diff_ids
    except UnreadableError:
        return False
    named = identity in {f"sha256:{sha256(known_image.config).hexdigest()}", known_image.manifest}
    return same and named and bool(diff_ids) and tuple(layer.diff_id for layer in known_image.layers) == diff_ids


def _from_cache(known_image: KnownImage, identity: str, name: str, context: LayerContext) -> OpenedImage:
    layers = tuple(TarLayer(layer, CachedLayer(layer.size), context) for layer in known_image.layers)
    return OpenedImage(
        context,
        layers,
        names=(name,),
        id=f"sha256:{sha256(known_image.config).hexdigest()}" if known_image.config else identity,
        manifest=known_image.manifest,
        platform=decode(known_image.config, Config).platform,
        config=known_image.config,
    )


def spooled(chunks: Iterable[bytes], bounds: Bounds, progress: Callable[[str], None]) -> OpenFile:
    """Write the archive to a nameless temporary file, which disappears when it is closed."""
    directory = gettempdir() if os.environ.get("TMPDIR") or not os.access(SPOOL_DIRECTORY, os.W_OK) else SPOOL_DIRECTORY
    received, next_progress = 0, 0
    try:
        with TemporaryFile(prefix="sealock-", dir=directory) as spool:
            for chunk in chunks:
                received += len(chunk)
                if received > bounds.total:
                    message = f"the engine sends more than {bounds.total} bytes (limit: --max-layer-size)"
                    raise EngineError(message)
                spool.write(chunk)
                if received >= next_progress:
                    progress(f"{format_size(received)} from the engine")
                    next_progress = received + _PROGRESS_STEP
            spool.flush()
            return OpenFile(os.dup(spool.fileno()), own=True)
    except OSError as error:
        why = reason_of(error)
        message = f"the image could not be written to a temporary file in {directory} (TMPDIR): {why}"
        raise TargetError(message) from error
