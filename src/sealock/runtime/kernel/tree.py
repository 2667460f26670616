"""Reads small files below a root folder: the machine's own, or a recorded tree.

A process of a container steers much of what /proc shows of it, and nothing here follows it: links are not followed,
pipes never waited for, sizes bounded, and nothing is ever opened below /proc/PID/root.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from enum import Enum
from typing import Final

LIMIT: Final = 4 << 20
"""Bytes of one file; a mountinfo of ten thousand mounts has about half of it."""
_ENTRIES: Final = 100_000


class Silence(Enum):
    """Why nothing was read."""

    MISSING = "it is not there"
    DENIED = "it may be read by root alone"
    GONE = "the process ended"
    BROKEN = "it could not be read"


_WHY: Final = {
    errno.ENOENT: Silence.MISSING,
    errno.ENOTDIR: Silence.MISSING,
    errno.EACCES: Silence.DENIED,
    errno.EPERM: Silence.DENIED,
    errno.ESRCH: Silence.GONE,
}


class ProcTree:
    """A root folder. Paths have no leading slash. `denied` gathers what only root may read."""

    def __init__(self, root: str = "/") -> None:
        self._fd = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self.denied: set[str] = set()

    @property
    def descriptor(self) -> int:
        """The open folder, for what a text does not say."""
        return self._fd

    @property
    def live(self) -> bool:
        """Whether this is the running machine, and no recording of one."""
        return os.path.samestat(os.stat("/"), os.fstat(self._fd))

    def close(self) -> None:
        """Give the folder back."""
        os.close(self._fd)

    def text(self, path: str) -> str | Silence:
        """A file's text, all of it; undecodable bytes as lone surrogates. What is larger than the limit is BROKEN."""
        return self._text(path, self._fd)

    def texts(self, folder: str, names: Iterable[str]) -> dict[str, str]:
        """The texts of several files of one folder, by name, as far as they can be read; the way there is gone once."""
        try:
            descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW, dir_fd=self._fd)
        except OSError as error:
            self._silence(folder, error)
            return {}
        try:
            held = ((name, self._text(name, descriptor)) for name in names)
            return {name: text for name, text in held if isinstance(text, str)}
        finally:
            os.close(descriptor)

    def _text(self, path: str, folder: int) -> str | Silence:
        try:
            descriptor = os.open(
                path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY, dir_fd=folder
            )
        except OSError as error:
            return self._silence(path, error)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return Silence.BROKEN
            held = bytearray()
            while chunk := os.read(descriptor, 1 << 16):
                held += chunk
                if len(held) > LIMIT:
                    return Silence.BROKEN
        except OSError as error:
            return self._silence(path, error)
        finally:
            os.close(descriptor)
        return held.decode("utf-8", "surrogateescape")

    def link(self, path: str) -> str | Silence:
        """Where a link leads, as written."""
        try:
            return os.readlink(path, dir_fd=self._fd)
        except OSError as error:
            return self._silence(path, error)

    def names(self, path: str) -> tuple[str, ...]:
        """What a folder holds, sorted; () where it cannot be looked into."""
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW, dir_fd=self._fd)
        except OSError as error:
            self._silence(path, error)
            return ()
        try:
            with os.scandir(descriptor) as entries:
                return tuple(sorted(entry.name for entry, _ in zip(entries, range(_ENTRIES), strict=False)))
        except OSError:
            return ()
        finally:
            os.close(descriptor)

    def there(self, path: str) -> bool:
        """Whether something is there, a link counting as itself."""
        try:
            os.stat(path, dir_fd=self._fd, follow_symlinks=False)
        except OSError:
            return False
        return True

    def entry(self, path: str) -> os.stat_result | None:
        """What the folder says of a file, a link being followed; None where it is not there or may not be told."""
        try:
            return os.stat(path, dir_fd=self._fd)
        except OSError as error:
            self._silence(path, error)
            return None

    def _silence(self, path: str, error: OSError) -> Silence:
        why = _WHY.get(error.errno or 0, Silence.BROKEN)
        if why is Silence.DENIED:
            self.denied.add(path)
        return why
