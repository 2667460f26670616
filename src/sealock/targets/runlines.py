"""Whether a text has run lines, or seems to."""

from __future__ import annotations

from sealock.formats.files import FileWindow
from sealock.formats.runcalls import mentions_run
from sealock.model.container import Container
from sealock.model.document import Document
from sealock.model.location import Source
from sealock.model.project import Project


def may_have_lines(source: Source) -> bool:
    """Whether a text of no kind that sealock knows has lines that it could not read."""
    from sealock.formats.scripts import is_guessed  # noqa: PLC0415  few runs need it

    return is_guessed(source) and mentions_run(source.text)


def unread_includes(source: Source, files: FileWindow) -> tuple[str, ...]:
    """What a Makefile with run lines includes and what could not be read, each with why."""
    if "include" not in source.text:
        return ()
    from sealock.formats import runargs, scripts  # noqa: PLC0415  few texts include others

    missed = scripts.unread_includes(source, files)
    return missed if missed and has_run_lines(runargs.read(source, files)) else ()


def lines_besides_pods(document: Document) -> int:
    """How many run lines the document of a manifest has besides the containers of its pods."""
    from sealock.formats.kubernetes.reader import ManifestDocument  # noqa: PLC0415  few texts are manifests

    own = document.members if isinstance(document, ManifestDocument) else {}
    return sum(isinstance(subject.noun, Container) and subject.name not in own for subject in document.subjects)


def has_run_lines(document: Document) -> bool:
    """Whether a text has run lines, or some that could not be read: the settings of a manifest are none."""
    return bool(document.errors) or any(not isinstance(subject.noun, Project) for subject in document.subjects)
