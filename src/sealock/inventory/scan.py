"""Scans layers one by one, and merges what they hold into the view that a container would have.

What is found in a layer hangs on that layer alone, so that it can be kept; what a later layer hides is still listed,
and said to be removed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from sealock.image.entry import Entry, LayerSource
from sealock.inventory import leftovers, modes
from sealock.inventory.analyzer import Analyzer, Broken, Fact, File
from sealock.inventory.selection import Selection
from sealock.model.finding import Problem
from sealock.model.inventory import Distribution, FileFact, Layer, Package
from sealock.model.location import Location

ELF: Final = b"\x7fELF"
FOLDERS: Final = frozenset({"world-writable-folder"})
"""Kinds of facts on a folder's own mode."""
NOT_ELF: Final = frozenset({
    "py", "pyc", "js", "mjs", "ts", "map", "json", "html", "css", "txt", "md", "h", "hpp", "c", "rb", "pl", "pm",
    "sh", "gz", "xz", "zip", "jar", "class", "png", "jpg", "svg", "gif", "mo", "po", "xml", "yml", "yaml", "toml",
    "ini", "conf", "list", "md5sums", "postinst", "prerm", "preinst", "postrm", "symbols", "shlibs", "triggers",
    "java", "go", "rs", "pem", "crt",
})  # fmt: skip
"""Endings of files that no ELF file has: they are not even looked at."""


class LayerFacts(Struct, frozen=True):
    """What one layer holds by itself.

    `paths` are its files, for telling what a later layer replaces, `folders` its folders, whose modes a later layer may
    set anew, `gone` are what its whiteouts remove, `opaque` the folders whose earlier contents it hides.
    """

    layer: Layer
    facts: tuple[Package | FileFact | Distribution, ...]
    paths: tuple[str, ...]
    folders: tuple[str, ...]
    gone: tuple[str, ...]
    opaque: tuple[str, ...]
    entries: int
    size: int
    """Bytes of its regular files."""
    problems: tuple[Problem, ...]


def scan_layer(source: LayerSource, selection: Selection, target: str) -> LayerFacts:
    """Read a layer once and keep what analyzers make of it; what is broken becomes a problem, and the rest goes on."""
    scan = _Scan(source.layer, selection, target)
    for entry in source.entries():
        scan.entry(entry)
    return scan.done(source.problems)


class _Scan:
    """One layer on its way."""

    def __init__(self, layer: Layer, selection: Selection, target: str) -> None:
        self.layer, self.selection, self.target = layer, selection, target
        self.by_analyzer: dict[Analyzer | None, list[Fact]] = {}
        self.paths: list[str] = []
        self.folders: list[str] = []
        self.gone: list[str] = []
        self.opaque: list[str] = []
        self.problems: list[Problem] = []
        self.entries = self.size = 0

    def entry(self, entry: Entry) -> None:
        self.entries += 1
        kind = entry.kind
        if kind == "whiteout":
            self.gone.append(entry.path)
            return
        if kind == "opaque":
            self.opaque.append(entry.path)
            return
        (self.folders if kind == "folder" else self.paths).append(entry.path)
        if entry.mode & 0o6002 or entry.capability:
            self.keep(None, modes.facts(entry.path, kind, entry.mode, entry.uid, entry.gid, entry.capability))
        if (left := leftovers.fact(entry.path, kind)) is not None:
            self.keep(None, (left,))
        if kind == "file":
            self.size += entry.size
            self.file(entry)

    def file(self, entry: Entry) -> None:
        """Hand a file to those who want it."""
        wanted = self.selection.by_path(entry.path)
        may_be_elf = self.selection.elf and entry.size > 64 and entry.path.rpartition(".")[2] not in NOT_ELF
        if may_be_elf and entry.read(4) == ELF:
            wanted = [*wanted, *self.selection.elf]
        if not wanted:
            return
        data = entry.read(max(analyzer.wanted.limit for analyzer in wanted))
        if len(data) < entry.size:
            self.problem(entry.path, f"it is larger than {len(data)} bytes, the most that is read of a file")
        file = File(entry.path, data, entry.mode, entry.uid, entry.gid)
        for analyzer in wanted:
            self.ask(analyzer, file)

    def ask(self, analyzer: Analyzer, file: File) -> None:
        try:
            self.keep(analyzer, analyzer.read(file))
        except Broken as broken:
            self.problem(file.path, str(broken))
        except Exception as error:  # noqa: BLE001  one file that an analyzer fails on must not cost the others
            self.problem(file.path, f"{analyzer.name} failed on it, which is a fault of sealock's: {error!r}")

    def keep(self, analyzer: Analyzer | None, facts: Iterable[Fact]) -> None:
        held = self.by_analyzer.setdefault(analyzer, [])
        for fact in facts:
            held.append(fact)

    def problem(self, path: str, message: str) -> None:
        where = f"{self.target}: layer {self.layer.index + 1}: {path}"
        self.problems.append(Problem(message, Location(where)))

    def done(self, problems: tuple[Problem, ...]) -> LayerFacts:
        facts: list[Package | FileFact | Distribution] = []
        for analyzer, held in self.by_analyzer.items():
            name = analyzer.name if analyzer else ""
            for fact in analyzer.join(held) if analyzer else held:
                if isinstance(fact, Package):
                    facts.append(replace(fact, layer=self.layer.index, found_by=name))
                elif isinstance(fact, FileFact):
                    facts.append(replace(fact, layer=self.layer.index))
                else:
                    facts.append(fact)
        return LayerFacts(
            self.layer,
            tuple(facts),
            tuple(self.paths),
            tuple(self.folders),
            tuple(self.gone),
            tuple(self.opaque),
            self.entries,
            self.size,
            (*problems, *self.problems),
        )


