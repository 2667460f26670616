"""/networks and /networks/ID: an engine's networks, and who is on them."""

from __future__ import annotations

from typing import Final

from sealock.formats.members import JsonMembers, decode
from sealock.model.absent import UNKNOWN, UNSET, Maybe
from sealock.model.network import EngineNetwork, NetworkEndpoint

_ICC: Final = "com.docker.network.bridge.enable_icc"
_MODE: Final = "com.docker.network.bridge.gateway_mode_ipv"
_BRIDGE: Final = "com.docker.network.bridge.name"


def read_networks(text: str) -> tuple[EngineNetwork, ...]:
    """Read a list of networks, by name. The engine's list does not tell who is on them: `endpoints` is UNKNOWN."""
    held = decode(text)
    found = [_network(JsonMembers(one), listed=True) for one in (held if isinstance(held, list) else ())]
    return tuple(sorted((one for one in found if one.name), key=lambda one: (one.name, one.id)))


def read_network(text: str) -> EngineNetwork | None:
    """Read one network with its endpoints; None where the text describes none."""
    found = _network(JsonMembers(decode(text)), listed=False)
    return found if found.name else None


def _network(said: JsonMembers, *, listed: bool) -> EngineNetwork:
    options = said.pairs("Options")
    chosen = dict(options)
    ranges = list(said.within("IPAM").each("Config"))
    return EngineNetwork(
        name=said.plain("Name"),
        id=said.plain("Id"),
        driver=said.text("Driver"),
        scope=said.text("Scope"),
        internal=said.truth("Internal"),
        attachable=said.truth("Attachable"),
        ingress=said.truth("Ingress"),
        ipv6=said.truth("EnableIPv6"),
        subnets=tuple(one.plain("Subnet") for one in ranges if one.plain("Subnet")) or UNSET,
        gateways=tuple(one.plain("Gateway").partition("/")[0] for one in ranges if one.plain("Gateway")) or UNSET,
        icc=_truth(chosen.get(_ICC)),
        # The overlay driver asks only whether the option is there.
        encrypted="encrypted" in chosen and chosen["encrypted"].lower() not in {"false", "0"},
        gateway_mode_ipv4=chosen.get(f"{_MODE}4") or UNSET,
        gateway_mode_ipv6=chosen.get(f"{_MODE}6") or UNSET,
        bridge=chosen.get(_BRIDGE) or UNSET,
        endpoints=UNKNOWN if listed or "Containers" not in said.held else _endpoints(said.within("Containers")),
        options=options,
        labels=said.pairs("Labels"),
    )


def _truth(text: str | None) -> Maybe[bool]:
    """Read a truth value as the engine's Go does."""
    if text is None:
        return UNSET
    if text in {"1", "t", "T", "true", "TRUE", "True"}:
        return True
    return False if text in {"0", "f", "F", "false", "FALSE", "False"} else UNKNOWN


def _endpoints(said: JsonMembers) -> tuple[NetworkEndpoint, ...]:
    found = [
        NetworkEndpoint(
            one.plain("Name") or name[:12],
            one.plain("IPv4Address").partition("/")[0],
            one.plain("IPv6Address").partition("/")[0],
            one.plain("MacAddress"),
        )
        for name in said.held
        if (one := said.within(name))
    ]
    return tuple(sorted(found, key=lambda one: one.container))
