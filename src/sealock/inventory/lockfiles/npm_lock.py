"""package-lock.json and npm-shrinkwrap.json, versions 1 to 3."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from sealock.inventory._data import decode_json, keyed, word, words
from sealock.inventory.analyzer import AnalyzedFile, FilePatterns
from sealock.inventory.lockfiles import _node
from sealock.inventory.lockfiles._shared import LockFile
from sealock.model.inventory import Package


class NpmLockFile(Struct):
    """Version 1 nests `dependencies`; 3 has `packages` by directory; 2 has both."""

    packages: Any = None
    dependencies: Any = None


class NpmLock(LockFile):
    """npm's lock files."""

    name = "npm lock"
    version = 4
    patterns = FilePatterns(names=("package-lock.json", "npm-shrinkwrap.json"), limit=16 << 20)
    stated = rb'"lockfileVersion"\s*:\s*"?(\d+)'
    newest = 3
    marks = (b'"packages"', b'"dependencies"')

    def packages(self, file: AnalyzedFile, /) -> Iterable[Package]:
        """List the packages."""
        lock = decode_json(file.data, NpmLockFile)
        if packages := keyed(lock.packages, "packages"):
            return by_directory(packages, file.path)
        return nested(lock.dependencies, file.path)


def by_directory(packages: dict[str, object], path: str) -> Iterator[Package]:
    """Versions 2 and 3: what lies in no directory of modules is the project's own."""
    for directory, value in packages.items():
        entry = keyed(value, f"packages[{word(directory)!r}]")
        _, inside, name = directory.rpartition("node_modules/")
        if not inside or entry.get("link") is True:
            continue
        package = _node.package(
            word(entry.get("name")) or word(name),
            word(entry.get("version")),
            path,
            word(entry.get("resolved")),
            development=entry.get("dev") is True,
            optional=entry.get("optional") is True,
        )
        if package:
            yield replace(package, licenses=words(entry.get("license", [])))


def nested(dependencies: object, path: str) -> Iterator[Package]:
    """Version 1: a package that is not from a registry has its source as its version."""
    waiting = [keyed(dependencies, "dependencies")]
    while waiting:
        for key, value in waiting.pop().items():
            entry = keyed(value, f"dependencies[{word(key)!r}]")
            name, version, source = word(key), word(entry.get("version")), word(entry.get("resolved"))
            if version.startswith("npm:"):
                name, version = _node.split(version.removeprefix("npm:"))  # the alias's real name
            elif _node.repository(version):
                source, version = version, ""  # which the repository states, at that commit
            elif "://" in version or _node.is_local(version):
                source, version = version, ""
            package = _node.package(
                name,
                version,
                path,
                source,
                development=entry.get("dev") is True,
                optional=entry.get("optional") is True,
            )
            if package:
                yield package
            waiting.append(keyed(entry.get("dependencies"), f"dependencies of {name}"))
