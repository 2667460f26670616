"""A network of an engine, and the containers on it."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from sealock.model.absent import UNKNOWN, UNSET, Maybe

ANY_IPV4: Final = "0.0.0.0"  # noqa: S104  compared and shown, never bound
EVERYWHERE: Final = frozenset({"", ANY_IPV4, "::"})
"""Addresses on which a port is published everywhere."""

LOOPBACK: Final = ("127.", "::1", "localhost")
"""How an address starts that only the machine (or network namespace) itself reaches."""


def bracketed(address: str) -> str:
    """An address as it is written before a port: one of IPv6 in brackets."""
    return f"[{address}]" if ":" in address else address


class NetworkEndpoint(Struct, frozen=True, gc=False):
    """A container's place on a network; addresses without prefix length, "" for none."""

    container: str
    """Its name, without the slash."""
    ipv4: str = ""
    ipv6: str = ""
    mac: str = ""
    aliases: tuple[str, ...] = ()


class EngineNetwork(Struct, frozen=True, kw_only=True):
    """A network as the engine describes it. `options` are those of the driver, by name."""

    name: str
    id: str = ""
    driver: Maybe[str] = UNKNOWN
    scope: Maybe[str] = UNKNOWN
    internal: Maybe[bool] = UNKNOWN
    attachable: Maybe[bool] = UNKNOWN
    ingress: Maybe[bool] = UNKNOWN
    ipv6: Maybe[bool] = UNKNOWN
    subnets: Maybe[tuple[str, ...]] = UNKNOWN
    gateways: Maybe[tuple[str, ...]] = UNKNOWN
    icc: Maybe[bool] = UNSET
    """Inter-container communication; UNSET is the engine's default, which allows it."""
    encrypted: Maybe[bool] = UNSET
    gateway_mode_ipv4: Maybe[str] = UNSET
    """"nat", "nat-unprotected", "routed", "isolated"."""
    gateway_mode_ipv6: Maybe[str] = UNSET
    bridge: Maybe[str] = UNSET
    """The name of the bridge on the host."""
    endpoints: Maybe[tuple[NetworkEndpoint, ...]] = UNKNOWN
    options: tuple[tuple[str, str], ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
