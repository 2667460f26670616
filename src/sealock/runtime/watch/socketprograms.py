"""The program at the entry of system calls: which are made, and to which addresses."""

from __future__ import annotations

from typing import Final

from sealock.runtime.watch import layout as lay
from sealock.runtime.watch.fileprograms import write_file
from sealock.runtime.watch.kernelprogram import FILE, KEY, PEEK_USER, SLOT, SPARE, VALUE, KernelProgram

_X32: Final = 0x40000000
_X32_SHIFT: Final = 30
_EXECUTABLE, _NO_FILE = 4, 0x20
"""PROT_EXEC, MAP_ANONYMOUS."""
_FORMAT, _SOCKET = 0xF000, 0xC000
"""S_IFMT, S_IFSOCK."""
_UNIX, _IPV4, _IPV6 = 1, 2, 10
_ADDRESS: Final = 28
"""Bytes of struct sockaddr_in6."""
_TO: Final = -96
"""Where an address is on the stack."""
_PATH: Final = 2
"""Where the path starts in struct sockaddr_un."""


def write_enter(program: KernelProgram) -> None:
    """sys_enter(registers, number)."""
    program.start()
    _write_call(program)
    # The older architecture and x32 pass other arguments.
    program.go_if(9, "!=", 0, "end")
    calls = program.kernel.calls("mmap", "connect", "bind", "listen", "sendto", "sendmsg", "sendmmsg")
    for name, number in calls.items():
        program.go_if(7, "==", number, name)
    program.go("end")
    _write_mmap(program)
    for name, kind, place in (("connect", lay.CONNECTS, 1), ("bind", lay.BINDS, 1), ("sendto", lay.CONNECTS, 4)):
        program.label(name)
        program.argument(1, place)
        program.set(9, kind)
        program.go("address")
    program.label("sendmsg")
    program.label("sendmmsg")
    # Both start with a pointer to the address, or 0.
    program.argument(3, 1)
    _peek_user(program, SLOT, 8)
    program.load(8, 1, 10, SLOT)
    program.set(9, lay.CONNECTS)
    program.label("address")
    program.store(8, 10, SLOT, 1)
    program.go_if(1, "==", 0, "end")
    _write_address(program)
    _write_listen(program)


def _write_call(program: KernelProgram) -> None:
    """Mark the call in the group's value; then 7 has its number, and 9 is 0 if it is of the machine's own kind."""
    kernel = program.kernel
    offset, bit = kernel.compat
    program.load(8, 7, 6, 8)
    program.load(4, 2, 8, offset)
    program.set(3, 0)
    program.go_if(2, "&", bit, "compat")
    if kernel.machine == "x86_64":
        program.copy(2, 7)
        program.calculate(2, ">>", _X32_SHIFT)
        program.go_if(2, "!=", 1, "placed")
        program.calculate(7, "&", _X32 - 1)
        program.set(3, 2 * lay.CALLS)
    program.go("placed")
    program.label("compat")
    program.set(3, lay.CALLS)
    program.label("placed")
    program.go_if(7, ">=", lay.CALLS, "end")
    program.load(4, 1, 8, kernel.at("task_struct.seccomp.mode"))
    program.copy(2, 9)
    program.copy(9, 3)
    program.go_if(1, "!=", 0, "filtered")
    program.calculate(3, "+", lay.UNFILTERED * lay.CLASS)
    program.label("filtered")
    program.combine(3, "+", 7)
    program.combine(2, "+", 3)
    program.load(1, 3, 2, lay.FLAGS)
    program.go_if(3, "!=", 0, "marked")
    program.copy(4, 1)
    program.skip_runtime("runtime")
    program.store_number(1, 2, lay.FLAGS, 1)
    program.go("marked")
    program.label("runtime")
    program.go_if(4, "==", 0, "end")
    program.store_number(1, 2, lay.FLAGS + lay.RUNTIME * lay.CLASS, 1)
    program.go("end")
    program.label("marked")


def _write_mmap(program: KernelProgram) -> None:
    program.label("mmap")
    program.argument(1, 2)
    program.calculate(1, "&", _EXECUTABLE)
    program.go_if(1, "==", 0, "end")
    program.argument(1, 3)
    program.go_if(1, "&", _NO_FILE, "end")
    program.argument(7, 4)
    program.file_of(7)
    program.set(1, lay.MAPPED)
    write_file(program)


