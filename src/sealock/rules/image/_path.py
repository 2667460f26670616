"""The folders that a container's programs are looked for in."""

from __future__ import annotations

from typing import Final

from sealock.model.absent import given
from sealock.model.inventory import FileFact, Inventory

DEFAULT: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def folders(image: Inventory) -> frozenset[str]:
    """The folders of the image's PATH and of the usual one, without the slash at the front."""
    told = [one.value or "" for one in given(image.container.environment, ()) if one.name == "PATH"]
    return frozenset(
        entry.strip("/") for value in (DEFAULT, *told) for entry in value.split(":") if entry.startswith("/")
    )


def is_on_path(fact: FileFact, path: frozenset[str]) -> bool:
    """Whether who writes to the file or folder may choose what a command's name starts."""
    if fact.kind == "world-writable":
        return fact.path.rpartition("/")[0] in path
    if fact.path in path:
        return True
    # Who may rename what is in the folder above may put another in its place.
    sticky = fact.mode & 0o1000
    return not sticky and any(not fact.path or folder.startswith(fact.path + "/") for folder in path)
