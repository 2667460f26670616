"""Reads the Dockerfiles that compose and bake files hold as values, so that they are evaluated where they stand.

Their findings count as those of the file, and fixes edit its text. What is not written line by line in it, and what
would be changed by the fields of the image, is left to people.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from sealock.errors import FormatError
from sealock.formats.buildcontexts import contexts_of, is_remote
from sealock.formats.files import NOTHING, FilesBelow, FileWindow
from sealock.formats.withintext import WithinSource
from sealock.model.absent import UNKNOWN
from sealock.model.change import Edit
from sealock.model.document import Document, DocumentKind, Subject
from sealock.model.finding import Finding, Skipped
from sealock.model.project import Project, Service
from sealock.scan.namedcontexts import with_contexts

_LAID_OVER: Final = ("user", "health")
"""The fields that a service takes from its image, and reports."""


def read_inline(document: Document, files: FileWindow) -> Iterator[Document]:
    """Yield the Dockerfiles within a compose or bake file, each once; `files` are those of its directory."""
    seen: set[tuple[object, ...]] = set()
    for project, service in _builds(document):
        build = service.build
        if build is None or build.inline is None:
            continue
        place = project.place(("services", service.name, "build", "inline"))
        key = (place.file, place.start, build.inline, build.args, build.context, build.additional_contexts)
        if key in seen:
            continue
        seen.add(key)
        from sealock.formats import dockerfile  # noqa: PLC0415  few compose files hold any

        outer = document.sources.get(place.file, document.source)
        # An argument without a value comes from the environment of whoever builds.
        given = {name: UNKNOWN if value is None else value for name, value in build.args}
        around = NOTHING if files is NOTHING or is_remote(build.context) else FilesBelow(files, build.context)
        read = dockerfile.read(WithinSource(build.inline, outer, place), around, given)
        yield _named(with_contexts(read, contexts_of(build)), service)


def fixed_outside(finding: Finding, inline: Document, outer: DocumentKind) -> Finding | None:
    """The finding with edits of the outer text, of this kind; None where there are none that would fix it."""
    changes = finding.remedy.changes
    source = inline.source
    if not changes or not isinstance(source, WithinSource):
        return None
    try:
        edits = tuple(source.outer_edit(change, outer) for change in changes if isinstance(change, Edit))
    except FormatError:
        return None
    return replace(finding, remedy=replace(finding.remedy, changes=edits)) if len(edits) == len(changes) else None


def unresolved_inline(document: Document) -> Iterator[Skipped]:
    """Name the Dockerfiles within a bake file whose text is made when it is built."""
    for project, service in _builds(document):
        place = project.where.get(("services", service.name, "build", "inline"))
        if place is not None and service.build is not None and service.build.inline is None:
            line = document.source.position(place.start)[0]
            why = f"the text of the Dockerfile of {service.subject} (line {line}) is not known before it is built"
            yield Skipped("", "dockerfile", why)


def _builds(document: Document) -> Iterator[tuple[Subject, Service]]:
    for subject in document.subjects:
        for service in subject.noun.services if isinstance(subject.noun, Project) else ():
            if service.build is not None:
                yield subject, service


def _named(document: Document, service: Service) -> Document:
    """The document with names that say whose Dockerfile it is: a file may hold several."""
    covered = dict.fromkeys(_LAID_OVER, service.subject) if service.subject.startswith("service ") else {}
    subjects = tuple(
        replace(subject, name=f"{subject.name} of {service.subject}", reported_by=covered if index == 1 else {})
        for index, subject in enumerate(document.subjects)
    )
    errors = tuple(
        replace(error, message=f"the Dockerfile of {service.subject}: {error.message}") for error in document.errors
    )
    return replace(document, subjects=subjects, errors=errors)
