"""The programs that see files: executed, and sent with their paths; and cgroups that are made."""

from __future__ import annotations

from typing import Final

from sealock.runtime.watch import layout as lay
from sealock.runtime.watch.kernelprogram import (
    ABOVE,
    DEEPEST,
    DELETE,
    ENTRY,
    FILE,
    HERE,
    KEY,
    MOUNT,
    PEEK_TEXT,
    QUIETLY,
    SEND,
    SLOT,
    SPARE,
    UPDATE,
    VALUE,
    KernelProgram,
    keep_user,
)

_LONGEST_NAME: Final = 256
_HEAD: Final = lay.RECORD.size
_ROOM: Final = lay.NAMES - 1
SCRATCH: Final = _HEAD + lay.NAMES + _LONGEST_NAME
"""Bytes in which a record is written."""
_RECORD_FILE, _RECORD_WHAT, _RECORD_ACCESS, _RECORD_MODE, _RECORD_FLAGS, _RECORD_DEVICE = 0, 8, 12, 16, 20, 24


def write_exec(program: KernelProgram) -> None:
    """sched_process_exec(task, old_pid, bprm): the file that is executed, and by whom."""
    program.start()
    program.skip_runtime("end")
    program.load(8, 1, 6, 16)
    program.load(8, 1, 1, program.kernel.at("linux_binprm.file"))
    program.store(8, 10, FILE, 1)
    program.set(1, lay.EXECUTED)
    write_file(program, "user")
    program.label("user")
    keep_user(program)


def write_file(program: KernelProgram, then: str = "end") -> None:
    """Send the path of the file at FILE, if it was not sent with this access (in 1); then go on at a label."""
    at = program.kernel.at
    program.load(4, 2, 8, at("task_struct.seccomp.mode"))
    program.go_if(2, "==", 0, "unfiltered")
    program.calculate(1, "|", lay.FILE_UNDER_FILTER)
    program.label("unfiltered")
    program.store(8, 10, SLOT, 1)
    program.peek(ENTRY, 8, FILE, at("file.f_path.dentry"))
    program.peek(MOUNT, 8, FILE, at("file.f_path.mnt"))
    program.peek(SPARE, 8, FILE, at("file.f_inode"))
    program.group_key(lay.FILE_KEY)
    program.peek(KEY + 8, 8, SPARE, at("inode.i_ino"))
    program.peek(KEY + 16, 8, ENTRY, at("dentry.d_name.hash_len"))
    program.peek(ABOVE, 8, SPARE, at("inode.i_sb"))
    program.peek(KEY + 24, 4, ABOVE, at("super_block.s_dev"))
    program.load(8, 1, 10, SLOT)
    program.store(4, 10, KEY + 28, 1)
    program.look_up("files", KEY)
    program.go_if(0, "!=", 0, then)
    program.put("files")
    _write_head(program, then)
    _write_names(program)
    _send(program, then)


def _scratch(program: KernelProgram, then: str) -> None:
    """Put the memory for a record into 7. No other program runs on this CPU before this one ends."""
    program.store_number(8, 10, VALUE, 0)
    program.look_up("scratch", VALUE)
    program.go_if(0, "==", 0, then)
    program.copy(7, 0)
    for place in range(0, _HEAD, 8):
        program.store_number(8, 7, place, 0)


def _write_head(program: KernelProgram, then: str) -> None:
    program.peek(ABOVE, 2, SPARE, program.kernel.at("inode.i_mode"))
    _scratch(program, then)
    program.load(8, 1, 10, HERE)
    program.store(8, 7, _RECORD_FILE, 1)
    program.store_number(4, 7, _RECORD_WHAT, lay.FILE)
    program.load(8, 1, 10, SLOT)
    program.store(4, 7, _RECORD_ACCESS, 1)
    program.load(2, 1, 10, ABOVE)
    program.store(4, 7, _RECORD_MODE, 1)
    program.load(4, 1, 10, KEY + 24)
    program.store(4, 7, _RECORD_DEVICE, 1)


