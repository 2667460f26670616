"""Loads the programs into the kernel, and reads what they keep. All of it ends with the process that holds it."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Final, Self

from msgspec import Struct

from sealock.errors import reason_of
from sealock.runtime.kernel.bpf import call_bpf
from sealock.runtime.watch import layout as lay
from sealock.runtime.watch.fileprograms import SCRATCH
from sealock.runtime.watch.kernelmaps import ARRAY, EACH_CPU, HASH, LRU_HASH, KernelMap, RingBuffer
from sealock.runtime.watch.layout import KernelLayout
from sealock.runtime.watch.programs import programs

_LOAD, _ATTACH = 5, 17
"""BPF_PROG_LOAD, BPF_RAW_TRACEPOINT_OPEN."""
_TRACING, _RAW = 26, 23
"""BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP."""
_LICENCE: Final = b"Dual MIT/GPL"
_ATTRIBUTES: Final = struct.Struct("=IIQQIIQII16sIIIIQIIQII")
_EXPLANATION: Final = 1 << 20
"""Bytes of the kernel's explanation for why it refuses a program."""
_GROUPS, _SETS, _FILES, _RING = 1024, 65536, 65536, 8 << 20


class KernelRefusalError(OSError):
    """The kernel does not take a program; the text is its explanation."""


class TracedFile(Struct, frozen=True):
    """A file that a cgroup opened, executed or mapped. `access` and `flags` are those of `layout`."""

    group: int
    path: str
    access: int
    mode: int
    flags: int


class MadeGroup(Struct, frozen=True):
    """A cgroup that was made, with its path."""

    group: int
    path: str


class KernelTracing:
    """The programs, attached. Close it. OSError where the kernel refuses them, or we may not."""

    def __init__(self, kernel: KernelLayout) -> None:
        self._stack = ExitStack()
        try:
            self._load(kernel)
        except BaseException:
            self._stack.close()
            raise

    def _load(self, kernel: KernelLayout) -> None:
        self.groups = self._map(HASH, 8, lay.GROUP, _GROUPS)
        self.config = self._map(ARRAY, 4, lay.CONFIG.size, 1)
        self.sockets = self._map(HASH, lay.SOCKET_KEY.size, 8, _SETS)
        self.unixes = self._map(HASH, lay.UNIX_KEY.size, 8, _SETS)
        self.capabilities = self._map(HASH, lay.CAPABILITY_KEY.size, 8, _SETS)
        self.users = self._map(HASH, lay.USER_KEY.size, 8, _SETS)
        self._ring = RingBuffer(_RING)
        self._stack.callback(self._ring.close)
        maps = {
            "groups": self.groups, "config": self.config, "sockets": self.sockets, "unixes": self.unixes,
            "capabilities": self.capabilities, "users": self.users, "empty": self._map(ARRAY, 4, lay.GROUP, 1),
            "files": self._map(LRU_HASH, lay.FILE_KEY, 8, _FILES), "scratch": self._map(EACH_CPU, 4, SCRATCH, 1),
        }  # fmt: skip
        descriptors = {name: shared.descriptor for name, shared in maps.items()} | {"ring": self._ring.descriptor}
        for name, text in programs(kernel, descriptors):
            attach_program(self._stack, name, text, kernel.tracepoints[name])

    def _map(self, kind: int, key: int, value: int, entries: int) -> KernelMap:
        shared = KernelMap(kind, key, value, entries)
        self._stack.callback(shared.close)
        return shared

    def __enter__(self) -> Self:
        """Keep them until the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Take the programs out of the kernel."""
        self._stack.close()

    def watch_new(self, *, wanted: bool) -> None:
        """Watch cgroups that are made from now on, or no longer."""
        value = self.config.get(bytes(4)) or bytes(lay.CONFIG.size)
        self.config.put(bytes(4), struct.pack("=I", wanted) + value[4:])

    def watch(self, group: int) -> None:
        """Watch a cgroup by its number, the inode of its directory."""
        if self.groups.get(struct.pack("=Q", group)) is None:
            self.groups.put(struct.pack("=Q", group), bytes(lay.GROUP))

    def forget(self, group: int) -> None:
        """Watch a cgroup no longer."""
        self.groups.remove(struct.pack("=Q", group))

    def lost(self) -> tuple[int, int, int, int]:
        """How many cgroups, files, sockets and other things there was no room for."""
        _, _, *counts = lay.CONFIG.unpack(self.config.get(bytes(4)) or bytes(lay.CONFIG.size))
        groups, files, sockets, others = counts
        return groups, files, sockets, others

    def read(self) -> Iterator[TracedFile | MadeGroup]:
        """What came since the last time."""
        for record in self._ring.read():
            read = read_record(record)
            if read is not None:
                yield read


def read_record(record: bytes) -> TracedFile | MadeGroup | None:
    """Read a record of the ring buffer; None for one that is too short or of another kind."""
    if len(record) < lay.RECORD.size:
        return None
    group, what, access, mode, flags, _ = lay.RECORD.unpack_from(record)
    names = record[lay.RECORD.size :].split(b"\0")[:-1]
    if what == lay.DIRECTORY and names:
        return MadeGroup(group, names[0].decode("utf-8", "surrogateescape"))
    if what != lay.FILE:
        return None
    path = b"/" + b"/".join(reversed(names))
    return TracedFile(group, path.decode("utf-8", "surrogateescape"), access, mode, flags)


def attach_program(stack: ExitStack, name: str, text: bytes, kind: int) -> None:
    """Load a program for a tracepoint and attach it, until the stack is closed. OSError where that fails."""
    program = _load(name, text, kind)
    stack.callback(os.close, program)
    stack.callback(os.close, call_bpf(_ATTACH, struct.pack("<QI", 0, program))[0])


def _load(name: str, text: bytes, kind: int) -> int:
    """Load a program for a tracepoint: its descriptor. KernelRefusalError with the kernel's last words."""
    code, licence = ctypes.create_string_buffer(text), ctypes.create_string_buffer(_LICENCE)
    where = ctypes.addressof(code), ctypes.addressof(licence)

    def attempt(level: int, size: int, log: int) -> int:
        head = (_TRACING, len(text) // 8, *where, level, size, log, 0, 0, b"sealock", 0, _RAW)
        return call_bpf(_LOAD, _ATTRIBUTES.pack(*head, 0, 0, 0, 0, 0, 0, 0, kind))[0]

    try:
        return attempt(0, 0, 0)
    except OSError as error:
        explanation = ctypes.create_string_buffer(_EXPLANATION)
        try:
            os.close(attempt(1, _EXPLANATION, ctypes.addressof(explanation)))
        except OSError:
            words = explanation.value.decode("utf-8", "replace").strip().splitlines()[-3:]
        else:
            words = []
        message = f"the kernel does not take the program for {name}: {reason_of(error)} {' '.join(words)}".rstrip()
        raise KernelRefusalError(error.errno, message) from None
