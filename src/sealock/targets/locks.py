"""Lock files, by name."""

from __future__ import annotations

import re
from typing import Final

_NAMES: Final = re.compile(
    r"package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lock|"
    r"poetry\.lock|Pipfile\.lock|pylock\.toml|uv\.lock|"
    r"(.*requirements|requirements[-_.](base|build|ci|common|dev|docs|lock|prod|production|test|tests))\.txt|"
    r"Cargo\.lock|go\.mod|Gemfile\.lock|gems\.locked|composer\.lock|packages\.lock\.json|packages\.config|"
    r"pom\.xml|(buildscript-)?gradle\.lockfile|pubspec\.lock|mix\.lock|pdm\.lock|deno\.lock|Podfile\.lock|"
    r"Package\.resolved|conan\.lock"
)
_OTHERS: Final = re.compile(
    r"paket\.lock|project\.assets\.json|rebar\.lock|bun\.lockb|"
    r"Cartfile\.resolved|renv\.lock|packrat\.lock|luarocks\.lock|.*\.rockspec|flake\.lock|npins\.json|"
    r"conda-lock\.ya?ml|pixi\.lock|vcpkg\.json|Manifest\.toml|stack\.yaml\.lock|cabal\.project\.freeze|"
    r"cpanfile\.snapshot|elm\.json|shard\.lock|v\.mod|gleam\.toml|MODULE\.bazel\.lock|spack\.lock|"
    r"opam\.locked|.*\.opam\.locked|nimble\.lock|Gopkg\.lock|glide\.lock|environment\.ya?ml|setup\.cfg\.lock"
)
LIMIT: Final = 16 << 20
"""The largest lock file in bytes."""


def is_lock(name: str) -> bool:
    """Whether a file of this name is a lock file."""
    return _NAMES.fullmatch(name) is not None


def is_other_lock(name: str) -> bool:
    """Whether it is a lock file that no analyzer of sealock reads."""
    return _OTHERS.fullmatch(name) is not None
