"""Explains in a sentence how one container reaches another, or why not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sealock.model.netmap import HOST, OUTSIDE, Edge, Map, MapNode
from sealock.model.network import EVERYWHERE, LOOPBACK, bracketed
from sealock.netmap.graph import listening

_SHOWN: Final = 6
_RESOLVER: Final = "127.0.0.11"
"""Where the engine itself listens, in every container on a network with names."""
_NAMES: Final = {HOST: "the host", OUTSIDE: "the outside"}


def explain(network_map: Map, source: str, target: str) -> tuple[bool, str]:
    """Whether `source` reaches `target`, and a sentence that says how or why not."""
    ways = [edge for edge in network_map.edges if edge.source == source and edge.target == target]
    labels = _NAMES | ({HOST: "its node"} if network_map.cluster else {})
    first, second = labels.get(source, source), labels.get(target, target)
    if ways:
        how = "; ".join(dict.fromkeys(describe(edge) for edge in ways))
        return True, f"{first} reaches {second} {how}{_unheard(network_map, target, ways)}."
    return False, f"{first} does not reach {second}: {_why_not(network_map, source, target)}."


def _unheard(network_map: Map, target: str, ways: list[Edge]) -> str:
    """What to add where packets arrive and no program accepts them, "" otherwise or where that is unknown."""
    node = next((node for node in network_map.nodes if node.name == target), None)
    local = any(edge.way == "same namespace" or (edge.way == "host" and not edge.addresses) for edge in ways)
    if node is None or local or not isinstance(node.listens, tuple) or listening(node):
        return ""
    sockets = [socket for socket in node.listens if socket.port and socket.address != _RESOLVER]
    own = ", ".join(f"{bracketed(socket.address)}:{socket.port}" for socket in sockets)
    return f", but {target} listens only on its own loopback ({own})" if own else f", but nothing listens in {target}"


def describe(edge: Edge) -> str:
    """An edge in words."""
    ports = f" ({', '.join(edge.ports[:6])}{', …' if len(edge.ports) > 6 else ''})" if edge.ports else ""
    at = edge.names[0] if edge.names else edge.addresses[0] if edge.addresses else ""
    name = f" as {at}" if at else ""
    match edge.way:
        case "network":
            return f"over the network {edge.via}{name}{ports}"
        case "link":
            return f"over a legacy link on {edge.via}{name}{ports}"
        case "published":
            return f"through the published port {edge.via}{ports}"
        case "host network":
            where = "at a gateway of the host" if edge.via == HOST else f"from the host network into {edge.via}"
            return f"{where}{name}{ports}"
        case "same namespace":
            return f"at localhost, because both share a network namespace{ports}"
        case "host":
            return f"directly{name}{ports}"
        case "outside":
            return f"on the local network{name}{ports}"
        case "service":
            sources = f", from {', '.join(edge.addresses)}" if edge.addresses else ""
            return f"through {edge.via}{ports}{sources}"
        case "egress":
            return f"at {', '.join(edge.addresses) or 'any address'}{ports}"


def _why_not(network_map: Map, source: str, target: str) -> str:
    """The first reason that a person could change."""
    known = {node.name: node for node in network_map.nodes}
    if network_map.cluster:
        return _why_not_in_cluster(known, source, target)
    if target in {HOST, OUTSIDE}:
        return "only containers can be targets"
    if target not in known:
        return f"there is no container {target}"
    destination = known[target]
    if not destination.running:
        return f"{target} does not run"
    if source == HOST and destination.attachments:
        return (
            f"{', '.join(attachment.network for attachment in destination.attachments)} does not admit the host itself"
        )
    if source in {HOST, OUTSIDE}:
        if destination.unpublished:
            return "its ports are not published, because it has only internal networks"
        return "it is published only on the host's loopback" if destination.published else "it publishes no ports"
    if source not in known:
        return f"there is no container {source}"
    origin = known[source]
    if not origin.running:
        return f"{source} does not run"
    for node in (origin, destination):
        if node.no_network:
            return f"{node.name} has no network"
    common = {attachment.network for attachment in origin.attachments} & {
        attachment.network for attachment in destination.attachments
    }
    if common:
        return f"icc is off on the network {min(common)}"
    return _no_common_network(network_map, origin, destination)


def _why_not_in_cluster(known: Mapping[str, MapNode], source: str, target: str) -> str:
    """Which policies deny it, or what is not there."""
    if missing := [name for name in (source, target) if name not in known and name not in {HOST, OUTSIDE}]:
        return f"there is no pod {missing[0]}"
    if target in {HOST, source}:
        return "only pods and the outside can be targets, and they reach themselves"
    if source == HOST and target == OUTSIDE:
        return "the map does not have what nodes reach"
    if source == OUTSIDE and not known[target].ingress_policies:
        return "no Service and no Ingress leads there from outside"
    denying = []
    if source in known and known[source].egress_policies:
        denying.append(f"those for egress of {source} ({', '.join(known[source].egress_policies)})")
    if target in known and known[target].ingress_policies:
        denying.append(f"those for ingress of {target} ({', '.join(known[target].ingress_policies)})")
    outside = ", or nothing leads there from outside" if source == OUTSIDE else ""
    return f"NetworkPolicies do not admit it: {' and '.join(denying)}{outside}"


def _no_common_network(network_map: Map, origin: MapNode, destination: MapNode) -> str:
    own = ", ".join(attachment.network for attachment in origin.attachments) or "none"
    theirs = ", ".join(attachment.network for attachment in destination.attachments) or "none"
    networks = f"{origin.name}: {own}; {destination.name}: {theirs}"
    shared = f"they share no network ({networks})"
    wide = [port for port in destination.published if (port.address or "") in EVERYWHERE]
    internal = {network.name for network in network_map.networks if network.internal is True}
    inside = [attachment.network for attachment in origin.attachments if attachment.network in internal]
    if wide and inside:
        ports = ", ".join(port.host or "any free port" for port in wide[:_SHOWN])
        why = f"{', '.join(inside)} is internal" if len(inside) == 1 else f"{', '.join(inside)} are internal"
        return f"{shared}, and {destination.name} publishes {ports}, but {why}, so {origin.name} has no way there"
    loopback = any((port.address or "").startswith(LOOPBACK) for port in destination.published)
    published = "ports only on the host's loopback" if loopback else "no ports"
    return f"{shared}, and {destination.name} publishes {published}"