def _write_names(program: KernelProgram) -> None:
    """Write the names from the file up to the root behind the head. 8 counts the steps, 9 the bytes."""
    at = program.kernel.at
    program.set(8, 0)
    program.set(9, 0)
    program.label("step")
    program.peek(SPARE, 8, MOUNT, at("vfsmount.mnt_root"))
    program.load(8, 1, 10, SPARE)
    program.load(8, 2, 10, ENTRY)
    program.go_if_same(1, "!=", 2, "within")
    # The root of a mount: go on with the directory that it is mounted on.
    mount = at("mount.mnt")
    program.peek(SPARE, 8, MOUNT, at("mount.mnt_parent") - mount)
    program.load(8, 1, 10, SPARE)
    program.load(8, 2, 10, MOUNT)
    program.calculate(1, "+", mount)
    program.go_if_same(1, "==", 2, "send")
    program.peek(ENTRY, 8, MOUNT, at("mount.mnt_mountpoint") - mount)
    program.load(8, 1, 10, SPARE)
    program.calculate(1, "+", mount)
    program.store(8, 10, MOUNT, 1)
    program.go("next")
    program.label("within")
    program.peek(ABOVE, 8, ENTRY, at("dentry.d_parent"))
    program.peek(SPARE, 8, ENTRY, at("dentry.d_name.name"))
    program.copy(1, 7)
    program.calculate(1, "+", _HEAD)
    program.calculate(9, "&", _ROOM)
    program.combine(1, "+", 9)
    program.set(2, _LONGEST_NAME)
    program.load(8, 3, 10, SPARE)
    program.call(PEEK_TEXT)
    program.go_if_negative(0, "cut")
    program.combine(9, "+", 0)
    program.go_if(9, ">", _ROOM - _LONGEST_NAME, "cut")
    program.load(8, 1, 10, ABOVE)
    program.load(8, 2, 10, ENTRY)
    program.go_if_same(1, "==", 2, "anonymous")
    program.store(8, 10, ENTRY, 1)
    program.label("next")
    program.calculate(8, "+", 1)
    program.go_if(8, "<", DEEPEST, "step")
    program.label("cut")
    program.store_number(4, 7, _RECORD_FLAGS, lay.CUT)
    program.go("send")
    program.label("anonymous")
    program.store_number(4, 7, _RECORD_FLAGS, lay.ANONYMOUS)


def _send(program: KernelProgram, then: str) -> None:
    """Send the record in 7 with 9 bytes of names; where there is no room, count it, and forget that it was sent."""
    program.label("send")
    _output(program)
    # `start` put these there, and `_write_names` uses the registers.
    program.go_if(0, "==", 0, "sent")
    program.map(1, program.maps["files"])
    program.copy(2, 10)
    program.calculate(2, "+", KEY)
    program.call(DELETE)
    program.count(lay.LOST_FILES)
    program.label("sent")
    if then != "end":
        program.call(_TASK_AGAIN)
        program.copy(8, 0)
    program.go(then)


_TASK_AGAIN: Final = 158


def _output(program: KernelProgram) -> None:
    program.calculate(9, "&", _ROOM)
    program.map(1, program.maps["ring"])
    program.copy(2, 7)
    program.copy(3, 9)
    program.calculate(3, "+", _HEAD)
    program.set(4, QUIETLY)
    program.call(SEND)


def write_directory(program: KernelProgram) -> None:
    """cgroup_mkdir(cgroup, path): watch a cgroup from its first process on, if new ones are watched."""
    at = program.kernel.at
    program.copy(6, 1)
    program.load(8, 8, 6, 0)
    program.load(8, 1, 8, at("cgroup.root"))
    program.load(4, 1, 1, at("cgroup_root.hierarchy_id"))
    program.go_if(1, "!=", program.kernel.hierarchy, "end")
    program.load(8, 1, 8, at("cgroup.kn"))
    program.load(8, 1, 1, at("kernfs_node.id"))
    program.store(8, 10, HERE, 1)
    program.store_number(8, 10, SPARE, 0)
    program.look_up("config", SPARE)
    program.go_if(0, "==", 0, "end")
    program.load(4, 1, 0, 0)
    program.go_if(1, "==", 0, "end")
    program.look_up("empty", SPARE)
    program.go_if(0, "==", 0, "end")
    program.copy(3, 0)
    program.map(1, program.maps["groups"])
    program.copy(2, 10)
    program.calculate(2, "+", HERE)
    program.set(4, 0)
    program.call(UPDATE)
    program.go_if(0, "==", 0, "watched")
    program.count(lay.LOST_GROUPS)
    program.label("watched")
    _scratch(program, "end")
    program.load(8, 1, 10, HERE)
    program.store(8, 7, _RECORD_FILE, 1)
    program.store_number(4, 7, _RECORD_WHAT, lay.DIRECTORY)
    program.copy(1, 7)
    program.calculate(1, "+", _HEAD)
    program.set(2, _ROOM)
    program.load(8, 3, 6, 8)
    program.call(PEEK_TEXT)
    program.go_if_negative(0, "end")
    program.copy(9, 0)
    _output(program)
    program.go_if(0, "==", 0, "end")
    program.count(lay.LOST_GROUPS)
