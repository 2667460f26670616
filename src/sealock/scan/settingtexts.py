"""A container's settings in the formats that sealock writes: `docker run`, a compose override, a pod, a Quadlet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from shlex import join, quote
from typing import Final

from msgspec import Struct

from sealock import formats
from sealock.errors import FormatError, TargetError
from sealock.formats.textedits import apply_edits
from sealock.formats.unitfile import QUADLET_NAMES
from sealock.model.absent import Absent, given
from sealock.model.change import Change, Set
from sealock.model.container import FIELDS, Container
from sealock.model.document import Document, DocumentKind, Subject
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
    new = [network.name for network in given(container.networks, ()) if network not in given(asked.networks, ())]
    if form == "run":
        # A network has to be there before a container joins it.
        made = "".join(f"{words[0]} network create {quote(name)}\n" for name in new)
        return SettingsText(f"{made}{join(words)}\n")
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
    if form == "quadlet":
        units = (f"{network.removeprefix(QUADLET_NAMES)}.network" for network in new)
        text += "".join(f"\n# The unit {unit}, in the same directory:\n#\n# [Network]\n" for unit in units)
    return SettingsText(text, tuple(left))


def named_container(source: Source, name: str) -> tuple[Document, Subject]:
    """The container that has this name in a file; TargetError for a file without it."""
    kind = formats.recognize(source.name, source.text).kind
    if kind is None:
        message = f"{source.name}: the format of this file is not known"
        raise TargetError(message)
    document = formats.read(kind, source)
    return document, _named(document, name)


def change_settings(
    source: Source, name: str, changes: Callable[[Container], Iterable[Change]]
) -> tuple[SettingsText, Container]:
    """Make changes of the container that has this name in a file; with the container as it was.

    TargetError for a file without it.
    """
    document, subject = named_container(source, name)
    asked = subject.noun
    assert isinstance(asked, Container)  # noqa: S101  as _named chose it
    text, left = source.text, list[str]()
    for change in changes(asked):
        try:
            text = apply_edits(text, formats.edits(document, subject, change))
        except FormatError as error:
            left.append(f"{getattr(change, 'field', 'a setting').replace('_', ' ')}: {error}")
        else:
            document = formats.read(document.kind, Source(source.name, text))
            subject = _named(document, name)
    return SettingsText(text, tuple(left)), asked


def _named(document: Document, name: str) -> Subject:
    """The container with a name; TargetError, with the names that there are, if there is none."""
    subjects = [subject for subject in document.subjects if isinstance(subject.noun, Container)]
    # "service web", "container web of Pod p"
    named = [subject for subject in subjects if name == subject.name or subject.name.split()[1:2] == [name]]
    if len(named) == 1:
        return named[0]
    known = ", ".join(subject.name for subject in named or subjects) or "no container"
    what = f"{len(named)} containers {name!r}: name one of" if named else f"no container {name!r}, but"
    message = f"{document.sources[''].name}: it has {what} {known}"
    raise TargetError(message)
