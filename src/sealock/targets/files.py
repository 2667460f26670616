"""Opens files with care: regular ones only, of a bounded size, and only text."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress
from typing import Final

from sealock.formats.files import FileRefusedError
from sealock.text import format_size

LIMIT: Final = 8 * 1024 * 1024
"""Bytes of the largest text that is read: no Dockerfile, compose file or script comes near it."""


def read_bytes(path: str, limit: int = LIMIT) -> bytes:
    """Read a regular file of at most `limit` bytes; FileRefusedError says why not."""
    try:
        # Without O_NONBLOCK the opening of a named pipe would wait for somebody to write.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError as error:
        raise FileRefusedError(_why(path, error)) from None
    try:
        facts = os.fstat(handle)
        if not stat.S_ISREG(facts.st_mode):
            msg = f"this is {_KINDS.get(stat.S_IFMT(facts.st_mode), 'no regular file')}: {path}"
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
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            msg = f"{path} is no regular file"
            raise FileRefusedError(msg)
        return os.pread(handle, size, 0)
    except OSError as error:
        raise FileRefusedError(_why(path, error)) from None
    finally:
        os.close(handle)


_KINDS: Final = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def _why(path: str, error: OSError) -> str:
    return f"{path} could not be read: {error.strerror or error}"


def _too_large(path: str, limit: int) -> str:
    return f"{path} is larger than {format_size(limit)}, the most that is read as text"


def decode(name: str, data: bytes) -> str:
    """Take bytes as UTF-8 text; FileRefusedError says at which line they are none."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        msg = f"{name}, line {line}: not UTF-8 text (byte 0x{data[error.start]:02x})"
        raise FileRefusedError(msg) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        msg = f"{name}, line {line}: a NUL byte stands in it, so it is no text"
        raise FileRefusedError(msg)
    return text


def read_text(path: str, limit: int = LIMIT) -> str:
    """Read a text file; FileRefusedError says why not."""
    return decode(path, read_bytes(path, limit))


def read_input(limit: int = LIMIT) -> str:
    """Read standard input, as text of at most `limit` bytes."""
    with suppress(AttributeError):
        data = sys.stdin.buffer.read(limit + 1)
        if len(data) > limit:
            raise FileRefusedError(_too_large("standard input", limit))
        return decode("standard input", data)
    msg = "standard input is closed"
    raise FileRefusedError(msg)
