"""Package.resolved of Swift."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from sealock.inventory import _names
from sealock.inventory._data import decode_json, keyed, listed, table, word
from sealock.inventory.analyzer import AnalyzedFile, FilePatterns
from sealock.inventory.lockfiles._shared import LockFile
from sealock.model.inventory import Package


class SwiftResolved(Struct):
    """Version 1 has its pins in `object`, later ones at the top."""

    object: Any = None
    pins: Any = None


class Swift(LockFile):
    """Swift's lock file: repositories, by host and path."""

    name = "swift lock"
    version = 3
    patterns = FilePatterns(names=("Package.resolved",), limit=8 << 20)
    stated = rb'"version"\s*:\s*(\d+)'
    newest = 3
    marks = (b'"pins"',)

    def packages(self, file: AnalyzedFile, /) -> Iterable[Package]:
        """List the packages."""
        lock = decode_json(file.data, SwiftResolved)
        return packages(lock.pins or keyed(lock.object, "object").get("pins"), file.path)


def packages(pins: object, path: str) -> Iterator[Package]:
    """The packages; one without a version has the revision of its repository."""
    for pin in (keyed(pin, "a pin") for pin in listed(pins, "pins")):
        url = word(pin.get("location")) or word(pin.get("repositoryURL"))
        state = table(pin.get("state"))
        version, revision = word(state.get("version")), word(state.get("revision"))
        host = url.partition("://")[2] or url.partition("@")[2].replace(":", "/", 1)
        authority, _, below = host.partition("/")
        namespace, name = _names.module(f"{authority.rpartition('@')[2]}/{below.removesuffix('.git')}".rstrip("/"))
        if pin.get("kind") == "registry" and not name:
            # "scope.name", from whatever registry is set for the scope.
            namespace, name = "", word(pin.get("identity"))
            if name and version:
                yield Package("swift", name, version, path)
        elif namespace and name and (version or revision):
            origin = () if version else _names.vcs(url, revision)
            yield Package("swift", name, version, path, namespace=namespace, qualifiers=origin)
