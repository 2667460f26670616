"""What seccomp filters block: they are evaluated for every system call, with all arguments 0.

https://docs.kernel.org/userspace-api/seccomp_filter.html
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable
from typing import Final

from sealock.errors import reason_of
from sealock.model.inspection import BlockedCalls
from sealock.model.systemcalls import system_calls
from sealock.runtime.kernel.seccompfilters import read_filters

_ARCHITECTURES: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7, "riscv64": 0xC00000F3, "loongarch64": 0xC0000102}
"""AUDIT_ARCH_…, which filters compare."""
_ALLOWED: Final = frozenset({0x7FFF0000, 0x7FFC0000})
"""SECCOMP_RET_ALLOW and SECCOMP_RET_LOG."""
_ARGUMENTS: Final = 16
"""Where the arguments start in struct seccomp_data, after number, architecture and instruction pointer."""
_WORD: Final = (1 << 32) - 1
_INSTRUCTION: Final = struct.Struct("=HBBI")


class _MalformedFilterError(ValueError):
    """A filter with an instruction that the kernel would refuse."""


def blocked_calls(pid: int) -> BlockedCalls:
    """What the filters of a process block; `unread` says why that is unknown."""
    machine = os.uname().machine
    try:
        return evaluate_filters(read_filters(pid), machine)
    except OSError as error:
        return BlockedCalls(unread=f"the filter could not be read: {reason_of(error)}")
    except ValueError as error:
        return BlockedCalls(unread=f"the filter could not be evaluated: {error}")


def evaluate_filters(filters: Iterable[bytes], machine: str) -> BlockedCalls:
    """Evaluate filters for each system call of a machine: the strictest result counts."""
    programs = [tuple(_INSTRUCTION.iter_unpack(program)) for program in filters]
    calls, architecture = system_calls(machine), _ARCHITECTURES.get(machine)
    if architecture is None or not calls or not programs:
        return BlockedCalls(unread=f"the system calls of {machine} are unknown" if programs else "there is no filter")
    blocked: list[str] = []
    by_arguments: list[str] = []
    for number, name in calls.items():
        results = [_run(program, number, architecture) for program in programs]
        if min(action for action, _ in results) not in _ALLOWED:
            blocked.append(name)
        if any(looks for _, looks in results):
            by_arguments.append(name)
    return BlockedCalls(len(calls), tuple(sorted(blocked)), tuple(sorted(by_arguments)))


def _run(program: tuple[tuple[int, int, int, int], ...], number: int, architecture: int) -> tuple[int, bool]:
    """The action of one filter as a signed number, by which the kernel ranks them; and whether it read arguments."""
    data = {0: number, 4: architecture}
    accumulator = index = at = 0
    memory: dict[int, int] = {}
    looks = False
    while at < len(program):
        code, yes, no, value = program[at]
        at += 1
        operand = index if code & 0x08 else value
        match code:
            case 0x20:
                looks = looks or value >= _ARGUMENTS
                accumulator = data.get(value, 0)
            case 0x00 | 0x60 | 0x80:
                accumulator = value if code == 0 else memory.get(value, 0) if code == 0x60 else 64
            case 0x01 | 0x61 | 0x81:
                index = value if code == 1 else memory.get(value, 0) if code == 0x61 else 64
            case 0x02 | 0x03:
                memory[value] = accumulator if code == 0x02 else index
            case 0x07:
                index = accumulator
            case 0x87:
                accumulator = index
            case 0x06 | 0x16:
                action = (value if code == 0x06 else accumulator) & 0xFFFF0000
                return action - (1 << 32) if action >> 31 else action, looks
            case 0x05:
                at += value
            case 0x15 | 0x1D | 0x25 | 0x2D | 0x35 | 0x3D | 0x45 | 0x4D:
                at += yes if _jumps(code & 0xF0, accumulator, operand) else no
            case _ if code & 0x07 == 0x04:
                accumulator = _calculated(code & 0xF0, accumulator, operand)
            case _:
                break
    message = "it has an unknown instruction, or no end"
    raise _MalformedFilterError(message)


def _jumps(operation: int, left: int, right: int) -> bool:
    """Whether a conditional jump is taken: equal, greater, greater or equal, a common bit."""
    match operation:
        case 0x10:
            return left == right
        case 0x20:
            return left > right
        case 0x30:
            return left >= right
        case _:
            return bool(left & right)


def _calculated(operation: int, left: int, right: int) -> int:
    """The result of an arithmetic instruction in 32 bits; a division by 0 ends a filter, which the kernel refuses."""
    match operation:
        case 0x00:
            result = left + right
        case 0x10:
            result = left - right
        case 0x20:
            result = left * right
        case 0x30:
            result = left // right if right else 0
        case 0x40:
            result = left | right
        case 0x50:
            result = left & right
        case 0x60:
            result = left << (right & 31)
        case 0x70:
            result = left >> (right & 31)
        case 0x80:
            result = -left
        case _:
            result = left ^ right
    return result & _WORD
