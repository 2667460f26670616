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
        "containers": [_station(one) for one in drawn.stations],
        "networks": [
            {
                "name": one.name,
                "driver": _plain(one.driver),
                "internal": _plain(one.internal),
                "icc": None if one.icc is UNKNOWN else one.icc is not False,
                "subnets": _plain(one.subnets) or [],
                "gateways": _plain(one.gateways) or [],
            }
            for one in drawn.networks
        ],
        "ways": [_edge(one) for one in drawn.edges],
        "remarks": [{"about": one.about, "text": one.text, "remedy": one.remedy} for one in drawn.remarks],
    }) + "\n"  # fmt: skip


def _station(one: Station) -> dict[str, Any]:
    listens = one.listens
    return {
        "name": one.name,
        "running": one.running,
        "networks": [
            {"name": seat.network, "ipv4": seat.ipv4, "ipv6": seat.ipv6, "names": list(seat.names)}
            for seat in one.seats
        ],
        "host_network": one.on_host,
        "no_network": one.alone,
        "shares_network_of": one.shares,
        "published": [_port(port) for port in one.published],
        "not_published": [_port(port) for port in one.shut],
        "links": [{"target": target, "alias": alias} for target, alias in one.links],
        "routes": None
        if isinstance(one.routes, Absent)
        else [{"interface": two.interface, "subnet": two.subnet, "gateway": two.gateway} for two in one.routes],
        "listens": None
        if isinstance(listens, Absent)
        else [{"protocol": two.protocol, "address": two.address, "port": two.port} for two in listens],
    }


def _port(one: Port) -> dict[str, Any]:
    return {"address": one.address, "host": one.host, "container": one.container, "protocol": one.protocol}


def _edge(one: Edge) -> dict[str, Any]:
    return {
        "from": one.source,
        "to": one.target,
        "way": one.way,
        "via": one.via,
        "ports": list(one.ports),
        "names": list(one.names),
        "addresses": list(one.addresses),
    }


def _plain(value: Any) -> Any:  # noqa: ANN401  a field of any type
    return None if value is UNKNOWN or value is UNSET else list(value) if isinstance(value, tuple) else value
