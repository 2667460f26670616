"""What `pin` makes of a text, as lines: each image with its new digest or why it has none, and the lines that change."""

from __future__ import annotations

import difflib
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from sealock.pin import texts
from sealock.pin.assessment import PinResult, evaluate
from sealock.pin.writer import rewritten
from support.pinworld import NEW, OLD, asking

_BESIDE: Final = {".env": "IMAGE=fromenv:1\n", "compose.override.yaml": "services: {two: {image: override:1}}\n"}


@cache
def _place() -> TemporaryDirectory[str]:
    directory = TemporaryDirectory(prefix="sealock-pins-")
    Path(directory.name, "files").mkdir()
    for name, text in _BESIDE.items():
        Path(directory.name, "files", name).write_text(text, encoding="utf-8")
    return directory


def pinned_files(text: str) -> list[str]:
    """A file by the name in its first line, once every tag has a new digest."""
    name, _, rest = text.partition("\n")
    folder = Path(_place().name, "files")
    path = folder / name.strip()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(rest, encoding="utf-8")
    except (OSError, ValueError):
        return ["no name of a file"]
    read = texts.read(str(path))
    ((_, results),) = evaluate([read], lambda _: True, asking(), check=False)
    after, final = rewritten(read, results)
    changed = difflib.unified_diff(rest.splitlines(), after.splitlines(), lineterm="", n=0)
    lines = [
        *([read.error] if read.error else []),
        *([f"skipped: {read.skipped}"] if read.skipped else []),
        *map(_show, final),
        *(f"broken: {why}" for why, _ in read.references.broken),
        *(f"built: {each}" for each in sorted(read.references.built)),
        *(line for line in changed if not line.startswith(("---", "+++", "@@", "-"))),
    ]
    shown = {str(folder): "HERE", _place().name: "HERE", NEW: "sha256:NEW", OLD: "sha256:OLD"}
    for given, short in shown.items():
        lines = [line.replace(given, short) for line in lines]
    return lines


def _show(result: PinResult) -> str:
    spot = result.spot
    return f"{spot.user}: {spot.written} = {spot.reference}: {result.state} {result.note} {result.new}{'' if spot.runs else ' (build)'}"
