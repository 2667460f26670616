"""Keeps the bytes of layers that were fetched lately: what links of another layer lead to is read without the registry.

Facts of a layer depend on it only, and are kept by the state. Links are the exception: a layer on top can give a file a
name that matters, and then its bytes are needed once more. The directory is bounded, and may disappear at any time.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from shutil import disk_usage
from typing import Final

from sealock.errors import TransportError
from sealock.patterns import compile_lazily
from sealock.service.state.moments import is_recent

LIMIT: Final = 1 << 30
"""Bytes of all layers that are kept; one that takes more than a quarter is not."""
_FREE: Final = 10
"""A tenth of the disk is left to others, or as much as all layers may take where that is less."""
_CHUNK: Final = 1 << 18
_ABANDONED: Final = 3600.0
"""Seconds after which a file that nobody finished is removed."""
_DIGEST: Final = compile_lazily(r"sha256:[0-9a-f]{64}")


class LayerSpool:
    """The layers in a directory, for all workers of one machine. Without a directory it keeps nothing."""

    def __init__(self, directory: str = "", limit: int = LIMIT) -> None:
        self._directory, self._limit = Path(directory) if directory else None, limit

    def read(self, digest: str) -> Iterator[bytes] | None:
        """The bytes of a layer; None where they are not kept.

        The last ones come only after the digest matches; TransportError where it does not, and the file is removed.
        """
        path = self._path(digest)
        if path is None:
            return None
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            return None
        with suppress(OSError):
            os.utime(descriptor)  # the ones that were not used for longest go first
        return self._chunks(path, descriptor, digest)

    def keep(self, digest: str, size: int, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the bytes of a layer, and keep them where they came to their end, which verifies them."""
        path = self._path(digest)
        if path is None or not self._has_room(size):
            yield from chunks
            return
        coming = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
        descriptor = _create(coming)
        try:
            for chunk in chunks:
                if descriptor >= 0 and not _write(descriptor, chunk):
                    os.close(descriptor)
                    descriptor = -1
                yield chunk
            if descriptor >= 0:
                with suppress(OSError):
                    coming.rename(path)
        finally:
            if descriptor >= 0:
                os.close(descriptor)
            _remove(coming)
        self._make_room()

    def _path(self, digest: str) -> Path | None:
        return self._directory / digest.replace(":", "-") if self._directory and _DIGEST.fullmatch(digest) else None

    def _has_room(self, size: int) -> bool:
        if self._directory is None or size > self._limit // 4:
            return False
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            whole, _, free = disk_usage(self._directory)
        except OSError:
            return False
        return free - size >= min(whole // _FREE, self._limit)

    @staticmethod
    def _chunks(path: Path, descriptor: int, digest: str) -> Iterator[bytes]:
        counted, last = sha256(), b""
        with open(descriptor, "rb", buffering=0) as file:
            while chunk := file.read(_CHUNK):
                counted.update(chunk)
                if last:
                    yield last
                last = chunk
        if f"sha256:{counted.hexdigest()}" != digest:
            _remove(path)
            message = f"the copy of layer {digest[:19]} in {path.parent} was damaged, and is fetched again"
            raise TransportError(message)
        if last:
            yield last

    def _make_room(self) -> None:
        """Remove the layers that were not used for longest, until the rest is within the limit."""
        if self._directory is None:
            return
        entries: list[tuple[float, int, str]] = []
        with suppress(OSError), os.scandir(self._directory) as listed:
            for item in listed:
                with suppress(OSError):
                    status = item.stat(follow_symlinks=False)
                    entries.append((status.st_mtime, status.st_size, item.path))
        left = sum(size for _, size, _ in entries)
        for used, size, where in sorted(entries):
            is_coming = os.path.basename(where).startswith(".")  # noqa: PTH119  of thousands
            if (left > self._limit and not is_coming) or (is_coming and not is_recent(used, time.time(), _ABANDONED)):
                _remove(Path(where))
                left -= size


def _create(path: Path) -> int:
    """A new file; -1 where that is not possible."""
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError:
        return -1


def _remove(path: Path) -> None:
    """Remove a file that may be gone; what cannot be removed, such as a directory of somebody else, stays."""
    with suppress(OSError):
        path.unlink()


def _write(descriptor: int, chunk: bytes) -> bool:
    """Write all of a chunk; False where the disk is full."""
    left = memoryview(chunk)
    try:
        while left:
            left = left[os.write(descriptor, left) :]
    except OSError:
        return False
    return True
