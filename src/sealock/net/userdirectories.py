"""The user's directories: the home, and Docker's configuration with logins, contexts, certificates and trust data."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def home_directory(environment: Mapping[str, str]) -> Path:
    """Return $HOME, else the account's home.

    A user id without an account, as in many containers, has no home. A path that cannot exist stands in for it: a
    relative one would lead to configuration in the working directory, which somebody else may have written.
    """
    home = Path(environment.get("HOME") or os.path.expanduser("~"))  # noqa: PTH111  pathlib's raises without a home
    return home if home.is_absolute() else Path("/nonexistent")


def docker_directory(environment: Mapping[str, str]) -> Path:
    """Return $DOCKER_CONFIG or ~/.docker."""
    given = environment.get("DOCKER_CONFIG")
    return Path(given) if given else home_directory(environment) / ".docker"
