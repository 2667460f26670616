"""pnpm-lock.yaml, versions 5 to 9."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from sealock.inventory._data import Table, keyed, table, word
from sealock.inventory.analyzer import AnalyzedFile, BrokenFileError, FilePatterns
from sealock.inventory.lockfiles import _node
from sealock.inventory.lockfiles._shared import LockFile, reachable
from sealock.model.inventory import Package

PRODUCTION: Final = ("dependencies", "optionalDependencies")


class Pnpm(LockFile):
    """pnpm's lock file; since version 9 only its graph shows what is for development."""

    name = "pnpm lock"
    version = 5
    patterns = FilePatterns(names=("pnpm-lock.yaml",), limit=16 << 20)
    stated = rb"^lockfileVersion:\s*['\"]?(\d+)"
    newest = 9
    marks = (b"importers:", b"packages:", b"dependencies:")

    def packages(self, file: AnalyzedFile, /) -> Iterable[Package]:
        """List the packages."""
        from sealock.inventory._yaml import documents  # noqa: PLC0415  PyYAML takes 15 ms, and few images have such files

        return (package for document in documents(file.data) for package in packages(table(document), file.path))


def packages(lock: Table, path: str) -> Iterator[Package]:
    """The packages of one document."""
    listed = keyed(lock.get("packages") or None, "packages")
    stated = word(lock.get("lockfileVersion"))
    if listed and not stated:
        message = "has packages and no lockfileVersion, which says how they are written"
        raise BrokenFileError(message)
    old = stated.startswith("5")
    graph = "snapshots" in lock
    needed = production(lock) if graph and table(lock.get("importers")) else None
    snapshots = table(lock.get("snapshots"))
    installed = {bare(key) for key, value in snapshots.items() if table(value).get("optional") != "true"}
    for key, value in listed.items():
        entry = keyed(value or None, f"packages[{key[:100]!r}]")
        name, version = of_slashes(key) if old else of_signs(key)
        resolution = table(entry.get("resolution"))
        repo = word(resolution.get("repo"))
        source = f"git+{repo}#{word(resolution.get('commit'))}" if repo else word(resolution.get("tarball"))
        if resolution.get("type") == "directory" or _node.is_local(version):
            continue
        package = _node.package(
            word(entry.get("name")) or name,
            word(entry.get("version")) or word(version),
            path,
            source or word(version),
            development=entry.get("dev") == "true" if needed is None else key not in needed,
            optional=key not in installed if graph else entry.get("optional") == "true",
        )
        if package:
            yield package


def of_slashes(key: str) -> tuple[str, str]:
    """Versions 5: /@scope/name/1.0.0_peers, perhaps with a registry's host before it."""
    parts = key.partition("/")[2].split("/") if not key.startswith("@") else key.split("/")
    size = 2 if parts[0].startswith("@") else 1
    return "/".join(parts[:size]), "/".join(parts[size:]).partition("_")[0]


def of_signs(key: str) -> tuple[str, str]:
    """Since version 6: /@scope/name@1.0.0(peers), since 9 without the first slash."""
    return _node.split(bare(key).removeprefix("/"))


def bare(key: str) -> str:
    """A key without its resolved peers."""
    return key.partition("(")[0]


def production(lock: Table) -> set[str]:
    """The packages (without peers) that the projects need when they run."""
    snapshots = table(lock.get("snapshots"))

    def edges(key: str) -> Iterator[str]:
        entry = table(snapshots.get(key))
        for part in PRODUCTION:
            for name, version in table(entry.get(part)).items():
                yield reference(snapshots, name, version)

    roots = (
        reference(snapshots, name, table(value).get("version"))
        for project in table(lock.get("importers")).values()
        for part in PRODUCTION
        for name, value in table(table(project).get(part)).items()
    )
    return {bare(key) for key in reachable(roots, edges)}


def reference(snapshots: Table, name: str, version: object) -> str:
    """The key that a dependency means: an alias names it whole, else it is name@version."""
    text = version if isinstance(version, str) else ""
    return text if text in snapshots else f"{name}@{text}"
