"""Makes nodes of containers: those of an engine, and those that a compose file declares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from msgspec.structs import replace

from sealock.model.absent import UNKNOWN, UNSET, Maybe, given
from sealock.model.container import Container, Port
from sealock.model.netmap import Attachment, MapNode
from sealock.model.network import EVERYWHERE, EngineNetwork, NetworkEndpoint
from sealock.model.process import Route, Socket
from sealock.model.project import Project, ProjectNetwork
from sealock.netmap.graph import DEFAULT

_ALL: Final = EVERYWHERE - {""}
"""All addresses, of IPv4 and of IPv6."""


def running_node(  # noqa: PLR0913  each fact has a source of its own
    name: str,
    container: Container,
    networks: tuple[EngineNetwork, ...],
    *,
    listens: Maybe[tuple[Socket, ...]] = UNKNOWN,
    routes: Maybe[tuple[Route, ...]] = UNKNOWN,
    names: Mapping[str, str] | None = None,
    running: bool = True,
    opened: tuple[Port, ...] | None = None,
) -> MapNode:
    """A container of an engine. `names` maps ids to names, since namespaces are shared by id.

    `opened` are the ports that the engine published, None where it does not report them.
    """
    mode = given(container.network_mode, "")
    shares = mode.removeprefix("container:") if mode.startswith("container:") else ""
    aliases = {network.name: network.aliases for network in given(container.networks, ())}
    attachments = tuple(
        Attachment(network.name, place.ipv4, place.ipv6, tuple(dict.fromkeys((name, *aliases.get(network.name, ())))))
        for network in networks
        if (place := _endpoint(network, name)) is not None
    )
    return MapNode(
        name=name,
        attachments=() if mode == "host" else attachments,
        on_host=mode == "host",
        no_network=mode == "none",
        shares=(names or {}).get(shares, shares),
        published=given(container.ports, ()) if opened is None or not running else both_families(opened),
        unpublished=given(container.ports, ()) if running and opened == () else (),
        links=tuple((link.target, link.alias) for link in given(container.links, ())),
        listens=listens,
        routes=routes,
        running=running,
    )


def both_families(ports: Iterable[Port]) -> tuple[Port, ...]:
    """Ports as declared: one published on all IPv4 and IPv6 addresses becomes one without an address."""
    addresses: dict[Port, list[str | None]] = {}
    for port in ports:
        addresses.setdefault(replace(port, address=None), []).append(port.address)
    merged: list[Port] = []
    for port, bound in addresses.items():
        everywhere = {*bound} >= _ALL
        merged += [port] if everywhere else []
        merged += [replace(port, address=address) for address in bound if not (everywhere and address in _ALL)]
    return tuple(merged)


def _endpoint(network: EngineNetwork, name: str) -> NetworkEndpoint | None:
    return next((endpoint for endpoint in given(network.endpoints, ()) if endpoint.container == name), None)


def declared_nodes(project: Project) -> tuple[tuple[MapNode, ...], tuple[EngineNetwork, ...]]:
    """What a compose file declares: services without a network are on the project's default network."""
    own = "default"
    inner = {network.name for network in project.networks if network.internal is True}
    nodes: list[MapNode] = []
    used: dict[str, list[NetworkEndpoint]] = {}
    for service in project.services:
        container = service.container
        mode = given(container.network_mode, "")
        places = [(network.name, (service.name, *network.aliases)) for network in given(container.networks, ())]
        if mode == DEFAULT or not (mode or places):
            places = [(DEFAULT if mode else own, (service.name,))]
        for name, _ in places:
            used.setdefault(name, []).append(NetworkEndpoint(service.name))
        # The host network publishes nothing, since all ports are open; internal networks publish nothing either.
        no_way_in = bool(places) and all(name in inner for name, _ in places)
        ports = () if mode in {"host", "none"} else given(container.ports, ())
        nodes.append(
            MapNode(
                name=service.name,
                attachments=tuple(Attachment(name, names=tuple(dict.fromkeys(names))) for name, names in places),
                on_host=mode == "host",
                no_network=mode == "none",
                shares=mode.partition(":")[2] if mode.startswith(("service:", "container:")) else "",
                published=() if no_way_in else ports,
                unpublished=ports if no_way_in else (),
                links=tuple((link.target, link.alias) for link in given(container.links, ())),
            )
        )
    known = {network.name: network for network in project.networks}
    networks = tuple(
        EngineNetwork(name=name, endpoints=tuple(endpoints), **_facts(known.get(name)))
        for name, endpoints in used.items()
    )
    return tuple(nodes), networks


def _facts(network: ProjectNetwork | None) -> dict[str, Any]:
    if network is None:
        return {"internal": False, "driver": UNSET}
    return {"internal": network.internal, "driver": network.driver, "options": network.options}
