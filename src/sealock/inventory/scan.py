"""Scans layers one by one: passes entries to the analyzers that select them.

The facts of a layer depend only on that layer, so that caches can keep them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from sealock.image.entry import LayerEntry, LayerSource
from sealock.image.paths import normalize
from sealock.image.writtenpaths import STEPS_EXCEEDED, ResolvedEntries
from sealock.inventory import foreign, leftovers, modes, secretfiles
from sealock.inventory.analyzer import AnalyzedFile, Analyzer, BrokenFileError, Fact
from sealock.inventory.facts import FileFault, LayerFacts, StatedDistribution, count_units, excess
from sealock.inventory.names import HARD, Gathering, chained
from sealock.inventory.ownlinks import passes_own_links
from sealock.inventory.pieces import UNDONE, FactsByPath, PieceFacts, WrittenPaths, forget_replaced, written_after
from sealock.inventory.selection import Selection
from sealock.inventory.window import FileContent, Window
from sealock.model.inventory import FileFact, Package

ELF: Final = b"\x7fELF"
ZIP: Final = b"PK\3\4"
_USUAL_ZIP: Final = 64 << 20
"""Bytes of a zip archive of another name from which on only one that begins as Java's tools write them is searched:
models of data, which are zip archives too, have gigabytes."""
_HEADS: Final = frozenset({ELF, ZIP, foreign.FAT, *foreign.HEADS})
_BEGINNINGS: Final = frozenset({b"#!", foreign.PE})
_LONG_SCRIPT: Final = 4 << 10
"""Bytes of a script from which on it may begin a zip archive: of Python's zipapps, and of Java's executable jars."""
NOT_ELF: Final = frozenset({
    "py", "pyc", "js", "mjs", "ts", "map", "json", "html", "css", "txt", "md", "h", "hpp", "c", "rb", "pl", "pm",
    "sh", "gz", "xz", "jar", "class", "png", "jpg", "svg", "gif", "mo", "po", "xml", "yml", "yaml", "toml",
    "ini", "conf", "list", "md5sums", "postinst", "prerm", "preinst", "postrm", "symbols", "shlibs", "triggers",
    "java", "go", "rs", "pem", "crt", "ri", "rbs", "rst", "ipp", "pyi", "sql", "s", "gemspec", "cjs", "csv",
})  # fmt: skip
"""File endings that no ELF file has, and no Java archive under another name: these files are not opened."""
MOST_FACTS: Final = 250_000
"""Maximum facts of a layer."""
MOST_UNITS: Final = 1_000_000
"""Maximum units of all facts of a layer: as much as four million files of packages."""
LARGE_PACKAGE: Final = 1000
"""Units from which on a package without room is kept without its list of files."""
FULL: Final = "the limit for packages and files of an image is reached; the rest is missing (--max-entries)"
MOST_FAULTS: Final = 1000


def scan_layer(source: LayerSource, selection: Selection, most: int = MOST_UNITS) -> LayerFacts:
    """Read a layer once and collect its facts; a broken file becomes a fault and does not stop the rest.

    `most` limits the units of all facts.
    """
    return at_written_paths(join([scan_piece(source.entries(), selection, most)], selection), source, selection, most)


def at_written_paths(
    facts: LayerFacts, source: LayerSource, selection: Selection, most: int = MOST_UNITS
) -> LayerFacts:
    """The facts at the paths at which an engine writes the entries: they are scanned again where links lead elsewhere.

    Few archives write through their own links, so that the first scan, which may be in pieces, takes paths as they are.
    """
    if not passes_own_links(facts):
        return facts
    entries = ResolvedEntries(source.entries())
    again = join([scan_piece(iter(entries), selection, most)], selection)
    return replace(again, faults=(*again.faults, FileFault("", STEPS_EXCEEDED))) if entries.is_over else again


def scan_piece(entries: Iterator[LayerEntry], selection: Selection, most: int = MOST_UNITS) -> PieceFacts:
    """Read a part of a layer, as `scan_layer` does the whole."""
    scan = _Scan(selection, min(most, MOST_UNITS))
    scan.walk(entries)
    return scan.result()


def join(pieces: Sequence[PieceFacts], selection: Selection) -> LayerFacts:
    """Join the parts of a layer, in their order."""
    forget_replaced(pieces)
    facts: list[Fact] = []
    for analyzer in (None, *selection.analyzers):
        name = analyzer.name if analyzer else ""
        by_path = [kept for piece in pieces for kept in piece.facts.get(name, {}).values()]
        collected = [fact for kept in by_path for fact in kept]
        for fact in analyzer.join(collected) if analyzer else collected:
            if name and isinstance(fact, Package) and fact.found_by != name:
                facts.append(replace(fact, found_by=name))
            else:
                facts.append(fact)
    paths, entries = chained(piece.paths for piece in pieces), sum(piece.entries for piece in pieces)
    return LayerFacts(
        packages=tuple(fact for fact in facts if isinstance(fact, Package)),
        files=tuple(fact for fact in facts if isinstance(fact, FileFact)),
        distributions=tuple(fact for fact in facts if isinstance(fact, StatedDistribution)),
        paths=paths,
        directories=chained(piece.directories for piece in pieces),
        gone=chained(piece.gone for piece in pieces),
        opaque=chained(piece.opaque for piece in pieces),
        implied=chained(piece.implied for piece in pieces),
        entries=entries,
        size=sum(piece.size for piece in pieces),
        faults=tuple(fault for piece in pieces for fault in piece.faults),
        links=chained(piece.links for piece in pieces),
        marked=chained(piece.marked for piece in pieces),
        units=sum(piece.units for piece in pieces) + excess(paths, entries),
    )


class _Scan:
    """The state of one scan."""

    def __init__(self, selection: Selection, most: int) -> None:
        self.selection, self.most = selection, most
        self.facts: FactsByPath = {}
        self.written = WrittenPaths()
        self.paths, self.directories, self.gone, self.opaque = Gathering(), Gathering(), Gathering(), Gathering()
        self.links, self.marked, self.implied = Gathering(), Gathering(), Gathering()
        self.parents: set[str] = set()
        """Directories that hold the entries since the last `compress`."""
        self.secrets = _secrets() if selection.files else None
        self.cleared: set[str] = set()
        """Files whose names suggest credentials, but whose contents hold none."""
        self.faults: list[FileFault] = []
        self.is_full = False
        self.hard: dict[str, str] = {}
        """Those of its hard links that matter by their names, by their targets."""
        self.entries = self.size = self.kept = self.units = 0

    def walk(self, entries: Iterator[LayerEntry]) -> None:
        """Take every entry. There are very many: a few quick tests skip most of them."""
        selection, add, asks_elf, files = self.selection, self.paths.add, bool(self.selection.elf), self.selection.files
        parents, written = self.parents, self.written.numbers
        may_be_left, may_hold = leftovers.may_be, secretfiles.may_hold
        paths, names, endings = selection.paths, selection.names, selection.endings
        none: list[Analyzer] = []
        directory, of_directory, look = "", selection.by_directory(""), secretfiles.SecretLook.ALL
        size = count = 0
        for entry in entries:
            path, kind = entry.path, entry.kind
            self.entries = count = count + 1
            if kind == "file":
                add(path)
                if path in written:
                    self.replace(path)
                size += entry.size
                before, _, name = path.rpartition("/")
                if before != directory:
                    directory, of_directory = before, selection.by_directory(before)
                    parents.add(before)
                    look = secretfiles.looks_into(before) if files else look
                ending = name.rpartition(".")[2]
                if files:
                    is_left = may_be_left(name, ending)
                    if may_hold(name, ending, entry.size, look):
                        self.search_secrets(entry, look, is_left=is_left)
                    if is_left:
                        self.add_leftover(entry)
                if of_directory or path in paths or name in names or ending in endings:
                    analyzers = selection.among(path, name, ending, of_directory)
                else:
                    analyzers = none
                # A name without a dot is its own ending: `go` and `java` are programs.
                may_be_elf = asks_elf and entry.size > 64 and (ending not in NOT_ELF or ending == name)
                if (
                    may_be_elf
                    and ((head := entry.read(4)) in _HEADS or head[:2] in _BEGINNINGS)
                    and (by_head := self.known_by(head, entry.size, analyzers))
                ):
                    self.analyze_by_content(entry, [*analyzers, *by_head], head)
                elif analyzers:
                    self.analyze(entry, analyzers)
            elif not self.take_other(entry):
                continue
            if files and (entry.mode & 0o6002 or entry.capability):
                self.add_facts("", path, modes.facts(path, kind, entry.mode, entry.uid, entry.gid, entry.capability))
            if not count & 4095:
                self.compress()
        self.size = size

    def take_other(self, entry: LayerEntry) -> bool:
        """Take an entry that is not a regular file; return whether its mode matters."""
        self.parents.add(entry.path.rpartition("/")[0])
        if entry.kind == "whiteout":
            self.gone.add(entry.path)
            if entry.path in self.written.numbers:
                self.add_fault(entry.path, UNDONE)
            return False
        if entry.kind == "opaque":
            self.opaque.add(entry.path)
            return False
        if entry.kind == "directory":
            self.directories.add(entry.path)
            if entry.path in self.written.numbers and self.written.take_as_directory(entry.path):
                self.forget(entry.path)
            if entry.path in self.selection.paths:
                self.add_fault(entry.path, "it is a directory, and should be a file")
        else:
            self.paths.add(entry.path)
            if entry.path in self.written.numbers:
                self.replace(entry.path)
            if entry.kind == "hard link":
                self.add_link(entry.path, HARD + normalize(entry.target)[0])
            elif entry.kind == "symbolic link":
                self.add_link(entry.path, f">{entry.target.partition(chr(0))[0]}")
            elif self.selection.claims(entry.path):
                self.add_fault(entry.path, f"it is a {entry.kind}, and should be a file")
        if self.selection.files:
            self.add_leftover(entry)
        return True

    def add_link(self, path: str, target: str) -> None:
        """Add a link with its marked target."""
        self.written.add_link(path, self.entries)
        self.links.add(path)
        self.links.add(target)
        if self.selection.leads(path):
            self.marked.add(path)
            self.marked.add(target)
            if target[:1] == HARD:
                self.hard[target[1:]] = path
                if target[1:] not in self.written.numbers:
                    self.written.add(target[1:], 0)

    def replace(self, path: str) -> None:
        """Let an entry that is no directory take a path that the archive wrote, or a directory above such a path."""
        if self.written.take(path, self.entries):
            self.forget(path)
        if path in self.hard:
            self.add_fault(self.hard[path], written_after(path))

    def forget(self, path: str) -> None:
        """Forget what the archive had at a path."""
        for facts in self.facts.values():
            facts.pop(path, None)
        self.cleared.discard(path)

    def add_leftover(self, entry: LayerEntry) -> None:
        """Add a leftover, recognised by its path."""
        if (left := leftovers.fact(entry.path, entry.kind)) is not None and entry.path not in self.cleared:
            self.add_facts("", entry.path, (replace(left, mode=entry.mode, uid=entry.uid, gid=entry.gid),))

    def search_secrets(self, entry: LayerEntry, look: secretfiles.SecretLook, *, is_left: bool) -> None:
        """Search a file for secrets; `is_left` if its name may make it a leftover too."""
        if look is secretfiles.SecretLook.SCRIPTS and entry.read(2) != b"#!":
            return
        data = entry.read(entry.size)
        before = self.kept
        if self.secrets is not None:
            self.run_analyzer(self.secrets, AnalyzedFile(entry.path, data, entry.mode, entry.uid, entry.gid))
        if is_left and self.kept == before and leftovers.is_cleared(entry.path, data):
            self.cleared.add(entry.path)

    def known_by(self, head: bytes, size: int, others: list[Analyzer]) -> list[Analyzer]:
        """The analyzers that know a file by its first bytes; archives are for those alone that no other one reads."""
        if head == ELF:
            return self.selection.elf
        if foreign.is_foreign(head):
            return self.selection.foreign
        return self.selection.zips if not others and (head == ZIP or size >= _LONG_SCRIPT) else []

    def analyze_by_content(self, entry: LayerEntry, analyzers: list[Analyzer], head: bytes) -> None:
        """Pass a program, or a zip archive of another name, to its analyzers."""
        if head == ZIP and entry.size > _USUAL_ZIP and not entry.read(64)[30:].startswith(b"META-INF/"):
            return
        if head[:2] == b"#!" and entry.part is None and entry.size > _USUAL_ZIP:
            return  # an installer, mostly: it would be read as a whole
        if entry.part is None:
            self.analyze(entry, analyzers)
            return
        # They are read in pieces: programs are large, and mostly code; most zip archives are not for Java.
        size = entry.size if head == ZIP or head[:2] == b"#!" else min(entry.size, self.selection.limit(analyzers))
        self.run_analyzers(entry, analyzers, Window(entry.part, size))

    def analyze(self, entry: LayerEntry, analyzers: list[Analyzer]) -> None:
        """Pass a file to its analyzers."""
        limit = self.selection.limit(analyzers) if analyzers else 0
        if entry.size > limit and analyzers and all(analyzer.patterns.whole for analyzer in analyzers):
            self.add_fault(entry.path, f"it has {entry.size} bytes, and {limit} are the limit (--max-file-size)")
        elif analyzers:
            data = entry.read(limit)
            if len(data) == min(entry.size, limit):  # else the layer has an error
                self.run_analyzers(entry, analyzers, data)

    def run_analyzers(self, entry: LayerEntry, analyzers: list[Analyzer], content: FileContent) -> None:
        """Pass a file to its analyzers; report it if its content is not all of it."""
        if len(content) < entry.size:
            why = f"it is larger than {len(content)} bytes, the limit for such files (--max-file-size)"
            self.add_fault(entry.path, why, on_files=not any(analyzer.finds_packages for analyzer in analyzers))
        file = AnalyzedFile(entry.path, content, entry.mode, entry.uid, entry.gid)
        for analyzer in analyzers:
            self.run_analyzer(analyzer, file)

    def run_analyzer(self, analyzer: Analyzer, file: AnalyzedFile) -> None:
        try:
            self.add_facts(analyzer.name, file.path, analyzer.read(file))
        except BrokenFileError as broken:
            self.add_fault(file.path, str(broken), on_files=not analyzer.finds_packages)
        except Exception as error:  # noqa: BLE001  an analyzer that fails on a file must not lose the others
            why = f"{analyzer.name} failed on it, an internal error of sealock: {error!r}"
            self.add_fault(file.path, why, on_files=not analyzer.finds_packages)

    def add_facts(self, analyzer: str, path: str, new: Iterable[Fact]) -> None:
        """Add facts of the current entry."""
        facts: list[Fact] = []
        for fact in new:
            units = count_units(fact)
            if self.kept >= MOST_FACTS or self.units + units > self.most:
                if not self.is_full:
                    self.add_fault("", FULL)
                self.is_full = True
                if self.kept >= MOST_FACTS:
                    return
                if units < LARGE_PACKAGE or not isinstance(fact, Package):
                    continue
                # One long list must not lose the others: the package is kept without its files.
                kept: Fact = replace(fact, files=(), needs=(), provides=(), licenses=(), supplier="")
                units = count_units(kept)
                if self.units + units > self.most:
                    continue
            else:
                kept = fact
            self.kept += 1
            self.units += units
            if not facts:
                facts = self.facts.setdefault(analyzer, {}).setdefault(path, facts)
                self.written.add(path, self.entries)
            facts.append(kept)

    def add_fault(self, path: str, message: str, *, on_files: bool = False) -> None:
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(FileFault(path, message, on_files))
        elif len(self.faults) == MOST_FAULTS:
            self.faults.append(FileFault("", f"there are more than {MOST_FAULTS} errors; the rest is not reported"))

    def compress(self) -> None:
        """Compress the collected paths."""
        # Archives have an entry for a directory before those of its files, so that few are left.
        self.implied.paths += sorted(self.parents.difference(self.directories.paths))
        self.parents.clear()
        for gathering in (self.paths, self.directories, self.gone, self.opaque, self.links, self.marked, self.implied):
            gathering.settle()

    def result(self) -> PieceFacts:
        self.compress()
        done = PieceFacts(
            facts=self.facts,
            paths=self.paths.names(),
            directories=self.directories.names(),
            gone=self.gone.names(),
            opaque=self.opaque.names(),
            implied=self.implied.names(),
            entries=self.entries,
            size=self.size,
            faults=self.faults,
            links=self.links.names(),
            marked=self.marked.names(),
            units=self.units,
        )
        self.written.settle(done)
        return done


def _secrets() -> Analyzer:
    """The search for secrets, which limits the places of one layer."""
    from sealock.inventory.onfiles.secrets import Secrets  # noqa: PLC0415  takes 11 ms

    return Secrets()
