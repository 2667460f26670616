"""The directories in which a container looks up programs."""

from __future__ import annotations

from typing import Final

from sealock.model.absent import given
from sealock.model.inventory import FileFact, Inventory

DEFAULT: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def directories(image: Inventory) -> frozenset[str]:
    """The directories of the image's PATH and of the default one, without the leading slash."""
    values = [variable.value or "" for variable in given(image.container.environment, ()) if variable.name == "PATH"]
    return frozenset(
        entry.strip("/") for value in (DEFAULT, *values) for entry in value.split(":") if entry.startswith("/")
    )


def is_on_path(fact: FileFact, path: frozenset[str]) -> bool:
    """Whether write access to the file or directory decides which program a command name starts."""
    if fact.kind == "world-writable":
        return fact.path.rpartition("/")[0] in path
    if fact.path in path:
        return True
    # Write access to a parent directory is enough to replace the directory.
    sticky = fact.mode & 0o1000
    return not sticky and any(not fact.path or directory.startswith(fact.path + "/") for directory in path)
