"""A program of a few hundred bytes that listens within a container and hands the listening socket out of it.

A container without a network reaches only itself. What accepts connections there is a socket, and a socket belongs to
the network that it was made in: so any process of this machine that holds it can serve it, with no right in that
network. The program needs no file of the image, waits, and ends when the one that took the socket does.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

from sealock.errors import TargetError

MACHINES: Final = ("x86_64", "aarch64")
_BASE: Final = 0x400000
_ALIGNMENT: Final = 0x10000
_START: Final = _BASE + 64 + 56
"""Where the program begins, after the ELF header and that of its one segment."""
_LISTENER, _CHANNEL = 3, 4
"""File descriptors: the first two that a program opens. Where they are others, nothing is handed out."""
_ADDRESS, _MESSAGE, _VECTOR, _CONTROL, _UNIX, _CALLS = 0, 16, 72, 88, 112, 224
"""Where in the segment what the system calls point to is, and where they are."""
_X86_64: Final = {"socket": 41, "bind": 49, "listen": 50, "connect": 42, "sendmsg": 46, "read": 0, "exit": 60}
_AARCH64: Final = {"socket": 198, "bind": 200, "listen": 201, "connect": 203, "sendmsg": 211, "read": 63, "exit": 93}
"""The numbers of system calls: asm/unistd_64.h, asm-generic/unistd.h."""


def gate_program(machine: str, port: int, path: str) -> bytes:
    """An ELF program for a machine, as uname(1) names it: it listens on 127.0.0.1:PORT, and sends the socket to a path.

    TargetError for a machine that it cannot be written for.
    """
    calls = (
        ("socket", (2, 1, 0)),
        ("bind", (_LISTENER, _START + _ADDRESS, 16)),
        ("listen", (_LISTENER, 128, 0)),
        ("socket", (1, 1, 0)),
        ("connect", (_CHANNEL, _START + _UNIX, 3 + len(path.encode()))),
        ("sendmsg", (_CHANNEL, _START + _MESSAGE, 0)),
        # It returns when the other end is closed.
        ("read", (_CHANNEL, _START, 1)),
        ("exit", (0, 0, 0)),
    )
    match machine:
        case "x86_64":
            number, code = 62, b"".join(_on_x86_64(_X86_64[name], words) for name, words in calls)
        case "aarch64":
            number, code = 183, b"".join(_on_aarch64(_AARCH64[name], words) for name, words in calls)
        case _:
            message = f"hosts can be allowed on machines of {' and '.join(MACHINES)}, and this is {machine}"
            raise TargetError(message)
    content = _data(port, path) + code
    length = _START - _BASE + len(content)
    header = struct.pack(
        "<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", 2, number, 1, _START + _CALLS, 64, 0, 0, 64, 56, 1, 64, 0, 0
    )
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, _BASE, _BASE, length, length, _ALIGNMENT)
    return header + segment + content


def _data(port: int, path: str) -> bytes:
    """Both addresses, and the message that holds the listening socket: its first byte is that of the address."""
    address = struct.pack("<HH4s8x", 2, int.from_bytes(port.to_bytes(2, "big"), "little"), bytes((127, 0, 0, 1)))
    message = struct.pack("<QQQQQQQ", 0, 0, _START + _VECTOR, 1, _START + _CONTROL, 24, 0)
    vector = struct.pack("<QQ", _START, 1)
    control = struct.pack("<Qiii4x", 20, 1, 1, _LISTENER)
    data = address + message + vector + control + struct.pack("<H", 1) + path.encode() + b"\0"
    if len(data) > _CALLS:
        wrong = f"the path {path} is too long for a socket"
        raise ValueError(wrong)
    return data.ljust(_CALLS, b"\0")


def _on_x86_64(number: int, words: Sequence[int]) -> bytes:
    """A system call: its arguments into edi, esi and edx, its number into eax."""
    loads = zip(b"\xbf\xbe\xba\xb8", (*words, number), strict=True)
    return b"".join(struct.pack("<BI", opcode, word) for opcode, word in loads) + b"\x0f\x05"


def _on_aarch64(number: int, words: Sequence[int]) -> bytes:
    """A system call: its arguments into x0, x1 and x2, its number into x8, each by movz and movk."""
    code = b""
    for register, word in zip((0, 1, 2, 8), (*words, number), strict=True):
        low, high = (word & 0xFFFF) << 5 | register, (word >> 16) << 5 | register
        code += struct.pack("<II", 0xD2800000 | low, 0xF2A00000 | high)
    return code + struct.pack("<I", 0xD4000001)
