"""Maps that programs in the kernel share with us, and the ring buffer that they send records through.

https://docs.kernel.org/bpf/maps.html
"""

from __future__ import annotations

import ctypes
import mmap
import os
import struct
from collections.abc import Iterator
from typing import Final

from sealock.runtime.kernel.bpf import call_bpf

_CREATE, _LOOKUP, _UPDATE, _DELETE, _NEXT = 0, 1, 2, 3, 4
HASH, ARRAY, EACH_CPU, LRU_HASH, RING = 1, 2, 6, 9, 27
"""BPF_MAP_TYPE_…; EACH_CPU is an array with values for each CPU."""
_SPARE: Final = 1
"""BPF_F_NO_PREALLOC: memory is taken when an entry comes."""
_BUSY, _DISCARDED = 1 << 31, 1 << 30


class KernelMap:
    """A map of keys and values of fixed size. Close it. OSError where the kernel refuses it."""

    def __init__(self, kind: int, key: int, value: int, entries: int) -> None:
        self.key, self.value = key, value
        flags = _SPARE if kind == HASH else 0
        self.descriptor, _ = call_bpf(_CREATE, struct.pack("<IIIII", kind, key, value, entries, flags))

    def close(self) -> None:
        """Close it; the kernel keeps it as long as a program uses it."""
        os.close(self.descriptor)

    def _call(self, command: int, key: bytes, value: bytes = b"") -> bytes:
        keys = ctypes.create_string_buffer(key, self.key)
        values = ctypes.create_string_buffer(value, max(self.value, self.key))
        where = ctypes.addressof(keys), ctypes.addressof(values)
        # The kernel wants 0 for what a command does not use.
        place = 0 if command == _DELETE else where[1]
        call_bpf(command, struct.pack("<IIQQQ", self.descriptor, 0, where[0], place, 0))
        return values.raw

    def get(self, key: bytes) -> bytes | None:
        """The value of a key, None where it is not there."""
        try:
            return self._call(_LOOKUP, key)[: self.value]
        except FileNotFoundError:
            return None

    def put(self, key: bytes, value: bytes) -> None:
        """Set the value of a key; OSError where there is no room."""
        self._call(_UPDATE, key, value)

    def remove(self, key: bytes) -> None:
        """Remove a key, if it is there."""
        try:
            self._call(_DELETE, key)
        except FileNotFoundError:
            return

    def keys(self) -> Iterator[bytes]:
        """All keys. Those that come meanwhile may be missed, and none is yielded twice."""
        seen: set[bytes] = set()
        keys = ctypes.create_string_buffer(self.key)
        following = ctypes.create_string_buffer(self.key)
        address = 0
        while True:
            try:
                call_bpf(_NEXT, struct.pack("<IIQQ", self.descriptor, 0, address, ctypes.addressof(following)))
            except FileNotFoundError:
                return
            # After a key that was removed meanwhile the kernel starts again.
            if following.raw in seen:
                return
            seen.add(following.raw)
            yield following.raw
            keys.raw = following.raw
            address = ctypes.addressof(keys)


class RingBuffer:
    """Records from programs in the kernel, in the order in which they were sent. `size` is a power of 2. Close it."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.descriptor, _ = call_bpf(_CREATE, struct.pack("<IIIII", RING, 0, 0, size, 0))
        page = mmap.PAGESIZE
        try:
            self._consumer = mmap.mmap(self.descriptor, page, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
            self._producer = mmap.mmap(
                self.descriptor, page + 2 * size, mmap.MAP_SHARED, mmap.PROT_READ, offset=mmap.PAGESIZE
            )
        except (OSError, ValueError):
            os.close(self.descriptor)
            raise

    def close(self) -> None:
        """Close it."""
        self._consumer.close()
        self._producer.close()
        os.close(self.descriptor)

    def read(self) -> Iterator[bytes]:
        """The records that are there; each is given back to the kernel as the next is taken."""
        (place,) = struct.unpack_from("=Q", self._consumer)
        (end,) = struct.unpack_from("=Q", self._producer)
        page = mmap.PAGESIZE
        while place < end:
            at = page + (place & (self.size - 1))
            (head,) = struct.unpack_from("=I", self._producer, at)
            if head & _BUSY:
                return
            length = head & ~_DISCARDED
            record = self._producer[at + 8 : at + 8 + length]
            place += (length + 8 + 7) & ~7
            struct.pack_into("=Q", self._consumer, 0, place)
            if not head & _DISCARDED:
                yield record
