"""What the folder says of the build context: the patterns of .dockerignore, and the names at the top."""

from __future__ import annotations

from typing import Final

from sealock.formats.files import NOTHING, FileRefusedError, FileWindow
from sealock.model.absent import UNKNOWN, UNSET, Maybe
from sealock.model.build import BuildContext
from sealock.model.finding import InputError
from sealock.model.location import Location

_MANY: Final = 1000
"""A folder with more names than this may not have been told in full."""


def read_context(name: str, files: FileWindow, errors: list[InputError]) -> BuildContext:
    """Look at the folder that the Dockerfile stands in, which is the context of most builds."""
    if files is NOTHING:
        return BuildContext()
    entries = files.entries(".")
    if entries is None:
        return BuildContext()
    base = name.replace("\\", "/").rpartition("/")[2]
    for path in (f"{base}.dockerignore", ".dockerignore"):
        if path in entries or (len(entries) >= _MANY and files.fact(path).exists):
            return BuildContext(_patterns(path, files, errors), entries)
    return BuildContext(UNSET, entries)


def _patterns(path: str, files: FileWindow, errors: list[InputError]) -> Maybe[tuple[str, ...]]:
    try:
        text = files.text(path)
    except FileRefusedError as refused:
        errors.append(InputError(f"{path} could not be read: {refused}", Location(path)))
        return UNKNOWN
    return parse_dockerignore(text)


def parse_dockerignore(text: str) -> tuple[str, ...]:
    """The patterns of a .dockerignore: comments and empty lines left out, slashes around them taken off."""
    found = []
    for line in text.removeprefix("\ufeff").splitlines():
        if line.startswith("#"):
            continue
        pattern = line.strip()
        if not pattern:
            continue
        mark = "!" if pattern[0] == "!" else ""
        pattern = pattern.removeprefix("!").strip()
        if len(pattern) > 1:
            pattern = pattern.rstrip("/").removeprefix("./").removeprefix("/") or "/"
        found.append(mark + pattern)
    return tuple(found)
