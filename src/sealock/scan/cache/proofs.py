"""Which files were found to have the bytes that they are named by, so that they need not be hashed at every look.

A file is known by its device and number, and by its size and times. The time of its last change, which nobody sets at
will, must lie well before the hashing began; and nobody else may be able to write to it.
"""

from __future__ import annotations

import os
import time
from hashlib import sha256
from threading import Lock
from typing import Final, TypeAlias

import msgspec
from msgspec import Struct

from sealock.image.bytesources import Bytefile, Stretch, UnreadableError, is_ours
from sealock.scan.cache.directory import CacheDirectory

_TICK: Final = 20_000_000
"""Nanoseconds within which a file may be changed twice without another time."""
_COARSE: Final = 2_000_000_000
"""The same for file systems that keep no parts of a second."""
_MOST: Final = 4096
"""Stretches of one file."""

_Place: TypeAlias = tuple[int, int, str]
"""Where a stretch begins, how long it is, and its digest."""


class _Stamp(Struct, frozen=True):
    size: int
    written: int
    changed: int


_GONE: Final = _Stamp(-1, -1, -1)
"""That of a file that cannot be looked at, and that is never sound."""


class _Record(Struct, frozen=True):
    stamp: _Stamp
    places: tuple[_Place, ...]


class _Known(Struct):
    """A file at hand, as it was when it was first asked about."""

    name: str
    stamp: _Stamp
    asked: int
    """When that was, in nanoseconds."""
    places: set[_Place]
    file: Bytefile
    fresh: bool = False


class FileProofs:
    """What a directory keeps of files."""

    def __init__(self, directory: CacheDirectory) -> None:
        self._directory = directory
        self._files: dict[int, _Known] = {}
        self._lock = Lock()

    def proven(self, stored: Stretch, digest: str, /) -> bool:
        """Whether this very file, unchanged, was found to have these bytes."""
        with self._lock:
            return (stored.start, stored.length, digest) in self._known(stored.file).places

    def prove(self, stored: Stretch, digest: str, /) -> None:
        """Take down that it was found to."""
        with self._lock:
            known = self._known(stored.file)
            if len(known.places) < _MOST:
                known.places.add((stored.start, stored.length, digest))
                known.fresh = True

    def note(self, file: Bytefile) -> None:
        """Take down how a file is, before anything is read of it."""
        with self._lock:
            self._known(file)

    def sound(self, file: Bytefile) -> bool:
        """Whether what was read of a file since it was noted is what it held: nobody changed it, or could have."""
        known, status = self._known(file), _status(file)
        if status is None or _stamp(status) != known.stamp:
            return False
        tick = _TICK if known.stamp.changed % 1_000_000_000 else _COARSE
        return file.own or (known.asked - known.stamp.changed > tick and is_ours(status))

    def keep(self) -> None:
        """Write down what was found of sound files."""
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
        except msgspec.MsgspecError:
            return ()
        return record.places if record.stamp == known.stamp else ()


def _status(file: Bytefile) -> os.stat_result | None:
    """How a file is; None where it went away meanwhile, or another one took its place."""
    try:
        return file.status()
    except (OSError, UnreadableError):
        return None


def _stamp(status: os.stat_result) -> _Stamp:
    return _Stamp(status.st_size, status.st_mtime_ns, status.st_ctime_ns)
