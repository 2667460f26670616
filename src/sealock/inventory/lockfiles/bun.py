"""bun.lock, which is JSON with trailing commas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from msgspec import Struct

from sealock.inventory._data import Table, decode_json, keyed, listed, rows, table, word
from sealock.inventory.analyzer import AnalyzedFile, FilePatterns
from sealock.inventory.lockfiles import _node
from sealock.inventory.lockfiles._shared import LockFile, reachable
from sealock.model.inventory import Package

PRODUCTION: Final = ("dependencies", "optionalDependencies", "peerDependencies")

PLATFORM: Final = frozenset({"os", "cpu", "libc"})
"""What a package that is for some platforms alone has."""
DEEPEST: Final = 64
"""Maximum slashes in the directory of a package whose dependencies are searched in the directories around it."""


class BunLock(Struct):
    """`packages` are by the directory that they are put in ("a", "a/b"): ["name@version", ..., {their needs}, ...]."""

    workspaces: Any = None
    packages: Any = None


class Bun(LockFile):
    """Bun's lock file; its graph shows what is for development."""

    name = "bun lock"
    version = 5
    patterns = FilePatterns(names=("bun.lock",), limit=16 << 20)
    stated = rb'"lockfileVersion"\s*:\s*(\d+)'
    newest = 1
    marks = (b'"packages"',)

    def packages(self, file: AnalyzedFile, /) -> Iterable[Package]:
        """List the packages."""
        lock = decode_json(strict(file.data), BunLock)
        return packages(keyed(lock.packages, "packages"), table(lock.workspaces), file.path)


def packages(entries: Table, workspaces: Table, path: str) -> Iterator[Package]:
    """The packages, without those of the project itself."""
    needed = production(entries, workspaces) if workspaces else set(entries)
    for key, value in entries.items():
        row = listed(value, f"packages[{word(key)!r}]")
        name, version = _node.split(word(row[0]) if row else "")
        source = version = version.removeprefix("npm:")
        if _node.repository(version) or "://" in version:
            version = ""
        optional = any(table(entry).keys() & PLATFORM for entry in row[1:3])
        package = _node.package(name, version, path, source, development=key not in needed, optional=optional)
        if package:
            yield package


def production(entries: Table, workspaces: Table) -> set[str]:
    """The directories of all that the projects need when they run."""

    def edges(key: str) -> Iterator[str]:
        row = rows(entries.get(key))
        for needs in map(table, row[1:3]):
            for part in PRODUCTION:
                yield from filter(None, (place(entries, key, name) for name in table(needs.get(part))))

    roots = (
        place(entries, word(table(project).get("name")) if directory else "", name)
        for directory, project in workspaces.items()
        for part in PRODUCTION
        for name in table(table(project).get(part))
    )
    return reachable(filter(None, roots), edges)


def place(entries: Table, key: str, name: str) -> str:
    """The key of a dependency: in the package's own directory, or the nearest one above."""
    while key and key.count("/") < DEEPEST:
        if f"{key}/{name}" in entries:
            return f"{key}/{name}"
        key = key.rpartition("/")[0]
    return name if name in entries else ""


def strict(data: bytes) -> bytes:
    """JSON without the commas that stand before a closing bracket."""
    # Strings are the odd parts once escaped quotes are out of the way; in the even ones only spaces separate.
    parts = data.replace(b"\\\\", b"\0\1").replace(b'\\"', b"\0\2").split(b'"')
    for index in range(0, len(parts), 2):
        if b"," in parts[index]:
            squeezed = b"".join(parts[index].split())
            parts[index] = squeezed.replace(b",}", b"}").replace(b",]", b"]")
    return b'"'.join(parts).replace(b"\0\2", b'\\"').replace(b"\0\1", b"\\\\")
