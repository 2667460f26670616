"""Cargo.lock, versions 1 to 4."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from sealock.inventory import _names
from sealock.inventory._data import Table, decode_toml, entries, word
from sealock.inventory.analyzer import AnalyzedFile, FilePatterns
from sealock.inventory.lockfiles._shared import LockFile
from sealock.model.inventory import Package


class CargoPackage(Struct):
    """A `[[package]]`; one without a source belongs to the project."""

    name: str
    version: str
    source: str = ""


class Cargo(LockFile):
    """Cargo's lock file; it does not say what is for development."""

    name = "cargo lock"
    version = 2
    patterns = FilePatterns(names=("Cargo.lock",), limit=8 << 20)
    stated = rb"^version\s*=\s*(\d+)"
    newest = 4
    marks = (b"[[package]]",)

    def packages(self, file: AnalyzedFile, /) -> Iterable[Package]:
        """List the packages."""
        return packages(decode_toml(file.data), file.path)


def packages(lock: Table, path: str) -> Iterator[Package]:
    """The packages, without those of the project itself."""
    for row in entries(lock.get("package"), CargoPackage, "package"):
        name, version, source = word(row.name), word(row.version), word(row.source)
        if name and version and source:
            # git+https://host/name?tag=v1#commit
            address, _, commit = source.partition("#")
            origin = _names.vcs(address.partition("?")[0], commit) if source.startswith("git+") else ()
            yield Package("cargo", name, version, path, qualifiers=origin)
