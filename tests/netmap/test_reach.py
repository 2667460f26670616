"""Who reaches whom: a table of sentences over one machine, and over one compose file."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from msgspec.structs import replace

from sealock import formats
from sealock.model.absent import UNKNOWN
from sealock.model.container import Port
from sealock.model.location import Source
from sealock.model.netmap import HOST, OUTSIDE, Map, MapNode
from sealock.model.network import EngineNetwork
from sealock.model.process import Socket
from sealock.model.project import Project
from sealock.netmap import build_map, declared_nodes, explain
from sealock.netmap.nodes import both_families
from sealock.netmap.probes import Probe, contradiction, in_batches, probes
from sealock.reports import map as pages
from support.maprecords import HTTP, NETWORKS, STATIONS, attachment

DRAWN = build_map(STATIONS, NETWORKS)


@pytest.mark.parametrize(
    ("addresses", "shown"),
    [
        (["0.0.0.0", "::"], [None]),
        (["::", "0.0.0.0", "10.0.0.1"], [None, "10.0.0.1"]),
        (["0.0.0.0"], ["0.0.0.0"]),
        (["::"], ["::"]),
        (["127.0.0.1", "::1"], ["127.0.0.1", "::1"]),
        ([], []),
    ],
)  # fmt: skip
def test_a_port_on_every_address_is_one(addresses: list[str], shown: list[str | None]) -> None:
    found = both_families(Port("80", "8080", address) for address in addresses)
    assert [one.address for one in found] == shown


COMPOSE_SHUT = """\
services:
  db: {image: a, networks: [inner], ports: ["5432:5432"]}
  web: {image: a, networks: [inner, outer], ports: ["80:80"]}
  far: {image: a, network_mode: host, ports: ["81:81"]}