class Merged(Struct, frozen=True):
    """What an image holds, all layers together."""

    distribution: Distribution | None
    packages: tuple[Package, ...]
    files: tuple[FileFact, ...]


def merge(layers: tuple[LayerFacts, ...]) -> Merged:
    """Lay the layers over one another: what a later one replaces or removes is marked as removed.

    A database of packages (dpkg's status, apk's installed …) that a later layer writes anew replaces the earlier one:
    its packages are then listed from the later layer, with the layer that first brought each of them.
    """
    view = _View(layers)
    packages: dict[tuple[str, ...], Package] = {}
    files: list[FileFact] = []
    distribution: Distribution | None = None
    owners: dict[str, str] = {}
    for facts in layers:
        index = facts.layer.index
        for fact in facts.facts:
            if isinstance(fact, Distribution):
                # Only os-release gives a name; debian_version and the like must not displace it.
                distribution = fact if fact.name or distribution is None or not distribution.name else distribution
            elif isinstance(fact, FileFact):
                mended = fact.kind in FOLDERS and view.folders.get(fact.path, -1) > index
                files.append(replace(fact, removed=mended or view.hidden(fact.path, index)))
            else:
                package = replace(fact, removed=view.hidden(_on_disk(fact.path), index))
                key = (fact.type, fact.namespace, fact.name, fact.version, fact.architecture, fact.path)
                first = packages.get(key)
                # The same package from a later copy of its database: it came with the first, and is there if any is.
                if first is not None:
                    package = replace(package, layer=first.layer, files=package.files or first.files)
                packages[key] = package
                owners.update(dict.fromkeys(package.files, package.name))
    listed = sorted(_unowned(packages.values(), owners), key=lambda one: (one.type, one.name, one.version, one.path))
    return Merged(distribution, tuple(listed), tuple(replace(fact, owner=_owner(fact.path, owners)) for fact in files))


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


class _View:
    """For each path, the last layer that writes or removes it."""

    def __init__(self, layers: tuple[LayerFacts, ...]) -> None:
        self.written: dict[str, int] = {}
        self.gone: dict[str, int] = {}
        """Removed as a whole, with all below: the last layer that did so."""
        self.opaque: dict[str, int] = {}
        self.folders: dict[str, int] = {}
        """A folder that a later layer holds again has that layer's mode; what is in it stays."""
        for facts in layers:
            index = facts.layer.index
            self.folders.update(dict.fromkeys(facts.folders, index))
            self.written.update(dict.fromkeys(facts.paths, index))
            self.gone.update(dict.fromkeys(facts.gone, index))
            self.opaque.update(dict.fromkeys(facts.opaque, index))

    def hidden(self, path: str, index: int) -> bool:
        """Whether a layer after this one replaces the path, or removes it or a folder that it is in."""
        if self.written.get(path, -1) > index or self.gone.get(path, -1) > index:
            return True
        if not self.gone and not self.opaque and not self.written:
            return False
        folder = path.rpartition("/")[0]
        while folder:
            if max(self.gone.get(folder, -1), self.opaque.get(folder, -1), self.written.get(folder, -1)) > index:
                return True
            folder = folder.rpartition("/")[0]
        return self.opaque.get("", -1) > index
