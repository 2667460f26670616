"""The files of a stored image by name: in a directory, or as members of an archive."""

from __future__ import annotations

from typing import Final, Protocol

from sealock.image.bytesources import OpenFile, StoredBytes, Stretch, UnreadableError
from sealock.image.compressedarchive import PackedFile, PackedMember
from sealock.image.entry import Bounds
from sealock.image.inflate import Compression
from sealock.image.lazyfiles import LazyFile, OpenFiles
from sealock.image.paths import normalize, resolve
from sealock.image.pump import Pumped
from sealock.image.tarreader import TarReader
from sealock.image.writtenpaths import STEPS_EXCEEDED, ResolvedEntries

_MEMBERS: Final = 1 << 17
"""Maximum strangers to keep; an image has a few members for each layer."""
_DESCRIPTIONS: Final = frozenset({"manifest.json", "index.json", "oci-layout"})
_OURS: Final = frozenset({"", "blobs", "manifest.json", "index.json", "oci-layout", "repositories"})
_HEX: Final = "0123456789abcdef"
_TRANSPORT: Final = "manifest.json"


class ImageStore(Protocol):
    """Files by name."""

    def open(self, name: str, /) -> StoredBytes:
        """Open a file; UnreadableError if it cannot be read."""

    def has(self, name: str, /) -> bool:
        """Whether there is a file of this name."""


class DirectoryStore:
    """A directory, which may have more files than a process may have open."""

    def __init__(self, root: OpenFile) -> None:
        self._open = OpenFiles(root)
        self._files: dict[str, LazyFile] = {}
        """The files opened so far: images share layers."""

    def open(self, name: str, /) -> Stretch:
        """Open a file without following links."""
        return self._file(name)

    def _file(self, name: str) -> Stretch:
        path, outside = normalize(name)
        if outside or not path:
            raise UnreadableError(why="its name leads outside")
        if path not in self._files:
            self._files[path] = LazyFile(self._open, path)
        return Stretch(self._files[path])

    def has(self, name: str, /) -> bool:
        """Whether it can be opened."""
        try:
            self.open(name)
        except UnreadableError:
            return False
        return True


class TransportStore(DirectoryStore):
    """A directory as `skopeo copy IMAGE dir:PATH` writes it: manifest.json, and a file for each digest.

    Its names become those of an OCI layout. `top` is the digest of manifest.json.
    """

    def __init__(self, root: OpenFile, top: str) -> None:
        super().__init__(root)
        self._top = top.partition(":")[2]

    def open(self, name: str, /) -> Stretch:
        """Open a blob by its path in an OCI layout."""
        value = name.rpartition("/")[2]
        if value == self._top:
            return self._file(_TRANSPORT)
        try:
            return self._file(f"{value}.{_TRANSPORT}")  # an image of an index
        except UnreadableError:
            return self._file(value)


class ArchiveStore:
    """An archive whose members are an image's files. `strangers` counts members that do not look like any.

    It is read to its end: what describes the image may come after any number of strangers.
    """

    def __init__(self, stored: Stretch, how: Compression, bounds: Bounds) -> None:
        self._stored, self._bounds = stored, bounds
        self._packed = PackedFile(stored, how, bounds) if how else None
        self._members: dict[str, tuple[int, int]] = {}
        self._links: dict[str, str] = {}
        self._directories: set[str] = set()
        """Those with members or links."""
        self.faults: list[str] = []
        self.strangers = 0
        if self._packed is None:
            self._list(TarReader(stored, self._note, bounds.entries))
            return
        pumped = Pumped(self._packed.first_pass())
        try:
            self._list(TarReader(pumped, self._note, bounds.entries))
            if how != "gzip":
                pumped.drain()
        except UnreadableError as error:
            self._note(str(error))
        finally:
            pumped.close()
        if self._packed.spooled is not None:
            self._stored, self._packed = self._packed.spooled, None

    def _list(self, reader: TarReader) -> None:
        entries = ResolvedEntries(reader.entries(), _MEMBERS)
        for entry in entries:
            path, kind = entry.path, entry.kind
            is_ours = _is_ours(path)
            self.strangers += not is_ours
            kept = len(self._members) + len(self._links)
            if kept >= _MEMBERS and path not in _DESCRIPTIONS and (kept >= 2 * _MEMBERS or not is_ours):
                continue  # opening it says that it is not there
            if kind != "directory" and path in self._directories:
                self._note(f"/{path} takes the place of a directory of the archive, of which engines then keep nothing")
            former = self._members.get(entry.target), self._links.get(entry.target)
            self._members.pop(path, None)
            self._links.pop(path, None)
            if kind == "file":
                self._keep(path, member=(reader.body, entry.size))
            elif kind == "symbolic link":
                self._keep(path, link=entry.target)
            elif kind == "hard link":
                self._keep(path, *former)
        if entries.is_over:
            self._note(STEPS_EXCEEDED)

    def _keep(self, path: str, member: tuple[int, int] | None = None, link: str | None = None) -> None:
        """Keep a file, or a symbolic link, as the last at its path."""
        if member is not None:
            self._members[path] = member
        elif link is not None:
            self._links[path] = link
        above = path.rpartition("/")[0]
        while above and above not in self._directories:
            self._directories.add(above)
            above = above.rpartition("/")[0]

    @property
    def is_legacy(self) -> bool:
        """Whether it holds a layer as Docker saved them before there was a manifest.json."""
        directories = {path.removesuffix("/layer.tar") for path in self._members if path.endswith("/layer.tar")}
        return any("/" not in directory and f"{directory}/json" in self._members for directory in directories)

    def _note(self, message: str) -> None:
        if len(self.faults) < 100:
            self.faults.append(message)

    def __bool__(self) -> bool:
        """Whether it has any members."""
        return bool(self._members)

    def open(self, name: str, /) -> StoredBytes:
        """Open a member. Follows links, which old versions of Docker write for a layer that occurs twice."""
        member = self._member(name)
        if member is None:
            raise UnreadableError(why="it is not in the archive")
        return PackedMember(self._packed, *member) if self._packed else self._stored.part(*member)

    def _member(self, name: str) -> tuple[int, int] | None:
        path = normalize(name)[0]
        member = self._members.get(path)
        if member is None and (target := resolve(path, self._links)):
            member = self._members.get(target)
        return member

    def has(self, name: str, /) -> bool:
        """Whether there is such a member."""
        return self._member(name) is not None


def _is_ours(path: str) -> bool:
    """Whether archives of images have a member of this name: fixed names, and digests."""
    top = path.partition("/")[0].removeprefix("sha256:")
    return top in _OURS or (len(top) >= 64 and not top[:64].strip(_HEX)) or top.endswith((".tar", ".tar.gz"))
