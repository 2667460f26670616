"""Reads inventories: those of `sealock sbom --format json`, CycloneDX and SPDX. They are evaluated, not changed."""

from __future__ import annotations

from typing import Any

import msgspec

from sealock.errors import FormatError
from sealock.formats.files import FileWindow
from sealock.formats.sbom import is_sbom, read_sbom
from sealock.model.change import Change, Edit
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
    seen: str = ""


class _Package(msgspec.Struct):
    type: str
    name: str
    version: str
    path: str = ""
    namespace: str = ""
    architecture: str = ""
    source: str = ""
    source_version: str = ""
    licenses: list[str] = []
    qualifiers: dict[str, str] = {}
    found_by: str = ""
    layer: int = -1
    removed: bool = False
    files: list[str] = []
    supplier: str = ""
    development: bool = False


class _File(msgspec.Struct):
    kind: str
    path: str
    mode: str = "0"
    uid: int = 0
    gid: int = 0
    detail: str = ""
    layer: int = -1
    removed: bool = False
    owner: str = ""
    line: int = 0
    mark: str = ""
    confidence: str = ""
    removed_in: int = -1


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
        input_error = InputError(f"not a sealock inventory: {error}", Location(source.name, 1, 1))
        return Document("inventory", {"": source}, (), (input_error,))
    reasons = [error.get("message", "something could not be read") for error in written.errors]
    incomplete = [InputError(f"the inventory is incomplete: {reason}", Location(source.name)) for reason in reasons]
    return _document(source, inventory, tuple(incomplete))


def _document(source: Source, inventory: Inventory, errors: tuple[InputError, ...]) -> Document:
    name = inventory.names[0] if inventory.names else "image"
    silent = "an SBOM does not describe files"
    where: dict[At, Place] = {(): Place(0, min(len(source.text), 1))}
    return Document("inventory", {"": source}, (Subject(name, inventory, where, silent=silent),), errors)


def _inventory(written: _Written) -> Inventory:
    image = written.image
    return Inventory(
        names=tuple(image.names),
        id=image.id,
        platform=image.platform,
        layers=tuple(written.layers),
        container=Container(),
        distribution=written.distribution,
        packages=tuple(_package(package) for package in written.packages),
        files=tuple(
            msgspec.convert(msgspec.structs.asdict(file) | {"mode": int(file.mode, 8)}, FileFact)
            for file in written.files
        ),
        manifest=image.manifest,
        created=image.created,
        seen=image.seen,
    )


def _package(written: _Package) -> Package:
    fields = msgspec.structs.asdict(written) | {"qualifiers": tuple(written.qualifiers.items())}
    return msgspec.convert(fields, Package)


def edits(_document: Document, _subject: Subject, _change: Change) -> tuple[Edit, ...]:
    """Refuse: the fix belongs in the image's Dockerfile."""
    msg = "an inventory describes an image: fix the Dockerfile and build it again"
    raise FormatError(msg)
