"""Who reaches whom: a table of sentences over one machine, and over one compose file."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest

from sealock import formats
from sealock.model.absent import UNKNOWN
from sealock.model.container import Port
from sealock.model.location import Source
from sealock.model.netmap import HOST, OUTSIDE, Map, Seat, Station
from sealock.model.network import EngineNetwork, NetworkEndpoint
from sealock.model.process import Socket
from sealock.model.project import Project
from sealock.netmap import declared, draw, reason
from sealock.netmap.probes import differing, probes
from sealock.netmap.stations import both_families
from sealock.reports import map as pages

HTTP = (Socket("tcp", "0.0.0.0", 80), Socket("tcp", "127.0.0.11", 40123), Socket("tcp6", "::", 80))


def seat(network: str, ipv4: str, *names: str) -> Seat:
    return Seat(network, ipv4, names=names)


STATIONS = (
    Station("web", (seat("front", "10.1.0.2", "web", "www"), seat("back", "10.2.0.2", "web")), published=(Port("80", "8080"),), listens=HTTP),
    Station("api", (seat("back", "10.2.0.3", "api"),), listens=HTTP),
    Station("db", (seat("back", "10.2.0.4", "db"),), published=(Port("80", "5432", "127.0.0.1"),), listens=HTTP),
    Station("a1", (seat("apart", "10.3.0.2", "a1"),), published=(Port("80", "8081", "0.0.0.0"),), listens=HTTP),
    Station("a2", (seat("apart", "10.3.0.3", "a2"),), listens=HTTP),
    Station("d1", (seat("bridge", "10.0.0.2", "d1"),), listens=HTTP),
    Station("d2", (seat("bridge", "10.0.0.3", "d2"),), links=(("d1", "one"),), listens=HTTP),
    Station("mon", on_host=True, listens=(Socket("tcp", "0.0.0.0", 9999),)),
    Station("side", shares="web", listens=HTTP),
    Station("lone", alone=True),
    Station("lan", (seat("lan", "192.168.1.9", "lan"),), listens=HTTP),
    Station("off", (seat("front", "", "off"),), running=False),
)  # fmt: skip
NETWORKS = (
    EngineNetwork(name="front", driver="bridge", internal=False, gateways=("10.1.0.1",)),
    EngineNetwork(name="back", driver="bridge", internal=True, gateways=("10.2.0.1",)),
    EngineNetwork(name="apart", driver="bridge", internal=False, icc=False, gateways=("10.3.0.1",)),
    EngineNetwork(name="bridge", driver="bridge", internal=False, gateways=("10.0.0.1",), endpoints=(NetworkEndpoint("d1"), NetworkEndpoint("d2"))),
    EngineNetwork(name="lan", driver="macvlan", internal=False),
)  # fmt: skip
DRAWN = draw(STATIONS, NETWORKS)


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
    drawn = draw(*declared(project), declared=True)
    assert {station.name: (len(station.published), len(station.shut)) for station in drawn.stations} == {
        "db": (0, 1), "web": (1, 0), "far": (0, 0),
    }  # fmt: skip
    assert "was to publish 5432 to 5432, and does not" in next(
        remark.text for remark in drawn.remarks if remark.about == "db"
    )
    said = reason(drawn, OUTSIDE, "db")
    assert said == (
        False,
        "anybody outside does not reach db: its ports are not published, since it is on no network that leads out.",
    )


@pytest.mark.parametrize(
    ("source", "target", "sentence"),
    [
        ("api", "web", "api reaches web over the network back as web (80/tcp)."),
        ("web", "api", "web reaches api over the network back as api (80/tcp)."),
        ("api", "side", "api reaches side over the network back as web (80/tcp)."),
        ("web", "side", "web reaches side at localhost, since both are in one network namespace (80/tcp, 40123/tcp)."),
        ("a1", "db", "a1 does not reach db: they share no network (apart here, back there), and its ports are published on the host's loopback alone."),
        ("d1", "api", "d1 does not reach api: they share no network (bridge here, back there), and nothing of it is published."),
        ("a1", "a2", "a1 does not reach a2: the network apart keeps its members apart (icc is off)."),
        ("a2", "a1", "a2 reaches a1 through the published port 0.0.0.0:8081 (80/tcp)."),
        ("d1", "web", "d1 reaches web through the published port 0.0.0.0:8080 (80/tcp)."),
        ("api", "a1", "api does not reach a1: they share no network (back here, apart there), and nothing of it is published."),
        ("d2", "d1", "d2 reaches d1 over a legacy link on bridge as one (80/tcp)."),
        ("d1", "d2", "d1 reaches d2 over the network bridge as 10.0.0.3 (80/tcp)."),
        ("mon", "db", "mon reaches db from the host's network into back as 10.2.0.4 (80/tcp); through the published port 127.0.0.1:5432 (80/tcp)."),
        ("lan", "mon", "lan does not reach mon: they share no network (lan here, none there), and nothing of it is published."),
        ("api", "mon", "api reaches mon at a gateway of the host as 10.2.0.1 (9999/tcp)."),
        ("lone", "web", "lone does not reach web: lone has no network."),
        ("web", "lone", "web does not reach lone: lone has no network."),
        ("web", "off", "web does not reach off: off does not run."),
        ("web", "nobody", "web does not reach nobody: there is no container nobody."),
        (OUTSIDE, "web", "anybody outside reaches web through the published port 0.0.0.0:8080 (80/tcp)."),
        (OUTSIDE, "api", "anybody outside does not reach api: nothing of it is published."),
        (OUTSIDE, "db", "anybody outside does not reach db: it is published on the host's loopback alone."),
        (OUTSIDE, "lan", "anybody outside reaches lan on the local network as 192.168.1.9 (80/tcp)."),
        (OUTSIDE, "mon", "anybody outside reaches mon on the local network (9999/tcp)."),
        (HOST, "api", "the host reaches api directly as 10.2.0.3 (80/tcp)."),
        (HOST, "lan", "the host does not reach lan: lan keeps the host itself out."),
    ],
)  # fmt: skip
def test_who_reaches_whom(source: str, target: str, sentence: str) -> None:
    assert reason(DRAWN, source, target) == (" does not reach " not in sentence, sentence)


@pytest.mark.parametrize(
    ("about", "text", "remedy"),
    [
        ("web", "can carry from one to the other; back is internal, and this is its way out", ""),
        ("a1", "is on a network with icc off, and published on every address", "publish it on 127.0.0.1"),
        ("mon", "is on the host's own network", "give it a network"),
        ("d2", "reaches d1 as one by a legacy link", "docker network create d2-d1 && docker network connect d2-d1 d2 && docker network connect --alias one d2-d1 d1"),
        ("network bridge", "joins 2 containers because nobody gave them a network", "give those"),
    ],
)  # fmt: skip
def test_what_stands_out(about: str, text: str, remedy: str) -> None:
    (one,) = [remark for remark in DRAWN.remarks if remark.about == about]
    assert text in one.text
    assert one.remedy.startswith(remedy)


def test_every_probe_agrees_with_the_map_and_a_contradiction_is_told() -> None:
    tried = {(probe.source, probe.target, probe.address, probe.port): probe for probe in probes(DRAWN)}
    assert tried["api", "web", "10.2.0.2", 80].expected
    assert not tried["api", "web", "10.1.0.2", 80].expected
    assert tried["a2", "a1", "10.3.0.1", 8081].expected
    # Nothing that is published is to be had at an internal network's gateway.
    assert ("api", "a1", "10.2.0.1", 8081) not in tried
    open_way = tried["api", "web", "10.2.0.2", 80]
    assert differing(open_way, "open") is None
    assert differing(open_way, "refused") is None
    assert differing(open_way, "untried") is None
    wrong = differing(open_way, "silent")
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
    return draw(*declared(project), declared=True)


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
def test_a_compose_file_tells_too(source: str, target: str, reached: bool) -> None:  # noqa: FBT001  a table's row
    assert reason(composed(), source, target)[0] is reached


def test_names_of_neighbours_are_told() -> None:
    (edge,) = [edge for edge in composed().edges if (edge.source, edge.target, edge.way) == ("web", "db", "network")]
    assert edge.names == ("db", "data")


HOSTILE = draw(
    (
        Station('x<script>"&\x1b[31m\n', (seat('n"]<b>', "10.0.0.2", "\x1b]0;t\x07"),), listens=UNKNOWN, published=(Port("80", "1", "0.0.0.0"),)),
        Station("y", (seat('n"]<b>', "10.0.0.3"),), links=(("a b; rm -rf /", "$(x)"),)),
    ),
    (EngineNetwork(name='n"]<b>', driver="bridge"),),
)  # fmt: skip


@pytest.mark.parametrize("form", pages.FORMATS)
@pytest.mark.parametrize("drawn", [pytest.param(DRAWN, id="a machine"), pytest.param(composed(), id="a file"), pytest.param(HOSTILE, id="hostile names"), pytest.param(draw((), ()), id="nothing")])  # fmt: skip
def test_every_page_is_well_formed_and_harmless(form: pages.MapFormat, drawn: Map) -> None:
    text = pages.render(form, drawn)
    assert "\x1b" not in text
    assert text.endswith("\n")
    match form:
        case "json":
            held = json.loads(text)
            assert [one["name"] for one in held["containers"]] == [station.name for station in drawn.stations]
            assert len(held["ways"]) == len(drawn.edges)
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
        Station(f"service-number-{index}-of-many", (seat(f"net{index % 7}", f"10.0.0.{index}"),), listens=HTTP)
        for index in range(60)
    )
    text = pages.render(
        "terminal", draw(many, tuple(EngineNetwork(name=f"net{index}") for index in range(7))), width=width
    )
    assert all(len(line) <= width for line in text.splitlines())
    assert "Who reaches whom" not in text
