"""Serial numbers of documents: given ones, or such as follow from the content."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from sealock.reports.encoded import compact


def identity(serial: str, document: Mapping[str, Any]) -> str:
    """The UUID that was given (ValueError if it is none), else the one that the document's content makes."""
    if serial:
        return str(UUID(serial))
    return str(uuid5(NAMESPACE_URL, compact(dict(document)).decode()))