def _peek_user(program: KernelProgram, to: int, length: int) -> None:
    """Read from the process's memory, at an address in 3; end if it cannot be read without waiting."""
    program.copy(1, 10)
    program.calculate(1, "+", to)
    program.set(2, length)
    program.call(PEEK_USER)
    program.go_if(0, "!=", 0, "end")


def socket_of(program: KernelProgram) -> None:
    """Put the socket of the descriptor that is the first argument at FILE; end if it is none."""
    at = program.kernel.at
    program.argument(7, 0)
    program.file_of(7)
    program.peek(VALUE, 8, FILE, at("file.f_inode"))
    program.peek(SPARE, 2, VALUE, at("inode.i_mode"))
    program.load(2, 1, 10, SPARE)
    program.calculate(1, "&", _FORMAT)
    program.go_if(1, "!=", _SOCKET, "end")
    program.peek(FILE, 8, FILE, at("file.private_data"))


def _write_address(program: KernelProgram) -> None:
    """Keep the address that SLOT points to, for what 9 says."""
    socket_of(program)
    program.load(8, 3, 10, SLOT)
    _peek_user(program, _TO, 4)
    program.load(2, 7, 10, _TO)
    program.go_if(7, "==", _UNIX, "unix")
    program.group_key(lay.SOCKET_KEY.size)
    program.load(8, 3, 10, SLOT)
    program.go_if(7, "==", _IPV4, "ipv4")
    program.go_if(7, "!=", _IPV6, "end")
    _peek_user(program, _TO, _ADDRESS)
    for place in (0, 8):
        program.load(4, 1, 10, _TO + 8 + place)
        program.store(4, 10, KEY + 16 + place, 1)
        program.load(4, 1, 10, _TO + 12 + place)
        program.store(4, 10, KEY + 20 + place, 1)
    program.go("port")
    program.label("ipv4")
    _peek_user(program, _TO, 8)
    program.load(4, 1, 10, _TO + 4)
    program.store(4, 10, KEY + 16, 1)
    program.label("port")
    program.load(2, 1, 10, _TO + 2)
    program.swap_bytes(1, 16)
    program.store(2, 10, KEY + 12, 1)
    program.store(2, 10, KEY + 8, 9)
    program.store(2, 10, KEY + 10, 7)
    program.peek(KEY + 14, 2, FILE, program.kernel.at("socket.type"))
    program.keep("sockets", lay.LOST_SOCKETS)
    program.label("unix")
    program.group_key(lay.UNIX_KEY.size)
    program.store(2, 10, KEY + 8, 9)
    program.load(8, 3, 10, SLOT)
    program.calculate(3, "+", _PATH)
    # Not all of it need be there: what can be read ends with 0.
    program.copy(1, 10)
    program.calculate(1, "+", KEY + 12)
    program.set(2, lay.UNIX_PATH)
    program.call(_PEEK_USER_TEXT)
    program.keep("unixes", lay.LOST_SOCKETS)


_PEEK_USER_TEXT: Final = 114
"""bpf_probe_read_user_str."""


def _write_listen(program: KernelProgram) -> None:
    """Keep where a socket listens, as the kernel has it."""
    at = program.kernel.at
    program.label("listen")
    socket_of(program)
    program.group_key(lay.SOCKET_KEY.size)
    program.store_number(2, 10, KEY + 8, lay.LISTENS)
    program.peek(KEY + 14, 2, FILE, at("socket.type"))
    program.peek(FILE, 8, FILE, at("socket.sk"))
    program.peek(KEY + 10, 2, FILE, at("sock.__sk_common.skc_family"))
    program.load(2, 7, 10, KEY + 10)
    program.peek(KEY + 12, 2, FILE, at("sock.__sk_common.skc_num"))
    program.go_if(7, "==", _IPV4, "listens")
    program.go_if(7, "!=", _IPV6, "end")
    program.peek(KEY + 16, 8, FILE, at("sock.__sk_common.skc_v6_rcv_saddr"))
    program.peek(KEY + 24, 8, FILE, at("sock.__sk_common.skc_v6_rcv_saddr") + 8)
    program.go("kept")
    program.label("listens")
    program.peek(KEY + 16, 4, FILE, at("sock.__sk_common.skc_rcv_saddr"))
    program.label("kept")
    program.keep("sockets", lay.LOST_SOCKETS)
