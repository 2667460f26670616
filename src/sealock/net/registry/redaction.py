"""Redacts secrets in a server's messages: careless servers repeat the request in their errors."""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote, quote_plus

_SHORT: Final = 4
"""Characters: redacting a shorter secret reveals it by the places of the redactions."""


def redact(text: str, secrets: Iterable[str]) -> str:
    """Redact every usual encoding of the secrets; "" where a secret is too short to be redacted."""
    known = {secret for secret in secrets if secret}
    spellings = sorted({spelling for secret in known for spelling in _spellings(secret)}, key=len, reverse=True)
    if not spellings:
        return text
    short = {spelling.lower() for secret in known if len(secret) < _SHORT for spelling in _spellings(secret)}
    if any(spelling in text.lower() for spelling in short):
        return ""
    return re.sub("|".join(re.escape(spelling) for spelling in spellings), "***", text, flags=re.IGNORECASE)


def secrets_of(authorization: str) -> Iterator[str]:
    """The secrets of an Authorization header's value: a token, or a login encoded and decoded, and its password."""
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
    """The secret as it is, and as URLs, forms, JSON and base64 encode it."""
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
