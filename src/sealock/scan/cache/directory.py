"""A directory of small files that several processes share and that may disappear, be damaged or be foreign at any time.

Each is written under a temporary name and renamed, and has a checksum of its name and its bytes. A file with a wrong
checksum is removed. Without a usable directory, sealock only takes longer.
"""

from __future__ import annotations

import os
import stat
import time
from contextlib import suppress
from hashlib import sha256
from typing import Final, NamedTuple, Protocol

from sealock.errors import reason_of
from sealock.patterns import compile_lazily

MAGIC: Final = b"sealock cache 1\n"
LIMIT: Final = 1 << 30
"""Default maximum bytes of all entries."""
LARGEST: Final = 256 << 20
"""Maximum bytes of one entry."""
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_CHECKSUM: Final = 32
_NAME: Final = compile_lazily(r"[a-z]{1,12}-[0-9a-f]{64}")
_TEMPORARY: Final = compile_lazily(r"\.coming-[0-9]+-[0-9a-f]{16}")
_ABANDONED: Final = 3600
"""Seconds after which a temporary file is abandoned."""
_FRESH: Final = 60
"""Seconds after which a use is recorded again."""


class CacheEntries(Protocol):
    """Entries by name: bytes that are there as they were written, or not at all."""

    def read(self, name: str, /) -> bytes | None:
        """Read an entry; None if there is none."""

    def write(self, name: str, data: bytes, /) -> None:
        """Write an entry, or do nothing."""

    def remove(self, name: str, /) -> None:
        """Remove an entry, if it is there."""

    def tidy(self) -> None:
        """Make room, if that is necessary."""


class CacheEntry(NamedTuple):
    """An entry, its size on disk, and the time of its last use (seconds)."""

    name: str
    size: int
    used: float


class CacheDirectory:
    """The directory at a path, created if missing. `trouble` says why it cannot be used, "" if it can."""

    def __init__(self, path: str, limit: int = LIMIT, *, make: bool = True) -> None:
        self.path, self.limit, self.trouble = path, limit, ""
        self._fd = -1
        self._grown = False
        if not path:
            self.trouble = "no directory is configured"
            return
        try:
            if make:
                _make(path)
            self._fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            status = os.fstat(self._fd)
        except FileNotFoundError:
            if make:
                self.trouble = f"{path} cannot be created"
            return
        except OSError as error:
            self.trouble = f"{path} cannot be used: {reason_of(error)}"
            return
        if status.st_uid != os.geteuid():
            self.trouble = f"{path} belongs to another user"
        elif status.st_mode & 0o022:
            self.trouble = f"{path} is writable by others"

    def __del__(self) -> None:
        """Close it."""
        if self._fd >= 0:
            os.close(self._fd)

    def read(self, name: str) -> bytes | None:
        """Read an entry; None if there is none, or if it is damaged, in which case it is removed."""
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
        """Write an entry atomically. If that fails, `trouble` says why, and nothing more is written."""
        if self.trouble or self._fd < 0 or len(data) > min(LARGEST, self.limit // 2):
            return
        temporary = f".coming-{os.getpid()}-{os.urandom(8).hex()}"
        try:
            fd = os.open(
                temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=self._fd
            )
            try:
                with open(fd, "wb", buffering=0) as file:
                    for part in (MAGIC, _checksum(name, data), data):
                        _write_all(file.fileno(), part)
                os.rename(temporary, name, src_dir_fd=self._fd, dst_dir_fd=self._fd)
            except BaseException:
                with suppress(OSError):
                    os.unlink(temporary, dir_fd=self._fd)
                raise
        except OSError as error:
            self.trouble = f"{self.path} cannot be written to: {reason_of(error)}"
        self._grown = True

    def remove(self, name: str) -> None:
        """Remove an entry, if it is there."""
        try:
            os.unlink(name, dir_fd=self._fd)
        except OSError:
            with suppress(OSError):
                os.rmdir(name, dir_fd=self._fd)

    def entries(self) -> list[CacheEntry]:
        """All entries, the least recently used first; other files are ignored."""
        entries: list[CacheEntry] = []
        if self._fd < 0:
            return entries
        with os.scandir(self._fd) as listed:
            for item in listed:
                with suppress(OSError):
                    if _NAME.fullmatch(item.name) or _TEMPORARY.fullmatch(item.name):
                        status = item.stat(follow_symlinks=False)
                        entries.append(CacheEntry(item.name, status.st_blocks * 512, status.st_mtime))
        return sorted(entries, key=lambda entry: entry.used)

    def tidy(self) -> None:
        """Enforce the limit, after something was written."""
        if self._grown and not self.trouble:
            self._grown = False
            self.prune(self.limit)

    def prune(self, most: int) -> tuple[int, int]:
        """Remove the least recently used entries until at most `most` bytes are left; return their count and bytes."""
        entries = self.entries()
        left = sum(entry.size for entry in entries)
        count = size = 0
        now = time.time()
        for entry in entries:
            abandoned = entry.name.startswith(".") and now - entry.used > _ABANDONED
            if (left > most and not entry.name.startswith(".")) or abandoned or not most:
                self.remove(entry.name)
                left -= entry.size
                count, size = count + 1, size + entry.size
        return count, size


def _make(path: str) -> None:
    """Create a directory only for this user; those above it with the usual mode."""
    if not os.path.isdir(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with suppress(FileExistsError):
            os.mkdir(path, 0o700)


def _checksum(name: str, data: bytes | memoryview) -> bytes:
    whole = sha256(name.encode())
    whole.update(data)
    return whole.digest()


def _read_all(fd: int, size: int) -> bytes:
    """Read a file, and one byte more if it has grown."""
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
