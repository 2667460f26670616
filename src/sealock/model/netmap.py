"""Who can reach whom: the containers of a machine or of a compose file, their networks, and the ways between them."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from msgspec import Struct

from sealock.model.absent import UNKNOWN, Maybe
from sealock.model.container import Port
from sealock.model.network import EngineNetwork
from sealock.model.process import Route, Socket

Way: TypeAlias = Literal["network", "link", "published", "host network", "same namespace", "host", "outside"]
"""How one gets to another: over a network that both are on, a legacy link, a published port, the host's own network
stack, localhost of a shared namespace; from the host itself; from outside the machine."""
HOST: Final = "(host)"
OUTSIDE: Final = "(outside)"
"""Names of the two nodes that are no containers; no container can have a name with a bracket in it."""


class Seat(Struct, frozen=True, gc=False):
    """A container's place on a network. `names` are those by which neighbours find it there, () for none."""

    network: str
    ipv4: str = ""
    ipv6: str = ""
    names: tuple[str, ...] = ()


class Station(Struct, frozen=True):
    """A container as far as reaching goes. `shares` is the container whose network namespace it is in, "" for its own.

    `published` are the ports that are open on the host (those that would be, where it does not run), `shut` those
    that were asked for and are not: an internal network has no way in. `listens` are the sockets that wait for
    others, UNKNOWN where nobody could look, and so are `routes`; `links` are (target, alias).
    """

    name: str
    seats: tuple[Seat, ...] = ()
    on_host: bool = False
    alone: bool = False
    """Whether it has no network at all."""
    shares: str = ""
    published: tuple[Port, ...] = ()
    shut: tuple[Port, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    listens: Maybe[tuple[Socket, ...]] = UNKNOWN
    routes: Maybe[tuple[Route, ...]] = UNKNOWN
    running: bool = True


class Edge(Struct, frozen=True):
    """One can reach another. `ports` are "80/tcp"; () means whatever it listens on. `names` and `addresses` to use."""

    source: str
    target: str
    way: Way
    via: str = ""
    ports: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


class Remark(Struct, frozen=True, gc=False):
    """Something that a person should know of the whole, and what to do about it."""

    about: str
    text: str
    remedy: str = ""


class Map(Struct, frozen=True):
    """The whole. `declared` is true where it was made from a file, and nobody looked at a machine."""

    stations: tuple[Station, ...]
    networks: tuple[EngineNetwork, ...]
    edges: tuple[Edge, ...]
    remarks: tuple[Remark, ...] = ()
    declared: bool = False
