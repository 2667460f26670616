"""Reads inventories: those of `sealock sbom --format json`, CycloneDX and SPDX. They are evaluated, not changed."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec.structs import asdict

from sealock.errors import FormatError, decoding_fault
from sealock.formats.files import FileWindow
from sealock.formats.sbom import is_sbom, read_sbom
from sealock.model.change import Edit, SubjectChange
from sealock.model.container import Container
from sealock.model.document import Document, Subject
from sealock.model.finding import InputError
from sealock.model.inventory import Distribution, FileFact, Inventory, Layer, Package
from sealock.model.location import At, Location, Place, Source


class _Image(msgspec.Struct):
    names: list[str] = []
    id: str = ""
    manifest: str = ""
    platform: str = ""
    created: str = ""


class _Package(Package, frozen=True):
    path: str = ""
    qualifiers: dict[str, str] = msgspec.field(default_factory=dict)  # type: ignore[assignment]  # an object in JSON


class _File(FileFact, frozen=True):
    mode: str = "0"  # type: ignore[assignment]  # octal in JSON


class _Written(msgspec.Struct):
    """The keys that are read back; others are ignored."""

    sealock: str
    image: _Image = msgspec.field(default_factory=_Image)
    distribution: Distribution | None = None
    layers: list[Layer] = []
    packages: list[_Package] = []
    files: list[_File] = []
    errors: list[dict[str, Any]] = []


def read(source: Source, _files: FileWindow) -> Document:
    """Read an inventory; any other text, and an inventory that was incomplete when written, is an error."""
    if is_sbom(source.text):
        inventory, errors = read_sbom(source)
        return _document(source, inventory, errors)
    try:
        written = msgspec.json.decode(source.text.encode("utf-8", "surrogatepass"), type=_Written)
        inventory = _inventory(written)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        input_error = InputError(f"not a sealock inventory: {decoding_fault(error)}", Location(source.name, 1, 1))
        return Document("inventory", {"": source}, (), (input_error,))
    reasons = [error.get("message", "something could not be read") for error in written.errors]
    incomplete = [InputError(f"the inventory is incomplete: {reason}", Location(source.name)) for reason in reasons]
    return _document(source, inventory, tuple(incomplete))


def _document(source: Source, inventory: Inventory, errors: tuple[InputError, ...]) -> Document:
    name = inventory.names[0] if inventory.names else "image"
    silent = "an SBOM does not describe files or the day of the build"
    where: dict[At, Place] = {(): Place(0, min(len(source.text), 1))}
    return Document("inventory", {"": source}, (Subject(name, inventory, where, silent=silent, partial=True),), errors)


def _inventory(written: _Written) -> Inventory:
    image = written.image
    return Inventory(
        names=tuple(image.names),
        id=image.id,
        platform=image.platform,
        layers=tuple(written.layers),
        container=Container(),
        distribution=written.distribution,
        packages=tuple(
            Package(**asdict(package) | {"qualifiers": tuple(package.qualifiers.items())})
            for package in written.packages
        ),
        files=tuple(FileFact(**asdict(file) | {"mode": int(file.mode, 8)}) for file in written.files),
        manifest=image.manifest,
        created=image.created,
    )


def edits(_document: Document, _subject: Subject, _change: SubjectChange) -> tuple[Edit, ...]:
    """Refuse: the fix belongs in the image's Dockerfile."""
    msg = "an inventory describes an image: fix the Dockerfile and build it again"
    raise FormatError(msg)
