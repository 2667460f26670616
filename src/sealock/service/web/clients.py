"""What a request says of its sender: the address, the credentials, the cookie of a session."""

from __future__ import annotations

from base64 import b64decode
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from starlette.requests import Request

from sealock.service.web.context import ServiceSettings

_COOKIE: Final = "sealock_session"
_HOST: Final = 64
"""Bits of an IPv6 address that its network gives to hosts."""


def client_address(request: Request, settings: ServiceSettings) -> str:
    """The address of the client: what the outermost trusted proxy says, else that of the connection."""
    direct = request.client.host if request.client else ""
    if settings.behind:
        passed = [part.strip() for line in request.headers.getlist("x-forwarded-for") for part in line.split(",")]
        if len(passed) >= settings.behind:
            return passed[-settings.behind][:64]
    return direct


def network_of(address: str) -> str:
    """What counts as one sender of an address: with IPv6 its network of 64 bits, of which anybody has all addresses."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ip_network((int(parsed) >> _HOST << _HOST, 128 - _HOST)))
    return str(parsed)


def bearer(request: Request) -> str:
    """The token in the Authorization header: as Bearer, or as the password of Basic, which feed readers have."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return b64decode(value.strip(), validate=True).decode("ascii").partition(":")[2]
        except ValueError:
            return ""
    return ""


def is_secure(request: Request, settings: ServiceSettings) -> bool:
    """Whether people reach the service through HTTPS."""
    return request.url.scheme == "https" or settings.address.startswith("https://")


def cookie_name(request: Request, settings: ServiceSettings) -> str:
    """The name of the session's cookie: with HTTPS the one that no other host or path can set."""
    return f"__Host-{_COOKIE}" if is_secure(request, settings) else _COOKIE


def own_address(request: Request, settings: ServiceSettings) -> str:
    """The URL of this service without a slash at its end, for links in feeds and messages."""
    return settings.address.rstrip("/") or f"{request.url.scheme}://{request.url.netloc}"


def is_from_here(request: Request, settings: ServiceSettings) -> bool:
    """Whether a form was sent from a page of this service, as far as the browser says."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = request.headers.get("origin")
    return origin is None or origin == own_address(request, settings)
