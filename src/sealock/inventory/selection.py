"""Selects the analyzers for each path of a layer, by dictionaries, since there are very many paths."""

from __future__ import annotations

from collections.abc import Iterable

from sealock.inventory.analyzer import Analyzer


class Selection:
    """The analyzers by their file patterns. At least `least` bytes of each file are read.

    Without `files`, only packages are listed, and no file is searched for risks.
    """

    def __init__(self, analyzers: Iterable[Analyzer], least: int = 0, *, files: bool = True) -> None:
        self.analyzers = tuple(analyzer for analyzer in analyzers if files or analyzer.finds_packages)
        self.files, self._least = files, least
        self.paths: dict[str, list[Analyzer]] = {}
        self.directories: dict[str, list[Analyzer]] = {}
        self.parents: dict[str, list[Analyzer]] = {}
        self.names: dict[str, list[Analyzer]] = {}
        self.endings: dict[str, list[tuple[str, Analyzer]]] = {}
        """By the text after the last dot, so that most paths take one look-up."""
        self.elf: list[Analyzer] = []
        for analyzer in self.analyzers:
            patterns = analyzer.patterns
            for path in patterns.paths:
                self.paths.setdefault(path, []).append(analyzer)
            for directory in patterns.directories:
                self.directories.setdefault(directory, []).append(analyzer)
            for parent in patterns.parents:
                self.parents.setdefault(parent, []).append(analyzer)
            for name in patterns.names:
                self.names.setdefault(name, []).append(analyzer)
            for ending in patterns.endings:
                self.endings.setdefault(ending_of(ending.rpartition("/")[2]), []).append((ending, analyzer))
            if patterns.elf:
                self.elf.append(analyzer)

    def by_path(self, path: str) -> list[Analyzer]:
        """The analyzers that select this path, each once, except those for ELF files."""
        directory, _, name = path.rpartition("/")
        return self.among(path, name, ending_of(name), self.by_directory(directory))

    def by_directory(self, directory: str) -> list[Analyzer]:
        """Those that select all files right in a directory."""
        return [*self.directories.get(directory, ()), *self.parents.get(directory.rpartition("/")[2], ())]

    def among(self, path: str, name: str, ending: str, of_directory: list[Analyzer]) -> list[Analyzer]:
        """As `by_path`, given the parts of the path and the analyzers of its directory."""
        matches = of_directory
        if path in self.paths:
            matches = [*matches, *self.paths[path]]
        if name in self.names:
            matches = [*matches, *self.names[name]]
        if ending in self.endings:
            matches = [*matches, *(analyzer for text, analyzer in self.endings[ending] if path.endswith(text))]
        return matches if len(matches) < 2 else list(dict.fromkeys(matches))

    def limit(self, analyzers: Iterable[Analyzer]) -> int:
        """Maximum bytes of a file to read for these analyzers."""
        return max(self._least, *(analyzer.patterns.limit for analyzer in analyzers))


def ending_of(name: str) -> str:
    """The text after the last dot of a name; the whole name if it has none."""
    return name.rpartition(".")[2]
