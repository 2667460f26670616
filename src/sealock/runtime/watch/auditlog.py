"""Reads what seccomp filters logged or refused, from the kernel's audit multicast: passive, and no daemon is needed.

A record names a process, not a container, so a reader of /proc finds out to which container it belongs. That of a
process which ended meanwhile goes to the only container that is watched, if there is one.
https://github.com/linux-audit/audit-documentation/wiki/SPEC-Audit-Event-Message (type SECCOMP, 1326)
"""

from __future__ import annotations

import os
import select
import socket
import struct
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Final, Literal, Self, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from sealock.errors import TargetError, reason_of
from sealock.model.systemcalls import system_calls
from sealock.patterns import compile_lazily
from sealock.runtime.kernel.identity import identity
from sealock.runtime.kernel.procfiles import control_groups, whole
from sealock.runtime.kernel.tree import ProcTree
from sealock.runtime.watch.auditprobe import make_record

SeccompAction: TypeAlias = Literal["logged", "refused", "ended", "other"]
_AUDIT, _READLOG, _SECCOMP = 9, 1, 1326
"""NETLINK_AUDIT, AUDIT_NLGRP_READLOG, AUDIT_SECCOMP."""
_SOL_NETLINK, _ADD_MEMBERSHIP, _RCVBUFFORCE = 270, 1, 33
_LOGGED: Final = "/proc/sys/kernel/seccomp/actions_logged"
_HEADER: Final = struct.Struct("=IHHII")
_ROOM: Final = 64 << 20
"""Bytes of records that the kernel keeps for us; one takes about 300, with its overhead about 1,000."""
_LONGEST: Final = 16384
_FIELD: Final = compile_lazily(rb'([a-z]+)=("[^"]*"|[^ \n\0]+)')
_ACTIONS: Final[dict[int, SeccompAction]] = {0x7FFC: "logged", 0x0005: "refused", 0x0000: "ended", 0x8000: "ended"}
"""SECCOMP_RET_LOG, _ERRNO, _KILL_THREAD and _KILL_PROCESS, without the data in the lower half."""
ARCHITECTURES: Final = {
    0xC000003E: "x86_64", 0x40000003: "i386", 0xC00000B7: "aarch64", 0x40000028: "arm", 0xC00000F3: "riscv64",
    0xC0000102: "loongarch64",
}  # fmt: skip
"""AUDIT_ARCH_…, as uname(1) names them."""
X32: Final = 0x40000000
_ARRIVES: Final = 5.0
"""Seconds within which a record of our own arrives, even under load."""
_REMEMBERED: Final = 10_000
"""Processes whose container is remembered."""


class SeccompRecord(Struct, frozen=True):
    """A system call that a filter logged or refused. `command` is the process's own word, and may lie."""

    pid: int
    architecture: str
    number: int
    action: SeccompAction
    uid: int = 0
    command: str = ""
    program: str = ""
    container: str = ""
    """The container's id, "" where it is unknown."""
    gid: int = 0

    @property
    def name(self) -> str:
        """The name of the system call; "syscall_N" where the number is unknown."""
        return call_name(self.architecture, self.number)


def call_name(architecture: str, number: int) -> str:
    """The name of a system call of an architecture; "syscall_N" where the number is unknown."""
    return system_calls(architecture).get(number, f"syscall_{number}")


def read_record(text: bytes) -> SeccompRecord | None:
    """Read the text of a record of type SECCOMP; None where it lacks what identifies the call."""
    values: dict[bytes, bytes] = {}
    for key, value in _FIELD.findall(text[:_LONGEST]):
        values.setdefault(key, value)

    def number(key: bytes, base: int = 10) -> int | None:
        return whole(values.get(key, b"").decode("ascii", "replace"), base)

    pid, arch, call, code = number(b"pid"), number(b"arch", 16), number(b"syscall"), number(b"code", 16)
    if pid is None or arch is None or call is None or code is None or min(pid, call) < 0:
        return None
    architecture = ARCHITECTURES.get(arch, "")
    if architecture == "x86_64" and call & X32:
        architecture, call = "x32", call & ~X32
    return SeccompRecord(
        pid=pid,
        architecture=architecture or f"{arch:x}",
        number=call,
        action=_ACTIONS.get(code >> 16, "other"),
        uid=number(b"uid") or 0,
        command=_text(values.get(b"comm", b"")),
        program=_text(values.get(b"exe", b"")),
        gid=number(b"gid") or 0,
    )


