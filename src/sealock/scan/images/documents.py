"""The documents of images: what their configurations say, and the lines of their histories.

They load the formats, the secrets and the nouns, which the reading of layers needs none of.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from sealock import formats
from sealock.image.entry import ImageSource
from sealock.model.container import Container
from sealock.model.document import Document, Subject
from sealock.model.finding import InputError
from sealock.model.inventory import Inventory, Layer
from sealock.model.location import Location, Source
from sealock.secrets.values import mask

LINE: Final = 16 << 10
"""Characters of a line of the history that are kept."""


def document_of(path: str, image: ImageSource, inventory: Inventory) -> Document:
    """An image as a document to check: its contents and its configuration."""
    name = inventory.names[0] if inventory.names else ""
    # Without places: offsets within the configuration would be shown as lines of the archive.
    subjects = [Subject(f"image {name}".rstrip(), inventory, {})]
    if image.config:
        silent = "an image configuration has no run-time settings"
        subjects.append(
            Subject(f"configuration of {name or 'the image'}", inventory.container, {}, silent=silent, partial=True)
        )
    return Document("image", {"": Source(path, "")}, tuple(subjects), inventory.errors)


def read_configuration(path: str, image: ImageSource) -> tuple[Container, tuple[InputError, ...]]:
    """The image's configuration as a container; an unset one for a root file system."""
    if not image.config:
        return Container(), ()
    document = formats.read("image-config", Source(path, image.config.decode("utf-8", "replace")))
    container = next(document.nouns(Container), None)
    errors = tuple(InputError(error.message, Location(f"{path}: configuration")) for error in document.errors)
    return container or Container(), errors


def mask_history(layer: Layer) -> Layer:
    """A layer for reports: without secrets in its line of the history, which a rule finds in the configuration."""
    line = layer.created_by
    return replace(layer, created_by=mask(line[:LINE]) + ("…" if len(line) > LINE else ""))
