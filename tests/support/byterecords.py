"""Records what is read of small binary files in which one byte is another: headers of programs, archives, databases.

Each byte of a file in turn has its lowest bit changed, its highest, or all of them; of large files each byte that is not
zero, and some of the others. `tests/vectors/bytes/NAME.txt` holds what differs from the sound file, with the places where it
does, and `tests/test_records.py` compares. No file is compressed, as programs of other versions compress otherwise.
"""

from __future__ import annotations

import errno
import gzip
import os
import tarfile
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache, partial
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any, Final
from zlib import crc32

from sealock.image.bytesources import Stretch, UnreadableError
from sealock.image.tarreader import TarReader
from sealock.inventory._symbols import defined_addresses, wanted_symbols
from sealock.inventory.analyzer import Analyzer, BrokenFileError
from sealock.inventory.catalog import analyzers
from sealock.inventory.elf import read as read_elf
from support.analyzers import read
from support.elffiles import make
from support.madeimages import facts, info, tar
from support.packageholders import SBOM, bundle, native_image
from support.rpmdatabases import berkeley, header, ndb, package
from support.sweeps import difference, rows

RECORDS: Final = Path(__file__).parent.parent / "vectors" / "bytes"
_CHANGES: Final = {"^01": 0x01, "^80": 0x80, "^ff": 0xFF}
_MOST_PLACES: Final = 700
_LONG: Final = 40

Reading = Callable[[bytes], list[str]]


@cache
def _analyzers() -> dict[str, Analyzer]:
    return {analyzer.name: analyzer for analyzer in analyzers()}


def _facts(name: str, path: str, data: bytes) -> list[str]:
    found, broken = read(_analyzers()[name], path, data)
    return [*rows(tuple(found)), *([f"broken: {broken}"] if broken else [])]


def _program(data: bytes) -> list[str]:
    """What an ELF file says of itself, and what it wants of libraries."""
    try:
        elf = read_elf(data)
        parts = (elf.interpreter, elf.dynamic, wanted_symbols(elf), defined_addresses(elf, {b"f", b"g"}))
        held = (*elf.segments, *map(elf.section_at, range(len(elf.rows))))
        return [
            f"kind {elf.kind}, whole {elf.whole}",
            *map(str, held),
            *(row for part in parts for row in rows(part, "its")),
        ]
    except BrokenFileError as error:
        return [f"broken: {error}"]


class _Memory:
    """Bytes that an archive is read from."""

    def __init__(self, data: bytes) -> None:
        self._data, self.size, self.own = data, len(data), True

    def status(self) -> os.stat_result:
        raise OSError(errno.EBADF, "it is no file")

    def pread(self, count: int, offset: int, /) -> bytes:
        return self._data[offset : offset + count]


def entries_of(data: bytes) -> list[str]:
    """What a tar archive has, and the first bytes of its files."""
    errors: list[str] = []
    reader = TarReader(Stretch(_Memory(data)), errors.append, 1 << 20, whiteouts=True)
    found = []
    try:
        for entry in reader.entries():
            body = entry.read(40) if entry.kind == "file" else b""
            found.append(" ".join([*(_short(str(fact)) for fact in facts(entry)), repr(body)]))
    except UnreadableError as error:
        errors.append(str(error))
    return [*found, *errors]


def _short(text: str) -> str:
    """A text; of a long one its end, and a sum that any change of it changes."""
    return ascii(text)[1:-1] if len(text) <= _LONG else f"…{ascii(text[-6:])[1:-1]} ({crc32(os.fsencode(text)):x})"


def _zip(files: dict[str, bytes]) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return buffer.getvalue()


def _go() -> bytes:
    modules = "path\tx.org/app\nmod\tx.org/app\tv1.2.3\t\ndep\tx.org/b\tv0.1.0\th1:abc=\n=>\tx.org/c\tv2.0.0\th1:abc=\nbuild\t-tags=a\n"
    marked = b"0" * 16 + modules.encode() + b"1" * 16
    size = bytes([len(marked) & 0x7F | 0x80, len(marked) >> 7])
    return make({".go.buildinfo": b"\xff Go buildinf:\x08\x02" + bytes(16) + b"\x06go1.22" + size + marked})


def _members(*, gnu: bool) -> bytes:
    long = "d/" * 70 + "long"
    return tar(
        info("etc/", type=tarfile.DIRTYPE, mode=0o755),
        info("etc/a", b"text", uid=1000, gid=50, mode=0o4711),
        info(long, b"x"),
        info("etc/l", type=tarfile.SYMTYPE, linkname="../" * 40 + "a"),
        info("etc/h", type=tarfile.LNKTYPE, linkname="etc/a"),
        info("etc/.wh.b"),
        info("big", b"1", uid=3_000_000),
        format=tarfile.GNU_FORMAT if gnu else tarfile.PAX_FORMAT,
    )


def _with_sum(data: bytearray, at: int) -> None:
    """Write the checksum of the header that a byte belongs to, so that the reader looks at the byte itself."""
    block = at - at % 512
    if data[block + 257 : block + 262] == b"ustar" and not 148 <= at - block < 156:
        data[block + 148 : block + 156] = b" " * 8
        data[block + 148 : block + 156] = b"%06o\0 " % sum(data[block : block + 512])


