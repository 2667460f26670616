"""Containers of an engine as images: the layers of their image, and one more with what the container changed.

The engine lists the changed paths, and exports the whole file system, of which only those paths are looked into.
Volumes and mounts are no part of it. The configuration is the container's.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct, field

from sealock.errors import UNDECODABLE, EngineError, EngineRefusedError, TargetError, decoding_fault
from sealock.image.bytesources import Stretch
from sealock.image.entry import KnownImages, LayerEntry
from sealock.image.fromengine import open_from_engine, spooled
from sealock.image.layers import LayerContext, TarLayer
from sealock.image.openimage import OpenedImage
from sealock.model.finding import InputError
from sealock.model.imagediff import ChangeKind, PathChange
from sealock.model.inventory import Layer
from sealock.net.registry.names import reference
from sealock.runtime.engine import Engine

_KINDS: Final[tuple[ChangeKind, ...]] = ("changed", "added", "removed")
"""The engine's numbers for changes."""
_END: Final = 1024
"""Zero bytes at the end of a tar archive."""


class _Description(Struct):
    """The parts of the engine's description of a container that matter here."""

    id: str = field(name="Id")
    image: str = field(name="Image")
    config: dict[str, Any] = field(name="Config", default_factory=dict)


class ChangedLayer:
    """What a container changed, as a layer: the entries of its exported file system that are among the changes."""

    def __init__(self, layer: Layer, exported: TarLayer | None, changes: Mapping[str, ChangeKind]) -> None:
        self.layer, self._exported, self._changes = layer, exported, changes

    def entries(self) -> Iterator[LayerEntry]:
        """Yield what was added or changed, and a whiteout for what was removed."""
        for entry in self._exported.entries() if self._exported is not None else ():
            if self._changes.get(entry.path, "removed") != "removed":
                yield entry
        for path, kind in self._changes.items():
            if kind == "removed":
                yield LayerEntry(path, "whiteout", 0, 0, 0, 0, "", b"", lambda _limit: b"")

    @property
    def errors(self) -> tuple[InputError, ...]:
        """The errors of the entries read so far."""
        return self._exported.errors if self._exported is not None else ()


def open_container(  # noqa: PLR0913  as many options as there are
    engine: Engine,
    name: str,
    context: LayerContext,
    *,
    changed: Sequence[PathChange] | None = None,
    known: KnownImages | None = None,
    progress: Callable[[str], None] = lambda _text: None,
) -> OpenedImage:
    """Open a container's file system and configuration; EngineError or TargetError if that fails.

    `changed` is what `list_changes` returned for it, None where the engine was not asked yet.
    """
    described = _describe(engine, name)
    image = open_from_engine(engine, described.image, context, known=known, progress=progress)
    if changed is None:
        changed = list_changes(engine, described.id)
    changes = {change.path.strip("/"): change.kind for change in changed}
    exported = None
    layer = Layer(len(image.layers), "", created_by=f"changed by the container {name}")
    if set(changes.values()) - {"removed"}:
        stored = Stretch(spooled(engine.exported(described.id), context.bounds, progress))
        if stored.length < _END or stored.fetch(stored.length - _END, _END).strip(b"\0"):
            message = f"the engine at {engine.endpoint} broke off the export of the container {name}"
            raise EngineError(message)
        exported = TarLayer(layer, stored, context, whiteouts=False)
    top = ChangedLayer(layer, exported, changes)
    return OpenedImage(
        context,
        (*image.layers, top),
        platform=image.platform,
        config=_configuration(image.config, described.config),
        errors=image.errors,
    )


def read_changes(engine: Engine, name: str) -> tuple[PathChange, ...]:
    """The paths that a container changed, without directories in which only something else changed."""
    changes = list_changes(engine, _describe(engine, name).id)
    parents = {change.path[:place] for change in changes for place in _slashes(change.path)}
    return tuple(sorted(change for change in changes if change.kind != "changed" or change.path not in parents))


def image_reference(engine: Engine, name: str) -> str:
    """The reference that a container was started from, with its tag and without a digest; TargetError without one."""
    text = str(_describe(engine, name).config.get("Image") or "")
    try:
        image = None if text.startswith("sha256:") else reference(text)
    except TargetError:
        image = None
    if image is None or (image.digest and not image.tag):
        origin = repr(text[:200]) if text else "an unnamed image"
        message = f"the container {name} was started from {origin}, which has no tag: name the image"
        raise TargetError(message)
    return f"{image.registry}/{image.repository}:{image.tag or 'latest'}"


def image_id(engine: Engine, name: str) -> str:
    """The id of the image that a container was started from."""
    return _describe(engine, name).image


def _slashes(path: str) -> Iterator[int]:
    place = path.find("/", 1)
    while place > 0:
        yield place
        place = path.find("/", place + 1)


def _describe(engine: Engine, name: str) -> _Description:
    try:
        return msgspec.json.decode(engine.container(name), type=_Description)
    except EngineRefusedError as refusal:
        if refusal.status != 404:
            raise
        message = f"the engine at {engine.endpoint} has no container {name[:200]!r} (`docker ps -a` lists them)"
        raise TargetError(message) from None
    except UNDECODABLE as error:
        subject = f"the engine at {engine.endpoint} describes the container {name[:200]!r}"
        message = f"{subject} in an unexpected form: {decoding_fault(error)}"
        raise EngineError(message) from None


def list_changes(engine: Engine, identity: str) -> tuple[PathChange, ...]:
    """The paths that a container changed, directories included, by its id."""
    return tuple(PathChange(change.path, _KINDS[change.kind]) for change in engine.changes(identity))


def _configuration(raw: bytes, config: dict[str, Any]) -> bytes:
    """The image's configuration with the container's settings in place of its own."""
    try:
        table = msgspec.json.decode(raw, type=dict[str, Any])
    except UNDECODABLE:
        table = {}
    return json.dumps(table | {"config": config}).encode()
