"""Finds files in an image as its programs do: through links, PATH, and the loader's directories."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.image.paths import resolve
from sealock.model.absent import given
from sealock.model.container import Container
from sealock.model.content import Content, FileNode, Program
from sealock.patterns import compile_lazily

PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""The engine's default PATH."""
_LIBRARIES: Final = ("lib", "usr/lib", "lib64", "usr/lib64", "usr/local/lib", "usr/local/lib64")
_NOWHERE: Final = ".."
"""No normalized path begins with it."""
_OF_DEBIAN: Final = compile_lazily(r"(?:usr/)?lib/[a-z0-9_]+-linux-(?:gnu|musl)[a-z0-9]*")
_MOST_DIRECTORIES: Final = 200


class ImageFiles:
    """The image's files."""

    def __init__(self, content: Content, container: Container) -> None:
        self.content = content
        self._links = {path: node.target for path, node in content.nodes.items() if node.kind == "symbolic link"}
        self._real: dict[str, str] = {}
        self.variables = {variable.name: variable.value or "" for variable in given(container.environment, ())}
        self.directory = given(container.working_dir, "")
        self._named: dict[str, list[str]] = {}
        for path, program in content.programs.items():
            if program.kind == "library":
                self._named.setdefault(path.rpartition("/")[2], []).append(path)
        self._settings = tuple(self._from_settings())

    def place(self, path: str) -> str:
        """The path with the links among its directories resolved, so that it names the link or the file itself."""
        directory, _, name = path.strip("/").rpartition("/")
        return f"{self.real_directory(directory)}/{name}".lstrip("/")

    def real(self, path: str) -> str:
        """The path with all links resolved; "" where it does not exist."""
        resolved = self.place(path)
        if resolved in self._links:
            resolved = resolve(resolved, self._links) or ""
        return resolved if resolved in self.content.nodes else ""

    def real_directory(self, directory: str) -> str:
        """The directory with all links resolved, even without an entry of its own; ".." for a loop of links."""
        directory = directory.strip("/")
        # Files of one directory share its path, which is resolved once.
        if directory not in self._real:
            resolved = resolve(directory, self._links)
            self._real[directory] = _NOWHERE if resolved is None else resolved
        return self._real[directory]

    def node(self, path: str) -> FileNode | None:
        """The node at a path, with links resolved."""
        return self.content.nodes.get(self.real(path))

    def program(self, path: str) -> Program | None:
        """The program at a path."""
        return self.content.programs.get(self.real(path))

    def search(self) -> tuple[str, ...]:
        """The directories of PATH."""
        return tuple((self.variables.get("PATH") or PATH).split(":"))[:_MOST_DIRECTORIES]

    def command(self, word: str) -> str:
        """The real path of the program of a command word, "" where there is none."""
        return self.real(path) if (path := self.name(word)) else ""

    def name(self, word: str) -> str:
        """The path that a command word stands for, which may be a link; "" for none."""
        if "/" in word:
            path = self.place(word if word.startswith("/") else f"{self.directory}/{word}")
            return path if self.real(path) else ""
        for directory in self.search():
            path = self.place(f"{directory}/{word}")
            node = self.content.nodes.get(self.real(path))
            if node is not None and node.kind == "file" and node.mode & 0o111:
                return path
        return ""

    def library(self, name: str, of: str) -> str:
        """The real path of a library that a file needs, "" where the loader does not find it."""
        if "/" in name:
            return self.real(name)
        for directory in self._directories(of):
            if (path := self.real(f"{directory}/{name}")) and path in self.content.programs:
                return path
        return ""

    def elsewhere(self, name: str) -> str:
        """The path of a library of this name outside the loader's directories, "" for none."""
        return next(iter(self._named.get(name, ())), "")

    def _directories(self, of: str) -> Iterator[str]:
        program = self.content.programs.get(of)
        origin = of.rpartition("/")[0]
        for directory in program.runpath if program else ():
            yield directory.replace("${ORIGIN}", origin).replace("$ORIGIN", origin)
        yield from self.variables.get("LD_LIBRARY_PATH", "").split(":")[:_MOST_DIRECTORIES]
        yield from self._settings
        yield from _LIBRARIES

    def _from_settings(self) -> Iterator[str]:
        """The directories of ld.so.conf and of musl's path file, and those built into Debian's loader."""
        for path, text in self.content.texts.items():
            if path.startswith(("etc/ld.so.conf", "etc/ld-musl-")):
                for line in text.replace(":", "\n").splitlines()[:_MOST_DIRECTORIES]:
                    directory = line.partition("#")[0].strip()
                    if directory.startswith("/"):
                        yield directory
        # Debian's loader searches these; a directory can exist without an entry of its own.
        directories = {path.rpartition("/")[0] for path in self.content.nodes}
        yield from sorted(directory for directory in directories if _OF_DEBIAN.fullmatch(directory))