_POM: Final = {"META-INF/maven/g/a/pom.properties": b"version=1\ngroupId=g\nartifactId=a\n"}
_MANIFEST: Final = {
    "META-INF/MANIFEST.MF": b"Manifest-Version: 1.0\nImplementation-Title: b\nImplementation-Version: 2\n"
}
_PACKAGES: Final = [
    header(package(name) | {1003: 2, 1118: ["/usr/bin/"], 1117: [name], 1116: [0]}) for name in ("a", "b")
]
_NEEDS: Final[dict[str, Any]] = {
    "needed": ["libc.so.6"],
    "soname": "x.so",
    "interpreter": "/lib/ld.so",
    "symbols": [("f", "libc.so.6", "GLIBC_2.8"), ("g", "libc.so.6", "GLIBC_2.34")],
}
_FILES: Final[dict[str, tuple[Reading, Callable[[], bytes]]]] = {
    "elf": (_program, partial(make, **_NEEDS)),
    "elf-32-big": (_program, partial(make, **_NEEDS, wide=False, order=">")),
    "go": (partial(_facts, "gobinary", "usr/bin/app"), _go),
    "rust": (partial(_facts, "rustbinary", "usr/bin/app"), lambda: make({".dep-v0": zlib.compress(b'{"packages": [{"name": "a", "version": "1.0", "source": "registry"}]}', 0)})),
    "static": (partial(_facts, "staticlibs", "usr/bin/app"), lambda: make({".rodata": b"\0 deflate 1.2.13 Copyright 1995-2022 Jean-loup Gailly \0OpenSSL 3.0.13 30 Jan 2024\0"})),
    "dotnet-bundle": (partial(_facts, "dotnetbundle", "app/web"), bundle),
    "native-image": (partial(_facts, "nativeimage", "app/web"), lambda: native_image(gzip.compress(SBOM, 0, mtime=0))),
    "jar": (partial(_facts, "jars", "app/a-1.jar"), lambda: _zip(_POM | {"in/c-3.jar": _zip(_MANIFEST)})),
    "zip": (partial(_facts, "zipped", "srv/app"), lambda: b"#!/usr/bin/env node\n" + _zip({"node_modules/a/package.json": b'{"name": "a", "version": "1.0.0"}'})),
    "rpm-ndb": (partial(_facts, "rpm", "var/lib/rpm/Packages.db"), lambda: ndb(_PACKAGES)),
    "rpm-berkeley": (partial(_facts, "rpm", "var/lib/rpm/Packages"), lambda: berkeley(_PACKAGES)),
    "rpm-berkeley-big": (partial(_facts, "rpm", "var/lib/rpm/Packages"), lambda: berkeley(_PACKAGES, ">", 1024)),
    "apk": (partial(_facts, "apk", "lib/apk/db/installed"), lambda: b"C:Q1x=\nP:musl\nV:1.2.5-r0\nA:x86_64\no:musl\nL:MIT\nD:so:a !b c>1\np:so:d=1 e\nF:lib\nM:0:0:755\nR:libc.so\na:0:0:755\n\n"),
    "wheel": (partial(_facts, "python", "x/a-1.0.dist-info/METADATA"), lambda: b"Metadata-Version: 2.1\nName: a.b\nVersion: 1.0\nLicense: MIT\nRequires-Dist: c (>=1); extra == 'x'\n\ntext\n"),
    "tar-gnu": (entries_of, partial(_members, gnu=True)),
    "tar-pax": (entries_of, partial(_members, gnu=False)),
}  # fmt: skip
NAMES: Final = tuple(_FILES)


def record(name: str) -> str:
    """The sound file as it is read, and what differs where a byte is another."""
    reading, making = _FILES[name]
    sound = making()
    before = reading(sound)
    outcomes: dict[tuple[str, ...], dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    places = _places(sound)
    for at in places:
        for label, bits in _CHANGES.items():
            changed = bytearray(sound)
            changed[at] ^= bits
            if name.startswith("tar"):
                _with_sum(changed, at)
            outcomes[difference(before, reading(bytes(changed)))][label].append(at)
    rank = {at: number for number, at in enumerate(places)}
    lines = [f"as it is, of {len(sound)} bytes:", *(f"  {line}" for line in before)]
    for difference_lines, by_change in outcomes.items():
        for at_places, labels in _alike(by_change):
            lines.append(f"{' '.join(labels)} at {_ranges(at_places, rank)}{'' if difference_lines else ' — the same'}")
        lines += [f"  {line}" for line in difference_lines]
    return "\n".join([*lines, ""])


def _places(data: bytes) -> list[int]:
    """The bytes that are changed: all of a small file; else those that are not zero, and some that are."""
    every = range(len(data))
    if len(data) <= _MOST_PLACES:
        return list(every)
    telling = [at for at in every if data[at] or (at % 64 == 0 and any(data[max(0, at - 64) : at + 64]))]
    return telling[:: len(telling) // _MOST_PLACES + 1]


def _alike(by_change: dict[str, list[int]]) -> Iterator[tuple[list[int], list[str]]]:
    """The places, each with the changes that do the same there."""
    changes: dict[int, list[str]] = defaultdict(list)
    for label, places in by_change.items():
        for at in places:
            changes[at].append(label)
    groups: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for at, labels in sorted(changes.items()):
        groups[tuple(labels)].append(at)
    for labels_together, places in groups.items():
        yield places, ["any"] if len(labels_together) == len(_CHANGES) else list(labels_together)


def _ranges(places: list[int], rank: dict[int, int]) -> str:
    """The places, with a range for those that follow each other among all that were changed."""
    starts = [places[0], *(after for before, after in pairwise(places) if rank[after] != rank[before] + 1)]
    ends = [*(before for before, after in pairwise(places) if rank[after] != rank[before] + 1), places[-1]]
    pairs = zip(starts, ends, strict=True)
    return " ".join(f"{first}" if first == last else f"{first}-{last}" for first, last in pairs)


if __name__ == "__main__":
    RECORDS.mkdir(exist_ok=True)
    for record_name in NAMES:
        (RECORDS / f"{record_name}.txt").write_text(record(record_name), encoding="utf-8")
