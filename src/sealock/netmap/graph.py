"""Draws the map: every way from one to another that the engine's networks leave open.

Docker's packet filters, as observed: neighbours on a bridge reach one another unless it has icc off; bridges are kept
apart; what is published on every address is reached from any network that is not internal, through any gateway, so that
it goes past both; the host reaches everybody; programs on the host's own network are reached at any gateway.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from sealock.model.absent import given
from sealock.model.container import Port
from sealock.model.netmap import HOST, OUTSIDE, Edge, Map, Seat, Station, Way
from sealock.model.network import EngineNetwork
from sealock.netmap.remarks import remarks

_LOOPBACK: Final = ("127.", "::1", "localhost")
_EVERYWHERE: Final = frozenset({"0.0.0.0", "::", ""})  # noqa: S104  what it looks for
_DIRECT: Final = frozenset({"macvlan", "ipvlan"})
DEFAULT: Final = "bridge"
"""The name of the network that containers without one are on."""


def draw(stations: tuple[Station, ...], networks: tuple[EngineNetwork, ...], *, declared: bool = False) -> Map:
    """Make the map of these containers."""
    plan = _Plan(stations, networks)
    edges = tuple(dict.fromkeys(edge for station in stations for edge in plan.to(station)))
    drawn = Map(stations, networks, edges, declared=declared)
    return Map(stations, networks, edges, tuple(remarks(drawn)), declared)


class _Plan:
    """Containers and networks by name."""

    def __init__(self, stations: tuple[Station, ...], networks: tuple[EngineNetwork, ...]) -> None:
        self.stations = {station.name: station for station in stations}
        self.networks = {network.name: network for network in networks}

    def stack(self, one: Station) -> Station:
        """The container whose network namespace this one is in: its own, or that of another; chains have an end."""
        seen = {one.name}
        while one.shares and one.shares in self.stations and one.shares not in seen:
            seen.add(one.shares)
            one = self.stations[one.shares]
        return one

    def to(self, target: Station) -> Iterator[Edge]:
        """Every way to one container."""
        if not target.running:
            return
        own = self.stack(target)
        ports = listening(target)
        yield from self.from_host(target, own, ports)
        for source in self.stations.values():
            if source.name == target.name or not source.running:
                continue
            theirs = self.stack(source)
            if theirs.name == own.name or (theirs.on_host and own.on_host):
                yield Edge(source.name, target.name, "same namespace", ports=listening(target, inside=True))
                continue
            yield from self.between(source, theirs, target, own, ports)

    def between(
        self, source: Station, theirs: Station, target: Station, own: Station, ports: tuple[str, ...]
    ) -> Iterator[Edge]:
        """The ways from one container to another, each in a network namespace of its own."""
        if theirs.on_host:
            for seat in own.seats:
                yield Edge(source.name, target.name, "host network", seat.network, ports, addresses=_addresses(seat))
            yield from self.published(source.name, target.name, own, {"", *_here(own.published)})
            return
        if own.on_host:
            gateways = dict.fromkeys(gateway for seat in theirs.seats for gateway in self.gateways(seat.network))
            if any(self.driver(seat.network) not in _DIRECT for seat in theirs.seats):
                yield Edge(source.name, target.name, "host network", HOST, ports, addresses=tuple(gateways))
            return
        for seat in own.seats:
            if any(other.network == seat.network for other in theirs.seats):
                yield from self.neighbours(source, target, own, seat, ports)
        # Through the host's own addresses; an internal network has no way to them but its gateway, which is filtered.
        if any(self.leads_out(seat.network) for seat in theirs.seats):
            yield from self.published(source.name, target.name, own, {""})

    def neighbours(
        self, source: Station, target: Station, own: Station, seat: Seat, ports: tuple[str, ...]
    ) -> Iterator[Edge]:
        """Two on one network."""
        network = self.networks.get(seat.network)
        linked = tuple(alias for name, alias in source.links if name == own.name)
        if network is not None and network.icc is False:
            if linked:
                yield Edge(source.name, target.name, "link", seat.network, ports, linked, _addresses(seat))
            return
        names = dict.fromkeys((*(seat.names if seat.network != DEFAULT else ()), *linked))
        way: Way = "link" if linked and seat.network == DEFAULT else "network"
        yield Edge(source.name, target.name, way, seat.network, ports, tuple(names), _addresses(seat))

    def published(self, source: str, target: str, own: Station, addresses: Iterable[str]) -> Iterator[Edge]:
        """The ways through ports that are published: on every address (""), or on those given."""
        wanted = set(addresses)
        for port in own.published:
            address = port.address or ""
            anywhere = address in _EVERYWHERE
            if not anywhere and address.startswith(_LOOPBACK) and address not in wanted:
                continue
            yield Edge(
                source,
                target,
                "published",
                f"{_shown(address)}:{port.host or 'any port'}",
                (f"{port.container}/{port.protocol}",),
                addresses=() if anywhere else (address,),
            )

    def from_host(self, target: Station, own: Station, ports: tuple[str, ...]) -> Iterator[Edge]:
        """The ways from the host itself, and from outside."""
        if own.on_host:
            yield Edge(HOST, target.name, "host", ports=listening(target, inside=True))
            yield Edge(OUTSIDE, target.name, "outside", ports=ports)
            return
        for seat in own.seats:
            if self.driver(seat.network) in _DIRECT:
                # Macvlan lets everybody on the local network in but the host itself.
                yield Edge(OUTSIDE, target.name, "outside", seat.network, ports, addresses=_addresses(seat))
            else:
                yield Edge(HOST, target.name, "host", seat.network, ports, addresses=_addresses(seat))
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


def _addresses(seat: Seat) -> tuple[str, ...]:
    return tuple(one for one in (seat.ipv4, seat.ipv6) if one)


def _shown(address: str) -> str:
    return f"[{address}]" if ":" in address else address or "0.0.0.0"  # noqa: S104  as people write it


def listening(station: Station, *, inside: bool = False) -> tuple[str, ...]:
    """The ports that others can reach, or with `inside` those on localhost too; () where nobody could look."""
    found = [
        f"{socket.port}/{socket.protocol.rstrip('6')}"
        for socket in given(station.listens, ())
        if socket.port and (inside or not socket.address.startswith(_LOOPBACK))
    ]
    return tuple(dict.fromkeys(found))
