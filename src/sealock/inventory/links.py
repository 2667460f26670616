"""Follows the links of an image: which files a container sees under other paths than those of their bytes.

Layers are scanned one by one, where a hard link or a symbolic link has no bytes. Once all layers lie over one another,
the links that matter to an analyzer are resolved within the root, and the files that they lead to are scanned again
under the paths that the container sees (`Reread`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

from msgspec import Struct

from sealock.image.paths import MOST_LINKS, resolve
from sealock.inventory.analyzer import Analyzer
from sealock.inventory.facts import FileFault, LayerFacts
from sealock.inventory.lowerlinks import find_ambiguous
from sealock.inventory.names import HARD, first_names, links_among, pairs
from sealock.inventory.remains import on_disk
from sealock.inventory.reread import Reread
from sealock.inventory.resolver import Resolver, is_seen
from sealock.inventory.selection import Selection
from sealock.inventory.view import ByteView, last_files, with_directories

MOST: Final = 50_000
"""Maximum links that are followed, and paths that they lead to."""
FEW: Final = 32
"""Directories for whose names it pays to search the lists of paths as a whole."""
FULL: Final = f"more than {MOST} links lead to files of packages; the rest is not followed"


class Followed(Struct):
    """What following the links gave, by the place of the layer: files to scan again, and errors."""

    rereads: dict[int, Reread]
    faults: list[tuple[int, FileFault]]


def paths_on_the_way(layers: Sequence[LayerFacts], selection: Selection) -> set[str]:
    """The paths whose links are surely asked for."""
    if not any(layer.links for layer in layers):
        return set()
    marked = {path for _, path, _ in _marked_links(layers)}
    return marked | with_directories((*selection.paths, *selection.fixed_directories))


def follow(layers: Sequence[LayerFacts], selection: Selection, view: ByteView) -> Followed:
    """Follow the links of all layers; `view` knows the paths of all facts, and those that are `paths_on_the_way`."""
    if not any(layer.links for layer in layers):
        return Followed({}, [])
    follower = _Follower(layers, selection, view)
    follower.follow_symbolic_links()
    follower.follow_hard_links()
    follower.follow_removed_names()
    follower.faults += find_ambiguous(layers, selection)
    return Followed(follower.rereads, follower.faults)


class _Follower:
    """The state of following."""

    def __init__(self, layers: Sequence[LayerFacts], selection: Selection, view: ByteView) -> None:
        self.layers, self.selection, self.view = layers, selection, view
        self.faults: list[tuple[int, FileFault]] = []
        self.resolver = Resolver(layers, view)
        self.rereads: dict[int, Reread] = {}
        self.covered: dict[tuple[int, str], set[Analyzer]] = defaultdict(set)
        """For each file that is scanned again, the analyzers that get it: others of its paths would repeat it."""
        self.left = MOST
        self.hard: list[tuple[int, str, str]] = []
        """The hard links that matter by their names: place, path and target."""
        self.symbolic: dict[str, int] = {}
        """The symbolic links that matter by their names, with the place of the layer that has each."""
        for number, (place, path, target) in enumerate(_marked_links(layers)):
            if number == MOST:
                self.fault(place, "", FULL)
            elif target[:1] == HARD:
                self.hard.append((place, path, target[1:]))
            elif is_seen(view, path, place):
                self.symbolic[path] = place

    def fault(self, place: int, path: str, message: str) -> None:
        """Add an error."""
        self.faults.append((place, FileFault(path, message)))

    def want(self, file: tuple[int, str], alias: str, *, seen: bool = True, replaces: bool = False) -> None:
        """Scan a file again under another path, unless the analyzers there have it already."""
        claims, covered = self.selection.claims(alias), self.covered[file]
        if covered and claims <= covered:
            return
        covered |= claims
        self.left -= 1
        place, path = file
        if self.left < 0:
            if self.left == -1:
                self.fault(place, "", FULL)
            return
        reread = self.rereads.setdefault(place, Reread({}, set(), set()))
        reread.names.setdefault(path, []).append(alias)
        if not seen:
            reread.hidden.add(alias)
        if replaces:
            reread.replaced.add(path)

    def follow_symbolic_links(self) -> None:
        """Follow those at or above the fixed paths of analyzers, and those that matter by their names."""
        selection = self.selection
        fixed = dict.fromkeys((*selection.paths, *selection.fixed_directories))
        resolved = self.resolver.resolve_all([*fixed, *(path for path in self.symbolic if path not in fixed)])
        files: dict[str, list[str]] = defaultdict(list)
        directories: dict[str, list[str]] = defaultdict(list)
        led: dict[str, set[Analyzer]] = defaultdict(set)
        """The analyzers that find files in a directory by the links so far: further links would repeat them."""
        for path, real in resolved.items():
            if real is None:
                if path in selection.paths:
                    self.fault(self.place_of_link(path), path, "it is a symbolic link that leads round in a circle")
            elif real != path:
                if selection.claims(path) - selection.claims(real):
                    files[real].append(path)
                if path in selection.fixed_directories or selection.leads_to_directory(path):
                    further = selection.leads_further(path, real) - led[real]
                    led[real] |= further
                    if further or path in selection.fixed_directories:
                        directories[real].append(path)
        self.want_files(files)
        if directories:
            self.want_contents(directories)

    def place_of_link(self, path: str) -> int:
        """The place of the layer with a link, for messages."""
        return self.symbolic.get(path, len(self.layers) - 1)

    def want_files(self, files: dict[str, list[str]]) -> None:
        """Scan files again under the links that lead to them; a database that a link does not lead to is an error."""
        holders = last_files(self.layers, files)
        origins = self.origins((place, path) for path, place in holders.items())
        lost: list[tuple[str, str]] = []
        for real, aliases in files.items():
            origin = origins.get((holders.get(real, -1), real))
            for alias in aliases:
                if origin:
                    self.want(origin, alias)
                elif alias in self.selection.paths:
                    lost.append((alias, real))
        self.report_lost(lost)

    def report_lost(self, lost: list[tuple[str, str]]) -> None:
        """Report databases that are links to no file, and links on the way to them that lead to no directory."""
        ways = {alias: self.last_link(alias) for alias, _ in lost}
        ends = {way: resolve(way, self.resolver.known) or "" for way in ways.values()}
        directories = self.directories_among(set(ends.values())) if lost else set()
        reported: set[str] = set()
        for alias, _ in lost:
            way = ways[alias]
            is_lost = way == alias or ends[way] not in {"", *directories}
            if is_lost and way not in reported:
                reported.add(way)
                what = "a directory" if ends[way] in directories else "nothing"
                self.fault(self.place_of_link(way), way, f"it is a link to /{ends[way]}, where there is {what}")

    def last_link(self, path: str) -> str:
        """The last symbolic link on the way to a path, itself included."""
        while path and self.resolver.known.targets.get(path) is None:
            path = path.rpartition("/")[0]
        return path

    def directories_among(self, paths: set[str]) -> set[str]:
        """Those of the paths that are directories in any layer."""
        among: set[str] = set()
        for layer in self.layers:
            for part in layer.directories.parts():
                among |= paths.intersection(part)
            for part in layer.paths.parts():
                among |= paths & with_directories({path.rpartition("/")[0] for path in part})
        return among

    def origins(self, files: Iterable[tuple[int, str]]) -> dict[tuple[int, str], tuple[int, str] | None]:
        """The layer and the path with the bytes of each file: those of a hard link are at another; None for none."""
        origins: dict[tuple[int, str], tuple[int, str] | None] = {file: file for file in files}
        pending = list(origins.items())
        for _ in range(MOST_LINKS + 1):
            by_place: dict[int, set[str]] = defaultdict(set)
            for _, origin in pending:
                if origin:
                    by_place[origin[0]].add(origin[1])
            first = {place: first_names(self.layers[place].links, names) for place, names in by_place.items()}
            places = self.places({name for names in first.values() for name in names.values()} - {""})
            links = {
                place: links_among(self.layers[place].links, set(names.values())) for place, names in first.items()
            }
            further = []
            for file, origin in pending:
                if not origin or (name := first[origin[0]][origin[1]]) == origin[1]:
                    continue
                at = [place for place in places.get(name, ()) if place <= origin[0]]
                # Within a layer, a link follows what it leads to; otherwise that is in a layer below.
                is_found = bool(at) and (at[-1] < origin[0] or name not in links[origin[0]])
                origins[file] = (at[-1], name) if is_found else None
                if is_found and at[-1] < origin[0]:
                    further.append((file, origins[file]))
            pending = further
            if not pending:
                break
        return origins | dict.fromkeys(file for file, _ in pending)

    def places(self, paths: set[str]) -> dict[str, list[int]]:
        """The places of all layers with a file at each path, from the bottom up."""
        places: dict[str, list[int]] = defaultdict(list)
        for place, layer in enumerate(self.layers if paths else ()):
            among: set[str] = set()
            for part in layer.paths.parts():
                among |= paths.intersection(part)
            for path in among:
                places[path].append(place)
        return places

    def want_contents(self, directories: dict[str, list[str]]) -> None:
        """Scan the files below directories again, where the paths through links mean something else to analyzers."""
        aliases: dict[str, list[str]] = defaultdict(list)
        nearest: dict[str, tuple[tuple[str, str], ...]] = {"": ()}
        """For each directory, the other paths of it: what it is below, and the link that leads there."""
        roots = {real: tuple(links) for real, links in directories.items()}
        below = tuple(f"{real}/" for real in directories)
        are_few = len(below) < FEW
        for layer in self.layers:
            for part in layer.paths.parts_with(below) if are_few else layer.paths.parts():
                for path in part:
                    if are_few and not path.startswith(below):
                        continue
                    directory = path.rpartition("/")[0]
                    if (through := nearest.get(directory)) is None:
                        through = _through(directory, roots)
                        if len(nearest) < MOST:
                            nearest[directory] = through
                    for real, link in through:
                        self.add_alias(aliases, path, link + path[len(real) :])
        self.want_files(aliases)

    def add_alias(self, aliases: dict[str, list[str]], path: str, alias: str) -> None:
        """Note another path of a file if it means something else to analyzers."""
        selection = self.selection
        if selection.leads(alias) and selection.claims(alias) - selection.claims(path) and alias not in aliases[path]:
            if len(aliases) < MOST:
                aliases[path].append(alias)
            elif len(aliases) == MOST:
                self.fault(len(self.layers) - 1, "", FULL)

    def follow_hard_links(self) -> None:
        """Scan what hard links lead to, unless the container sees it at the other name, and it is the same there."""
        origins = self.origins((place, path) for place, path, _ in self.hard)
        holders = last_files(self.layers, {origin[1] for origin in origins.values() if origin})
        seen = {(place, path): is_seen(self.view, path, place) for place, path, _ in self.hard}
        # Of several names, those that the container sees come first.
        for place, path, target in sorted(self.hard, key=lambda link: not seen[link[:2]]):
            origin = origins[place, path]
            if origin is None:
                if seen[place, path]:
                    self.fault(place, path, f"it is a hard link to /{target}, which is no file of the image")
                continue
            is_gone = holders.get(origin[1]) != origin[0]
            if is_gone or self.selection.claims(path) - self.selection.claims(origin[1]):
                self.want(origin, path, seen=seen[place, path], replaces=is_gone)

    def follow_removed_names(self) -> None:
        """Scan files again under a hard link that stays, where a later layer removes the name of their facts."""
        for place, layer in enumerate(self.layers[:-1]):
            paths = {on_disk(package.path) for package in layer.packages} | {fact.path for fact in layer.files}
            hidden = {HARD + path for path in paths if self.view.hidden(path, place)}
            names: dict[str, str] = {}
            for part in layer.links.parts() if hidden else ():
                targets = part[1::2]
                if hidden.intersection(targets) and len(names) < MOST:
                    names |= {
                        path: target[1:] for path, target in zip(part[::2], targets, strict=True) if target in hidden
                    }
            view = ByteView(self.layers, names) if names else self.view
            for path, target in names.items():
                if (place, target) not in self.covered and is_seen(view, path, place):
                    self.want((place, target), path, replaces=True)


def _marked_links(layers: Sequence[LayerFacts]) -> Iterator[tuple[int, str, str]]:
    """The links that matter by their names, one more than are followed: place, path, and marked target."""
    every = ((place, path, target) for place, layer in enumerate(layers) for path, target in pairs(layer.marked))
    return islice(every, MOST + 1)


def _through(directory: str, roots: Mapping[str, tuple[str, ...]]) -> tuple[tuple[str, str], ...]:
    """The links through which a directory can be reached: the path that each leads to, and the link."""
    through: list[tuple[str, str]] = []
    above = directory
    while above:
        through += ((above, link) for link in roots.get(above, ()))
        above = above.rpartition("/")[0]
    return tuple(through)
