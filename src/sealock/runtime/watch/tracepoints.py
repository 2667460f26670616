"""Watches containers by the kernel's tracepoints: sets of all that they call, kept in the kernel."""

from __future__ import annotations

import os
import socket
import stat
import struct
from typing import Final

from msgspec import Struct

from sealock.errors import TargetError, reason_of
from sealock.model.capabilities import NAMES
from sealock.model.container import Container
from sealock.model.profile import Phase
from sealock.model.systemcalls import system_calls
from sealock.runtime.watch import layout as lay
from sealock.runtime.watch.auditlog import call_name
from sealock.runtime.watch.containergroups import ContainerGroups
from sealock.runtime.watch.kerneltracing import KernelTracing, MadeGroup, TracedFile
from sealock.runtime.watch.kerneltypes import KernelTypeError, read_kernel_types
from sealock.runtime.watch.observations import MOST_FILES, Observations, WatchedContainer

_COMPAT: Final = {"x86_64": "i386", "aarch64": "arm"}
"""The older architecture that a machine's kernel also runs."""
_NOISE: Final = frozenset({
    "brk", "mmap", "mremap", "mprotect", "madvise", "clone", "clone3", "fork", "vfork", "execve", "execveat", "open",
    "openat", "openat2", "creat", "shmat", "memfd_create", "write", "pwrite64", "writev", "ftruncate", "fallocate",
    "exit", "exit_group",
})  # fmt: skip
"""System calls in which the kernel only asks whether a process may use reserved memory, by CAP_SYS_ADMIN."""
_PROTOCOLS: Final = {1: "tcp", 2: "udp", 3: "raw", 5: "seqpacket"}
"""SOCK_STREAM and so on, for internet sockets."""
_DATAGRAM: Final = 2
NOTHING: Final = "all that it did: no cgroup of its own was found, as rootless engines give none with cgroup version 1"
_IPV4_WITHIN: Final = bytes(10) + b"\xff\xff"


class _Sent(Struct):
    """What was sent of one cgroup: its path, and access, mode and flags by file."""

    path: str = ""
    from_start: bool = False
    files: dict[str, tuple[int, int, int]] = {}
    cut: bool = False
    full: bool = False


