"""Network reachability: the containers of a machine or a compose file, their networks, and the edges between them."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from msgspec import Struct

from sealock.model.absent import UNKNOWN, Maybe
from sealock.model.container import Port
from sealock.model.network import EngineNetwork
from sealock.model.process import Route, Socket

Way: TypeAlias = Literal[
    "network", "link", "published", "host network", "same namespace", "host", "outside", "service", "egress"
]
"""How one reaches another: over a common network, a legacy link, a published port, the host network, localhost of a
shared namespace; from the host itself; from outside the machine. On the map of a cluster also: from outside through a
Service, an Ingress or a port of a node; to the outside."""
HOST: Final = "(host)"
OUTSIDE: Final = "(outside)"
"""The two nodes that are no containers; a container's name cannot contain a bracket."""


class Attachment(Struct, frozen=True, gc=False):
    """A container's attachment to a network. `names` are its DNS names there, () for none."""

    network: str
    ipv4: str = ""
    ipv6: str = ""
    names: tuple[str, ...] = ()


class MapNode(Struct, frozen=True):
    """A container on the map. `shares` is the container whose network namespace it uses, "" for its own.

    `published` are the ports that are open on the host (that would be, where it does not run), `shut` the declared
    ports that are not, because all its networks are internal. `listens` are its listening sockets; they and `routes`
    are UNKNOWN where they could not be read. `links` are (target, alias).
    """

    name: str
    attachments: tuple[Attachment, ...] = ()
    on_host: bool = False
    no_network: bool = False
    """Whether it has no network at all."""
    shares: str = ""
    published: tuple[Port, ...] = ()
    unpublished: tuple[Port, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    ingress_policies: tuple[str, ...] = ()
    """The NetworkPolicies that decide on connections to it; so too egress for those from it."""
    egress_policies: tuple[str, ...] = ()
    listens: Maybe[tuple[Socket, ...]] = UNKNOWN
    routes: Maybe[tuple[Route, ...]] = UNKNOWN
    running: bool = True


class Edge(Struct, frozen=True):
    """One node can reach another. `ports` are "80/tcp", () for any; `names` and `addresses` are where to connect."""

    source: str
    target: str
    way: Way
    via: str = ""
    ports: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


class Remark(Struct, frozen=True, gc=False):
    """Something on the map that a person should know, and what to do about it."""

    about: str
    text: str
    remedy: str = ""


class Map(Struct, frozen=True):
    """The map. `declared` is true for one from a file."""

    nodes: tuple[MapNode, ...]
    networks: tuple[EngineNetwork, ...]
    edges: tuple[Edge, ...]
    remarks: tuple[Remark, ...] = ()
    declared: bool = False
    cluster: bool = False
    """Whether its nodes are pods, its networks namespaces, and the host is whatever node a pod runs on."""
