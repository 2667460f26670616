"""What many lock files have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec.structs import replace

from sealock.model.inventory import Package


def unique(packages: Iterable[Package]) -> Iterable[Package]:
    """Each package once; it is for development alone if every mention of it is."""
    found: dict[tuple[object, ...], Package] = {}
    for package in packages:
        key = (package.namespace, package.name, package.version, package.qualifiers)
        first = found.get(key)
        if first is None or (first.development and not package.development):
            found[key] = replace(first, development=False) if first else package
    return found.values()


def reachable(roots: Iterable[str], edges: Callable[[str], Iterable[str]]) -> set[str]:
    """All that the roots need, and they themselves."""
    seen: set[str] = set()
    waiting = list(roots)
    while waiting:
        one = waiting.pop()
        if one not in seen:
            seen.add(one)
            waiting.extend(edges(one))
    return seen
