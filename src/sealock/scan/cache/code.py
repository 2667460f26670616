"""Tells the code that makes facts of bytes from any other: what one made is not believed by another."""

from __future__ import annotations

import os
import sys
from functools import cache
from hashlib import sha256
from typing import Final

PACKAGES: Final = ("image", "inventory", "model", "secrets")
"""The analyzers, and all that they import."""


@cache
def fingerprint() -> str:
    """64 hexadecimal digits; "" where the sources are not at hand, and nothing may be kept.

    They are taken of the sources themselves: a number that somebody has to raise is forgotten some day.
    """
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    try:
        return of_sources(root)
    except OSError:
        return ""


def of_sources(root: str) -> str:
    """The fingerprint of the packages in a directory; OSError where they cannot be read."""
    whole = sha256(f"{sys.implementation.cache_tag} {sys.version_info[:3]}".encode())
    for package in PACKAGES:
        for name in _modules(os.path.join(root, package)):
            with open(name, "rb", buffering=0) as file:
                data = file.read()
            whole.update(f"\n{os.path.relpath(name, root)} {len(data)}\n".encode())
            whole.update(data)
    return whole.hexdigest()


def _modules(directory: str) -> list[str]:
    found: list[str] = []
    with os.scandir(directory) as listed:
        for one in listed:
            if one.name.endswith(".py"):
                found.append(one.path)
            elif one.name != "__pycache__" and one.is_dir():
                found += _modules(one.path)
    return sorted(found)
