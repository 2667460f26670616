"""Reads files safely: regular files only, of bounded size, and only text."""

from __future__ import annotations

import os
import stat
import sys
from errno import EBADF
from typing import Final

from sealock.errors import reason_of
from sealock.formats.files import FileRefusedError
from sealock.targets.projects import link_out
from sealock.text import format_size

LIMIT: Final = 8 * 1024 * 1024
"""The largest text in bytes, far above any Dockerfile, compose file or script."""
TRANSPORT: Final = b"Directory Transport Version: 1."
"""What the file `version` begins with in a directory that `skopeo copy IMAGE dir:PATH` made."""


def read_bytes(path: str, limit: int = LIMIT) -> bytes:
    """Read a regular file of at most `limit` bytes; FileRefusedError says why not."""
    try:
        # Without O_NONBLOCK, opening a named pipe would wait for a writer.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError as error:
        raise FileRefusedError(_why(path, error)) from None
    try:
        facts = os.fstat(handle)
        if not stat.S_ISREG(facts.st_mode):
            msg = f"this is {_KINDS.get(stat.S_IFMT(facts.st_mode), 'not a regular file')}: {path}"
            raise FileRefusedError(msg)
        if facts.st_size > limit:
            raise FileRefusedError(_too_large(path, limit))
        pieces: list[bytes] = []
        size = 0
        while piece := os.read(handle, 1 << 20):
            pieces.append(piece)
            size += len(piece)
            if size > limit:  # it grew while we read, or /proc gave no size
                raise FileRefusedError(_too_large(path, limit))
    except OSError as error:
        raise FileRefusedError(_why(path, error)) from None
    finally:
        os.close(handle)
    return b"".join(pieces)


def read_start(path: str, size: int) -> bytes:
    """Read the first bytes of a regular file; FileRefusedError says why not."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError as error:
        raise FileRefusedError(_why(path, error)) from None
    try:
        facts = os.fstat(handle)
        if not stat.S_ISREG(facts.st_mode):
            msg = f"{path} is not a regular file"
            raise FileRefusedError(msg)
        # The size of a file in /proc is 0.
        return os.pread(handle, min(size, max(facts.st_size, 4096)), 0)
    except OSError as error:
        raise FileRefusedError(_why(path, error)) from None
    finally:
        os.close(handle)


_KINDS: Final = {
    stat.S_IFDIR: "a directory",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def _why(path: str, error: OSError) -> str:
    return f"{path} could not be read: {reason_of(error)}"


def _too_large(path: str, limit: int) -> str:
    return f"{path} is larger than {format_size(limit)}, the limit for a text"


def decode(name: str, data: bytes) -> str:
    """Decode UTF-8 text; FileRefusedError names the line that is not UTF-8."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        msg = f"{name}, line {line}: not UTF-8 text (byte 0x{data[error.start]:02x})"
        raise FileRefusedError(msg) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        msg = f"{name}, line {line}: it contains a NUL byte, so it is not text"
        raise FileRefusedError(msg)
    return text


def decode_utf16(name: str, data: bytes) -> str:
    """Decode UTF-16 text with a byte order mark; FileRefusedError where it is none."""
    try:
        return data.decode("utf-16")
    except UnicodeDecodeError:
        msg = f"{name}: not UTF-16 text, whose byte order mark it has"
        raise FileRefusedError(msg) from None


def read_text(path: str, limit: int = LIMIT) -> str:
    """Read a text file; FileRefusedError says why not."""
    return decode(path, read_bytes(path, limit))


def read_named(path: str, limit: int = LIMIT, *, outside: bool = False) -> str:
    """Read a text file that the user named, but through no link out of its project unless `outside`."""
    return decode(path, read_named_bytes(path, limit, outside=outside))


def read_named_bytes(path: str, limit: int = LIMIT, *, outside: bool = False) -> bytes:
    """Read such a file, whatever its encoding."""
    if not outside and (why := link_out(path)):
        msg = f"{why}, and was not read: name the file itself"
        raise FileRefusedError(msg)
    return read_bytes(path, limit)


def read_input(limit: int = LIMIT) -> str:
    """Read standard input, as text of at most `limit` bytes."""
    try:
        data = sys.stdin.buffer.read(limit + 1)
    except (AttributeError, OSError) as error:
        closed = sys.stdin is None or getattr(error, "errno", 0) == EBADF
        msg = "standard input is closed" if closed else f"standard input could not be read: {error}"
        raise FileRefusedError(msg) from None
    if len(data) > limit:
        raise FileRefusedError(_too_large("standard input", limit))
    return decode("standard input", data)
