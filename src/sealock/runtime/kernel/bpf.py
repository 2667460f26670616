"""The system call bpf(2), which the C library does not wrap.

https://man7.org/linux/man-pages/man2/bpf.2.html
"""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Final

_CALLS: Final = {"x86_64": 321, "aarch64": 280, "riscv64": 280, "loongarch64": 280, "ppc64le": 361}
"""Its number, by machine."""
_ATTRIBUTES: Final = 144


def call_bpf(command: int, attributes: bytes) -> tuple[int, bytes]:
    """Call it: the result, and the attributes as the kernel left them. OSError with the kernel's reason."""
    number = _CALLS.get(os.uname().machine)
    if number is None or sys.byteorder != "little" or ctypes.sizeof(ctypes.c_void_p) != 8:
        raise OSError(0, "the number of bpf(2) is unknown on this machine")
    buffer = ctypes.create_string_buffer(attributes, _ATTRIBUTES)
    result: int = ctypes.CDLL(None, use_errno=True).syscall(number, command, buffer, _ATTRIBUTES)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result, buffer.raw