def _text(value: bytes) -> str:
    """A text as audit writes it: in quotes, or in hexadecimal digits if it has a blank, a quote or worse."""
    if not value.startswith(b'"'):
        with suppress(ValueError):
            value = bytes.fromhex(value.decode("ascii", "replace"))
    return value.strip(b'"').decode("utf-8", "replace")


def logs_calls(path: str = _LOGGED) -> bool:
    """Whether the kernel logs what filters want logged, which can be turned off. True where that is unknown."""
    try:
        with open(path, encoding="ascii", errors="replace") as handle:
            return "log" in handle.read(4096).split()
    except OSError:
        return True


class AuditListener:
    """Receives the records of all filters of the machine from now on. Close it.

    `lost` counts how often the kernel dropped records since we were too slow. TargetError without the right to listen,
    and where a record of our own does not arrive: then nothing that a container does would.
    """

    def __init__(self) -> None:
        try:
            self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _AUDIT)
            self._socket.setsockopt(socket.SOL_SOCKET, _RCVBUFFORCE, _ROOM)
            self._socket.bind((0, 0))
            self._socket.setsockopt(_SOL_NETLINK, _ADD_MEMBERSHIP, _READLOG)
        except OSError as error:
            message = (
                f"the kernel's audit records cannot be read ({reason_of(error)}); they need root and CAP_AUDIT_READ"
            )
            raise TargetError(message) from None
        if not logs_calls():
            self._socket.close()
            message = f"the kernel does not log what filters let it log: {_LOGGED} lacks log"
            raise TargetError(message)
        self._socket.setblocking(False)
        self.lost = 0
        try:
            self._expect(make_record())
        except TargetError:
            self._socket.close()
            raise

    def _expect(self, process: int) -> None:
        """Wait for the record of a call that a filter logged; TargetError where none comes."""
        until = time.monotonic() + _ARRIVES
        while (left := until - time.monotonic()) > 0:
            if any(record.pid == process and record.action == "logged" for record in self.read(left)):
                return
        message = (
            "the kernel's audit records do not arrive here: listen in the network and pid namespaces of the host, "
            "and see whether a rule of auditd excludes the type SECCOMP"
        )
        raise TargetError(message)

    def __enter__(self) -> Self:
        """Listen until the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def fileno(self) -> int:
        """The descriptor, for poll(2)."""
        return self._socket.fileno()

    def read(self, patience: float = 0.0, most: int = 20_000) -> tuple[SeccompRecord, ...]:
        """The records that are there, waiting as many seconds for a first; at most so many at a time."""
        records: list[SeccompRecord] = []
        until = time.monotonic() + patience
        # Records of other types count too, so that a flood of them does not keep us here.
        for _ in range(most):
            try:
                message, (sender, _groups) = self._socket.recvfrom(_LONGEST)
            except BlockingIOError:
                left = until - time.monotonic()
                if records or left <= 0:
                    return tuple(records)
                select.select([self._socket], [], [], left)
                continue
            except OSError:
                # ENOBUFS: the kernel dropped some; what comes after is received again.
                self.lost += 1
                continue
            # A process with rights in this network namespace can send too; the kernel is number 0.
            record = _record(message) if sender == 0 else None
            if record is not None:
                records.append(record)
        return tuple(records)


def _record(message: bytes) -> SeccompRecord | None:
    if len(message) < _HEADER.size:
        return None
    _, kind, _, _, _ = _HEADER.unpack_from(message)
    return read_record(message[_HEADER.size :]) if kind == _SECCOMP else None


class ContainersOfProcesses:
    """Finds the container of a process by its cgroup, and remembers it: a process may end before its record is read."""

    def __init__(self, watched: Collection[str] = (), look: Callable[[int], str] | None = None) -> None:
        self.watched: set[str] = set(watched)
        """The ids of containers that are watched now."""
        self._look = look or container_of
        self._known: dict[int, str] = {}

    def attribute(self, record: SeccompRecord) -> SeccompRecord:
        """The record with its container."""
        if record.container:
            return record
        container = self._look(record.pid)
        if container:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[record.pid] = container
        elif not os.path.exists(f"/proc/{record.pid}"):
            only = next(iter(self.watched)) if len(self.watched) == 1 else ""
            container = self._known.get(record.pid, only)
        return replace(record, container=container)


def container_of(pid: int) -> str:
    """The id of the container that a process is in, by its cgroups; "" for none."""
    tree = ProcTree()
    try:
        return identity(control_groups(tree.read_text(f"proc/{pid}/cgroup")), ()).id
    finally:
        tree.close()
