"""Lists the packages of a lock file."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from msgspec.structs import replace

import sealock.inventory.lockfiles
from sealock.inventory.analyzer import AnalyzedFile, BrokenFileError
from sealock.inventory.lockfiles._shared import LockFile
from sealock.inventory.lockfiles.requirements import Requirements, lines, requirement
from sealock.inventory.selection import Selection
from sealock.model.container import Container
from sealock.model.document import Document
from sealock.model.finding import InputError
from sealock.model.inventory import Inventory, Package
from sealock.model.location import Location, Source
from sealock.modules import within


def _unpinned(source: Source) -> Iterator[Package]:
    """The requirements without a pinned version: whether the version that pip installs is affected is unknown."""
    for line in lines(source.text):
        if line[:1].isalnum() and "://" not in line and requirement(line, source.name) is None:
            size = next((at for at, sign in enumerate(line) if not (sign.isalnum() or sign in "-_.")), len(line))
            yield Package("pypi", line[:size], "", source.name)


@cache
def readers() -> tuple[LockFile, ...]:
    """Every analyzer of lock files, without loading the other analyzers."""
    return tuple(
        var()
        for module in within(sealock.inventory.lockfiles)
        for var in vars(module).values()
        if isinstance(var, type)
        and issubclass(var, LockFile)
        and var.__module__ == module.__name__
        and not var.__abstractmethods__
    )


def lock_file(source: Source) -> tuple[Document, Inventory]:
    """Read a lock file; what cannot be read is an error."""
    # Only the file's name: a path that analyzers ignore does not matter for a file that the user named.
    name = source.name.replace("\\", "/").rpartition("/")[2]
    file = AnalyzedFile(name, source.text.encode("utf-8", "surrogatepass"))
    packages: list[Package] = []
    errors: list[InputError] = []
    for analyzer in Selection(readers()).by_path(name):
        try:
            facts = analyzer.read(file)
            packages += [replace(fact, path=source.name) for fact in facts if isinstance(fact, Package)]
            if isinstance(analyzer, Requirements):
                packages += _unpinned(source)
        except BrokenFileError as broken:
            errors.append(InputError(f"{analyzer.name}: {broken}", Location(source.name)))
    listed = tuple(
        sorted(packages, key=lambda package: (package.type, package.namespace, package.name, package.version))
    )
    inventory = Inventory(
        (source.name,), "", "", (), Container(), None, listed, unseen=("files", "layers", "container")
    )
    return Document("inventory", {"": source}, (), tuple(errors)), inventory
