"""Works out a BPF program on devices: what it answers for one device, and which numbers it names.

Only what such programs are made of is known: loads of what is asked for, arithmetic, jumps. Anything else makes a
program unclear, which is no answer. https://docs.kernel.org/bpf/standardization/instruction-set.html
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from typing import Final

_STEPS: Final = 100_000
"""Instructions that are worked out for one answer."""
_MAJOR, _MINOR = 4, 8
"""Where struct bpf_cgroup_dev_ctx has the device's numbers; at 0 it has the access wanted and the kind of device."""
_ASKED: Final = object()
"""What register 1 points to in the beginning."""
_LOAD, _WIDE, _EXIT, _AWAY = 0x61, 0x18, 0x95, 0x05
_WHOLE: Final = (1 << 64) - 1
_HALF: Final = (1 << 32) - 1
_REGISTERS: Final = 12
"""The last one is the kernel's own, for constants that it hides."""

_SUMS: Final[dict[int, Callable[[int, int], int]]] = {
    0x00: lambda one, two: one + two,
    0x10: lambda one, two: one - two,
    0x40: lambda one, two: one | two,
    0x50: lambda one, two: one & two,
    0x60: lambda one, two: one << (two & 63),
    0x70: lambda one, two: one >> (two & 63),
    0xA0: lambda one, two: one ^ two,
}
_TESTS: Final[dict[int, Callable[[int, int], bool]]] = {
    0x10: lambda one, two: one == two,
    0x20: lambda one, two: one > two,
    0x30: lambda one, two: one >= two,
    0x40: lambda one, two: bool(one & two),
    0x50: lambda one, two: one != two,
    0xA0: lambda one, two: one < two,
    0xB0: lambda one, two: one <= two,
}


class Unclear(Exception):  # noqa: N818  no error: what a program does cannot be told
    """A program does something that is not known here."""


def _decoded(program: bytes) -> list[tuple[int, int, int, int, int]]:
    """Operation, registers of the result and of the source, offset, number; the last with its sign."""
    if len(program) % 8:
        raise Unclear
    return [(op, both & 15, both >> 4, off, imm) for op, both, off, imm in struct.iter_unpack("<BBhi", program)]


def runs(program: bytes, access: int, major: int, minor: int) -> bool:
    """Whether the program allows it: `access` holds the kind in its low half, what is wanted in its high one."""
    lines = _decoded(program)
    asked = {0: access, _MAJOR: major, _MINOR: minor}
    held: list[object] = [0] * _REGISTERS
    held[1] = _ASKED
    at = 0
    for _ in range(_STEPS):
        if not 0 <= at < len(lines):
            raise Unclear
        op, to, source, offset, number = lines[at]
        at += 1
        if max(to, source) >= _REGISTERS:
            raise Unclear
        if op == _EXIT:
            return _plain(held[0]) & _HALF != 0
        if op == _LOAD:
            if held[source] is not _ASKED or offset not in asked:
                raise Unclear
            held[to] = asked[offset]
        elif op == _WIDE:
            if at >= len(lines):
                raise Unclear
            held[to] = (number & _HALF) | (lines[at][4] & _HALF) << 32
            at += 1
        elif op == _AWAY:
            at += offset
        elif op & 7 in {4, 7}:
            held[to] = _sum(op, held[to], held[source] if op & 8 else number)
        elif op & 7 in {5, 6}:
            if _holds(op, held[to], held[source] if op & 8 else number):
                at += offset
        else:
            raise Unclear
    raise Unclear


def _plain(value: object) -> int:
    if not isinstance(value, int):
        raise Unclear
    return value


def _sum(op: int, one: object, two: object) -> object:
    """Arithmetic, in 64 bits or in the lower 32."""
    mask = _WHOLE if op & 7 == 7 else _HALF
    if op & 0xF0 == 0xB0:
        return _plain(two) & mask if isinstance(two, int) or mask == _HALF else two
    if op & 0xF0 not in _SUMS:
        raise Unclear
    second = _plain(two) & mask
    if op & 0xF0 in {0x60, 0x70} and mask == _HALF:
        second &= 31
    return _SUMS[op & 0xF0](_plain(one) & mask, second) & mask


def _holds(op: int, one: object, two: object) -> bool:
    mask = _WHOLE if op & 7 == 5 else _HALF
    if op & 0xF0 not in _TESTS:
        raise Unclear
    return _TESTS[op & 0xF0](_plain(one) & mask, _plain(two) & mask)


def constants(programs: Iterable[bytes]) -> tuple[list[int], list[int]]:
    """The numbers that major and minor numbers are compared with.

    A register counts for whatever is loaded into it anywhere in a program: numbers too many do no harm. A number that
    is worked on, or compared by size, would need more than these, and makes the programs unclear.
    """
    found: dict[int, set[int]] = {_MAJOR: set(), _MINOR: set()}
    for program in programs:
        lines = _decoded(program)
        holds: dict[int, set[int]] = {}
        for _ in range(_REGISTERS):  # a value is moved on no more often than that
            for op, to, source, offset, _ in lines:
                if op == _LOAD:
                    holds.setdefault(to, set()).add(offset)
                elif _is_move(op):
                    holds.setdefault(to, set()).update(holds.get(source, ()))
        for op, to, _, _, number in lines:
            kinds = holds.get(to, set()) & {*found}
            if not kinds:
                continue
            if op & 7 in {4, 7} and op & 0xF0 != 0xB0:
                raise Unclear
            if op & 7 in {5, 6} and op not in {_EXIT, _AWAY}:
                if op & 8 or op & 0xF0 not in {0x10, 0x50}:
                    raise Unclear
                for kind in kinds:
                    found[kind].add(number & _HALF)
    return sorted(found[_MAJOR]), sorted(found[_MINOR])


def _is_move(op: int) -> bool:
    """Whether it is a move from a register to another."""
    return op & 7 in {4, 7} and op & 0xF8 == 0xB8
