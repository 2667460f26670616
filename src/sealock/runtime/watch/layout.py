"""What the programs in the kernel need to know of it, and how keys and values of their maps are laid out."""

from __future__ import annotations

import struct
from typing import Final

from msgspec import Struct

from sealock.model.systemcalls import system_calls
from sealock.runtime.watch.kerneltypes import KernelTypeError, KernelTypes

CALLS: Final = 576
"""System calls of an architecture with a place of their own; the kernel has fewer."""
FLAGS: Final = 8
"""Bytes at the start of a group's value: see `GroupValue`."""
ACCEPTED, RELOADED, SIGNALLED, STOPPED = 1, 2, 3, 4
"""Which of these says what: a connection was accepted; SIGHUP, SIGUSR1 or SIGUSR2, SIGTERM, SIGINT or SIGQUIT came."""
ARCHITECTURES: Final = 3
"""Tables of a class: the machine's own, the older 32-bit one, x32."""
CLASS: Final = ARCHITECTURES * CALLS
FILTERED, UNFILTERED, RUNTIME = 0, 1, 2
"""Classes of calls: under a seccomp filter; without one; of the runtime under the filter, before the program."""
GROUP: Final = FLAGS + 3 * CLASS
"""Bytes of a group's value."""
SOCKET_KEY: Final = struct.Struct("=QHHHH16s")
"""Cgroup, kind, family, port, type of socket, address."""
CONNECTS, BINDS, LISTENS = 1, 2, 3
UNIX_PATH: Final = 108
UNIX_KEY: Final = struct.Struct(f"=QHH{UNIX_PATH}s")
"""Cgroup, kind, 0, path."""
CAPABILITY_KEY: Final = struct.Struct("=QIIII")
"""Cgroup, capability, system call, flags, 0."""
GRANTED, PERMITTED, UNDER_FILTER = 1, 2, 4
"""Flags: the check passed; the process holds the capability; it runs under a filter."""
USER_KEY: Final = struct.Struct("=QII")
"""Cgroup, user and group as the host numbers them."""
FILE_KEY: Final = 32
"""Bytes: cgroup, inode, hash of the name in its directory, device, access."""
RECORD: Final = struct.Struct("=QIIIII4x")
"""Head of a record: cgroup, what, access, mode, flags, device; then names up to the root, each with a NUL."""
FILE, DIRECTORY = 1, 2
"""What a record is: a file, or a cgroup that was made, with its path as the one name."""
READ, WRITTEN, EXECUTED, MAPPED, FILE_UNDER_FILTER = 1, 2, 4, 8, 16
CUT, ANONYMOUS = 1, 2
"""Flags of a record: the path is longer; the file has no path."""
CONFIG: Final = struct.Struct("=IIQQQQ")
"""Whether new cgroups are watched; 0; how many cgroups, files, sockets and other things there was no room for."""
LOST_GROUPS, LOST_FILES, LOST_SOCKETS, LOST_OTHERS = 8, 16, 24, 32
NAMES: Final = 4096
"""Bytes of names in a record, about."""

_BOUND: Final = 8
"""SOCK_BINDPORT_LOCK."""
_ARGUMENTS: Final = {
    "x86_64": ("di", "si", "dx", "r10", "r8"),
    "aarch64": None,
}
_NUMBER: Final = {"x86_64": "orig_ax", "aarch64": "syscallno"}
_OFFSETS: Final = (
    ("task_struct", "cgroups"), ("task_struct", "seccomp.mode"), ("task_struct", "comm"), ("task_struct", "files"),
    ("task_struct", "cred"), ("css_set", "subsys"), ("css_set", "dfl_cgrp"), ("cgroup_subsys_state", "cgroup"),
    ("cgroup", "kn"), ("cgroup", "root"), ("cgroup_root", "hierarchy_id"), ("kernfs_node", "id"),
    ("files_struct", "fdt"), ("fdtable", "fd"), ("fdtable", "max_fds"), ("file", "f_path.dentry"),
    ("file", "f_path.mnt"), ("file", "f_mode"), ("file", "f_inode"), ("file", "private_data"),
    ("dentry", "d_name.name"),
    ("dentry", "d_name.hash_len"), ("dentry", "d_parent"), ("inode", "i_sb"), ("inode", "i_ino"), ("inode", "i_mode"),
    ("super_block", "s_dev"), ("vfsmount", "mnt_root"), ("mount", "mnt"), ("mount", "mnt_parent"),
    ("mount", "mnt_mountpoint"), ("linux_binprm", "file"), ("sock", "__sk_common.skc_family"),
    ("sock", "__sk_common.skc_num"), ("sock", "__sk_common.skc_rcv_saddr"),
    ("sock", "__sk_common.skc_v6_rcv_saddr"), ("socket", "type"), ("socket", "sk"),
    ("cred", "cap_permitted"), ("cred", "euid"), ("cred", "egid"), ("k_sigaction", "sa.sa_handler"),
)  # fmt: skip


class KernelLayout(Struct, frozen=True):
    """The running kernel, as the programs need it.

    `controller` is the place of a controller of cgroup version 1 in css_set, -1 for version 2; `hierarchy` the number
    of its hierarchy. `compat` is the offset and the bit that mark a process in a call of the older architecture,
    `bound` those of a byte that mark a socket whose port was asked for.
    """

    machine: str
    offsets: dict[str, int]
    arguments: tuple[int, ...]
    number: int
    compat: tuple[int, int]
    bound: tuple[int, int]
    tracepoints: dict[str, int]
    controller: int = -1
    hierarchy: int = 0

    def at(self, name: str) -> int:
        """An offset by structure and field ("file.f_mode")."""
        return self.offsets[name]

    def calls(self, *names: str) -> dict[str, int]:
        """The numbers of those of these system calls that the machine has."""
        numbers = {name: number for number, name in system_calls(self.machine).items()}
        return {name: numbers[name] for name in names if name in numbers}


def read_layout(types: KernelTypes, machine: str, controller: str = "", hierarchy: int = 0) -> KernelLayout:
    """What the programs need; `controller` is one of cgroup version 1. KernelTypeError where the kernel lacks it."""
    if machine not in _NUMBER:
        message = f"tracepoints are not read on {machine}"
        raise KernelTypeError(message)
    names = _ARGUMENTS[machine]
    arguments = (
        tuple(types.offset("pt_regs", name) for name in names)
        if names
        # The first one is overwritten by the result.
        else (
            types.offset("pt_regs", "orig_x0"),
            *(types.offset("pt_regs", "regs") + 8 * place for place in range(1, 5)),
        )
    )
    offsets = {f"{structure}.{path}": types.offset(structure, path) for structure, path in _OFFSETS}
    compat = (
        (types.offset("task_struct", "thread_info.status"), 2)  # TS_COMPAT
        if machine == "x86_64"
        else (types.offset("task_struct", "thread_info.flags"), 1 << 22)  # TIF_32BIT
    )
    locks = types.field("sock", "sk_userlocks")
    needed = ("sys_enter", "sys_exit", "sched_process_exec", "sched_process_exit", "cgroup_mkdir", "signal_deliver")
    tracepoints = {name: types.tracepoint(name) for name in needed}
    if types.has_tracepoint("cap_capable"):
        tracepoints["cap_capable"] = types.tracepoint("cap_capable")
    return KernelLayout(
        machine,
        offsets,
        arguments,
        types.offset("pt_regs", _NUMBER[machine]),
        compat,
        (locks.offset, _BOUND << locks.shift),
        tracepoints,
        types.constant(f"{controller}_cgrp_id") if controller else -1,
        hierarchy,
    )
