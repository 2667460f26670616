"""A client of the Language Server Protocol that starts `sealock lsp` as a process, as an editor does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from queue import Queue
from signal import SIGINT
from threading import Thread
from types import TracebackType
from typing import Any, Self

from sealock.model.location import Source
from support.waiting import PATIENCE


class LanguageClient:
    """A client with documents; `publish` waits for the diagnostics that the server sends by itself."""

    def __init__(
        self, folder: Path | None, capabilities: Mapping[str, Any] | None = None, environment: Mapping[str, str] = {}
    ) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "sealock", "lsp", "--stdio"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **environment},
        )
        self._texts: dict[str, tuple[int, str]] = {}
        self._answers: Queue[dict[str, Any]] = Queue()
        self._notifications: Queue[dict[str, Any]] = Queue()
        self._number = 0
        Thread(target=self._receive, daemon=True).start()
        self.initialized = self.ask(
            "initialize",
            processId=os.getpid(),
            rootUri=None,
            workspaceFolders=[{"uri": folder.as_uri(), "name": "project"}] if folder else None,
            capabilities=dict(capabilities or {}),
        )["result"]
        self.notify("initialized")

    @property
    def cpu_time(self) -> float:
        """Seconds that the server has spent on a CPU so far, in all of its threads."""
        tasks = Path(f"/proc/{self._process.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        # At the end of its input the server ends by itself, which coverage needs.
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(PATIENCE)
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stderr, self._process.stdout):
            assert stream is not None
            with suppress(BrokenPipeError):
                stream.close()

    def leave(self) -> tuple[int, str]:
        """Shut the server down; its exit status and what it printed to standard error."""
        self.ask("shutdown")
        self.notify("exit")
        assert self._process.stdin is not None
        self._process.stdin.close()
        assert self._process.stderr is not None
        printed = self._process.stderr.read().decode()
        return self._process.wait(PATIENCE), printed

    def interrupt(self) -> int:
        """Interrupt the server as Ctrl-C does; its exit status."""
        self._process.send_signal(SIGINT)
        return self._process.wait(PATIENCE)

    def write(self, body: bytes) -> None:
        """Send the body of a message as it is."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def notify(self, method: str, **parameters: Any) -> None:
        self.write(json.dumps({"jsonrpc": "2.0", "method": method, "params": parameters}).encode())

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a request; the whole answer, which has a result or an error."""
        self._number += 1
        message: dict[str, Any] = {"jsonrpc": "2.0", "id": self._number, "method": method}
        if parameters:
            message["params"] = parameters
        self.write(json.dumps(message).encode())
        answer = self._answers.get(timeout=PATIENCE)
        assert answer["id"] == self._number
        return answer

    def open(self, uri: str, text: str, language: str = "") -> list[dict[str, Any]]:
        """Open a document; its diagnostics."""
        self.show(uri, text, language)
        return self.publish(uri)

    def show(self, uri: str, text: str, language: str = "") -> None:
        """Open a document, without waiting."""
        self._texts[uri] = 1, text
        item = {"uri": uri, "languageId": language, "version": 1, "text": text}
        self.notify("textDocument/didOpen", textDocument=item)

    def change(self, uri: str, text: str) -> list[dict[str, Any]]:
        """Replace a document's text; its diagnostics."""
        self.type(uri, text)
        return self.publish(uri)

    def type(self, uri: str, text: str) -> None:
        """Replace a document's text, without waiting."""
        version = self._texts[uri][0] + 1
        self._texts[uri] = version, text
        document = {"uri": uri, "version": version}
        self.notify("textDocument/didChange", textDocument=document, contentChanges=[{"text": text}])

    def close(self, uri: str) -> list[dict[str, Any]]:
        """Close a document; the diagnostics that it has then."""
        self.notify("textDocument/didClose", textDocument={"uri": uri})
        del self._texts[uri]
        return self.publish(uri)

    def publish(self, uri: str) -> list[dict[str, Any]]:
        """Wait for the next diagnostics of a document, in its latest version; those of others are passed by."""
        while True:
            message = self._notifications.get(timeout=PATIENCE)
            parameters = message["params"]
            if message["method"] != "textDocument/publishDiagnostics" or parameters["uri"] != uri:
                continue
            if uri not in self._texts or parameters.get("version") == self._texts[uri][0]:
                diagnostics: list[dict[str, Any]] = parameters["diagnostics"]
                return diagnostics

    def hover(self, uri: str, line: int, character: int) -> str:
        """The Markdown that the server shows at a position, "" for nothing."""
        answer = self.ask("textDocument/hover", textDocument={"uri": uri}, position=_position(line, character))
        return str(answer["result"]["contents"]["value"]) if answer["result"] else ""

    def actions(self, uri: str, line: int, character: int, only: Sequence[str] | None = None) -> list[dict[str, Any]]:
        """The code actions at a position."""
        place = {"start": _position(line, character), "end": _position(line, character)}
        context: dict[str, Any] = {"diagnostics": []} if only is None else {"diagnostics": [], "only": list(only)}
        result = self.ask("textDocument/codeAction", textDocument={"uri": uri}, range=place, context=context)["result"]
        return list(result)

    def apply(self, uri: str, action: Mapping[str, Any]) -> str:
        """The text of a document after a code action's edits."""
        edit = action["edit"]
        edits = edit["changes"][uri] if "changes" in edit else edit["documentChanges"][0]["edits"]
        text = self._texts[uri][1]
        for change in sorted(edits, key=lambda change: _order(change["range"]), reverse=True):
            start, end = (offset_of(text, change["range"][side]) for side in ("start", "end"))
            text = text[:start] + change["newText"] + text[end:]
        return text

    def _receive(self) -> None:
        output = self._process.stdout
        assert output is not None
        while header := output.readline():
            length = 0
            while header.strip():
                name, _, value = header.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
                header = output.readline()
            message = json.loads(output.read(length))
            (self._answers if "id" in message and "method" not in message else self._notifications).put(message)


def _position(line: int, character: int) -> dict[str, int]:
    return {"line": line, "character": character}


def _order(place: Mapping[str, Mapping[str, int]]) -> tuple[int, int]:
    return place["start"]["line"], place["start"]["character"]


def offset_of(text: str, position: Mapping[str, int]) -> int:
    """The offset of a position that counts UTF-16 units, in a text whose lines end at line feeds."""
    start = Source("", text).starts[position["line"]]
    units = text[start:].encode("utf-16-le")[: position["character"] * 2]
    return start + len(units.decode("utf-16-le"))


def marked(text: str, diagnostic: Mapping[str, Any]) -> str:
    """The part of a text that a diagnostic marks."""
    place = diagnostic["range"]
    return text[offset_of(text, place["start"]) : offset_of(text, place["end"])]
