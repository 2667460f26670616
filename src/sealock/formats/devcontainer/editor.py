"""Changes the container of a devcontainer.json."""

from __future__ import annotations

from sealock.formats.devcontainer.reader import NAME, DevContainerDocument, read
from sealock.formats.optionkeys.treeeditor import TreeEditor, TreePlace
from sealock.formats.runargs.document import edits as run_line_edits
from sealock.formats.runargs.settingeditor import change_settings
from sealock.formats.verification import verify
from sealock.model.change import Edit, On, SubjectChange
from sealock.model.document import Document, Subject


def edits(document: Document, subject: Subject, change: SubjectChange) -> tuple[Edit, ...]:
    """Return the edits for a change of the container; FormatError where the file cannot express it."""
    if isinstance(change, Edit):
        return (change,)
    name, wanted = (change.subject, change.change) if isinstance(change, On) else (subject.name, change)
    known = isinstance(document, DevContainerDocument) and document.run is not None and document.root is not None
    if not known or name != NAME:
        return run_line_edits(document, subject, change)
    assert isinstance(document, DevContainerDocument) and document.run and document.root  # noqa: S101, PT018  as above
    place = TreePlace(document.source.text, document.root.node, document.root, is_json=True)
    result = change_settings(TreeEditor(place, document.run, document.table), wanted)
    verify(document, name, wanted, result, read)
    return result
