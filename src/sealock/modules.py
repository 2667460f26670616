"""Finds the modules of a package, and loads a module when it is first used.

pkgutil finds them too, and loads inspect for it, which costs each start 6 ms.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from importlib import import_module
from types import ModuleType


class LazyModule:
    """A module that is loaded when one of its names is first looked up: what costs a start much, and is used by few."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> object:
        """Look the name up in the module; the next time it is here."""
        value: object = getattr(import_module(self._name), name)
        setattr(self, name, value)
        return value


def within(package: ModuleType, without: Collection[str] = ()) -> list[ModuleType]:
    """Load the modules of a package and of its subpackages in the order of their names, except those in `without`.

    Modules whose names start with an underscore are helpers; the others import them where they need them.
    """
    modules: list[ModuleType] = []
    for directory in package.__path__:
        try:
            names = [_name(directory, entry) for entry in sorted(os.listdir(directory))]
        except OSError:
            # The package is in an archive.
            from pkgutil import iter_modules  # noqa: PLC0415  it loads inspect, as the module's docstring says

            names = [module.name for module in iter_modules([directory])]
        for name in names:
            if not name or name.startswith("_") or name in without:
                continue
            module = import_module(f"{package.__name__}.{name}")
            modules.append(module)
            if hasattr(module, "__path__"):
                modules += within(module, without)
    return modules


def _name(directory: str, entry: str) -> str:
    """The module that a directory entry is, "" for none."""
    if entry.endswith(".py"):
        return "" if entry == "__init__.py" else entry.removesuffix(".py")
    return entry if os.path.isfile(os.path.join(directory, entry, "__init__.py")) else ""
