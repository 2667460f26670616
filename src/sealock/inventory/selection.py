"""Tells, for each path of a layer, which analyzers want the file: by dictionaries, since there are very many paths."""

from __future__ import annotations

from collections.abc import Iterable

from sealock.inventory.analyzer import Analyzer


class Selection:
    """The analyzers, sorted by what they ask for."""

    def __init__(self, analyzers: Iterable[Analyzer]) -> None:
        self.paths: dict[str, list[Analyzer]] = {}
        self.folders: dict[str, list[Analyzer]] = {}
        self.parents: dict[str, list[Analyzer]] = {}
        self.names: dict[str, list[Analyzer]] = {}
        self.endings: dict[str, list[tuple[str, Analyzer]]] = {}
        self.elf: list[Analyzer] = []
        for analyzer in analyzers:
            wanted = analyzer.wanted
            for path in wanted.paths:
                self.paths.setdefault(path, []).append(analyzer)
            for folder in wanted.folders:
                self.folders.setdefault(folder, []).append(analyzer)
            for parent in wanted.parents:
                self.parents.setdefault(parent, []).append(analyzer)
            for name in wanted.names:
                self.names.setdefault(name, []).append(analyzer)
            for ending in wanted.endings:
                # By the last four characters, so that most paths cost one look.
                self.endings.setdefault(ending[-4:], []).append((ending, analyzer))
            if wanted.elf:
                self.elf.append(analyzer)

    def by_path(self, path: str) -> list[Analyzer]:
        """The analyzers that ask for this path, each once; those for ELF files are asked for apart."""
        folder, _, name = path.rpartition("/")
        found: list[Analyzer] = []
        if path in self.paths:
            found += self.paths[path]
        if folder in self.folders:
            found += self.folders[folder]
        if (parent := folder.rpartition("/")[2]) in self.parents:
            found += self.parents[parent]
        if name in self.names:
            found += self.names[name]
        if (possible := self.endings.get(path[-4:])) is not None:
            found += [analyzer for ending, analyzer in possible if path.endswith(ending)]
        return found if len(found) < 2 else list(dict.fromkeys(found))
