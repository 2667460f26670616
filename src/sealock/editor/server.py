"""The language server: receives texts and requests of an editor, and answers with diagnostics, pages and edits."""

from __future__ import annotations

import asyncio
import os
import posixpath
import signal
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, Final, TypeVar
from urllib.parse import unquote, urlsplit

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from sealock import __version__
from sealock.editor.actions import FIX_ALL, EditedDocument, fix_all, quick_fixes, wants
from sealock.editor.diagnostics import MarkedFinding, mark
from sealock.editor.positions import Positions, overlap
from sealock.editor.results import CheckedText, EditedText, check_text
from sealock.model.location import Source
from sealock.model.report import RulePage
from sealock.reports import rulesmarkdown
from sealock.scan.manual import pages
from sealock.text import well_formed

WORKERS: Final = 4
"""Documents that are checked at once: a slow one leaves room for others."""

_Result = TypeVar("_Result")


def serve() -> None:
    """Serve the client at standard input and output until it leaves."""
    # The protocol has standard output to itself, and closes it: whatever else is printed goes to standard error.
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    # Python would wait for the thread that reads standard input.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    server = LanguageServer("sealock", __version__, types.TextDocumentSyncKind.Full)
    with ThreadPoolExecutor(WORKERS) as pool:
        _register(server, _Session(server, pool))
        server.start_io(stdout=output)


def path_of(uri: str) -> str:
    """The path of a file's URI, "" for any other URI."""
    parts = urlsplit(uri)
    if parts.scheme != "file" or parts.netloc not in {"", "localhost"}:
        return ""
    path = unquote(parts.path, errors="surrogateescape")
    return "" if "\0" in path else posixpath.normpath(path)


class _OpenDocument:
    """A document that the editor shows: its text, the latest result, and whether it is being checked."""

    def __init__(self, item: types.TextDocumentItem) -> None:
        self.uri, self.language = item.uri, item.language_id
        self.text, self.version = well_formed(item.text), item.version
        self.checked: CheckedText | None = None
        self.running = self.stale = False
        self.fixes: dict[tuple[object, ...], list[types.CodeAction]] = {}
        """The quick fixes of the latest result: editors ask for them at every move of the cursor."""


