"""The programs of a control group as the kernel hands them out: a simulated bpf(2) that writes where it is asked to."""

from __future__ import annotations

import ctypes
import struct
from types import SimpleNamespace

import pytest

from sealock.runtime.kernel import devices
from sealock.runtime.kernel.devices import ALL, rules
from support.bpfprograms import USUAL, program

QUERY, BY_ID, INFO = 16, 13, 15
READ, WRITE = program((("c", 1, 3, "r", True),)), program((("c", 1, 3, "rw", True),))


class Kernel:
    """A kernel whose control group 7 has these programs; None is one that cannot be had, b"" one that it hides."""

    def __init__(self, *programs: bytes | None, size: int | None = None) -> None:
        self.programs, self.size = programs, size
        self.opened: list[int] = []
        self.closed: list[int] = []

    def call(self, command: int, attributes: bytes) -> tuple[int, bytes]:
        if command == QUERY:
            group, kind, flags, _, place, most = struct.unpack_from("<IIIIQI", attributes)
            if (group, kind, flags, most) != (7, 6, 1, 64):
                raise OSError(22, "Invalid argument")
            numbers = (ctypes.c_uint32 * len(self.programs))(*range(100, 100 + len(self.programs)))
            ctypes.memmove(place, numbers, ctypes.sizeof(numbers))
            return 0, attributes[:24] + struct.pack("<I", len(self.programs)) + bytes(100)
        if command == BY_ID:
            (number,) = struct.unpack("<I", attributes)
            if self.programs[number - 100] is None:
                raise OSError(2, "No such file or directory")
            self.opened.append(1000 + len(self.opened))
            self.last = number
            return self.opened[-1], attributes
        descriptor, length, place = struct.unpack("<IIQ", attributes)
        assert (command, descriptor, length) == (INFO, self.opened[-1], 256)
        text = self.programs[self.last - 100] or b""
        room, target = struct.unpack_from("<I8xQ", ctypes.string_at(place, 256), 20)
        if target:
            ctypes.memmove(target, text, min(room, len(text)))
        ctypes.memmove(place + 20, struct.pack("<I", len(text) if self.size is None else self.size), 4)
        return 0, attributes


def shown(kernel: Kernel, monkeypatch: pytest.MonkeyPatch, group: int = 7) -> list[str] | None:
    monkeypatch.setattr(devices, "call_bpf", kernel.call)
    monkeypatch.setattr(devices, "os", SimpleNamespace(close=kernel.closed.append))
    found = rules(group)
    return None if found is None else [device.rule for device in found]


@pytest.mark.parametrize(
    ("programs", "lines"),
    [
        pytest.param((), [ALL], id="none"),
        pytest.param((WRITE,), ["c 1:3 rw"], id="one"),
        pytest.param((WRITE, READ), ["c 1:3 r"], id="two, of which the second is stricter"),
        pytest.param((READ, WRITE), ["c 1:3 r"], id="two, of which the first is stricter"),
        pytest.param((program((), otherwise=True), WRITE), ["c 1:3 rw"], id="one that allows everything, and another"),
        pytest.param((program(()),), [], id="one that allows nothing"),
        pytest.param((WRITE, None), None, id="one that is gone"),
        pytest.param((b"", WRITE), None, id="one that the kernel hides"),
        pytest.param((WRITE, b"\xff" * 8), None, id="one that is no program"),
    ],
)
def test_all_programs_of_a_group_count(
    monkeypatch: pytest.MonkeyPatch, programs: tuple[bytes | None, ...], lines: list[str] | None
) -> None:
    kernel = Kernel(*programs)
    assert shown(kernel, monkeypatch) == lines
    assert kernel.closed == kernel.opened


@pytest.mark.parametrize(("size", "known"), [(0, False), (len(WRITE), True), ((1 << 20) + 1, False)])
def test_a_program_has_a_size(monkeypatch: pytest.MonkeyPatch, size: int, *, known: bool) -> None:
    assert (shown(Kernel(WRITE, size=size), monkeypatch) is not None) is known


def test_a_kernel_that_does_not_answer_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(Kernel(WRITE), monkeypatch, group=8) is None


def test_the_usual_program_is_read_from_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(Kernel(program(USUAL)), monkeypatch)
    assert lines is not None
    assert "c 1:3 rwm" in lines
