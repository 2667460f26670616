"""A package as Composer describes it, in its lock file and among what is installed."""

from __future__ import annotations

from sealock.inventory import _names
from sealock.inventory._data import Table, table, word, words
from sealock.model.inventory import Package


def package(row: Table, path: str, *, development: bool, installed: bool = False) -> Package | None:
    """Make a package of vendor/name; in a lock file, what is to be taken from a directory of the project is none."""
    namespace, name = _names.module(word(row.get("name")).lower())
    version = word(row.get("version"))
    own = not installed and table(row.get("dist")).get("type") == "path"
    if not namespace or not name or not version or own:
        return None
    return Package(
        "composer",
        name,
        version,
        path,
        namespace=namespace,
        licenses=words(row.get("license", [])),
        development=development,
    )
