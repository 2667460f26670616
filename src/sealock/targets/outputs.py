"""Writes files whole or not at all."""

from __future__ import annotations

import os
import stat
from contextlib import suppress

from sealock.errors import TargetError


def replace_text(path: str, old: str, new: str) -> None:
    """Put `new` in the place of a file that holds `old`, keeping its mode and owner; TargetError where it cannot be.

    The new text is written beside the file, flushed to the disk and renamed over it, so that whoever looks sees the one
    or the other. A file that has changed since it was read is left alone.
    """
    full = os.path.realpath(path)
    folder, name = os.path.split(full)
    temporary = ""
    try:
        facts = os.stat(full)
        with open(full, encoding="utf-8", newline="") as handle:
            if handle.read() != old:
                msg = f"{path} changed while sealock was at work, and was left alone"
                raise TargetError(msg)
        handle_number, temporary = _beside(folder, name)
        with open(handle_number, "w", encoding="utf-8", newline="") as handle:
            handle.write(new)
            handle.flush()
            os.fchmod(handle.fileno(), stat.S_IMODE(facts.st_mode))
            with suppress(PermissionError):
                os.fchown(handle.fileno(), facts.st_uid, facts.st_gid)
            os.fsync(handle.fileno())
        os.replace(temporary, full)
        temporary = ""
    except (OSError, UnicodeError) as error:
        # Not the error itself, which would name the file beside it that nobody else knows of.
        msg = f"{path} could not be written: {getattr(error, 'strerror', None) or error}"
        raise TargetError(msg) from None
    finally:
        if temporary:
            with suppress(OSError):
                os.unlink(temporary)


def write_output(path: str, text: str) -> None:
    """Write a report to a file, whole or not at all; TargetError where it cannot be. Devices and pipes work too."""
    try:
        if os.path.exists(path) and not os.path.isfile(path):
            with open(path, "w", encoding="utf-8", errors="backslashreplace") as handle:
                handle.write(text)
            return
        folder, name = os.path.split(os.path.realpath(path))
        handle_number, temporary = _beside(folder, name)
        try:
            with open(handle_number, "w", encoding="utf-8", errors="backslashreplace", newline="") as handle:
                handle.write(text)
                os.fchmod(handle.fileno(), 0o666 & ~_umask())
            os.replace(temporary, os.path.realpath(path))
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)
            raise
    except OSError as error:
        msg = f"{path} could not be written: {error.strerror or error}"
        raise TargetError(msg) from None


def _beside(folder: str, name: str) -> tuple[int, str]:
    """Make a file beside the one of this name, and open it: its descriptor and its path."""
    from tempfile import mkstemp  # noqa: PLC0415  most commands write no file

    return mkstemp(prefix=f".{name}.", suffix=".tmp", dir=folder)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
