"""Merges the facts of layers into the view of a container.

Facts that a later layer hides stay listed, marked as removed.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from sealock.inventory.facts import ImageFacts, LayerFacts, StatedDistribution
from sealock.inventory.remains import Remains, StatedPackage, on_disk
from sealock.inventory.reread import Reread
from sealock.inventory.view import ByteView
from sealock.model.inventory import MAIN_PROGRAMS, OF_DISTRIBUTIONS, Distribution, FileFact, Package

DIRECTORIES: Final = frozenset({"world-writable-directory"})
"""Kinds of facts on a directory's own mode."""


_FIRST: Final = "composer/installed.json"
_SECOND: Final = "composer/installed.php"
"""A record that repeats what the first one beside it says, where that is there."""


class LinkedFacts(Struct):
    """Facts of the files of a layer that links lead to, under the paths of the links, and how they were scanned."""

    facts: LayerFacts
    reread: Reread


def view_layers(layers: Sequence[LayerFacts], more: Iterable[str] = ()) -> ByteView:
    """The layers over one another, for the paths of their facts, and more."""
    named = set[str]().union(*map(_named, layers))
    stated = (distribution.path for layer in layers for distribution in layer.distributions)
    return ByteView(layers, named, (*more, *stated))


def merge(
    layers: Sequence[tuple[int, LayerFacts]],
    *,
    files: bool = True,
    view: ByteView | None = None,
    linked: Mapping[int, LinkedFacts] | None = None,
) -> ImageFacts:
    """Merge layers, each with its number; what a later layer replaces or removes is marked as removed.

    `view` is what `view_layers` makes of them; `linked` has further facts, by the place of the layer.

    Without `files`, a package keeps only those files that other facts name.

    A database of packages (dpkg's status, apk's installed …) that a later layer rewrites replaces the earlier one:
    its packages are then listed from the later layer, with the layer that first brought each of them.
    """
    laid = [facts for _, facts in layers]
    merger = _Merger(layers, view or view_layers(laid), linked or {}, files=files)
    for place, (index, facts) in enumerate(layers):
        merger.add(place, index, facts)
    packages, owners = merger.packages(), merger.owners()
    listed = sorted(
        _installed(_once(_unowned(packages, merger.of_distributions))),
        key=attrgetter("type", "name", "version", "path"),
    )
    return ImageFacts(
        distribution=merger.distribution(),
        packages=tuple(listed),
        files=tuple(_with_owner(fact, owners) for fact in merger.risky),
        sizes=tuple((index, facts.entries, facts.size) for index, facts in layers),
        faults=tuple(
            (*facts.faults, *(linked[place].facts.faults if linked and place in linked else ()))
            for place, facts in enumerate(laid)
        ),
        cost=sum(facts.cost for facts in laid),
    )


class _Merger:
    """The state of merging, layer by layer."""

    def __init__(
        self,
        layers: Sequence[tuple[int, LayerFacts]],
        view: ByteView,
        linked: Mapping[int, LinkedFacts],
        *,
        files: bool,
    ) -> None:
        self.layers, self.view, self.linked, self.files = layers, view, linked, files
        self.risky: list[FileFact] = []
        self._distributions: list[tuple[bool, int, StatedDistribution]] = []
        """Whether a container does not see the file, the place of the layer before all others, and what it says."""
        self._stated: dict[tuple[object, ...], StatedPackage] = {}
        self._owners: dict[str, str] = {}
        self.of_distributions: dict[str, str] = {}
        """The distribution's package that owns each file."""
        self._owned = {*view.named, *(path for more in linked.values() for path in _named(more.facts))}
        self._owned.update([path.removeprefix("usr/") for path in self._owned])

    def add(self, place: int, index: int, facts: LayerFacts) -> None:
        """Add the next layer, with what links lead to in it."""
        view, linked = self.view, self.linked.get(place)
        replaced, moved = (linked.reread.replaced, _moved(linked)) if linked else (set[str](), set[str]())
        for fact in facts.files:
            if fact.path in replaced:
                continue
            fixed = view.directories.get(fact.path, -1) if fact.kind in DIRECTORIES else -1
            by = max(fixed if fixed > place else -1, view.hidden_by(fact.path, place))
            removed_in = self.layers[by][0] if by >= 0 else -1
            self.risky.append(replace(fact, layer=index, removed=by >= 0, removed_in=removed_in))
        hidden: dict[str, int] = {}
        for package in facts.packages:
            path = package.path
            by = hidden.get(path, -2)
            if by == -2:
                by = hidden[path] = view.hidden_by(on_disk(path), place)
            if on_disk(path) not in moved:
                self.add_package(package, place, index, by)
        self.add_distributions(place, facts, frozenset())
        if linked:
            self.add_linked(place, index, facts, linked)

    def add_linked(self, place: int, index: int, facts: LayerFacts, linked: LinkedFacts) -> None:
        """Add what links lead to in a layer, but not what is known of the same file under its own path."""
        reread = linked.reread
        own = {other: path for path, others in reread.names.items() if path not in reread.replaced for other in others}
        known = {_file_key(fact, fact.path) for fact in facts.files}
        for fact in linked.facts.files:
            if known.isdisjoint({_file_key(fact, fact.path), _file_key(fact, own.get(fact.path, ""))}):
                self.risky.append(replace(fact, layer=index, removed=fact.path in reread.hidden))
        packages = {_package_key(package, package.path) for package in facts.packages}
        for package in linked.facts.packages:
            path = on_disk(package.path)
            if path not in own or _package_key(package, own[path] + package.path[len(path) :]) not in packages:
                by = max(self.view.hidden_by(path, place), place) if path in reread.hidden else -1
                self.add_package(package, place, index, by)
        self.add_distributions(place, linked.facts, reread.hidden)

    def add_distributions(self, place: int, facts: LayerFacts, hidden: Container[str]) -> None:
        """Take the distributions that a layer names."""
        for stated in facts.distributions:
            is_hidden = stated.path in hidden or self.view.hidden(stated.path, place)
            self._distributions.append((is_hidden, -place if is_hidden else 0, stated))

    def distribution(self) -> Distribution | None:
        """The distribution by the best of the files that a container sees; where all were removed, by the last."""
        best = min(self._distributions, key=lambda each: (*each[:2], each[2].rank), default=None)
        return best[2].plain() if best else None

    def add_package(self, package: Package, place: int, index: int, hidden_by: int) -> None:
        """Add a package. One of a later copy of its database came with the first copy, and is present if any is."""
        key = (
            package.type,
            package.namespace,
            package.name,
            package.version,
            package.architecture,
            package.path,
            package.qualifiers,
        )
        before = self._stated.get(key)
        own = package.files or (before.files if before else ())
        listed = own
        if package.files:
            named_files = self._owned.intersection(own)
            ours = self.of_distributions if package.type in OF_DISTRIBUTIONS else self._owners
            ours.update(dict.fromkeys(named_files, package.name))
            listed = own if self.files else tuple(sorted(named_files))
        elif before:
            listed = before.listed
        self._stated[key] = StatedPackage(package, before.first if before else index, place, hidden_by, own, listed)

    def packages(self) -> Iterator[Package]:
        """The packages. One whose record is hidden is still there if its files are."""
        entries = list(self._stated.values())
        is_any_hidden = any(stated.hidden_by >= 0 for stated in entries)
        remains = Remains([facts for _, facts in self.layers], self.view, entries) if is_any_hidden else None
        for stated in entries:
            hidden_by = stated.hidden_by
            stays = remains is not None and hidden_by >= 0 and remains.has(stated)
            yield replace(
                stated.package,
                layer=stated.first,
                removed=hidden_by >= 0 and not stays,
                record_removed_in=self.layers[hidden_by][0] if stays else -1,
                files=stated.listed,
            )

    def owners(self) -> dict[str, str]:
        """The owner of each file; Debian's python3-scipy owns the files of the scipy in it."""
        return self._owners | self.of_distributions


