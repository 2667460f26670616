"""Joins the names of one vulnerability across all feeds, and follows upstream links to their end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

GROUP: Final = 64
"""Most names of one vulnerability. A larger group comes from broken or hostile data and is not joined."""
UPSTREAM: Final = 1000
"""Most upstream vulnerabilities that are collected for one notice."""
STEPS: Final = 2_000_000
"""Most links that are followed in all: Ubuntu's hundred thousand records take a few each."""


def group_aliases(records: Iterable[tuple[str, tuple[str, ...]]]) -> dict[str, tuple[str, ...]]:
    """Map each name to all its other names, CVEs first, by the aliases of the records.

    Aliases are symmetric and transitive. Two CVEs are two vulnerabilities, whatever links them: a record with several
    CVEs links nothing, and a group that would hold several CVEs is left as its records have it.
    """
    parents: dict[str, str] = {}

    def root(name: str) -> str:
        parents.setdefault(name, name)
        while parents[name] != name:
            parents[name] = name = parents[parents[name]]
        return name

    for name, aliases in records:
        if aliases and sum(alias.startswith("CVE-") for alias in (name, *aliases)) <= 1:
            first = root(name)
            for alias in aliases:
                parents[root(alias)] = first
    members: dict[str, list[str]] = {}
    for name in list(parents):
        members.setdefault(root(name), []).append(name)
    others: dict[str, tuple[str, ...]] = {}
    for group in members.values():
        if 1 < len(group) <= GROUP and sum(name.startswith("CVE-") for name in group) <= 1:
            ordered = sorted(group, key=lambda name: (not name.startswith("CVE-"), name))
            for name in ordered:
                others[name] = tuple(other for other in ordered if other != name)
    return others


def close_upstream(upstream: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Give the transitive closure of the upstream links, for each record whose links lead further."""
    closed: dict[str, tuple[str, ...]] = {}
    steps = STEPS
    for name, first in upstream.items():
        if steps <= 0 or not any(link in upstream for link in first):
            continue
        reached = dict.fromkeys(first)
        waiting = list(first)
        while waiting and len(reached) < UPSTREAM:
            further = upstream.get(waiting.pop(), ())
            steps -= 1 + len(further)
            fresh = [link for link in further if link not in reached and link != name]
            reached.update(dict.fromkeys(fresh))
            waiting += fresh
        closed[name] = tuple(reached)
    return closed
