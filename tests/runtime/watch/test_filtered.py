"""What filters of system calls report is sorted by container, also what came before the container was known."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import pytest
from msgspec.structs import replace

from sealock.errors import TargetError, UsageError
from sealock.model.container import container
from sealock.model.process import Socket
from sealock.runtime.kernel.processes import ProcReader
from sealock.runtime.watch import filtered
from sealock.runtime.watch.auditlog import SeccompRecord
from sealock.runtime.watch.filemarks import LATE
from sealock.runtime.watch.filtered import UNSEEN, LogWatcher, NotifyWatcher
from sealock.runtime.watch.observations import Observations, WatchedContainer

WEB, OTHER = "c" * 64, "d" * 64
CALL = SeccompRecord(5, "x86_64", 0, "logged")


class SimulatedListener:
    """The audit log."""

    def __init__(self) -> None:
        self.records: list[SeccompRecord] = []
        self.lost = 0
        self.open = False

    def __enter__(self) -> Self:
        self.open = True
        return self

    def __exit__(self, *_: object) -> None:
        self.open = False

    def read(self) -> list[SeccompRecord]:
        records, self.records = self.records, []
        return records


class SimulatedContainers:
    """Which container a process is of, where that is known."""

    def __init__(self) -> None:
        self.watched: set[str] = set()
        self.by_process = {5: WEB, 6: OTHER}

    def attribute(self, record: SeccompRecord) -> SeccompRecord:
        return record if record.container else replace(record, container=self.by_process.get(record.pid, ""))


class SimulatedFiles:
    """The marks on a container's files."""

    def __init__(self, watched: WatchedContainer, *, early: bool = False) -> None:
        if watched.pid == 99:
            raise OSError(1, "Operation not permitted")
        self.early, self.followed, self.reads, self.closed = early, [watched.pid], 0, False

    def follow(self, pid: int) -> None:
        self.followed.append(pid)

    def read(self) -> None:
        self.reads += 1

    def observe(self, seen: Observations) -> None:
        seen.read.add("/etc/x")

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def watcher(monkeypatch: pytest.MonkeyPatch) -> Iterator[LogWatcher]:
    monkeypatch.setattr(filtered, "AuditListener", SimulatedListener)
    monkeypatch.setattr(filtered, "ContainersOfProcesses", SimulatedContainers)
    monkeypatch.setattr(filtered, "ContainerFiles", SimulatedFiles)
    sockets = (Socket("tcp6", "::", 80), Socket("udp", "10.0.0.9", 53), Socket("tcp", "0.0.0.0", 0))
    monkeypatch.setattr(ProcReader, "listening", lambda _, pid: sockets if pid == 5 else ())
    made = LogWatcher()
    yield made
    made.close()


def listener(watcher: LogWatcher) -> SimulatedListener:
    made: Any = watcher._listener  # noqa: SLF001  the simulated log
    assert isinstance(made, SimulatedListener)
    return made


def seen(watcher: LogWatcher, of: WatchedContainer) -> Observations:
    watcher.read()
    made = Observations()
    watcher.observe(of, made)
    return made


def test_records_are_sorted_by_container(watcher: LogWatcher) -> None:
    log = listener(watcher)
    log.records = [
        replace(CALL, uid=33, gid=34, program="/usr/sbin/nginx", command="nginx"),
        replace(CALL, number=59, program="/usr/bin/runc", command="runc:[2:INIT]"),
        replace(CALL, number=1, program="relative"), replace(CALL, pid=6, number=2), replace(CALL, pid=7, number=3),
    ]  # fmt: skip
    # Nothing is known yet, and what came waits.
    early = seen(watcher, WatchedContainer(WEB))
    assert (early.calls, early.lost) == ({}, {UNSEEN, LATE})
    watcher.add(WatchedContainer(WEB, pid=5))
    log.records = [replace(CALL, number=288)]
    found = seen(watcher, WatchedContainer(WEB, pid=5))
    assert found.calls == {"x86_64": {"read", "write", "execve", "accept4"}}
    assert (found.executed, found.users, found.phases) == ({"/usr/sbin/nginx"}, {(33, 34), (0, 0)}, {"start"})
    assert found.lost == {UNSEEN, "whether the connections that it waited for came"}
    assert found.read == {"/etc/x"}
    assert found.listening == {("tcp", 80, ""), ("udp", 53, "10.0.0.9")}
    # What was of no watched container is dropped.
    watcher.add(WatchedContainer(OTHER, pid=6))
    other = seen(watcher, WatchedContainer(OTHER, pid=6))
    assert (other.calls, other.executed, other.users, other.listening) == ({}, set(), set(), set())
    assert not watcher.sees_capabilities


