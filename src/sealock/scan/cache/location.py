"""The location of the cache."""

from __future__ import annotations

import os
from collections.abc import Mapping


def default_directory(environment: Mapping[str, str]) -> str:
    """$SEALOCK_CACHE_DIR, else a directory in $XDG_CACHE_HOME or in ~/.cache; "" without a home directory."""
    if directory := environment.get("SEALOCK_CACHE_DIR"):
        return os.path.abspath(directory)
    caches = environment.get("XDG_CACHE_HOME", "")
    # The specification says to ignore relative paths.
    if not os.path.isabs(caches):
        home = environment.get("HOME", "")
        if not os.path.isabs(home):
            return ""
        caches = os.path.join(home, ".cache")
    return os.path.join(caches, "sealock", "layers")
