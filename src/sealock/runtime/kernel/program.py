"""Interprets a BPF device program: what it returns for one device, and which device numbers it names.

It knows only the instructions that such programs use: loads from the context, arithmetic and jumps. Anything else
raises Unclear. https://docs.kernel.org/bpf/standardization/instruction-set.html
"""

from __future__ import annotations

import operator
import struct
from collections.abc import Callable, Iterable
from typing import Final

_STEPS: Final = 100_000
"""Instructions that are run for one result."""
_MAJOR, _MINOR = 4, 8
"""Offsets of the device's numbers in struct bpf_cgroup_dev_ctx; at 0 it has the access and the type of device."""
_CONTEXT: Final = object()
"""What register 1 points to at the start."""
_LOAD, _WIDE, _EXIT, _JUMP = 0x61, 0x18, 0x95, 0x05
_WHOLE: Final = (1 << 64) - 1
_HALF: Final = (1 << 32) - 1
_REGISTERS: Final = 12
"""The last register is the kernel's own, for blinded constants."""

_SUMS: Final[dict[int, Callable[[int, int], int]]] = {
    0x00: operator.add,
    0x10: operator.sub,
    0x40: operator.or_,
    0x50: operator.and_,
    0x60: lambda left, right: left << (right & 63),
    0x70: lambda left, right: left >> (right & 63),
    0xA0: operator.xor,
}
_TESTS: Final[dict[int, Callable[[int, int], bool]]] = {
    0x10: operator.eq,
    0x20: operator.gt,
    0x30: operator.ge,
    0x40: lambda left, right: bool(left & right),
    0x50: operator.ne,
    0xA0: operator.lt,
    0xB0: operator.le,
}


class Unclear(Exception):  # noqa: N818  no error: the result is unknown
    """A program uses an instruction that this interpreter does not know."""


def _decoded(program: bytes) -> list[tuple[int, int, int, int, int]]:
    """Opcode, destination and source register, offset, and signed immediate of each instruction."""
    if len(program) % 8:
        raise Unclear
    return [(op, both & 15, both >> 4, off, imm) for op, both, off, imm in struct.iter_unpack("<BBhi", program)]


def runs(program: bytes, access: int, major: int, minor: int) -> bool:
    """Whether the program allows it: `access` holds the device type in its low half, the access in its high half."""
    instructions = _decoded(program)
    context = {0: access, _MAJOR: major, _MINOR: minor}
    registers: list[object] = [0] * _REGISTERS
    registers[1] = _CONTEXT
    at = 0
    for _ in range(_STEPS):
        if not 0 <= at < len(instructions):
            raise Unclear
        op, to, source, offset, number = instructions[at]
        at += 1
        if max(to, source) >= _REGISTERS:
            raise Unclear
        if op == _EXIT:
            return _plain(registers[0]) & _HALF != 0
        if op == _LOAD:
            if registers[source] is not _CONTEXT or offset not in context:
                raise Unclear
            registers[to] = context[offset]
        elif op == _WIDE:
            if at >= len(instructions):
                raise Unclear
            registers[to] = (number & _HALF) | (instructions[at][4] & _HALF) << 32
            at += 1
        elif op == _JUMP:
            at += offset
        elif op & 7 in {4, 7}:
            registers[to] = _sum(op, registers[to], registers[source] if op & 8 else number)
        elif op & 7 in {5, 6}:
            if _holds(op, registers[to], registers[source] if op & 8 else number):
                at += offset
        else:
            raise Unclear
    raise Unclear


def _plain(value: object) -> int:
    if not isinstance(value, int):
        raise Unclear
    return value


def _sum(op: int, left: object, right: object) -> object:
    """Arithmetic, in 64 bits or in the lower 32."""
    mask = _WHOLE if op & 7 == 7 else _HALF
    if op & 0xF0 == 0xB0:
        return _plain(right) & mask if isinstance(right, int) or mask == _HALF else right
    if op & 0xF0 not in _SUMS:
        raise Unclear
    operand = _plain(right) & mask
    if op & 0xF0 in {0x60, 0x70} and mask == _HALF:
        operand &= 31
    return _SUMS[op & 0xF0](_plain(left) & mask, operand) & mask


def _holds(op: int, left: object, right: object) -> bool:
    mask = _WHOLE if op & 7 == 5 else _HALF
    if op & 0xF0 not in _TESTS:
        raise Unclear
    return _TESTS[op & 0xF0](_plain(left) & mask, _plain(right) & mask)


def constants(programs: Iterable[bytes]) -> tuple[list[int], list[int]]:
    """The constants that major and minor numbers are compared with.

    A register counts for everything that is loaded into it anywhere in a program: too many constants do no harm.
    Arithmetic on a device number, or comparing it by size, raises Unclear.
    """
    compared: dict[int, set[int]] = {_MAJOR: set(), _MINOR: set()}
    for program in programs:
        instructions = _decoded(program)
        holds: dict[int, set[int]] = {}
        for _ in range(_REGISTERS):  # a value passes through each register at most once
            for op, to, source, offset, _ in instructions:
                if op == _LOAD:
                    holds.setdefault(to, set()).add(offset)
                elif _is_move(op):
                    holds.setdefault(to, set()).update(holds.get(source, ()))
        for op, to, _, _, number in instructions:
            kinds = holds.get(to, set()) & {*compared}
            if not kinds:
                continue
            if op & 7 in {4, 7} and op & 0xF0 != 0xB0:
                raise Unclear
            if op & 7 in {5, 6} and op not in {_EXIT, _JUMP}:
                if op & 8 or op & 0xF0 not in {0x10, 0x50}:
                    raise Unclear
                for kind in kinds:
                    compared[kind].add(number & _HALF)
    return sorted(compared[_MAJOR]), sorted(compared[_MINOR])


def _is_move(op: int) -> bool:
    """Whether it moves one register to another."""
    return op & 7 in {4, 7} and op & 0xF8 == 0xB8
