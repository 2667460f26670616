"""OCI layouts: index.json names manifests by digest, manifests name a configuration and layers."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sealock.image.bytesources import UnreadableError
from sealock.image.layers import LayerContext, TarLayer
from sealock.image.manifest import Config, ImageDescriptor, ImageManifest, decode, is_encrypted, listed_for
from sealock.image.openimage import OpenedImage
from sealock.image.store import ImageStore
from sealock.model import platforms
from sealock.model.finding import InputError
from sealock.model.inventory import Layer
from sealock.model.manifest import Platform, artifact_kind
from sealock.text import count, only_first

INDEX: Final = "index.json"
_NAMES: Final = ("io.containerd.image.name", "org.opencontainers.image.ref.name")


def blob_path(digest: str) -> str:
    """The path of a blob; UnreadableError for an invalid digest."""
    algorithm, _, value = digest.partition(":")
    if algorithm not in {"sha256", "sha512"} or not value or value.strip("0123456789abcdef"):
        raise UnreadableError(why=f"{digest[:100]!r} is not a valid digest")
    return f"blobs/{algorithm}/{value}"


class LayoutReader:
    """Follows a layout from its index to its images."""

    def __init__(self, store: ImageStore, context: LayerContext, platform: str) -> None:
        self._store, self._context, self._platform = store, context, platform
        self.errors: list[InputError] = []
        self._notes: list[str] = []
        """Those of the image that is being followed."""
        self._followed = 0
        self._artifacts: dict[str, str] = {}
        """What each manifest of something else than an image has, by its digest."""

    def images(self) -> list[OpenedImage]:
        """Read the image of each entry of index.json; UnreadableError if that cannot be read."""
        data = self._context.metadata(self._store, INDEX)
        entries = decode(data, ImageManifest).manifests
        if entries is None:
            raise UnreadableError(why="index.json names no manifests")
        named: dict[str, list[str]] = {}
        first: dict[str, ImageDescriptor] = {}
        for entry in entries:
            if entry.is_image:
                named.setdefault(entry.digest, []).extend(_names(entry))
                first.setdefault(entry.digest, entry)
        chosen = list(first.values())
        most = self._context.bounds.images
        if len(chosen) > most:
            self._input_error(only_first(most, len(chosen), "image"))
            del chosen[most:]
        # Entries that differ only in their platform are one image.
        if (
            len(chosen) > 1
            and all(entry.platform for entry in chosen)
            and len({tuple(names) for names in named.values()}) == 1
            and len({str(sorted((entry.platform or {}).items())) for entry in chosen}) == len(chosen)
        ):
            chosen = [self._choose(chosen)]
        return self._opened((entry, tuple(dict.fromkeys(named[entry.digest]))) for entry in chosen)

    def image_of(self, digest: str) -> list[OpenedImage]:
        """Read the image of a manifest, or one of those of an index."""
        return self._opened([(ImageDescriptor(digest), ())])

    def _opened(self, entries: Iterable[tuple[ImageDescriptor, tuple[str, ...]]]) -> list[OpenedImage]:
        """Follow entries with their names; what is no image is an error where nothing else is there."""
        followed = (self._follow(entry, names) for entry, names in entries)
        images = [image for image in followed if image is not None]
        for digest, kind in self._artifacts.items():
            if images:
                images[0].notes += (f"also has {digest[:19]}, which is not a container image but {kind}",)
            else:
                self._input_error(f"the manifest {digest[:19]} is not of a container image but of {kind}")
        return images

    def name_manifests(self, images: list[OpenedImage]) -> None:
        """Set the manifest digests of images in docker save's manifest.json, from index.json next to it."""
        try:
            manifests = {image.id: image.manifest for image in self.images()}
        except UnreadableError:
            return  # engines ignore it too
        for image in images:
            image.manifest = manifests.get(image.id, "")

    def _input_error(self, message: str) -> None:
        self.errors.append(self._context.error(message))

    def _choose(self, entries: list[ImageDescriptor]) -> ImageDescriptor:
        chosen, exact = _choose([entry.platform or {} for entry in entries], self._platform)
        if not exact and not self._platform and len(entries) > 1:
            first, *others = (
                _platform(entry) for entry in (entries[chosen], *entries[:chosen], *entries[chosen + 1 :])
            )
            these = ", ".join(dict.fromkeys(others))
            self._notes.append(
                f"is read for {first}, since it has nothing for this machine; not for {these} (--platform)"
            )
        return entries[chosen]

    def _follow(self, entry: ImageDescriptor, names: tuple[str, ...]) -> OpenedImage | None:
        """Read the image that a descriptor leads to, through at most `bounds.depth` indexes."""
        above: set[str] = set()
        bounds = self._context.bounds
        while True:
            self._followed += 1
            if entry.digest in above or len(above) > bounds.depth or self._followed > 2 * bounds.images:
                why = "is nested too deep (--max-depth)" if len(above) > bounds.depth else "is one of too many"
                why = "leads back to itself" if entry.digest in above else why
                self._input_error(f"the index {entry.digest[:19]} {why}")
                return None
            try:
                data = self._blob(entry, "manifest")
                manifest = decode(data, ImageManifest)
            except UnreadableError as error:
                self._input_error(f"the manifest {entry.digest[:19]}: {error}")
                return None
            if manifest.manifests is not None and manifest.layers is not None:
                why = "has both manifests and layers: different tools may read different images from it"
                self._input_error(f"the manifest {entry.digest[:19]} {why}")
                return None
            if manifest.manifests is None:
                return self._image_or_artifact(entry, manifest, names)
            below = [descriptor for descriptor in manifest.manifests if descriptor.is_image]
            if not below:
                self._input_error(f"the index {entry.digest[:19]} names no image")
                return None
            above.add(entry.digest)
            entry = self._choose(below)

    def _image_or_artifact(
        self, entry: ImageDescriptor, manifest: ImageManifest, names: tuple[str, ...]
    ) -> OpenedImage | None:
        if manifest.fs_layers is not None:
            why = "is of schema 1, which is withdrawn: pull the image with a current engine, and save it again"
            self._input_error(f"the manifest {entry.digest[:19]} {why}")
            return None
        if manifest.config is None:
            self._input_error(f"the manifest {entry.digest[:19]} names no configuration")
            return None
        kinds = [layer.media_type for layer in manifest.layers or ()]
        if kind := artifact_kind(manifest.config.media_type, manifest.artifact_type, kinds):
            self._artifacts[entry.digest] = kind[:100]
            return None
        return self._image(entry, manifest, names)

    def _image(self, entry: ImageDescriptor, manifest: ImageManifest, names: tuple[str, ...]) -> OpenedImage:
        context = self._context
        before = len(self.errors)
        raw, config = b"", Config()
        described = manifest.config or ImageDescriptor()
        try:
            raw = self._blob(described, "configuration")
            config = decode(raw, Config)
        except UnreadableError as error:
            self._input_error(f"the configuration {described.digest[:19]}: {error}")
        blobs = manifest.layers or []
        if raw and len(blobs) != len(config.diff_ids):
            self._input_error(
                f"the manifest has {count(len(blobs), 'layer')}, and the configuration names {len(config.diff_ids)}"
            )
        if len(blobs) > context.bounds.layers:
            self._input_error(only_first(context.bounds.layers, len(blobs), "layer"))
        history = config.created_by(len(blobs))
        layers: list[TarLayer] = []
        for index, blob in enumerate(blobs[: context.bounds.layers]):
            diff_id = config.diff_ids[index] if index < len(config.diff_ids) else ""
            if is_encrypted(blob.media_type):
                self._input_error(f"layer {index + 1} ({blob.digest[:19]}) is encrypted")
                continue
            try:
                stored = self._store.open(blob_path(blob.digest))
            except UnreadableError as error:
                where = f" (it is to be fetched from {blob.urls[0][:200]})" if blob.urls else ""
                self._input_error(f"layer {index + 1} ({blob.digest[:19]}): {error}{where}")
                continue
            if context.verifier is not None and 0 <= blob.size != stored.length:
                self._input_error(f"layer {index + 1} ({blob.digest[:19]}) has {stored.length} bytes, not {blob.size}")
            layers.append(TarLayer(Layer(index, diff_id, blob.digest, history[index], stored.length), stored, context))
        errors = tuple(self.errors[before:])
        del self.errors[before:]
        notes = (*self._notes, *listed_for(_platform(entry) if entry.platform else "", config.platform))
        self._notes.clear()
        return OpenedImage(
            context, tuple(layers), names=names, id=described.digest, manifest=entry.digest,
            platform=config.platform, config=raw, errors=errors, notes=notes,
        )  # fmt: skip

    def _blob(self, entry: ImageDescriptor, what: str) -> bytes:
        data = self._context.metadata(self._store, blob_path(entry.digest))
        algorithm, _, value = entry.digest.partition(":")
        if self._context.verifier is not None and hashlib.new(algorithm, data).hexdigest() != value:
            self._input_error(f"the {what} {entry.digest[:19]} does not have the digest that names it")
        return data


def _platform(entry: ImageDescriptor) -> str:
    """The platform of an entry, for messages."""
    stated = entry.platform or {}
    parts = (stated.get(key) for key in ("os", "architecture", "variant"))
    return "/".join(str(part)[:20] for part in parts if part) or "an unknown platform"


def _names(entry: ImageDescriptor) -> list[str]:
    annotations = entry.annotations or {}
    return [value for key in _NAMES if isinstance(value := annotations.get(key), str) and value][:1]


def _choose(listed: Sequence[Mapping[str, Any]], platform: str) -> tuple[int, bool]:
    """The index of the platform that fits best, by default this machine's, and whether it fits; else the first."""
    nouns = [Platform(*(str(member.get(key, "")) for key in ("os", "architecture", "variant"))) for member in listed]
    return platforms.choose(nouns, platform or platforms.of_machine(os.uname().machine))
