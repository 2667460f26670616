"""Reads the layers of an image with several processes: uncompressed ones in pieces, compressed ones whole."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from importlib import import_module
from mmap import mmap
from typing import Final

from msgspec import Struct

from sealock.image.digests import DigestOutcome, StretchHash
from sealock.image.entry import LayerSource
from sealock.image.header import MOST
from sealock.image.layers import Piece, TarLayer
from sealock.inventory.facts import LayerFacts
from sealock.inventory.pieces import PieceFacts
from sealock.inventory.scan import at_written_paths, join, scan_layer, scan_piece
from sealock.inventory.selection import Selection
from sealock.scan import processes

WORTH: Final = 32 << 20
"""Stored bytes from which on more processes pay off: less is read before they have started."""
SPACING: Final = 12 << 20
"""Approximate bytes of a piece: small enough that no process waits long for another's last one."""
THREADS: Final = 2
"""Layers to read in parallel threads if processes are not possible: more would only wait and use memory."""


class _TaskResult(Struct):
    """The facts of a layer or a piece. `ended` is where the next piece must begin, `by` the process id."""

    facts: PieceFacts
    errors: list[str]
    ended: int = -1
    outcome: DigestOutcome | None = None
    by: int = 0


class _Task(Struct, frozen=True):
    """A layer to read, or a piece of it."""

    layer: TarLayer
    selection: Selection
    piece: Piece | None = None

    def __call__(self) -> _TaskResult:
        """Read it."""
        if self.piece:
            return _read(self.piece, self.selection)
        facts = scan_piece(self.layer.entries(), self.selection)
        return _TaskResult(facts, self.layer.messages(), outcome=self.layer.outcome(), by=os.getpid())


class _HashTask(Struct, frozen=True):
    """A digest of a layer's stored bytes to verify."""

    layer: TarLayer
    digest: str

    def __call__(self) -> StretchHash:
        """Hash them."""
        return self.layer.hash_stored(self.digest)


class _Tally:
    """What was read so far, in memory that processes share. Only one process writes each number."""

    def __init__(self, tasks: int, most: int) -> None:
        self._counts = memoryview(mmap(-1, 8 * max(1, tasks))).cast("Q")
        self._most = most

    def note(self, task: int, cost: int) -> None:
        """Set the cost of a task."""
        self._counts[task] = cost

    def is_over(self) -> bool:
        """Whether the limit is exceeded: the rest need not be read."""
        return sum(self._counts) > self._most


def read_layers(
    sources: Sequence[LayerSource],
    selection: Selection,
    most: int,
    progress: Callable[[LayerSource], None],
    meanwhile: Callable[[], None] = lambda: None,
) -> list[LayerFacts] | None:
    """Read each layer independently of the others; None if all together exceed `most` entries.

    `meanwhile` starts threads for other work during the reading.
    """
    if not sources:
        meanwhile()
        return []
    layers = [source for source in sources if isinstance(source, TarLayer)]
    for layer in layers:
        layer.start_counting(parallel=True)
    stored = [layer for layer in layers if layer.stretch is not None]
    total = sum(layer.layer.size for layer in stored)
    if processes.count_children() and len(stored) == len(sources) and total >= WORTH:
        return _shared(stored, selection, most, progress, meanwhile)
    meanwhile()
    return _in_threads(sources, selection, most, progress)


def read_in_order(
    sources: Sequence[LayerSource], selection: Selection, most: int, progress: Callable[[LayerSource], None]
) -> list[LayerFacts]:
    """Read the layers in order up to `most` entries or facts in all; the rest is skipped."""
    for source in sources:
        if isinstance(source, TarLayer):
            source.start_counting(parallel=False)
    layers: list[LayerFacts] = []
    for source in sources:
        progress(source)
        layers.append(scan_layer(source, selection, max(0, most)))
        most -= layers[-1].cost
    return layers


def _in_threads(
    sources: Sequence[LayerSource], selection: Selection, most: int, progress: Callable[[LayerSource], None]
) -> list[LayerFacts] | None:
    """Read layers in threads: decompressing, hashing and the network run in parallel with another layer."""
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
        layers = list(pool.map(scan, range(len(sources))))
    return None if tally.is_over() else [facts for facts in layers if facts is not None]


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
    in_pieces = [of_layer[0].layer for of_layer in tasks if of_layer[0].piece]
    # What takes longest comes first: to hash a layer, which no process can share with another, and to read a whole one.
    hashes = [_HashTask(layer, digest) for layer in in_pieces for digest in layer.begin_verifying()]
    reads = sorted(
        (task for of_layer in tasks for task in of_layer),
        key=lambda task: (task.piece is not None, -task.layer.layer.size),
    )
    order: list[_HashTask | _Task] = [*sorted(hashes, key=lambda task: -task.layer.layer.size), *reads]
    place = {id(task): at for at, of_layer in enumerate(tasks) for task in of_layer}
    done: list[dict[int, _TaskResult]] = [{} for _ in layers]
    """The results of each layer's tasks so far, by what `id` gives for the task."""
    joined: dict[int, LayerFacts] = {}
    tally = _Tally(len(order), most)

    def work(at: int) -> _TaskResult | StretchHash | None:
        task = order[at]
        if isinstance(task, _HashTask):
            return task()
        if tally.is_over():
            return None
        progress(task.layer)
        done = task()
        tally.note(at, done.facts.cost)
        return done

    def begin() -> None:
        # Threads start after the fork: child processes would not have them.
        meanwhile()
        _load_what_follows()

    def take(at: int, result: _TaskResult | StretchHash | None) -> None:
        task = order[at]
        if isinstance(task, _HashTask):
            task.layer.conclude(task.digest, result if isinstance(result, StretchHash) else StretchHash())
        if not isinstance(result, _TaskResult):
            return
        layer = place[id(task)]
        results, of_layer = done[layer], tasks[layer]
        results[id(task)] = result
        if len(results) == len(of_layer):
            # The other processes go on reading meanwhile.
            joined[layer] = _join_pieces(
                layers[layer], [(task.piece, results.pop(id(task))) for task in of_layer], selection
            )

    processes.share(work, len(order), processes.count_children(), take, begin)
    return None if tally.is_over() else [joined[layer] for layer in range(len(layers))]


def _load_what_follows() -> None:
    """Load what is needed once the layers are read: other processes read already, and would wait for it at the end."""
    for module in ("sealock.inventory.links", "sealock.inventory.merge", "sealock.scan.images.documents"):
        import_module(module)


def _join_pieces(
    layer: TarLayer, parts: Sequence[tuple[Piece | None, _TaskResult]], selection: Selection
) -> LayerFacts:
    """Join the pieces of a layer. A piece that does not begin where the previous one ended was a wrong guess."""
    first, whole = parts[0]
    if first is None:
        if whole.by != os.getpid():
            layer.forget(whole.errors)
            layer.take(whole.outcome)
        return at_written_paths(join([whole.facts], selection), layer, selection)
    by_start = {piece.start: done for piece, done in parts if piece}
    fitting: list[_TaskResult] = []
    at = 0
    while at >= 0:
        done = by_start.get(at) or _read(
            first.at(at, min(start for start in [*by_start, MOST] if start > at)), selection
        )
        fitting.append(done)
        at = done.ended
    layer.forget(error for done in fitting for error in done.errors)
    return at_written_paths(join([done.facts for done in fitting], selection), layer, selection)


def _read(piece: Piece, selection: Selection) -> _TaskResult:
    facts = scan_piece(piece.entries(), selection)
    return _TaskResult(facts, piece.errors, piece.ended)
