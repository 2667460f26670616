"""What the kernel's sets say of a container: of its own cgroups, under its filter, and nothing of others."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from sealock.errors import TargetError
from sealock.model.container import container
from sealock.model.systemcalls import system_calls
from sealock.runtime.watch import layout as lay
from sealock.runtime.watch import tracepoints
from sealock.runtime.watch.kerneltracing import MadeGroup, TracedFile
from sealock.runtime.watch.kerneltypes import KernelTypeError
from sealock.runtime.watch.observations import Observations, WatchedContainer
from sealock.runtime.watch.tracepoints import NOTHING, TracepointWatcher

OURS, OTHERS = 7, 8
WEB = WatchedContainer("c" * 64, pid=5)
UNFILTERED = WatchedContainer("c" * 64, pid=5, filtered=False)
NUMBERS = {name: number for number, name in system_calls("x86_64").items()}
FILTERED = lay.FILE_UNDER_FILTER


class SimulatedTracing:
    """The programs in the kernel, and what their maps hold."""

    def __init__(self, _: object) -> None:
        self.groups: dict[bytes, bytes] = {}
        self.sockets: dict[bytes, None] = {}
        self.unixes: dict[bytes, None] = {}
        self.capabilities: dict[bytes, None] = {}
        self.users: dict[bytes, None] = {}
        self.sent: list[MadeGroup | TracedFile] = []
        self.watched: list[int] = []
        self.forgotten: list[int] = []
        self.new = self.closed = False
        self.missing = (0, 0, 0, 0)

    def watch(self, group: int) -> None:
        self.watched.append(group)

    def forget(self, group: int) -> None:
        self.forgotten.append(group)

    def watch_new(self, *, wanted: bool) -> None:
        self.new = wanted

    def lost(self) -> tuple[int, ...]:
        return self.missing

    def read(self) -> Iterator[MadeGroup | TracedFile]:
        while self.sent:
            yield self.sent.pop(0)

    def close(self) -> None:
        self.closed = True


class SimulatedGroups:
    """Where containers' cgroups are."""

    controller, hierarchy = "", 0

    def of(self, watched: WatchedContainer) -> tuple[int, ...]:
        return (OURS,) if watched.pid else ()

    def close(self) -> None:
        pass


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    layout = SimpleNamespace(tracepoints=("cap_capable",))
    monkeypatch.setattr(tracepoints, "ContainerGroups", SimulatedGroups)
    monkeypatch.setattr(tracepoints, "KernelTracing", SimulatedTracing)
    monkeypatch.setattr(tracepoints, "read_kernel_types", lambda: None)
    monkeypatch.setattr(lay, "read_layout", lambda *_: layout)
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(machine="x86_64"))
    return layout


@pytest.fixture
def watcher(kernel: SimpleNamespace) -> TracepointWatcher:
    del kernel
    return TracepointWatcher()


def tracing(watcher: TracepointWatcher) -> SimulatedTracing:
    made: Any = watcher._tracing  # noqa: SLF001  the simulated kernel
    assert isinstance(made, SimulatedTracing)
    return made


def seen(watcher: TracepointWatcher, of: WatchedContainer = WEB) -> Observations:
    watcher.add(of)
    watcher.read()
    made = Observations()
    watcher.observe(of, made)
    return made


def called(kind: int, *names: str, place: int = 0, flags: tuple[int, ...] = ()) -> bytes:
    value = bytearray(lay.GROUP)
    for name in names:
        value[lay.FLAGS + kind * lay.CLASS + place * lay.CALLS + NUMBERS[name]] = 1
    for flag in flags:
        value[flag] = 1
    return bytes(value)


