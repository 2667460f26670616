"""Streams of many bytes, carried by a thread each while they last.

An engine writes a stream in pieces of 32 KiB. To be woken for each by the event loop costs more than to carry it, so a
stream that proves to be heavy goes to a thread, which takes several pieces at once, and comes back when it pauses.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import select
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final

HEAVY: Final = 4 << 20
"""Bytes after which a stream goes to a thread."""
_THREADS: Final = 32
"""Most streams in threads; others stay in the event loop."""
_PIPE: Final = 1 << 20
"""Bytes of the pipe that data passes through; less where the kernel allows less."""
_GATHER: Final = 0.0001
"""Seconds in which an engine writes several pieces; the kernel adds half as much. A socket is full after 0.4 ms."""
_SMALL: Final = 160 << 10
"""Bytes: after fewer it is worth to wait for more; a socket's buffer has about 200 KiB."""
_PAUSE: Final = 100
"""Milliseconds without a byte, after which a stream goes back to the event loop."""

_threads: ThreadPoolExecutor | None = None
_busy = 0


class Pipe:
    """A pipe that the kernel moves bytes through; OSError where there are no descriptors for it."""

    def __init__(self) -> None:
        self._outlet, self._inlet = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self.filled = 0
        """Bytes in the pipe."""
        with suppress(OSError):
            fcntl.fcntl(self._inlet, fcntl.F_SETPIPE_SZ, _PIPE)

    def take(self, source: int, left: int) -> int:
        """Move bytes into the pipe, at most `left` unless that is -2; 0 at the end of the source."""
        count = os.splice(source, self._inlet, _PIPE if left == -2 else min(left, _PIPE))
        self.filled += count
        return count

    def give(self, target: int) -> None:
        """Move bytes out of the pipe, as many as the target takes."""
        self.filled -= os.splice(self._outlet, target, self.filled)

    def close(self) -> None:
        """Close it, with what is in it."""
        os.close(self._outlet)
        os.close(self._inlet)


class _Carriage:
    """A stream in a thread. `stop` ends it from outside within a tenth of a second."""

    def __init__(self, pipe: Pipe, source: int, target: int, left: int) -> None:
        self.pipe, self.source, self.target, self.left = pipe, source, target, left
        self.stop = False

    def run(self) -> bool:
        """Carry until the stream pauses or all is carried; returns whether the source ended."""
        readable, writable = select.poll(), select.poll()
        readable.register(self.source, select.POLLIN)
        writable.register(self.target, select.POLLOUT)
        small = False
        while self.left and not self.stop:
            if small:
                time.sleep(_GATHER)
            try:
                count = self.pipe.take(self.source, self.left)
            except BlockingIOError:
                if not readable.poll(_PAUSE):
                    return False
                small = True
                continue
            if not count:
                return True
            small = count < _SMALL
            self.left -= count if self.left != -2 else 0
            while self.pipe.filled and not self.stop:
                try:
                    self.pipe.give(self.target)
                except BlockingIOError:
                    writable.poll(_PAUSE)
        return False


async def in_thread(pipe: Pipe, source: socket.socket, target: socket.socket, left: int) -> tuple[int, bool]:
    """Carry a stream in a thread until it pauses or all is carried; returns what is left, and whether its source ended.

    `left` is -2 for all until the end. Where all threads are busy it returns at once.
    """
    global _threads, _busy  # noqa: PLW0603  the threads are made for the first heavy stream
    if _busy >= _THREADS:
        return left, False
    if _threads is None:
        _threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="guard-stream")
    # The sockets may be closed, and their numbers given to others, before the thread looks again.
    descriptors = os.dup(source.fileno()), os.dup(target.fileno())
    carriage = _Carriage(pipe, *descriptors, left)
    _busy += 1
    future = asyncio.get_running_loop().run_in_executor(_threads, carriage.run)
    try:
        ended = await asyncio.shield(future)
    finally:
        carriage.stop = True
        with suppress(OSError, asyncio.CancelledError):
            await future
        _busy -= 1
        for descriptor in descriptors:
            os.close(descriptor)
    return carriage.left, ended
