"""Names of one flaw, brought together over all feeds; flaws that are passed on, followed to their beginning."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

GROUP: Final = 64
"""Names of one flaw at the most. More come from broken or hostile data, and are not brought together."""
UPSTREAM: Final = 1000
"""Flaws that one notice passes on before no more are looked for."""
STEPS: Final = 2_000_000
"""Links that are followed in all: Ubuntu's hundred thousand records take a few each."""


def groups(records: Iterable[tuple[str, tuple[str, ...]]]) -> dict[str, tuple[str, ...]]:
    """For each name that has others: all of them, CVEs first, by what records say of their aliases.

    Aliases hold both ways and from one to the next. Two CVEs are two flaws, whatever links them: a record with several
    links nothing, and a group that would have several is left as its records have it.
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
    found: dict[str, tuple[str, ...]] = {}
    for group in members.values():
        if 1 < len(group) <= GROUP and sum(one.startswith("CVE-") for one in group) <= 1:
            ordered = sorted(group, key=lambda one: (not one.startswith("CVE-"), one))
            for name in ordered:
                found[name] = tuple(one for one in ordered if one != name)
    return found


def passed_on(upstream: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """For each record that passes flaws on: those, and what they in turn pass on. One way, and never in circles."""
    found: dict[str, tuple[str, ...]] = {}
    steps = STEPS
    for name, first in upstream.items():
        if steps <= 0 or not any(one in upstream for one in first):
            continue
        seen = dict.fromkeys(first)
        waiting = list(first)
        while waiting and len(seen) < UPSTREAM:
            further = upstream.get(waiting.pop(), ())
            steps -= 1 + len(further)
            fresh = [one for one in further if one not in seen and one != name]
            seen.update(dict.fromkeys(fresh))
            waiting += fresh
        found[name] = tuple(seen)
    return found
