"""Reads the seccomp filters of a process with ptrace(2), in a process of its own.

The kernel shows them only of a process that is stopped: this one stops for less than a millisecond, and goes on even if
the reader dies. It needs CAP_SYS_ADMIN. https://man7.org/linux/man-pages/man2/ptrace.2.html (PTRACE_SECCOMP_GET_FILTER)
"""

from __future__ import annotations

import ctypes
import inspect
import json
import os
import subprocess
import sys
from typing import Final

_SEIZE, _INTERRUPT, _DETACH, _GET_FILTER = 0x4206, 0x4207, 17, 0x420C
_ALL: Final = 0x40000000
"""__WALL: wait for a process that is no child."""
_SIZE: Final = 8
"""Bytes of an instruction."""
_LONGEST: Final = 4096
"""Instructions of a filter (BPF_MAXINSNS)."""
_MOST: Final = 64
_PATIENCE: Final = 5.0


def read_filters(pid: int) -> tuple[bytes, ...]:
    """The filters of a process as classic BPF instructions; OSError where the kernel does not show them."""
    # The source text, because the file may be inside a zip archive.
    text = inspect.getsource(sys.modules[__name__])
    try:
        done = subprocess.run(  # noqa: S603  this very program
            [sys.executable, "-I", "-c", text, str(pid)], capture_output=True, check=False, timeout=_PATIENCE
        )
        answer = json.loads(done.stdout)
    except (subprocess.SubprocessError, ValueError) as error:
        raise OSError(0, "the process could not be stopped to read them") from error
    if isinstance(answer, str):
        raise OSError(0, answer)
    return tuple(bytes.fromhex(program) for program in answer)


def _ptrace(request: int, pid: int, address: int = 0, data: object = None) -> int:
    call = ctypes.CDLL(None, use_errno=True).ptrace
    call.restype = ctypes.c_long
    call.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
    result = int(call(request, pid, address, data))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def _filters(pid: int) -> list[str]:
    """The filters of a stopped process, in hexadecimal digits."""
    filters: list[str] = []
    for index in range(_MOST):
        buffer = ctypes.create_string_buffer(_LONGEST * _SIZE)
        try:
            length = _ptrace(_GET_FILTER, pid, index, buffer)
        except FileNotFoundError:
            break
        filters.append(buffer.raw[: length * _SIZE].hex())
    return filters


def main() -> int:
    """Print the filters of the process that the first argument names as JSON, or a text that says why not."""
    pid = int(sys.argv[1])
    try:
        _ptrace(_SEIZE, pid)
        try:
            _ptrace(_INTERRUPT, pid)
            os.waitpid(pid, _ALL)
            answer: object = _filters(pid)
        finally:
            _ptrace(_DETACH, pid)
    except OSError as error:
        answer = error.strerror or str(error)
    print(json.dumps(answer))  # noqa: T201  the parent reads it
    return 0


if __name__ == "__main__":
    sys.exit(main())
