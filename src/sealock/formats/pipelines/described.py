"""A container as a pipeline describes it, and a CI system as the way to find its containers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from sealock.formats.kubernetes.manifest import ManifestValue
from sealock.formats.optionkeys.table import OptionKey
from sealock.formats.yamltree import Scalar

Table: TypeAlias = tuple[OptionKey, ...]


class CiContainer(Struct, frozen=True):
    """A container of a pipeline: its name, the value that describes it, and the scalar that names its image.

    `more` are values that add to it, such as a job's variables, each with its table.
    """

    name: str
    value: ManifestValue
    image: ManifestValue | None
    table: Table = ()
    prefix: str = ""
    more: tuple[tuple[ManifestValue, Table], ...] = ()
    says: tuple[str, ...] | None = None
    """The fields that it can set; None for all that the system's containers can."""
    volumes: Mapping[str, str] = {}
    """The volumes that a pipeline declares, by their names: the start of an option `--mount`."""


class CiSystem(Struct, frozen=True):
    """A CI system: how to find its containers, what it fills in, and which fields it can set.

    `repeats` says that a mapping may have a key twice: the last one counts.
    """

    name: str
    path: re.Pattern[str]
    find: Callable[[ManifestValue], Iterator[CiContainer]]
    open: re.Pattern[str]
    says: tuple[str, ...]
    silent: str
    repeats: bool = False


def named(name: str, value: ManifestValue | None, key: str, table: Table, **more: object) -> Iterator[CiContainer]:
    """A container whose value is its image, or a mapping with the image under a key."""
    if value is None:
        return
    image = value.at(key) if value.is_mapping else value
    if image is not None and isinstance(image.node, Scalar):
        yield CiContainer(name, value, image, table, **more)  # type: ignore[arg-type]


def sharing(containers: Iterable[CiContainer], value: ManifestValue, table: Table) -> Iterator[CiContainer]:
    """The containers, with what a value sets for all of them: read with the first, so that it is reported once."""
    more: tuple[tuple[ManifestValue, Table], ...] = ((value, table),)
    for described in containers:
        yield replace(described, more=(*more, *described.more))
        more = ()


def entries(value: ManifestValue | None) -> Iterator[tuple[str, ManifestValue]]:
    """The names and values of a mapping; nothing of anything else."""
    if value is not None:
        yield from value.entries.items()


def items(value: ManifestValue | None) -> tuple[ManifestValue, ...]:
    """The items of a list; none of anything else."""
    return value.items if value is not None else ()
