"""Merges what layers hold into the view that a container would have.

What a later layer hides is still listed, and said to be removed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeAlias

from msgspec.structs import replace

from sealock.inventory.facts import ImageFacts, LayerFacts
from sealock.inventory.view import ByteView
from sealock.model.inventory import OF_DISTRIBUTIONS, Distribution, FileFact, Package

DIRECTORIES: Final = frozenset({"world-writable-directory"})
"""Kinds of facts on a directory's own mode."""


_Seen: TypeAlias = tuple[Package, int, bool, tuple[str, ...]]
"""What the last layer that has a package tells of it, the first that did, whether it is removed, and its files."""


def merge(layers: Sequence[tuple[int, LayerFacts]], *, files: bool = True) -> ImageFacts:
    """Lay layers, each with its number, over one another: what a later one replaces or removes is marked as removed.

    Without `files`, a package's files are only those that something is told of.

    A database of packages (dpkg's status, apk's installed …) that a later layer writes anew replaces the earlier one:
    its packages are then listed from the later layer, with the layer that first brought each of them.
    """
    told = {fact.path for _, facts in layers for fact in facts.files}
    told.update(_on_disk(package.path) for _, facts in layers for package in facts.packages)
    view = ByteView([facts for _, facts in layers], told)
    packages: dict[tuple[object, ...], _Seen] = {}
    risky: list[FileFact] = []
    distribution: Distribution | None = None
    owners: dict[str, str] = {}
    of_distributions: dict[str, str] = {}
    owned = told.union(path.removeprefix("usr/") for path in told)
    for place, (index, facts) in enumerate(layers):
        for one in facts.distributions:
            # Only os-release gives a name; debian_version and the like must not displace it.
            distribution = one if one.name or distribution is None or not distribution.name else distribution
        for fact in facts.files:
            fixed = view.directories.get(fact.path, -1) if fact.kind in DIRECTORIES else -1
            by = max(fixed if fixed > place else -1, view.hidden_by(fact.path, place))
            risky.append(replace(fact, layer=index, removed=by >= 0, removed_in=layers[by][0] if by >= 0 else -1))
        hidden: dict[str, bool] = {}
        for found in facts.packages:
            path = found.path
            if (removed := hidden.get(path)) is None:
                removed = hidden[path] = view.hidden(_on_disk(path), place)
            key = found.type, found.namespace, found.name, found.version, found.architecture, path, found.qualifiers
            # The same package from a later copy of its database: it came with the first, and is there if any is.
            _, first, _, own = packages.get(key, (found, index, False, ()))
            own = found.files or own
            if found.files:
                told_of = owned.intersection(own)
                ours = of_distributions if found.type in OF_DISTRIBUTIONS else owners
                ours.update(dict.fromkeys(told_of, found.name))
                own = own if files else tuple(sorted(told_of))
            packages[key] = found, first, removed, own
    # Debian's python3-scipy owns the files of the scipy in it.
    owners |= of_distributions
    together = (
        replace(found, layer=first, removed=removed, files=own) for found, first, removed, own in packages.values()
    )
    listed = sorted(_unowned(together, owners), key=lambda one: (one.type, one.name, one.version, one.path))
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
    """The file itself: a package within an archive is written "app.jar!/lib/x.jar"."""
    return path.partition("!/")[0]


def _unowned(packages: Iterable[Package], owners: dict[str, str]) -> Iterator[Package]:
    """Leave out shared libraries known by their strings, where a distribution's package owns the file."""
    for package in packages:
        shared = package.type == "generic" and ("linkage", "shared") in package.qualifiers
        if not (shared and _owner(package.path, owners)):
            yield package
