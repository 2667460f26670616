"""The one place that looks a policy up: sealock.toml in a directory, or in the nearest one above it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

from sealock.errors import PolicyError
from sealock.formats.files import FileRefusedError
from sealock.model.location import Source
from sealock.policy.settings import Policy, read
from sealock.targets.files import read_text

POLICY_FILE: Final = "sealock.toml"


def find_policy(directory: str = ".") -> str:
    """The path of the nearest policy file at or above a directory, "" for none."""
    holder = _nearest(POLICY_FILE, directory, os.path.isfile)
    return os.path.join(holder, POLICY_FILE) if holder else ""


def load_policy(path: str, root: str | None = None) -> Policy:
    """Read a policy file, whose paths start at `root` (default: its own directory); PolicyError where that fails."""
    return read(Source(path, read_policy_text(path)), directory_of(path) if root is None else root)


def directory_of(path: str) -> str:
    """The directory that a policy lies in, as its path spells it."""
    return os.path.dirname(path) or "."


def read_policy_text(path: str) -> str:
    """The text of a policy file or a baseline; PolicyError where it cannot be read."""
    try:
        return read_text(path)
    except FileRefusedError as refusal:
        raise PolicyError(str(refusal)) from None


def root_of(directory: str) -> str:
    """The nearest directory at or above this one with a policy, else the nearest with a .git; "" for neither."""
    return _nearest(POLICY_FILE, directory, os.path.isfile) or _nearest(".git", directory, os.path.exists)


def _nearest(name: str, directory: str, exists: Callable[[str], bool]) -> str:
    """The directory that has an entry of this name: this one, or the nearest above; "" for none."""
    current, below = os.path.abspath(directory), ""
    while current != below:
        if exists(os.path.join(current, name)):
            return current
        current, below = os.path.dirname(current), current
    return ""
