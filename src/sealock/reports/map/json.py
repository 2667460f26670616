"""The map as JSON: containers, networks, edges, remarks."""

from __future__ import annotations

from typing import Any

from sealock.model.absent import UNKNOWN, UNSET, Absent
from sealock.model.container import Port
from sealock.model.netmap import Edge, Map, MapNode
from sealock.reports.jsontext import encode


def render(network_map: Map) -> str:
    """Render as JSON; unknown values are null, and "(host)" and "(outside)" name nodes that are no containers."""
    return encode({
        "declared": network_map.declared,
        "cluster": network_map.cluster,
        "containers": [_node(node) for node in network_map.nodes],
        "networks": [
            {
                "name": network.name,
                "driver": _plain(network.driver),
                "internal": _plain(network.internal),
                "icc": None if network.icc is UNKNOWN else network.icc is not False,
                "subnets": _plain(network.subnets) or [],
                "gateways": _plain(network.gateways) or [],
            }
            for network in network_map.networks
        ],
        "ways": [_edge(edge) for edge in network_map.edges],
        "remarks": [
            {"about": remark.about, "text": remark.text, "remedy": remark.remedy} for remark in network_map.remarks
        ],
    }) + "\n"  # fmt: skip


def _node(node: MapNode) -> dict[str, Any]:
    listens = node.listens
    return {
        "name": node.name,
        "running": node.running,
        "networks": [
            {
                "name": attachment.network,
                "ipv4": attachment.ipv4,
                "ipv6": attachment.ipv6,
                "names": list(attachment.names),
            }
            for attachment in node.attachments
        ],
        "host_network": node.on_host,
        "no_network": node.no_network,
        "shares_network_of": node.shares,
        "published": [_port(port) for port in node.published],
        "not_published": [_port(port) for port in node.unpublished],
        "ingress_policies": list(node.ingress_policies),
        "egress_policies": list(node.egress_policies),
        "links": [{"target": target, "alias": alias} for target, alias in node.links],
        "routes": None
        if isinstance(node.routes, Absent)
        else [
            {"interface": route.interface, "subnet": route.subnet, "gateway": route.gateway} for route in node.routes
        ],
        "listens": None
        if isinstance(listens, Absent)
        else [{"protocol": socket.protocol, "address": socket.address, "port": socket.port} for socket in listens],
    }


def _port(port: Port) -> dict[str, Any]:
    return {"address": port.address, "host": port.host, "container": port.container, "protocol": port.protocol}


def _edge(edge: Edge) -> dict[str, Any]:
    return {
        "from": edge.source,
        "to": edge.target,
        "way": edge.way,
        "via": edge.via,
        "ports": list(edge.ports),
        "names": list(edge.names),
        "addresses": list(edge.addresses),
    }


def _plain(value: Any) -> Any:  # noqa: ANN401  a field of any type
    return None if value is UNKNOWN or value is UNSET else list(value) if isinstance(value, tuple) else value
