"""Maps and ring buffers are read as the kernel lays them out; a simulated kernel answers bpf(2)."""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sealock.runtime.kernel.bpf import call_bpf
from sealock.runtime.watch import kernelmaps
from sealock.runtime.watch.kernelmaps import ARRAY, HASH, KernelMap, RingBuffer

CREATE, LOOKUP, UPDATE, DELETE, NEXT = range(5)


class SimulatedMaps:
    """One map of the kernel's. `removed` is called before each next key, as another process could remove one."""

    def __init__(self, key: int, value: int) -> None:
        self.key, self.value = key, value
        self.entries: dict[bytes, bytes] = {}
        self.made: tuple[int, ...] = ()
        self.meanwhile: Callable[[], object] = lambda: None

    def call(self, command: int, attributes: bytes) -> tuple[int, bytes]:
        """bpf(2), as the manual describes its attributes."""
        if command == CREATE:
            self.made = struct.unpack("<IIIII", attributes)
            return os.open(os.devnull, os.O_RDONLY), b""
        if command == NEXT:
            self.meanwhile()
            _, _, before, after = struct.unpack("<IIQQ", attributes)
            keys = list(self.entries)
            last = ctypes.string_at(before, self.key) if before else None
            place = keys.index(last) + 1 if last in keys else 0
            if place == len(keys):
                raise FileNotFoundError
            ctypes.memmove(after, keys[place], self.key)
            return 0, b""
        _, pad, where, place, flags = struct.unpack("<IIQQQ", attributes)
        assert (pad, flags) == (0, 0)
        assert bool(place) == (command != DELETE), "the kernel refuses what a command does not use"
        key = ctypes.string_at(where, self.key)
        if command == UPDATE:
            self.entries[key] = ctypes.string_at(place, self.value)
        elif key not in self.entries:
            raise FileNotFoundError
        elif command == DELETE:
            del self.entries[key]
        else:
            ctypes.memmove(place, self.entries[key], self.value)
        return 0, b""


@pytest.fixture(params=[(4, 8), (8, 4)], ids=["long values", "long keys"])
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> SimulatedMaps:
    made = SimulatedMaps(*request.param)
    monkeypatch.setattr(kernelmaps, "call_bpf", made.call)
    return made


@pytest.mark.skipif(os.uname().machine not in {"x86_64", "aarch64"}, reason="the number of bpf(2) is unknown there")
def test_a_command_that_the_kernel_refuses_is_its_error() -> None:
    with pytest.raises(OSError, match=r"\w") as caught:
        call_bpf(9999, b"")
    assert caught.value.errno in {errno.EINVAL, errno.EPERM, errno.ENOSYS}


def test_values_are_set_read_and_removed(kernel: SimulatedMaps) -> None:
    table = KernelMap(HASH, kernel.key, kernel.value, 16)
    assert kernel.made == (1, kernel.key, kernel.value, 16, 1)
    key, other = b"k" * kernel.key, b"o" * kernel.key
    assert table.get(key) is None
    table.put(key, b"v" * kernel.value)
    table.put(other, b"w" * kernel.value)
    assert table.get(key) == b"v" * kernel.value
    table.remove(key)
    table.remove(key)
    assert kernel.entries == {other: b"w" * kernel.value}
    table.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(table.descriptor)


def test_only_a_hash_is_made_without_memory_for_all(kernel: SimulatedMaps) -> None:
    KernelMap(ARRAY, kernel.key, kernel.value, 2).close()
    assert kernel.made == (2, kernel.key, kernel.value, 2, 0)


def test_all_keys_are_listed_once(kernel: SimulatedMaps) -> None:
    table = KernelMap(HASH, kernel.key, kernel.value, 16)
    assert list(table.keys()) == []
    keys = [bytes([number]) * kernel.key for number in range(4)]
    kernel.entries = dict.fromkeys(keys, b"")
    assert list(table.keys()) == keys
    # The key that was read last goes, and the kernel starts again.
    kernel.meanwhile = lambda: kernel.entries.pop(keys[1], None) if listed[-1:] == [keys[1]] else None
    listed: list[bytes] = []
    for key in table.keys():  # noqa: SIM118  no dict
        listed.append(key)
        assert len(listed) <= len(keys)
    assert listed == [keys[0], keys[1]]
    table.close()


SIZE = 64
BUSY, DISCARDED = 1 << 31, 1 << 30


class SimulatedRing:
    """The memory of a ring buffer: a page with the place of each side, and the data twice, one behind the other."""

    def __init__(self) -> None:
        self.memory = os.memfd_create("ring")
        os.truncate(self.memory, 2 * mmap.PAGESIZE + 2 * SIZE)
        self.made: tuple[int, ...] = ()
        self.end = 0

    def call(self, command: int, attributes: bytes) -> tuple[int, bytes]:
        """bpf(2), which makes the map."""
        self.made = command, *struct.unpack("<IIIII", attributes)
        return os.dup(self.memory), b""

    @property
    def taken(self) -> int:
        """The place up to which the kernel has room again."""
        place: int = struct.unpack("=Q", os.pread(self.memory, 8, 0))[0]
        return place

    def send(self, record: bytes, flags: int = 0) -> None:
        """Send a record: its head, and its bytes up to a multiple of eight."""
        data = struct.pack("=II", len(record) | flags, 0) + record
        data += bytes(-len(data) % 8)
        for number, byte in enumerate(data):
            place = 2 * mmap.PAGESIZE + (self.end + number) % SIZE
            os.pwrite(self.memory, bytes([byte]), place)
            os.pwrite(self.memory, bytes([byte]), place + SIZE)
        self.end += len(data)
        os.pwrite(self.memory, struct.pack("=Q", self.end), mmap.PAGESIZE)


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimulatedRing]:
    made = SimulatedRing()
    monkeypatch.setattr(kernelmaps, "call_bpf", made.call)
    yield made
    os.close(made.memory)


def test_records_are_read_in_order_and_given_back(ring: SimulatedRing) -> None:
    buffer = RingBuffer(SIZE)
    assert ring.made == (CREATE, 27, 0, 0, SIZE, 0)
    assert list(buffer.read()) == []
    # Longer and shorter ones, so that some lie across the end.
    for number in range(1, 20):
        records = [bytes([number]) * (number % 7), bytes([number]) * (number % 23)]
        for record in records:
            ring.send(record)
        reading = buffer.read()
        assert next(reading) == records[0]
        assert ring.taken < ring.end
        assert list(reading) == records[1:]
        assert ring.taken == ring.end
    buffer.close()


def test_a_record_that_is_discarded_or_still_written_is_not_read(ring: SimulatedRing) -> None:
    buffer = RingBuffer(SIZE)
    ring.send(b"gone", DISCARDED)
    ring.send(b"one")
    before = ring.end
    ring.send(b"busy", BUSY)
    ring.send(b"two")
    assert list(buffer.read()) == [b"one"]
    assert ring.taken == before, "what is still written stays"
    buffer.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(buffer.descriptor)
    with pytest.raises(ValueError, match="closed"):
        list(buffer.read())


def test_a_ring_whose_memory_cannot_be_mapped_is_closed(ring: SimulatedRing) -> None:
    os.truncate(ring.memory, 2 * mmap.PAGESIZE)
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(ValueError, match="mmap"):
        RingBuffer(SIZE)
    assert len(list(Path("/proc/self/fd").iterdir())) <= before
