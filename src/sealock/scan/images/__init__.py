"""Opens an image and lists what is in it: layers scanned, merged, and joined with its configuration."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from sealock import formats
from sealock.image.bytesources import UnreadableError
from sealock.image.entry import DEFAULT_BOUNDS, Bounds, ImageSource
from sealock.image.manifest import Config, decode
from sealock.image.opener import open_image
from sealock.inventory.facts import NOTHING, ImageFacts
from sealock.model.container import Container
from sealock.model.document import Document, Subject
from sealock.model.finding import InputError
from sealock.model.imagediff import PathChange
from sealock.model.inventory import OF_DISTRIBUTIONS, Inventory, Layer
from sealock.model.location import Location, Source
from sealock.model.registries import Registries
from sealock.policy.images import ImageAllowance, reason_without_packages
from sealock.scan.cache.memory import ImageCache
from sealock.scan.garbage import without_garbage_collection
from sealock.scan.images.reader import LayerReader
from sealock.secrets.values import mask

LINE: Final = 16 << 10
"""Characters of a line of the history that are kept."""


class ImageOptions(Struct, frozen=True):
    """How an image is read: `platform` as "linux/amd64", "" for the host's own; whether digests are verified."""

    platform: str = ""
    verify: bool = True
    bounds: Bounds = DEFAULT_BOUNDS
    access: Registries = Registries()
    """Access to registries, for "image:REF" in place of a path."""
    cache: str = ""
    """The directory that keeps the facts of layers, "" for none."""
    engine: str = ""
    """The address or context of the engine for "docker:NAME", "" for Docker's own."""
    files: bool = True
    """Whether risky files are listed too. False halves the scan time; owned files are then listed only where they
    contain other packages."""
    allowances: tuple[ImageAllowance, ...] = ()
    """What the policy allows single images."""
    changed: tuple[PathChange, ...] | None = None
    """What the container of "container:NAME" changed, None where the engine was not asked for that yet."""


Progress: TypeAlias = Callable[[str], None]


def read_inventories(
    path: str, options: ImageOptions, progress: Progress = lambda _name: None
) -> tuple[Inventory, ...]:
    """List the contents of every image in a file or directory; TargetError where it is no image."""
    cache = _cache(options)
    inventories = tuple(inventory for _, inventory in _read(path, options, cache, progress))
    if cache:
        usual = options.verify and options.bounds == DEFAULT_BOUNDS and not options.allowances
        if usual and len(inventories) == 1 and not inventories[0].errors and not inventories[0].notes:
            cache.keep_listing(path, options.platform, inventories[0], files=options.files)
        cache.close()
    return inventories


def read_documents(path: str, options: ImageOptions, progress: Progress = lambda _name: None) -> tuple[Document, ...]:
    """Read every image of a file or directory as a document to check: its contents and its configuration."""
    cache = _cache(options)
    images = _read(path, options, cache, progress)
    if cache:
        cache.close()
    return tuple(_document(path, image, inventory) for image, inventory in images)


def _cache(options: ImageOptions) -> ImageCache | None:
    return ImageCache(options.cache, options.bounds, files=options.files) if options.cache else None


def _read(
    path: str, options: ImageOptions, cache: ImageCache | None, progress: Progress
) -> list[tuple[ImageSource, Inventory]]:
    images = open_image(
        path,
        platform=options.platform,
        bounds=options.bounds,
        verify=options.verify,
        access=options.access,
        proofs=cache.proofs if cache else None,
        engine=options.engine,
        changed=options.changed,
        known=cache,
        progress=progress,
    )
    return _list(path, images, options, cache, progress)


def read_opened(
    name: str, image: ImageSource, options: ImageOptions, cache: ImageCache, progress: Progress = lambda _name: None
) -> tuple[Inventory, Document]:
    """Read an image that the caller opened, under a name, with a cache of the caller's."""
    ((_, inventory),) = _list(name, (image,), options, cache, progress)
    return inventory, _document(name, image, inventory)


def _list(
    path: str, images: Sequence[ImageSource], options: ImageOptions, cache: ImageCache | None, progress: Progress
) -> list[tuple[ImageSource, Inventory]]:
    most = max((len(image.layers) for image in images), default=0)
    reader = LayerReader(
        cache,
        options.bounds,
        lambda source: progress(f"layer {source.layer.index + 1} of {most}"),
        files=options.files,
    )
    with without_garbage_collection():
        return [(image, _inventory(path, image, options, reader)) for image in images]


