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
