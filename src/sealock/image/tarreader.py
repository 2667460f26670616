"""Reads the entries of a tar archive of any dialect, header by header, without reading the files between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from struct import Struct as Layout
from typing import Final

from zlib_ng.zlib_ng import adler32

from sealock.image import header as tar
from sealock.image import sparse
from sealock.image.bytesources import Stretch, UnreadableError, Windowed
from sealock.image.entry import EntryKind, LayerEntry
from sealock.image.header import BLOCK, MOST, ZEROS
from sealock.image.paths import ODD_STARTS, is_normal, normalize
from sealock.image.pax import Extension
from sealock.image.sparse import Segments

KINDS: Final[dict[int, EntryKind]] = {
    0: "file", 0x30: "file", 0x37: "file", 0x53: "file", 0x31: "hard link", 0x32: "symbolic link", 0x33: "device",
    0x34: "device", 0x35: "directory", 0x36: "pipe",
}  # fmt: skip
_FIELDS: Final = Layout("100s24s11sB12x8sB188xB166x").unpack
"""The name, the mode and owner, the digits of the size and the next byte, the checksum, the flag, and the first byte of
the prefix."""
_EXTENSIONS: Final = frozenset(b"xgLK")
_GLOBAL, _LONG_NAME, _LONG_TARGET, _DIRECTORY, _REGULAR = b"gLK50"
_BODILESS: Final = frozenset(b"123456")
_LINKS: Final = frozenset(b"12")
_OLD_SPARSE: Final = 0x53
_KEPT: Final = 1 << 15
_SUMS: Final[dict[bytes, int]] = {}
"""`ascii_adler` of the checksum fields read so far."""
PATH_LIMIT: Final = 4096
"""PATH_MAX of Linux."""
_LONG: Final = 255
LONG_NAMES: Final = 128 << 20
"""Maximum bytes of all long names and targets of a layer."""
_STEP: Final = 1 << 20
"""Bytes that are read ahead at once."""
_CAPABILITY: Final = b"SCHILY.xattr.security.capability"
_WHITEOUT: Final = ".wh."
_OPAQUE: Final = ".wh..wh..opq"
_PRIVATE: Final = ".wh..wh."


class TarReader:
    """Reads one archive once. `report` gets each error, a whole sentence that starts with a small letter.

    It can begin at a later header, and end before the first header at or after `stop`: `ended` is then the offset of
    that header, and -1 if the archive ends before. With `whiteouts`, it interprets whiteout files.
    """

    def __init__(  # noqa: PLR0913  the last three are for layers
        self,
        source: Windowed,
        report: Callable[[str], None],
        most: int,
        *,
        start: int = 0,
        stop: int = MOST,
        whiteouts: bool = False,
    ) -> None:
        self._source, self._report, self._most, self._whiteouts = source, report, most, whiteouts
        self._start, self._stop = start, stop
        self.ended = -1
        self.headers_read = 0
        """Set at the end."""
        self.body = 0
        """The offset of the current entry's bytes."""
        self._size = 0
        self._segments: Segments | None = None
        self._extension: Extension | None = None
        """The extensions of the next header."""
        self._long = 0
        self._expanded = 0
        """Bytes of sparse files read so far."""
        self._gathered = -1, bytearray()
        """The offset of an entry's body, and its first bytes."""
        self._owners: dict[bytes, tuple[int, int, int]] = {}
        """Mode, user and group by the bytes of their fields."""

    def read(self, limit: int, /) -> bytes:
        """The first bytes of the current entry; the holes of a sparse file read as NULs."""
        count = min(limit, self._size)
        try:
            if self._segments is None:
                return self._source.fetch(self.body, count)
            return self._with_holes(count, self._segments)
        except UnreadableError:
            return b""  # reading on reports it

    def _with_holes(self, count: int, segments: Segments) -> bytes:
        """The first bytes of a sparse file; none once the layer's sparse files exceed the limit."""
        self._expanded += count
        if self._expanded > sparse.EXPANDED:
            self._report(
                f"the sparse file at offset {self.body} is not read: those of its layer exceed {sparse.EXPANDED} bytes"
            )
            return b""
        return sparse.expand(self._source.fetch, self.body, segments, count)

    def part(self, offset: int, count: int, /) -> bytes:
        """A piece of the current entry, a regular file that is not sparse."""
        end = min(offset + count, self._size)
        try:
            if isinstance(self._source, Stretch):
                return self._source.piece(self.body + offset, end - offset) if end > offset else b""
            self._gather(end)
            with memoryview(self._gathered[1]) as view:
                return bytes(view[offset:end])
        except UnreadableError:
            return b""

    def _gather(self, end: int) -> None:
        """Keep the first bytes of the current entry: the source cannot go back."""
        if self._gathered[0] != self.body:
            self._gathered = self.body, bytearray()
        at, buffer = self._gathered
        while len(buffer) < end and (data := self._source.fetch(at + len(buffer), min(_STEP, end - len(buffer)))):
            buffer += data

    def entries(self) -> Iterator[LayerEntry]:  # noqa: C901, PLR0912, PLR0915  see below
        """Yield every entry with a valid name; names outside the root are moved into it, and reported."""
        # This runs for every header, and there are very many: hence no calls for what most of them need.
        source, owners, read, part = self._source, self._owners, self.read, self.part
        at, stop, left = self._start, self._stop, self._most
        buffer, base, last = b"", 0, -1
        try:
            while True:
                if at >= stop and self._extension is None:
                    self.ended = at
                    return
                begin = at - base
                if not 0 <= begin <= last:
                    buffer, base = source.window(at)
                    begin, last = at - base, len(buffer) - BLOCK
                    if begin > last:
                        self._end(at, buffer[begin:])
                        return
                block = buffer[begin : begin + BLOCK]
                name, owner, digits, more, checksum, flag, prefix = _FIELDS(block)
                if (_SUMS.get(checksum) != adler32(block) & 0xFFFF or not block.isascii()) and not self._is_header(
                    block, at
                ):
                    return
                left -= 1
                if left < 0:
                    self._report(f"there are more than {self._most} entries, the limit for an image")
                    return
                try:
                    size = int(digits, 8) if digits.isdigit() and not more else tar.size(block)
                except ValueError:
                    size = None
                if size is None or size < 0:
                    self._report(f"the tar header at offset {at} has no valid size; the rest is not read")
                    return
                if flag in _EXTENSIONS:
                    self._extend(flag, at + BLOCK, size)
                    at += BLOCK + (size + 511 & ~511)
                    continue
                entry: LayerEntry | None
                if flag == _REGULAR and self._extension is None:
                    path = (
                        self._long_name(block)
                        if prefix
                        else name.partition(b"\0")[0].decode("utf-8", "surrogateescape")
                    )
                    if path[:2] == "./":
                        path = path[2:]
                    if "/." in path or "//" in path or path[:1] in ODD_STARTS or path[-1] == "/":
                        path = self._path(path, flag, at)
                    mode, uid, gid = owners.get(owner) or self._owner(block, at)
                    self.body, self._size, self._segments = at + BLOCK, size, None
                    end = at + BLOCK + size
                    entry = LayerEntry(path, "file", mode, uid, gid, size, "", b"", read, part) if path else None
                else:
                    entry, end = self._other(block, flag, at, size)
                if entry is not None and (
                    _WHITEOUT not in entry.path or not self._whiteouts or self._stands_for_a_removal(entry)
                ):
                    yield entry
                if 0 <= source.length < end:
                    self._cut(entry.path if entry and entry.kind == "file" else tar.text(tar.name(block)), end)
                    return
                at = end + 511 & ~511
        except UnreadableError as error:
            self._report(str(error))
        finally:
            self.headers_read = self._most - left

    def _other(self, block: bytes, flag: int, at: int, size: int) -> tuple[LayerEntry | None, int]:
        """Read an entry that is no plain file, or extended; return it, None without a valid name, and its end."""
        kind = KINDS.get(flag, "file")
        name, target, capability = tar.name(block), "", b""
        mode, uid, gid = self._owners.get(block[100:124]) or self._owner(block, at)
        extension, self._extension = self._extension, None
        if flag in _LINKS:
            target = tar.text(tar.until_nul(block[157:257]))
        if extension is not None:
            capability = extension.records.get(_CAPABILITY, b"")[:1024]
            name, target = extension.name_of(name), extension.target_of(target) if flag in _LINKS else ""
            uid, gid = extension.number_of(b"uid", uid), extension.number_of(b"gid", gid)
            size = extension.number_of(b"size", size)
        # The oldest format has no flag for directories.
        is_directory = not flag and name.endswith(b"/")
        if flag in _BODILESS or is_directory:
            size = 0
        self.body, self._size, self._segments = at + BLOCK, size, None
        end = self.body + size
        part: Callable[[int, int], bytes] | None = self.part
        if flag == _OLD_SPARSE or (extension is not None and extension.is_sparse):
            end, part = self._sparse(block, extension, end), None
            size = self._size
        if len(name) > _LONG or len(target) > _LONG:
            name, target = self._limit_names(name, target)
        path = name.decode("utf-8", "surrogateescape").removeprefix("./")
        if flag == _DIRECTORY and path.endswith("/"):
            path = path[:-1]
        if not is_normal(path) or flag not in KINDS:
            path = self._path(path, flag, at)
        if is_directory:
            kind = "directory"
        if kind != "file":
            size, part = 0, None
        if not path and kind != "directory":
            return None, end
        return LayerEntry(path, kind, mode, uid, gid, size, target, capability, self.read, part), end

    def _long_name(self, block: bytes) -> str:
        name = tar.name(block)
        if len(name) > _LONG:
            name, _ = self._limit_names(name, "")
        return tar.text(name)

    def _stands_for_a_removal(self, entry: LayerEntry) -> bool:
        """Make a whiteout what it means; False for what stands for nothing."""
        directory, _, name = entry.path.rpartition("/")
        if not name.startswith(_WHITEOUT):
            return True
        if name == _OPAQUE:
            # Overlay file systems, with which nearly all engines work, merge the root of each layer whatever it says.
            entry.kind, entry.path, entry.size = "opaque", directory, 0
            return bool(directory)
        if name.startswith(_PRIVATE):
            return False  # AUFS's own, which engines ignore
        removed = name[len(_WHITEOUT) :]
        if removed in {"", ".", ".."}:
            self._report(f"the whiteout {entry.path!r} names nothing to remove")
            return False
        entry.kind, entry.path, entry.size = "whiteout", f"{directory}/{removed}".lstrip("/"), 0
        return True

    def _is_header(self, block: bytes, at: int) -> bool:
        """Whether a block is a header with a valid checksum; reports an error unless the archive ends here."""
        if len(block) < BLOCK or (not block[0] and block == ZEROS):
            self._end(at, block)
            return False
        if not tar.checksum_is_right(block):
            self._report(f"the tar header at offset {at} has a wrong checksum; the rest is not read")
            return False
        if len(_SUMS) >= _KEPT:
            _SUMS.clear()
        _SUMS[block[148:156]] = tar.ascii_adler(block[148:156])
        return True

    def _path(self, name: str, flag: int, at: int) -> str:
        path, outside = normalize(name)
        if outside:
            self._report(f"the name {_shown(name)} leads outside the root; it is read as {_shown(path)}")
        if flag not in KINDS:
            self._report(f"{_shown(name)} has the unknown type {chr(flag)!a}; it is read as a file")
        if not path and flag not in {0, _DIRECTORY}:
            self._report(f"the entry at offset {at} has no name; it is skipped")
        return path

    def _limit_names(self, name: bytes, target: str) -> tuple[bytes, str]:
        """Count long names together, which the inventory keeps in memory, and refuse those longer than PATH_MAX."""
        self._long += len(name) + len(target)
        if self._long > LONG_NAMES:
            raise UnreadableError(why=f"its long names exceed {LONG_NAMES} bytes in all; the rest is not read")
        if len(name) > PATH_LIMIT:
            self._report(f"the name {_shown(tar.text(name))} has more than {PATH_LIMIT} bytes; the entry is skipped")
            name = b""
        if len(target) > PATH_LIMIT:
            self._report(
                f"the link {_shown(tar.text(name))} has a target of more than {PATH_LIMIT} bytes; it is ignored"
            )
            target = ""
        return name, target

    def _cut(self, name: str, end: int) -> None:
        left = max(0, self._source.length - self.body)
        self._report(f"{_shown(name)} should have {end - self.body} bytes and has {left}: the archive is truncated")

    def _end(self, at: int, block: bytes) -> None:
        """Report an error unless the archive may end here."""
        if len(block) == BLOCK:
            following = self._source.fetch(at + BLOCK, BLOCK)
            if following.strip(b"\0"):
                self._report(f"a single block of NULs at offset {at} ends it; the rest is not read")
        elif block or self._source.length + 511 < at:
            self._report(f"it is truncated at offset {self._source.length}, within an entry")
        if self._extension is not None:
            self._report(f"it ends at offset {at} where a header should follow its extension")

    def _owner(self, block: bytes, at: int) -> tuple[int, int, int]:
        """Mode, user and group, cached by their 24 bytes, which mostly repeat."""
        numbers = tar.number(block[100:108]), tar.number(block[108:116]), tar.number(block[116:124])
        if any(value is None for value in numbers):
            self._report(f"the tar header at offset {at} has no valid mode or owner")
        mode, uid, gid = (value or 0 for value in numbers)
        if len(self._owners) >= _KEPT:
            self._owners.clear()
        owner = self._owners[block[100:124]] = mode & 0o7777, max(0, uid), max(0, gid)
        return owner

    def _extend(self, flag: int, at: int, size: int) -> None:
        """Read an extension of the next header. Global records are ignored, as engines do, but reported."""
        if size > tar.EXTENSION_LIMIT:
            self._report(f"the extension at offset {at} claims {size} bytes; it is not read")
            return
        data = self._source.fetch(at, size)
        if flag == _GLOBAL:
            self._extension = None  # for the engines' reader, this is an entry, to which those before belong
            records = Extension()
            fault = records.read(data)
            if keys := [key for key in ("path", "linkpath", "size") if key.encode() in records.records]:
                self._report(f"the global PAX records at offset {at} set {', '.join(keys)}, which engines ignore")
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
        """Set the map and the real size of a sparse file; return the end of its stored bytes."""
        segments: Segments | None = None
        if extension is not None and extension.is_sparse:
            real = extension.real_size(end - self.body)
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
    """A name for a message: printable, and truncated."""
    return ascii(name) if len(name) <= 200 else f"{name[:200]!a}..."
