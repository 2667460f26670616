"""The files of a compose project, looked up in a directory as `docker compose` does without -f."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct

from sealock.formats.compose import dotenv
from sealock.formats.compose.includes import included_names
from sealock.formats.files import FileRefusedError
from sealock.model.location import Source
from sealock.targets.directory import DirectoryWindow

DEFAULT_NAMES: Final = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
OVERRIDE_NAMES: Final = (
    "compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml",
)  # fmt: skip
_LIST: Final = "COMPOSE_FILE"
_SEPARATOR: Final = "COMPOSE_PATH_SEPARATOR"
_MOST_INCLUDED: Final = 1000
"""Files that a project may include, as many as are read of it."""


class ComposeFiles(Struct, frozen=True):
    """The paths of a project's files, in the order in which they are merged; () where there is no project.

    `listed` marks those that COMPOSE_FILE names, and `variables` are those of the .env file that does.
    """

    paths: tuple[str, ...] = ()
    listed: bool = False
    variables: Mapping[str, str] = {}


def find_compose_files(window: DirectoryWindow) -> ComposeFiles:
    """Return the files that `docker compose` loads in a window's directory, without looking at directories above it.

    COMPOSE_FILE counts in .env; in the environment only for the working directory, to which its paths are relative.
    """
    directory = window.directory
    in_working_directory = os.path.realpath(directory) == os.path.realpath(os.curdir)
    environment = window.environment if in_working_directory else {}
    variables = {} if _LIST in environment else _variables(window)
    known = {**variables, **environment}
    if (listed := known.get(_LIST)) is not None:
        paths = listed.split(known.get(_SEPARATOR) or os.pathsep)
        return ComposeFiles(tuple(_join(directory, path) for path in paths), listed=True, variables=variables)
    bases = [path for name in DEFAULT_NAMES if os.path.exists(path := _join(directory, name))]
    overrides = [path for name in OVERRIDE_NAMES if os.path.exists(path := _join(directory, name))]
    return ComposeFiles((bases[0], *overrides[:1])) if bases else ComposeFiles()


def find_above(directory: str) -> str | None:
    """Return the compose file that `docker compose` loads in a directory without one: that of a directory above."""
    directory = os.path.realpath(directory)
    while (parent := os.path.dirname(directory)) != directory:
        directory = parent
        for name in DEFAULT_NAMES:
            if os.path.exists(path := os.path.join(directory, name)):
                return os.path.relpath(path)
    return None


def read_overrides(path: str, window: DirectoryWindow) -> tuple[tuple[Source, ...], tuple[tuple[str, str], ...]]:
    """Read the files that `docker compose` merges over a compose file; also returns those refused, with the reason.

    There are none where the file is not the first of the project that its directory has.
    """
    files = find_compose_files(window)
    return read_files(files.paths[1:], window) if _is_first(path, files) else ((), ())


def is_project(path: str, window: DirectoryWindow) -> bool:
    """Whether a compose file is the first of its directory's project: `docker compose` reads it without -f."""
    return _is_first(path, find_compose_files(window))


def read_files(
    paths: tuple[str, ...], window: DirectoryWindow
) -> tuple[tuple[Source, ...], tuple[tuple[str, str], ...]]:
    """Read a project's files; also returns those refused, with the reason."""
    sources, refused = [], []
    for path in paths:
        try:
            sources.append(Source(path, window.text(os.path.relpath(path, window.directory))))
        except FileRefusedError as refusal:
            refused.append((path, str(refusal)))
    return tuple(sources), tuple(refused)


class IncludedFiles:
    """The files that the projects of a walk include, looked up in the directories above each that is asked for.

    `reads` says whether the walk reads a file: what includes others and is not read evaluates nothing.
    """

    def __init__(self, top: str, environment: Mapping[str, str], reads: Callable[[str], bool]) -> None:
        self._top = os.path.realpath(top)
        self._environment = environment
        self._reads = reads
        self._known: dict[str, frozenset[str]] = {}

    def __contains__(self, path: str) -> bool:
        """Whether the project of a directory above a file, or of its own, includes the file."""
        real = os.path.realpath(path)
        directory = os.path.dirname(real)
        while True:
            if directory not in self._known:
                self._known[directory] = self._of(directory)
            if real in self._known[directory]:
                return True
            if directory in {self._top, os.path.dirname(directory)}:
                return False
            directory = os.path.dirname(directory)

    def _of(self, directory: str) -> frozenset[str]:
        """The files that the project of a directory includes, and those that these include."""
        window = DirectoryWindow(directory, self._top, self._environment)
        files = find_compose_files(window).paths
        if not files or not self._reads(os.path.relpath(files[0])):
            return frozenset()
        pending, found = [os.path.realpath(path) for path in files], set[str]()
        while pending and len(found) < _MOST_INCLUDED:
            path = pending.pop()
            try:
                text = window.text(os.path.relpath(path, directory))
            except FileRefusedError:
                continue
            names = {os.path.realpath(_join(os.path.dirname(path), name)) for name in included_names(text)}
            pending += names - found
            found |= names
        return frozenset(found.difference(map(os.path.realpath, files)))


def _is_first(path: str, files: ComposeFiles) -> bool:
    return bool(files.paths) and os.path.realpath(files.paths[0]) == os.path.realpath(path)


def _variables(window: DirectoryWindow) -> dict[str, str]:
    """The variables of the directory's .env file, where it names compose files."""
    try:
        text = window.text(".env")
    except FileRefusedError:
        return {}
    if _LIST not in text:
        return {}
    lines, _ = dotenv.parse(text, window.environment)
    return {name: value for name, value, _ in lines if value is not None}


def _join(directory: str, path: str) -> str:
    return os.path.normpath(os.path.join(directory, path))
