"""Conda's packages: one file for each in conda-meta of an environment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from msgspec import Struct

from sealock.inventory import _names
from sealock.inventory._data import decode_json, rows, word, words
from sealock.inventory.analyzer import AnalyzedFile, Analyzer, BrokenFileError, Fact, FilePatterns
from sealock.model.inventory import Package

TYPES: Final = ("tar.bz2", "conda")


class CondaRecord(Struct):
    """The fields of conda-meta/*.json that are of use here."""

    name: Any = ""
    version: Any = ""
    build: Any = ""
    channel: Any = ""
    subdir: Any = ""
    license: Any = ""
    files: Any = None
    fn: Any = ""


class Conda(Analyzer):
    """`conda-meta/*.json`; its files are relative to the environment."""

    name = "conda"
    patterns = FilePatterns(parents=("conda-meta",), limit=64 << 20)

    def read(self, file: AnalyzedFile, /) -> Iterator[Fact]:
        """Yield the package."""
        directory, _, stem = file.path.rpartition("/")
        if not stem.endswith(".json"):
            return
        record = decode_json(file.data, CondaRecord)
        name, version = word(record.name), word(record.version)
        if not name or not version:
            message = "names no package, or not its version"
            raise BrokenFileError(message)
        prefix = directory.rpartition("/")[0]
        files = (_names.inside(prefix, row) for row in rows(record.files) if isinstance(row, str) and row)
        yield Package(
            "conda",
            name,
            version,
            file.path,
            licenses=words(record.license),
            qualifiers=qualifiers(record),
            files=tuple(file for file in files if file),
        )


def qualifiers(record: CondaRecord) -> tuple[tuple[str, str], ...]:
    """Build, channel, platform and kind of archive, as package URLs name them."""
    subdir = word(record.subdir)
    # https://channels.example.org/conda-forge/linux-64 is the channel conda-forge; its platform is a field of its own.
    channel = word(record.channel).rstrip("/").removesuffix(f"/{subdir}").rpartition("/")[2]
    kind = next((type_ for type_ in TYPES if word(record.fn).endswith(f".{type_}")), "")
    pairs = (("build", word(record.build)), ("channel", channel), ("subdir", subdir), ("type", kind))
    return tuple((key, value) for key, value in pairs if value)
