"""The formats that sealock reads, and changes where the text can be mended.

Each is a module (or a folder) with two functions: `read(source, files) -> Document`, which never raises on what a text
says, and `edits(document, subject, change) -> tuple[Edit, …]`, which raises FormatError where the format cannot say it.
Formats are imported when they are needed, since start-up counts.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

# Loaded first, so that the module's name does not later take the place of the function `edits` in this package.
from sealock.formats.edits import apply
from sealock.formats.files import NOTHING, FileWindow

if TYPE_CHECKING:
    from sealock.model.change import Change, Edit
    from sealock.model.document import Document, DocumentKind, Subject
    from sealock.model.location import Source

__all__ = ["MODULES", "apply", "edits", "read", "sniff"]

MODULES: Final[dict[str, str]] = {
    "dockerfile": "sealock.formats.dockerfile",
    "compose": "sealock.formats.compose",
    "run": "sealock.formats.runargs",
    "image-config": "sealock.formats.imageconfig",
    "inventory": "sealock.formats.inventory",
    "observed": "sealock.formats.observed",
    "daemon": "sealock.formats.daemon",
}


def read(kind: DocumentKind, source: Source, files: FileWindow = NOTHING, more: tuple[Source, ...] = ()) -> Document:
    """Read a text as this kind of document; `more` are compose files that are laid over it."""
    module = import_module(MODULES[kind])
    document: Document = module.read_many((source, *more), files) if more else module.read(source, files)
    return document


def edits(document: Document, subject: Subject, change: Change) -> tuple[Edit, ...]:
    """Spell a change in the document's own text; FormatError where the format has no words for it."""
    made: tuple[Edit, ...] = import_module(MODULES[document.kind]).edits(document, subject, change)
    return made


def sniff(name: str, text: str) -> DocumentKind | None:
    """Tell the kind of a text by its file name ("" where there is none) and its first lines; None for none of ours."""
    from sealock.formats.detection import sniff as tell  # noqa: PLC0415  its patterns are not needed where the kind is known

    return tell(name, text)
