"""What a run makes of small trees of files, as lines: for `support.edgerecords`.

A text is a JSON object: "files" by their paths (a text, something that is written as JSON, `{"link": TARGET}`,
`{"text": TEXT, "encoding": NAME}`, or null for a directory), "targets" below the directory, "settings" of the run, and
in "as" what is shown: the inputs, the results, the fixes, the manifests, or the images that `pin` finds.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import chdir
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from unittest.mock import patch

from sealock.errors import SealockError
from sealock.model.finding import Severity
from sealock.pin.texts import gather
from sealock.scan.fix import fix
from sealock.scan.run import CheckRun, check
from sealock.scan.settings import Settings
from sealock.targets.inputs import FileInput, ImageInput, Input, SkippedInput, Unreadable
from sealock.targets.manifests import read_manifests
from support.shownvalues import show

_DAY: Final = date(2026, 11, 25)
_ALONE: Final = {"SEALOCK_DB_DIR": "/nonexistent", "SEALOCK_CACHE_DIR": "/dev/null/sealock", "SEALOCK_OFFLINE": "1"}
_EVERYWHERE: Final = frozenset({"C004", "C006", "C028", "C030", "C040", "C081", "C090", "B110", "B155"})
"""Rules with findings in most trees, which are not shown."""
_MOST_LETTERS: Final = 160
_OPEN: Final = frozenset({
    "pedantic", "only", "skip", "exclude", "found", "examples", "require_targets", "fail_on_skipped", "outside",
    "inline_ignores", "compose_files", "environment", "min_severity", "fail_on",
})  # fmt: skip


def read_tree(text: str) -> list[str]:
    """What comes of a tree, with paths relative to it."""
    table = json.loads(text)
    show_rows = _ROWS[table.get("as", "inputs")]
    with TemporaryDirectory(prefix="tree-") as directory, chdir(directory), patch.dict(os.environ, _ALONE):
        for name, content in table.get("files", {}).items():
            _write(Path(os.path.normpath(f"/{name}")[1:]), content)
        targets = [
            target
            for target in table.get("targets", ["."])
            if show_rows not in {_results, _fixes} or os.path.lexists(target)
        ]
        settings = Settings(today=_DAY, vulnerabilities=False, **_settings(table.get("settings", {})))
        try:
            rows = list(show_rows(targets, settings))
        except SealockError as error:
            rows = [f"{type(error).__name__}: {error}"]
    return [row.replace(directory, "DIRECTORY")[:_MOST_LETTERS] for row in rows]


def _write(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, dict) and set(content) == {"link"}:
        path.symlink_to(content["link"])
    elif isinstance(content, dict) and set(content) == {"text", "encoding"}:
        path.write_bytes(content["text"].encode(content["encoding"]))
    elif content is None:
        path.mkdir()
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")


def _settings(table: dict[str, Any]) -> dict[str, Any]:
    given: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in table.items() if name in _OPEN
    }
    for name in ("min_severity", "fail_on"):
        if name in given:
            given[name] = Severity(given[name])
    return given


def _inputs(targets: list[str], settings: Settings) -> Iterator[str]:
    run = CheckRun(settings)
    for input_ in run.inputs(targets):
        yield _shown(input_)
    report = run.report(())
    yield from (f"note: {note}" for note in report.notes)
    yield from (f"unexamined: {path}" for path in report.unexamined.paths)


def _shown(input_: Input) -> str:
    match input_:
        case FileInput():
            more = [source.name for source in input_.more]
            marks = [word for word in ("walked", "lock", "example", "part") if getattr(input_, word)]
            return (
                f"{input_.kind} {input_.target} {input_.name} {input_.path} {more} {marks} {show(input_.unevaluated)}"
            )
        case SkippedInput():
            return f"skipped {input_.target} {show(input_.unevaluated)}"
        case Unreadable():
            return f"unreadable {input_.target} {input_.kind} {input_.error}"
        case ImageInput():
            return f"image {input_.target} {input_.image}"
    return show(input_)


def _results(targets: list[str], settings: Settings) -> Iterator[str]:
    report = check(*targets, settings=settings)
    yield f"exit status {report.status}"
    for target in report.targets:
        yield f"{target.kind} {target.target}"
        for finding in target.findings:
            if finding.rule in _EVERYWHERE:
                continue
            at = f"{finding.location.file}:{finding.location.line}"
            marks = f"{' suppressed' * (finding.suppressed is not None)}{' example' * finding.example}"
            yield f"  {finding.rule} {finding.severity} {at} {finding.subject}{marks}: {finding.message}"
        yield from (f"  error at {error.location.line}: {error.message}" for error in target.errors)
        yield f"  skipped {len(target.skipped)}"
        yield from (f"  skipped {each.subject}: {each.reason}" for each in target.skipped if not each.rule)
    yield from (f"note: {note}" for note in report.notes)


def _fixes(targets: list[str], settings: Settings) -> Iterator[str]:
    for unsafe in (False, True):
        yield f"unsafe {unsafe}"
        for result in fix(*targets, settings=settings, unsafe=unsafe):
            yield f"{result.input.target} {[finding.rule for finding in result.fixed]} {result.removed} {result.unset}"
            yield from (f"  {finding.rule}: {why}" for finding, why in result.failed)
            yield from (f"  | {line}" for line in result.text.splitlines())


def _manifests(targets: list[str], settings: Settings) -> Iterator[str]:
    for text in read_manifests(targets, lambda _named, path: path in settings.exclude):
        yield f"{text.path} {text.source.name} {text.source.text.count(chr(10))} lines {text.error} {text.skipped}".rstrip()


def _pins(targets: list[str], settings: Settings) -> Iterator[str]:
    for text in gather(targets, lambda path: path in settings.exclude):
        yield f"{text.path} {text.kind} {text.root} {text.error} {text.skipped}".rstrip()
        for spot in text.references.spots:
            yield f"  {spot.reference} {spot.written} {spot.stuck} {'fixed' if spot.seat is None else 'free'}"
        yield from (f"  broken: {why}" for why, _ in text.references.broken)


_ROWS: Final = {"inputs": _inputs, "results": _results, "fixes": _fixes, "manifests": _manifests, "pins": _pins}