def test_calls_count_by_their_class(watcher: TracepointWatcher) -> None:
    of, held = struct.Struct("=Q"), tracing(watcher).groups
    held[of.pack(OTHERS)] = called(lay.FILTERED, "mount")
    assert seen(watcher).calls == {}
    held[of.pack(OURS)] = called(lay.FILTERED, "read", "mseal")
    assert seen(watcher).calls == {"x86_64": {"read", "mseal"}}
    held[of.pack(OURS)] = called(lay.RUNTIME, "execve", flags=(lay.ACCEPTED,))
    found = seen(watcher)
    assert (found.calls, found.phases) == ({"x86_64": {"execve"}}, {"traffic"})
    held[of.pack(OURS)] = called(lay.UNFILTERED, "mount", flags=(lay.RELOADED,))
    assert (seen(watcher).calls, seen(watcher).phases) == ({}, {"reload"})
    assert seen(watcher, UNFILTERED).calls == {"x86_64": {"mount"}}
    held[of.pack(OURS)] = called(lay.FILTERED, "io_uring_enter")
    assert seen(watcher).lost == {"files and addresses that were opened through io_uring"}
    held[of.pack(OURS)] = called(lay.FILTERED, "read", place=2)
    found = seen(watcher)
    assert (found.calls, found.lost) == (
        {"x32": {system_calls("x32").get(0, "syscall_0")}},
        {"files and addresses of programs for x32, whose arguments are not read"},
    )


def file(path: str, access: int, *, mode: int = 0o100644, flags: int = 0, group: int = OURS) -> TracedFile:
    return TracedFile(group=group, path=path, access=access, mode=mode, flags=flags)


def test_files_are_added_by_how_they_were_used(watcher: TracepointWatcher) -> None:
    tracing(watcher).sent = [
        file("/unfiltered", lay.READ), file("/others", lay.READ | FILTERED, group=OTHERS),
        file("memfd:x", lay.EXECUTED | FILTERED, flags=lay.ANONYMOUS), file("/dir", lay.READ | FILTERED, mode=0o40755),
        file("/read", lay.READ | FILTERED), file("/read", lay.WRITTEN | FILTERED),
        file("/run", lay.EXECUTED | FILTERED), file("/library", lay.MAPPED | FILTERED),
        file("/late", lay.READ), file("/late", FILTERED),
    ]  # fmt: skip
    found = seen(watcher)
    assert (found.read, found.written, found.executed, found.mapped) == (
        {"/read", "/late"},
        {"/read"},
        {"/run"},
        {"/library"},
    )
    assert found.lost == {"the path of a program that was executed from memory"}
    assert seen(watcher, UNFILTERED).read == {"/read", "/late", "/unfiltered"}
    tracing(watcher).sent = [
        file("", lay.READ | FILTERED, flags=lay.CUT),
        file("memfd:y", lay.READ, flags=lay.ANONYMOUS),
    ]
    assert seen(watcher).lost == {"a path that is too long", "the path of a program that was executed from memory"}


def test_so_many_files_are_kept_and_no_more(watcher: TracepointWatcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracepoints, "MOST_FILES", 2)
    tracing(watcher).sent = [file(path, lay.READ | FILTERED) for path in ("/a", "/b")]
    assert seen(watcher).lost == set()
    tracing(watcher).sent = [file("/c", lay.READ | FILTERED), file("/a", lay.WRITTEN)]
    found = seen(watcher)
    assert (found.read, found.written, found.lost) == ({"/a", "/b"}, {"/a"}, {"paths beyond 2"})


def test_capabilities_count_where_they_were_used(watcher: TracepointWatcher) -> None:
    both = lay.GRANTED | lay.PERMITTED
    under = both | lay.UNDER_FILTER
    rows = [
        (OTHERS, 1, "read", under), (OURS, 2, "read", lay.GRANTED | lay.UNDER_FILTER), (OURS, 3, "read", lay.PERMITTED | lay.UNDER_FILTER),
        (OURS, 4, "read", both), (OURS, 200, "read", under), (OURS, 21, "mmap", under), (OURS, 0, "mmap", under),
        (OURS, 10, "bind", under),
    ]  # fmt: skip
    tracing(watcher).capabilities = {
        lay.CAPABILITY_KEY.pack(group, capability, NUMBERS[call], flags, 0): None
        for group, capability, call, flags in rows
    }
    assert seen(watcher).capabilities == {"CHOWN", "NET_BIND_SERVICE"}
    assert seen(watcher, UNFILTERED).capabilities == {"CHOWN", "NET_BIND_SERVICE", "FSETID"}
    tracing(watcher).capabilities = {lay.CAPABILITY_KEY.pack(OURS, 21, NUMBERS["mount"], under, 0): None}
    assert seen(watcher).capabilities == {"SYS_ADMIN"}


