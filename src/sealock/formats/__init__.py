"""The formats that sealock reads, and fixes where it can.

Each is a module or package with two functions: `read(source, files) -> Document` never raises on odd text, and
`edits(document, subject, change) -> tuple[Edit, …]` raises FormatError where the format cannot express the change.
A package may have its edits in a module `editor`, which most runs do not load.
Formats are imported when they are needed, since start-up counts.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Final

from sealock.errors import FormatError
from sealock.formats.files import NOTHING, FileWindow
from sealock.formats.textedits import apply_edits
from sealock.model.change import OnBuild

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sealock.model.change import Change, Edit, FieldChange, On
    from sealock.model.container import Container
    from sealock.model.document import Document, DocumentKind, Recognition, Subject
    from sealock.model.location import Place, Source

__all__ = [
    "BUILDS",
    "MODULES",
    "TOGETHER",
    "apply_edits",
    "build_edits",
    "comments",
    "edits",
    "edits_together",
    "read",
    "recognize",
    "refusal",
    "sniff",
]

MODULES: Final[dict[str, str]] = {
    "dockerfile": "sealock.formats.dockerfile",
    "compose": "sealock.formats.compose",
    "kubernetes": "sealock.formats.kubernetes",
    "quadlet": "sealock.formats.quadlet",
    "pipeline": "sealock.formats.pipelines",
    "devcontainer": "sealock.formats.devcontainer",
    "bake": "sealock.formats.bake",
    "run": "sealock.formats.runargs",
    "image-config": "sealock.formats.imageconfig",
    "inventory": "sealock.formats.inventory",
    "observed": "sealock.formats.observed",
    "daemon": "sealock.formats.daemon",
}
TOGETHER: Final = frozenset({"compose", "kubernetes", "pipeline", "run"})
"""The kinds whose modules can also make several changes at once."""
BUILDS: Final[dict[str, str]] = {
    "compose": "sealock.formats.compose.buildeditor",
    "bake": "sealock.formats.bake.buildeditor",
}
"""The kinds whose builds can be changed, and the modules that do."""
_WITH_EDITOR: Final = frozenset({"compose", "kubernetes", "pipeline", "dockerfile", "quadlet", "devcontainer"})
"""The kinds whose edits are in a module of their own, `editor`, which most runs do not load."""
_WITH_COMMENTS: Final = frozenset({
    "dockerfile", "compose", "kubernetes", "quadlet", "pipeline", "devcontainer", "bake", "run",
})  # fmt: skip
"""The kinds whose texts have comments; their modules also have `comments(source) -> tuple[Place, ...]`."""


def read(kind: DocumentKind, source: Source, files: FileWindow = NOTHING, more: tuple[Source, ...] = ()) -> Document:
    """Read a text as this kind of document; `more` are compose files that override it."""
    module = import_module(MODULES[kind])
    document: Document = module.read_many((source, *more), files) if more else module.read(source, files)
    return document


def edits(document: Document, subject: Subject, change: Change) -> tuple[Edit, ...]:
    """Return the edits for a change in the document's own text; FormatError where the format cannot express it."""
    if isinstance(change, OnBuild):
        return build_edits(document, (change,))
    result: tuple[Edit, ...] = _editor(document.kind).edits(document, subject, change)
    return result


def edits_together(
    document: Document, changes: Iterable[tuple[Subject, FieldChange | On]], *, check: bool = True
) -> tuple[Edit, ...]:
    """Return the edits for several changes of a document of a kind in TOGETHER; FormatError as `edits` raises it.

    What they make of the document is checked once for all; without `check`, only whether its own text can hold them.
    """
    result: tuple[Edit, ...] = _editor(document.kind).edits_together(document, changes, check=check)
    return result


def build_edits(document: Document, changes: Iterable[OnBuild]) -> tuple[Edit, ...]:
    """Return the edits for changes of how services are built; FormatError where the document cannot express them."""
    if document.kind not in BUILDS:
        msg = f"sealock does not change how {document.source.name} builds images"
        raise FormatError(msg)
    result: tuple[Edit, ...] = import_module(BUILDS[document.kind]).edits(document, tuple(changes))
    return result


def refusal(kind: DocumentKind, container: Container, change: FieldChange) -> str:
    """Why no text of a kind can hold this change of a container, however it is written; "" where that is not known."""
    if kind != "kubernetes":
        return ""
    why: str = import_module("sealock.formats.kubernetes.fields").refusal(container, change)
    return why


def _editor(kind: DocumentKind) -> ModuleType:
    """The module that has the edits of a kind."""
    return import_module(MODULES[kind] + (".editor" if kind in _WITH_EDITOR else ""))


def comments(kind: DocumentKind, source: Source) -> tuple[Place, ...]:
    """Find the comments of a text of this kind, in order; () for a kind that has none."""
    if kind not in _WITH_COMMENTS:
        return ()
    places: tuple[Place, ...] = import_module(MODULES[kind]).comments(source)
    return places


def sniff(name: str, text: str) -> DocumentKind | None:
    """Recognise the kind of a text by its file name ("" where there is none) and its beginning; None for others."""
    from sealock.formats import detection  # noqa: PLC0415  its patterns are not needed where the kind is known

    return detection.sniff(name, text)


def recognize(path: str, text: str) -> Recognition:
    """Recognise a file by its path and text, with what of it is recognised and not evaluated."""
    from sealock.formats import detection  # noqa: PLC0415  as in `sniff`

    base = path.rpartition("/")[2]
    is_dockerfile = detection.is_plain_dockerfile(base) and "{{" not in path
    if is_dockerfile and not detection.is_template_of_dockerfile(base, text):
        from sealock.model.document import Recognition  # noqa: PLC0415  who only reads an image does without

        return Recognition("dockerfile")
    from sealock.formats import recognition  # noqa: PLC0415  its patterns take longer than to check a Dockerfile

    return recognition.recognize(path, text)
