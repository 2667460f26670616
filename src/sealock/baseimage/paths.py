"""Finds files in an image as its programs would: through links, PATH, and the loader's folders."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from sealock.image.paths import resolve
from sealock.model.container import Container
from sealock.model.content import Content, FileNode, Program

PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where an engine looks when the configuration does not say."""
_LIBRARIES: Final = ("lib", "usr/lib", "lib64", "usr/lib64", "usr/local/lib", "usr/local/lib64")
_NOWHERE: Final = ".."
"""No normal path begins so."""
_OF_DEBIAN: Final = re.compile(r"(?:usr/)?lib/[a-z0-9_]+-linux-(?:gnu|musl)[a-z0-9]*")
_MOST_FOLDERS: Final = 200


class ImageFiles:
    """The image's files, found in the ways of its programs."""

    def __init__(self, content: Content, container: Container) -> None:
        self.content = content
        self._links = {path: node.target for path, node in content.nodes.items() if node.kind == "symbolic link"}
        self._real: dict[str, str] = {}
        given = container.environment if isinstance(container.environment, tuple) else ()
        self.variables = {one.name: one.value or "" for one in given}
        self.folder = container.working_dir if isinstance(container.working_dir, str) else ""
        self._named: dict[str, list[str]] = {}
        for path, program in content.programs.items():
            if program.kind == "library":
                self._named.setdefault(path.rpartition("/")[2], []).append(path)
        self._settings = tuple(self._from_settings())

    def real(self, path: str) -> str:
        """The path itself, every link on its way followed; "" where nothing is there."""
        path = path.strip("/")
        folder, _, name = path.rpartition("/")
        one = f"{self.home(folder)}/{name}".lstrip("/")
        if one in self._links:
            one = resolve(one, self._links) or ""
        return one if one in self.content.nodes else ""

    def home(self, folder: str) -> str:
        """The folder itself, whether it has an entry of its own or not; a loop of links leads nowhere."""
        folder = folder.strip("/")
        # Files of one folder share their way, so that it is followed once for all.
        if folder not in self._real:
            found = resolve(folder, self._links)
            self._real[folder] = _NOWHERE if found is None else found
        return self._real[folder]

    def node(self, path: str) -> FileNode | None:
        """What stands there, links followed."""
        return self.content.nodes.get(self.real(path))

    def program(self, path: str) -> Program | None:
        """What the program there says of itself."""
        return self.content.programs.get(self.real(path))

    def search(self) -> tuple[str, ...]:
        """The folders of PATH."""
        return tuple((self.variables.get("PATH") or PATH).split(":"))[:_MOST_FOLDERS]

    def command(self, word: str) -> str:
        """The real path of the program that a word starts, "" where there is none."""
        if "/" in word:
            return self.real(word if word.startswith("/") else f"{self.folder}/{word}")
        for folder in self.search():
            found = self.real(f"{folder}/{word}")
            node = self.content.nodes.get(found)
            if node is not None and node.kind == "file" and node.mode & 0o111:
                return found
        return ""

    def library(self, name: str, of: str) -> str:
        """The real path of a library that a file needs, "" where the loader would not find it."""
        if "/" in name:
            return self.real(name)
        for folder in self._folders(of):
            if (found := self.real(f"{folder}/{name}")) and found in self.content.programs:
                return found
        return ""

    def elsewhere(self, name: str) -> str:
        """Where a library of this name stands outside of the loader's folders, "" for nowhere."""
        return next(iter(self._named.get(name, ())), "")

    def _folders(self, of: str) -> Iterator[str]:
        program = self.content.programs.get(of)
        origin = of.rpartition("/")[0]
        for folder in program.runpath if program else ():
            yield folder.replace("${ORIGIN}", origin).replace("$ORIGIN", origin)
        yield from self.variables.get("LD_LIBRARY_PATH", "").split(":")[:_MOST_FOLDERS]
        yield from self._settings
        yield from _LIBRARIES

    def _from_settings(self) -> Iterator[str]:
        """Folders that ld.so.conf and musl's own file of paths name, and those that Debian builds its loader with."""
        for path, text in self.content.texts.items():
            if path.startswith(("etc/ld.so.conf", "etc/ld-musl-")):
                for line in text.replace(":", "\n").splitlines()[:_MOST_FOLDERS]:
                    folder = line.partition("#")[0].strip()
                    if folder.startswith("/"):
                        yield folder
        # Debian's loader is built to look into these; a folder may be there without an entry of its own.
        folders = {path.rpartition("/")[0] for path in self.content.nodes}
        yield from sorted(folder for folder in folders if _OF_DEBIAN.fullmatch(folder))
