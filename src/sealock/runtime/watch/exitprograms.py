"""The program at the end of system calls: which files were opened, and that somebody came to the container."""

from __future__ import annotations

from typing import Final

from sealock.runtime.watch import layout as lay
from sealock.runtime.watch.fileprograms import write_file
from sealock.runtime.watch.kernelprogram import FILE, SPARE, KernelProgram
from sealock.runtime.watch.socketprograms import socket_of

_OPENS: Final = ("open", "openat", "openat2", "creat", "open_by_handle_at")
_ACCEPTS: Final = ("accept", "accept4")
_RECEIVES: Final = ("recvfrom", "recvmsg", "recvmmsg")
_DATAGRAMS: Final = 2
"""SOCK_DGRAM."""
_OPENED: Final = 3
"""FMODE_READ and FMODE_WRITE, which are 1 and 2 as READ and WRITTEN are."""


def write_exit(program: KernelProgram) -> None:
    """sys_exit(registers, result): opened files, an accepted connection, a datagram that came."""
    kernel = program.kernel
    program.load(8, 2, 1, 8)
    program.load(8, 3, 1, 0)
    program.load(4, 3, 3, kernel.number)
    opens, accepts, receives = kernel.calls(*_OPENS), kernel.calls(*_ACCEPTS), kernel.calls(*_RECEIVES)
    for number in (*opens.values(), *accepts.values(), *receives.values()):
        program.go_if(3, "==", number, "begin")
    program.go("end")
    program.label("begin")
    program.go_if_negative(2, "end")
    program.start()
    # The older architecture has other numbers.
    offset, bit = kernel.compat
    program.load(4, 1, 8, offset)
    program.go_if(1, "&", bit, "end")
    program.skip_runtime("end")
    program.load(8, 7, 6, 8)
    program.load(8, 1, 6, 0)
    program.load(4, 1, 1, kernel.number)
    for number in opens.values():
        program.go_if(1, "==", number, "opened")
    for number in receives.values():
        program.go_if(1, "==", number, "received")
    program.flag(lay.ACCEPTED)
    program.label("received")
    _write_received(program)
    program.label("opened")
    program.file_of(7)
    program.peek(SPARE, 4, FILE, kernel.at("file.f_mode"))
    program.load(4, 1, 10, SPARE)
    program.calculate(1, "&", _OPENED)
    program.go_if(1, "==", 0, "end")
    write_file(program)


def _write_received(program: KernelProgram) -> None:
    """Note that a datagram came to a port that was bound: who only asks has bound none."""
    kernel = program.kernel
    # Once there was traffic, the rest is saved.
    program.load(1, 1, 9, lay.ACCEPTED)
    program.go_if(1, "!=", 0, "end")
    socket_of(program)
    program.peek(SPARE, 2, FILE, kernel.at("socket.type"))
    program.load(2, 1, 10, SPARE)
    program.go_if(1, "!=", _DATAGRAMS, "end")
    offset, bit = kernel.bound
    program.peek(FILE, 8, FILE, kernel.at("socket.sk"))
    program.peek(SPARE, 1, FILE, offset)
    program.load(1, 1, 10, SPARE)
    program.calculate(1, "&", bit)
    program.go_if(1, "==", 0, "end")
    program.flag(lay.ACCEPTED)
