"""A map is verified by connections: in batches that the table of neighbours has room for, doubtful ones twice."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from msgspec import Struct
from msgspec.structs import replace

from sealock.model.container import Port
from sealock.model.netmap import HOST, Attachment, Edge, Map, MapNode
from sealock.model.network import EngineNetwork
from sealock.netmap import verification
from sealock.netmap.probes import Contradiction, ProbeResults, probes
from sealock.netmap.verification import Verification, verify
from sealock.runtime.kernel.connections import PATIENCE
from sealock.runtime.kernel.neighbours import NeighbourTable

NODES = ("a", "b", "c")
PIDS = {HOST: 1, "a": 10, "b": 11, "c": 12}
MAP = Map(
    tuple(MapNode(name, (Attachment("n", f"10.0.0.{at}", names=(name,)),)) for at, name in enumerate(NODES, 2)),
    (EngineNetwork(name="n", gateways=("10.0.0.1", "fd00::1")),),
    (
        *(Edge(source, "b", "network", "n", addresses=("10.0.0.3",)) for source in ("a", "c")),
        *(Edge(HOST, name, "host", addresses=(f"10.0.0.{at}",)) for at, name in enumerate(NODES, 2)),
    ),
)


class Machine(Struct):
    """A simulated machine: the results of connections by address, each the first and the second time; its tables."""

    results: Mapping[str, tuple[ProbeResults, ...]]
    tables: Iterator[NeighbourTable] | None = None
    table: NeighbourTable = NeighbourTable(1024, 512, 0)
    now: float = 0.0
    takes: float = 0.0
    tried: list[tuple[tuple[Any, ...], float, Any]] = []
    times: dict[str, int] = {}
    reports: list[str] = []
    sleeps: int = 0

    def connect(self, wanted: Sequence[tuple[int, str, int]], patience: float, forget: Any) -> list[ProbeResults]:
        self.tried.append((tuple(wanted), patience, forget))
        self.now += self.takes
        for _, address, _ in wanted:
            self.times.setdefault(f"{address} {patience}", len(self.times))
        number = 0 if patience == PATIENCE else 1
        return [self.results.get(address, ("refused",) * 2)[number] for _, address, _ in wanted]

    def look(self, _tree: object) -> NeighbourTable:
        return next(self.tables, self.table) if self.tables else self.table

    def sleep(self, seconds: float) -> None:
        self.sleeps += 1
        self.now += seconds


def verified(machine: Machine, monkeypatch: pytest.MonkeyPatch, pids: Mapping[str, int] = PIDS) -> Verification:
    monkeypatch.setattr(verification, "try_connections", machine.connect)
    monkeypatch.setattr(verification, "neighbour_table", machine.look)
    monkeypatch.setattr(time, "monotonic", lambda: machine.now)
    monkeypatch.setattr(time, "sleep", machine.sleep)
    return verify(MAP, dict(pids), machine.reports.append)


def wrong(address: str, result: ProbeResults) -> tuple[Contradiction, ...]:
    return tuple(Contradiction(probe, result) for probe in probes(MAP) if probe.address == address)


EVERY = len(tuple(probes(MAP)))
SILENT: dict[str, tuple[ProbeResults, ...]] = {"10.0.0.2": ("silent",) * 2, "10.0.0.4": ("silent",) * 2}
"""What the map expects between containers; the host reaches all."""


TAKEN, REFUSED = True, False
PUBLISHED: dict[str, tuple[Port, dict[str, Any], list[tuple[str, str, int, bool]]]] = {
    "on all addresses": (Port("80", "8080"), {}, [("a", "10.0.0.1", 8080, TAKEN), (HOST, "127.0.0.1", 8080, TAKEN)]),
    "on all addresses of IPv4": (
        Port("80", "8080", "0.0.0.0"),
        {},
        [("a", "10.0.0.1", 8080, TAKEN), (HOST, "127.0.0.1", 8080, TAKEN)],
    ),
    "on an address that is empty": (
        Port("80", "8080", ""),
        {},
        [("a", "10.0.0.1", 8080, TAKEN), (HOST, "127.0.0.1", 8080, TAKEN)],
    ),
    "on one address": (Port("80", "8080", "192.0.2.1"), {}, [(HOST, "192.0.2.1", 8080, TAKEN)]),
    "on an address of IPv6": (Port("80", "8080", "::1"), {}, []),
    "another port than the edge has": (
        Port("81", "8080"),
        {},
        [("a", "10.0.0.1", 8080, REFUSED), (HOST, "127.0.0.1", 8080, TAKEN)],
    ),
    "of another protocol": (Port("80", "8080", protocol="udp"), {}, []),
    "a range": (Port("80-81", "8080-8081"), {}, []),
    "any free one": (Port("80"), {}, []),
    "the edge is to one address": (
        Port("80", "8080"),
        {"addresses": ("192.0.2.1",)},
        [("a", "10.0.0.1", 8080, REFUSED), (HOST, "127.0.0.1", 8080, TAKEN)],
    ),
    "the edge is of a network": (
        Port("80", "8080"),
        {"way": "network"},
        [("a", "10.0.0.1", 8080, REFUSED), (HOST, "127.0.0.1", 8080, TAKEN)],
    ),
}


@pytest.mark.parametrize(("port", "edge", "expected"), PUBLISHED.values(), ids=PUBLISHED)
def test_published_ports_are_tried_where_they_are_open(
    port: Port, edge: dict[str, Any], expected: list[tuple[str, str, int, bool]]
) -> None:
    through = replace(Edge("a", "b", "published", "n", ("80/tcp",)), **edge)
    for shut, internal in ((False, False), (True, False), (False, True)):
        made = Map(
            (MAP.nodes[0], replace(MAP.nodes[1], **{"unpublished" if shut else "published": (port,)})),
            (replace(MAP.networks[0], internal=internal),),
            (through,),
        )
        tried = [
            (probe.source, probe.address, probe.port, probe.expected)
            for probe in probes(made)
            if probe.how == "published"
        ]
        # Nothing forwards what is not open, and nobody looks for it at a gateway; that of an internal network has none.
        at_host = [row for row in expected if row[0] == HOST]
        assert tried == ([(*row[:3], REFUSED) for row in at_host] if shut else at_host if internal else expected)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, [("a", "b"), ("a", "c"), ("b", "a"), ("b", "c"), ("c", "a"), ("c", "b")]),
        ({"running": False}, [("a", "c"), ("c", "a")]),
        ({"shares": "a"}, [("a", "c"), ("c", "a")]),
        ({"no_network": True}, [("a", "c"), ("c", "a")]),
        ({"attachments": ()}, [("a", "c"), ("b", "a"), ("b", "c"), ("c", "a")]),
        ({"attachments": (Attachment("n"),)}, [("a", "c"), ("b", "a"), ("b", "c"), ("c", "a")]),
    ],
)
def test_containers_with_a_network_of_their_own_are_tried(
    changes: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    made = replace(MAP, nodes=(MAP.nodes[0], replace(MAP.nodes[1], **changes), MAP.nodes[2]))
    assert [(probe.source, probe.target) for probe in probes(made) if probe.source != HOST] == expected
    assert {probe.target for probe in probes(made) if probe.source == HOST} == {pair[1] for pair in expected}


def test_what_agrees_with_the_map_is_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine({})
    made = verified(machine, monkeypatch)
    assert EVERY == 9
    # Both directions of two neighbours stand together.
    pairs = ["a to b", "b to a", "a to c", "c to a", "b to c", "c to b"]
    assert machine.reports[:EVERY] == [*pairs, *(f"(host) to {name}" for name in NODES)]
    first, patience, forget = machine.tried[0]
    assert sorted(first) == sorted((PIDS[probe.source], probe.address, probe.port) for probe in probes(MAP))
    assert patience == PATIENCE
    gateway_and_all = {"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"}
    assert {pid: set(addresses) for pid, addresses in forget.items()} == dict.fromkeys(PIDS.values(), gateway_and_all)
    # "refused" shows that packets arrive: what was not expected contradicts, and is tried again.
    doubtful = [probe for probe in probes(MAP) if not probe.expected]
    assert sorted(machine.tried[1][0]) == sorted((PIDS[each.source], each.address, each.port) for each in doubtful)
    assert machine.tried[1][1] == 4.5
    assert made == Verification(9, tuple(Contradiction(each, "refused") for each in doubtful), 0)


@pytest.mark.parametrize(
    ("second", "contradictions"),
    [("open", 0), ("silent", 3), ("unreachable", 3), ("untried", 0)],
)
def test_a_contradiction_counts_where_a_second_try_has_it_too(
    second: ProbeResults, contradictions: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine({"10.0.0.3": ("silent", second)})
    made = verified(machine, monkeypatch)
    assert [each for each in made.contradictions if each.probe.address == "10.0.0.3"] == list(
        wrong("10.0.0.3", second) if contradictions else ()
    )
    assert (made.tried, made.untried) == ((6, 3) if second == "untried" else (9, 0))
    assert made.untried_from == (("(host)", "a", "c") if second == "untried" else ())


def test_what_cannot_be_entered_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine({})
    made = verified(machine, monkeypatch, {name: pid for name, pid in PIDS.items() if name != "a"})
    assert (made.tried, made.untried) == (7, 2)
    assert not [report for report in machine.reports if report.startswith("a to")]
    assert all(set(forget) == {1, 11, 12} for _, _, forget in machine.tried[:1])


def test_a_table_that_overflows_hides_what_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    table = NeighbourTable(1024, 512, 0)
    # Room, before and after the first batch; the same again for the second tries.
    tables = iter((table, table, replace(table, overflows=1)))
    machine = Machine({"10.0.0.2": ("silent", "silent"), "10.0.0.3": ("unreachable",) * 2}, tables)
    made = verified(machine, monkeypatch)
    assert made.untried == len([probe for probe in probes(MAP) if probe.address in {"10.0.0.2", "10.0.0.3"}])
    assert {each.probe.address for each in made.contradictions} == {"10.0.0.4"}


def test_it_waits_for_room_in_the_table_and_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    full = NeighbourTable(40, 40, 40)
    empty = replace(full, used=8)
    machine = Machine({}, iter((full, full, full, empty)), empty)
    assert verified(machine, monkeypatch).untried == 0
    assert machine.sleeps == 2
    never = Machine({}, table=replace(full, used=9))
    assert verified(never, monkeypatch) == Verification(0, (), 9, ("(host)", "a", "b", "c"))
    assert never.sleeps == 150  # two seconds each, and not after five minutes


def test_it_ends_after_five_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    # Each batch has room for a pair of neighbours and more, so the first takes all, and the second tries come too late.
    machine = Machine({}, takes=301.0)
    made = verified(machine, monkeypatch)
    assert (len(machine.tried), made.untried) == (1, len([each for each in probes(MAP) if not each.expected]))


@pytest.mark.parametrize(
    ("nodes", "ports", "count"),
    [(150, 0, 20_000), (141, 3, 20_000), (141, 0, 19_881)],
    ids=["between containers", "from the host", "all"],
)
def test_so_many_connections_are_tried_at_most(nodes: int, ports: int, count: int) -> None:
    published = tuple(Port("80", str(8000 + port)) for port in range(ports))
    addresses = (f"10.0.{number // 200}.{number % 200 + 1}" for number in range(nodes))
    made = Map(
        tuple(MapNode(address, (Attachment("n", address),), published=published) for address in addresses), (), ()
    )
    tried = tuple(probes(made))
    assert len(tried) == count
    assert len(set(tried)) == count
    assert (tried[-1].source == HOST) == (nodes < 150)
