"""Documents with a serial number of their own: a given one, or such as follows from the content."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha1
from typing import Any
from uuid import NAMESPACE_URL, UUID

from sealock.reports.jsontext import compact, spread


def numbered(serial: str, content: dict[str, Any], head: Callable[[str], dict[str, Any]]) -> str:
    """Write a document: what `head` makes of the serial number, then the content.

    The number is the UUID that was given (ValueError if it is none), else the one that the content makes.
    """
    # The content may have megabytes: it is encoded once.
    body = compact(content)
    return spread(compact(head(_identity(serial.removeprefix("urn:uuid:"), body)))[:-1] + b"," + body[1:])


def _identity(serial: str, body: bytes) -> str:
    if serial:
        return str(UUID(serial))
    # As uuid5 makes it of a text.
    made = sha1(NAMESPACE_URL.bytes, usedforsecurity=False)
    made.update(body)
    return str(UUID(bytes=made.digest()[:16], version=5))
