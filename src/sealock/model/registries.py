"""How to connect to registries, from the policy."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from msgspec import Struct


class Registries(Struct, frozen=True):
    """The table [registry] of sealock.toml.

    `insecure` are hosts (HOST or HOST:PORT) that may use plain HTTP. `mirrors` maps a registry ("docker.io") to hosts
    that a pull tries before it, in order. `token_hosts` maps a registry's host to other hosts that may receive its
    credentials in order to issue tokens for it.
    """

    insecure: tuple[str, ...] = ()
    mirrors: Mapping[str, tuple[str, ...]] = {}
    token_hosts: Mapping[str, tuple[str, ...]] = {}


@lru_cache(maxsize=4096)
def canonical_host(host: str) -> str:
    """Spell a registry's HOST[:PORT] in one way, so that two spellings of one registry compare equal.

    Lower case, no final dot, the port as a number and left out where it is 443, addresses in their usual form.
    """
    host = host.lower()
    bracket = host.rfind("]")
    name, colon, port = host.rpartition(":") if host.rfind(":") > bracket else (host, "", "")
    if colon and port.isascii() and port.isdigit():
        number = port.lstrip("0") or "0"
        port = "" if number == "443" else number
        colon = ":" if port else ""
    name = _address(name.removesuffix("."))
    return f"{name}{colon}{port}"


def _address(name: str) -> str:
    """An address in its usual form; another name as it is."""
    if not (name[:1] == "[" or name.rpartition(".")[2][:1].isdigit()):
        return name
    import ipaddress  # noqa: PLC0415  few registries are addresses, and it costs 4 ms

    try:
        address = ipaddress.ip_address(name[1:-1] if name[:1] == "[" else _ipv4_number(name))
    except ValueError:
        return name
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return f"[{address}]" if address.version == 6 and mapped is None else str(mapped or address)


def _ipv4_number(name: str) -> int:
    """The address that a resolver takes 127.1, 0x7f.0.0.1 or 2130706433 for; ValueError where it is none."""
    parts = name.split(".")
    numbers = [
        int(part, 16 if part.startswith("0x") else 8 if part.startswith("0") and part != "0" else 10) for part in parts
    ]
    *front, last = numbers
    if len(parts) > 4 or any(number > 255 for number in front) or last >= 256 ** (5 - len(parts)):
        raise ValueError(name)
    return sum(number << (24 - 8 * index) for index, number in enumerate(front)) + last
