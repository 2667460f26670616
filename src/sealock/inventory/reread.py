"""Files of a layer that are scanned again under the paths of the links that lead to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from sealock.image.entry import EntryKind, LayerEntry, LayerSource
from sealock.image.writtenpaths import ResolvedEntries
from sealock.model.finding import InputError
from sealock.model.inventory import Layer

_WITH_BYTES: Final[frozenset[EntryKind]] = frozenset({"file", "device", "pipe"})
"""What a link may lead to in the end; all but files are errors."""


class Reread(Struct):
    """Files of a layer that are scanned again: the other paths of each, and those of them that no container sees.

    What is known of `replaced` files holds for their other paths, since no container sees their own.
    """

    names: dict[str, list[str]]
    hidden: set[str]
    replaced: set[str]


class RereadLayer:
    """A layer of only those files, under their other paths."""

    def __init__(self, source: LayerSource, reread: Reread) -> None:
        self._source, self._names = source, reread.names

    @property
    def layer(self) -> Layer:
        """The layer with the bytes."""
        return self._source.layer

    @property
    def errors(self) -> tuple[InputError, ...]:
        """The errors of that layer."""
        return self._source.errors

    def entries(self) -> Iterator[LayerEntry]:
        """Yield each file once for each of its paths."""
        names = self._names
        for entry in ResolvedEntries(self._source.entries()):
            if entry.path in names and entry.kind in _WITH_BYTES:
                for path in names[entry.path]:
                    entry.path = path
                    yield entry
