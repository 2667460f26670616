"""Signatures of webhook messages as Standard Webhooks 1.0 has them: HMAC-SHA256 with a shared secret."""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from binascii import Error
from secrets import token_bytes
from typing import Final

from sealock.errors import UsageError

PREFIX: Final = "whsec_"
_LEAST, _MOST = 24, 64
"""Bytes of a secret."""


def make_secret() -> str:
    """A new secret of 256 bits."""
    return PREFIX + b64encode(token_bytes(32)).decode()


def sign(secret: str, message: str, at: int, body: bytes) -> dict[str, str]:
    """The headers of a message with this id, sent at this second since 1970; UsageError for a malformed secret."""
    try:
        key = b64decode(secret.removeprefix(PREFIX), validate=True)
    except Error:
        key = b""
    if not _LEAST <= len(key) <= _MOST:
        text = f"a webhook's secret is {PREFIX} and {_LEAST} to {_MOST} bytes in base64"
        raise UsageError(text)
    signature = hmac.digest(key, b".".join((message.encode(), str(at).encode(), body)), "sha256")
    return {
        "webhook-id": message,
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,{b64encode(signature).decode()}",
    }
