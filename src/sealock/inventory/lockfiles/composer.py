"""composer.lock."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from sealock.inventory._composer import ComposerPackage, package
from sealock.inventory._data import decode_json, entries
from sealock.inventory.analyzer import AnalyzedFile, BrokenFileError, FilePatterns
from sealock.inventory.lockfiles._shared import LockFile
from sealock.model.inventory import Package


class ComposerLock(Struct, rename={"development": "packages-dev"}):
    """The two lists of packages."""

    packages: Any = None
    development: Any = None


class Composer(LockFile):
    """Composer's lock file."""

    name = "composer lock"
    version = 3
    patterns = FilePatterns(names=("composer.lock",), limit=16 << 20)

    def packages(self, file: AnalyzedFile, /) -> Iterable[Package]:
        """List the packages."""
        lock = decode_json(file.data, ComposerLock)
        if lock.packages is None and lock.development is None:
            message = "has no list of packages"
            raise BrokenFileError(message)
        for listed, name, development in ((lock.packages, "packages", False), (lock.development, "packages-dev", True)):
            for record in entries(listed, ComposerPackage, name):
                if (entry := package(record, file.path, development=development)) is not None:
                    yield entry