def test_addresses_are_added_by_what_was_done_with_them(watcher: TracepointWatcher) -> None:
    ours = socket.inet_aton("10.0.0.9") + bytes(12)
    within = bytes(10) + b"\xff\xff" + socket.inet_aton("10.0.0.8")
    rows = [
        (OTHERS, lay.LISTENS, socket.AF_INET, 1, 1, ours), (OURS, lay.LISTENS, socket.AF_INET, 80, 1, bytes(16)),
        (OURS, lay.LISTENS, socket.AF_INET6, 81, 1, bytes(16)), (OURS, lay.LISTENS, socket.AF_INET, 82, 1, ours),
        (OURS, lay.BINDS, socket.AF_INET, 53, 2, ours), (OURS, lay.BINDS, socket.AF_INET, 0, 2, ours),
        (OURS, lay.BINDS, socket.AF_INET, 90, 1, ours), (OURS, lay.CONNECTS, socket.AF_INET6, 443, 1, within),
        (OURS, lay.CONNECTS, socket.AF_INET, 0, 2, ours), (OURS, lay.CONNECTS, socket.AF_INET, 9, 77, ours),
    ]  # fmt: skip
    held = tracing(watcher)
    held.sockets = {lay.SOCKET_KEY.pack(*row): None for row in rows}
    held.unixes = {
        lay.UNIX_KEY.pack(group, kind, 0, path): None
        for group, kind, path in (
            (OTHERS, lay.CONNECTS, b"/no"), (OURS, lay.BINDS, b"/own"), (OURS, lay.CONNECTS, b""), (OURS, lay.CONNECTS, b"/run/x"),
        )
    }  # fmt: skip
    held.users = {lay.USER_KEY.pack(OTHERS, 1, 1): None, lay.USER_KEY.pack(OURS, 33, 34): None}
    found = seen(watcher)
    assert found.listening == {("tcp", 80, ""), ("tcp", 81, ""), ("tcp", 82, "10.0.0.9"), ("udp", 53, "10.0.0.9")}
    assert found.contacted == {("tcp", "10.0.0.8", 443), ("ip", "10.0.0.9", 9), ("unix", "/run/x", 0)}
    assert found.users == {(33, 34)}


def test_a_container_that_was_expected_is_seen_from_its_start(watcher: TracepointWatcher) -> None:
    watcher.expect()
    held = tracing(watcher)
    assert held.new
    held.sent = [
        MadeGroup(20, f"/docker/{WEB.id}"),
        MadeGroup(21, "/docker/other"),
        file("/early", lay.READ | FILTERED, group=20),
    ]
    watcher.read()
    found = seen(watcher)
    assert (found.read, found.phases) == ({"/early"}, {"start"})
    assert held.watched == [OURS]
    watcher.settle()
    assert held.forgotten == [21]
    held.sent = [
        MadeGroup(22, "/docker/later"),
        MadeGroup(23, f"/docker/{WEB.id}/inner"),
        file("/late", lay.READ, group=22),
    ]
    watcher.read()
    assert held.forgotten == [21, 22, 22]
    watcher.close()
    assert held.closed


def test_what_was_not_seen_is_said(watcher: TracepointWatcher) -> None:
    tracing(watcher).missing = (0, 1, 0, 2)
    assert seen(watcher).lost == {
        "some files, for which the kernel had no room",
        "some capabilities or users, for which the kernel had no room",
    }
    tracing(watcher).missing = (0, 0, 0, 0)
    alone, gone = WatchedContainer("d" * 64, pid=6), WatchedContainer("e" * 64)
    for of, lost in ((alone, {NOTHING}), (gone, set())):
        made = Observations()
        watcher.observe(of, made)
        assert made.lost == lost
    assert watcher.options(container()) == ()


def test_a_kernel_that_does_not_allow_it_is_an_error(kernel: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    assert TracepointWatcher().sees_capabilities
    kernel.tracepoints = ()
    assert not TracepointWatcher().sees_capabilities

    def refuse(error: Exception) -> None:
        def made(_: object) -> None:
            raise error

        monkeypatch.setattr(tracepoints, "KernelTracing", made)

    for error, words in (
        (PermissionError(1, "Operation not permitted"), "tracepoints cannot be used: they need root, or CAP_BPF"),
        (OSError(7, "Argument list too long"), "tracepoints cannot be used: Argument list too long"),
        (KernelTypeError("this kernel has no cgroup"), "tracepoints cannot be used: this kernel has no cgroup"),
    ):
        refuse(error)
        with pytest.raises(TargetError, match=words):
            TracepointWatcher()
