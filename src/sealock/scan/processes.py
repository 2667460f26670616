"""Shares work with child processes, since one interpreter uses one CPU. Without children, this process does all of it.

A pipe holds the numbers of the tasks; each process takes the next one. Children send each result pickled when it is
ready; this process does the tasks that a child did not finish.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from struct import Struct
from threading import Thread
from typing import Final, TypeVar

T = TypeVar("T")
_FRAME: Final = Struct("<IQ")
"""The header of a result: its task, and its size in bytes."""

MOST_CHILDREN: Final = 3
_MOST_TASKS: Final = 8192
"""So many numbers fit into a pipe on every system."""


def count_children() -> int:
    """The number of child processes to use: none if this process cannot safely fork, or has only one CPU."""
    if not sys.platform.startswith("linux") or threading.active_count() > 1:
        return 0
    return max(0, min(MOST_CHILDREN, len(os.sched_getaffinity(0)) - 1))


def share(
    work: Callable[[int], T],
    tasks: int,
    helpers: int,
    take: Callable[[int, T], None],
    meanwhile: Callable[[], None] = lambda: None,
) -> None:
    """Do `work(0)` to `work(tasks - 1)`; calls `meanwhile` after the children started.

    Processes take tasks in order: put the long ones first. `take` gets the number and the result of each, in this
    process and as soon as it is there, so that what follows from it need not wait for the last one.
    """
    done: set[int] = set()

    def finish(task: int, result: T) -> None:
        done.add(task)
        take(task, result)

    if helpers and 1 < tasks <= _MOST_TASKS:
        _share(work, tasks, min(helpers, tasks - 1), meanwhile, finish)
    else:
        meanwhile()
    for task in range(tasks):
        if task not in done:
            finish(task, work(task))


def _share(
    work: Callable[[int], T], tasks: int, helpers: int, meanwhile: Callable[[], None], finish: Callable[[int, T], None]
) -> None:
    try:
        queue, fill = os.pipe()
    except OSError:
        meanwhile()
        return  # no room for descriptors: the caller does all of it
    os.write(fill, b"".join(task.to_bytes(4, "little") for task in range(tasks)))
    os.close(fill)
    children: list[_Child] = []
    try:
        _start(children, work, queue, helpers)
        meanwhile()
        while (task := _next(queue)) is not None:
            finish(task, work(task))
            for child in children:
                child.pass_on(finish)
        for child in children:
            child.wait()
            child.pass_on(finish)
    finally:
        os.close(queue)
        for child in children:
            child.end()


def _start(children: list[_Child], work: Callable[[int], T], queue: int, helpers: int) -> None:
    """Start as many children as there is room for: a container may be limited to one process, or one thread."""
    with suppress(OSError):
        for _ in range(helpers):
            children.append(_Child(work, queue))  # noqa: PERF401  if the next one fails, these must be ended
    for child in tuple(children):
        try:
            child.listen()
        except RuntimeError:
            children.remove(child)
            child.end()


def _next(queue: int) -> int | None:
    taken = os.read(queue, 4)
    return int.from_bytes(taken, "little") if taken else None


class _Child:
    """A forked process that takes tasks and sends their results."""

    def __init__(self, work: Callable[[int], T], queue: int) -> None:
        self._inlet, outlet = os.pipe()
        try:
            self.pid = os.fork()
        except OSError:
            os.close(self._inlet)
            os.close(outlet)
            raise
        if not self.pid:
            status = 1
            try:
                os.close(self._inlet)
                _work(work, queue, outlet)
                status = 0
            finally:
                # Skip all cleanup: it belongs to the parent.
                os._exit(status)
        os.close(outlet)
        self._ended = False
        self._received: deque[tuple[int, bytes]] = deque()
        self._thread = Thread(target=self._receive, daemon=True)

    def listen(self) -> None:
        """Start to receive results, so that the child need not wait."""
        self._thread.start()

    def _receive(self) -> None:
        buffer = bytearray()
        while data := os.read(self._inlet, 1 << 16):
            buffer += data
            while len(buffer) >= _FRAME.size:
                task, size = _FRAME.unpack_from(buffer)
                if len(buffer) < (end := _FRAME.size + size):
                    break
                self._received.append((task, bytes(buffer[_FRAME.size : end])))
                del buffer[:end]

    def pass_on(self, finish: Callable[[int, T], None]) -> None:
        """Pass the results since the last call on."""
        while self._received:
            task, data = self._received.popleft()
            finish(task, pickle.loads(data))  # noqa: S301  it comes from this program

    def wait(self) -> None:
        """Wait until it has ended; a failed one sent fewer results."""
        self._thread.join()
        self._ended = True
        os.waitpid(self.pid, 0)

    def end(self) -> None:
        """Kill it if it is still running."""
        if not self._ended:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self._thread.join() if self._thread.ident else None
        os.close(self._inlet)


def _work(work: Callable[[int], T], queue: int, outlet: int) -> None:
    while (task := _next(queue)) is not None:
        result = pickle.dumps(work(task), pickle.HIGHEST_PROTOCOL)
        data = memoryview(_FRAME.pack(task, len(result)) + result)
        while data:
            data = data[os.write(outlet, data) :]
