"""Changes the containers of a pipeline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sealock.errors import FormatError
from sealock.formats.optionkeys.treeeditor import TreeEditor, TreePlace
from sealock.formats.pipelines.reader import CiLine, PipelineDocument, read
from sealock.formats.runargs.document import edits as run_line_edits
from sealock.formats.runargs.settingeditor import change_settings
from sealock.formats.steps import edits_in_steps
from sealock.formats.textedits import apply_edits
from sealock.formats.verification import is_same, verify
from sealock.model.change import Edit, FieldChange, On, SubjectChange, changed
from sealock.model.container import Container
from sealock.model.document import Document, Subject
from sealock.model.location import Source


def edits(document: Document, subject: Subject, change: SubjectChange) -> tuple[Edit, ...]:
    """Return the edits for a change of a container; FormatError where the pipeline cannot express it."""
    if isinstance(change, Edit):
        return (change,)
    name, wanted = (change.subject, change.change) if isinstance(change, On) else (subject.name, change)
    line = document.lines.get(name) if isinstance(document, PipelineDocument) else None
    if line is None:
        return run_line_edits(document, subject, change)
    result = _planned(document.source.text, line, wanted)
    verify(document, name, wanted, result, read)
    return result


def edits_together(
    document: Document, changes: Iterable[tuple[Subject, FieldChange | On]], *, check: bool = True
) -> tuple[Edit, ...]:
    """Return the edit for several changes; FormatError where one cannot be made, and for run lines."""
    del check
    return edits_in_steps(document, changes, _step, lambda current: current.source.text)


def _step(document: Document, wanted: Mapping[str, FieldChange]) -> Document:
    """The document after one change of each of these containers."""
    lines = document.lines if isinstance(document, PipelineDocument) else {}
    planned: list[Edit] = []
    expected: dict[str, Container] = {}
    for name, change in wanted.items():
        if name not in lines:
            msg = f"{name} is changed by itself"
            raise FormatError(msg)
        planned += _planned(document.source.text, lines[name], change)
        expected[name] = changed(lines[name].run.container, change)
    after = read(Source(document.source.name, apply_edits(document.source.text, planned)))
    for name, noun in expected.items():
        if name not in after.lines or not is_same(after.lines[name].run.container, noun, partial=True):
            msg = f"the text around {name} does not allow this change"
            raise FormatError(msg)
    if len(after.errors) > len(document.errors):
        msg = "the pipeline would become invalid"
        raise FormatError(msg)
    return after


def _planned(text: str, line: CiLine, change: FieldChange) -> tuple[Edit, ...]:
    """The edits for a change, not read back yet."""
    described = line.described
    place = TreePlace(text, line.root.node, described.value)
    return change_settings(TreeEditor(place, line.run, described.table), change)
