"""An rpm header, as the databases of rpm store it: an index of tags, then their data. Numbers are big-endian.

See "Header" in rpm's manual of its package format; within a database the lead-in magic is left out.
"""

from __future__ import annotations

from struct import error, iter_unpack, unpack_from
from typing import Final

from sealock.inventory.analyzer import BrokenFileError
from sealock.inventory.stanzas import PathBudget

NAME: Final = 1000
VERSION: Final = 1001
RELEASE: Final = 1002
EPOCH: Final = 1003
VENDOR: Final = 1011
LICENSE: Final = 1014
ARCH: Final = 1022
PROVIDENAME: Final = 1047
REQUIRENAME: Final = 1049
OLDFILENAMES: Final = 1027
FILEMODES: Final = 1030
SOURCERPM: Final = 1044
DIRINDEXES: Final = 1116
BASENAMES: Final = 1117
DIRNAMES: Final = 1118
MODULARITYLABEL: Final = 5096

INT16: Final = 3
INT32: Final = 4
STRING: Final = 6
STRING_ARRAY: Final = 8
I18NSTRING: Final = 9

MOST_TAGS: Final = 0xFFFF
"""The limit of rpm itself (hdrchkTags)."""
MOST_BYTES: Final = 64 << 20
MOST_STRINGS: Final = 1_000_000
"""Maximum texts or numbers of one tag; the largest packages have some hundred thousand files."""


class Header:
    """A package's header. Missing tags and those of another type are empty; data out of bounds is a BrokenFileError."""

    def __init__(self, blob: bytes) -> None:
        """Read the index; BrokenFileError if it does not fit into the blob."""
        try:
            tags, length = unpack_from(">II", blob)
        except error:
            msg = "a header is cut off"
            raise BrokenFileError(msg) from None
        start = 8 + 16 * tags
        if tags > MOST_TAGS or start + length > min(len(blob), MOST_BYTES):
            msg = f"a header says that it has {tags} tags and {length} bytes, but has {len(blob)} bytes in all"
            raise BrokenFileError(msg)
        self._index = {tag: (kind, offset, count) for tag, kind, offset, count in iter_unpack(">IIII", blob[8:start])}
        self._data = blob[start : start + length]

    def text(self, tag: int) -> str:
        """Read a string, the first if there are several."""
        return next(iter(self.texts(tag)), "")

    def texts(self, tag: int) -> list[str]:
        """Read all strings of a tag."""
        kind, offset, count = self._index.get(tag, (0, 0, 0))
        if kind not in {STRING, STRING_ARRAY, I18NSTRING}:
            return []
        if count > MOST_STRINGS:
            msg = f"tag {tag} has {count} strings"
            raise BrokenFileError(msg)
        if kind == STRING:
            end = self._data.find(b"\0", offset)
            parts = [self._data[offset:end]] if end >= 0 else []
        else:
            # What follows the last zero byte is not of this tag.
            parts = self._data[offset:].split(b"\0", count)[:-1]
        texts = [part.decode("utf-8", "replace") for part in parts]
        if len(texts) < (1 if kind == STRING else count):
            msg = f"the strings of tag {tag} run out of its header"
            raise BrokenFileError(msg)
        return texts

    def numbers(self, tag: int) -> tuple[int, ...]:
        """Read the numbers of a tag, of 16 or 32 bits."""
        kind, offset, count = self._index.get(tag, (0, 0, 0))
        letter, width = {INT16: ("H", 2), INT32: ("I", 4)}.get(kind, ("", 0))
        if not letter:
            return ()
        if count > MOST_STRINGS or offset + width * count > len(self._data):
            msg = f"the numbers of tag {tag} run out of its header"
            raise BrokenFileError(msg)
        return tuple(number for (number,) in iter_unpack(f">{letter}", self._data[offset : offset + width * count]))

    def files(self) -> tuple[str, ...]:
        """Read the paths of the package's files, directories left out, relative to the root."""
        directories, names, places = self.texts(DIRNAMES), self.texts(BASENAMES), self.numbers(DIRINDEXES)
        if len(names) != len(places) or any(place >= len(directories) for place in places):
            msg = "the names of files do not fit their directories"
            raise BrokenFileError(msg)
        room = PathBudget(len(self._data))
        for place, name in zip(places, names, strict=True):
            room.take(len(directories[place]) + len(name))
        paths = [directories[place] + name for place, name in zip(places, names, strict=True)] or self.texts(
            OLDFILENAMES
        )
        modes = self.numbers(FILEMODES)
        if len(modes) != len(paths):
            modes = (0,) * len(paths)
        return tuple(path.strip("/") for path, mode in zip(paths, modes, strict=True) if mode & 0o170000 != 0o040000)
