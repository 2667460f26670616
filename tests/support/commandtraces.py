"""What a command leaves behind: the requests that registry, engine and notary saw, and the files that are new or other.

`support.commandrecords` writes both behind what a command prints. Requests that are alike count as one, in the order of
their words, as commands ask at once what they can. Files have their modes, under a mask that is always the same.
"""

from __future__ import annotations

import os
import re
import stat
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from support.simulators.engine import EngineSimulator
from support.simulators.notary import NotarySimulator
from support.simulators.registry import Asked, RegistrySimulator

_HEADERS: Final = ("accept", "authorization", "content-type", "content-range", "range", "if-none-match")
_SHORT: Final = (
    (re.compile(r"application/vnd\.(docker\.distribution|docker\.container|oci|cncf)\.?"), r"\1:"),
    (re.compile(r"oci:image\.index\.v1\+json, docker.*manifest\.v2\+json"), "any manifest"),
    (re.compile(r"\b(Basic|Bearer) \S+"), r"\1 …"),
)
_NAMES: Final = re.compile(r"\d{8}T\d{6}Z|[0-9a-f]{8,}|(?<=tmp)\w+")
_DIGEST: Final = re.compile(r"[0-9a-f]{12,64}")
_TRIAL: Final = re.compile(r"(?<=sealock-trial-)\w+")
_MASK: Final = 0o022
_MOST: Final = 8
"""So many files are named each; more are counted by directory."""


class CommandTrace:
    """What servers saw and a directory holds; `rows` gives what came since it was last asked."""

    def __init__(
        self, folder: Path, server: RegistrySimulator, engine: EngineSimulator, notary: NotarySimulator | None
    ) -> None:
        self._folder, self._server, self._engine, self._notary = folder, server, engine, notary
        self._seen = self._counts()
        self._files = dict(self._state())

    def rows(self) -> Iterator[str]:
        """The requests and the files since the last time."""
        for who, requests, known in zip(("registry", "engine", "notary"), self._requests(), self._seen, strict=True):
            for request, count in sorted(Counter(map(self._name_alike, requests[known:])).items()):
                yield f"--- {who}: {f'{count} x ' if count > 1 else ''}{request}"
        self._seen = self._counts()
        before, self._files = self._files, dict(self._state())
        changed = {
            "new": {path: state for path, state in self._files.items() if path not in before},
            "changed": {path: state for path, state in self._files.items() if before.get(path, state) != state},
            "gone": {path: state for path, state in before.items() if path not in self._files},
        }
        for what, files in changed.items():
            yield from (f"--- {what}: {row}" for row in _brief(files))

    def _name_alike(self, request: str) -> str:
        """A request without what is new each time: names of trials; digests, where keys are new."""
        return (_DIGEST if self._notary else _TRIAL).sub("ID", request)

    def _requests(self) -> tuple[list[str], list[str], list[str]]:
        notary = self._notary.asked if self._notary else []
        return [*map(_show, self._server.asked)], self._engine.targets, notary

    def _counts(self) -> tuple[int, int, int]:
        return len(self._server.asked), len(self._engine.targets), len(self._notary.asked if self._notary else ())

    def _state(self) -> Iterator[tuple[str, tuple[str, int]]]:
        """Each file with its mode and when it was written."""
        for path in sorted(self._folder.rglob("*")):
            status = path.lstat()
            written = 0 if stat.S_ISDIR(status.st_mode) else status.st_mtime_ns
            yield str(path.relative_to(self._folder)), (stat.filemode(status.st_mode), written)


@contextmanager
def steady_modes() -> Iterator[None]:
    """Let new files have the modes that they have under the usual mask."""
    before = os.umask(_MASK)
    try:
        yield
    finally:
        os.umask(before)


def _show(asked: Asked) -> str:
    """A request, with the headers that decide about its answer."""
    query = f"?{urlencode(asked.query, doseq=True, safe=':/')}" if asked.query else ""
    headers = (f"{name}: {asked.headers[name]}" for name in _HEADERS if name in asked.headers)
    text = " | ".join((f"{asked}{query}", *headers))
    for pattern, shown in _SHORT:
        text = pattern.sub(shown, text)
    return text


def _brief(files: dict[str, tuple[str, int]]) -> Iterator[str]:
    rows = Counter(f"{mode} {_NAMES.sub('ID', path)}" for path, (mode, _) in files.items())
    if len(rows) > _MOST:
        rows = Counter()
        for path, (mode, _) in files.items():
            rows[f"{mode} {_NAMES.sub('ID', os.path.dirname(path))}/…"] += 1  # noqa: PTH120  a text
    yield from (f"{row}{f' ({count})' if count > 1 else ''}" for row, count in sorted(rows.items()))
