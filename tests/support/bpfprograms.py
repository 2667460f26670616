"""Programs on devices as container runtimes write them, and a way to attach one to a control group."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

KINDS = {"b": 1, "c": 2}
ACCESS = {"m": 1, "r": 2, "w": 4}
Rule = tuple[str, int | None, int | None, str, bool]
"""Kind ("a" for both), major and minor (None for any), access, and whether it is allowed."""
USUAL: tuple[Rule, ...] = (
    ("c", None, None, "m", True), ("b", None, None, "m", True), ("c", 1, 3, "rwm", True), ("c", 1, 8, "rwm", True),
    ("c", 1, 7, "rwm", True), ("c", 5, 0, "rwm", True), ("c", 1, 5, "rwm", True), ("c", 1, 9, "rwm", True),
    ("c", 5, 1, "rwm", True), ("c", 136, None, "rwm", True), ("c", 5, 2, "rwm", True), ("c", 10, 200, "rwm", True),
)  # fmt: skip
"""What runc allows every container."""


def one(op: int, to: int = 0, source: int = 0, offset: int = 0, number: int = 0) -> bytes:
    """An instruction."""
    return struct.pack("<BBhi", op, to | source << 4, offset, number)


def program(rules: Sequence[Rule], *, otherwise: bool = False) -> bytes:
    """A program as runc and crun write it: a block for each rule, the last one first; then what holds for the rest."""
    text = [one(0x61, 2, 1), one(0x54, 2, 0, 0, 0xFFFF), one(0x61, 3, 1), one(0x74, 3, 0, 0, 16)]
    text += [one(0x61, 4, 1, 4), one(0x61, 5, 1, 8)]
    for kind, major, minor, access, allowed in reversed(rules):
        block: list[tuple[int, int, int, int]] = []
        if kind != "a":
            block.append((0x55, 2, 0, KINDS[kind]))
        if access != "rwm":
            block += [(0xBC, 1, 3, 0), (0x54, 1, 0, sum(ACCESS[letter] for letter in access)), (0x5D, 1, 3, 0)]
        block += [(0x55, 4, 0, major)] if major is not None else []
        block += [(0x55, 5, 0, minor)] if minor is not None else []
        block += [(0xB4, 0, 0, int(allowed)), (0x95, 0, 0, 0)]
        for at, (op, to, source, number) in enumerate(block):
            jumps = op in {0x55, 0x5D}
            text.append(one(op, to, source, len(block) - at - 1 if jumps else 0, number))
        if len(block) == 2:
            # Nothing after it is ever reached, and the kernel takes no such text.
            return b"".join(text)
    return b"".join([*text, one(0xB4, 0, 0, 0, int(otherwise)), one(0x95)])


def bpf(command: int, attributes: bytes) -> int:
    held = ctypes.create_string_buffer(attributes, 144)
    number = {"x86_64": 321}.get(os.uname().machine, 280)
    result: int = ctypes.CDLL(None, use_errno=True).syscall(number, command, held, 144)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


@contextmanager
def attached(folder: Path, text: bytes) -> Iterator[int]:
    """A control group of version 2 with this program; gives its descriptor, and ends with the folder removed."""
    held, licence = ctypes.create_string_buffer(text), ctypes.create_string_buffer(b"Apache")
    where = ctypes.addressof
    loading = struct.pack("<IIQQIIQI", 15, len(text) // 8, where(held), where(licence), 0, 0, 0, 0)
    loaded = bpf(5, loading + bytes(20) + struct.pack("<II", 0, 6))
    folder.mkdir()
    group = os.open(folder, os.O_RDONLY)
    try:
        # Programs of the groups above stay in force beside it (BPF_F_ALLOW_MULTI).
        bpf(8, struct.pack("<IIII", group, loaded, 6, 2))
        yield group
    finally:
        os.close(group)
        os.close(loaded)
        folder.rmdir()
