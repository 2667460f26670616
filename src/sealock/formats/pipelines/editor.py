"""Changes the containers of a pipeline."""

from __future__ import annotations

from sealock.formats.optionkeys.treeeditor import TreeEditor, TreePlace
from sealock.formats.pipelines.reader import PipelineDocument, read
from sealock.formats.runargs.document import edits as run_line_edits
from sealock.formats.runargs.settingeditor import change_settings
from sealock.formats.verification import verify
from sealock.model.change import Change, Edit, On
from sealock.model.document import Document, Subject


def edits(document: Document, subject: Subject, change: Change) -> tuple[Edit, ...]:
    """Return the edits for a change of a container; FormatError where the pipeline cannot express it."""
    if isinstance(change, Edit):
        return (change,)
    name, wanted = (change.subject, change.change) if isinstance(change, On) else (subject.name, change)
    line = document.lines.get(name) if isinstance(document, PipelineDocument) else None
    if line is None:
        return run_line_edits(document, subject, change)
    described = line.described
    place = TreePlace(document.source.text, line.root.node, described.value)
    editor = TreeEditor(place, line.run, described.table)
    result = change_settings(editor, wanted)
    verify(document, name, wanted, result, read)
    return result
