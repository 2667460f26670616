"""A container of a file as a `docker run`, so that it can be tried, and what was found as changes of the file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from sealock.errors import FormatError, TargetError
from sealock.model.absent import Absent, given
from sealock.model.change import Add, FieldChange, Remove, Set, Swap
from sealock.model.container import FIELDS, Container
from sealock.scan.hardening import HardenedRun
from sealock.scan.runline import EditableRun

_PROJECTS_OWN: Final = frozenset({"networks", "links", "volumes_from", "hooks", "secrets", "pod_volumes"})
"""What refers to other things of the file, which are not there in a trial."""
_WITHOUT_EFFECT: Final = frozenset({"name", "image", "entrypoint", "command", "restart", "auto_remove", "detach"})
"""What a trial sets in its own way, and what is written here apart."""


def run_of(client: str, asked: Container, directory: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The words that run a container, and what they lack of it, with reasons. Paths count from the file's directory.

    TargetError for a container without an image.
    """
    if not isinstance(asked.image, str):
        message = "the file names no image for this container, so it cannot be tried: build it, and add its name"
        raise TargetError(message)
    entrypoint, command = given(asked.entrypoint, ()), given(asked.command, ())
    line = EditableRun((client, "run", asked.image, *entrypoint[1:], *command))
    if entrypoint:
        line.apply((Set("entrypoint", entrypoint[:1]),))
    left: list[str] = []
    for field in FIELDS:
        value = getattr(asked, field)
        if field in _WITHOUT_EFFECT or isinstance(value, Absent) or value == ():
            continue
        if field in _PROJECTS_OWN or (field == "network_mode" and ":" in str(value)):
            left.append(f"{field.replace('_', ' ')}: it belongs to the other containers of the file")
            continue
        try:
            line.apply((Set(field, _from_here(field, value, directory)),))
        except FormatError as error:
            left.append(f"{field.replace('_', ' ')}: {error}")
    return line.words, tuple(left)


def _from_here(field: str, value: object, directory: str) -> object:
    """A value whose relative paths are absolute."""
    if field == "mounts" and isinstance(value, tuple):
        return tuple(
            replace(mount, source=str(Path(directory, mount.source)))
            if mount.kind == "bind" and mount.source and not mount.source.startswith(("/", "~"))
            else mount
            for mount in value
        )
    if field == "env_files" and isinstance(value, tuple):
        return tuple(str(Path(directory, path)) for path in value)
    return value


def differences(found: HardenedRun) -> Iterator[FieldChange]:
    """The changes that make of the container as it was asked for the hardened one."""
    for field in FIELDS:
        old, new = getattr(found.asked, field), getattr(found.container, field)
        if old == new or isinstance(new, Absent):
            continue
        if not isinstance(new, tuple):
            yield Set(field, new)
            continue
        before = given(old, ())
        gone, came = [item for item in before if item not in new], [item for item in new if item not in before]
        yield from (Swap(field, item, other) for item, other in zip(gone, came, strict=False))
        yield from (Add(field, item) for item in came[len(gone) :])
        yield from (Remove(field, item) for item in gone[len(came) :])
