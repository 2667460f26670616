"""Reads small files below a root directory: the machine's own, or a recorded tree.

A process in a container controls much of what /proc shows of it. So this follows no links, never waits for a pipe,
bounds all sizes, and opens nothing below /proc/PID/root.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from enum import Enum
from itertools import islice
from typing import Final

LIMIT: Final = 4 << 20
"""Bytes of one file; a mountinfo of ten thousand mounts has about half as many."""
_ENTRIES: Final = 100_000


class Silence(Enum):
    """Why a file could not be read."""

    MISSING = "it does not exist"
    DENIED = "only root may read it"
    GONE = "the process ended"
    BROKEN = "it could not be read"


_REASONS: Final = {
    errno.ENOENT: Silence.MISSING,
    errno.ENOTDIR: Silence.MISSING,
    errno.EACCES: Silence.DENIED,
    errno.EPERM: Silence.DENIED,
    errno.ESRCH: Silence.GONE,
}


class ProcTree:
    """A root directory. Paths have no leading slash. `denied` collects paths that only root may read."""

    def __init__(self, root: str = "/") -> None:
        self._fd = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self.denied: set[str] = set()

    @property
    def descriptor(self) -> int:
        """The open root directory."""
        return self._fd

    @property
    def live(self) -> bool:
        """Whether this is the running machine rather than a recording."""
        return os.path.samestat(os.stat("/"), os.fstat(self._fd))

    def close(self) -> None:
        """Close the root directory."""
        os.close(self._fd)

    def text(self, path: str) -> str | Silence:
        """A file's whole text, with undecodable bytes as lone surrogates; BROKEN above the limit."""
        return self._text(path, self._fd)

    def read_text(self, path: str) -> str:
        """A file's text, or "" where it cannot be read."""
        text = self.text(path)
        return text if isinstance(text, str) else ""

    def texts(self, directory: str, names: Iterable[str]) -> dict[str, str]:
        """The readable ones of several files of one directory, by name; its path is looked up once."""
        try:
            descriptor = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW, dir_fd=self._fd)
        except OSError as error:
            self._silence(directory, error)
            return {}
        try:
            texts = ((name, self._text(name, descriptor)) for name in names)
            return {name: text for name, text in texts if isinstance(text, str)}
        finally:
            os.close(descriptor)

    def _text(self, path: str, directory: int) -> str | Silence:
        try:
            descriptor = os.open(
                path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY, dir_fd=directory
            )
        except OSError as error:
            return self._silence(path, error)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return Silence.BROKEN
            content = bytearray()
            while chunk := os.read(descriptor, 1 << 16):
                content += chunk
                if len(content) > LIMIT:
                    return Silence.BROKEN
        except OSError as error:
            return self._silence(path, error)
        finally:
            os.close(descriptor)
        return content.decode("utf-8", "surrogateescape")

    def link(self, path: str) -> str | Silence:
        """The target of a link, as written."""
        try:
            return os.readlink(path, dir_fd=self._fd)
        except OSError as error:
            return self._silence(path, error)

    def names(self, path: str) -> tuple[str, ...]:
        """The names in a directory, sorted; () where it cannot be read."""
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW, dir_fd=self._fd)
        except OSError as error:
            self._silence(path, error)
            return ()
        try:
            with os.scandir(descriptor) as entries:
                return tuple(sorted(entry.name for entry in islice(entries, _ENTRIES)))
        except OSError:
            return ()
        finally:
            os.close(descriptor)

    def exists(self, path: str) -> bool:
        """Whether a path exists; a link is not followed."""
        try:
            os.stat(path, dir_fd=self._fd, follow_symlinks=False)
        except OSError:
            return False
        return True

    def status(self, path: str) -> os.stat_result | None:
        """The stat of a file, following a link; None where it does not exist or may not be read."""
        try:
            return os.stat(path, dir_fd=self._fd)
        except OSError as error:
            self._silence(path, error)
            return None

    def _silence(self, path: str, error: OSError) -> Silence:
        reason = _REASONS.get(error.errno or 0, Silence.BROKEN)
        if reason is Silence.DENIED:
            self.denied.add(path)
        return reason