def test_so_many_records_wait_and_no_more(watcher: LogWatcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filtered, "_MOST", 2)
    listener(watcher).records = [replace(CALL, number=number) for number in (0, 1)]
    assert seen(watcher, WatchedContainer(WEB)).lost == {UNSEEN, LATE}
    listener(watcher).records = [replace(CALL, number=2)]
    watcher.read()
    watcher.add(WatchedContainer(WEB, pid=5))
    found = seen(watcher, WatchedContainer(WEB))
    assert found.calls == {"x86_64": {"read", "write"}}
    assert found.lost == {UNSEEN, "system calls before the container was known"}


def test_files_are_watched_from_the_first_process_that_is_known(watcher: LogWatcher) -> None:
    watcher.add(WatchedContainer(WEB))
    held = watcher._files  # noqa: SLF001
    assert not held
    listener(watcher).records = [CALL]
    watcher.read()
    files: Any = held[WEB]
    assert isinstance(files, SimulatedFiles)
    assert (files.followed, files.early, files.reads) == ([5], False, 1)
    listener(watcher).records = [CALL]
    watcher.read()
    watcher.add(WatchedContainer(WEB, pid=55))
    assert (files.followed, files.reads) == ([5, 55], 2)
    watcher.add(WatchedContainer(OTHER, pid=99))
    lost = seen(watcher, WatchedContainer(OTHER)).lost
    assert lost == {UNSEEN, LATE, "files that were only read: fanotify cannot be used (Operation not permitted)"}
    watcher.close()
    assert files.closed
    assert not listener(watcher).open


def test_records_that_the_kernel_dropped_are_said(watcher: LogWatcher) -> None:
    watcher.expect()
    watcher.settle()
    listener(watcher).lost = 1
    assert seen(watcher, WatchedContainer(WEB)).lost == {
        UNSEEN,
        LATE,
        "system calls: the kernel dropped records of them",
    }


def test_a_filter_is_written_unless_there_is_one(watcher: LogWatcher, monkeypatch: pytest.MonkeyPatch) -> None:
    option, path = watcher.options(container())
    assert option == "--security-opt"
    written = json.loads(Path(path.removeprefix("seccomp=")).read_text())
    assert "SCMP_ACT_LOG" in json.dumps(written)
    with pytest.raises(UsageError, match="sets a filter of system calls of its own"):
        watcher.options(container(seccomp="own.json"))
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(machine="vax"))
    with pytest.raises(TargetError, match="vax"):
        watcher.options(container())


def test_a_directory_whose_name_is_too_long_for_a_socket_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place = tmp_path / ("x" * 100)
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    with pytest.raises(TargetError, match=r"/listener cannot be listened on: .*too long"):
        NotifyWatcher()
    assert list(place.iterdir()) == []


def test_nothing_is_left_where_the_audit_log_cannot_be_listened_to(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse() -> SimulatedListener:
        message = "no right to listen"
        raise TargetError(message)

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(filtered, "AuditListener", refuse)
    with pytest.raises(TargetError, match="no right to listen") as refused:
        LogWatcher()
    assert refused.tb is not None
    assert list(tmp_path.iterdir()) == []
