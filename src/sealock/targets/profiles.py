"""Reads and changes the profile files that users name."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from sealock.errors import TargetError, reason_of
from sealock.formats.files import FileRefusedError
from sealock.formats.profile import read_profile, write_profile
from sealock.model.imagename import parse
from sealock.model.location import Source
from sealock.model.profile import Profile, merge
from sealock.targets.files import read_named
from sealock.targets.outputs import write_output

_LARGE: Final = 1 << 20
"""Characters of a file that may have too much in it to be read again."""


def is_reference(text: str) -> bool:
    """Whether a text names an artifact of a registry, and no file: HOST/REPOSITORY with a tag or a digest."""
    host, _, _ = text.partition("/")
    name = parse(text)
    named = name is not None and (name.tag or name.digest) is not None and host != text and not text.startswith(".")
    return named and ("." in host or ":" in host or host == "localhost")


def open_profile(path: str) -> Profile:
    """Read a profile; TargetError says what is wrong with it, and where."""
    if is_reference(path):
        message = f"{path} is in a registry, and a file is needed here: `sealock profile pull {path} --output FILE`"
        raise TargetError(message)
    try:
        text = read_named(path)
    except FileRefusedError as refused:
        message = str(refused)
        raise TargetError(message) from None
    return read_profile(Source(path, text))


def open_earlier(path: str) -> Profile | None:
    """Read the profile of earlier runs, None where there is no such file; TargetError for one that cannot be read."""
    try:
        os.lstat(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        message = f"{path} could not be read: {reason_of(error)}"
        raise TargetError(message) from None
    return open_profile(path)


def change_profile(path: str, change: Callable[[Profile | None], Profile]) -> Profile:
    """Change a profile as its file has it now, while no other sealock does: what was written."""
    with _no_other_writer(path):
        changed = change(open_earlier(path))
        text = write_profile(changed)
        if len(text) > _LARGE:
            _check_readable(path, text)
        write_output(path, text)
    return changed


def _check_readable(path: str, text: str) -> None:
    """Raise TargetError for what is too large to be read again."""
    try:
        read_profile(Source(path, text))
    except TargetError as error:
        message = (
            f"nothing was written, since it could not be read again: {error}; write these runs to a file of their own"
        )
        raise TargetError(message) from None


def add_to_profile(path: str, profile: Profile) -> Profile:
    """Add a profile to what earlier runs saw; TargetError where those were of another image."""
    return change_profile(path, lambda earlier: profile if earlier is None else merge(earlier, profile))


def check_place(path: str, *, several: bool = False) -> None:
    """Raise TargetError where no profile can be written to a path, or `several` below it: better before an exercise."""
    place = os.path.abspath(path) if several else os.path.dirname(os.path.abspath(path))
    while several and not os.path.lexists(place):
        place = os.path.dirname(place)
    if os.path.isdir(place) and os.access(place, os.W_OK | os.X_OK):
        return
    why = "cannot be written to" if os.path.isdir(place) else "is no directory"
    message = f"{path} could not be written: {place} {why}"
    raise TargetError(message)


@contextmanager
def _no_other_writer(path: str) -> Iterator[None]:
    """Wait until no other sealock changes a profile in this directory, and keep others waiting."""
    directory = os.path.dirname(os.path.abspath(path))
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        message = f"{path} could not be written: {directory}: {reason_of(error)}"
        raise TargetError(message) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
