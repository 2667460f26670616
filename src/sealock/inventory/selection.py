"""Selects the analyzers for each path of a layer, by dictionaries, since there are very many paths."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from sealock.inventory.analyzer import Analyzer


class Selection:
    """The analyzers by their file patterns. At least `least` bytes of each file are read.

    Without `files`, no file is searched for risks: the analyzers are those that find packages.
    """

    def __init__(self, analyzers: Iterable[Analyzer], least: int = 0, *, files: bool = True) -> None:
        self.analyzers = tuple(analyzers)
        self.files, self._least = files, least
        self.paths: dict[str, list[Analyzer]] = {}
        self.directories: dict[str, list[Analyzer]] = {}
        self.parents: dict[str, list[Analyzer]] = {}
        self.names: dict[str, list[Analyzer]] = {}
        self.endings: dict[str, list[tuple[str, Analyzer]]] = {}
        """By the text after the last dot, so that most paths take one look-up."""
        self.elf: list[Analyzer] = []
        self.foreign: list[Analyzer] = []
        self.zips: list[Analyzer] = []
        self.homes: set[str] = set()
        """Names of directories that an analyzer's files lie in, wherever they are."""
        self.fixed_directories: set[str] = set()
        """Whole paths of such."""
        self._directory_endings: set[str] = set()
        """The texts after the last dot of the directories that endings name."""
        self._last = "", False
        """The last directory of a link, and whether it is a home."""
        probes: set[str] = set()
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
            if patterns.foreign:
                self.foreign.append(analyzer)
            if patterns.zip:
                self.zips.append(analyzer)
            self.homes.update(patterns.parents, patterns.homes)
            self.fixed_directories.update(patterns.directories, (home for home in patterns.homes if "/" in home))
            within = [ending for ending in patterns.endings if "/" in ending]
            self._directory_endings.update(ending_of(ending.rpartition("/")[0]) for ending in within)
            if patterns.homes or patterns.parents or within:
                probes.update(patterns.names, (f"x{ending.rpartition('/')[2]}" for ending in patterns.endings))
                probes.update(ending.rpartition("/")[2] for ending in within)
                probes.update("x.json" for _ in patterns.parents)
        self._probes = tuple(sorted(probes))

    def by_path(self, path: str) -> list[Analyzer]:
        """The analyzers that select this path, each once, except those for programs.

        Of several, those that claim it.
        """
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
        if len(matches) < 2:
            return matches
        return [analyzer for analyzer in dict.fromkeys(matches) if analyzer.claims(path)]

    def claims(self, path: str) -> set[Analyzer]:
        """The analyzers to which a file at this path means something."""
        return {analyzer for analyzer in self.by_path(path) if analyzer.claims(path)}

    def leads(self, path: str) -> bool:
        """Whether a link at this path may lead to files of an analyzer: a quick test, for very many."""
        directory, _, name = path.rpartition("/")
        last = self._last
        if directory != last[0]:
            last = self._last = directory, self._is_home(directory)
        return (
            last[1]
            or name in self.names
            or name in self.homes
            or (ending := name.rpartition(".")[2]) in self._directory_endings
            or (ending in self.endings and any(path.endswith(text) for text, _ in self.endings[ending]))
            or path in self.paths
            or path in self.fixed_directories
        )

    def leads_to_directory(self, path: str) -> bool:
        """Whether a link at this path may lead to a directory with files of an analyzer."""
        directory, _, name = path.rpartition("/")
        return name in self.homes or name.rpartition(".")[2] in self._directory_endings or self._is_home(directory)

    def _is_home(self, directory: str) -> bool:
        """Whether a directory, or a scope, is one that files of an analyzer lie in."""
        above, _, name = directory.rpartition("/")
        scoped = name[:1] == "@" and above.rpartition("/")[2] in self.homes
        return scoped or name in self.homes or directory in self.directories

    @cached_property
    def _placed(self) -> tuple[str, ...]:
        """Those names of `_probes` that mean something in some directories only; few images need them."""
        return tuple(probe for probe in self._probes if self._is_placed(probe))

    def _is_placed(self, name: str) -> bool:
        """Whether it depends on the directory of a file of this name what it means to the analyzers of such names."""
        by_ending = [
            entry for entry in self.endings.get(ending_of(name), ()) if name.endswith(entry[0].rpartition("/")[2])
        ]
        analyzers = [*self.names.get(name, ()), *(analyzer for _, analyzer in by_ending)]
        return (
            any("/" in text for text, _ in by_ending)
            or any(analyzer.placed for analyzer in analyzers)
            or any(path.rpartition("/")[2] == name for path in self.paths)
        )

    def leads_further(self, path: str, real: str) -> set[Analyzer]:
        """The analyzers to which files mean something below a link, but not below the directory that it leads to."""
        further: set[Analyzer] = set()
        name = path.rpartition("/")[2]
        between = ("", "x/", "@x/x/") if name in self.homes else ("", "x/") if name[:1] == "@" else ("",)
        for below in between:
            # Most names mean the same everywhere, and a container may have thousands of links.
            is_special = self.by_directory(f"{path}/{below}".rstrip("/"))
            for probe in self._probes if is_special else self._placed:
                rest = f"/{below}{probe}"
                if claimed := self.claims(path + rest):
                    further |= claimed - self.claims(real + rest)
        return further

    def limit(self, analyzers: Iterable[Analyzer]) -> int:
        """Maximum bytes of a file to read for these analyzers."""
        return max(self._least, *(analyzer.patterns.limit for analyzer in analyzers))


def ending_of(name: str) -> str:
    """The text after the last dot of a name; the whole name if it has none."""
    return name.rpartition(".")[2]
