"""Opens an image of any format, recognised by the contents of its file or directory, not by a name."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from sealock.errors import TargetError, reason_of
from sealock.image.archives import describes_no_images, read_archive, read_store, read_transport
from sealock.image.bytesources import OpenFile, UnreadableError
from sealock.image.digests import Proofs, Verifier
from sealock.image.dockersave import MANIFEST
from sealock.image.entry import DEFAULT_BOUNDS, Bounds, ImageSource, KnownImages
from sealock.image.layers import LayerContext
from sealock.image.layout import INDEX
from sealock.image.openimage import OpenedImage
from sealock.image.rootfs import DirectoryLayer
from sealock.image.safefiles import open_directory
from sealock.image.store import DirectoryStore
from sealock.model.manifest import Platform
from sealock.model.platforms import fit
from sealock.model.registries import Registries
from sealock.targets.files import TRANSPORT

if TYPE_CHECKING:
    from sealock.model.imagediff import PathChange

REMOTE: Final = "image:"
"""Precedes an image reference, in place of a path."""
ENGINE: Final = "docker:"
"""Precedes the name of an engine's image."""
CONTAINER: Final = "container:"
"""Precedes the name of an engine's container."""


def open_image(  # noqa: PLR0913  as many options as there are
    path: str,
    *,
    platform: str = "",
    name: str = "",
    bounds: Bounds = DEFAULT_BOUNDS,
    verify: bool = True,
    access: Registries | None = None,
    proofs: Proofs | None = None,
    engine: str = "",
    changed: Sequence[PathChange] | None = None,
    known: KnownImages | None = None,
    progress: Callable[[str], None] = lambda _text: None,
) -> tuple[ImageSource, ...]:
    """Open the images of an archive, a layout or a root file system; TargetError if it is none of them.

    "image:REF" is opened in its registry with the settings of `access`; TransportError if that fails. "docker:NAME"
    comes from the engine at `engine`, unless `known` has all its layers; "container:NAME" is a container's file system,
    which `changed` those paths of its image where the engine was asked for them before.

    `platform` ("linux/arm64", by default this machine's) selects from an index; `name` selects by name or by the
    beginning of an id. `proofs` knows files that earlier runs verified. The errors of an image that can be read are in
    its `errors`.
    """
    if path.startswith(REMOTE):
        from sealock.image.remote import open_remote  # noqa: PLC0415  loads HTTP
        from sealock.net.registry.clientconfig import open_registry  # noqa: PLC0415  as above
        from sealock.net.registry.names import reference  # noqa: PLC0415  as above

        image = reference(path.removeprefix(REMOTE))
        return (open_remote(open_registry(access), image, platform=platform, bounds=bounds),)
    context = LayerContext(path, bounds, Verifier(proofs) if verify else None, proofs)
    if path.startswith(ENGINE):
        from sealock.image.fromengine import open_from_engine  # noqa: PLC0415  as above
        from sealock.runtime.engine import connect  # noqa: PLC0415  loads HTTP

        with connect(engine) as connected:
            name = path.removeprefix(ENGINE)
            return (open_from_engine(connected, name, context, platform=platform, known=known, progress=progress),)
    if path.startswith(CONTAINER):
        from sealock.image.fromcontainer import open_container  # noqa: PLC0415  as above
        from sealock.runtime.engine import connect  # noqa: PLC0415  as above

        with connect(engine) as connected:
            name = path.removeprefix(CONTAINER)
            return (open_container(connected, name, context, changed=changed, known=known, progress=progress),)
    try:
        if stat.S_ISDIR(os.stat(path).st_mode):
            images = _in_directory(path, context, platform)
        else:
            images = _in_file(path, context, platform)
    except OSError as error:
        message = f"{path} could not be opened: {reason_of(error)}{_meant(path, error)}"
        raise TargetError(message) from error
    except UnreadableError as error:
        message = f"{path} could not be read as an image: {error}"
        raise TargetError(message) from error
    for opened in images:
        # Those of a registry and of an engine are refused.
        if platform and opened.config and not fit(Platform(*opened.platform.split("/")[:3]), platform):
            opened.add([f"the image is for {opened.platform or 'an unknown platform'}, not for {platform}"])
    return _named(images, name, path)


def _meant(path: str, error: OSError) -> str:
    """What a word may mean that names no file, to put behind the error."""
    if not isinstance(error, FileNotFoundError) or "/" in path or "." in path:
        return ""
    return f" (a container is {CONTAINER}{path}, an image of the engine {ENGINE}{path}, of a registry {REMOTE}{path})"


def _in_directory(path: str, context: LayerContext, platform: str) -> list[OpenedImage]:
    root = open_directory(path)
    store = DirectoryStore(root)
    if store.has(INDEX) and (store.has("oci-layout") or os.path.isdir(os.path.join(path, "blobs"))):
        return read_store(store, context, platform, layout=True)
    read_as = "a directory"
    if store.has(MANIFEST):
        if _is_transport(store, context):
            return read_transport(root, context.metadata(store, MANIFEST), context, platform)
        try:
            return read_store(store, context, platform, layout=False)
        except UnreadableError:
            if _looks_saved(store, context):
                raise
            read_as = f"a directory, because its {MANIFEST} describes no images"
    return [OpenedImage(context, (DirectoryLayer(root, context),), read_as=read_as)]


def _is_transport(store: DirectoryStore, context: LayerContext) -> bool:
    """Whether skopeo or podman copied an image into a directory: its file `version` begins with a fixed text."""
    try:
        return context.metadata(store, "version").startswith(TRANSPORT)
    except UnreadableError:
        return False


def _looks_saved(store: DirectoryStore, context: LayerContext) -> bool:
    """Whether a manifest.json that described no images may be of an unpacked archive. Engines load no directories.

    UnreadableError where it cannot be read at all.
    """
    data = context.metadata(store, MANIFEST)
    return b'"layers"' in data.lower() and not describes_no_images(store, MANIFEST, context)


def _in_file(path: str, context: LayerContext, platform: str) -> list[OpenedImage]:
    file = OpenFile(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK))
    if not stat.S_ISREG(os.fstat(file.fd).st_mode):
        raise UnreadableError(why="it is neither a file nor a directory")
    return read_archive(file, context, platform)


def _named(images: Sequence[ImageSource], name: str, path: str) -> tuple[ImageSource, ...]:
    if not images:
        message = f"{path} holds no image"
        raise TargetError(message)
    if not name:
        return tuple(images)
    digest = name if name.startswith("sha256:") else f"sha256:{name}"
    spellings = {_short(name), f"{_short(name)}:latest"}
    matches = [image for image in images if spellings & {_short(other) for other in image.names}]
    matches = matches or [
        image for image in images if len(name) >= 6 and (image.id.startswith(digest) or image.manifest == digest)
    ]
    if not matches:
        names = ", ".join(name for image in images for name in image.names or (image.id[:19],))
        message = f"{path} holds no image named {name}; it holds {names or 'an image without a name'}"
        raise TargetError(message)
    return tuple(matches)


def _short(name: str) -> str:
    """A name without the parts that Docker adds by default."""
    return name.removeprefix("docker.io/").removeprefix("library/")
