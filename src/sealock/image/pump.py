"""Decompresses and hashes in threads, for a forward reader: both release the interpreter's lock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from queue import Empty, Queue
from threading import Thread
from typing import Final

from sealock.image.bytesources import UnreadableError
from sealock.image.header import BLOCK

AHEAD: Final = 6
"""Chunks that wait for the reader."""


class Pumped:
    """The chunks of an iterator, which runs in a thread, as bytes that are read forward in bounded memory.

    Another thread passes each chunk to `tap`, in order.
    """

    def __init__(self, chunks: Iterator[bytes], tap: Callable[[bytes], None] | None = None) -> None:
        self.length = -1
        self.broken = False
        """Whether they ended early."""
        self._buffer, self._at = b"", 0
        self._queue: Queue[bytes | UnreadableError | None] = Queue(AHEAD)
        self._stopped = False
        self._chunks = chunks
        self._tapped: Queue[bytes | None] = Queue(AHEAD)
        self._tapper = Thread(target=self._tap, args=(tap,), daemon=True) if tap else None
        self._thread = Thread(target=self._pump, daemon=True)
        if self._tapper:
            self._tapper.start()
        self._thread.start()

    def _pump(self) -> None:
        last: UnreadableError | None = None
        try:
            for chunk in self._chunks:
                if self._stopped:
                    break
                if self._tapper:
                    self._tapped.put(chunk)
                self._queue.put(chunk)
        except UnreadableError as error:
            last = error
        except Exception as error:  # noqa: BLE001  the reader must get any error
            last = UnreadableError(why=f"it could not be read ({error!r})")
        finally:
            if self._tapper:
                self._tapped.put(None)
            self._queue.put(last)

    def _tap(self, tap: Callable[[bytes], None]) -> None:
        while (chunk := self._tapped.get()) is not None:
            tap(chunk)

    def fetch(self, offset: int, count: int, /) -> bytes:
        """Return bytes from `offset` on, and forget those before."""
        begin = offset - self._at
        buffer = self._buffer
        if begin + count <= len(buffer):
            return buffer[begin : begin + count]
        while begin >= len(buffer) and self.length < 0:
            self._at += len(buffer)
            begin -= len(buffer)
            self._buffer = buffer = self._next()
        if begin + count > len(buffer) and self.length < 0:
            parts = [buffer[begin:]]
            self._at, begin, have = offset, 0, len(parts[0])
            while have < count and self.length < 0:
                parts.append(self._next(offset + have))
                have += len(parts[-1])
            self._buffer = buffer = b"".join(parts)
        return buffer[begin : begin + count]

    def window(self, offset: int, /) -> tuple[bytes, int]:
        """Return the chunk around an offset."""
        self.fetch(offset, BLOCK)
        return self._buffer, self._at

    def _next(self, end: int | None = None) -> bytes:
        """Wait for the next chunk; b"" at the end, which sets `length`."""
        chunk = self._queue.get()
        if isinstance(chunk, bytes):
            return chunk
        self.length = self._at if end is None else end
        if chunk is not None:
            self.broken = True
            self._buffer = b""  # what is in it comes before the bytes that are asked for
            raise chunk
        return b""

    def drain(self) -> None:
        """Read to the end, so that `tap` gets all chunks."""
        self._at += len(self._buffer)
        self._buffer = b""
        while self.length < 0:
            self._at += len(self._next())
        self._join()

    def close(self) -> None:
        """Stop the threads and drop the rest."""
        self._stopped = True
        # From an empty queue on, what the thread still puts in finds room: a chunk and the end.
        with suppress(Empty):
            while self._thread.is_alive():
                self._queue.get(timeout=0.05)
        self._join()

    def _join(self) -> None:
        self._thread.join()
        if self._tapper:
            self._tapper.join()
