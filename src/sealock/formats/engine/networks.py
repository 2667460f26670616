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


def _network(members: JsonMembers, *, listed: bool) -> EngineNetwork:
    options = members.pairs("Options")
    chosen = dict(options)
    ranges = list(members.within("IPAM").each("Config"))
    return EngineNetwork(
        name=members.plain("Name"),
        id=members.plain("Id"),
        driver=members.text("Driver"),
        scope=members.text("Scope"),
        internal=members.truth("Internal"),
        attachable=members.truth("Attachable"),
        ingress=members.truth("Ingress"),
        ipv6=members.truth("EnableIPv6"),
        subnets=tuple(range_.plain("Subnet") for range_ in ranges if range_.plain("Subnet")) or UNSET,
        gateways=tuple(range_.plain("Gateway").partition("/")[0] for range_ in ranges if range_.plain("Gateway"))
        or UNSET,
        icc=_truth(chosen.get(_ICC)),
        # The overlay driver asks only whether the option is there.
        encrypted="encrypted" in chosen and chosen["encrypted"].lower() not in {"false", "0"},
        gateway_mode_ipv4=chosen.get(f"{_MODE}4") or UNSET,
        gateway_mode_ipv6=chosen.get(f"{_MODE}6") or UNSET,
        bridge=chosen.get(_BRIDGE) or UNSET,
        endpoints=UNKNOWN if listed or "Containers" not in members.held else _endpoints(members.within("Containers")),
        options=options,
        labels=members.pairs("Labels"),
    )


def _truth(text: str | None) -> Maybe[bool]:
    """Read a truth value as the engine's Go does."""
    if text is None:
        return UNSET
    if text in {"1", "t", "T", "true", "TRUE", "True"}:
        return True
    return False if text in {"0", "f", "F", "false", "FALSE", "False"} else UNKNOWN


def _endpoints(members: JsonMembers) -> tuple[NetworkEndpoint, ...]:
    found = [
        NetworkEndpoint(
            one.plain("Name") or name[:12],
            one.plain("IPv4Address").partition("/")[0],
            one.plain("IPv6Address").partition("/")[0],
            one.plain("MacAddress"),
        )
        for name in members.held
        if (one := members.within(name))
    ]
    return tuple(sorted(found, key=lambda one: one.container))
