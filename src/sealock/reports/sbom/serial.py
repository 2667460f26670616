"""Documents with a serial number: a given one, or one that derives from the content."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha1
from typing import Any
from uuid import NAMESPACE_URL, UUID

from sealock.reports.jsontext import compact, spread


def number_document(serial: str, content: dict[str, Any], head: Callable[[str], dict[str, Any]]) -> str:
    """Write a document: the fields of `head` for the serial number, then the content.

    The number is the given UUID (ValueError if it is invalid), else derives from the content.
    """
    # The content may have megabytes: it is encoded once.
    body = compact(content)
    return spread(compact(head(_identity(serial.removeprefix("urn:uuid:"), body)))[:-1] + b"," + body[1:])


def _identity(serial: str, body: bytes) -> str:
    if serial:
        return str(UUID(serial))
    # As uuid5 does for a text.
    made = sha1(NAMESPACE_URL.bytes, usedforsecurity=False)
    made.update(body)
    return str(UUID(bytes=made.digest()[:16], version=5))
