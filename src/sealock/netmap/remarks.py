"""What stands out on a map: walls that published ports go around, containers that join networks, legacy links."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote
from typing import Final

from sealock.model.absent import given
from sealock.model.netmap import OUTSIDE, Map, Remark, Station

_SHOWN: Final = 6
_SWARM: Final = "docker_gwbridge"
"""The network by which containers of a swarm leave; the engine joins them to it unasked."""
_REST: Final = "0.0.0.0/0"


def remarks(drawn: Map) -> Iterator[Remark]:
    """Tell of each, by the container or network that it is about."""
    internal = {network.name for network in drawn.networks if network.internal is True}
    apart = {network.name for network in drawn.networks if network.icc is False}
    for station in drawn.stations:
        names = [seat.network for seat in station.seats]
        if len(names) > 1:
            inside = [name for name in names if name in internal]
            more = f"; {inside[0]} is internal, and this is its way out" if inside and len(inside) < len(names) else ""
            yield Remark(station.name, f"is on {', '.join(names)}, and can carry from one to the other{more}")
        wide = [port for port in station.published if (port.address or "0.0.0.0") in {"0.0.0.0", "::"}]  # noqa: S104
        if wide and set(names) & apart:
            text = (
                "is on a network with icc off, and published on every address: neighbours reach it there all the same"
            )
            yield Remark(station.name, text, "publish it on 127.0.0.1, or on the one address that is meant")
        if station.shut:
            ports = ", ".join(f"{port.host or '?'} to {port.container}" for port in station.shut[:_SHOWN])
            text = f"was to publish {ports}, and does not: it is on no network that leads out"
            yield Remark(station.name, text, "take that away, or give it a network that is not internal")
        yield from _elsewhere(drawn, station, internal)
        if station.on_host:
            text = "is on the host's own network: it sees the host's traffic and every container's"
            yield Remark(station.name, text, "give it a network, and publish what it serves")
        for target, alias in station.links:
            yield _link(station.name, target, alias, names)
    for network in drawn.networks:
        there = given(network.endpoints, ())
        if network.name == "bridge" and network.icc is not False and len(there) > 1:
            text = f"joins {len(there)} containers because nobody gave them a network"
            yield Remark(f"network {network.name}", text, "give those that belong together a network of their own")
    if not any(edge.source == OUTSIDE for edge in drawn.edges) and drawn.stations:
        yield Remark("outside", "nobody outside this machine reaches a container")


def _elsewhere(drawn: Map, station: Station, internal: set[str]) -> Iterator[Remark]:
    """What the kernel's routes show beside the networks that the engine gave it."""
    if station.on_host or station.shares or not isinstance(station.routes, tuple):
        return
    mine = {seat.network for seat in station.seats}
    known = {one for network in drawn.networks if network.name in {*mine, _SWARM} for one in given(network.subnets, ())}
    remedy = "find out who joined it there, and start it anew"
    strange = [
        route
        for route in station.routes
        if not (route.gateway or route.subnet in known or route.subnet.endswith("/32"))
    ]
    for one in strange[:_SHOWN]:
        text = f"is on {one.subnet} too, by its interface {one.interface}: not by a network of the engine's"
        yield Remark(station.name, text, remedy)
    ways = [route for route in station.routes if route.gateway and route.subnet == _REST]
    if ways and not strange and mine <= internal:
        text = f"sends what is for elsewhere to {ways[0].gateway}, though its networks have no way out"
        yield Remark(station.name, text, remedy)


def _link(source: str, target: str, alias: str, names: list[str]) -> Remark:
    network = f"{source}-{target}"
    at = f" --alias {quote(alias)}" if alias != target else ""
    remedy = (
        f"docker network create {quote(network)} && docker network connect {quote(network)} {quote(source)}"
        f" && docker network connect{at} {quote(network)} {quote(target)}"
    )
    kind = "legacy link" if "bridge" in names or not names else "link"
    return Remark(
        source, f"reaches {target} as {alias} by a {kind}, which also gives it {target}'s environment", remedy
    )
