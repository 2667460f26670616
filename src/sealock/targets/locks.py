"""Lock files, by name."""

from __future__ import annotations

import os
from typing import Final

from sealock.model.lockfiles import UNREAD_LOCKS

_PURPOSES: Final = ("base", "build", "ci", "common", "dev", "docs", "lock", "prod", "production", "test", "tests")
_NAMES: Final = frozenset({
    "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "poetry.lock",
    "Pipfile.lock", "pylock.toml", "uv.lock", "Cargo.lock", "go.mod", "Gemfile.lock", "gems.locked",
    "composer.lock", "packages.lock.json", "packages.config", "pom.xml", "pubspec.lock", "mix.lock", "pdm.lock",
    "deno.lock", "Podfile.lock", "Package.resolved", "conan.lock", *(f"pylock.{purpose}.toml" for purpose in _PURPOSES),
})  # fmt: skip
_REQUIREMENTS: Final = frozenset(f"requirements{mark}{purpose}.txt" for mark in "-_." for purpose in _PURPOSES)
LIMIT: Final = 16 << 20
"""The largest lock file in bytes."""


def is_lock(path: str) -> bool:
    """Whether a file of this name, or of this name in a directory `requirements`, is a lock file."""
    name = os.path.basename(path)
    if name in _NAMES or name in _REQUIREMENTS or name.endswith(("requirements.txt", "gradle.lockfile")):
        return True
    return name.endswith(".txt") and os.path.basename(os.path.dirname(os.path.abspath(path))) == "requirements"


def is_other_lock(name: str) -> bool:
    """Whether it is a lock file that no analyzer of sealock reads."""
    return name in UNREAD_LOCKS or name.endswith((".rockspec", ".opam.locked", "Classpath.lockfile"))
