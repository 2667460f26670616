"""What stands out on a map: published ports that bypass isolation, containers that join networks, legacy links."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote
from typing import Final

from sealock.model.absent import given
from sealock.model.netmap import OUTSIDE, Map, MapNode, Remark
from sealock.model.network import EVERYWHERE

_SHOWN: Final = 6
_SWARM: Final = "docker_gwbridge"
"""The network that gives swarm containers a way out; the engine connects them to it by itself."""
_REST: Final = "0.0.0.0/0"


def remarks(network_map: Map) -> Iterator[Remark]:
    """The remarks on each container and network."""
    internal = {network.name for network in network_map.networks if network.internal is True}
    apart = {network.name for network in network_map.networks if network.icc is False}
    for node in network_map.nodes:
        names = [attachment.network for attachment in node.attachments]
        if len(names) > 1:
            inside = [name for name in names if name in internal]
            more = (
                f"; {inside[0]} is internal, and this is a way out of it" if inside and len(inside) < len(names) else ""
            )
            yield Remark(node.name, f"is on {', '.join(names)}, and can forward between them{more}")
        wide = [port for port in node.published if (port.address or "") in EVERYWHERE]
        if wide and set(names) & apart:
            text = "is on a network with icc off, but published on all addresses: its neighbours reach it there"
            yield Remark(node.name, text, "publish it on 127.0.0.1, or on one address")
        if node.unpublished:
            ports = ", ".join(f"{port.host or '?'} to {port.container}" for port in node.unpublished[:_SHOWN])
            text = f"should publish {ports}, but does not: it has only internal networks"
            yield Remark(node.name, text, "remove the port, or add a network that is not internal")
        yield from _foreign_routes(network_map, node, internal)
        if node.on_host:
            text = "is on the host network: it sees the host's traffic and that of every container"
            if not node.running:
                text = "does not run; when it does, it is on the host network, and sees the traffic of every container"
            yield Remark(node.name, text, "give it a network, and publish its ports")
        for target, alias in node.links:
            yield _link(node.name, target, alias, names)
    yield from _port_conflicts(network_map)
    for network in network_map.networks:
        endpoints = given(network.endpoints, ())
        if network.name == "bridge" and network.icc is not False and len(endpoints) > 1:
            text = f"connects {len(endpoints)} containers that name no network"
            yield Remark(f"network {network.name}", text, "give containers that belong together a network of their own")
    if not any(edge.source == OUTSIDE for edge in network_map.edges) and network_map.nodes:
        yield Remark("outside", "cannot reach any container")


def _port_conflicts(network_map: Map) -> Iterator[Remark]:
    """Containers that publish one port of the host: only one of them can run."""
    owners: dict[tuple[str, str], dict[str, str]] = {}
    for node in network_map.nodes:
        for port in node.published:
            if not port.host:
                continue
            address = "" if port.address in EVERYWHERE else port.address or ""
            users = owners.setdefault((port.host, port.protocol), {})
            rival = users.get(address) or users.get("") or (next(iter(users.values()), "") if not address else "")
            if rival and rival != node.name:
                text = f"publishes port {port.host}/{port.protocol} of the host, as {rival} does: only one can run"
                yield Remark(node.name, text, "give each a port or an address of its own")
            users.setdefault(address, node.name)


def _foreign_routes(network_map: Map, node: MapNode, internal: set[str]) -> Iterator[Remark]:
    """Routes of the kernel that do not come from the engine's networks."""
    if node.on_host or node.shares or not isinstance(node.routes, tuple):
        return
    names = {attachment.network for attachment in node.attachments}
    known = {
        subnet
        for network in network_map.networks
        if network.name in {*names, _SWARM}
        for subnet in given(network.subnets, ())
    }
    remedy = "find out who connected it, and start it again"
    foreign = [
        route for route in node.routes if not (route.gateway or route.subnet in known or route.subnet.endswith("/32"))
    ]
    for route in foreign[:_SHOWN]:
        text = f"is also on {route.subnet} through interface {route.interface}, which is on no network of the engine"
        yield Remark(node.name, text, remedy)
    defaults = [route for route in node.routes if route.gateway and route.subnet == _REST]
    if defaults and not foreign and names <= internal:
        text = f"has a default route through {defaults[0].gateway}, although its networks are internal"
        yield Remark(node.name, text, remedy)


def _link(source: str, target: str, alias: str, names: list[str]) -> Remark:
    network = f"{source}-{target}"
    at = f" --alias {quote(alias)}" if alias != target else ""
    remedy = (
        f"docker network create {quote(network)} && docker network connect {quote(network)} {quote(source)}"
        f" && docker network connect{at} {quote(network)} {quote(target)}"
    )
    kind = "legacy link" if "bridge" in names or not names else "link"
    text = f"reaches {target} as {alias} through a {kind}, which also gives it {target}'s environment variables"
    return Remark(source, text, remedy)
