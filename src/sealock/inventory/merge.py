"""Merges the facts of layers into the view of a container.

Facts that a later layer hides stay listed, marked as removed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Final, TypeAlias

from msgspec.structs import replace

from sealock.inventory.facts import ImageFacts, LayerFacts
from sealock.inventory.view import ByteView
from sealock.model.inventory import OF_DISTRIBUTIONS, Distribution, FileFact, Package

DIRECTORIES: Final = frozenset({"world-writable-directory"})
"""Kinds of facts on a directory's own mode."""


_Seen: TypeAlias = tuple[Package, int, bool, tuple[str, ...]]
"""A package as the last layer states it, the first layer with it, whether it is removed, and its files."""


def merge(layers: Sequence[tuple[int, LayerFacts]], *, files: bool = True) -> ImageFacts:
    """Merge layers, each with its number; what a later layer replaces or removes is marked as removed.

    Without `files`, a package keeps only those files that other facts name.

    A database of packages (dpkg's status, apk's installed …) that a later layer rewrites replaces the earlier one:
    its packages are then listed from the later layer, with the layer that first brought each of them.
    """
    named = {fact.path for _, facts in layers for fact in facts.files}
    named.update(_on_disk(package.path) for _, facts in layers for package in facts.packages)
    view = ByteView([facts for _, facts in layers], named)
    packages: dict[tuple[object, ...], _Seen] = {}
    risky: list[FileFact] = []
    distribution: Distribution | None = None
    owners: dict[str, str] = {}
    of_distributions: dict[str, str] = {}
    owned = named.union(path.removeprefix("usr/") for path in named)
    for place, (index, facts) in enumerate(layers):
        for named_by_file in facts.distributions:
            # Only os-release gives a name; debian_version and the like must not displace it.
            if named_by_file.name or distribution is None or not distribution.name:
                distribution = named_by_file
        for fact in facts.files:
            fixed = view.directories.get(fact.path, -1) if fact.kind in DIRECTORIES else -1
            by = max(fixed if fixed > place else -1, view.hidden_by(fact.path, place))
            risky.append(replace(fact, layer=index, removed=by >= 0, removed_in=layers[by][0] if by >= 0 else -1))
        hidden: dict[str, bool] = {}
        for package in facts.packages:
            path = package.path
            if (removed := hidden.get(path)) is None:
                removed = hidden[path] = view.hidden(_on_disk(path), place)
            key = (
                package.type,
                package.namespace,
                package.name,
                package.version,
                package.architecture,
                path,
                package.qualifiers,
            )
            # A package of a later copy of its database came with the first copy, and is present if any is.
            _, first, _, own = packages.get(key, (package, index, False, ()))
            own = package.files or own
            if package.files:
                named_files = owned.intersection(own)
                ours = of_distributions if package.type in OF_DISTRIBUTIONS else owners
                ours.update(dict.fromkeys(named_files, package.name))
                own = own if files else tuple(sorted(named_files))
            packages[key] = package, first, removed, own
    # Debian's python3-scipy owns the files of the scipy in it.
    owners |= of_distributions
    together = (
        replace(package, layer=first, removed=removed, files=own) for package, first, removed, own in packages.values()
    )
    listed = sorted(_unowned(together, owners), key=attrgetter("type", "name", "version", "path"))
    return ImageFacts(
        distribution=distribution,
        packages=tuple(listed),
        files=tuple(_with_owner(fact, owners) for fact in risky),
        sizes=tuple((index, facts.entries, facts.size) for index, facts in layers),
        faults=tuple(facts.faults for _, facts in layers),
        cost=sum(facts.cost for _, facts in layers),
    )


def _with_owner(fact: FileFact, owners: dict[str, str]) -> FileFact:
    owner = _owner(fact.path, owners)
    return replace(fact, owner=owner) if owner else fact


def _owner(path: str, owners: dict[str, str]) -> str:
    """The package that owns a path; lists of packages made before /bin became usr/bin name it without the usr."""
    return owners.get(path) or owners.get(path.removeprefix("usr/"), "")


def _on_disk(path: str) -> str:
    """The file on disk of a package in an archive ("app.jar!/lib/x.jar")."""
    return path.partition("!/")[0]


def _unowned(packages: Iterable[Package], owners: dict[str, str]) -> Iterator[Package]:
    """Leave out shared libraries known by their strings, where a distribution's package owns the file."""
    for package in packages:
        shared = package.type == "generic" and ("linkage", "shared") in package.qualifiers
        if not (shared and _owner(package.path, owners)):
            yield package
