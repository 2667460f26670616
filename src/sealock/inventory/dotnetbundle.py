"""Programs of .NET that are published as a single file: its bundle, behind the host's own code, has the *.deps.json.

https://github.com/dotnet/designs/blob/main/accepted/2020/single-file/bundler.md
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct as Layout
from typing import Final

from sealock.image.entry import DEFAULT_BOUNDS, Bounds
from sealock.inventory import elf, foreign
from sealock.inventory.analyzer import AnalyzedFile, Analyzer, BrokenFileError, Fact, FilePatterns
from sealock.inventory.dotnet import Dotnet
from sealock.inventory.elf import Elf
from sealock.inventory.foreign import ForeignProgram
from sealock.model.inventory import UNREAD, FileFact

MARK: Final = bytes.fromhex("8b1202b96a612038727b930214d7a03213f5b9e6efae3318ee3b2dce24b36aae")
"""What the host has behind the offset of its bundle: the SHA-256 of ".net core bundle" and a line end."""
_DATA: Final = 16 << 20
"""Maximum bytes of the section that holds the mark."""
_DEPS: Final = 16 << 20
_TABLES: Final = 64 << 10
"""Bytes that the table of sections and padding may take behind the last section; a bundle is larger."""
_OFFSET: Final = Layout("<Q")
_VERSION: Final = Layout("<IIi")
_PLACES: Final = Layout("<qq")
_FIRST_WITH_PLACES: Final = 2
"""The version of bundles that says where the *.deps.json is: that of .NET 5. Earlier ones only list their files."""


class DotnetBundle(Analyzer):
    """The *.deps.json in a program that is a single file."""

    name = "dotnetbundle"
    version = 2
    patterns = FilePatterns(elf=True, foreign=True, limit=256 << 20)

    def __init__(self, bounds: Bounds = DEFAULT_BOUNDS) -> None:
        """Keep to these bounds."""
        super().__init__(bounds)
        self._dotnet = Dotnet(bounds)

    def read(self, file: AnalyzedFile, /) -> Iterator[Fact]:
        """Yield the libraries that the program has in it."""
        program = elf.read_if_valid(file.content) or foreign.read(file.content)
        header = _bundle(program) if program else 0
        if program is None or not header:
            return
        data = program.data
        fixed = data[header : header + _VERSION.size]
        major, _, _ = _VERSION.unpack(fixed) if len(fixed) == _VERSION.size else (0, 0, 0)
        if major < _FIRST_WITH_PLACES:
            yield FileFact(UNREAD, file.path, detail=".NET Core 3 in a single file")
            return
        # The id of the bundle follows: its length, which takes one byte, and so many bytes.
        at = header + _VERSION.size
        at += 1 + int.from_bytes(data[at : at + 1], "little")
        places = data[at : at + _PLACES.size]
        offset, size = _PLACES.unpack(places) if len(places) == _PLACES.size else (0, -1)
        if not size:
            return  # it was built without
        deps = data[offset : offset + size] if size <= _DEPS and offset > 0 else b""
        if len(deps) != size:
            message = "is a bundle of .NET whose *.deps.json is not where it says"
            raise BrokenFileError(message)
        yield from self._dotnet.read(AnalyzedFile(file.path, deps))


def _bundle(program: Elf | ForeignProgram) -> int:
    """The offset of the bundle in a program, 0 for programs without one: most have nothing behind their sections."""
    if isinstance(program, Elf):
        end = max((row[4] + row[5] for row in program.rows if row[1] != elf.NOBITS), default=0)
    else:
        end = max((part.offset + part.size for part in program.loaded), default=0)
    if len(program.data) < end + _TABLES:
        return 0
    content = program.content_of(b".data", _DATA) or program.content_of(b"__data", _DATA) or b""
    at = content.find(MARK)
    return _OFFSET.unpack_from(content, at - _OFFSET.size)[0] if at >= _OFFSET.size else 0
