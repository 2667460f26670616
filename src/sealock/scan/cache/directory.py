"""A directory of small files that may vanish, be damaged or be foreign at any time, and that several processes share.

Each is written beside its place and renamed into it, and carries a checksum of its name and its bytes. What does not
fit is removed, never believed. A directory that cannot be used costs time, and nothing else.
"""

from __future__ import annotations

import os
import re
import stat
import time
from contextlib import suppress
from hashlib import sha256
from typing import Final

from msgspec import Struct

MAGIC: Final = b"sealock cache 1\n"
LIMIT: Final = 1 << 30
"""Bytes of all entries, by default."""
LARGEST: Final = 256 << 20
"""Bytes of one entry."""
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_CHECKSUM: Final = 32
_NAME: Final = re.compile(r"[a-z]{1,12}-[0-9a-f]{64}")
_COMING: Final = re.compile(r"\.coming-[0-9]+-[0-9a-f]{16}")
_FORGOTTEN: Final = 3600
"""Seconds after which a file that is still not in its place never will be."""
_FRESH: Final = 60
"""Seconds after which a use is noted again."""


class CacheEntry(Struct, frozen=True):
    """An entry, the size that it takes, and when it was last used (seconds)."""

    name: str
    size: int
    used: float


class CacheDirectory:
    """The directory at a path, which is made if it is not there. `trouble` says why it cannot be used, "" if it can."""

    def __init__(self, path: str, limit: int = LIMIT, *, make: bool = True) -> None:
        self.path, self.limit, self.trouble = path, limit, ""
        self._fd = -1
        self._grown = False
        if not path:
            self.trouble = "no directory is named for it"
            return
        try:
            if make:
                _make(path)
            self._fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            status = os.fstat(self._fd)
        except FileNotFoundError:
            if make:
                self.trouble = f"{path} cannot be made"
            return
        except OSError as error:
            self.trouble = f"{path} cannot be used: {error.strerror or error}"
            return
        if status.st_uid != os.geteuid():
            self.trouble = f"{path} belongs to another user"
        elif status.st_mode & 0o022:
            self.trouble = f"{path} can be written to by others"

    def __del__(self) -> None:
        """Close it."""
        if self._fd >= 0:
            os.close(self._fd)

    def read(self, name: str) -> bytes | None:
        """What was written under a name, byte for byte; None for nothing, and for what is damaged, which is removed."""
        if self.trouble or self._fd < 0:
            return None
        try:
            fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=self._fd)
        except OSError:
            return None
        try:
            status = os.fstat(fd)
            sound = stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid() and status.st_size <= LARGEST
            whole = _read_all(fd, status.st_size) if sound else b""
            if sound and time.time() - status.st_mtime > _FRESH:
                os.utime(fd)
        except OSError:
            return None
        finally:
            os.close(fd)
        data = memoryview(whole)[len(MAGIC) + _CHECKSUM :]
        if whole[: len(MAGIC) + _CHECKSUM] != MAGIC + _checksum(name, data):
            self.remove(name)
            return None
        return bytes(data)

    def write(self, name: str, data: bytes) -> None:
        """Put an entry in its place, whole or not at all. Where that fails, `trouble` says so, and no more is tried."""
        if self.trouble or self._fd < 0 or len(data) > min(LARGEST, self.limit // 2):
            return
        coming = f".coming-{os.getpid()}-{os.urandom(8).hex()}"
        try:
            fd = os.open(
                coming, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=self._fd
            )
            try:
                with open(fd, "wb", buffering=0) as file:
                    for part in (MAGIC, _checksum(name, data), data):
                        _write_all(file.fileno(), part)
                os.rename(coming, name, src_dir_fd=self._fd, dst_dir_fd=self._fd)
            except BaseException:
                with suppress(OSError):
                    os.unlink(coming, dir_fd=self._fd)
                raise
        except OSError as error:
            self.trouble = f"{self.path} cannot be written to: {error.strerror or error}"
        self._grown = True

    def remove(self, name: str) -> None:
        """Remove an entry, if it is there."""
        try:
            os.unlink(name, dir_fd=self._fd)
        except OSError:
            with suppress(OSError):
                os.rmdir(name, dir_fd=self._fd)

    def entries(self) -> list[CacheEntry]:
        """All entries, the one that was not used for the longest time first. Files of others are none."""
        found: list[CacheEntry] = []
        if self._fd < 0:
            return found
        with os.scandir(self._fd) as listed:
            for one in listed:
                with suppress(OSError):
                    if _NAME.fullmatch(one.name) or _COMING.fullmatch(one.name):
                        status = one.stat(follow_symlinks=False)
                        found.append(CacheEntry(one.name, status.st_blocks * 512, status.st_mtime))
        return sorted(found, key=lambda one: one.used)

    def tidy(self) -> None:
        """Keep to the limit, after something was written."""
        if self._grown and not self.trouble:
            self._grown = False
            self.prune(self.limit)

    def prune(self, most: int) -> tuple[int, int]:
        """Remove what was not used for the longest time until `most` bytes are left or less; return count and bytes."""
        entries = self.entries()
        left = sum(entry.size for entry in entries)
        count = size = 0
        now = time.time()
        for entry in entries:
            forgotten = entry.name.startswith(".") and now - entry.used > _FORGOTTEN
            if (left > most and not entry.name.startswith(".")) or forgotten or not most:
                self.remove(entry.name)
                left -= entry.size
                count, size = count + 1, size + entry.size
        return count, size


def _make(path: str) -> None:
    """Make a directory for this user alone; those above it as usual."""
    if not os.path.isdir(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with suppress(FileExistsError):
            os.mkdir(path, 0o700)


def _checksum(name: str, data: bytes | memoryview) -> bytes:
    whole = sha256(name.encode())
    whole.update(data)
    return whole.digest()


def _read_all(fd: int, size: int) -> bytes:
    """All bytes of a file, and one more if it has grown."""
    parts: list[bytes] = []
    left = size + 1
    while left and (part := os.read(fd, left)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def _write_all(fd: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(fd, left) :]
