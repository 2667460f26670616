"""A container's settings in the formats that sealock writes: `docker run`, a compose override, a pod, a Quadlet."""

from __future__ import annotations

from collections.abc import Sequence
from shlex import join
from typing import Final

from msgspec import Struct

from sealock import formats
from sealock.errors import FormatError
from sealock.formats.textedits import apply_edits
from sealock.model.absent import Absent
from sealock.model.change import Set
from sealock.model.container import FIELDS, Container
from sealock.model.document import DocumentKind
from sealock.model.location import Source


class SettingsText(Struct, frozen=True):
    """The text, and the fields that the format cannot hold, each with the reason."""

    text: str
    left: tuple[str, ...] = ()


FORMATS: Final = ("run", "compose", "kubernetes", "quadlet")
_BASES: Final[dict[str, tuple[DocumentKind, str, str]]] = {
    "compose": ("compose", "compose.yaml", "services:\n  {name}:\n    image: {image}\n"),
    "kubernetes": (
        "kubernetes",
        "pod.yaml",
        (
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\nspec:\n  containers:\n    - name: {name}\n"
            "      image: {image}\n"
        ),
    ),
    "quadlet": ("quadlet", "{name}.container", "[Container]\nImage={image}\n"),
}
"""For each format its kind, the name of its file, and the text that the settings are added to."""


def write_settings(form: str, name: str, words: Sequence[str], container: Container, asked: Container) -> SettingsText:
    """Write a container as the whole command, or in a format with the fields that differ from what was asked."""
    if form == "run":
        return SettingsText(f"{join(words)}\n")
    kind, path, base = _BASES[form]
    text = base.format(name=name, image=container.image)
    left: list[str] = []
    for field in FIELDS:
        value = getattr(container, field)
        if field == "image" or value == getattr(asked, field) or isinstance(value, Absent):
            continue
        document = formats.read(kind, Source(path.format(name=name), text))
        subject = next(subject for subject in document.subjects if isinstance(subject.noun, Container))
        try:
            text = apply_edits(text, formats.edits(document, subject, Set(field, value)))
        except FormatError as error:
            left.append(f"{field.replace('_', ' ')}: {error}")
    return SettingsText(text, tuple(left))
