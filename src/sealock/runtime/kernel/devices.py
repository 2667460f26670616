"""Which devices a cgroup v2 lets its processes use.

No file shows it: the engine attaches a BPF program to the cgroup, and the kernel runs it whenever a device is opened.
sealock fetches the programs of a cgroup and its ancestors with bpf(2), which needs root and changes nothing, and
interprets them for every device that they name. https://docs.kernel.org/admin-guide/cgroup-v2.html#device-controller
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from sealock.model.process import AllowedDevice
from sealock.runtime.kernel.bpf import call_bpf
from sealock.runtime.kernel.program import Unclear, constants, runs

_QUERY, _BY_ID, _INFO = 16, 13, 15
"""BPF_PROG_QUERY, BPF_PROG_GET_FD_BY_ID, BPF_OBJ_GET_INFO_BY_FD."""
_DEVICES: Final = 6
"""BPF_CGROUP_DEVICE: the attach type of these programs."""
_EFFECTIVE: Final = 1
"""BPF_F_QUERY_EFFECTIVE: with those of the ancestors."""
_MOST: Final = 64
_LARGEST: Final = 1 << 20
"""Bytes of one program; the kernel accepts a million instructions, engines write a few hundred."""
_INFORMATION: Final = 256
_KINDS: Final = {"b": 1, "c": 2}
_ACCESS: Final = {"r": 2, "w": 4, "m": 1}
_OTHER: Final = 0xFFFFE
"""A device number that no program names."""
_NUMBERS: Final = 64
"""Different device numbers that a program may name before sealock gives up."""
ALL: Final = "a *:* rwm"


def rules(group: int) -> tuple[AllowedDevice, ...] | None:
    """The effective rules of an open cgroup directory, as version 1 writes them; None where they are unknown."""
    try:
        programs = tuple(_programs(group))
    except OSError:
        return None
    return allowed_devices(programs)


@lru_cache(128)
def allowed_devices(programs: tuple[bytes, ...]) -> tuple[AllowedDevice, ...] | None:
    """What all of these programs allow together; None where one is unclear. Cached: engines write equal programs."""
    try:
        majors, minors = constants(programs)
        if len(majors) > _NUMBERS or len(minors) > _NUMBERS:
            return None
        lines = tuple(
            line for kind in ("c", "b") for line in _lines(programs, kind, [_OTHER, *majors], [_OTHER, *minors])
        )
    except Unclear:
        return None
    if lines[:1] == ("c *:* rwm",) and "b *:* rwm" in lines:
        return (AllowedDevice(ALL),)
    return tuple(AllowedDevice(line) for line in lines)


def _lines(programs: tuple[bytes, ...], kind: str, majors: list[int], minors: list[int]) -> Iterator[str]:
    """A line for each allowed device, wildcards first; lines that a wildcard covers are omitted."""
    wide: dict[tuple[int, int], str] = {}
    for major in majors:
        for minor in minors:
            access = "".join(
                letter
                for letter, bit in _ACCESS.items()
                if all(runs(program, _KINDS[kind] | bit << 16, major, minor) for program in programs)
            )
            around = ((_OTHER, _OTHER), (major, _OTHER), (_OTHER, minor))
            known = any(set(access) <= set(wide.get(numbers, "")) for numbers in around)
            wide[major, minor] = access
            if access and not known:
                yield f"{kind} {_star(major)}:{_star(minor)} {access}"


def _star(number: int) -> str:
    return "*" if number == _OTHER else str(number)


def _programs(group: int) -> Iterator[bytes]:
    """The programs that apply to a cgroup; OSError where the kernel does not show them."""
    ids = (ctypes.c_uint32 * _MOST)()
    query = struct.pack("<IIIIQI", group, _DEVICES, _EFFECTIVE, 0, ctypes.addressof(ids), _MOST)
    (count,) = struct.unpack_from("<I", call_bpf(_QUERY, query)[1], 24)
    for number in list(ids)[:count]:
        program, _ = call_bpf(_BY_ID, struct.pack("<I", number))
        try:
            yield _text(program)
        finally:
            os.close(program)


def _text(program: int) -> bytes:
    """The instructions of a program; OSError where the kernel hides them, as BPF hardening may do."""
    info = ctypes.create_string_buffer(_INFORMATION)
    call_bpf(_INFO, struct.pack("<IIQ", program, _INFORMATION, ctypes.addressof(info)))
    (size,) = struct.unpack_from("<I", info, 20)
    if not 0 < size <= _LARGEST:
        raise OSError(0, "the kernel does not show the program")
    instructions = ctypes.create_string_buffer(size)
    info = ctypes.create_string_buffer(_INFORMATION)
    struct.pack_into("<IIQQ", info, 16, 0, size, 0, ctypes.addressof(instructions))
    call_bpf(_INFO, struct.pack("<IIQ", program, _INFORMATION, ctypes.addressof(info)))
    return instructions.raw
