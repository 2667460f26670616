"""Makes stations of containers: of what an engine says, and of what a compose file declares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from msgspec.structs import replace

from sealock.model.absent import UNKNOWN, UNSET, Maybe, given
from sealock.model.container import Container, Port
from sealock.model.netmap import Seat, Station
from sealock.model.network import EngineNetwork, NetworkEndpoint
from sealock.model.process import Route, Socket
from sealock.model.project import Project, ProjectNetwork
from sealock.netmap.graph import DEFAULT

_EVERYWHERE: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104  what it looks for


def seen(  # noqa: PLR0913  each fact has a source of its own
    name: str,
    container: Container,
    networks: tuple[EngineNetwork, ...],
    *,
    listens: Maybe[tuple[Socket, ...]] = UNKNOWN,
    routes: Maybe[tuple[Route, ...]] = UNKNOWN,
    names: Mapping[str, str] | None = None,
    running: bool = True,
    opened: tuple[Port, ...] | None = None,
) -> Station:
    """A container that an engine has. `names` leads from ids to names, since namespaces are joined by id.

    `opened` are the ports that the engine did publish, None where it does not say.
    """
    mode = given(container.network_mode, "")
    shares = mode.removeprefix("container:") if mode.startswith("container:") else ""
    aliases = {one.name: one.aliases for one in given(container.networks, ())}
    seats = tuple(
        Seat(network.name, one.ipv4, one.ipv6, tuple(dict.fromkeys((name, *aliases.get(network.name, ())))))
        for network in networks
        if (one := _endpoint(network, name)) is not None
    )
    return Station(
        name=name,
        seats=() if mode == "host" else seats,
        on_host=mode == "host",
        alone=mode == "none",
        shares=(names or {}).get(shares, shares),
        published=given(container.ports, ()) if opened is None or not running else both_families(opened),
        shut=given(container.ports, ()) if running and opened == () else (),
        links=tuple((one.target, one.alias) for one in given(container.links, ())),
        listens=listens,
        routes=routes,
        running=running,
    )


def both_families(ports: Iterable[Port]) -> tuple[Port, ...]:
    """Ports as people ask for them: what is published on every address, old and new, is one without an address."""
    addresses: dict[Port, list[str | None]] = {}
    for port in ports:
        addresses.setdefault(replace(port, address=None), []).append(port.address)
    found: list[Port] = []
    for port, held in addresses.items():
        everywhere = {*held} >= _EVERYWHERE
        found += [port] if everywhere else []
        found += [replace(port, address=one) for one in held if not (everywhere and one in _EVERYWHERE)]
    return tuple(found)


def _endpoint(network: EngineNetwork, name: str) -> NetworkEndpoint | None:
    return next((one for one in given(network.endpoints, ()) if one.container == name), None)


def declared(project: Project) -> tuple[tuple[Station, ...], tuple[EngineNetwork, ...]]:
    """What a compose file will make: services without a network are on the project's own."""
    own = "default"
    inner = {network.name for network in project.networks if network.internal is True}
    stations: list[Station] = []
    used: dict[str, list[NetworkEndpoint]] = {}
    for service in project.services:
        container = service.container
        mode = given(container.network_mode, "")
        joined = given(container.networks, ())
        places = [(one.name, (service.name, *one.aliases)) for one in joined]
        if mode == DEFAULT or not (mode or places):
            places = [(DEFAULT if mode else own, (service.name,))]
        for network, _ in places:
            used.setdefault(network, []).append(NetworkEndpoint(service.name))
        # On the host's own network nothing is published, since all is open; on internal ones alone there is no way in.
        no_way_in = bool(places) and all(network in inner for network, _ in places)
        ports = () if mode in {"host", "none"} else given(container.ports, ())
        stations.append(
            Station(
                name=service.name,
                seats=tuple(
                    Seat(network, names=tuple(dict.fromkeys((service.name, *more)))) for network, more in places
                ),
                on_host=mode == "host",
                alone=mode == "none",
                shares=mode.partition(":")[2] if mode.startswith(("service:", "container:")) else "",
                published=() if no_way_in else ports,
                shut=ports if no_way_in else (),
                links=tuple((one.target, one.alias) for one in given(container.links, ())),
            )
        )
    known = {network.name: network for network in project.networks}
    networks = tuple(
        EngineNetwork(name=name, endpoints=tuple(there), **_facts(known.get(name))) for name, there in used.items()
    )
    return tuple(stations), networks


def _facts(network: ProjectNetwork | None) -> dict[str, Any]:
    if network is None:
        return {"internal": False, "driver": UNSET}
    return {"internal": network.internal, "driver": network.driver, "options": network.options}
