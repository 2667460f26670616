"""Units of Quadlet in a directory: which files are drop-ins of a unit that a walk reads."""

from __future__ import annotations

import os
from typing import Final

from sealock.patterns import compile_lazily

_DIRECTORY: Final = compile_lazily(r"(?:.*\.)?(?:container|pod|kube|image|build|volume|network)\.d")


def is_drop_in(path: str) -> bool:
    """Whether the name of a file and its directory are those of a drop-in."""
    if not path.endswith(".conf"):
        return False
    return _DIRECTORY.fullmatch(os.path.basename(os.path.dirname(path))) is not None


def is_merged(path: str) -> bool:
    """Whether a unit beside a drop-in's directory is read with it: one that is no link."""
    directory = os.path.dirname(path)
    name = os.path.basename(directory).removesuffix(".d")
    stem, dot, ending = name.rpartition(".")
    above = os.path.dirname(directory) or "."
    if dot and not stem.endswith(("-", "@")):
        return _is_unit(os.path.join(above, name))
    try:
        names = os.listdir(above)
    except OSError:
        return False
    start = stem.removesuffix("@")
    return any(
        other.endswith(f".{ending}") and other.startswith(start) and _is_unit(os.path.join(above, other))
        for other in names
    )


def _is_unit(path: str) -> bool:
    """Whether a walk reads a unit: it follows no link."""
    return os.path.isfile(path) and not os.path.islink(path)
