"""Writes programs for the kernel's virtual machine (eBPF), instruction by instruction, with labels.

https://docs.kernel.org/bpf/standardization/instruction-set.html
"""

from __future__ import annotations

import struct
from typing import Final, Literal, TypeAlias

Register: TypeAlias = Literal[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
"""0 has results, 1 to 5 arguments, which calls overwrite; 6 to 9 stay, 10 is the end of the stack."""
Width: TypeAlias = Literal[1, 2, 4, 8]
_WIDTHS: Final[dict[int, int]] = {1: 0x10, 2: 0x08, 4: 0x00, 8: 0x18}
_INSTRUCTION: Final = struct.Struct("<BBhi")
Condition: TypeAlias = Literal["==", "!=", ">", ">=", "<", "<=", "&"]
_CONDITIONS: Final[dict[str, int]] = {"==": 0x10, "!=": 0x50, ">": 0x20, ">=": 0x30, "<": 0xA0, "<=": 0xB0, "&": 0x40}
Operation: TypeAlias = Literal["+", "-", "*", "|", "&", "<<", ">>", "^", "="]
_OPERATIONS: Final[dict[str, int]] = {
    "+": 0x00, "-": 0x10, "*": 0x20, "|": 0x40, "&": 0x50, "<<": 0x60, ">>": 0x70, "^": 0xA0, "=": 0xB0,
}  # fmt: skip
_MAP: Final = 1
"""BPF_PSEUDO_MAP_FD."""


class Assembly:
    """A program that is being written."""

    def __init__(self) -> None:
        self._code: list[tuple[int, int, int, int]] = []
        self._labels: dict[str, int] = {}
        self._jumps: list[tuple[int, str]] = []
        self._made = 0

    def fresh(self, name: str) -> str:
        """A label that no other part of the program has."""
        self._made += 1
        return f"{name}.{self._made}"

    def label(self, name: str) -> None:
        """Name this place."""
        assert name not in self._labels, name  # noqa: S101  a mistake of a program here
        self._labels[name] = len(self._code)

    def _add(self, code: int, to: int = 0, source: int = 0, offset: int = 0, number: int = 0) -> None:
        self._code.append((code, to | source << 4, offset, number))

    def set(self, to: Register, number: int) -> None:
        """Put a constant into a register."""
        if -(1 << 31) <= number < 1 << 31:
            self._add(0xB7, to, number=number)
            return
        low, high = struct.unpack("<ii", struct.pack("<Q", number & (1 << 64) - 1))
        self._add(0x18, to, number=low)
        self._add(0, number=high)

    def copy(self, to: Register, source: Register) -> None:
        """Copy a register."""
        self._add(0xBF, to, source)

    def calculate(self, to: Register, operation: Operation, number: int) -> None:
        """Combine a register with a constant, in 64 bits."""
        self._add(_OPERATIONS[operation] | 0x07, to, number=number)

    def combine(self, to: Register, operation: Operation, source: Register) -> None:
        """Combine two registers, in 64 bits."""
        self._add(_OPERATIONS[operation] | 0x0F, to, source)

    def swap_bytes(self, to: Register, bits: Literal[16, 32, 64]) -> None:
        """Read a number of so many bits in the network's byte order."""
        self._add(0xDC, to, number=bits)

    def load(self, width: Width, to: Register, source: Register, offset: int = 0) -> None:
        """Load from memory."""
        self._add(0x61 | _WIDTHS[width], to, source, offset)

    def store(self, width: Width, to: Register, offset: int, source: Register) -> None:
        """Store a register in memory."""
        self._add(0x63 | _WIDTHS[width], to, source, offset)

    def store_number(self, width: Width, to: Register, offset: int, number: int) -> None:
        """Store a constant in memory."""
        self._add(0x62 | _WIDTHS[width], to, 0, offset, number)

    def add_atomically(self, width: Literal[4, 8], to: Register, offset: int, source: Register) -> None:
        """Add a register to memory, whatever other CPUs do."""
        self._add(0xC3 | _WIDTHS[width], to, source, offset)

    def go(self, label: str) -> None:
        """Go on at a label."""
        self._jumps.append((len(self._code), label))
        self._add(0x05)

    def go_if(self, left: Register, condition: Condition, number: int, label: str) -> None:
        """Go on at a label if a register compares so with a constant, both unsigned."""
        self._jumps.append((len(self._code), label))
        self._add(_CONDITIONS[condition] | 0x05, left, number=number)

    def go_if_same(self, left: Register, condition: Condition, right: Register, label: str) -> None:
        """Go on at a label if two registers compare so, both unsigned."""
        self._jumps.append((len(self._code), label))
        self._add(_CONDITIONS[condition] | 0x0D, left, right)

    def go_if_negative(self, left: Register, label: str) -> None:
        """Go on at a label if a register, as a signed number, is negative."""
        self._jumps.append((len(self._code), label))
        self._add(0xC5, left)

    def map(self, to: Register, descriptor: int) -> None:
        """Put a map into a register, for a helper."""
        self._add(0x18, to, _MAP, number=descriptor)
        self._add(0)

    def call(self, helper: int) -> None:
        """Call one of the kernel's helpers."""
        self._add(0x85, number=helper)

    def end(self, result: int = 0) -> None:
        """End the program."""
        self.set(0, result)
        self._add(0x95)

    def assemble(self) -> bytes:
        """The program as the kernel takes it."""
        code = list(self._code)
        for place, label in self._jumps:
            opcode, registers, _, number = code[place]
            code[place] = opcode, registers, self._labels[label] - place - 1, number
        return b"".join(_INSTRUCTION.pack(*instruction) for instruction in code)
