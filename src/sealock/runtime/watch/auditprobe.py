"""Makes one record of seccomp, so that a listener knows whether records arrive where it listens.

The kernel sends them to the host's network namespace only, and numbers processes as the host does; rules of auditd may
exclude them. Nothing of this is an error for who listens: it would be silence.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Final

from sealock.errors import TargetError, reason_of
from sealock.model.systemcalls import system_calls

_CALL: Final = "getppid"
_SECONDS: Final = 10.0
_PROGRAM: Final = """\
import ctypes, os, struct, sys
code = ctypes.create_string_buffer(struct.pack(
    "=HBBIHBBIHBBIHBBI",
    0x20, 0, 0, 0, 0x15, 0, 1, int(sys.argv[1]), 0x06, 0, 0, 0x7FFC0000, 0x06, 0, 0, 0x7FFF0000,
))
program = ctypes.create_string_buffer(struct.pack("@HP", 4, ctypes.addressof(code)))
control = ctypes.CDLL(None, use_errno=True).prctl
control.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]
if control(38, 1, 0, 0, 0) or control(22, 2, ctypes.addressof(program), 0, 0):
    sys.exit(os.strerror(ctypes.get_errno()))
os.getppid()
"""
"""PR_SET_NO_NEW_PRIVS, and PR_SET_SECCOMP with a filter that answers SECCOMP_RET_LOG to one call."""


def make_record() -> int:
    """Let a filter log a call of a process of our own, and return the number of that process."""
    machine = os.uname().machine
    number = next((number for number, name in system_calls(machine).items() if name == _CALL), None)
    if number is None:
        message = f"the system calls of {machine} are not known"
        raise TargetError(message)
    words = [sys.executable, "-I", "-S", "-c", _PROGRAM, str(number)]
    try:
        with subprocess.Popen(words, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as made:  # noqa: S603  our own
            try:
                why = made.communicate(timeout=_SECONDS)[1].strip()
            except subprocess.TimeoutExpired:
                made.kill()
                why = "it does not end"
    except OSError as error:
        message = f"no filter could be tried: {reason_of(error)}"
        raise TargetError(message) from None
    if made.returncode:
        message = f"no filter could be tried: {why[-200:]}"
        raise TargetError(message)
    return made.pid
