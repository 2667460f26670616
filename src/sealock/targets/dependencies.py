"""Files that declare dependencies: without a lock file, nobody can say which versions are installed."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from sealock.patterns import compile_lazily


class _Declaration(Struct, frozen=True):
    """A file that declares dependencies: the patterns of its name and its text, and the lock files that go with it.

    `{stem}` in the name of a lock file is the file's own name without its ending.
    """

    name: re.Pattern[str]
    text: re.Pattern[bytes]
    locks: tuple[str, ...] = ()


def _declaration(name: str, text: str, *locks: str) -> _Declaration:
    return _Declaration(compile_lazily(name), compile_lazily(text.encode(), re.MULTILINE), locks)


_ANY: Final = r"^[ \t]*[^#;\s]"
_DECLARATIONS: Final = (
    _declaration(r".*requirements.*\.in", _ANY, "{stem}.txt"),
    _declaration(r"constraints.*\.txt", _ANY),
    _declaration(r"Pipfile", r"^\[(?:dev-)?packages\]", "Pipfile.lock"),
    _declaration(
        r"pyproject\.toml",
        r"^(?:dependencies[ \t]*=[ \t]*\[\s*[\"']|\[(?:tool\.poetry\.(?:[\w.-]+\.)?dependencies|dependency-groups"
        r"|project\.optional-dependencies)\])",
        "poetry.lock", "uv.lock", "pdm.lock", "pylock.toml", "pixi.lock", "requirements.txt",
    ),
    _declaration(r"setup\.cfg", r"^(?:install_requires|setup_requires)[ \t]*=", "requirements.txt"),
    _declaration(
        r"package\.json",
        r"\"(?:dependencies|devDependencies|optionalDependencies)\"\s*:\s*\{\s*\"",
        "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "bun.lockb",
    ),
    _declaration(r"deno\.jsonc?", r"\"imports\"\s*:\s*\{\s*\"", "deno.lock"),
    _declaration(r"Cargo\.toml", r"^\[(?:[^\]\n]+\.)?(?:dev-|build-)?dependencies(?:\.[^\]\n]+)?\]", "Cargo.lock"),
    _declaration(r"composer\.json", r"\"require(?:-dev)?\"\s*:\s*\{\s*\"", "composer.lock"),
    _declaration(r"Gemfile|gems\.rb", r"^[ \t]*gem[ \t(]", "Gemfile.lock", "gems.locked"),
    _declaration(r".*\.gemspec", r"\badd_(?:runtime_|development_)?dependency\b", "Gemfile.lock"),
    _declaration(
        r"build\.gradle|libs\.versions\.toml",
        r"\b(?:dependencies[ \t]*\{|module[ \t]*=|group[ \t]*=)|^\[libraries\]",
        "gradle.lockfile", "buildscript-gradle.lockfile",
    ),
    _declaration(r"pubspec\.yaml", r"^(?:dev_)?dependencies:[ \t]*\r?$", "pubspec.lock"),
    _declaration(r"Podfile", r"^[ \t]*pod[ \t(]", "Podfile.lock"),
    _declaration(r"conanfile\.txt", r"^\[requires\]", "conan.lock"),
    _declaration(r".*\.(?:cs|fs|vb)proj", r"<PackageReference\b", "packages.lock.json", "packages.config"),
)  # fmt: skip
_NAME: Final = compile_lazily("|".join(f"(?:{declaration.name.pattern})" for declaration in _DECLARATIONS))
"""The name of any of them: a walk asks this of each file that it opens."""


def lacks_lock(path: str, root: str, data: bytes) -> bool:
    """Whether a file below a root declares dependencies, and no lock file of its kind is next to it or above it."""
    base = path.rpartition("/")[2]
    if _NAME.fullmatch(base) is None:
        return False
    for declaration in _DECLARATIONS:
        if declaration.name.fullmatch(base) is not None:
            return declaration.text.search(data) is not None and not any(
                os.path.lexists(directory + lock.format(stem=base.rpartition(".")[0]))
                for directory in _directories(path, root)
                for lock in declaration.locks
            )
    return False


def _directories(path: str, root: str) -> Iterator[str]:
    """The directories of a file from its own up to a root that ends in a slash, each with a slash at the end."""
    directory = path[: path.rfind("/") + 1]
    while directory.startswith(root):
        yield directory
        directory = directory[: directory.rstrip("/").rfind("/") + 1]
