"""deno.lock, versions 2 to 5."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from sealock.inventory import _names
from sealock.inventory._data import decode_json, keyed, table, word
from sealock.inventory.analyzer import AnalyzedFile, FilePatterns
from sealock.inventory.lockfiles import _node
from sealock.inventory.lockfiles._shared import LockFile
from sealock.model.inventory import Package


class DenoLockFile(Struct):
    """Version 2 has `npm.packages`, 3 has `packages.npm` and `packages.jsr`, 4 and 5 have both at the top."""

    npm: Any = None
    jsr: Any = None
    packages: Any = None


class Deno(LockFile):
    """Deno's lock file: packages of npm and JSR. Modules by URL have no version."""

    name = "deno lock"
    version = 2
    patterns = FilePatterns(names=("deno.lock",), limit=16 << 20)
    stated = rb'"version"\s*:\s*"(\d+)'
    newest = 5
    marks = (b'"npm"', b'"jsr"', b'"remote"', b'"workspace"')

    def packages(self, file: AnalyzedFile, /) -> Iterable[Package]:
        """List the packages."""
        return packages(decode_json(file.data, DenoLockFile), file.path)


def packages(lock: DenoLockFile, path: str) -> Iterator[Package]:
    """The packages of both registries."""
    within = keyed(lock.packages, "packages")
    npm = keyed(within.get("npm"), "packages.npm") or table(keyed(lock.npm, "npm").get("packages")) or table(lock.npm)
    for key in npm:
        # Behind an underscore stand the peers that it was resolved with.
        name, version = _node.split(word(key))
        if package := _node.package(name, version.partition("_")[0], path):
            yield package
    for key in keyed(within.get("jsr"), "packages.jsr") or keyed(lock.jsr, "jsr"):
        name, version = _node.split(word(key))
        namespace, bare = _names.scoped(name)
        if bare and version:
            yield Package("jsr", bare, version, path, namespace=namespace)
