"""Lock files, by name."""

from __future__ import annotations

import re
from typing import Final

_NAMES: Final = re.compile(
    r"package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lock|"
    r"poetry\.lock|Pipfile\.lock|pylock\.toml|uv\.lock|"
    r"(.*requirements|requirements[-_.](base|build|ci|common|dev|docs|lock|prod|production|test|tests))\.txt|"
    r"Cargo\.lock|go\.mod|Gemfile\.lock|gems\.locked|composer\.lock|packages\.lock\.json"
)
LIMIT: Final = 16 << 20
"""The largest lock file in bytes."""


def is_lock(name: str) -> bool:
    """Whether a file of this name is a lock file."""
    return _NAMES.fullmatch(name) is not None
