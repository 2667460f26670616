"""Plain bytes made in threads of their own, and read forward: inflating and hashing release the interpreter's lock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from queue import Empty, Queue
from threading import Thread
from typing import Final

from sealock.image.bytesources import Damage
from sealock.image.header import BLOCK

AHEAD: Final = 6
"""Chunks that may wait to be read."""


class Pumped:
    """What an iterator of chunks yields in a thread, as bytes that are read forward in bounded memory.

    `tap` sees each chunk in yet another thread, in order.
    """

    def __init__(self, chunks: Iterator[bytes], tap: Callable[[bytes], None] | None = None) -> None:
        self.length = -1
        self.broken = False
        """Whether they end before they should."""
        self._held, self._at = b"", 0
        self._queue: Queue[bytes | Damage | None] = Queue(AHEAD)
        self._stopped = False
        self._chunks = chunks
        self._tapped: Queue[bytes | None] = Queue(AHEAD)
        self._tapper = Thread(target=self._tap, args=(tap,), daemon=True) if tap else None
        self._thread = Thread(target=self._pump, daemon=True)
        if self._tapper:
            self._tapper.start()
        self._thread.start()

    def _pump(self) -> None:
        last: Damage | None = None
        try:
            for chunk in self._chunks:
                if self._stopped:
                    break
                if self._tapper:
                    self._tapped.put(chunk)
                self._queue.put(chunk)
        except Damage as damage:
            last = damage
        except Exception as error:  # noqa: BLE001  whatever it is, who waits for the bytes must hear of it
            last = Damage(why=f"it could not be read ({error!r})")
        finally:
            if self._tapper:
                self._tapped.put(None)
            self._queue.put(last)

    def _tap(self, tap: Callable[[bytes], None]) -> None:
        while (chunk := self._tapped.get()) is not None:
            tap(chunk)

    def fetch(self, offset: int, count: int, /) -> bytes:
        """Give bytes from `offset` on; what lies before it is forgotten."""
        begin = offset - self._at
        held = self._held
        if begin + count <= len(held):
            return held[begin : begin + count]
        while begin >= len(held) and self.length < 0:
            self._at += len(held)
            begin -= len(held)
            self._held = held = self._next()
        if begin + count > len(held) and self.length < 0:
            parts = [held[begin:]]
            self._at, begin, have = offset, 0, len(parts[0])
            while have < count and self.length < 0:
                parts.append(self._next(offset + have))
                have += len(parts[-1])
            self._held = held = b"".join(parts)
        return held[begin : begin + count]

    def window(self, offset: int, /) -> tuple[bytes, int]:
        """Give what is held from an offset on, and of what came before it with the same chunk."""
        self.fetch(offset, BLOCK)
        return self._held, self._at

    def _next(self, end: int | None = None) -> bytes:
        """The next chunk; b"" at the end, whose place is then known."""
        chunk = self._queue.get()
        if isinstance(chunk, bytes):
            return chunk
        self.length = self._at if end is None else end
        if chunk is not None:
            self.broken = True
            raise chunk
        return b""

    def drain(self) -> None:
        """Let the rest run by, so that who taps sees it all; wait for it."""
        self._at += len(self._held)
        self._held = b""
        while self.length < 0:
            self._at += len(self._next())
        self._join()

    def close(self) -> None:
        """End the threads, whatever is left."""
        self._stopped = True
        while self._thread.is_alive():
            try:
                self._queue.get(timeout=0.05)
            except Empty:
                continue
        self._join()

    def _join(self) -> None:
        self._thread.join()
        if self._tapper:
            self._tapper.join()
