"""Which packages are still there although a later layer removed or replaced the file that lists them.

Slimming removes package databases, and a database may be moved or edited: what runs are the files. So a package without
a record counts as long as files of it stay that no other package owns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from sealock.inventory.facts import LayerFacts
from sealock.inventory.resolver import Resolver
from sealock.inventory.view import ByteView, last_files, with_directories
from sealock.model.inventory import OF_DISTRIBUTIONS, Package

_SETTINGS: Final = "etc/"
"""Package managers leave changed settings behind when they remove a package."""


class StatedPackage(Struct):
    """A package as the last layer states it.

    `first` is the index of the first layer with it, `place` that of the last in the order of layers; `hidden_by` the
    place of the layer that hides its record, -1 for none. `files` are all that it owns, `listed` those to report.
    """

    package: Package
    first: int
    place: int
    hidden_by: int
    files: tuple[str, ...]
    listed: tuple[str, ...]


class Remains:
    """What stays of the packages whose records are hidden."""

    def __init__(self, layers: Sequence[LayerFacts], view: ByteView, stated: Sequence[StatedPackage]) -> None:
        self._layers, self._view = layers, view
        present = [entry for entry in stated if entry.hidden_by < 0]
        self._records = {entry.package.path for entry in present}
        """The records that list packages."""
        self._names = {_identity(entry.package) for entry in present if entry.package.type in OF_DISTRIBUTIONS}
        self._at = {(entry.package.path, *_identity(entry.package)) for entry in present}
        lost = [entry for entry in stated if entry.hidden_by >= 0 and not self._is_replaced(entry.package)]
        self._lost = {id(entry) for entry in lost}
        files = {path for entry in lost for name in entry.files for path in (name, f"usr/{name}")}
        self._files = self._present(files)
        for entry in present if self._files else ():
            self._files.difference_update(entry.files, [f"usr/{name}" for name in entry.files])
        places = {path for entry in lost if not entry.files for path in _directories(entry.package)}
        self._directories = self._with_files(places)

    def _is_replaced(self, package: Package) -> bool:
        """Whether another record lists the same package, in another version or another database."""
        return _identity(package) in self._names or (package.path, *_identity(package)) in self._at

    def has(self, entry: StatedPackage) -> bool:
        """Whether a package whose record is hidden is still there."""
        package = entry.package
        if id(entry) not in self._lost:
            return False
        if entry.files:
            return any(
                not name.startswith(_SETTINGS) and (name in self._files or f"usr/{name}" in self._files)
                for name in entry.files
            )
        if package.type in OF_DISTRIBUTIONS:
            # Nobody knows its files. A database that still lists others was changed as package managers do.
            return package.path not in self._records
        return not self._directories.isdisjoint(_directories(package))

    def _present(self, files: set[str]) -> set[str]:
        """Those of the files that a container sees, also through links: their directory may have been moved."""
        real = self._real(files)
        there = last_files(self._layers, set(real.values()))
        return {path for path, target in real.items() if target in there}

    def _real(self, paths: set[str]) -> dict[str, str]:
        """Where each path leads; loops are left out."""
        if not paths:
            return {}
        resolver = Resolver(self._layers, self._view)
        links = resolver.visible_links(with_directories(paths))
        through = {path for path in paths if not links.keys().isdisjoint(with_directories((path,)))} if links else set()
        resolved = resolver.resolve_all(sorted(through))
        return {
            **{path: path for path in paths - through},
            **{path: target for path, target in resolved.items() if target is not None},
        }

    def _with_files(self, places: set[str]) -> set[str]:
        """Those directories (or modules) in which a container sees files."""
        real = self._real(places)
        directories = set(real.values())
        inner: dict[str, str] = {}
        nearest: dict[str, str] = {}
        for layer in self._layers if directories else ():
            for part in layer.paths.parts():
                for path in part:
                    above = path.rpartition("/")[0]
                    if (root := nearest.get(above)) is None:
                        root = nearest[above] = _above(above, directories)
                    if path in directories:
                        root = path
                    if root:
                        inner[path] = root
        there = {inner[path] for path in last_files(self._layers, inner)}
        return {place for place, directory in real.items() if directory in there}


def on_disk(path: str) -> str:
    """The file on disk of a package in an archive ("app.jar!/lib/x.jar")."""
    return path.partition("!/")[0]


def _identity(package: Package) -> tuple[str, str, str]:
    return package.type, package.namespace, package.name


def _above(directory: str, roots: set[str]) -> str:
    """The root that a directory is in, "" for none; what is nested in node_modules belongs to other packages."""
    while directory:
        if directory in roots:
            return directory
        directory, _, name = directory.rpartition("/")
        if name == "node_modules":
            return ""
    return ""


def _directories(package: Package) -> Iterator[str]:
    """Where the files of a package lie that no list names: its directory, or its module."""
    above, _, record = package.path.rpartition("/")
    match package.type:
        case "npm" if record == "package.json":
            yield above
        case "gem" if record.endswith(".gemspec"):
            home = above.removesuffix("/default").removesuffix("specifications")
            yield f"{home}gems/{record.removesuffix('.gemspec')}"
        case "composer" if record in {"installed.json", "installed.php"}:
            yield f"{above.removesuffix('composer')}{package.namespace}/{package.name}"
        case "pypi" if "-info" in package.path:
            home = (above if "-info" in above.rpartition("/")[2] else package.path).rpartition("/")[0]
            for name in {package.name, package.name.replace("-", "_")}:
                yield from (f"{home}/{name}", f"{home}/{name}.py")
        case _:
            return
