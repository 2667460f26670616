"""Reads the layers of an image by several processes: plain ones in pieces, compressed ones whole."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from mmap import mmap
from typing import Final

from msgspec import Struct

from sealock.image.digests import DigestOutcome
from sealock.image.entry import LayerSource
from sealock.image.header import MOST
from sealock.image.layers import Piece, TarLayer
from sealock.inventory.facts import LayerFacts
from sealock.inventory.scan import PieceFacts, joined, scan_layer, scan_piece
from sealock.inventory.selection import Selection
from sealock.scan.images import processes

WORTH: Final = 32 << 20
"""Stored bytes from which on other processes help: less is read before they are made."""
SPACING: Final = 12 << 20
"""Bytes of a piece, or thereabouts: small enough that no process waits long for the last one of another."""
THREADS: Final = 2
"""Layers that are read at the same time where processes cannot: more would only wait, and take memory."""


class _Done(Struct):
    """What a layer or a piece of one came to. `ended` is where the next piece is to begin, `by` the process."""

    facts: PieceFacts
    errors: list[str]
    ended: int = -1
    outcome: DigestOutcome | None = None
    by: int = 0


class _Task(Struct, frozen=True):
    """A layer to be read, or a piece of it."""

    layer: TarLayer
    selection: Selection
    piece: Piece | None = None

    def __call__(self) -> _Done:
        """Read it."""
        if self.piece:
            return _read(self.piece, self.selection)
        facts = scan_piece(self.layer.entries(), self.selection)
        return _Done(facts, self.layer.messages(), outcome=self.layer.outcome(), by=os.getpid())


class _Tally:
    """What was read so far, in memory that processes share. Each number is written by one of them alone."""

    def __init__(self, tasks: int, most: int) -> None:
        self._counts = memoryview(mmap(-1, 8 * max(1, tasks))).cast("Q")
        self._most = most

    def note(self, task: int, cost: int) -> None:
        """Note what a task took."""
        self._counts[task] = cost

    def is_over(self) -> bool:
        """Whether that is more than all may take: what is left need not be read."""
        return sum(self._counts) > self._most


def read_layers(
    sources: Sequence[LayerSource],
    selection: Selection,
    most: int,
    progress: Callable[[LayerSource], None],
    meanwhile: Callable[[], None] = lambda: None,
) -> list[LayerFacts] | None:
    """What each layer holds by itself, whatever is in the others; None where all take more than `most` entries may.

    `meanwhile` begins what else is to be done at the same time, in threads.
    """
    if not sources:
        meanwhile()
        return []
    layers = [source for source in sources if isinstance(source, TarLayer)]
    for layer in layers:
        layer.start_counting(parallel=True)
    stored = [layer for layer in layers if layer.stretch is not None]
    if processes.children() and len(stored) == len(sources) and sum(layer.layer.size for layer in stored) >= WORTH:
        return _shared(stored, selection, most, progress, meanwhile)
    meanwhile()
    return _in_threads(sources, selection, most, progress)


def read_in_order(
    sources: Sequence[LayerSource], selection: Selection, most: int, progress: Callable[[LayerSource], None]
) -> list[LayerFacts]:
    """What each layer holds where all together have too many entries or facts: the last ones are left out."""
    for source in sources:
        if isinstance(source, TarLayer):
            source.start_counting(parallel=False)
    found: list[LayerFacts] = []
    for source in sources:
        progress(source)
        found.append(scan_layer(source, selection, max(0, most)))
        most -= found[-1].cost
    return found


def _in_threads(
    sources: Sequence[LayerSource], selection: Selection, most: int, progress: Callable[[LayerSource], None]
) -> list[LayerFacts] | None:
    """Read layers here. Inflating, hashing and waiting for a network go on beside another layer's walk."""
    if len(sources) < 2:
        progress(sources[0])
        return [scan_layer(sources[0], selection)]
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  takes 15 ms

    tally = _Tally(len(sources), most)

    def scan(at: int) -> LayerFacts | None:
        if tally.is_over():
            return None
        progress(sources[at])
        facts = scan_layer(sources[at], selection)
        tally.note(at, facts.cost)
        return facts

    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(scan, range(len(sources))))
    return None if tally.is_over() else [facts for facts in found if facts is not None]


def _shared(
    layers: Sequence[TarLayer],
    selection: Selection,
    most: int,
    progress: Callable[[LayerSource], None],
    meanwhile: Callable[[], None],
) -> list[LayerFacts] | None:
    tasks = [
        [_Task(layer, selection, piece) for piece in layer.pieces(SPACING)] or [_Task(layer, selection)]
        for layer in layers
    ]
    # Whole layers take longest, and the largest most of all: they come first.
    order = sorted(
        (task for of_layer in tasks for task in of_layer),
        key=lambda task: (task.piece is not None, -task.layer.layer.size),
    )
    number = {id(task): at for at, task in enumerate(order)}
    tally = _Tally(len(order), most)

    def work(at: int) -> _Done | None:
        if tally.is_over():
            return None
        progress(order[at].layer)
        done = order[at]()
        tally.note(at, done.facts.cost)
        return done

    def begin() -> None:
        # Threads are begun when the other processes are made: they would not be in the copies.
        meanwhile()
        for of_layer in tasks:
            if of_layer[0].piece:
                of_layer[0].layer.verify()

    found = processes.shared(work, len(order), processes.children(), begin)
    if tally.is_over():
        return None
    done = [one for one in found if one is not None]
    return [
        _put_together(layer, [(task.piece, done[number[id(task)]]) for task in of_layer], selection)
        for layer, of_layer in zip(layers, tasks, strict=True)
    ]


def _put_together(layer: TarLayer, parts: Sequence[tuple[Piece | None, _Done]], selection: Selection) -> LayerFacts:
    """What a layer holds. A piece that does not begin where the one before it ended was a wrong guess."""
    first, whole = parts[0]
    if first is None:
        if whole.by != os.getpid():
            layer.forget(whole.errors)
            layer.take(whole.outcome)
        return joined([whole.facts], selection)
    by_start = {piece.start: done for piece, done in parts if piece}
    fitting: list[_Done] = []
    at = 0
    while at >= 0:
        done = by_start.get(at) or _read(
            first.at(at, min(start for start in [*by_start, MOST] if start > at)), selection
        )
        fitting.append(done)
        at = done.ended
    layer.forget(error for done in fitting for error in done.errors)
    return joined([done.facts for done in fitting], selection)


def _read(piece: Piece, selection: Selection) -> _Done:
    facts = scan_piece(piece.entries(), selection)
    return _Done(facts, piece.errors, piece.ended)