class TracepointWatcher:
    """Watches containers. Close it. TargetError where the kernel or our rights do not allow it."""

    name: Final = "tracepoints"

    def __init__(self) -> None:
        self._machine = os.uname().machine
        self._cgroups = ContainerGroups()
        self._sent: dict[int, _Sent] = {}
        self._containers: dict[str, set[int]] = {}
        self._settled = False
        try:
            controller, hierarchy = self._cgroups.controller, self._cgroups.hierarchy
            kernel = lay.read_layout(read_kernel_types(), self._machine, controller, hierarchy)
            self._tracing = KernelTracing(kernel)
        except KernelTypeError as error:
            message = f"tracepoints cannot be used: {error}"
            raise TargetError(message) from None
        except OSError as error:
            why = (
                "they need root, or CAP_BPF and CAP_PERFMON, and a kernel that is not locked down"
                if error.errno == 1
                else reason_of(error)
            )
            message = f"tracepoints cannot be used: {why}"
            raise TargetError(message) from None
        self._sees_capabilities = "cap_capable" in kernel.tracepoints

    @property
    def sees_capabilities(self) -> bool:
        """Whether the kernel has the tracepoint for them, as it has from Linux 6.13 on."""
        return self._sees_capabilities

    def close(self) -> None:
        """Take the programs out of the kernel."""
        self._tracing.close()
        self._cgroups.close()

    def options(self, _container: Container, /) -> tuple[str, ...]:
        """None: the container stays as it is."""
        return ()

    def expect(self) -> None:
        """Watch every container that starts from now on, until it is clear which are meant."""
        self._tracing.watch_new(wanted=True)

    def add(self, container: WatchedContainer) -> None:
        """Watch a container, from its start if it was expected, else from now on."""
        groups = self._containers.setdefault(container.id, set())
        groups |= {group for group, sent in self._sent.items() if container.id in sent.path}
        for group in self._cgroups.of(container):
            self._tracing.watch(group)
            groups.add(group)

    def settle(self) -> None:
        """Forget the containers that started meanwhile and are not meant."""
        self._settled = True
        for group in [group for group in self._sent if not self._is_meant(group)]:
            self._tracing.forget(group)
            del self._sent[group]

    def _is_meant(self, group: int) -> bool:
        return any(group in groups for groups in self._containers.values())

    def read(self) -> None:
        """Take what the kernel sent."""
        for event in self._tracing.read():
            sent = self._sent.setdefault(event.group, _Sent())
            if isinstance(event, MadeGroup):
                sent.path, sent.from_start = event.path, True
                for container, groups in self._containers.items():
                    if container in event.path:
                        groups.add(event.group)
            else:
                self._keep(sent, event)
            if self._settled and not self._is_meant(event.group):
                self._tracing.forget(event.group)
                del self._sent[event.group]

    def _keep(self, sent: _Sent, event: TracedFile) -> None:
        if event.flags & lay.CUT:
            sent.cut = True
        elif event.path in sent.files or len(sent.files) < MOST_FILES:
            access, mode, flags = sent.files.get(event.path, (0, event.mode, event.flags))
            sent.files[event.path] = access | event.access, mode, flags
        else:
            sent.full = True

    def observe(self, container: WatchedContainer, seen: Observations) -> None:
        """Add what was seen of a container until now."""
        groups = self._containers.get(container.id, set())
        if container.pid and not groups:
            seen.lost.add(NOTHING)
        for group in groups:
            self._calls(group, container, seen)
            sent = self._sent.get(group, _Sent())
            self._files(sent, container, seen)
            if sent.from_start:
                seen.phases.add("start")
            if sent.cut:
                seen.lost.add("a path that is too long")
            if sent.full:
                seen.lost.add(f"paths beyond {MOST_FILES}")
        self._capabilities(groups, container, seen)
        self._sockets(groups, seen)
        for key in self._tracing.users.keys():  # noqa: SIM118  no dict
            group, user, of = lay.USER_KEY.unpack(key)
            if group in groups:
                seen.users.add((user, of))
        for lost, what in zip(
            self._tracing.lost(), ("cgroups", "files", "addresses", "capabilities or users"), strict=True
        ):
            if lost:
                seen.lost.add(f"some {what}, for which the kernel had no room")

    def _calls(self, group: int, container: WatchedContainer, seen: Observations) -> None:
        value = self._tracing.groups.get(struct.pack("=Q", group))
        if value is None:
            return
        flags: dict[int, Phase] = {lay.ACCEPTED: "traffic", lay.RELOADED: "reload"}
        seen.phases |= {phase for flag, phase in flags.items() if value[flag]}
        names = (self._machine, _COMPAT.get(self._machine, ""), "x32")
        classes = (lay.FILTERED, lay.RUNTIME) if container.filtered else (lay.FILTERED, lay.UNFILTERED, lay.RUNTIME)
        for kind in classes:
            for place, architecture in enumerate(names):
                start = lay.FLAGS + kind * lay.CLASS + place * lay.CALLS
                table = value[start : start + lay.CALLS]
                for number in (number for number, made in enumerate(table) if made):
                    seen.add_call(architecture, call_name(architecture, number))
                if place and any(table):
                    seen.lost.add(f"files and addresses of programs for {architecture}, whose arguments are not read")
        if "io_uring_enter" in seen.calls.get(self._machine, ()):
            seen.lost.add("files and addresses that were opened through io_uring")

    def _files(self, sent: _Sent, container: WatchedContainer, seen: Observations) -> None:
        for path, (access, mode, flags) in sent.files.items():
            if container.filtered and not access & lay.FILE_UNDER_FILTER:
                continue
            if flags & lay.ANONYMOUS:
                if access & lay.EXECUTED:
                    seen.lost.add("the path of a program that was executed from memory")
                continue
            if stat.S_ISDIR(mode):
                continue
            for bit, kind in (
                (lay.READ, seen.read), (lay.WRITTEN, seen.written), (lay.EXECUTED, seen.executed),
                (lay.MAPPED, seen.mapped),
            ):  # fmt: skip
                if access & bit:
                    seen.add_path(kind, path)

    def _capabilities(self, groups: set[int], container: WatchedContainer, seen: Observations) -> None:
        calls = system_calls(self._machine)
        for key in self._tracing.capabilities.keys():  # noqa: SIM118  no dict
            group, capability, call, flags, _ = lay.CAPABILITY_KEY.unpack(key)
            used = flags & lay.GRANTED and flags & lay.PERMITTED
            if group not in groups or not used or (container.filtered and not flags & lay.UNDER_FILTER):
                continue
            name = NAMES[capability] if capability < len(NAMES) else ""
            if name and not (name == "SYS_ADMIN" and calls.get(call) in _NOISE):
                seen.capabilities.add(name)

    def _sockets(self, groups: set[int], seen: Observations) -> None:
        for key in self._tracing.sockets.keys():  # noqa: SIM118  no dict
            group, kind, family, port, how, raw = lay.SOCKET_KEY.unpack(key)
            address = spell_address(family, raw)
            protocol = _PROTOCOLS.get(how, "ip")
            if group not in groups:
                pass
            elif kind == lay.LISTENS or (kind == lay.BINDS and how == _DATAGRAM and port):
                seen.listening.add((protocol, port, "" if address in {"0.0.0.0", "::"} else address))  # noqa: S104
            elif kind == lay.CONNECTS and port:
                seen.add_contact(protocol, address, port)
        for key in self._tracing.unixes.keys():  # noqa: SIM118  no dict
            group, kind, _, raw = lay.UNIX_KEY.unpack(key)
            path = raw.partition(b"\0")[0].decode("utf-8", "backslashreplace")
            if group in groups and kind == lay.CONNECTS and path:
                seen.add_contact("unix", path, 0)


def spell_address(family: int, raw: bytes) -> str:
    """An address as text; one of IPv4 within IPv6 as that of IPv4."""
    if family == socket.AF_INET:
        return socket.inet_ntop(socket.AF_INET, raw[:4])
    if raw[:12] == _IPV4_WITHIN:
        return socket.inet_ntop(socket.AF_INET, raw[12:16])
    return socket.inet_ntop(socket.AF_INET6, raw)
