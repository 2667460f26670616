"""Tells, for each path of a layer, which analyzers want the file: by dictionaries, since there are very many paths."""

from __future__ import annotations

from collections.abc import Iterable

from sealock.inventory.analyzer import Analyzer


class Selection:
    """The analyzers, sorted by what they ask for. Of each file, `least` bytes are read even where they ask for less.

    Without `files`, packages alone are told of: no file is looked into for what it may be itself.
    """

    def __init__(self, analyzers: Iterable[Analyzer], least: int = 0, *, files: bool = True) -> None:
        self.analyzers = tuple(analyzer for analyzer in analyzers if files or analyzer.finds_packages)
        self.files, self._least = files, least
        self.paths: dict[str, list[Analyzer]] = {}
        self.directories: dict[str, list[Analyzer]] = {}
        self.parents: dict[str, list[Analyzer]] = {}
        self.names: dict[str, list[Analyzer]] = {}
        self.endings: dict[str, list[tuple[str, Analyzer]]] = {}
        """By what stands behind their last dot, so that most paths cost one look."""
        self.elf: list[Analyzer] = []
        for analyzer in self.analyzers:
            wanted = analyzer.wanted
            for path in wanted.paths:
                self.paths.setdefault(path, []).append(analyzer)
            for directory in wanted.directories:
                self.directories.setdefault(directory, []).append(analyzer)
            for parent in wanted.parents:
                self.parents.setdefault(parent, []).append(analyzer)
            for name in wanted.names:
                self.names.setdefault(name, []).append(analyzer)
            for ending in wanted.endings:
                self.endings.setdefault(ending_of(ending.rpartition("/")[2]), []).append((ending, analyzer))
            if wanted.elf:
                self.elf.append(analyzer)

    def by_path(self, path: str) -> list[Analyzer]:
        """The analyzers that ask for this path, each once; those for ELF files are asked for apart."""
        directory, _, name = path.rpartition("/")
        return self.among(path, name, ending_of(name), self.by_directory(directory))

    def by_directory(self, directory: str) -> list[Analyzer]:
        """Those that ask for all files right in a directory."""
        return [*self.directories.get(directory, ()), *self.parents.get(directory.rpartition("/")[2], ())]

    def among(self, path: str, name: str, ending: str, of_directory: list[Analyzer]) -> list[Analyzer]:
        """As `by_path`, for who knows the parts of the path, and what is asked for of its directory."""
        found = of_directory
        if path in self.paths:
            found = [*found, *self.paths[path]]
        if name in self.names:
            found = [*found, *self.names[name]]
        if ending in self.endings:
            found = [*found, *(analyzer for text, analyzer in self.endings[ending] if path.endswith(text))]
        return found if len(found) < 2 else list(dict.fromkeys(found))

    def limit(self, analyzers: Iterable[Analyzer]) -> int:
        """Bytes of a file that are read for these analyzers at the most."""
        return max(self._least, *(analyzer.wanted.limit for analyzer in analyzers))


def ending_of(name: str) -> str:
    """What stands behind the last dot of a name; the whole name where it has none."""
    return name.rpartition(".")[2]
