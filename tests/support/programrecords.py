"""Records the programs that sealock writes for kernels and machines, instruction by instruction.

`tests/vectors/programs/NAME.txt` holds the records, and `tests/test_records.py` compares. The kernel that they are written
for is made: each field has an offset of its own. The live tests run the programs.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from sealock.runtime.sandbox.gateprogram import gate_program
from sealock.runtime.watch.kerneltypes import KernelField, KernelTypes
from sealock.runtime.watch.layout import read_layout
from sealock.runtime.watch.learningfilter import learning_filter
from sealock.runtime.watch.programs import programs
from sealock.runtime.watch.refusedcalls import refusal_programs

RECORDS = Path(__file__).parent.parent / "vectors" / "programs"
_MAPS = (
    "groups",
    "config",
    "sockets",
    "unixes",
    "capabilities",
    "users",
    "empty",
    "files",
    "scratch",
    "ring",
    "entered",
    "refused",
)
NAMES = ("x86_64", "aarch64", "x86_64-cgroups-1", "gate", "filter")


class _Types:
    """A kernel whose structures have their fields in the order in which somebody asks."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], int] = {}

    def offset(self, structure: str, path: str) -> int:
        return self.known.setdefault((structure, path), 8 * (len(self.known) + 1))

    def field(self, structure: str, path: str) -> KernelField:
        return KernelField(self.offset(structure, path), 3)

    def tracepoint(self, name: str) -> int:
        return len(name)

    def has_tracepoint(self, name: str) -> bool:
        return bool(name)

    def constant(self, name: str) -> int:
        return len(name)


def record(name: str) -> str:
    """The record of a kernel's programs, of the gate, or of the filter for learning."""
    match name:
        case "gate":
            rows = [row for machine in ("x86_64", "aarch64") for row in _bytes(machine)]
        case "filter":
            rows = list(_filters())
        case _:
            rows = list(_programs(name))
    return "".join(f"{row}\n" for row in rows)


def _programs(name: str) -> Iterator[str]:
    machine = name.partition("-")[0]
    kernel = read_layout(cast("KernelTypes", _Types()), machine, *(("memory", 4) if machine != name else ()))
    for field, value in {
        "number": kernel.number,
        "compat": kernel.compat,
        "bound": kernel.bound,
        "controller": kernel.controller,
        "arguments": kernel.arguments,
        "tracepoints": kernel.tracepoints,
    }.items():
        yield f"{field}: {value}"
    yield from (f"{path}: {offset}" for path, offset in kernel.offsets.items())
    maps = {shared: number for number, shared in enumerate(_MAPS, 3)}
    made = dict(programs(kernel, maps))
    made |= {f"refused calls, {point}": text for point, text in refusal_programs(kernel, maps)}
    for title, text in made.items():
        yield f"{title}:"
        yield from (
            f"  {place // 8:3} {operation:02x} r{registers & 15} r{registers >> 4} {offset:+} {number}"
            for place in range(0, len(text), 8)
            for operation, registers, offset, number in (struct.unpack_from("<BBhi", text, place),)
        )


def _bytes(machine: str) -> Iterator[str]:
    yield f"{machine}:"
    program = gate_program(machine, 3128, "/.sealock/socket")
    yield from (f"  {place:4} {program[place : place + 16].hex(' ', 4)}" for place in range(0, len(program), 16))


def _filters() -> Iterator[str]:
    for listener in ("", "/run/s"):
        action = "SCMP_ACT_NOTIFY" if listener else "SCMP_ACT_LOG"
        made = json.loads(learning_filter(("CHOWN", "SYS_PTRACE"), "x86_64", action, listener))  # type: ignore[arg-type]  # one of the two
        yield from (f"{key}: {value}" for key, value in made.items() if key != "syscalls")
        for rule in made["syscalls"]:
            yield f"{ {key: value for key, value in rule.items() if key != 'names'} }"
            yield f"  {' '.join(rule['names'])}"


if __name__ == "__main__":
    RECORDS.mkdir(exist_ok=True)
    for record_name in NAMES:
        (RECORDS / f"{record_name}.txt").write_text(record(record_name), encoding="utf-8")
