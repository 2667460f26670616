"""Walks a directory for files that sealock reads. It follows no symbolic link, so it neither loops nor leaves."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from typing import Final

from sealock.formats.files import FileRefusedError
from sealock.targets.files import read_start
from sealock.targets.locks import is_lock

SKIPPED: Final = frozenset({
    ".git", ".hg", ".svn", "node_modules", ".venv", "venv", "__pycache__", ".tox", ".nox", ".mypy_cache", ".ruff_cache",
    ".pytest_cache", ".terraform", "site-packages", ".cache",
})  # fmt: skip
"""Directories of third-party or generated files."""

_CERTAIN: Final = re.compile(
    r"(.*[._-])?(docker|container)file([._-].*)?|(.*[._-])?(docker-)?compose([._-].*)?\.ya?ml", re.IGNORECASE
)
_SOURCE_CODE: Final = re.compile(
    r".*\.(py|go|js|ts|rb|rs|java|json|html|md|txt|dockerignore|orig|rej|bak|swp|tmpl|tpl|template|in|j2|jinja2?|erb)"
    r"|.*~",
    re.IGNORECASE,
)
_PEEK: Final = re.compile(
    r".*\.(ya?ml|sh|bash|zsh|ksh|mk|service|md|markdown)|(gnu)?makefile|[^.]+|\.gitlab-ci\.yml", re.IGNORECASE
)
_WORTH: Final = re.compile(rb"\b(docker|podman|nerdctl)\b[^\n]*\b(run|create)\b|^services[ \t]*:", re.MULTILINE)
PEEK_LIMIT: Final = 1 << 20
"""How many bytes of a file are searched where its name does not say what it is."""
_OVERRIDE: Final = re.compile(r"(docker-)?compose\.override\.ya?ml")
_LISTS_FILES: Final = re.compile(rb"^[ \t]*(export[ \t]+)?COMPOSE_FILE[ \t]*[=:]", re.MULTILINE)


def walk(
    root: str,
    excluded: Callable[[str], bool],
    report: Callable[[str, str], None],
    also: re.Pattern[bytes] | None = None,
) -> Iterator[str]:
    """Yield, in order of path, each file below `root` that sealock may read.

    `excluded` decides whether a path relative to `root` is left out; `report` gets each path that could not be read,
    and why. With `also`, a file that contains it counts too. A .env file is yielded where it names compose files.
    """
    folders = [""]
    while folders:
        directory = folders.pop()
        below: list[str] = []
        files: list[str] = []
        try:
            with os.scandir(os.path.join(root, directory)) as entries:
                for entry in entries:
                    name = f"{directory}{entry.name}"
                    if entry.is_dir(follow_symlinks=False):
                        if entry.name not in SKIPPED and not excluded(name):
                            below.append(name + "/")
                    elif entry.is_file(follow_symlinks=False) and _may_be(entry.name) and not excluded(name):
                        files.append(name)
        except OSError as error:
            report(os.path.join(root, directory), error.strerror or str(error))
            continue
        for name in sorted(files):
            if _worth(os.path.join(root, name), report, also):
                yield os.path.join(root, name)
        folders += sorted(below, reverse=True)


def is_override(name: str) -> bool:
    """Whether a name is that of an override file that Compose merges by default."""
    return _OVERRIDE.fullmatch(name) is not None


def is_file(path: str) -> bool:
    """Whether a path is what the walk reads: a regular file, and no symbolic link to one."""
    return os.path.isfile(path) and not os.path.islink(path)


def _is_named(name: str) -> bool:
    """Whether the name is that of a lock file or of the engine's settings."""
    return name == "daemon.json" or is_lock(name)


def _may_be(name: str) -> bool:
    if _is_named(name) or name == ".env":
        return True
    return bool(_CERTAIN.fullmatch(name) or _PEEK.fullmatch(name)) and not (
        _CERTAIN.fullmatch(name) and _SOURCE_CODE.fullmatch(name)
    )


def _worth(path: str, report: Callable[[str, str], None], also: re.Pattern[bytes] | None) -> bool:
    """Whether sealock reads a file, by its name or its first bytes."""
    name = os.path.basename(path)
    if _CERTAIN.fullmatch(name) or _is_named(name):
        return True
    try:
        data = read_start(path, PEEK_LIMIT)
    except FileRefusedError as error:
        report(path, str(error).removeprefix(f"{path} could not be read: "))
        return False
    if name == ".env":
        return also is None and _LISTS_FILES.search(data) is not None
    if "." not in name and not name.lower().endswith("makefile") and not data.startswith(b"#!"):
        return False
    if b"\0" in data[:4096]:
        return False
    return _WORTH.search(data) is not None or (also is not None and also.search(data) is not None)
