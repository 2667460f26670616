"""Identifies the code that makes facts: facts of other code are not used."""

from __future__ import annotations

import os
import sys
from functools import cache
from hashlib import sha256
from typing import Final

PACKAGES: Final = ("formats", "image", "inventory", "model", "secrets")
"""The analyzers, and everything that they import."""


@cache
def fingerprint() -> str:
    """The digest of the sources, 64 hexadecimal digits; "" if they cannot be read, and nothing may be cached.

    A version number could be forgotten when the code changes.
    """
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    try:
        return hash_sources(root)
    except OSError:
        return ""


def hash_sources(root: str) -> str:
    """The fingerprint of the packages in a directory; OSError if they cannot be read."""
    whole = sha256(f"{sys.implementation.cache_tag} {sys.version_info[:3]}".encode())
    for package in PACKAGES:
        for name in _modules(os.path.join(root, package)):
            with open(name, "rb", buffering=0) as file:
                data = file.read()
            whole.update(f"\n{os.path.relpath(name, root)} {len(data)}\n".encode())
            whole.update(data)
    return whole.hexdigest()


def _modules(directory: str) -> list[str]:
    modules: list[str] = []
    with os.scandir(directory) as listed:
        for entry in listed:
            if entry.name.endswith(".py"):
                modules.append(entry.path)
            elif entry.name != "__pycache__" and entry.is_dir():
                modules += _modules(entry.path)
    return sorted(modules)
