"""Makes code actions: a quick fix for each finding at a place, and one for all that can be fixed safely."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lsprotocol.types import (
    CodeAction,
    CodeActionKind,
    OptionalVersionedTextDocumentIdentifier,
    TextDocumentEdit,
    TextEdit,
    WorkspaceEdit,
)
from msgspec import Struct

from sealock.editor.diagnostics import MarkedFinding
from sealock.editor.positions import Positions
from sealock.editor.results import CheckedText, fix_findings, fix_text
from sealock.text import count, line

FIX_ALL: Final = f"{CodeActionKind.SourceFixAll.value}.sealock"


class EditedDocument(Struct, frozen=True):
    """Which document an edit is for; `version` is None where the client takes no edits of a version."""

    uri: str
    version: int | None = None


def wants(only: Sequence[str] | None, kind: str) -> bool:
    """Whether a client that asks for some kinds of actions only asks for this one."""
    return only is None or any(kind == asked or kind.startswith(f"{asked}.") for asked in only)


def quick_fixes(
    checked: CheckedText, marks: Sequence[MarkedFinding], document: EditedDocument, positions: Positions
) -> list[CodeAction]:
    """An action for each of the marked findings that can be fixed, the safe ones first."""
    fixable = [(mark.diagnostic, mark.finding) for mark in marks if mark.finding and mark.finding.remedy.changes]
    fixed = fix_findings(checked, tuple(finding for _, finding in fixable))
    actions = []
    for (diagnostic, finding), file in zip(fixable, fixed, strict=True):
        if not file.changed:
            continue
        safe = finding.remedy.safe
        words = line(finding.remedy.text.rstrip("."), 100)
        actions.append(
            CodeAction(
                f"{line(finding.rule, 40)}: {words}{'' if safe else ' (unsafe: review the change)'}",
                kind=CodeActionKind.QuickFix,
                diagnostics=[diagnostic],
                is_preferred=safe or None,
                edit=_workspace_edit(document, positions.edits(file.text)),
            )
        )
    return sorted(actions, key=lambda action: not action.is_preferred)


def fix_all(checked: CheckedText, document: EditedDocument, positions: Positions) -> list[CodeAction]:
    """One action that makes all safe fixes, none where there is nothing to fix."""
    file = fix_text(checked)
    if file is None or not file.changed:
        return []
    title = f"Fix all that sealock can fix safely ({count(len(file.fixed), 'fault')})"
    return [CodeAction(title, kind=FIX_ALL, edit=_workspace_edit(document, positions.edits(file.text)))]


def _workspace_edit(document: EditedDocument, edits: list[TextEdit]) -> WorkspaceEdit:
    if document.version is None:
        return WorkspaceEdit(changes={document.uri: edits})
    identifier = OptionalVersionedTextDocumentIdentifier(document.uri, document.version)
    return WorkspaceEdit(document_changes=[TextDocumentEdit(identifier, list(edits))])
