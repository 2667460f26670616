"""The network map of a host, as it reported it: what `sealock map --format json` prints."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from sealock.errors import UNDECODABLE
from sealock.model.container import Port
from sealock.model.netmap import Attachment, Map, MapNode
from sealock.model.network import EngineNetwork


class _ReportedPort(Struct, frozen=True):
    address: str | None = None
    host: str | None = None
    container: str | None = None
    protocol: str = "tcp"


class _ReportedAttachment(Struct, frozen=True):
    name: str
    ipv4: str = ""
    ipv6: str = ""
    names: tuple[str, ...] = ()


class _ReportedNode(Struct, frozen=True):
    name: str
    running: bool = True
    networks: tuple[_ReportedAttachment, ...] = ()
    host_network: bool = False
    no_network: bool = False
    shares_network_of: str = ""
    published: tuple[_ReportedPort, ...] = ()


class _ReportedNetwork(Struct, frozen=True):
    name: str
    internal: bool | None = None
    icc: bool | None = None


class _ReportedMap(Struct, frozen=True):
    containers: tuple[_ReportedNode, ...] = ()
    networks: tuple[_ReportedNetwork, ...] = ()


def read_map(data: str) -> Map | None:
    """The map in what a host reported of itself; None where it reported none that can be read."""
    try:
        reported = msgspec.json.decode(data, type=_ReportedMap) if data else None
    except UNDECODABLE:
        return None
    if reported is None or not reported.containers:
        return None
    networks = tuple(
        EngineNetwork(name=network.name, internal=bool(network.internal), icc=network.icc is not False)
        for network in reported.networks
    )
    return Map(tuple(map(_node, reported.containers)), networks, ())


def _node(node: _ReportedNode) -> MapNode:
    return MapNode(
        node.name,
        tuple(Attachment(entry.name, entry.ipv4, entry.ipv6, entry.names) for entry in node.networks),
        on_host=node.host_network,
        no_network=node.no_network,
        shares=node.shares_network_of,
        published=tuple(
            Port(port.container or "?", port.host or "", port.address or "", port.protocol) for port in node.published
        ),
        running=node.running,
    )
