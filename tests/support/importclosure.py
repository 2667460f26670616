"""The modules that others import, by their texts: also what a function imports, and only when it is called."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Final

_IMPORT: Final = re.compile(r"^ *from sealock\.?([\w.]*) import \(?([^()]*?)\)?$", re.MULTILINE)


def imported(root: Path, start: Iterable[Path], elsewhere: Collection[Path] = ()) -> set[Path]:
    """These modules of a package and all that they import of it, but what is `elsewhere`, and only from there."""
    left, seen = list(start), set[Path]()
    while left:
        path = left.pop()
        if path in seen or any(is_in(path, part) for part in elsewhere):
            continue
        seen.add(path)
        for module, names in _IMPORT.findall(path.read_text(encoding="utf-8")):
            place = root.joinpath(*module.split("."))
            members = [place / f"{name.strip()}.py" for name in names.split(",")]
            left += [found for found in (place.with_suffix(".py"), place / "__init__.py", *members) if found.exists()]
    return seen


def is_in(path: Path, part: Path) -> bool:
    """Whether a module is this one, or in this package."""
    return path == part or part in path.parents
