"""Connections to try in order to verify a map: some that it expects to work, and some that it expects to fail."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from sealock.model.absent import given
from sealock.model.netmap import HOST, Edge, Map, MapNode
from sealock.model.network import ANY_IPV4, LOOPBACK

ProbeResults: TypeAlias = Literal["open", "refused", "silent", "unreachable", "untried"]
"""The result of a connection: accepted; refused by the machine; no answer; no route; not tried."""
_ANY_PORT: Final = 9
"""Tried where no listening port is known: a refusal shows that packets arrive."""
_MOST: Final = 20_000
_ENTRIES: Final = 2
"""Entries in the table of neighbours for two that connect."""
_HERE: Final = "127.0.0.1"


class Probe(Struct, frozen=True, gc=False):
    """A connection to try from a container: an address, a TCP port, and whether the map expects it to work."""

    source: str
    target: str
    address: str
    port: int
    expected: bool
    how: str = ""
    neighbours: bool = False
    """Whether both are on the network `how`, so that each enters the other in the kernel's table of neighbours."""


class Contradiction(Struct, frozen=True, gc=False):
    """A probe whose result contradicts the map."""

    probe: Probe
    result: ProbeResults


def probes(network_map: Map) -> Iterator[Probe]:
    """Probes of each container's addresses from each other container, and of published ports at each gateway.

    Also from the host, where a refused published port is not reachable: nothing forwards it.
    """
    ways: dict[tuple[str, str], list[Edge]] = {}
    for edge in network_map.edges:
        ways.setdefault((edge.source, edge.target), []).append(edge)
    # An internal network's gateway does not forward, so published ports are not reachable there.
    gateways = {
        network.name: given(network.gateways, ()) for network in network_map.networks if network.internal is not True
    }
    nodes = [node for node in network_map.nodes if node.running and not node.shares and not node.no_network]
    count = 0
    for source in nodes:
        for target in nodes:
            if source.name == target.name:
                continue
            edges = ways.get((source.name, target.name), [])
            for probe in (*_direct(source, target, edges), *_published(source, target, edges, gateways)):
                count += 1
                if count > _MOST:
                    return
                yield probe
    for target in nodes:
        for probe in _from_host(target, ways.get((HOST, target.name), [])):
            count += 1
            if count > _MOST:
                return
            yield probe


def _from_host(target: MapNode, edges: list[Edge]) -> Iterator[Probe]:
    """Probes from the host: the container's addresses, and its published and unpublished ports."""
    reached = {address for edge in edges for address in edge.addresses}
    port = next(iter(_tcp_ports(target)), _ANY_PORT)
    for attachment in target.attachments:
        if attachment.ipv4:
            expected = attachment.ipv4 in reached
            yield Probe(HOST, target.name, attachment.ipv4, port, expected, attachment.network, neighbours=True)
    for bound in (*target.published, *target.unpublished):
        address = _HERE if bound.address in {None, "", ANY_IPV4} else bound.address or ""
        if bound.protocol == "tcp" and (bound.host or "").isdigit() and ":" not in address:
            expected = bound in target.published
            yield Probe(HOST, target.name, address, int(bound.host or 0), expected, "published")


def _direct(source: MapNode, target: MapNode, edges: list[Edge]) -> Iterator[Probe]:
    """Probes of the addresses that a container has on its own networks."""
    reached = {address for edge in edges if edge.way != "published" for address in edge.addresses}
    own = {attachment.network for attachment in source.attachments}
    ports = _tcp_ports(target)
    for attachment in target.attachments:
        if attachment.ipv4:
            yield Probe(
                source.name,
                target.name,
                attachment.ipv4,
                next(iter(ports), _ANY_PORT),
                expected=attachment.ipv4 in reached,
                how=attachment.network,
                neighbours=attachment.network in own,
            )
    if target.on_host and ports:
        for edge in edges:
            for address in edge.addresses if edge.via == HOST else ():
                yield Probe(source.name, target.name, address, ports[0], expected=True, how="the host network")


def _published(
    source: MapNode, target: MapNode, edges: list[Edge], gateways: dict[str, tuple[str, ...]]
) -> Iterator[Probe]:
    """Probes of ports published on all addresses, at the gateways of the source's networks."""
    through = {port for edge in edges if edge.way == "published" and not edge.addresses for port in edge.ports}
    for port in target.published:
        if port.protocol != "tcp" or not (port.host or "").isdigit() or port.address not in {None, "", ANY_IPV4}:
            continue
        for attachment in source.attachments:
            for gateway in gateways.get(attachment.network, ()):
                if ":" not in gateway:
                    expected = f"{port.container}/tcp" in through
                    yield Probe(source.name, target.name, gateway, int(port.host or 0), expected, "published")


def _tcp_ports(node: MapNode) -> list[int]:
    """The TCP ports where it listens beyond loopback."""
    return [
        socket.port
        for socket in given(node.listens, ())
        if socket.protocol.startswith("tcp") and not socket.address.startswith(LOOPBACK)
    ]


def contradiction(probe: Probe, result: ProbeResults) -> Contradiction | None:
    """The contradiction between a result and the map; None where they agree or the probe was not tried.

    A published port whose program does not listen is refused, although packets arrive.
    """
    reached = {"open"} if probe.source == HOST and probe.how == "published" else {"open", "refused"}
    if result == "untried" or (result in reached) == probe.expected:
        return None
    return Contradiction(probe, result)


def in_batches(wanted: Iterable[Probe], room: int) -> Iterator[tuple[Probe, ...]]:
    """Split probes so that those of a batch add at most so many entries to the table of neighbours.

    Two neighbours need one entry each, for both directions, so their probes stay together. Probes through a gateway
    need that of the gateway, and one for the source there.
    """
    by_pair: dict[tuple[str, ...], list[Probe]] = {}
    for probe in wanted:
        pair = (*sorted((probe.source, probe.target)), probe.how) if probe.neighbours else (probe.source,)
        by_pair.setdefault(pair, []).append(probe)
    batch: list[Probe] = []
    left = room
    for together in by_pair.values():
        if left < _ENTRIES and batch:
            yield tuple(batch)
            batch, left = [], room
        batch += together
        left -= _ENTRIES
    if batch:
        yield tuple(batch)
