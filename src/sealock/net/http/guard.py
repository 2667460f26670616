"""Which addresses may be connected to for somebody else: a service that is given references and hooks by others."""

from __future__ import annotations

import ipaddress
import socket
from typing import Final, TypeAlias

from msgspec import Struct

from sealock.patterns import compile_lazily

IpAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_TRANSLATED: Final = (ipaddress.IPv6Network("64:ff9b::/96"), 96)
"""NAT64's well-known prefix (RFC 6052): the last 32 bits are an IPv4 address."""
_SIX_TO_FOUR: Final = (ipaddress.IPv6Network("2002::/16"), 16)
_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
"""All of IPv6 that is given out for the public internet."""
_PLATFORM: Final = frozenset({ipaddress.ip_address("168.63.129.16")})
"""Public in form, and answered by the host of a virtual machine in Azure."""


_HOST: Final = compile_lazily(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?)(?::[0-9]{1,5})?")
"""A host, perhaps with a port."""


class AddressGuard(Struct, frozen=True):
    """Allows public addresses, and what `allowed` names: host names, HOST:PORT, addresses, networks.

    `permission` says how a user allows one, which takes the place of {}; "" where nobody can.
    It is asked about the very address that a connection is made to, after the name was resolved: what the name
    resolves to a moment later, or in another spelling, makes no difference.
    """

    allowed: tuple[str, ...] = ()
    permission: str = ""

    def refusal_as_written(self, host: str, port: int) -> str:
        """Why all connections to a host are refused, where that shows without resolving it; "" otherwise."""
        address = address_of(host)
        return self.refusal(host, port, address) if address else ""

    def refusal(self, host: str, port: int, address: str) -> str:
        """Why a connection to the address of a host is refused; "" where it is allowed."""
        name = host.removeprefix("[").removesuffix("]").rstrip(".").lower()
        if {name, f"{name}:{port}", f"[{name}]:{port}"} & {entry.lower() for entry in self.allowed}:
            return ""
        ip = ipaddress.ip_address(address.partition("%")[0])
        meant = innermost(ip)
        if is_public(meant) or any(_is_within(ip, entry) or _is_within(meant, entry) for entry in self.allowed):
            return ""
        kind = "" if meant == ip else f", which leads to {meant},"
        why = f"{address}{kind} is an internal address, and sealock does not connect to these for others: refused"
        if not self.permission:
            return why
        return f"{why}. To allow it, {self.permission.format(ip if address_of(host) else name)}"


def address_of(host: str) -> str:
    """The address that a host is a spelling of, as systems read it: also "0x7f.1", "2130706433", "localhost".

    "" for names, which only a resolver knows.
    """
    name = host.removeprefix("[").removesuffix("]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return "127.0.0.1"
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return ""
    return str(found[0][4][0])


def innermost(ip: IpAddress) -> IpAddress:
    """The IPv4 address that an IPv6 address stands for, by mapping, translation or a tunnel; else the address."""
    if not isinstance(ip, ipaddress.IPv6Address):
        return ip
    if ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    if ip.teredo is not None:
        return ip.teredo[1]
    number = int(ip)
    for network, start in (_TRANSLATED, _SIX_TO_FOUR):
        if ip in network:
            return ipaddress.IPv4Address(number >> (128 - start - 32) & 0xFFFFFFFF)
    return ip


def is_public(ip: IpAddress) -> bool:
    """Whether an address is of the public internet, by IANA's registries of special-purpose addresses."""
    if isinstance(ip, ipaddress.IPv6Address) and ip not in _UNICAST:
        return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip in _PLATFORM)


def _is_within(ip: IpAddress, entry: str) -> bool:
    try:
        return ip in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return False


def is_allowable(entry: str) -> bool:
    """Whether an entry of `allowed` can match anything: it is a host, HOST:PORT, an address or a network."""
    match = _HOST.fullmatch(entry)
    host = (match[1] if match else entry).removeprefix("[").removesuffix("]")
    if match is not None and not host.rpartition(".")[2].isdecimal() and ":" not in host:
        return True
    try:
        ipaddress.ip_network(host, strict=False)
    except ValueError:
        return False
    return True
