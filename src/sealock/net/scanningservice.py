"""Where a scanning service (`sealock serve`) is, and the token by which it knows its clients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sealock.errors import UsageError
from sealock.net.http.connections import reach_of
from sealock.net.transport import server_parts

VARIABLE: Final = "SEALOCK_TOKEN"


def service_address(url: str) -> str:
    """The address of a service without a slash at its end.

    UsageError where it is none, or where anyone on the network could read the token: plain HTTP beyond this machine.
    """
    parts = server_parts(url)
    if parts is None or parts.query or parts.fragment:
        msg = f"{url[:200]!r} is not the address of a service, such as https://sealock.example"
        raise UsageError(msg)
    if parts.scheme == "http" and reach_of(parts.hostname or "") != "loopback":
        msg = f"{url[:200]!r} would send the token by plain HTTP, which anyone on the network can read: use https://"
        raise UsageError(msg)
    return url.rstrip("/")


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