def _document(path: str, image: ImageSource, inventory: Inventory) -> Document:
    name = inventory.names[0] if inventory.names else ""
    # Without places: offsets within the configuration would be shown as lines of the archive.
    subjects = [Subject(f"image {name}".rstrip(), inventory, {})]
    if image.config:
        silent = "an image configuration has no run-time settings"
        subjects.append(
            Subject(f"configuration of {name or 'the image'}", inventory.container, {}, silent=silent, partial=True)
        )
    return Document("image", {"": Source(path, "")}, tuple(subjects), inventory.errors)


def _inventory(path: str, image: ImageSource, options: ImageOptions, reader: LayerReader) -> Inventory:
    layers = tuple(_masked(source.layer) for source in image.layers)
    unread: tuple[InputError, ...] = ()
    facts = NOTHING
    if reader.is_spent:
        # The image is named, with the error that nothing of it was read.
        layers = ()
        why = f"the images before it exceed the limit of {options.bounds.entries} entries for all images"
        unread = (InputError(f"its layers were not read: {why} (--max-entries)", Location(path)),)
    else:
        facts = reader.read_image(image)
    container, errors = _configuration(path, image)
    notes = [*image.notes, *([f"is read as {image.read_as}"] if " because " in image.read_as else [])]
    if not unread and lacks_packages(facts):
        if reason := reason_without_packages(options.allowances, (*image.names, path)):
            notes.append(f"has no package database, which the policy allows: {reason}")
        else:
            unread = (InputError(_no_packages(facts), Location(path)),)
    if not unread and not any(entries for _, entries, _ in facts.sizes):
        notes.append("has no files: there is nothing to look into")
    return Inventory(
        names=image.names,
        id=image.id,
        platform=image.platform,
        layers=layers,
        container=container,
        distribution=facts.distribution,
        packages=facts.packages,
        files=facts.files,
        sizes=facts.sizes,
        errors=(*image.errors, *errors, *unread, *_faults(path, image, facts)),
        manifest=image.manifest,
        unseen=() if options.files else ("files",),
        read_as=image.read_as,
        notes=tuple(notes),
        created=_created(image),
    )


def lacks_packages(facts: ImageFacts) -> bool:
    """Whether a distribution is named, and not one of its packages is known."""
    known = (package for package in facts.packages if package.type in OF_DISTRIBUTIONS and not package.removed)
    return facts.distribution is not None and next(known, None) is None


def _no_packages(facts: ImageFacts) -> str:
    """The error for a distribution without its package database."""
    system = facts.distribution
    name = (system.name or f"{system.id} {system.version}".rstrip()) if system else ""
    return (
        f"it is {name}, and has no package database that sealock reads (dpkg, apk, rpm, pacman), or an empty one: "
        "its packages are not known. If it has none, allow that in sealock.toml: [[image]] with name and "
        "no-package-database"
    )


def _masked(layer: Layer) -> Layer:
    """A layer for reports: without secrets in its line of the history, which a rule finds in the configuration."""
    line = layer.created_by
    return replace(layer, created_by=mask(line[:LINE]) + ("…" if len(line) > LINE else ""))


def _created(image: ImageSource) -> str:
    """The creation date that the configuration states."""
    try:
        return decode(image.config, Config).created or ""
    except UnreadableError:
        return ""  # opening the image has reported it


def _faults(path: str, image: ImageSource, facts: ImageFacts) -> Iterator[InputError]:
    """The errors of the layers, and of files in them."""
    for source, faults in zip(image.layers, facts.faults, strict=False):  # an image that was not read has none
        yield from source.errors
        for fault in faults:
            where = f"{path}: layer {source.layer.index + 1}" + (f": {fault.path}" if fault.path else "")
            yield InputError(fault.message, Location(where))


def _configuration(path: str, image: ImageSource) -> tuple[Container, tuple[InputError, ...]]:
    """The image's configuration as a container; an unset one for a root file system."""
    if not image.config:
        return Container(), ()
    document = formats.read("image-config", Source(path, image.config.decode("utf-8", "replace")))
    container = next(document.nouns(Container), None)
    errors = tuple(InputError(error.message, Location(f"{path}: configuration")) for error in document.errors)
    return container or Container(), errors
