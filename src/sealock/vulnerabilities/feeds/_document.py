"""Reads feeds that are one JSON document, within a bound."""

from __future__ import annotations

from typing import IO, Final, TypeVar

import msgspec

from sealock.errors import decoding_fault
from sealock.vulnerabilities.feeds.feed import DOCUMENT, FeedError

T = TypeVar("T")
UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""The errors of decoding JSON of another shape."""


def document(file: IO[bytes], shape: type[T]) -> T:
    """Read one JSON document of a shape; FeedError where it is too large or of another shape."""
    data = file.read(DOCUMENT + 1)
    if len(data) > DOCUMENT:
        msg = f"it has more than {DOCUMENT} bytes, the maximum"
        raise FeedError(msg)
    try:
        return msgspec.json.decode(data, type=shape)
    except UNREADABLE as error:
        begin = data[:200].lstrip().lower()
        kind = "an HTML page, not JSON" if begin.startswith((b"<!doctype", b"<html")) else "not of the expected shape"
        msg = f"it is {kind} ({decoding_fault(error)})"
        raise FeedError(msg) from None
