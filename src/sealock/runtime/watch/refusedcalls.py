"""Sees the system calls that a container's seccomp filter refuses, as they happen.

The kernel logs refusals only for filters that ask for it, which old runtimes cannot. But a call that a filter refuses
leaves the kernel without having entered it: there is an exit at the tracepoints, and no entry.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Final

from msgspec import Struct

from sealock.errors import TargetError
from sealock.runtime.watch.auditlog import call_name
from sealock.runtime.watch.containergroups import ContainerGroups
from sealock.runtime.watch.kernelmaps import HASH, LRU_HASH, KernelMap
from sealock.runtime.watch.kernelprogram import DELETE, KEY, KernelProgram
from sealock.runtime.watch.kerneltracing import attach_program
from sealock.runtime.watch.kerneltypes import KernelTypeError, read_kernel_types
from sealock.runtime.watch.layout import KernelLayout, read_layout
from sealock.runtime.watch.observations import WatchedContainer

_COMPAT: Final = {"x86_64": "i386", "aarch64": "arm"}
_KEY: Final = struct.Struct("=QII16s")
"""Cgroup, number, whether it is a call of the older architecture, name of the process."""
_COUNT: Final = struct.Struct("=Q")
_GROUPS, _CALLS, _THREADS = 1024, 8192, 65536
_WHICH_THREAD: Final = 14
"""bpf_get_current_pid_tgid."""
_ANSWERS: Final = (-1, -38)
"""EPERM, which filters answer; ENOSYS, which runc answers for calls that are newer than the filter."""
_X32: Final = 0x40000000


class RefusedCall(Struct, frozen=True):
    """A call that was refused. `program` is the process's own name for itself, and may lie."""

    architecture: str
    name: str
    program: str


class RefusalWatcher:
    """Watches containers. Close it. TargetError where the kernel or our rights do not allow it."""

    def __init__(self) -> None:
        self._machine = os.uname().machine
        self._stack = ExitStack()
        try:
            self._load()
        except (KernelTypeError, OSError) as error:
            self._stack.close()
            message = f"refusals cannot be seen: {error}; it needs root, or CAP_BPF and CAP_PERFMON"
            raise TargetError(message) from None
        except BaseException:
            self._stack.close()
            raise

    def _load(self) -> None:
        self._cgroups = ContainerGroups()
        self._stack.callback(self._cgroups.close)
        types = read_kernel_types()
        kernel = read_layout(types, self._machine, self._cgroups.controller, self._cgroups.hierarchy)
        self._groups = self._map(HASH, 8, 8, _GROUPS)
        self._refused = self._map(HASH, _KEY.size, 8, _CALLS)
        maps = {"groups": self._groups, "refused": self._refused, "entered": self._map(LRU_HASH, 8, 8, _THREADS)}
        descriptors = {name: shared.descriptor for name, shared in maps.items()}
        for name, text in refusal_programs(kernel, descriptors):
            attach_program(self._stack, name, text, kernel.tracepoints[name])

    def _map(self, kind: int, key: int, value: int, entries: int) -> KernelMap:
        shared = KernelMap(kind, key, value, entries)
        self._stack.callback(shared.close)
        return shared

    def close(self) -> None:
        """Take the programs out of the kernel."""
        self._stack.close()

    def add(self, container: WatchedContainer) -> bool:
        """Watch a container from now on; whether it was there."""
        groups = tuple(self._cgroups.of(container))
        for group in groups:
            self._groups.put(_COUNT.pack(group), bytes(8))
        return bool(groups)

    def read(self) -> Iterator[RefusedCall]:
        """What was refused until now; TargetError at its end where the kernel had no room for more."""
        keys = tuple(self._refused.keys())
        for key in keys:
            _, number, compat, command = _KEY.unpack(key)
            program = command.partition(b"\0")[0].decode("utf-8", "backslashreplace")
            architecture = _COMPAT.get(self._machine, "") if compat else self._machine
            if architecture == "x86_64" and number & _X32:
                architecture, number = "x32", number & ~_X32
            yield RefusedCall(architecture, call_name(architecture, number), program)
        if len(keys) >= _CALLS:
            message = f"more than {_CALLS} different calls were refused, so that later ones are not seen"
            raise TargetError(message)


def refusal_programs(kernel: KernelLayout, maps: Mapping[str, int]) -> Iterator[tuple[str, bytes]]:
    """The programs by tracepoint."""
    for name, write in (("sys_enter", _write_enter), ("sys_exit", _write_exit)):
        program = KernelProgram(kernel, maps)
        write(program)
        program.finish()
        yield name, program.assemble()


def _thread(program: KernelProgram) -> None:
    """Put the thread at KEY."""
    program.call(_WHICH_THREAD)
    program.store(8, 10, KEY, 0)


def _write_enter(program: KernelProgram) -> None:
    """sys_enter: this thread's call got through the filter."""
    program.start()
    _thread(program)
    program.put("entered")


def _write_exit(program: KernelProgram) -> None:
    """sys_exit(registers, result): a call that failed and never entered."""
    kernel = program.kernel
    program.start()
    program.skip_runtime("end")
    _thread(program)
    program.map(1, program.maps["entered"])
    program.copy(2, 10)
    program.calculate(2, "+", KEY)
    program.call(DELETE)
    program.go_if(0, "==", 0, "end")
    program.load(8, 7, 6, 8)
    for answer in _ANSWERS:
        program.go_if(7, "==", answer, "refused")
    program.go("end")
    program.label("refused")
    program.group_key(_KEY.size)
    program.load(8, 1, 6, 0)
    program.load(4, 1, 1, kernel.number)
    program.store(4, 10, KEY + 8, 1)
    offset, bit = kernel.compat
    program.load(4, 1, 8, offset)
    program.calculate(1, "&", bit)
    program.store(4, 10, KEY + 12, 1)
    for place in (0, 8):
        program.load(8, 1, 8, kernel.at("task_struct.comm") + place)
        program.store(8, 10, KEY + 16 + place, 1)
    program.put("refused")
