"""What the programs that run in the kernel at its tracepoints have in common.

They keep sets, so that nothing is lost however often it happens; only the path of a file is sent, once for each. What
a container does belongs to it by its cgroup, which no process inside can leave, and which an engine makes before the
runtime's first step. They may be used under the MIT or the GPL-2.0 licence, as the kernel's helpers require.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sealock.runtime.watch import layout as lay
from sealock.runtime.watch.assembly import Assembly, Register, Width
from sealock.runtime.watch.layout import KernelLayout

LOOKUP, UPDATE, DELETE = 1, 2, 3
TASK, REGISTERS = 158, 175
"""bpf_get_current_task_btf, bpf_task_pt_regs."""
PEEK, PEEK_USER, PEEK_TEXT = 113, 112, 115
"""bpf_probe_read_kernel, bpf_probe_read_user, bpf_probe_read_kernel_str."""
SEND: Final = 130
"""bpf_ringbuf_output."""
QUIETLY: Final = 1
"""BPF_RB_NO_WAKEUP: we look at intervals."""
HERE, SLOT, FILE, ENTRY, MOUNT, ABOVE, SPARE, VALUE = -8, -16, -24, -32, -40, -48, -56, -64
"""Places on the stack: cgroup, a pointer, file, dentry, vfsmount, what is above, any use, a value for an update."""
KEY: Final = -192
"""Where keys of maps begin on the stack."""
DEEPEST: Final = 48
"""Directories and mounts above a file."""
_RUNC, _CRUN, _EXE = 0x636E7572, 0x6E757263, 0x00657865
"""The first four letters of a runtime's name for its processes: runc and runc:[2:INIT], crun, and runc's "exe"."""


class KernelProgram(Assembly):
    """A program for one tracepoint. `maps` are descriptors by name."""

    def __init__(self, kernel: KernelLayout, maps: Mapping[str, int]) -> None:
        super().__init__()
        self.kernel, self.maps = kernel, maps

    def start(self) -> None:
        """Keep the context in 6, the process in 8, its group's value in 9; end if its group is not watched."""
        at = self.kernel.at
        self.copy(6, 1)
        self.call(TASK)
        self.copy(8, 0)
        self.load(8, 1, 8, at("task_struct.cgroups"))
        if self.kernel.controller < 0:
            self.load(8, 1, 1, at("css_set.dfl_cgrp"))
        else:
            self.load(8, 1, 1, at("css_set.subsys") + 8 * self.kernel.controller)
            self.load(8, 1, 1, at("cgroup_subsys_state.cgroup"))
        self.load(8, 1, 1, at("cgroup.kn"))
        self.load(8, 1, 1, at("kernfs_node.id"))
        self.store(8, 10, HERE, 1)
        self.look_up("groups", HERE)
        self.go_if(0, "==", 0, "end")
        self.copy(9, 0)

    def look_up(self, name: str, key: int) -> None:
        """Look a key on the stack up; 0 has the value or 0."""
        self.map(1, self.maps[name])
        self.copy(2, 10)
        self.calculate(2, "+", key)
        self.call(LOOKUP)

    def keep(self, name: str, lost: int) -> None:
        """Put the key at KEY into a map if it is not there, and end; where there is no room, count it."""
        self.look_up(name, KEY)
        self.go_if(0, "!=", 0, "end")
        self.put(name)
        self.go_if(0, "==", 0, "end")
        self.count(lost)
        self.go("end")

    def put(self, name: str) -> None:
        """Put the key at KEY into a map; 0 has 0, or an error."""
        self.store_number(8, 10, VALUE, 1)
        self.map(1, self.maps[name])
        self.copy(2, 10)
        self.calculate(2, "+", KEY)
        self.copy(3, 10)
        self.calculate(3, "+", VALUE)
        self.set(4, 0)
        self.call(UPDATE)

    def count(self, lost: int) -> None:
        """Count what was lost."""
        skip = self.fresh("uncounted")
        self.store_number(8, 10, SPARE, 0)
        self.look_up("config", SPARE)
        self.go_if(0, "==", 0, skip)
        self.set(1, 1)
        self.add_atomically(8, 0, lost, 1)
        self.label(skip)

    def skip_runtime(self, label: str) -> None:
        """Go on at a label if this is the runtime's own process, by its name. 1 is overwritten."""
        self.load(4, 1, 8, self.kernel.at("task_struct.comm"))
        for name in (_RUNC, _CRUN, _EXE):
            self.go_if(1, "==", name, label)

    def finish(self) -> None:
        """The place where every path ends."""
        self.label("end")
        self.end()

    def peek(self, to: int, width: Width, source: Register | int, offset: int) -> None:
        """Read from kernel memory onto the stack, from a register or an address on the stack (a negative place)."""
        self.copy(1, 10)
        self.calculate(1, "+", to)
        self.set(2, width)
        if source < 0:
            self.load(8, 3, 10, source)
        else:
            self.copy(3, source)  # type: ignore[arg-type]  # a register
        self.calculate(3, "+", offset)
        self.call(PEEK)

    def argument(self, to: Register, place: int) -> None:
        """Load an argument of the system call; the context of sys_enter and sys_exit starts with its registers."""
        self.load(8, to, 6, 0)
        self.load(8, to, to, self.kernel.arguments[place])

    def file_of(self, descriptor: Register) -> None:
        """Put the file of a descriptor, in a register from 6 on, at FILE; end where there is none."""
        at = self.kernel.at
        self.load(8, 1, 8, at("task_struct.files"))
        self.load(8, 1, 1, at("files_struct.fdt"))
        self.load(4, 2, 1, at("fdtable.max_fds"))
        self.go_if_same(descriptor, ">=", 2, "end")
        self.load(8, 3, 1, at("fdtable.fd"))
        self.copy(2, descriptor)
        self.calculate(2, "<<", 3)
        self.combine(3, "+", 2)
        self.copy(1, 10)
        self.calculate(1, "+", FILE)
        self.set(2, 8)
        self.call(PEEK)
        self.load(8, 1, 10, FILE)
        self.go_if(1, "==", 0, "end")

    def group_key(self, length: int) -> None:
        """Begin a key of so many bytes with the group, and zeros after it."""
        self.load(8, 1, 10, HERE)
        self.store(8, 10, KEY, 1)
        for place in range(8, length, 8):
            self.store_number(8, 10, KEY + place, 0)

    def flag(self, flag: int) -> None:
        """Set a flag of the group, and end."""
        self.store_number(1, 9, flag, 1)
        self.go("end")


def keep_user(program: KernelProgram) -> None:
    """Keep the user of the process, and end."""
    at = program.kernel.at
    program.group_key(lay.USER_KEY.size)
    program.load(8, 1, 8, at("task_struct.cred"))
    program.load(4, 2, 1, at("cred.euid"))
    program.store(4, 10, KEY + 8, 2)
    program.load(4, 2, 1, at("cred.egid"))
    program.store(4, 10, KEY + 12, 2)
    program.keep("users", lay.LOST_OTHERS)
