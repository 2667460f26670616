"""Verifies a map with real connections, without filling the table of neighbours, which the whole machine shares."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct

from sealock.model.absent import given
from sealock.model.netmap import HOST, Map
from sealock.netmap.probes import Contradiction, Probe, ProbeResults, contradiction, in_batches, probes
from sealock.runtime.kernel.connections import PATIENCE, try_connections
from sealock.runtime.kernel.neighbours import neighbour_table
from sealock.runtime.kernel.tree import ProcTree

_LONGEST: Final = 300.0
"""Seconds for all batches; what is left then is untried."""
_LESS_LOADED: Final = 3 * PATIENCE
"""Seconds for a second try."""
_LEAST: Final = 32
"""Entries of the table of neighbours that a batch may add at least."""
_PAUSE: Final = 2.0
"""Seconds between looks at a table that is too full."""


class Verification(Struct, frozen=True):
    """How many connections were tried, which contradict the map, and how many could not be tried, from where."""

    tried: int
    contradictions: tuple[Contradiction, ...]
    untried: int
    untried_from: tuple[str, ...] = ()
    """The containers from which they could not be tried."""


def verify(network_map: Map, pids: dict[str, int], report: Callable[[str], None] = lambda _: None) -> Verification:
    """Try the probes of a map from inside the containers' network namespaces, at most five minutes.

    `report` is called before each connection. A connection that contradicts the map is tried again, since it may have
    failed only because the machine was busy.
    """
    tree = ProcTree()
    try:
        return _Prober(tree, network_map, pids, report).verify()
    finally:
        tree.close()


class _Prober:
    """Tries probes batch by batch, and removes what a batch adds to the tables of neighbours."""

    def __init__(self, tree: ProcTree, network_map: Map, pids: dict[str, int], report: Callable[[str], None]) -> None:
        self.tree, self.pids, self.report = tree, pids, report
        self.wanted = tuple(dict.fromkeys(probes(network_map)))
        self.addresses = {
            node.name: tuple(place.ipv4 for place in node.attachments if place.ipv4) for node in network_map.nodes
        }
        self.gateways = tuple(
            gateway for network in network_map.networks for gateway in given(network.gateways, ()) if ":" not in gateway
        )
        self.end = time.monotonic() + _LONGEST

    def verify(self) -> Verification:
        """Try all probes, and those that contradict the map a second time."""
        results = self.results(self.wanted, PATIENCE)
        doubtful = tuple(probe for probe in self.wanted if contradiction(probe, results[probe]) is not None)
        results |= self.results(doubtful, _LESS_LOADED)
        untried = [probe.source for probe, result in results.items() if result == "untried"]
        against = (contradiction(probe, result) for probe, result in results.items())
        return Verification(
            len(results) - len(untried),
            tuple(found for found in against if found is not None),
            len(untried),
            tuple(sorted(set(untried))),
        )

    def results(self, wanted: tuple[Probe, ...], patience: float) -> dict[Probe, ProbeResults]:
        """The results of probes; "untried" for those that a full table would falsify."""
        results: dict[Probe, ProbeResults] = dict.fromkeys(wanted, "untried")
        room = max(neighbour_table(self.tree).room, _LEAST)
        for batch in in_batches(wanted, room):
            while (table := neighbour_table(self.tree)).used + room > table.limit and time.monotonic() < self.end:
                time.sleep(_PAUSE)
            if time.monotonic() >= self.end:
                return results
            tried = self.try_batch(batch, patience)
            overflow = neighbour_table(self.tree).overflows != table.overflows
            results |= {
                probe: "untried" if overflow and result in {"silent", "unreachable"} else result
                for probe, result in tried.items()
            }
        return results

    def try_batch(self, batch: Sequence[Probe], patience: float) -> dict[Probe, ProbeResults]:
        """Try the probes of a batch, and remove the entries of its neighbours."""
        names = dict.fromkeys(name for probe in batch for name in (probe.source, probe.target))
        added = {*self.gateways, *(address for name in names for address in self.addresses.get(name, ()))}
        forget = {pid: tuple(added) for name in (HOST, *names) if (pid := self.pids.get(name))}
        possible = [probe for probe in batch if self.pids.get(probe.source)]
        for probe in possible:
            self.report(f"{probe.source} to {probe.target}")
        targets = [(self.pids[probe.source], probe.address, probe.port) for probe in possible]
        results: dict[Probe, ProbeResults] = dict.fromkeys(batch, "untried")
        return results | dict(zip(possible, try_connections(targets, patience, forget), strict=True))
