"""Where the cache is."""

from __future__ import annotations

import os
from collections.abc import Mapping


def default_directory(environment: Mapping[str, str]) -> str:
    """$SEALOCK_CACHE_DIR, else a directory in $XDG_CACHE_HOME or in ~/.cache; "" where there is no home either."""
    if given := environment.get("SEALOCK_CACHE_DIR"):
        return os.path.abspath(given)
    caches = environment.get("XDG_CACHE_HOME", "")
    # The specification has relative paths passed over.
    if not os.path.isabs(caches):
        home = environment.get("HOME", "")
        if not os.path.isabs(home):
            return ""
        caches = os.path.join(home, ".cache")
    return os.path.join(caches, "sealock", "layers")
