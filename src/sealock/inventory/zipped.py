"""Packages in zip archives that programs run or load as they are: Python's zipapps, and the cache of Yarn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.image.entry import DEFAULT_BOUNDS, Bounds
from sealock.inventory import _zip
from sealock.inventory.analyzer import AnalyzedFile, Analyzer, BrokenFileError, Fact, FilePatterns
from sealock.inventory.npm import Npm, installed
from sealock.inventory.python import Python
from sealock.inventory.window import FileContent

LARGEST: Final = 512 << 20
"""Maximum bytes of an archive."""
LEAST, TIMES, ENTRY = 1 << 20, 32, 512
"""Maximum bytes that are inflated of one archive: a constant, and a multiple of its size. Each entry counts as some."""
MANIFEST: Final = 16 << 20
"""Maximum bytes of one manifest."""
FAULTS: Final = 5
"""Maximum reported errors of one archive."""
_METADATA: Final = b".dist-info/METADATA"
_MAIN: Final = b"__main__.py"
"""What Python starts in a zipapp, as pex and shiv make them. A wheel has none: it is there to be installed."""
_MODULES: Final = b"node_modules/"
_PACKAGE_JSON: Final = b"/package.json"


class Zipped(Analyzer):
    """METADATA and package.json in archives that are used without being unpacked."""

    name = "zipped"
    patterns = FilePatterns(zip=True, limit=LARGEST)

    def __init__(self, bounds: Bounds = DEFAULT_BOUNDS) -> None:
        """Keep to these bounds."""
        super().__init__(bounds)
        self._python, self._npm = Python(bounds), Npm(bounds)

    def read(self, file: AnalyzedFile, /) -> Iterator[Fact]:
        """Yield the packages, then report what could not be read."""
        if not _is_used_as_it_is(file.content):
            return
        if len(file.content) > LARGEST:
            message = f"is an archive of packages of more than {LARGEST} bytes, and was not read"
            raise BrokenFileError(message)
        data = memoryview(file.data)
        archive = _zip.open_archive(data, _is_manifest)
        left = LEAST + TIMES * len(data)
        faults: list[str] = []
        for entry in archive.entries.values():
            left -= ENTRY + entry.size
            if left < 0:
                faults[FAULTS - 1 :] = [f"{entry.name} was not read: there is too much in this file"]
                break
            try:
                manifest = AnalyzedFile(f"{file.path}!/{entry.name}", bytes(archive.read(entry, MANIFEST)))
                yield from (self._npm if entry.name.endswith(".json") else self._python).read(manifest)
            except BrokenFileError as broken:
                faults = [*faults, f"{entry.name}: {broken}"][:FAULTS]
        if faults:
            raise BrokenFileError("; ".join(faults))


def _is_used_as_it_is(content: FileContent) -> bool:
    """Whether the directory of an archive names packages, and what makes a program use them where they are."""
    try:
        start, end = _zip.directory(content)[:2]
    except BrokenFileError:
        return False
    listed = content[start:end]
    return (_METADATA in listed and _MAIN in listed) or (_MODULES in listed and _PACKAGE_JSON in listed)


def _is_manifest(name: bytes) -> bool:
    if name.endswith(_PACKAGE_JSON):
        return installed(name.decode("utf-8", "replace"))
    return name.endswith(_METADATA)
