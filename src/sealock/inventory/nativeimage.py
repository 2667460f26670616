"""The SBOM that GraalVM builds into a native image: compressed CycloneDX, at the symbol `sbom`."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final

from sealock.image.entry import DEFAULT_BOUNDS, Bounds
from sealock.inventory import elf
from sealock.inventory._symbols import defined_addresses
from sealock.inventory.analyzer import AnalyzedFile, Analyzer, BrokenFileError, Fact, FilePatterns
from sealock.inventory.sboms import Sboms
from sealock.model.inventory import UNREAD, FileFact

_HEAP: Final = b".svm_heap"
"""The section that every native image has."""
_SBOM: Final = b"sbom"
_LENGTH: Final = b"sbom_length"
_PACKED: Final = 16 << 20
_PLAIN: Final = 32 << 20
_GZIP: Final = 31
"""The window of zlib that reads a gzip header."""


class NativeImage(Analyzer):
    """The Java libraries that a native image was built from."""

    name = "nativeimage"
    patterns = FilePatterns(elf=True, limit=256 << 20)

    def __init__(self, bounds: Bounds = DEFAULT_BOUNDS) -> None:
        """Keep to these bounds."""
        super().__init__(bounds)
        self._sboms = Sboms(bounds)

    def read(self, file: AnalyzedFile, /) -> Iterator[Fact]:
        """Yield the packages of the SBOM; a native image without one is named as unread."""
        program = elf.read_if_valid(file.content)
        if program is None or program.section(_HEAP) is None:
            return
        symbols = defined_addresses(program, {_SBOM, _LENGTH})
        if len(symbols) < 2:
            yield FileFact(UNREAD, file.path, detail="native images of GraalVM")
            return
        size = int.from_bytes(program.at_address(symbols[_LENGTH], 8), "little")
        packed = program.at_address(symbols[_SBOM], min(size, _PACKED))
        inflating = zlib.decompressobj(_GZIP)
        try:
            text = inflating.decompress(packed, _PLAIN)
        except zlib.error:
            text = b""
        if size > _PACKED or not inflating.eof:
            message = "is a native image whose SBOM cannot be read, or is larger than is read"
            raise BrokenFileError(message)
        yield from self._sboms.read(AnalyzedFile(file.path, text))
