"""Reads a project into subjects: a container for each service, then the whole project."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from sealock.formats import yamltree
from sealock.formats.compose.consistency import check_names
from sealock.formats.compose.loader import Loader
from sealock.formats.compose.merge import unique
from sealock.formats.compose.project import read_project
from sealock.formats.compose.schema import FILE, check
from sealock.formats.compose.service import ServiceReader
from sealock.formats.compose.tree import ComposeValue
from sealock.formats.files import NOTHING, FileWindow
from sealock.formats.optionkeys.runlines import with_run_lines
from sealock.model.absent import UNSET
from sealock.model.container import Container
from sealock.model.document import Document, Subject
from sealock.model.location import Place, Source


class ComposeDocument(Document, frozen=True):
    """A compose document that can be read again with a changed text, to check the change."""

    files: FileWindow = NOTHING
    others: tuple[Source, ...] = ()
    """The files that are merged over the document's own."""
    services: Mapping[str, ComposeValue] = {}
    """The services, merged."""
    declared: Mapping[str, frozenset[str]] = {}
    """The names of the networks and volumes at the top."""
    errors_in_text: int = 0
    """The number of errors, without those of undefined names."""


def read(source: Source, files: FileWindow = NOTHING) -> ComposeDocument:
    """Read one compose file, as `docker compose -f A` does."""
    return read_many((source,), files)


def read_many(sources: Sequence[Source], files: FileWindow = NOTHING) -> ComposeDocument:
    """Read several files as `docker compose -f A -f B` does. The first is the document's own.

    The run lines in the commands of its services are read too; those of the others are theirs.
    """
    loader, others = Loader(sources[0], files), tuple(sources[1:])
    directory = posixpath.dirname(sources[0].name) or "."
    document = _document(loader, {posixpath.relpath(other.name, directory): other for other in others}, others)
    return with_run_lines(document, files)


def comments(source: Source) -> tuple[Place, ...]:
    """Find the comments of a compose file."""
    return yamltree.comments(source.text)


def reread(document: ComposeDocument, text: str) -> ComposeDocument:
    """Read a document again with its own text changed."""
    return read_many((Source(document.source.name, text), *document.others), document.files)


def _document(loader: Loader, overrides: Mapping[str, Source], others: tuple[Source, ...]) -> ComposeDocument:
    model = loader.load(overrides)
    check(model, FILE, loader.report)
    section = model.at("services")
    services = {name: unique(service) for name, service in section.mapping.items()} if section else {}
    subjects = _with_image_roles(
        [ServiceReader(name, service, loader).subject() for name, service in services.items()], services
    )
    in_text = len(loader.errors)
    check_names(model, services, loader.report, loader.report_missing)
    project = read_project(model, subjects, loader)
    return ComposeDocument(
        "compose",
        loader.sources,
        (*subjects, project),
        tuple(loader.errors),
        frozenset(f"service {name}" for name in loader.extending),
        files=loader.files,
        others=others,
        services=services,
        declared={key: frozenset(top.mapping) for key in ("networks", "volumes") if (top := model.at(key))},
        errors_in_text=in_text,
    )


def _with_image_roles(subjects: list[Subject], services: Mapping[str, ComposeValue]) -> list[Subject]:
    """Mark the services whose image is built here, by themselves or by another service: `image` then names a result."""
    builds = [(build := service.at("build")) is not None and build.data is not None for service in services.values()]
    built = {
        subject.noun.image
        for subject, builds_image in zip(subjects, builds, strict=True)
        if builds_image and isinstance(subject.noun, Container)
    }
    return [
        replace(subject, noun=replace(subject.noun, image_role="built"))
        if isinstance(subject.noun, Container) and (builds_image or subject.noun.image in built - {UNSET})
        else subject
        for subject, builds_image in zip(subjects, builds, strict=True)
    ]
