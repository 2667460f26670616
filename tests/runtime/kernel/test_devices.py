"""Which devices a control group of version 2 allows, by the programs that runtimes write, and by ones that lie."""

from __future__ import annotations

import operator
import os
import random
from collections.abc import Callable
from contextlib import suppress
from itertools import product

import pytest

from sealock.runtime.kernel import procfiles
from sealock.runtime.kernel.devices import ALL, allowed_devices, rules
from sealock.runtime.kernel.effective import _DEVICES, _MASKED, _unmasked
from sealock.runtime.kernel.program import Unclear, runs
from support.bpfprograms import USUAL, Rule, one, program

TABLE: list[tuple[str, tuple[Rule, ...], bool, list[str]]] = [
    ("nothing", (), False, []),
    ("everything", (), True, [ALL]),
    ("everything by a rule", (("a", None, None, "rwm", True),), False, [ALL]),
    ("one device", (("c", 1, 3, "rwm", True),), False, ["c 1:3 rwm"]),
    ("reading alone", (("b", 8, 0, "r", True),), False, ["b 8:0 r"]),
    ("reading and making", (("b", 8, None, "rm", True),), False, ["b 8:* rm"]),
    ("any of a minor", (("c", None, 7, "w", True),), False, ["c *:7 w"]),
    ("all but one", (("c", None, None, "rwm", True), ("c", 1, 1, "rwm", False)), False, ["c *:* rwm"]),
    ("both kinds", (("a", 10, 229, "rw", True),), False, ["c 10:229 rw", "b 10:229 rw"]),
    ("one within a wider one", (("c", 1, None, "r", True), ("c", 1, 3, "rwm", True)), False, ["c 1:* r", "c 1:3 rwm"]),
]  # fmt: skip


