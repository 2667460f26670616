"""What stands out on a map: each remark with what makes it, and what does not."""

from __future__ import annotations

import pytest

from sealock.model.container import Port
from sealock.model.netmap import OUTSIDE, Attachment, Edge, Map, MapNode
from sealock.model.network import EngineNetwork
from sealock.model.process import Route
from sealock.netmap.remarks import remarks

INSIDE = EngineNetwork(name="inside", internal=True, subnets=("10.1.0.0/16",))
FRONT = EngineNetwork(name="front", internal=False, subnets=("10.2.0.0/16",))
APART = EngineNetwork(name="apart", icc=False)
SWARM = EngineNetwork(name="docker_gwbridge", subnets=("172.18.0.0/16",))
WAY = Edge(OUTSIDE, "x", "published")


def on(*names: str) -> tuple[Attachment, ...]:
    return tuple(Attachment(name) for name in names)


def made(
    *nodes: MapNode, edges: tuple[Edge, ...] = (WAY,), networks: tuple[EngineNetwork, ...] = ()
) -> list[tuple[str, str]]:
    drawn = Map(nodes, networks or (INSIDE, FRONT, APART, SWARM), edges)
    return [(remark.about, remark.text) for remark in remarks(drawn)]


def port(host: str, *, address: str | None = None, protocol: str = "tcp") -> Port:
    return Port("80", host, address, protocol)


REST = Route("eth0", "0.0.0.0/0", "10.1.0.1")
NODES: dict[str, tuple[MapNode, list[str]]] = {
    "one network": (MapNode("a", on("front")), []),
    "two": (MapNode("a", on("front", "apart")), ["is on front, apart, and can forward between them"]),
    "two, one internal": (
        MapNode("a", on("front", "inside")),
        ["is on front, inside, and can forward between them; inside is internal, and this is a way out of it"],
    ),
    "published beside what is apart": (
        MapNode("a", on("apart"), published=(port("1"),)),
        ["is on a network with icc off, but published on all addresses: its neighbours reach it there"],
    ),
    "published on one address": (MapNode("a", on("apart"), published=(port("1", address="10.0.0.1"),)), []),
    "published elsewhere": (MapNode("a", on("front"), published=(port("1"),)), []),
    "not published": (
        MapNode("a", on("inside"), unpublished=(port("1"), port(""))),
        ["should publish 1 to 80, ? to 80, but does not: it has only internal networks"],
    ),
    "on the host": (
        MapNode("a", on_host=True, routes=(Route("eth9", "192.168.0.0/24"),)),
        ["is on the host network: it sees the host's traffic and that of every container"],
    ),
    "on the host, once it runs": (
        MapNode("a", on_host=True, running=False),
        ["does not run; when it does, it is on the host network, and sees the traffic of every container"],
    ),
    "a link": (
        MapNode("a", on("front"), links=(("db", "db"),)),
        ["reaches db as db through a link, which also gives it db's environment variables"],
    ),
    "a legacy link": (
        MapNode("a", on("bridge"), links=(("db", "store"),)),
        ["reaches db as store through a legacy link, which also gives it db's environment variables"],
    ),
    "routes of its networks": (MapNode("a", on("inside"), routes=(Route("eth0", "10.1.0.0/16"),)), []),
    "routes of the swarm": (MapNode("a", on("inside"), routes=(Route("eth1", "172.18.0.0/16"),)), []),
    "a route to one address": (MapNode("a", on("inside"), routes=(Route("eth1", "10.9.9.9/32"),)), []),
    "a route through a gateway": (MapNode("a", on("front"), routes=(Route("eth0", "10.7.0.0/16", "10.2.0.1"), REST)), []),
    "a route of another network": (
        MapNode("a", on("inside"), routes=(Route("eth1", "10.2.0.0/16"), REST)),
        ["is also on 10.2.0.0/16 through interface eth1, which is on no network of the engine"],
    ),
    "a way out of what is internal": (
        MapNode("a", on("inside"), routes=(Route("eth0", "10.1.0.0/16"), REST)),
        ["has a default route through 10.1.0.1, although its networks are internal"],
    ),
    "what is another's": (MapNode("a", shares="b", routes=(REST,)), []),
}  # fmt: skip


