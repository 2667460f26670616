"""What a server says, without the secrets that it was told: careless ones repeat the request in their errors."""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote, quote_plus

_SHORT: Final = 4
"""Characters: where a shorter secret is blotted out, the blots themselves tell it."""


def without(text: str, secrets: Iterable[str]) -> str:
    """Blot out every spelling of the secrets that a server could have without meaning to; "" where that hides none."""
    known = {secret for secret in secrets if secret}
    spellings = sorted({way for one in known for way in _spellings(one)}, key=len, reverse=True)
    if not spellings:
        return text
    blotted = re.sub("|".join(re.escape(spelling) for spelling in spellings), "***", text, flags=re.IGNORECASE)
    told = any(way.lower() in text.lower() for one in known if len(one) < _SHORT for way in _spellings(one))
    return "" if told else blotted


def secrets_of(authorization: str) -> Iterator[str]:
    """The secrets in an Authorization header's value: a token, or a login as it is sent, decoded, and its password."""
    scheme, _, value = authorization.partition(" ")
    yield value
    if scheme.lower() == "basic":
        try:
            plain = b64decode(value).decode()
        except ValueError:
            return
        yield plain
        yield plain.partition(":")[2]


def _spellings(secret: str) -> Iterator[str]:
    """As it is, and as URLs, forms, JSON and dumps of headers have it."""
    raw = secret.encode("utf-8", "surrogateescape")
    yield secret
    yield quote(secret, safe="", errors="surrogateescape")
    yield quote(secret, errors="surrogateescape")
    yield quote_plus(secret, errors="surrogateescape")
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield b64encode(raw).decode().rstrip("=")
    yield urlsafe_b64encode(raw).decode().rstrip("=")
    yield raw.hex()
