"""The programs that run in the kernel at its tracepoints, and put what they see into maps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from sealock.runtime.watch import layout as lay
from sealock.runtime.watch.exitprograms import write_exit
from sealock.runtime.watch.fileprograms import write_directory, write_exec
from sealock.runtime.watch.kernelprogram import KEY, REGISTERS, KernelProgram, keep_user
from sealock.runtime.watch.layout import KernelLayout
from sealock.runtime.watch.socketprograms import write_enter

_IGNORED: Final = 1
"""SIG_IGN; above it are handlers."""


def _write_end(program: KernelProgram) -> None:
    """sched_process_exit: the user of each process, also of one that changed it after its start."""
    program.start()
    program.skip_runtime("end")
    keep_user(program)


def _write_signal(program: KernelProgram) -> None:
    """signal_deliver(sig, info, ka): what asks a program to reload or to stop, and that it handles."""
    program.start()
    program.load(8, 7, 6, 16)
    program.load(8, 2, 7, program.kernel.at("k_sigaction.sa.sa_handler"))
    program.load(4, 7, 6, 0)
    program.go_if(2, "<=", _IGNORED, "end")
    flags = {1: lay.RELOADED, 10: lay.SIGNALLED, 12: lay.SIGNALLED, 15: lay.STOPPED, 2: lay.STOPPED, 3: lay.STOPPED}
    for signal in flags:
        program.go_if(7, "==", signal, f"signal {signal}")
    program.go("end")
    for signal, flag in flags.items():
        program.label(f"signal {signal}")
        program.flag(flag)


def _write_capability(program: KernelProgram) -> None:
    """cap_capable(cred, target_ns, capable_ns, cap, ret): which capability is checked in which system call."""
    at = program.kernel.at
    program.start()
    program.skip_runtime("end")
    program.group_key(lay.CAPABILITY_KEY.size)
    program.load(4, 7, 6, 24)
    program.go_if(7, ">", 63, "end")
    program.store(4, 10, KEY + 8, 7)
    program.load(8, 1, 6, 0)
    program.load(8, 2, 1, at("cred.cap_permitted"))
    program.combine(2, ">>", 7)
    program.calculate(2, "&", 1)
    program.calculate(2, "*", lay.PERMITTED)
    program.load(4, 1, 6, 32)
    program.go_if(1, "!=", 0, "refused")
    program.calculate(2, "|", lay.GRANTED)
    program.label("refused")
    program.load(4, 1, 8, at("task_struct.seccomp.mode"))
    program.go_if(1, "==", 0, "unfiltered")
    program.calculate(2, "|", lay.UNDER_FILTER)
    program.label("unfiltered")
    program.store(4, 10, KEY + 16, 2)
    program.copy(1, 8)
    program.call(REGISTERS)
    program.go_if(0, "==", 0, "end")
    program.load(4, 1, 0, program.kernel.number)
    program.store(4, 10, KEY + 12, 1)
    program.keep("capabilities", lay.LOST_OTHERS)


_MAKERS: Final[Mapping[str, Callable[[KernelProgram], None]]] = {
    "sys_enter": write_enter,
    "sys_exit": write_exit,
    "sched_process_exec": write_exec,
    "sched_process_exit": _write_end,
    "cgroup_mkdir": write_directory,
    "signal_deliver": _write_signal,
    "cap_capable": _write_capability,
}


def programs(kernel: KernelLayout, maps: Mapping[str, int]) -> Iterator[tuple[str, bytes]]:
    """The programs by tracepoint."""
    for name in kernel.tracepoints:
        program = KernelProgram(kernel, maps)
        _MAKERS[name](program)
        program.finish()
        yield name, program.assemble()
