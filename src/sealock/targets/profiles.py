"""Reads the profile files that users name."""

from __future__ import annotations

from sealock.errors import TargetError
from sealock.formats.files import FileRefusedError
from sealock.formats.profile import read_profile
from sealock.model.location import Source
from sealock.model.profile import Profile
from sealock.targets.files import read_named


def open_profile(path: str) -> Profile:
    """Read a profile; TargetError says what is wrong with it, and where."""
    try:
        text = read_named(path)
    except FileRefusedError as refused:
        message = str(refused)
        raise TargetError(message) from None
    return read_profile(Source(path, text))