class _Session:
    """The documents that an editor shows, and what it asks about them."""

    def __init__(self, server: LanguageServer, pool: ThreadPoolExecutor) -> None:
        self._server, self._pool = server, pool
        self._open: dict[str, _OpenDocument] = {}
        """By URI. The library's own table mistakes a URI with an escape for the one without."""

    async def _work(self, function: Callable[..., _Result], *arguments: Any) -> _Result:  # noqa: ANN401  the function's
        return await asyncio.get_running_loop().run_in_executor(self._pool, function, *arguments)

    async def open(self, item: types.TextDocumentItem) -> None:
        """Check a document that the editor shows from now on."""
        document = self._open[item.uri] = _OpenDocument(item)
        await self._check(document)

    async def change(self, uri: str, version: int, text: str) -> None:
        """Check a document's new text."""
        if document := self._open.get(uri):
            document.text, document.version = well_formed(text), version
            await self._check(document)

    async def check_all(self) -> None:
        """Check every document again: one that was saved may be the policy, or a part, of others."""
        await asyncio.gather(*(self._check(document) for document in tuple(self._open.values())))

    def close(self, uri: str) -> None:
        """Take the diagnostics of a document back."""
        self._open.pop(uri, None)
        self._server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))

    async def hover(self, uri: str, position: types.Position) -> types.Hover | None:
        """The manual's pages of the findings at a position."""
        document = self._open.get(uri)
        if document is None:
            return None
        checked = await self._current(document)
        marks = _at(types.Range(position, position), mark(checked, self._positions(checked)))
        rules = dict.fromkeys(marked.finding.rule for marked in marks if marked.finding)
        texts = [text for text in map(_page, rules) if text]
        if not texts:
            return None
        return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, "\n---\n\n".join(texts)))

    async def actions(self, uri: str, place: types.Range, context: types.CodeActionContext) -> list[types.CodeAction]:
        """What fixes the findings at a place, and the whole document if the user asks for that."""
        document = self._open.get(uri)
        if document is None:
            return []
        target = EditedDocument(uri, document.version if self._takes_versions() else None)
        checked = await self._current(document)
        positions = self._positions(checked)
        actions: list[types.CodeAction] = []
        if wants(context.only, types.CodeActionKind.QuickFix):
            marks = _at(place, mark(checked, positions))
            key = (target.version, *(marked.finding.fingerprint for marked in marks if marked.finding))
            fixes = document.fixes.get(key) if checked is document.checked else None
            if fixes is None:
                fixes = await self._work(quick_fixes, checked, marks, target, positions)
            if checked is document.checked:
                document.fixes[key] = fixes
            actions += fixes
        # To fix the whole text takes a check for each finding: too much for every move of the cursor.
        asked = context.only is not None or context.trigger_kind != types.CodeActionTriggerKind.Automatic
        if asked and wants(context.only, FIX_ALL):
            actions += await self._work(fix_all, checked, target, positions)
        return actions

    async def _check(self, document: _OpenDocument) -> None:
        """Check a document's text as it is now, and again for as long as it changes meanwhile."""
        document.stale = True
        if document.running:
            return
        document.running = True
        try:
            while document.stale and self._open.get(document.uri) is document:
                document.stale = False
                version = document.version
                checked = await self._work(check_text, self._edited(document))
                if not document.stale and self._open.get(document.uri) is document:
                    document.checked = checked
                    document.fixes.clear()
                    shown = [marked.diagnostic for marked in mark(checked, self._positions(checked))]
                    parameters = types.PublishDiagnosticsParams(document.uri, shown, version)
                    self._server.text_document_publish_diagnostics(parameters)
        finally:
            document.running = False

    async def _current(self, document: _OpenDocument) -> CheckedText:
        """The result for a document's text as it is now."""
        edited = self._edited(document)
        if document.checked is not None and document.checked.edited == edited:
            return document.checked
        return await self._work(check_text, edited)

    def _positions(self, checked: CheckedText) -> Positions:
        encoding = self._server.server_capabilities.position_encoding or types.PositionEncodingKind.Utf16
        return Positions(Source(checked.edited.path, checked.edited.text), encoding)

    def _edited(self, document: _OpenDocument) -> EditedText:
        workspace = self._server.workspace
        path = path_of(document.uri)
        folders = [path_of(folder.uri) for folder in workspace.folders.values()]
        if not folders and workspace.root_uri:
            folders = [path_of(workspace.root_uri)]
        holders = [folder for folder in folders if folder and path.startswith(f"{folder.rstrip('/')}/")]
        folder = max(holders, key=len, default=posixpath.dirname(path))
        return EditedText(document.text, path, folder, document.language)

    def _takes_versions(self) -> bool:
        """Whether the client takes edits of a document's version."""
        workspace = self._server.client_capabilities.workspace
        edits = workspace.workspace_edit if workspace else None
        return bool(edits and edits.document_changes)


def _at(place: types.Range, marks: Iterable[MarkedFinding]) -> list[MarkedFinding]:
    return [marked for marked in marks if overlap(marked.diagnostic.range, place)]


@cache
def _rules() -> dict[str, RulePage]:
    return {page.id: page for page in pages()}


def _page(rule: str) -> str:
    """The page of a rule in Markdown, "" for a vulnerability."""
    return rulesmarkdown.page(_rules()[rule]) if rule in _rules() else ""


def _register(server: LanguageServer, session: _Session) -> None:
    """Connect the messages of the protocol with the session."""

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    async def opened(params: types.DidOpenTextDocumentParams) -> None:
        await session.open(params.text_document)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    async def changed(params: types.DidChangeTextDocumentParams) -> None:
        document = params.text_document
        if params.content_changes:
            # Each is a whole text, as the server asked for.
            await session.change(document.uri, document.version, params.content_changes[-1].text)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    async def saved(_params: types.DidSaveTextDocumentParams) -> None:
        await session.check_all()

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams) -> None:
        session.close(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(params: types.HoverParams) -> types.Hover | None:
        return await session.hover(params.text_document.uri, params.position)

    kinds: list[types.CodeActionKind | str] = [types.CodeActionKind.QuickFix, FIX_ALL]

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(kinds))
    async def actions(params: types.CodeActionParams) -> list[types.CodeAction]:
        return await session.actions(params.text_document.uri, params.range, params.context)