networks: {inner: {internal: true}, outer: {}}
"""


def test_nothing_is_published_by_whom_no_network_leads_out_of() -> None:
    document = formats.read("compose", Source("compose.yaml", COMPOSE_SHUT))
    project = next(subject.noun for subject in document.subjects if isinstance(subject.noun, Project))
    network_map = build_map(*declared_nodes(project), declared=True)
    assert {node.name: (len(node.published), len(node.unpublished)) for node in network_map.nodes} == {
        "db": (0, 1), "web": (1, 0), "far": (0, 0),
    }  # fmt: skip
    assert "should publish 5432 to 5432, but does not" in next(
        remark.text for remark in network_map.remarks if remark.about == "db"
    )
    said = explain(network_map, OUTSIDE, "db")
    assert said == (
        False,
        "the outside does not reach db: its ports are not published, because it has only internal networks.",
    )


@pytest.mark.parametrize(
    ("source", "target", "sentence"),
    [
        ("api", "web", "api reaches web over the network back as web (80/tcp)."),
        ("web", "api", "web reaches api over the network back as api (80/tcp)."),
        ("api", "side", "api reaches side over the network back as web (80/tcp)."),
        ("web", "side", "web reaches side at localhost, because both share a network namespace (80/tcp, 40123/tcp)."),
        ("a1", "db", "a1 does not reach db: they share no network (a1: apart; db: back), and db publishes ports only on the host's loopback."),
        ("d1", "api", "d1 does not reach api: they share no network (d1: bridge; api: back), and api publishes no ports."),
        ("a1", "a2", "a1 does not reach a2: icc is off on the network apart."),
        ("a2", "a1", "a2 reaches a1 through the published port 0.0.0.0:8081 (80/tcp)."),
        ("d1", "web", "d1 reaches web through the published port 0.0.0.0:8080 (80/tcp)."),
        ("api", "a1", "api does not reach a1: they share no network (api: back; a1: apart), and a1 publishes 8081, but back is internal, so api has no way there."),
        ("d2", "d1", "d2 reaches d1 over a legacy link on bridge as one (80/tcp)."),
        ("d1", "d2", "d1 reaches d2 over the network bridge as 10.0.0.3 (80/tcp)."),
        ("mon", "db", "mon reaches db from the host network into back as 10.2.0.4 (80/tcp); through the published port 127.0.0.1:5432 (80/tcp)."),
        ("lan", "mon", "lan does not reach mon: they share no network (lan: lan; mon: none), and mon publishes no ports."),
        ("api", "mon", "api reaches mon at a gateway of the host as 10.2.0.1 (9999/tcp)."),
        ("lone", "web", "lone does not reach web: lone has no network."),
        ("web", "lone", "web does not reach lone: lone has no network."),
        ("web", "off", "web does not reach off: off does not run."),
        ("web", "nobody", "web does not reach nobody: there is no container nobody."),
        (OUTSIDE, "web", "the outside reaches web through the published port 0.0.0.0:8080 (80/tcp)."),
        (OUTSIDE, "api", "the outside does not reach api: it publishes no ports."),
        (OUTSIDE, "db", "the outside does not reach db: it is published only on the host's loopback."),
        (OUTSIDE, "lan", "the outside reaches lan on the local network as 192.168.1.9 (80/tcp)."),
        (OUTSIDE, "mon", "the outside reaches mon on the local network (9999/tcp)."),
        (HOST, "api", "the host reaches api directly as 10.2.0.3 (80/tcp)."),
        (HOST, "lan", "the host does not reach lan: lan does not admit the host itself."),
    ],
)  # fmt: skip
def test_who_reaches_whom(source: str, target: str, sentence: str) -> None:
    assert explain(DRAWN, source, target) == (" does not reach " not in sentence, sentence)


@pytest.mark.parametrize(
    ("about", "text", "remedy"),
    [
        ("web", "can forward between them; back is internal, and this is a way out of it", ""),
        ("a1", "is on a network with icc off, but published on all addresses", "publish it on 127.0.0.1"),
        ("mon", "is on the host network", "give it a network"),
        ("d2", "reaches d1 as one through a legacy link", "docker network create d2-d1 && docker network connect d2-d1 d2 && docker network connect --alias one d2-d1 d1"),
        ("network bridge", "connects 2 containers that name no network", "give containers"),
    ],
)  # fmt: skip
def test_what_stands_out(about: str, text: str, remedy: str) -> None:
    (one,) = [remark for remark in DRAWN.remarks if remark.about == about]
    assert text in one.text
    assert one.remedy.startswith(remedy)


def test_every_probe_agrees_with_the_map_and_a_contradiction_is_reported() -> None:
    tried = {(probe.source, probe.target, probe.address, probe.port): probe for probe in probes(DRAWN)}
    assert tried["api", "web", "10.2.0.2", 80].expected
    assert not tried["api", "web", "10.1.0.2", 80].expected
    assert tried["a2", "a1", "10.3.0.1", 8081].expected
    # A port that names no address is published on all of them, at the gateways too.
    assert tried["d1", "web", "10.0.0.1", 8080].expected
    # Nothing that is published is to be had at an internal network's gateway.
    assert ("api", "a1", "10.2.0.1", 8081) not in tried
    open_way = tried["api", "web", "10.2.0.2", 80]
    assert contradiction(open_way, "open") is None
    assert contradiction(open_way, "refused") is None
    assert contradiction(open_way, "untried") is None
    wrong = contradiction(open_way, "silent")
    assert wrong is not None
    assert wrong.probe == open_way


COMPOSE = """
services:
  web: {image: a, ports: ["8080:80"], networks: [front, back]}
  db: {image: a, networks: {back: {aliases: [data]}}}
  own: {image: a}
  too: {image: a, links: ["own:o"]}
  host: {image: a, network_mode: host}
  with: {image: a, network_mode: "service:db"}
  none: {image: a, network_mode: none}
