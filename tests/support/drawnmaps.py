"""A map of who reaches whom, as lines."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from typing import Final

from sealock.model.netmap import HOST, OUTSIDE, Map
from sealock.netmap import explain
from sealock.netmap.probes import probes
from support.shownvalues import show

_NODES: Final = 2
"""Nodes whose ways are explained."""


def drawn(made: Map) -> Iterator[str]:
    """Its edges, remarks and probes, and why the first nodes reach each other or do not."""
    yield from map(show, (*made.edges, *made.remarks))
    names = (HOST, OUTSIDE, *(node.name for node in made.nodes[:_NODES]), "nobody")
    for source, target in permutations(names, 2):
        reached, why = explain(made, source, target)
        yield f"{source} {'reaches' if reached else 'does not reach'} {target}: {why}"
    yield from map(show, probes(made))
