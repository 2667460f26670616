"""The standard streams of the process, which the caller may have closed."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress


def open_streams() -> None:
    """Open the standard streams that the caller closed, so that no other file gets their descriptors.

    To use one still fails, as on a closed descriptor: /dev/null is open for writing as standard input, and for reading
    as the other two. Standard output also gets a buffer.
    """
    modes = {"stdin": ("r", os.O_WRONLY), "stdout": ("w", os.O_RDONLY), "stderr": ("w", os.O_RDONLY)}
    for name, (mode, flags) in modes.items():
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, flags)
            os.set_inheritable(descriptor, True)
            setattr(sys, name, _opened(descriptor, mode, "utf-8", "backslashreplace"))
    if _is_unbuffered():
        own = sys.stdout
        sys.stdout = _opened(own.fileno(), "w", own.encoding, own.errors)


def _opened(descriptor: int, mode: str, encoding: str, errors: str | None) -> io.TextIOWrapper:
    return open(descriptor, mode, encoding=encoding, errors=errors, closefd=False)  # type: ignore[return-value]


def _is_unbuffered() -> bool:
    """Whether standard output has no buffer (python -u): what it writes only in part is lost without an error."""
    return isinstance(getattr(sys.stdout, "buffer", None), io.RawIOBase)


def discard(descriptor: int) -> None:
    """Send what is written to a descriptor, and what is still in its buffer, to /dev/null."""
    with suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, descriptor)
        os.close(nowhere)
