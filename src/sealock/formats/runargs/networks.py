"""Networks, ports, addresses and host names."""

from __future__ import annotations

from typing import Final

from sealock.formats.runargs.scalars import holds_expansion, invalid, parse_fields
from sealock.model.container import Network, Port

_MODES: Final = frozenset({"host", "none", "bridge", "private", "slirp4netns", "pasta"})
_KEYS: Final = frozenset({
    "name", "alias", "ip", "ip6", "mac-address", "link-local-ip", "driver-opt", "gw-priority", "mac", "interface_name",
    "host_interface_name", "mtu", "metric", "vlan", "bclim",
})  # fmt: skip
NO_NAME_SERVERS: Final = "none"
"""What Podman takes in place of an address for no /etc/resolv.conf of its own."""


def parse_network(text: str) -> str | Network:
    """Parse a mode (a str) or a user-defined network."""
    if text in {"default", ""}:
        return "bridge"
    head, colon, rest = text.partition(":")
    if head in {"container", "ns", "service"} and colon:
        return text
    if head in _MODES and (not colon or head in {"slirp4netns", "pasta"}):
        return head
    if colon and "=" in rest and "=" not in head:
        return _parse_long(f"name={head},{rest}", text)
    return _parse_long(text, text) if "=" in text else Network(text)


def _parse_long(text: str, whole: str) -> str | Network:
    name, aliases = "", []
    for field in parse_fields(text):
        key, equals, value = field.partition("=")
        key = key.strip().lower()
        if key not in _KEYS or not equals:
            raise invalid(whole, f'has the unknown key "{field}"')
        if key == "name":
            name = value
        elif key == "alias":
            aliases.append(value)
    if not name:
        raise invalid(whole, "names no network")
    if name in _MODES and not aliases and not holds_expansion(name):
        return name
    if name.startswith("container:") and not aliases:
        return name
    return Network(name, tuple(aliases))


def spell_network(network: str | Network) -> str:
    """Spell a mode or a network."""
    if isinstance(network, str):
        return network
    if not network.aliases:
        return network.name
    return ",".join([f"name={network.name}", *(f"alias={alias}" for alias in network.aliases)])


def parse_port_numbers(text: str) -> tuple[int, int]:
    """Parse "80" or "8000-8010"; an unresolved expansion gives 0, any port."""
    if holds_expansion(text):
        return 0, 0
    low, dash, high = text.partition("-")
    if not low.isascii() or not low.isdigit() or (dash and not (high.isascii() and high.isdigit())):
        raise invalid(text, "is not a port")
    if len(low) > 5 or len(high) > 5:
        raise invalid(text, "is not a port: the last is 65535")
    first, last = int(low), int(high or low)
    if not first <= last <= 65535:
        raise invalid(text, "is not a port or a range of ports")
    return first, last


def parse_exposed(text: str) -> str:
    """Parse a port or range to expose, with its protocol."""
    ports, _, protocol = text.partition("/")
    if ":" in ports:
        raise invalid(text, "is not a port to expose: --expose takes no host port")
    parse_port_numbers(ports)
    return f"{ports}/{_protocol(protocol, text)}"


def _protocol(text: str, whole: str) -> str:
    known = text.lower() or "tcp"
    if known not in {"tcp", "udp", "sctp"} and not holds_expansion(known):
        raise invalid(whole, f'has the unknown protocol "{text}"')
    return known


def parse_port(text: str) -> Port:
    """Parse [[ADDRESS:]HOST:]CONTAINER[/PROTOCOL] with IPv6 addresses in brackets."""
    body, _, protocol = text.partition("/")
    head, _, inner = body.rpartition(":")
    address, _, host = head.rpartition(":")
    first, last = parse_port_numbers(inner)
    if host:
        low, high = parse_port_numbers(host)
        if high - low != last - first and first != last and low:
            raise invalid(text, "has port ranges of different length")
    bare = address.removeprefix("[").removesuffix("]")
    if ":" in address and address != f"[{bare}]":
        raise invalid(text, "has an IPv6 address without brackets")
    address = bare
    if address and ":" not in address and not _is_ipv4(address) and not holds_expansion(address):
        raise invalid(text, f'has an invalid address "{address}"')
    return Port(inner, host or None, address or None, _protocol(protocol, text))


def _is_ipv4(text: str) -> bool:
    parts = text.split(".")
    return len(parts) == 4 and all(
        part.isascii() and part.isdigit() and len(part) <= 3 and int(part) < 256 for part in parts
    )


def spell_port(port: Port) -> str:
    """Spell a published port."""
    address = f"[{port.address}]" if port.address and ":" in port.address else port.address
    body = port.container if port.host is None else f"{port.host}:{port.container}"
    if address:
        body = f"{address}:{body}" if port.host is not None else f"{address}::{body}"
    return body if port.protocol == "tcp" else f"{body}/{port.protocol}"


def parse_name_server(text: str) -> str:
    """Parse the IP address of a name server, or Podman's word for no file of them."""
    if (
        text == NO_NAME_SERVERS
        or _is_ipv4(text)
        or (":" in text and not set(text) - set("0123456789abcdefABCDEF:.%"))
        or holds_expansion(text)
    ):
        return text
    raise invalid(text, "is not an IP address")


def parse_extra_host(text: str) -> str:
    """Parse name:address or name=address, and return the former."""
    name, equals, address = text.partition("=")
    if not equals:
        name, equals, address = text.partition(":")
    if not name or not equals or not address:
        raise invalid(text, "is not of the form name:address")
    if address.startswith("[") and address.endswith("]"):
        address = address[1:-1]
    return f"{name}:{address}"


_HEX: Final = frozenset("0123456789abcdefABCDEF")


def parse_mac_address(text: str) -> str:
    """Parse a MAC address."""
    parts = text.replace("-", ":").split(":")
    if (len(parts) in {6, 8} and all(len(part) == 2 and not set(part) - _HEX for part in parts)) or holds_expansion(
        text
    ):
        return text
    raise invalid(text, "is not a MAC address")
