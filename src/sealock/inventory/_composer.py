"""A package as Composer describes it, in its lock file and among what is installed."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from sealock.inventory import _names
from sealock.inventory._data import table, word, words
from sealock.model.inventory import Package


class ComposerPackage(Struct):
    """A package's record."""

    name: str
    version: str
    dist: Any = None
    license: Any = ()


def package(record: ComposerPackage, path: str, *, development: bool, installed: bool = False) -> Package | None:
    """Make a package of vendor/name; in a lock file, what is to be taken from a directory of the project is none."""
    namespace, name = _names.module(word(record.name).lower())
    version = word(record.version)
    own = not installed and table(record.dist).get("type") == "path"
    if not namespace or not name or not version or own:
        return None
    return Package(
        "composer",
        name,
        version,
        path,
        namespace=namespace,
        licenses=words(record.license),
        development=development,
    )
