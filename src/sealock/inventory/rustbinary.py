"""Crates that Rust built into a program, as cargo-auditable writes them into the section `.dep-v0`."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final, Literal

import msgspec
from msgspec import Struct

from sealock.errors import decoding_fault
from sealock.inventory import elf, foreign
from sealock.inventory.analyzer import AnalyzedFile, Analyzer, BrokenFileError, FilePatterns
from sealock.model.inventory import Package

_LONGEST: Final = 8 << 20
"""Maximum bytes of the uncompressed list, as in cargo-auditable's own reader."""
_MAX_CRATES: Final = 50_000


class _Crate(Struct, frozen=True):
    name: str
    version: str
    kind: Literal["runtime", "build"] = "runtime"
    root: bool = False


class _Crates(Struct, frozen=True):
    packages: list[_Crate]


class RustBinary(Analyzer):
    """The list of crates that a program was built from."""

    name = "rustbinary"
    version = 2
    patterns = FilePatterns(elf=True, foreign=True, limit=256 << 20)

    def read(self, file: AnalyzedFile, /) -> Iterator[Package]:
        """Yield each crate, those that only built the program as for development."""
        program = elf.read_if_valid(file.content) or foreign.read(file.content)
        content = program.content_of(b".dep-v0", _LONGEST) if program else None
        for crate in () if content is None else _crates(content):
            yield Package(
                type="cargo",
                name=crate.name,
                version=crate.version,
                path=file.path,
                found_by=self.name,
                development=crate.kind == "build",
            )


def _crates(section: bytes) -> list[_Crate]:
    inflating = zlib.decompressobj()
    try:
        text = inflating.decompress(section, _LONGEST)
        if inflating.unconsumed_tail or not inflating.eof:
            message = "has a list of crates that is not whole, or longer than is read"
            raise BrokenFileError(message)
        crates = msgspec.json.decode(text, type=_Crates).packages
    except zlib.error:
        message = "has a list of crates that is not compressed with zlib"
        raise BrokenFileError(message) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        message = f"has a list of crates that cannot be read: {decoding_fault(error)}"
        raise BrokenFileError(message) from None
    if len(crates) > _MAX_CRATES:
        message = f"has a list of {len(crates)} crates, more than are read"
        raise BrokenFileError(message)
    return [crate for crate in crates if crate.name and crate.version]
