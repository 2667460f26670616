"""Adds the run lines of a text to a document that was read from its keys."""

from __future__ import annotations

from typing import TypeVar

from msgspec.structs import replace

from sealock.formats import runcalls
from sealock.formats.files import FileWindow
from sealock.model.container import Container
from sealock.model.document import Document

D = TypeVar("D", bound=Document)


def with_run_lines(document: D, files: FileWindow) -> D:
    """The document with the containers of the text's run lines."""
    if not runcalls.mentions_run(document.source.text):
        return document
    from sealock.formats.runargs.document import read_lines  # noqa: PLC0415  few texts have run lines

    runs = read_lines(document.source, files)
    return replace(
        document,
        subjects=(*document.subjects, *runs.subjects),
        errors=(*document.errors, *runs.errors),
        run_lines=frozenset(subject.name for subject in runs.subjects if isinstance(subject.noun, Container)),
    )
