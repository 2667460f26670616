"""What a seccomp filter blocks is evaluated as the kernel does: by number and architecture, the strictest filter first."""

from __future__ import annotations

import struct

import pytest

from sealock.model.systemcalls import system_calls
from sealock.runtime.kernel.seccomp import evaluate_filters

ALLOW, LOG, ERRNO, KILL = 0x7FFF0000, 0x7FFC0000, 0x00050001, 0x80000000
NUMBER, ARCHITECTURE, ARGUMENT = 0, 4, 16
X86_64 = 0xC000003E
MOUNT = 165


def load(offset: int) -> tuple[int, int, int, int]:
    return 0x20, 0, 0, offset


def equal(value: int, yes: int, no: int) -> tuple[int, int, int, int]:
    return 0x15, yes, no, value


def give(action: int) -> tuple[int, int, int, int]:
    return 0x06, 0, 0, action


def program(*instructions: tuple[int, int, int, int]) -> bytes:
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions)


ALL = program(give(ALLOW))
NO_MOUNT = program(load(NUMBER), equal(MOUNT, 0, 1), give(ERRNO), give(ALLOW))


@pytest.mark.parametrize(
    ("filters", "blocked", "by_arguments"),
    [
        pytest.param((ALL,), (), (), id="a filter that allows all"),
        pytest.param((NO_MOUNT,), ("mount",), (), id="one system call"),
        pytest.param((ALL, NO_MOUNT), ("mount",), (), id="the stricter of two"),
        pytest.param((NO_MOUNT, ALL), ("mount",), (), id="in any order"),
        pytest.param((program(give(LOG)),), (), (), id="one that only logs"),
        pytest.param((program(load(NUMBER), equal(MOUNT, 0, 1), give(KILL), give(ERRNO)), ALL), tuple(sorted(system_calls("x86_64").values())), (), id="one that blocks all"),
        pytest.param((program(load(ARCHITECTURE), equal(X86_64, 1, 0), give(KILL), *struct.iter_unpack("=HBBI", NO_MOUNT)),), ("mount",), (), id="one that compares the architecture"),
        pytest.param((program(load(NUMBER), equal(MOUNT, 0, 3), load(ARGUMENT), equal(0, 0, 1), give(ERRNO), give(ALLOW)),), ("mount",), ("mount",), id="one that looks at an argument"),
        pytest.param((program(load(NUMBER), (0x54, 0, 0, 0xFF), (0x35, 0, 1, MOUNT), give(ALLOW), give(ALLOW)),), (), (), id="arithmetic and greater or equal"),
        pytest.param((program((0x00, 0, 0, 7), (0x02, 0, 0, 3), (0x61, 0, 0, 3), (0x87, 0, 0, 0), equal(7, 0, 1), give(ALLOW), give(KILL)),), (), (), id="memory and the index"),
    ],
)  # fmt: skip
def test_what_is_blocked(filters: tuple[bytes, ...], blocked: tuple[str, ...], by_arguments: tuple[str, ...]) -> None:
    calls = evaluate_filters(filters, "x86_64")
    assert (calls.total, calls.blocked, calls.by_arguments, calls.unread) == (375, blocked, by_arguments, "")


