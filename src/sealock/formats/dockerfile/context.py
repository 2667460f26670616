"""The build context: the patterns of .dockerignore, and the entries at the top."""

from __future__ import annotations

from typing import Final

from sealock.formats.files import NOTHING, FileRefusedError, FileWindow
from sealock.model.absent import UNKNOWN, UNSET, Maybe
from sealock.model.build import BuildContext
from sealock.model.finding import InputError
from sealock.model.location import Location

_MAX_ENTRIES: Final = 1000
"""The listing of a directory with more entries may be incomplete."""
_MAX_PATTERNS: Final = 1000


def read_context(name: str, files: FileWindow, errors: list[InputError]) -> BuildContext:
    """Read the context from the Dockerfile's directory, which is the context of most builds."""
    if files is NOTHING:
        return BuildContext()
    entries = files.entries(".")
    if entries is None:
        return BuildContext()
    base = name.replace("\\", "/").rpartition("/")[2]
    for path in (f"{base}.dockerignore", ".dockerignore"):
        if path in entries or (len(entries) >= _MAX_ENTRIES and files.fact(path).exists):
            return BuildContext(_patterns(path, files, errors), entries)
    return BuildContext(UNSET, entries)


def _patterns(path: str, files: FileWindow, errors: list[InputError]) -> Maybe[tuple[str, ...]]:
    try:
        text = files.text(path)
    except FileRefusedError as refused:
        errors.append(InputError(f"{path} could not be read: {refused}", Location(path)))
        return UNKNOWN
    patterns = parse_dockerignore(text)
    if len(patterns) > _MAX_PATTERNS:
        errors.append(InputError(f"{path} has more than {_MAX_PATTERNS} patterns, the limit", Location(path)))
        return UNKNOWN
    return patterns


def parse_dockerignore(text: str) -> tuple[str, ...]:
    """The patterns of a .dockerignore, without comments, empty lines and surrounding slashes."""
    patterns = []
    for line in text.removeprefix("\ufeff").splitlines():
        if line.startswith("#"):
            continue
        pattern = line.strip()
        if not pattern:
            continue
        negation = "!" if pattern[0] == "!" else ""
        pattern = pattern.removeprefix("!").strip()
        if len(pattern) > 1:
            pattern = pattern.rstrip("/").removeprefix("./").removeprefix("/") or "/"
        patterns.append(negation + pattern)
    return tuple(patterns)
