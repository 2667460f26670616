"""Stacks the layers of an image: the file at each path, and the hidden files below."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sealock.image.entry import LayerEntry, LayerSource
from sealock.inventory import programs
from sealock.inventory.scan import ELF, NOT_ELF
from sealock.inventory.window import Window
from sealock.model.content import Content, FileNode, Hidden, Program

_LARGEST: Final = 256 << 20
_SCRIPT: Final = 64 << 10
_TEXTS: Final = 16 << 20
"""Maximum bytes of all texts that are kept."""
_MOST_NODES: Final = 3_000_000
_LETTERS: Final = 1 << 29
"""Maximum characters of all paths, their directories included."""
_MOST_PROGRAMS: Final = 200_000
_MOST_HIDDEN: Final = 100_000
_SHELLS: Final = frozenset({"sh", "bash", "dash", "ash", "ksh", "mksh", "zsh", "busybox"})
_SETTINGS: Final = ("etc/ld.so.conf", "etc/ld-musl-")


def content(layers: Iterable[LayerSource]) -> Content:
    """Read every layer once, from the bottom up."""
    laid = _Laid()
    for source in layers:
        laid.layer(source)
    return laid.done()


class _Laid:
    """The view of a container, so far."""

    def __init__(self) -> None:
        self.nodes: dict[str, FileNode] = {}
        self.children: dict[str, set[str]] = {}
        """Names right in a directory: what a whiteout takes with it."""
        self.programs: dict[str, Program] = {}
        self.texts: dict[str, str] = {}
        self.tags: dict[str, tuple[str, ...]] = {}
        self.hidden: list[Hidden] = []
        self.room = _TEXTS
        self.letters = _LETTERS
        self.cut = False

    def layer(self, source: LayerSource) -> None:
        """Add the next layer. Its whiteouts apply only to the layers below, wherever they are in the layer."""
        index = source.layer.index
        for entry in source.entries():
            if entry.kind == "whiteout":
                self.remove(entry.path, index)
            elif entry.kind == "opaque":
                for name in tuple(self.children.get(entry.path, ())):
                    self.remove(f"{entry.path}/{name}".lstrip("/"), index)
            elif entry.path:
                self.put(entry, index)

    def remove(self, path: str, by: int) -> None:
        """Remove a path and all below it that earlier layers added."""
        pending = [path]
        while pending:
            below = pending.pop()
            pending += [f"{below}/{name}" for name in self.children.get(below, ())]
            node = self.nodes.get(below)
            if node is None or node.layer >= by:
                continue
            self.forget(below, node, by)
            directory, _, name = below.rpartition("/")
            self.children.get(directory, set()).discard(name)

    def forget(self, path: str, node: FileNode, by: int) -> None:
        """Remove a hidden file, and count its size."""
        del self.nodes[path]
        self.programs.pop(path, None)
        self.texts.pop(path, None)
        self.tags.pop(path.rpartition("/")[0], None) if path.endswith("/WHEEL") else None
        if node.kind == "file" and node.size and not node.same and node.layer < by:
            if len(self.hidden) < _MOST_HIDDEN:
                self.hidden.append(Hidden(path, node.size, node.layer, by))
            else:
                self.cut = True

    def put(self, entry: LayerEntry, index: int) -> None:
        """Put an entry where it belongs."""
        path = entry.path
        old = self.nodes.get(path)
        if old is not None:
            if old.kind == "directory" and entry.kind != "directory":
                self.remove(path, index)
            elif old.kind != "directory" or entry.kind != "directory":
                self.forget(path, old, index)
        else:
            if path in self.children and entry.kind != "directory":
                self.remove(path, index)
            if len(self.nodes) >= _MOST_NODES or not self.linked_up(path):
                self.cut = True
                return
        if entry.kind == "hard link":
            self.nodes[path] = self.linked(entry, index)
        elif entry.kind == "file":
            self.nodes[path] = FileNode("file", entry.size, index, entry.mode)
            self.read(entry)
        elif entry.kind == "directory":
            self.nodes[path] = FileNode("directory", 0, index, entry.mode)
        elif entry.kind == "symbolic link":
            self.nodes[path] = FileNode("symbolic link", 0, index, entry.mode, entry.target)
        else:
            self.nodes[path] = FileNode("other", 0, index, entry.mode)

    def linked_up(self, path: str) -> bool:
        """Note the directories of a path, since not all have entries of their own; False if there is no room."""
        while path:
            self.letters -= len(path)
            if self.letters < 0:
                return False
            directory, _, name = path.rpartition("/")
            names = self.children.get(directory)
            if names is not None:
                names.add(name)
                return True
            self.children[directory] = {name}
            path = directory
        return True

    def linked(self, entry: LayerEntry, index: int) -> FileNode:
        """Add a hard link to a file, which shares what its first name says."""
        target = entry.target.strip("/").removeprefix("./")
        first = self.nodes.get(target)
        if first is None or first.kind != "file":
            return FileNode("other", 0, index, entry.mode)
        if target in self.programs:
            self.programs[entry.path] = self.programs[target]
        if target in self.texts:
            self.texts[entry.path] = self.texts[target]
        return FileNode("file", first.size, index, first.mode, same=first.same or target)

    def read(self, entry: LayerEntry) -> None:
        """Read a file if it is a program, a script or a configuration of the library path."""
        path, size = entry.path, entry.size
        if path.endswith(".dist-info/WHEEL"):
            lines = entry.read(_SCRIPT).decode("utf-8", "replace").splitlines()
            tags = (line.partition(":")[2].strip() for line in lines if line.startswith("Tag:"))
            self.tags[path.removesuffix("/WHEEL")] = tuple(tag for tag in tags if tag.isprintable())[:64]
            return
        if path.startswith(_SETTINGS):
            self.keep(path, entry.read(_SCRIPT))
            return
        executable = entry.mode & 0o111
        if not executable and path.rpartition(".")[2] in NOT_ELF:
            return
        begin = entry.read(4)
        if begin == ELF and size <= _LARGEST:
            # Read only the needed pieces: most of a program is code.
            parsed = programs.program(Window(entry.part, size) if entry.part is not None else entry.read(size))
        elif begin[:2] == b"#!" and executable:
            data = entry.read(min(size, _SCRIPT))
            parsed = programs.program(data)
            if parsed is not None and _is_for_a_shell(parsed) and size <= _SCRIPT:
                self.keep(path, data)
        else:
            return
        if parsed is None:
            return
        if len(self.programs) < _MOST_PROGRAMS:
            self.programs[path] = parsed
        else:
            self.cut = True

    def keep(self, path: str, data: bytes) -> None:
        """Keep a text, as long as there is room."""
        if len(data) <= self.room:
            self.room -= len(data)
            self.texts[path] = data.decode("utf-8", "replace")
        else:
            self.cut = True

    def done(self) -> Content:
        """All of it."""
        return Content(self.nodes, self.programs, self.texts, self.tags, tuple(self.hidden), self.cut)


def _is_for_a_shell(script: Program) -> bool:
    words = [script.interpreter, *" ".join(script.arguments).split(" ")]
    return any(word.rpartition("/")[2] in _SHELLS for word in words[:3])
