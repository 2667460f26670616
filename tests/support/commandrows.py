"""The command lines whose output the records hold, from `tests/vectors/commandlines.txt`."""

from __future__ import annotations

from pathlib import Path

_TEXT = (Path(__file__).parent.parent / "vectors" / "commandlines.txt").read_text(encoding="utf-8")
COMMANDS: dict[str, list[str]] = {}
"""The lines by the name of their record, in order."""
for _part in _TEXT.split("\n[")[1:]:
    _name, *_lines = _part.strip().splitlines()
    COMMANDS[_name.rstrip("]")] = _lines
