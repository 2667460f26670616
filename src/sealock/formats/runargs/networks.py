"""The values of --network: a mode, a network's name, or name=…,alias=…."""

from __future__ import annotations

from typing import Final

from sealock.formats.runargs.scalars import holds_expansion, invalid
from sealock.model.container import Network

_MODES: Final = frozenset({"host", "none", "bridge", "private", "slirp4netns", "pasta"})
_KEYS: Final = frozenset({
    "name", "alias", "ip", "ip6", "mac-address", "link-local-ip", "driver-opt", "gw-priority", "mac", "interface_name",
    "host_interface_name", "mtu", "metric", "vlan", "bclim",
})  # fmt: skip


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
    for field in text.split(","):
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
    return Network(name, tuple(aliases))


def spell_network(network: str | Network) -> str:
    """Spell a mode or a network."""
    if isinstance(network, str):
        return network
    if not network.aliases:
        return network.name
    return ",".join([f"name={network.name}", *(f"alias={alias}" for alias in network.aliases)])
