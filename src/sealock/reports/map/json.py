"""The map as JSON: containers, networks, every way from one to another, remarks."""

from __future__ import annotations

from typing import Any

from sealock.model.absent import UNKNOWN, UNSET, Absent
from sealock.model.container import Port
from sealock.model.netmap import Edge, Map, Station
from sealock.reports.jsontext import encode


def render(drawn: Map) -> str:
    """Render; what is not known is null, ways have the names "(host)" and "(outside)" for what is no container."""
    return encode({
        "declared": drawn.declared,
        "containers": [_station(station) for station in drawn.stations],
        "networks": [
            {
                "name": network.name,
                "driver": _plain(network.driver),
                "internal": _plain(network.internal),
                "icc": None if network.icc is UNKNOWN else network.icc is not False,
                "subnets": _plain(network.subnets) or [],
                "gateways": _plain(network.gateways) or [],
            }
            for network in drawn.networks
        ],
        "ways": [_edge(edge) for edge in drawn.edges],
        "remarks": [{"about": remark.about, "text": remark.text, "remedy": remark.remedy} for remark in drawn.remarks],
    }) + "\n"  # fmt: skip


def _station(station: Station) -> dict[str, Any]:
    listens = station.listens
    return {
        "name": station.name,
        "running": station.running,
        "networks": [
            {"name": seat.network, "ipv4": seat.ipv4, "ipv6": seat.ipv6, "names": list(seat.names)}
            for seat in station.seats
        ],
        "host_network": station.on_host,
        "no_network": station.alone,
        "shares_network_of": station.shares,
        "published": [_port(port) for port in station.published],
        "not_published": [_port(port) for port in station.shut],
        "links": [{"target": target, "alias": alias} for target, alias in station.links],
        "routes": None
        if isinstance(station.routes, Absent)
        else [{"interface": two.interface, "subnet": two.subnet, "gateway": two.gateway} for two in station.routes],
        "listens": None
        if isinstance(listens, Absent)
        else [{"protocol": two.protocol, "address": two.address, "port": two.port} for two in listens],
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
