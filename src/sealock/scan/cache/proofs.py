"""Remembers verified files, so that they need not be hashed in every run.

A file is identified by its device and inode, its size and its times. Its ctime, which cannot be set, must be well
before the hashing began; and no other user may be able to write to it.
"""

from __future__ import annotations

import os
import time
from hashlib import sha256
from threading import Lock
from typing import Final, TypeAlias

import msgspec
from msgspec import Struct

from sealock.errors import UNDECODABLE
from sealock.image.bytesources import Bytefile, Stretch, UnreadableError, is_ours
from sealock.scan.cache.directory import CacheEntries

_TICK: Final = 20_000_000
"""Nanoseconds within which two changes of a file may have the same ctime."""
_COARSE: Final = 2_000_000_000
"""The same for file systems that store whole seconds."""
_MOST: Final = 4096
"""Maximum verified stretches of one file."""

_Place: TypeAlias = tuple[int, int, str]
"""The offset, length and digest of a stretch."""


class _Stamp(Struct, frozen=True):
    size: int
    written: int
    changed: int


_GONE: Final = _Stamp(-1, -1, -1)
"""The stamp of a file without a status, which is never sound."""


class _Record(Struct, frozen=True):
    stamp: _Stamp
    places: tuple[_Place, ...]


class _Known(Struct):
    """A file of this run, as it was when first used."""

    name: str
    stamp: _Stamp
    noted: int
    """The time of that, in nanoseconds."""
    places: set[_Place]
    file: Bytefile
    fresh: bool = False


class FileProofs:
    """The verified files in a cache directory."""

    def __init__(self, directory: CacheEntries) -> None:
        self._directory = directory
        self._files: dict[int, _Known] = {}
        self._lock = Lock()
        self._began = time.time_ns()

    def proven(self, stored: Stretch, digest: str, /) -> bool:
        """Whether this file, unchanged, was verified to have this digest."""
        with self._lock:
            return (stored.start, stored.length, digest) in self._known(stored.file).places

    def prove(self, stored: Stretch, digest: str, /) -> None:
        """Record that it was verified."""
        with self._lock:
            known = self._known(stored.file)
            if len(known.places) < _MOST:
                known.places.add((stored.start, stored.length, digest))
                known.fresh = True

    def note(self, file: Bytefile) -> None:
        """Record the status of a file before it is read."""
        with self._lock:
            self._known(file)

    def sound(self, file: Bytefile) -> bool:
        """Whether a file has not changed since `note`, and could not have."""
        known, status = self._known(file), _status(file)
        if status is None or _stamp(status) != known.stamp:
            return False
        return file.own or (known.noted - known.stamp.changed > _tick(known.stamp) and is_ours(status))

    def only_file(self) -> os.stat_result | None:
        """The status of the one file that all was read from, if nobody changed it since before it was opened.

        None where there are several files, or none.
        """
        if len(self._files) != 1:
            return None
        (known,) = self._files.values()
        status = _status(known.file)
        if status is None or known.file.own or not self.sound(known.file):
            return None
        return status if self._began - known.stamp.changed > _tick(known.stamp) else None

    def keep(self) -> None:
        """Write the records of sound files."""
        for known in self._files.values():
            if known.fresh and not known.file.own and self.sound(known.file):
                known.fresh = False
                record = _Record(known.stamp, tuple(sorted(known.places)))
                self._directory.write(known.name, msgspec.msgpack.encode(record))

    def _known(self, file: Bytefile) -> _Known:
        known = self._files.get(id(file))
        if known is None:
            status = _status(file)
            if status is None:
                return _Known("", _GONE, 0, set(), file)
            name = f"proof-{sha256(f'{status.st_dev} {status.st_ino}'.encode()).hexdigest()}"
            known = _Known(name, _stamp(status), time.time_ns(), set(), file)
            if is_ours(status):
                known.places.update(self._recorded(known))
            self._files[id(file)] = known
        return known

    def _recorded(self, known: _Known) -> tuple[_Place, ...]:
        data = self._directory.read(known.name)
        if data is None:
            return ()
        try:
            record = msgspec.msgpack.decode(data, type=_Record)
        except UNDECODABLE:
            return ()
        return record.places if record.stamp == known.stamp else ()


def _tick(stamp: _Stamp) -> int:
    """Nanoseconds within which two changes of the file may have left the same stamp."""
    return _TICK if stamp.changed % 1_000_000_000 else _COARSE


def _status(file: Bytefile) -> os.stat_result | None:
    """The status of a file; None if it was removed or replaced."""
    try:
        return file.status()
    except (OSError, UnreadableError):
        return None


def _stamp(status: os.stat_result) -> _Stamp:
    return _Stamp(status.st_size, status.st_mtime_ns, status.st_ctime_ns)