@pytest.mark.parametrize(("node", "expected"), NODES.values(), ids=NODES)
def test_a_container_is_remarked_on(node: MapNode, expected: list[str]) -> None:
    quiet = MapNode("quiet", on("front"))
    assert made(quiet, node, quiet) == [("a", text) for text in expected]


def test_of_many_foreign_routes_the_first_are_named() -> None:
    routes = tuple(Route(f"eth{number}", f"10.{number}.0.0/24") for number in range(10, 20))
    assert len(made(MapNode("a", on("front"), routes=routes))) == 6


CONFLICTS: dict[str, tuple[list[Port], list[tuple[str, str]]]] = {
    "one port": ([port("1"), port("1")], [("b", "a")]),
    "another port": ([port("1"), port("2")], []),
    "another protocol": ([port("1"), port("1", protocol="udp")], []),
    "any port": ([port(""), port("")], []),
    "any port between": ([port(""), port("1"), port(""), port("1")], [("d", "b")]),
    "two addresses": ([port("1", address="10.0.0.1"), port("1", address="10.0.0.2")], []),
    "one address": ([port("1", address="10.0.0.1"), port("1", address="10.0.0.1")], [("b", "a")]),
    "all addresses after one": ([port("1", address="10.0.0.1"), port("1")], [("b", "a")]),
    "one address after all": ([port("1", address="0.0.0.0"), port("1", address="10.0.0.1")], [("b", "a")]),
    "three": ([port("1"), port("1"), port("1")], [("b", "a"), ("c", "a")]),
}  # fmt: skip


@pytest.mark.parametrize(("ports", "expected"), CONFLICTS.values(), ids=CONFLICTS)
def test_one_port_of_the_host_is_for_one_container(ports: list[Port], expected: list[tuple[str, str]]) -> None:
    nodes = [MapNode(name, published=(each,)) for name, each in zip("abcd", ports, strict=False)]
    told = [(about, text) for about, text in made(*nodes) if "only one can run" in text]
    assert [(about, text.partition(", as ")[2].partition(" ")[0]) for about, text in told] == expected
    assert all(text.startswith("publishes port 1/tcp of the host") for _, text in told)
    assert not made(MapNode("a", published=(port("1"), port("1"))))
    several = made(MapNode("a", published=(port(""), port("1"))), MapNode("b", published=(port(""), port("1"))))
    assert [about for about, _ in several] == ["b"]


@pytest.mark.parametrize(
    ("network", "count"),
    [
        (EngineNetwork(name="bridge", endpoints=()), 0),
        (EngineNetwork(name="bridge", endpoints=(1, 2)), 1),  # type: ignore[arg-type]
        (EngineNetwork(name="bridge", endpoints=(1,)), 0),  # type: ignore[arg-type]
        (EngineNetwork(name="bridge", icc=False, endpoints=(1, 2)), 0),  # type: ignore[arg-type]
        (EngineNetwork(name="front", endpoints=(1, 2)), 0),  # type: ignore[arg-type]
    ],
)
def test_the_default_bridge_connects_what_names_no_network(network: EngineNetwork, count: int) -> None:
    assert [about for about, _ in made(MapNode("a"), networks=(network,))] == ["network bridge"] * count


def test_nothing_that_the_outside_reaches_is_said() -> None:
    assert made(MapNode("a"), edges=()) == [("outside", "cannot reach any container")]
    assert made(MapNode("a"), edges=(Edge("b", "a", "network"),)) == [("outside", "cannot reach any container")]
    assert made(edges=()) == []