@pytest.mark.parametrize(("wanted", "otherwise", "lines"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_a_program_becomes_rules(wanted: tuple[Rule, ...], otherwise: bool, lines: list[str]) -> None:  # noqa: FBT001
    found = allowed_devices((program(wanted, otherwise=otherwise),))
    assert found is not None
    assert [device.rule for device in found] == lines


def test_what_runc_allows_every_container_is_nothing_special() -> None:
    found = allowed_devices((program(USUAL),))
    assert found is not None
    assert {device.rule for device in found} == _DEVICES


def test_without_any_program_everything_is_allowed() -> None:
    found = allowed_devices(())
    assert found is not None
    assert [device.rule for device in found] == [ALL]


def test_of_several_programs_the_strictest_counts() -> None:
    found = allowed_devices((program(USUAL), program((), otherwise=True), program((("c", 1, 3, "rw", True),))))
    assert found is not None
    assert [device.rule for device in found] == ["c 1:3 rw"]


UNCLEAR = {
    "a call": one(0x85, 0, 0, 0, 14) + one(0x95),
    "memory of its own": one(0x63, 10, 1, -4) + one(0x95),
    "a jump out of it": one(0x05, 0, 0, 100) + one(0x95),
    "a jump back for ever": one(0x05, 0, 0, -1) + one(0x95),
    "no end": one(0xB7, 0, 0, 0, 1),
    "half an instruction": one(0xB7, 0, 0, 0, 1)[:5],
    "a number cut in two": one(0x18, 0, 0, 0, 1),
    "a register that is not there": one(0xB7, 15, 0, 0, 1) + one(0x95),
    "what is asked, elsewhere": one(0x61, 2, 1, 12) + one(0xB7) + one(0x95),
    "a minor compared by size": one(0x61, 5, 1, 8)
    + one(0xB7)
    + one(0x25, 5, 0, 1, 3)
    + one(0xB7, 0, 0, 0, 1)
    + one(0x95),
    "a minor worked on": one(0x61, 5, 1, 8) + one(0x54, 5, 0, 0, 1) + one(0xBF, 0, 5) + one(0x95),
    "an address as the answer": one(0xBF, 0, 1) + one(0x95),
}


@pytest.mark.parametrize("text", UNCLEAR.values(), ids=UNCLEAR)
def test_what_is_not_understood_is_no_answer(text: bytes) -> None:
    assert allowed_devices((text,)) is None


WORDS: dict[int, Callable[[int, int], int]] = {
    0x00: operator.add, 0x10: operator.sub, 0x40: operator.or_, 0x50: operator.and_, 0x60: operator.lshift,
    0x70: operator.rshift, 0xA0: operator.xor, 0xB0: lambda _, right: right,
}  # fmt: skip
"""Arithmetic by its code in RFC 9669."""
SHIFTS = {0x60, 0x70}
JUMPS: dict[int, Callable[[int, int], bool]] = {
    0x10: operator.eq, 0x20: operator.gt, 0x30: operator.ge, 0x40: lambda left, right: bool(left & right),
    0x50: operator.ne, 0xA0: operator.lt, 0xB0: operator.le,
}  # fmt: skip
NUMBERS = (0, 1, 5, 31, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 32, (1 << 32) + 5, (1 << 63) + 1, (1 << 64) - 1)


def wide(register: int, number: int) -> bytes:
    """A register gets a number of 64 bits, in two instructions."""
    low, high = ((half ^ 1 << 31) - (1 << 31) for half in (number & 0xFFFFFFFF, number >> 32))
    return one(0x18, register, 0, 0, low) + one(0, 0, 0, 0, high)


def holds(prepare: bytes, jump: bytes) -> bool:
    """Whether a jump over "return 0" to "return 1" is made."""
    text = prepare + jump + one(0xB7, 0, 0, 0, 0) + one(0x95) + one(0xB7, 0, 0, 0, 1) + one(0x95)
    return runs(text, 2, 1, 3)


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("code", WORDS, ids=hex)
def test_arithmetic_is_the_kernel_s(code: int, bits: int) -> None:
    mask = (1 << bits) - 1
    for left, right in product(NUMBERS, NUMBERS):
        by = right % bits if code in SHIFTS else right & mask
        wanted = WORDS[code](left & mask, by) & mask
        prepare = wide(2, left) + wide(3, right) + one((4 if bits == 32 else 7) | 8 | code, 2, 3) + wide(4, wanted)
        assert holds(prepare, one(0x1D, 2, 4, 2)), (left, right)


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("code", JUMPS, ids=hex)
def test_comparisons_are_the_kernel_s(code: int, bits: int) -> None:
    mask = (1 << bits) - 1
    for left, right in product(NUMBERS, NUMBERS):
        jump = one((6 if bits == 32 else 5) | 8 | code, 2, 3, 2)
        assert holds(wide(2, left) + wide(3, right), jump) == JUMPS[code](left & mask, right & mask), (left, right)


def test_any_bytes_are_answered_or_not_and_never_more() -> None:
    chance = random.Random(7)  # noqa: S311  chance alone is wanted
    for _ in range(3000):
        text = bytearray(program(USUAL[: chance.randrange(4)]))
        for _ in range(chance.randrange(1, 6)):
            text[chance.randrange(len(text))] = chance.choice([0, 1, 5, 0x55, 0x61, 0x95, 0xFF, chance.randrange(256)])
        with suppress(Unclear):
            runs(bytes(text), 2 | 2 << 16, 1, 3)
        allowed_devices((bytes(text),))


@pytest.mark.parametrize(
    ("targets", "unmasked"),
    [((), True), ((_MASKED,), False), (("/proc/sys",), False), ((_MASKED, "/proc/sys"), False), (("/proc",), True)],
)
def test_one_mask_is_enough_to_be_masked(targets: tuple[str, ...], *, unmasked: bool) -> None:
    text = "".join(f"20 1 0:5 / {target} rw - tmpfs tmpfs rw\n" for target in targets)
    assert _unmasked(procfiles.mounts(text)) is unmasked


def test_numbers_without_end_are_not_worked_out() -> None:
    assert allowed_devices((program([("c", 1, number, "r", True) for number in range(100)]),)) is None


def test_a_directory_that_is_no_cgroup_shows_nothing(tmp_path: os.PathLike[str]) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    try:
        assert rules(descriptor) is None
    finally:
        os.close(descriptor)
