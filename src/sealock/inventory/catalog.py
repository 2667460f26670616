"""Finds the analyzers: every module of this folder and of those below it may hold one. There is no list to extend."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import walk_packages

import sealock.inventory
from sealock.inventory.analyzer import Analyzer


@cache
def analyzers() -> tuple[Analyzer, ...]:
    """Load every analyzer, by name."""
    found: list[Analyzer] = []
    for module in walk_packages(sealock.inventory.__path__, f"{sealock.inventory.__name__}."):
        names = vars(import_module(module.name))
        found += [
            one()
            for one in names.values()
            if isinstance(one, type)
            and issubclass(one, Analyzer)
            and one.__module__ == module.name
            and not one.__abstractmethods__
        ]
    return tuple(sorted(found, key=lambda analyzer: analyzer.name))
