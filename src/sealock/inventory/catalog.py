"""Finds the analyzers: any module of this package or of its subpackages may hold one. There is no list to extend."""

from __future__ import annotations

from functools import cache

import sealock.inventory
from sealock.inventory.analyzer import Analyzer
from sealock.modules import within


@cache
def analyzers(*, files: bool = True) -> tuple[Analyzer, ...]:
    """Load the analyzers, sorted by name; without `files`, only those that find packages."""
    loaded: list[Analyzer] = []
    for module in within(sealock.inventory, () if files else ("onfiles",)):
        loaded += [
            var()
            for var in vars(module).values()
            if isinstance(var, type)
            and issubclass(var, Analyzer)
            and var.__module__ == module.__name__
            and not var.__abstractmethods__
        ]
    return tuple(sorted(loaded, key=lambda analyzer: analyzer.name))
