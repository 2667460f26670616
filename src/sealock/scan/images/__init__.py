"""Opens an image and lists what is in it: layers scanned, merged, and joined with its configuration."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

from sealock.image.bytesources import UnreadableError
from sealock.image.entry import DEFAULT_BOUNDS, Bounds, ImageSource
from sealock.image.manifest import Config, decode
from sealock.image.opener import open_image
from sealock.inventory.facts import NOTHING, ImageFacts
from sealock.model.finding import InputError
from sealock.model.inventory import OF_DISTRIBUTIONS, Inventory
from sealock.model.location import Location
from sealock.model.registries import Registries
from sealock.scan.cache.memory import ImageCache
from sealock.scan.garbage import without_garbage_collection
from sealock.scan.images.reader import LayerReader

if TYPE_CHECKING:
    from sealock.model.document import Document
    from sealock.model.imagediff import PathChange
    from sealock.policy.images import ImageAllowance


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
    from sealock.scan.images.documents import document_of  # noqa: PLC0415  as in _inventory

    return tuple(document_of(path, image, inventory) for image, inventory in images)


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
    from sealock.scan.images.documents import document_of  # noqa: PLC0415  as in _inventory

    return inventory, document_of(name, image, inventory)


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


def _inventory(path: str, image: ImageSource, options: ImageOptions, reader: LayerReader) -> Inventory:
    is_spent = reader.is_spent
    facts = NOTHING if is_spent else reader.read_image(image)
    from sealock.scan.images.documents import mask_history, read_configuration  # noqa: PLC0415  loaded as layers are read

    layers = tuple(mask_history(source.layer) for source in image.layers)
    unread: tuple[InputError, ...] = ()
    if is_spent:
        # The image is named, with the error that nothing of it was read.
        layers = ()
        why = f"the images before it exceed the limit of {options.bounds.entries} entries for all images"
        unread = (InputError(f"its layers were not read: {why} (--max-entries)", Location(path)),)
    container, errors = read_configuration(path, image)
    notes = [*image.notes, *([f"is read as {image.read_as}"] if " because " in image.read_as else [])]
    if not unread and lacks_packages(facts):
        from sealock.policy.images import reason_without_packages  # noqa: PLC0415  nearly every image has packages

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