networks: {front: {}, back: {internal: true}}
"""


def composed() -> Map:
    document = formats.read("compose", Source("compose.yaml", COMPOSE))
    (project,) = [subject.noun for subject in document.subjects if isinstance(subject.noun, Project)]
    return build_map(*declared_nodes(project), declared=True)


@pytest.mark.parametrize(
    ("source", "target", "reached"),
    [
        ("web", "db", True),
        ("own", "db", False),
        ("own", "web", True),
        ("too", "own", True),
        ("with", "web", True),
        ("none", "own", False),
        ("host", "db", True),
        ("own", "host", True),
        (OUTSIDE, "web", True),
        (OUTSIDE, "db", False),
    ],
)
def test_a_compose_file_has_a_map_too(source: str, target: str, reached: bool) -> None:  # noqa: FBT001  a table's row
    assert explain(composed(), source, target)[0] is reached


def test_names_of_neighbours_are_shown() -> None:
    (edge,) = [edge for edge in composed().edges if (edge.source, edge.target, edge.way) == ("web", "db", "network")]
    assert edge.names == ("db", "data")


HOSTILE = build_map(
    (
        MapNode('x<script>"&\x1b[31m\n', (attachment('n"]<b>', "10.0.0.2", "\x1b]0;t\x07"),), listens=UNKNOWN, published=(Port("80", "1", "0.0.0.0"),)),
        MapNode("y", (attachment('n"]<b>', "10.0.0.3"),), links=(("a b; rm -rf /", "$(x)"),)),
    ),
    (EngineNetwork(name='n"]<b>', driver="bridge"),),
)  # fmt: skip


@pytest.mark.parametrize("form", pages.FORMATS)
@pytest.mark.parametrize("network_map", [pytest.param(DRAWN, id="a machine"), pytest.param(composed(), id="a file"), pytest.param(HOSTILE, id="hostile names"), pytest.param(build_map((), ()), id="nothing")])  # fmt: skip
def test_every_page_is_well_formed_and_harmless(form: pages.MapFormat, network_map: Map) -> None:
    text = pages.render(form, network_map)
    assert "\x1b" not in text
    assert text.endswith("\n")
    match form:
        case "json":
            held = json.loads(text)
            assert [one["name"] for one in held["containers"]] == [node.name for node in network_map.nodes]
            assert len(held["ways"]) == len(network_map.edges)
        case "svg":
            root = ET.fromstring(text)  # noqa: S314  of our own making
            assert not [one for one in root.iter() if one.tag.endswith("script")]
        case "dot":
            assert text.count("{") == text.count("}") == 1
            assert all(line.endswith((";", "{", "}")) for line in text.splitlines())
        case "terminal":
            assert all(len(line) <= 80 for line in text.splitlines() if "docker network" not in line)


def test_a_remedy_quotes_what_a_shell_would_read() -> None:
    (remark,) = [remark for remark in HOSTILE.remarks if "link" in remark.text]
    assert "'a b; rm -rf /'" in remark.remedy
    assert "'$(x)'" in remark.remedy


@pytest.mark.parametrize("width", [40, 80, 120])
def test_sixty_containers_fit_the_terminal(width: int) -> None:
    many = tuple(
        MapNode(f"service-number-{index}-of-many", (attachment(f"net{index % 7}", f"10.0.0.{index}"),), listens=HTTP)
        for index in range(60)
    )
    text = pages.render(
        "terminal", build_map(many, tuple(EngineNetwork(name=f"net{index}") for index in range(7))), width=width
    )
    assert all(len(line) <= width for line in text.splitlines())
    assert "Who reaches whom" not in text


def node(name: str, *networks: str, **facts: Any) -> MapNode:
    return MapNode(
        name, tuple(attachment(network, f"10.9.{ord(network[0]) % 8}.{ord(name[0])}") for network in networks), **facts
    )


def drawn(*nodes: MapNode, internal: str = "") -> Map:
    names = dict.fromkeys(place.network for each in nodes for place in each.attachments)
    return build_map(
        nodes, tuple(EngineNetwork(name=name, driver="bridge", internal=name == internal) for name in names)
    )


def test_networks_without_containers_are_left_out_and_those_after_them_are_not() -> None:
    networks = tuple(EngineNetwork(name=name, driver="bridge") for name in ("aa-empty", "used"))
    text = pages.render("terminal", build_map((node("web", "used"),), networks))
    assert "aa-empty" not in text
    assert "used  bridge" in text


LOCAL = (Socket("tcp", "127.0.0.1", 7777),)


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        pytest.param(node("t", "n", listens=LOCAL), "s reaches t over the network n, but t listens only on its own loopback (127.0.0.1:7777).", id="one on loopback"),
        pytest.param(node("t", "n", listens=(Socket("tcp6", "::1", 7777),)), "s reaches t over the network n, but t listens only on its own loopback ([::1]:7777).", id="one on loopback of IPv6"),
        pytest.param(node("t", "n", listens=()), "s reaches t over the network n, but nothing listens in t.", id="one that listens nowhere"),
        pytest.param(node("t", "n", listens=UNKNOWN), "s reaches t over the network n.", id="one whose sockets are unknown"),
        pytest.param(node("t", "n", listens=(Socket("tcp", "0.0.0.0", 80), *LOCAL)), "s reaches t over the network n (80/tcp).", id="one that listens on both"),
        pytest.param(node("t", shares="s", listens=LOCAL), "s reaches t at localhost, because both share a network namespace (7777/tcp).", id="one in the same namespace"),
    ],
)  # fmt: skip
def test_packets_that_no_program_accepts_are_not_called_reached_alone(target: MapNode, sentence: str) -> None:
    reached, text = explain(drawn(node("s", "n"), target), "s", "t")
    assert reached
    assert text.replace(" as 10.9.6.116", "") == sentence


PUBLISHED = {
    "everywhere": (Port("80", "8080", None),),
    "on loopback": (Port("80", "8081", "127.0.0.1"),),
    "on loopback of IPv6": (Port("80", "8066", "::1"),),
}


@pytest.mark.parametrize(
    ("published", "outside", "local"),
    [
        pytest.param("everywhere", "0.0.0.0:8080", "", id="a port on all addresses is open from outside"),
        pytest.param("on loopback", "", "127.0.0.1:8081", id="one on loopback is open only on this machine"),
        pytest.param("on loopback of IPv6", "", "[::1]:8066", id="an address of IPv6 is in brackets"),
    ],
)
def test_what_is_open_is_listed_by_who_reaches_it(published: str, outside: str, local: str) -> None:
    text = pages.render("terminal", drawn(node("t", "n", published=PUBLISHED[published])))
    sections = {part.split("\n")[0]: part for part in text.split("\n\n")}
    assert outside in sections.get("Open from outside", "")
    assert local in sections.get("Open only on this machine", "")
    assert ("Open from outside" in sections, "Open only on this machine" in sections) == (bool(outside), bool(local))


def test_an_address_of_ipv6_is_in_brackets_in_the_picture() -> None:
    assert "[::1]:8066→80" in pages.render("svg", drawn(node("t", "n", published=PUBLISHED["on loopback of IPv6"])))


def test_a_container_that_does_not_run_is_drawn_and_described_so() -> None:
    created = drawn(MapNode("t", on_host=True, running=False))
    assert [remark.text for remark in created.remarks if remark.about == "t"] == [
        "does not run; when it does, it is on the host network, and sees the traffic of every container"
    ]
    assert "on the host network  when it runs" in pages.render("terminal", created)
    assert '<rect class="off" x="40"' in pages.render("svg", created)
    guest = drawn(MapNode("t", shares="web", running=False))
    assert "in the network namespace of web  when it runs" in pages.render("terminal", guest)


@pytest.mark.parametrize(
    ("first", "second", "conflict"),
    [
        pytest.param(Port("80", "8080"), Port("81", "8080"), True, id="one port on all addresses"),
        pytest.param(Port("80", "8080", "127.0.0.1"), Port("81", "8080"), True, id="one address and all"),
        pytest.param(Port("80", "8080", "127.0.0.1"), Port("81", "8080", "127.0.0.2"), False, id="two addresses"),
        pytest.param(Port("80", "8080"), Port("81", "8080", None, "udp"), False, id="two protocols"),
        pytest.param(Port("80", "8080"), Port("81", "8081"), False, id="two ports"),
        pytest.param(Port("80"), Port("81"), False, id="any free ports"),
    ],
)
def test_containers_that_publish_one_port_of_the_host_stand_out(first: Port, second: Port, conflict: object) -> None:
    made = drawn(node("a", "n", published=(first,)), node("b", "n", published=(second,), running=False))
    text = "publishes port 8080/tcp of the host, as a does: only one can run"
    assert (text in [remark.text for remark in made.remarks if remark.about == "b"]) == conflict


def test_a_legacy_link_is_drawn_with_its_alias() -> None:
    picture = pages.render("svg", drawn(node("a", "bridge", links=(("b", "data"),)), node("b", "bridge")))
    assert "<title>a reaches b as data (legacy link)</title>" in picture
    assert ">data</text>" in picture


def test_a_legacy_link_to_what_is_not_on_the_map_is_not_drawn() -> None:
    links = (("gone", "old"), ("b", "data"), ("b", "again"))
    picture = pages.render("svg", drawn(node("a", "bridge", links=links), node("b", "bridge")))
    assert [alias for alias in ("old", "data", "again") if f">{alias}</text>" in picture] == ["data", "again"]


def test_a_network_says_whether_names_resolve_on_it() -> None:
    text = pages.render("terminal", drawn(node("a", "bridge"), node("b", "own")))
    assert "bridge, no names" in text
    assert "bridge, names resolve" in text


PROBES = tuple(
    Probe(source, target, f"10.0.0.{target}", 80, expected=True, how="n", neighbours=True)
    for source in "12345"
    for target in "12345"
    if source != target
)


@pytest.mark.parametrize(
    ("wanted", "room", "sizes"),
    [
        pytest.param(PROBES, 1000, [20], id="all at once where there is room"),
        pytest.param(PROBES, 20, [20], id="both directions need the same two entries"),
        pytest.param(PROBES, 8, [8, 8, 4], id="as many pairs as there is room for"),
        pytest.param(PROBES, 1, [2] * 10, id="one pair at least"),
        pytest.param(tuple(replace(probe, neighbours=False) for probe in PROBES), 2, [4] * 5, id="through a gateway, one entry for each source"),
        pytest.param((), 8, [], id="none"),
    ],
)  # fmt: skip
def test_a_batch_of_probes_adds_no_more_neighbours_than_there_is_room_for(
    wanted: tuple[Probe, ...], room: int, sizes: list[int]
) -> None:
    batches = list(in_batches(wanted, room))
    assert [len(batch) for batch in batches] == sizes
    assert {probe for batch in batches for probe in batch} == set(wanted)