def _moved(linked: LinkedFacts) -> set[str]:
    """The removed paths whose packages are listed under another name of the file that stays."""
    listed = {on_disk(package.path) for package in linked.facts.packages}
    return {path for path in linked.reread.replaced if not listed.isdisjoint(linked.reread.names[path])}


def _file_key(fact: FileFact, path: str) -> tuple[str, str, int, str]:
    return fact.kind, path, fact.line, fact.mark


def _package_key(package: Package, path: str) -> tuple[str, str, str, str, str]:
    return package.type, package.namespace, package.name, package.version, path


def _named(facts: LayerFacts) -> set[str]:
    """The paths that facts name."""
    named = {fact.path for fact in facts.files}
    named.update(on_disk(package.path) for package in facts.packages)
    return named


def _with_owner(fact: FileFact, owners: dict[str, str]) -> FileFact:
    owner = _owner(fact.path, owners)
    return replace(fact, owner=owner) if owner else fact


def _owner(path: str, owners: dict[str, str]) -> str:
    """The package that owns a path; lists of packages made before /bin became usr/bin name it without the usr."""
    return owners.get(path) or owners.get(path.removeprefix("usr/"), "")


def _unowned(packages: Iterable[Package], owners: dict[str, str]) -> Iterator[Package]:
    """Leave out shared libraries and programs known by their strings, where a distribution's package owns the file."""
    for package in packages:
        whole = ("linkage", "shared") in package.qualifiers or package.name in MAIN_PROGRAMS
        if not (package.type == "generic" and whole and _owner(package.path, owners)):
            yield package


def _once(packages: Iterable[Package]) -> Iterator[Package]:
    """Leave out what a second record repeats; the two may lie in different layers, and one may be removed."""
    listed = list(packages)
    there = {(package.path, package.namespace, package.name) for package in listed if not package.removed}
    for package in listed:
        above, second, _ = package.path.rpartition(_SECOND)
        if not second or (above + _FIRST, package.namespace, package.name) not in there:
            yield package


def _installed(packages: Iterable[Package]) -> Iterator[Package]:
    """Leave out what a lock file lets installers leave out and the node_modules beside it do not have."""
    listed = list(packages)
    homes = {_home(package) for package in listed if package.optional}
    installed: dict[str, set[tuple[str, str, str]]] = {}
    for package in listed if homes else ():
        before = package.path.partition("node_modules/")[0]
        if package.type == "npm" and before in homes:
            installed.setdefault(before, set()).add((package.namespace, package.name, package.version))
    for package in listed:
        there = installed.get(_home(package)) if package.optional else None
        if there is None or (package.namespace, package.name, package.version) in there:
            yield package


def _home(package: Package) -> str:
    """The directory of the file that lists a package, with a slash at its end."""
    above, slash, _ = package.path.rpartition("/")
    return above + slash
