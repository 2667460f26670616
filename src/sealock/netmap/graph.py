"""Builds the map: every connection between containers that the engine's networks allow.

Docker's packet filters, as observed: containers on a bridge reach each other unless icc is off; bridges are isolated
from each other; a port published on all addresses is reachable from any network that is not internal, through any
gateway, so it bypasses both; the host reaches every container; programs on the host network are reachable at any
gateway.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from sealock.model.absent import given
from sealock.model.container import Port
from sealock.model.netmap import HOST, OUTSIDE, Attachment, Edge, Map, MapNode, Way
from sealock.model.network import ANY_IPV4, EVERYWHERE, LOOPBACK, EngineNetwork, bracketed
from sealock.netmap.remarks import remarks

_DIRECT: Final = frozenset({"macvlan", "ipvlan"})
DEFAULT: Final = "bridge"
"""The network of containers that name no other."""


def build_map(nodes: tuple[MapNode, ...], networks: tuple[EngineNetwork, ...], *, declared: bool = False) -> Map:
    """Build the map of these containers."""
    finder = _EdgeFinder(nodes, networks)
    edges = tuple(dict.fromkeys(edge for node in nodes for edge in finder.to(node)))
    network_map = Map(nodes, networks, edges, declared=declared)
    return Map(nodes, networks, edges, tuple(remarks(network_map)), declared)


class _EdgeFinder:
    """Finds edges, with containers and networks by name."""

    def __init__(self, nodes: tuple[MapNode, ...], networks: tuple[EngineNetwork, ...]) -> None:
        self.nodes = {node.name: node for node in nodes}
        self.networks = {network.name: network for network in networks}

    def namespace_owner(self, node: MapNode) -> MapNode:
        """The container that owns this one's network namespace: itself, or another, even through a chain or a cycle."""
        visited = {node.name}
        while node.shares and node.shares in self.nodes and node.shares not in visited:
            visited.add(node.shares)
            node = self.nodes[node.shares]
        return node

    def to(self, target: MapNode) -> Iterator[Edge]:
        """Every edge to one container."""
        if not target.running:
            return
        own = self.namespace_owner(target)
        ports = listening(target)
        yield from self.from_host(target, own, ports)
        for source in self.nodes.values():
            if source.name == target.name or not source.running:
                continue
            theirs = self.namespace_owner(source)
            if theirs.name == own.name or (theirs.on_host and own.on_host):
                yield Edge(source.name, target.name, "same namespace", ports=listening(target, inside=True))
                continue
            yield from self.between(source, theirs, target, own, ports)

    def between(
        self, source: MapNode, theirs: MapNode, target: MapNode, own: MapNode, ports: tuple[str, ...]
    ) -> Iterator[Edge]:
        """The edges from one container to another, each in a network namespace of its own."""
        if theirs.on_host:
            for attachment in own.attachments:
                yield Edge(
                    source.name,
                    target.name,
                    "host network",
                    attachment.network,
                    ports,
                    addresses=_addresses(attachment),
                )
            yield from self.published(source.name, target.name, own, {"", *_here(own.published)})
            return
        if own.on_host:
            gateways = dict.fromkeys(
                gateway for attachment in theirs.attachments for gateway in self.gateways(attachment.network)
            )
            if any(self.driver(attachment.network) not in _DIRECT for attachment in theirs.attachments):
                yield Edge(source.name, target.name, "host network", HOST, ports, addresses=tuple(gateways))
            return
        for attachment in own.attachments:
            if any(other.network == attachment.network for other in theirs.attachments):
                yield from self.neighbours(source, target, own, attachment, ports)
        # Through the host's addresses; an internal network reaches only its gateway, which filters.
        if any(self.leads_out(attachment.network) for attachment in theirs.attachments):
            yield from self.published(source.name, target.name, own, {""})

    def neighbours(
        self, source: MapNode, target: MapNode, own: MapNode, attachment: Attachment, ports: tuple[str, ...]
    ) -> Iterator[Edge]:
        """The edges between two containers on one network."""
        network = self.networks.get(attachment.network)
        linked = tuple(alias for name, alias in source.links if name == own.name)
        if network is not None and network.icc is False:
            if linked:
                yield Edge(source.name, target.name, "link", attachment.network, ports, linked, _addresses(attachment))
            return
        names = dict.fromkeys((*(attachment.names if attachment.network != DEFAULT else ()), *linked))
        way: Way = "link" if linked and attachment.network == DEFAULT else "network"
        yield Edge(source.name, target.name, way, attachment.network, ports, tuple(names), _addresses(attachment))

    def published(self, source: str, target: str, own: MapNode, addresses: Iterable[str]) -> Iterator[Edge]:
        """The edges through ports published on all addresses (""), or on the given ones."""
        reachable = set(addresses)
        for port in own.published:
            address = port.address or ""
            anywhere = address in EVERYWHERE
            if anywhere or not address.startswith(LOOPBACK) or address in reachable:
                yield Edge(
                    source,
                    target,
                    "published",
                    f"{bracketed(address) or ANY_IPV4}:{port.host or 'any port'}",
                    (f"{port.container}/{port.protocol}",),
                    addresses=() if anywhere else (address,),
                )

    def from_host(self, target: MapNode, own: MapNode, ports: tuple[str, ...]) -> Iterator[Edge]:
        """The edges from the host itself, and from outside."""
        if own.on_host:
            yield Edge(HOST, target.name, "host", ports=listening(target, inside=True))
            yield Edge(OUTSIDE, target.name, "outside", ports=ports)
            return
        for attachment in own.attachments:
            if self.driver(attachment.network) in _DIRECT:
                # Macvlan admits the whole local network except the host itself.
                yield Edge(OUTSIDE, target.name, "outside", attachment.network, ports, addresses=_addresses(attachment))
            else:
                yield Edge(HOST, target.name, "host", attachment.network, ports, addresses=_addresses(attachment))
        for edge in self.published(OUTSIDE, target.name, own, ()):
            yield Edge(OUTSIDE, target.name, "published", edge.via, edge.ports, addresses=edge.addresses)

    def gateways(self, name: str) -> tuple[str, ...]:
        network = self.networks.get(name)
        return given(network.gateways, ()) if network is not None else ()

    def driver(self, name: str) -> str:
        network = self.networks.get(name)
        return given(network.driver, "") if network is not None else ""

    def leads_out(self, name: str) -> bool:
        network = self.networks.get(name)
        return network is None or network.internal is not True


def _here(published: Iterable[Port]) -> set[str]:
    return {port.address for port in published if port.address}


def _addresses(attachment: Attachment) -> tuple[str, ...]:
    return tuple(address for address in (attachment.ipv4, attachment.ipv6) if address)


def listening(node: MapNode, *, inside: bool = False) -> tuple[str, ...]:
    """The ports that others can reach, or with `inside` those on localhost too; () where unknown."""
    ports = [
        f"{socket.port}/{socket.protocol.rstrip('6')}"
        for socket in given(node.listens, ())
        if socket.port and (inside or not socket.address.startswith(LOOPBACK))
    ]
    return tuple(dict.fromkeys(ports))
