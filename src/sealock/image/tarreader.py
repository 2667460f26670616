"""Walks a tar archive of any dialect, header by header, without reading the files between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final
from zlib import adler32

from sealock.image import header as tar
from sealock.image import sparse
from sealock.image.entry import Entry, EntryKind
from sealock.image.header import BLOCK, MOST, ZEROS
from sealock.image.paths import ODD_STARTS, normal
from sealock.image.pax import Extension
from sealock.image.sparse import Segments
from sealock.image.stored import Bytes, Damage, Stretch

KINDS: Final[dict[int, EntryKind]] = {
    0: "file", 0x30: "file", 0x37: "file", 0x53: "file", 0x31: "hard link", 0x32: "symbolic link", 0x33: "device",
    0x34: "device", 0x35: "folder", 0x36: "pipe",
}  # fmt: skip
_EXTENSIONS: Final = frozenset(b"xgLK")
_GLOBAL, _LONG_NAME, _LONG_TARGET, _FOLDER = b"gLK5"
_BODILESS: Final = frozenset(b"123456")
_LINKS: Final = frozenset(b"12")
_OLD_SPARSE: Final = 0x53
_KEPT: Final = 1 << 15
PATH_LIMIT: Final = 4096
"""Bytes of a path, as Linux has it."""
_LONG: Final = 255
LONG_NAMES: Final = 128 << 20
"""Bytes of all longer names and targets of a layer."""
_STEP: Final = 1 << 20
"""Bytes that are gathered at once."""
_CAPABILITY: Final = b"SCHILY.xattr.security.capability"


class TarReader:
    """Reads one archive once. `report` is told what is wrong, in whole sentences that start with a small letter.

    It can begin at a later header, and end before the first one that stands at or behind `stop`: `ended` then says
    where that is, and is -1 where the archive ended before.
    """

    def __init__(
        self, source: Bytes, report: Callable[[str], None], most: int, start: int = 0, stop: int = MOST
    ) -> None:
        self._source, self._report, self._most = source, report, most
        self._start, self._stop = start, stop
        self.ended = -1
        self.seen = 0
        """Headers read so far."""
        self.body = 0
        """Where the bytes of the entry at hand begin."""
        self._size = 0
        self._segments: Segments | None = None
        self._extension: Extension | None = None
        """What the next header is extended by."""
        self._long = 0
        self._gathered = -1, bytearray()
        """Where an entry's body begins, and what of it was gathered."""
        self._owners: dict[bytes, tuple[int, int, int]] = {}
        """Mode, user and group by the bytes that say so."""
        self._sums: dict[bytes, int] = {}
        """What adler32 makes of a header, by the checksum that it states."""

    def read(self, limit: int, /) -> bytes:
        """The first bytes of the entry at hand; the holes of a sparse file read as NULs."""
        wanted = min(limit, self._size)
        try:
            if self._segments is None:
                return self._source.fetch(self.body, wanted)
            return sparse.expanded(self._source.fetch, self.body, self._segments, wanted)
        except Damage:
            return b""  # the walk meets it again, and tells

    def entries(self) -> Iterator[Entry]:
        """Yield every entry that has a place; names outside the root are taken back into it, and reported."""
        try:
            yield from self._entries()
        except Damage as damage:
            self._report(str(damage))

    def part(self, offset: int, count: int, /) -> bytes:
        """A piece of the entry at hand, which is a regular file and no sparse one."""
        end = min(offset + count, self._size)
        try:
            if isinstance(self._source, Stretch):
                return self._source.fetch(self.body + offset, end - offset) if end > offset else b""
            self._gather(end)
            with memoryview(self._gathered[1]) as view:
                return bytes(view[offset:end])
        except Damage:
            return b""

    def _gather(self, end: int) -> None:
        """Keep the first bytes of the entry at hand while it is looked at: what came by cannot be had again."""
        if self._gathered[0] != self.body:
            self._gathered = self.body, bytearray()
        at, held = self._gathered
        while len(held) < end and (data := self._source.fetch(at + len(held), min(_STEP, end - len(held)))):
            held += data

    def _entries(self) -> Iterator[Entry]:  # noqa: C901, PLR0912, PLR0915  see below
        # This is what every header costs, and there are very many: hence no calls for what most of them have.
        fetch, read, owners, sums, kinds = self._source.fetch, self.read, self._owners, self._sums, KINDS
        part: Callable[[int, int], bytes] | None = self.part
        at, stop = self._start, self._stop
        while True:
            if at >= stop and self._extension is None:
                self.ended = at
                return
            block = fetch(at, 512)
            known = len(block) == BLOCK and sums.get(block[148:156]) == adler32(block) & 0xFFFF
            if not known and not self._is_header(block, at):
                return
            self.seen += 1
            if self.seen > self._most:
                self._report(f"there are more than {self._most} entries, the most that are read of an image")
                return
            field = block[124:135]
            size = (
                int(field, 8)
                if field.isdigit() and not block[135] and b"8" not in field and b"9" not in field
                else tar.size(block)
            )
            if size is None or size < 0:
                self._report(f"the tar header at offset {at} has no valid size; what follows is not read")
                return
            flag = block[156]
            if flag in _EXTENSIONS:
                self._extend(flag, at + BLOCK, size)
                at += BLOCK + (size + 511 & ~511)
                continue
            kind = kinds.get(flag, "file")
            name = tar.name(block) if block[345] else block[:100].partition(b"\0")[0]
            mode, uid, gid = owners.get(block[100:124]) or self._owner(block, at)
            body = at + BLOCK
            self.body, self._segments = body, None
            target, capability, extension = "", b"", self._extension
            if flag in _LINKS:
                target = tar.text(tar.until_nul(block[157:257]))
            if extension is not None:
                self._extension = None
                capability = extension.records.get(_CAPABILITY, b"")[:1024]
                name, target = extension.name_of(name), extension.target_of(target)
                uid, gid = extension.number_of(b"uid", uid), extension.number_of(b"gid", gid)
                size = extension.number_of(b"size", size)
            if flag in _BODILESS:
                size = 0
            self._size, end, piece = size, body + size, part
            if flag == _OLD_SPARSE or (extension is not None and extension.is_sparse):
                end, piece = self._sparse(block, extension, end), None
            if len(name) > _LONG or len(target) > _LONG:
                name, target = self._shortened(name, target)
            path = name.decode("utf-8", "surrogateescape")
            if path[:2] == "./":
                path = path[2:]
            if flag == _FOLDER and path[-1:] == "/":
                path = path[:-1]
            if "/." in path or "//" in path or path[:1] in ODD_STARTS or path[-1] == "/" or flag not in kinds:
                path = self._path(path, flag, at)
            if not flag and name.endswith(b"/"):
                kind = "folder"  # as before there was a flag for it
            if kind == "file":
                if path:
                    yield Entry(path, kind, mode, uid, gid, self._size, target, capability, read, piece)
            elif path or kind == "folder":
                yield Entry(path, kind, mode, uid, gid, 0, target, capability, read)
            if 0 <= self._source.length < end:
                self._cut(name, end)
                return
            at = end + 511 & ~511

    def _is_header(self, block: bytes, at: int) -> bool:
        """Whether a block has a right checksum, which is then remembered; the end of the archive is none, and due."""
        if len(block) < BLOCK or (not block[0] and block == ZEROS):
            self._end(at, block)
            return False
        if not tar.checksum_is_right(block):
            self._report(f"the tar header at offset {at} has a wrong checksum; what follows is not read")
            return False
        if len(self._sums) >= _KEPT:
            self._sums.clear()
        self._sums[block[148:156]] = adler32(block) & 0xFFFF
        return True

    def _path(self, name: str, flag: int, at: int) -> str:
        path, outside = normal(name)
        if outside:
            self._report(f"the name {_shown(name)} leads outside the root; it is taken as {_shown(path)}")
        if flag not in KINDS:
            self._report(f"{_shown(name)} is of the unknown type {chr(flag)!a}; it is taken as a file")
        if not path and flag not in {0, _FOLDER}:
            self._report(f"the entry at offset {at} has no name; it is left out")
        return path

    def _shortened(self, name: bytes, target: str) -> tuple[bytes, str]:
        """Long names are counted together, since who lists them keeps them, and refused where no system has such."""
        self._long += len(name) + len(target)
        if self._long > LONG_NAMES:
            raise Damage(why=f"its long names take more than {LONG_NAMES} bytes in all; what follows is not read")
        if len(name) > PATH_LIMIT:
            self._report(f"the name {_shown(tar.text(name))} has more than {PATH_LIMIT} bytes; the entry is left out")
            name = b""
        if len(target) > PATH_LIMIT:
            self._report(f"the link {_shown(tar.text(name))} leads to more than {PATH_LIMIT} bytes, and so nowhere")
            target = ""
        return name, target

    def _cut(self, name: bytes, end: int) -> None:
        left = max(0, self._source.length - self.body)
        self._report(
            f"{_shown(tar.text(name))} should have {end - self.body} bytes and has {left}: the archive is cut short"
        )

    def _end(self, at: int, block: bytes) -> None:
        """Tell whether an archive may end here."""
        if len(block) == BLOCK:
            following = self._source.fetch(at + BLOCK, BLOCK)
            if following.strip(b"\0"):
                self._report(f"a lone block of NULs at offset {at} ends it; what follows is not read")
        elif block or self._source.length + 511 < at:
            self._report(f"it is cut short at offset {self._source.length}, within an entry")
        if self._extension is not None:
            self._report(f"it ends at offset {at} where a header should follow its extension")

    def _owner(self, block: bytes, at: int) -> tuple[int, int, int]:
        """Mode, user and group; the same 24 bytes mostly come again."""
        numbers = tar.number(block[100:108]), tar.number(block[108:116]), tar.number(block[116:124])
        if any(value is None for value in numbers):
            self._report(f"the tar header at offset {at} has no valid mode or owner")
        mode, uid, gid = (value or 0 for value in numbers)
        if len(self._owners) >= _KEPT:
            self._owners.clear()
        owner = self._owners[block[100:124]] = mode & 0o7777, max(0, uid), max(0, gid)
        return owner

    def _extend(self, flag: int, at: int, size: int) -> None:
        """Read what extends the next header. Global records change nothing, as for the engines, but are not hidden."""
        if size > tar.EXTENSION_LIMIT:
            self._report(f"the extension at offset {at} claims {size} bytes; it is not read")
            return
        data = self._source.fetch(at, size)
        if flag == _GLOBAL:
            records = Extension()
            fault = records.read(data)
            if told := [key for key in ("path", "linkpath", "size") if key.encode() in records.records]:
                self._report(f"the global PAX records at offset {at} set {', '.join(told)}, which engines pass over")
        else:
            extension = self._extension = self._extension or Extension()
            fault = ""
            if flag == _LONG_NAME:
                extension.name = tar.until_nul(data)
            elif flag == _LONG_TARGET:
                extension.target = tar.until_nul(data)
            else:
                fault = extension.read(data)
        if fault:
            self._report(f"the PAX records at offset {at} are broken: {fault}")

    def _sparse(self, block: bytes, extension: Extension | None, end: int) -> int:
        """Set the map and the real size of a sparse file; return where its stored bytes end."""
        segments: Segments | None = None
        if extension is not None and extension.is_sparse:
            real = extension.real_size
            if extension.records.get(b"GNU.sparse.major") == b"1":
                segments, self.body = sparse.of_body(self._source.fetch, self.body, end, real)
            else:
                segments = sparse.of_records(extension, real)
        else:
            real = max(0, tar.number(block[483:495]) or 0)
            segments, blocks = sparse.of_blocks(self._source.fetch, block, self.body, real)
            self.body, end = self.body + blocks * BLOCK, end + blocks * BLOCK
        if segments is None or sum(length for _, length in segments) > end - self.body:
            self._report(f"the map of the sparse file at offset {self.body} is broken; its data is not read")
            segments = ()
        self._size, self._segments = real, segments
        return end


def _shown(name: str) -> str:
    """A name for a message: printable, and not endless."""
    return ascii(name) if len(name) <= 200 else f"{name[:200]!a}..."
