"""The token by which a scanning service (`sealock serve`) knows its clients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sealock.errors import UsageError

VARIABLE: Final = "SEALOCK_TOKEN"


def is_token(text: str) -> bool:
    """Whether a text can be a token: it stands in a header."""
    return bool(text) and text.isascii() and text.isprintable() and " " not in text


def token_of(environment: Mapping[str, str], role: str) -> str:
    """The token in the environment; UsageError, which names the role that it needs, where there is none."""
    token = environment.get(VARIABLE, "").strip()
    if not is_token(token):
        msg = f"the service needs a token with the role {role}: set {VARIABLE} to it"
        raise UsageError(msg)
    return token
