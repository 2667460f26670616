"""What to try, so that a map is held against the truth: connections that it says work, and ones that it says do not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from sealock.model.absent import given
from sealock.model.netmap import HOST, Edge, Map, Station

ProbeResults: TypeAlias = Literal["open", "refused", "silent", "unreachable", "untried"]
"""What came of a connection: it was taken; nobody listens there but the machine answered; no answer; no way there."""
_ANY_PORT: Final = 9
"""Tried where nothing is known to listen: a refusal shows that the way is open."""
_MOST: Final = 20_000
_HERE: Final = "127.0.0.1"


class Probe(Struct, frozen=True, gc=False):
    """A connection to try from a container: an address and a TCP port, and whether the map says that it gets there."""

    source: str
    target: str
    address: str
    port: int
    expected: bool
    how: str = ""


class Wrong(Struct, frozen=True, gc=False):
    """Where the map and the truth differ."""

    probe: Probe
    found: ProbeResults


def probes(drawn: Map) -> Iterator[Probe]:
    """Everything worth trying: each container's addresses from each other one, and published ports at each gateway.

    From the host too, where a refusal of a published port is one: nobody passes it on.
    """
    ways: dict[tuple[str, str], list[Edge]] = {}
    for edge in drawn.edges:
        ways.setdefault((edge.source, edge.target), []).append(edge)
    # An internal network's gateway forwards to nobody, so that what is published is not to be had there.
    gateways = {network.name: given(network.gateways, ()) for network in drawn.networks if network.internal is not True}
    stations = [station for station in drawn.stations if station.running and not station.shares and not station.alone]
    count = 0
    for source in stations:
        for target in stations:
            if source.name == target.name:
                continue
            edges = ways.get((source.name, target.name), [])
            for probe in (*_direct(source, target, edges), *_published(source, target, edges, gateways)):
                count += 1
                if count > _MOST:
                    return
                yield probe
    for target in stations:
        for probe in _from_host(target, ways.get((HOST, target.name), [])):
            count += 1
            if count > _MOST:
                return
            yield probe


def _from_host(target: Station, edges: list[Edge]) -> Iterator[Probe]:
    """From the host itself: the container's addresses, what is published, and what should be and is said not to be."""
    reached = {address for edge in edges for address in edge.addresses}
    listening = [one.port for one in given(target.listens, ()) if _is_open_tcp(one.protocol, one.address)]
    for seat in target.seats:
        if seat.ipv4:
            port = next(iter(listening), _ANY_PORT)
            yield Probe(HOST, target.name, seat.ipv4, port, seat.ipv4 in reached, seat.network)
    for bound in (*target.published, *target.shut):
        address = _HERE if bound.address in {None, "", "0.0.0.0"} else bound.address or ""  # noqa: S104
        if bound.protocol == "tcp" and (bound.host or "").isdigit() and ":" not in address:
            expected = bound in target.published
            yield Probe(HOST, target.name, address, int(bound.host or 0), expected, "published")


def _direct(source: Station, target: Station, edges: list[Edge]) -> Iterator[Probe]:
    """The addresses that a container has on its own networks."""
    reached = {address for edge in edges if edge.way != "published" for address in edge.addresses}
    listening = [one.port for one in given(target.listens, ()) if _is_open_tcp(one.protocol, one.address)]
    for seat in target.seats:
        if seat.ipv4:
            expected = seat.ipv4 in reached
            yield Probe(source.name, target.name, seat.ipv4, next(iter(listening), _ANY_PORT), expected, seat.network)
    if target.on_host and listening:
        for edge in edges:
            for address in edge.addresses if edge.via == HOST else ():
                yield Probe(source.name, target.name, address, listening[0], expected=True, how="the host's network")


def _published(
    source: Station, target: Station, edges: list[Edge], gateways: dict[str, tuple[str, ...]]
) -> Iterator[Probe]:
    """Ports published on every address, at the gateways of the source's own networks."""
    through = {port for edge in edges if edge.way == "published" and not edge.addresses for port in edge.ports}
    for port in target.published:
        if port.protocol != "tcp" or not (port.host or "").isdigit() or port.address not in {None, "", "0.0.0.0"}:  # noqa: S104
            continue
        for seat in source.seats:
            for gateway in gateways.get(seat.network, ()):
                if ":" not in gateway:
                    expected = f"{port.container}/tcp" in through
                    yield Probe(source.name, target.name, gateway, int(port.host or 0), expected, "published")


def _is_open_tcp(protocol: str, address: str) -> bool:
    return protocol.startswith("tcp") and not address.startswith(("127.", "::1"))


def differing(probe: Probe, probe_results: ProbeResults) -> Wrong | None:
    """What a probe shows of the map: nothing where it agrees, or where nothing could be tried.

    A published port whose program does not listen is refused, and the way to it is open all the same.
    """
    taken = {"open"} if probe.source == HOST and probe.how == "published" else {"open", "refused"}
    if probe_results == "untried" or (probe_results in taken) == probe.expected:
        return None
    return Wrong(probe, probe_results)