WORD = (1 << 32) - 1
A, B = 0xF0F0_1234, 13
CALCULATED = {
    "add": (0x04, (A + B) & WORD),
    "subtract": (0x14, A - B),
    "multiply": (0x24, (A * B) & WORD),
    "divide": (0x34, A // B),
    "or": (0x44, A | B),
    "and": (0x54, A & B),
    "shift left": (0x64, (A << B) & WORD),
    "shift right": (0x74, A >> B),
    "exclusive or": (0xA4, A ^ B),
}
"""What each instruction of linux/bpf_common.h makes of two numbers, in 32 bits."""
ACCUMULATORS = [
    *((f"{name} a constant", [(0x00, 0, 0, A), (code, 0, 0, B)], value) for name, (code, value) in CALCULATED.items()),
    *((f"{name} the index", [(0x00, 0, 0, A), (0x01, 0, 0, B), (code | 8, 0, 0, 0)], value) for name, (code, value) in CALCULATED.items()),
    ("subtract more than there is", [(0x00, 0, 0, 1), (0x14, 0, 0, 2)], WORD),
    ("divide by nothing", [(0x00, 0, 0, 1), (0x01, 0, 0, 0), (0x3C, 0, 0, 0)], 0),
    ("shift by more than 31", [(0x00, 0, 0, 3), (0x64, 0, 0, 33)], 6),
    ("shift right by more than 31", [(0x00, 0, 0, 6), (0x74, 0, 0, 33)], 3),
    ("negate", [(0x00, 0, 0, 1), (0x84, 0, 0, 0)], WORD),
    ("negate nothing", [(0x84, 0, 0, 0)], 0),
    ("a constant", [(0x00, 0, 0, 7)], 7),
    ("the length of the data", [(0x80, 0, 0, 0)], 64),
    ("the length in the index", [(0x81, 0, 0, 0), (0x87, 0, 0, 0)], 64),
    ("a constant in the index", [(0x01, 0, 0, 9), (0x87, 0, 0, 0)], 9),
    ("the index from the accumulator", [(0x00, 0, 0, 5), (0x07, 0, 0, 0), (0x00, 0, 0, 0), (0x87, 0, 0, 0)], 5),
    ("memory of the accumulator", [(0x00, 0, 0, 5), (0x02, 0, 0, 15), (0x00, 0, 0, 0), (0x60, 0, 0, 15)], 5),
    ("memory of the index", [(0x01, 0, 0, 5), (0x03, 0, 0, 0), (0x60, 0, 0, 0)], 5),
    ("memory into the index", [(0x00, 0, 0, 5), (0x02, 0, 0, 1), (0x61, 0, 0, 1), (0x00, 0, 0, 0), (0x87, 0, 0, 0)], 5),
    ("memory of another place", [(0x00, 0, 0, 5), (0x02, 0, 0, 1), (0x60, 0, 0, 2)], 0),
    ("memory of another place into the index", [(0x00, 0, 0, 5), (0x02, 0, 0, 1), (0x01, 0, 0, 3), (0x61, 0, 0, 2), (0x87, 0, 0, 0)], 0),
    ("a jump", [(0x00, 0, 0, 1), (0x05, 0, 0, 2), (0x00, 0, 0, 2), (0x00, 0, 0, 3), (0x04, 0, 0, 1)], 2),
    ("the architecture", [load(ARCHITECTURE)], X86_64),
    ("the instruction pointer", [load(8)], 0),
]  # fmt: skip


@pytest.mark.parametrize(("instructions", "value"), [pytest.param(*row, id=name) for name, *row in ACCUMULATORS])
def test_an_instruction_gives_the_number_that_the_kernel_has(
    instructions: list[tuple[int, int, int, int]], value: int
) -> None:
    calls = evaluate_filters([program(*instructions, equal(value, 0, 1), give(ERRNO), give(ALLOW))], "x86_64")
    assert len(calls.blocked) == calls.total
    assert calls.by_arguments == ()


@pytest.mark.parametrize("index", [False, True], ids=["a constant", "the index"])
@pytest.mark.parametrize(
    ("code", "left", "right", "jumps"),
    [
        (0x15, 5, 5, True), (0x15, 5, 6, False), (0x15, 6, 5, False),
        (0x25, 6, 5, True), (0x25, 5, 5, False), (0x25, 5, 6, False), (0x25, WORD, 1, True),
        (0x35, 6, 5, True), (0x35, 5, 5, True), (0x35, 5, 6, False),
        (0x45, 6, 2, True), (0x45, 4, 2, False), (0x45, 0, 0, False),
    ],
)  # fmt: skip
def test_a_jump_is_taken_where_the_kernel_takes_it(
    code: int, left: int, right: int, *, jumps: bool, index: bool
) -> None:
    jump = [(0x01, 0, 0, right), (code | 8, 1, 2, 0)] if index else [(0x01, 0, 0, 99), (code, 1, 2, right)]
    text = program((0x00, 0, 0, left), *jump, give(KILL), give(ERRNO), give(ALLOW))
    assert bool(evaluate_filters([text], "x86_64").blocked) is jumps


@pytest.mark.parametrize(
    ("filters", "blocks"),
    [
        ([(0x00, 0, 0, ALLOW), (0x16, 0, 0, 0)], False),
        ([(0x00, 0, 0, KILL), (0x16, 0, 0, 0)], True),
        ([give(ALLOW | 0xFFFF)], False),
        ([give(LOG | 1)], False),
        ([give(0x7FF00000)], True),
        ([give(0x00030000)], True),
        ([give(0)], True),
        ([give(0x7FC00000)], True),
    ],
    ids=["the accumulator allows", "the accumulator kills", "data of an action", "data of a log", "a tracer", "a trap", "a thread ends", "a notification"],
)  # fmt: skip
def test_an_action_blocks_unless_it_allows_or_logs(filters: list[tuple[int, int, int, int]], *, blocks: bool) -> None:
    assert bool(evaluate_filters([program(*filters)], "x86_64").blocked) is blocks
    assert bool(evaluate_filters([program(*filters), ALL], "x86_64").blocked) is blocks
    assert len(evaluate_filters([program(*filters), program(give(KILL))], "x86_64").blocked) == 375


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(program(load(NUMBER)), id="no end"),
        pytest.param(program((0xFFFF, 0, 0, 0)), id="an unknown instruction"),
        pytest.param(program((0x07FF, 0, 0, 0), give(ALLOW)), id="an unknown instruction before an end"),
        pytest.param(program((0x05, 0, 0, 4_000_000_000), give(ALLOW)), id="a jump past the end"),
    ],
)
def test_a_filter_that_no_kernel_takes_allows_nothing(text: bytes) -> None:
    with pytest.raises(ValueError, match="unknown instruction, or no end"):
        evaluate_filters((text,), "x86_64")


@pytest.mark.parametrize(
    ("machine", "filters", "why"),
    [("s390x", (ALL,), "the system calls of s390x are unknown"), ("x86_64", (), "there is no filter")],
)
def test_what_is_unknown_is_said(machine: str, filters: tuple[bytes, ...], why: str) -> None:
    assert evaluate_filters(filters, machine).unread == why


@pytest.mark.parametrize(("machine", "number", "name"), [("x86_64", 0, "read"), ("x86_64", 462, "mseal"), ("x86_64", 334, "rseq"), ("x86_64", 424, "pidfd_send_signal"), ("aarch64", 63, "read"), ("aarch64", 221, "execve"), ("riscv64", 93, "exit")])  # fmt: skip
def test_system_calls_have_their_numbers(machine: str, number: int, name: str) -> None:
    assert system_calls(machine)[number] == name
