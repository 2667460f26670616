"""Writes files completely or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress

from sealock.errors import TargetError, reason_of
from sealock.targets.projects import link_out


def replace_text(path: str, old: str, new: str) -> None:
    """Replace a file's text `old` with `new`, keeping mode and owner; TargetError where that fails.

    The new text is written next to the file, synced to disk and renamed over it, so that readers see one of the two. A
    file that has changed since it was read is not touched, nor one behind a link out of its project.
    """
    _refuse_links_out(path)
    full = os.path.realpath(path)
    directory, name = os.path.split(full)
    temporary = ""
    try:
        facts = os.stat(full)
        with open(full, encoding="utf-8", newline="") as handle:
            if handle.read() != old:
                msg = f"{path} changed while sealock was running, and was not touched"
                raise TargetError(msg)
        handle_number, temporary = _beside(directory, name)
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
        # Not the error itself, which would name the temporary file.
        msg = f"{path} could not be written: {reason_of(error)}"
        raise TargetError(msg) from None
    finally:
        if temporary:
            with suppress(OSError):
                os.unlink(temporary)


def write_output(path: str, text: str | Iterator[str]) -> None:
    """Write a report to a file, completely or not at all; TargetError where that fails. Devices and pipes work too.

    The text may come in pieces.

    In a checkout a link can lead to any file of the user's: one that leaves its project is refused.
    """
    _refuse_links_out(path)
    pieces = (text,) if isinstance(text, str) else text
    try:
        if os.path.exists(path) and not os.path.isfile(path):
            with open(path, "w", encoding="utf-8", errors="backslashreplace") as handle:
                handle.writelines(pieces)
            return
        directory, name = os.path.split(os.path.realpath(path))
        handle_number, temporary = _beside(directory, name)
        try:
            with open(handle_number, "w", encoding="utf-8", errors="backslashreplace", newline="") as handle:
                handle.writelines(pieces)
                os.fchmod(handle.fileno(), 0o666 & ~_umask())
            os.replace(temporary, os.path.realpath(path))
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)
            raise
    except OSError as error:
        msg = f"{path} could not be written: {reason_of(error)}"
        raise TargetError(msg) from None


def _refuse_links_out(path: str) -> None:
    if why := link_out(path):
        msg = f"{why}, and was not written: name the file itself"
        raise TargetError(msg)


def _beside(directory: str, name: str) -> tuple[int, str]:
    """Create and open a file next to the one of this name; return its descriptor and path."""
    from tempfile import mkstemp  # noqa: PLC0415  most commands write no file

    return mkstemp(prefix=f".{name}.", suffix=".tmp", dir=directory)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
