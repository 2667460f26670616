"""Identifies the code that makes facts: facts of other code are not used."""

from __future__ import annotations

import os
import sys
from functools import cache
from hashlib import sha256
from typing import Final

PACKAGES: Final = (
    "formats/files.py", "formats/jsonobject.py", "formats/sbom", "image", "inventory", "model", "secrets",
)  # fmt: skip
"""The analyzers, and the readers of formats that they use."""
RENDERERS: Final = (
    "__init__.py", "model", "patterns.py", "reports/__init__.py", "reports/ansi.py", "reports/jsontext.py",
    "reports/page.py", "reports/sbom", "text.py", "vulnerabilities/owners.py",
)  # fmt: skip
"""The formats of SBOMs, and everything that they import."""
LISTERS: Final = (
    *PACKAGES, "errors.py", "formats/__init__.py", "formats/imageconfig.py", "formats/jsonreader.py",
    "formats/jsontree.py", "formats/textedits.py", "modules.py", "patterns.py", "policy/images.py",
    "policy/tables.py", "scan/__init__.py", "scan/cache", "scan/garbage.py", "scan/images",
    "scan/processes.py", "text.py", "zstd.py",
)  # fmt: skip
"""All that makes an inventory of an archive, but for what finds and opens files."""


@cache
def fingerprint() -> str:
    """The digest of the sources, 64 hexadecimal digits; "" if they cannot be read, and nothing may be cached.

    A version number could be forgotten when the code changes.
    """
    return _fingerprint(PACKAGES)


@cache
def renderer_fingerprint() -> str:
    """The same for the code that renders SBOMs."""
    return _fingerprint(RENDERERS)


@cache
def listing_fingerprint() -> str:
    """The same for the code that lists archives."""
    return _fingerprint(LISTERS)


def _fingerprint(parts: tuple[str, ...]) -> str:
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    try:
        return hash_sources(root, parts)
    except OSError:
        return ""


def hash_sources(root: str, parts: tuple[str, ...] = PACKAGES) -> str:
    """The fingerprint of packages and modules in a directory; OSError if they cannot be read."""
    whole = sha256(f"{sys.implementation.cache_tag} {sys.version_info[:3]}".encode())
    for part in parts:
        path = os.path.join(root, part)
        for name in [path] if part.endswith(".py") else _modules(path):
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
