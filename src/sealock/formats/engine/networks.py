"""/networks and /networks/ID: an engine's networks and their endpoints."""

from __future__ import annotations

from typing import Final

from sealock.formats.jsonobject import JsonObject, decode_object, decode_objects
from sealock.model.absent import UNKNOWN, UNSET, Maybe
from sealock.model.network import EngineNetwork, NetworkEndpoint

_ICC: Final = "com.docker.network.bridge.enable_icc"
_MODE: Final = "com.docker.network.bridge.gateway_mode_ipv"
_BRIDGE: Final = "com.docker.network.bridge.name"


def read_networks(text: str) -> tuple[EngineNetwork, ...]:
    """Read a list of networks, sorted by name. The engine's list has no endpoints, so `endpoints` is UNKNOWN."""
    networks = [_network(entry, listed=True) for entry in decode_objects(text)]
    return tuple(
        sorted((network for network in networks if network.name), key=lambda network: (network.name, network.id))
    )


def read_network(text: str) -> EngineNetwork | None:
    """Read one network with its endpoints; None where the text does not describe one."""
    network = _network(decode_object(text), listed=False)
    return network if network.name else None


def _network(members: JsonObject, *, listed: bool) -> EngineNetwork:
    options = members.pairs("Options")
    values = dict(options)
    pools = list(members.child("IPAM").objects("Config"))
    return EngineNetwork(
        name=members.text("Name"),
        id=members.text("Id"),
        driver=members.maybe_text("Driver"),
        scope=members.maybe_text("Scope"),
        internal=members.maybe_bool("Internal"),
        attachable=members.maybe_bool("Attachable"),
        ingress=members.maybe_bool("Ingress"),
        ipv6=members.maybe_bool("EnableIPv6"),
        subnets=tuple(subnet for pool in pools if (subnet := pool.text("Subnet"))) or UNSET,
        gateways=tuple(gateway.partition("/")[0] for pool in pools if (gateway := pool.text("Gateway"))) or UNSET,
        icc=_parse_bool(values.get(_ICC)),
        # The overlay driver only asks whether the option is there.
        encrypted="encrypted" in values and values["encrypted"].lower() not in {"false", "0"},
        gateway_mode_ipv4=values.get(f"{_MODE}4") or UNSET,
        gateway_mode_ipv6=values.get(f"{_MODE}6") or UNSET,
        bridge=values.get(_BRIDGE) or UNSET,
        endpoints=UNKNOWN if listed or "Containers" not in members.members else _endpoints(members.child("Containers")),
        options=options,
        labels=members.pairs("Labels"),
    )


def _parse_bool(text: str | None) -> Maybe[bool]:
    """Parse a boolean as Go's strconv.ParseBool does."""
    if text is None:
        return UNSET
    if text in {"1", "t", "T", "true", "TRUE", "True"}:
        return True
    return False if text in {"0", "f", "F", "false", "FALSE", "False"} else UNKNOWN


def _endpoints(containers: JsonObject) -> tuple[NetworkEndpoint, ...]:
    endpoints = [
        NetworkEndpoint(
            container.text("Name") or container_id[:12],
            container.text("IPv4Address").partition("/")[0],
            container.text("IPv6Address").partition("/")[0],
            container.text("MacAddress"),
        )
        for container_id in containers.members
        if (container := containers.child(container_id))
    ]
    return tuple(sorted(endpoints, key=lambda endpoint: endpoint.container))
