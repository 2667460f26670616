"""Finds the modules of a package. pkgutil does so too, and loads inspect for it, which costs each start 6 ms."""

from __future__ import annotations

import os
from collections.abc import Collection
from importlib import import_module
from types import ModuleType


def within(package: ModuleType, without: Collection[str] = ()) -> list[ModuleType]:
    """Load the modules of a package and of the packages below it, in the order of their names, but those named.

    Those whose names begin with an underscore help the others, and are left to them: not all of them are needed.
    """
    found: list[ModuleType] = []
    for folder in package.__path__:
        try:
            names = [_name(folder, entry) for entry in sorted(os.listdir(folder))]
        except OSError:
            # It lies in an archive.
            from pkgutil import iter_modules  # noqa: PLC0415  as above

            names = [iter_module.name for iter_module in iter_modules([folder])]
        for name in names:
            if not name or name.startswith("_") or name in without:
                continue
            module = import_module(f"{package.__name__}.{name}")
            found.append(module)
            if hasattr(module, "__path__"):
                found += within(module, without)
    return found


def _name(folder: str, entry: str) -> str:
    """The module that a folder's entry is, "" for none."""
    if entry.endswith(".py"):
        return "" if entry == "__init__.py" else entry.removesuffix(".py")
    return entry if os.path.isfile(os.path.join(folder, entry, "__init__.py")) else ""
