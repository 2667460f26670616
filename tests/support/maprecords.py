"""Records the map of a made machine: every edge, remark, reason and probe, and each page that shows it.

`tests/vectors/maps/NAME.txt` holds the records, and `tests/test_records.py` compares. A change that is meant is written
down with `./dev records` and reviewed in the diff.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from pathlib import Path

from sealock.model.absent import UNKNOWN
from sealock.model.container import Port
from sealock.model.netmap import HOST, OUTSIDE, Attachment, Map, MapNode
from sealock.model.network import EngineNetwork, NetworkEndpoint
from sealock.model.process import Route, Socket
from sealock.netmap import build_map, explain
from sealock.netmap.probes import contradiction, in_batches, probes
from sealock.reports import map as pages
from sealock.reports.map import MapFormat
from support.shownvalues import show

RECORDS = Path(__file__).parent.parent / "vectors" / "maps"
HTTP = (Socket("tcp", "0.0.0.0", 80), Socket("tcp", "127.0.0.11", 40123), Socket("tcp6", "::", 80))


def attachment(network: str, ipv4: str, *names: str) -> Attachment:
    return Attachment(network, ipv4, names=names)


STATIONS = (
    MapNode("web", (attachment("front", "10.1.0.2", "web", "www"), attachment("back", "10.2.0.2", "web")), published=(Port("80", "8080"),), listens=HTTP),
    MapNode("api", (attachment("back", "10.2.0.3", "api"),), listens=HTTP),
    MapNode("db", (attachment("back", "10.2.0.4", "db"),), published=(Port("80", "5432", "127.0.0.1"),), listens=HTTP),
    MapNode("a1", (attachment("apart", "10.3.0.2", "a1"),), published=(Port("80", "8081", "0.0.0.0"),), listens=HTTP),
    MapNode("a2", (attachment("apart", "10.3.0.3", "a2"),), listens=HTTP),
    MapNode("d1", (attachment("bridge", "10.0.0.2", "d1"),), listens=HTTP),
    MapNode("d2", (attachment("bridge", "10.0.0.3", "d2"),), links=(("d1", "one"),), listens=HTTP),
    MapNode("mon", on_host=True, listens=(Socket("tcp", "0.0.0.0", 9999),)),
    MapNode("side", shares="web", listens=HTTP),
    MapNode("lone", no_network=True),
    MapNode("lan", (attachment("lan", "192.168.1.9", "lan"),), listens=HTTP),
    MapNode("off", (attachment("front", "", "off"),), running=False),
)  # fmt: skip
NETWORKS = (
    EngineNetwork(name="front", driver="bridge", internal=False, gateways=("10.1.0.1",)),
    EngineNetwork(name="back", driver="bridge", internal=True, gateways=("10.2.0.1",)),
    EngineNetwork(name="apart", driver="bridge", internal=False, icc=False, gateways=("10.3.0.1",)),
    EngineNetwork(name="bridge", driver="bridge", internal=False, gateways=("10.0.0.1",), endpoints=(NetworkEndpoint("d1"), NetworkEndpoint("d2"))),
    EngineNetwork(name="lan", driver="macvlan", internal=False),
)  # fmt: skip
"""A machine with networks of every kind."""
_MORE = (
    MapNode("both", (attachment("back", "10.2.0.9", "both"), attachment("front", "10.1.0.9", "both")), listens=HTTP, routes=(Route("eth0", "10.1.0.0/16"), Route("eth0", "10.9.0.0/16"), Route("eth0", "0.0.0.0/0"))),
    MapNode("inner", (attachment("back", "10.2.0.10", "inner"),), unpublished=(Port("80", "9090"), Port("81", None)), routes=(Route("eth0", "10.1.0.0/16"),)),
    MapNode("twin", (attachment("front", "10.1.0.11", "twin"),), published=(Port("80", "8080"), Port("53", "53", protocol="udp"), Port("9-12", "9-12", "10.1.2.3"), Port("7", None)), listens=UNKNOWN),
    MapNode("host-off", on_host=True, running=False),
    MapNode("linked", (Attachment("front", "10.1.0.12", "fd00::12", ("linked",)),), links=(("web", "w"), ("gone", "g")), listens=(Socket("tcp6", "::1", 80), Socket("udp", "0.0.0.0", 53))),
    MapNode("guest", shares="gone"),
    MapNode("odd\x1b", (attachment("isolated", "10.7.0.2"),), listens=HTTP),
)  # fmt: skip
_MORE_NETWORKS = (
    EngineNetwork(name="isolated", driver="bridge", internal=UNKNOWN, gateways=("10.7.0.1", "fd00::1"), gateway_mode_ipv4="isolated"),
    EngineNetwork(name="routed", driver="bridge", gateway_mode_ipv4="routed", ipv6=True), EngineNetwork(name="over", driver="overlay", encrypted=False, attachable=True),
)  # fmt: skip
_MAPS = {
    "machine": build_map(STATIONS, NETWORKS),
    "odd": build_map((*STATIONS, *_MORE), (*NETWORKS, *_MORE_NETWORKS)),
    "declared": build_map((*STATIONS[:6], *_MORE), (*NETWORKS, *_MORE_NETWORKS), declared=True),
}
NAMES = tuple(_MAPS)


def record(name: str) -> str:
    """The record of a map."""
    rows = (*_rows(_MAPS[name]), *_pages(_MAPS[name], ("json", "dot", "svg") if name == "declared" else ("dot",)))
    return "".join(f"{row.rstrip()}\n" for row in rows)


def _rows(made: Map) -> Iterator[str]:
    yield from map(show, (*made.edges, *made.remarks))
    names = (HOST, OUTSIDE, *(node.name for node in made.nodes), "nobody")
    for source, target in permutations(names, 2):
        reached, why = explain(made, source, target)
        yield f"{source} {'reaches' if reached else 'does not reach'} {target}: {why}"
    for probe in probes(made):
        against = [
            result for result in ("open", "refused", "silent", "unreachable", "untried") if contradiction(probe, result)
        ]
        yield f"{show(probe)} contradicted by {against}"
    for room in (0, 2, 5, 1000):
        yield f"batches for {room}: {[len(batch) for batch in in_batches(probes(made), room)]}"


def _pages(made: Map, forms: tuple[MapFormat, ...]) -> Iterator[str]:
    for width in (80, 40, 130):
        yield from pages.render("terminal", made, width=width, colour=width == 130, unicode=width != 40).splitlines()
    for form in forms:
        yield from pages.render(form, made).splitlines()


if __name__ == "__main__":
    RECORDS.mkdir(exist_ok=True)
    for record_name in NAMES:
        (RECORDS / f"{record_name}.txt").write_text(record(record_name), encoding="utf-8")
