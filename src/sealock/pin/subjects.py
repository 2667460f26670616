"""Finds the images of texts whose format says where it names them: those of every container that the text describes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock import formats
from sealock.formats.files import FileWindow
from sealock.model.container import Container
from sealock.model.document import Document, DocumentKind, Subject
from sealock.model.location import Place, Source
from sealock.model.project import Project
from sealock.pin.digestplaces import seat, unquoted
from sealock.pin.dockerfiles import find_within
from sealock.pin.spot import FoundReferences, ReferenceSpot, placed

_OTHER_TEXT: Final = "it is written with escapes, or comes from elsewhere"
_UNKNOWN: Final = "the text of this Dockerfile is not known before it is built"
_OPEN: Final = "another program, or you, must fill it in"


def find(kind: DocumentKind, source: Source, files: FileWindow) -> FoundReferences:
    """Find the image of every container; errors of the text mean that references may be missing."""
    document = formats.read(kind, source, files)
    spots: dict[tuple[int, str], ReferenceSpot] = {}
    built: set[str] = set()
    for subject in document.subjects:
        if isinstance(subject.noun, Project) and kind == "bake":
            spots |= {(spot.place.start, spot.written): spot for spot in _inline(source, subject, subject.noun)}
        if not isinstance(subject.noun, Container):
            continue
        if subject.noun.image_role == "built" and isinstance(subject.noun.image, str):
            built.add(subject.noun.image)
        elif (spot := _spot(document, subject)) is not None:
            spots.setdefault((spot.place.start, spot.written), spot)
    broken = tuple(
        (error.message, Place(at, at))
        for error in document.errors
        if (at := _offset(source, error.location.line, error.location.column)) >= 0
    )
    return FoundReferences(tuple(spots[at] for at in sorted(spots)), broken, frozenset(built))


def _inline(source: Source, subject: Subject, project: Project) -> Iterator[ReferenceSpot]:
    """The images of the Dockerfiles that a bake file holds."""
    for service in project.services:
        place = subject.where.get(("services", service.name, "build", "inline"))
        if place is not None and service.build is not None:
            if service.build.inline is None:
                yield ReferenceSpot(
                    " ".join(source.excerpt(place).split())[:100], "", place, None, _UNKNOWN, service.subject
                )
            else:
                yield from find_within(source, place, service.build.inline, service.subject)


def _spot(document: Document, subject: Subject) -> ReferenceSpot | None:
    """The reference of a container; None where this text names none."""
    place = subject.where.get(("image",))
    if place is None or place.file or not isinstance(subject.noun, Container):
        return None
    raw = document.source.excerpt(place)
    inner, shift = unquoted(raw)
    image = subject.noun.image
    if document.kind == "quadlet" and inner.endswith((".image", ".build")):
        return None  # another unit names it
    if not isinstance(image, str):
        return ReferenceSpot(inner, "", place, None, _OPEN, subject.name) if raw else None
    if not inner.endswith(image):
        return ReferenceSpot(inner, image, place, None, _OTHER_TEXT, subject.name)
    shift += len(inner) - len(image)  # a prefix such as docker://
    own = Place(place.start + shift, place.start + shift + len(image))
    return placed(image, image, own, seat(image, own.start, lambda _: None), subject.name)


def _offset(source: Source, line: int, column: int) -> int:
    """The offset of a line and column, -1 for no line."""
    return source.starts[line - 1] + column - 1 if 0 < line <= len(source.starts) else -1
