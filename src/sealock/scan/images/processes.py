"""Work shared with child processes, since one interpreter uses one processor. Without children, all of it is done here.

The numbers of the tasks stand in a pipe, from which everybody takes the next one. What a child made of each comes back
pickled, as soon as it is there; what a child did not get done, for whatever reason, is done here in the end.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable
from struct import Struct
from threading import Thread
from typing import Final, TypeVar

T = TypeVar("T")
_FRAME: Final = Struct("<IQ")
"""What stands before each result: its task, and how many bytes it has."""

MOST_CHILDREN: Final = 3
_MOST_TASKS: Final = 8192
"""As many numbers go into a pipe at once on every system."""


def children() -> int:
    """How many may help: none where a copy of this process would not be sound, or has no processor to itself."""
    if not sys.platform.startswith("linux") or threading.active_count() > 1:
        return 0
    return max(0, min(MOST_CHILDREN, len(os.sched_getaffinity(0)) - 1))


def shared(work: Callable[[int], T], tasks: int, helpers: int, meanwhile: Callable[[], None]) -> list[T]:
    """The results of `work(0)` to `work(tasks - 1)`; `meanwhile` is called once the children were made.

    The order in which tasks are taken is theirs: let the long ones come first.
    """
    results: dict[int, T] = {}
    if helpers and 1 < tasks <= _MOST_TASKS:
        _together(work, tasks, min(helpers, tasks - 1), meanwhile, results)
    else:
        meanwhile()
    return [results[task] if task in results else work(task) for task in range(tasks)]


def _together(
    work: Callable[[int], T], tasks: int, helpers: int, meanwhile: Callable[[], None], results: dict[int, T]
) -> None:
    queue, fill = os.pipe()
    os.write(fill, b"".join(task.to_bytes(4, "little") for task in range(tasks)))
    os.close(fill)
    made: list[_Child] = []
    try:
        for _ in range(helpers):
            made.append(_Child(work, queue))  # noqa: PERF401  those that were made must be ended if the next one fails
        for child in made:
            child.listen()
        meanwhile()
        while (task := _next(queue)) is not None:
            results[task] = work(task)
            for child in made:
                results.update(child.arrived())
        for child in made:
            child.wait()
            results.update(child.arrived())
    finally:
        os.close(queue)
        for child in made:
            child.end()


def _next(queue: int) -> int | None:
    taken = os.read(queue, 4)
    return int.from_bytes(taken, "little") if taken else None


class _Child:
    """A copy of this process that takes tasks, and tells what came of each."""

    def __init__(self, work: Callable[[int], T], queue: int) -> None:
        self._inlet, outlet = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            status = 1
            try:
                os.close(self._inlet)
                _labour(work, queue, outlet)
                status = 0
            finally:
                # Whatever happened: nothing that the parent has begun is to be ended here.
                os._exit(status)
        os.close(outlet)
        self._ended = False
        self._told: deque[tuple[int, bytes]] = deque()
        self._thread = Thread(target=self._hear, daemon=True)

    def listen(self) -> None:
        """Begin to take what it tells, so that it need not wait."""
        self._thread.start()

    def _hear(self) -> None:
        held = bytearray()
        while data := os.read(self._inlet, 1 << 20):
            held += data
            while len(held) >= _FRAME.size:
                task, size = _FRAME.unpack_from(held)
                end = _FRAME.size + size
                if len(held) < end:
                    break
                self._told.append((task, bytes(held[_FRAME.size : end])))
                del held[:end]

    def arrived(self) -> dict[int, T]:
        """What it has told since this was last asked."""
        found: dict[int, T] = {}
        while self._told:
            task, data = self._told.popleft()
            found[task] = pickle.loads(data)  # noqa: S301  it comes from this very program
        return found

    def wait(self) -> None:
        """Wait until it has ended; one that failed has told less."""
        self._thread.join()
        self._ended = True
        os.waitpid(self.pid, 0)

    def end(self) -> None:
        """End it, if it did not by itself."""
        if not self._ended:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self._thread.join() if self._thread.ident else None
        os.close(self._inlet)


def _labour(work: Callable[[int], T], queue: int, outlet: int) -> None:
    while (task := _next(queue)) is not None:
        told = pickle.dumps(work(task), pickle.HIGHEST_PROTOCOL)
        data = memoryview(_FRAME.pack(task, len(told)) + told)
        while data:
            data = data[os.write(outlet, data) :]
