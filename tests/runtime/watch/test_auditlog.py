"""What seccomp filters logged is read from audit records, whatever a process calls itself."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sealock.runtime.watch.auditlog import ContainersOfProcesses, SeccompRecord, call_name, logs_calls, read_record

USUAL = (
    'audit(1764240000.123:45): auid=4294967295 uid=33 gid=33 ses=4294967295 subj=unconfined pid=77 comm="nginx" '
    'exe="/usr/sbin/nginx" sig=0 arch=c000003e syscall=39 compat=0 ip=0x7f1 code=0x7ffc0000'
)
ID = "ab" * 32


def test_a_record_says_who_called_what() -> None:
    record = read_record(USUAL.encode())
    assert record == SeccompRecord(77, "x86_64", 39, "logged", 33, "nginx", "/usr/sbin/nginx", gid=33)
    assert record.name == "getpid"


@pytest.mark.parametrize(
    ("old", "new", "field", "value"),
    [
        ("0x7ffc0000", "0x50001", "action", "refused"),
        ("0x7ffc0000", "0x80000000", "action", "ended"),
        ("0x7ffc0000", "0x7ff00000", "action", "other"),
        ("syscall=39", "syscall=1073741863", "architecture", "x32"),
        ("syscall=39", "syscall=1073741863", "number", 39),
        ("arch=c000003e", "arch=40000003", "architecture", "i386"),
        ("arch=c000003e", "arch=c00000b7", "architecture", "aarch64"),
        ("arch=c000003e", "arch=8", "architecture", "8"),
        ("syscall=39", "syscall=9999", "name", "syscall_9999"),
        ('comm="nginx"', "comm=6120622022702220", "command", 'a b "p" '),
        # A name with a blank comes in hexadecimal digits, so it cannot add fields; were it otherwise, the first counts.
        ('comm="nginx"', 'comm="x pid=1 y"', "pid", 77),
        ("code=", "pid=1 code=", "pid", 77),
    ],
)
def test_a_field(old: str, new: str, field: str, value: object) -> None:
    record = read_record(USUAL.replace(old, new).encode())
    assert getattr(record, field) == value


@pytest.mark.parametrize("key", ["pid", "arch", "syscall", "code"])
def test_a_record_without_what_identifies_the_call_is_none(key: str) -> None:
    assert read_record(USUAL.replace(f" {key}=", f" x{key}x=").encode()) is None
    assert read_record(USUAL.replace(f" {key}=", f" {key}=-z").encode()) is None


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=400))
def test_any_bytes_give_a_record_or_none(junk: bytes) -> None:
    assert read_record(junk) is None or b"pid=" in junk
    # What comes after the record's own fields changes nothing.
    assert read_record(USUAL.encode() + b" " + junk) == read_record(USUAL.encode())


def test_a_call_has_the_name_of_its_architecture() -> None:
    assert call_name("x86_64", 59) == call_name("x32", 59) == "execve"
    assert call_name("x32", 520) == call_name("i386", 11) == call_name("aarch64", 221) == "execve"
    assert call_name("x86_64", 520) == "syscall_520"
    assert call_name("i386", 102) == "socketcall"


@pytest.mark.parametrize(
    ("text", "logs"),
    [("kill_process kill_thread errno log\n", True), ("kill_process errno\n", False), ("", False)],
)
def test_kernel_that_logs_nothing_is_known(tmp_path: Path, text: str, *, logs: bool) -> None:
    (tmp_path / "actions_logged").write_text(text)
    assert logs_calls(str(tmp_path / "actions_logged")) is logs
    assert logs_calls(str(tmp_path / "missing"))


def record(pid: int) -> SeccompRecord:
    return SeccompRecord(pid, "x86_64", 39, "logged")


def test_a_process_that_ended_is_of_the_container_it_was_in_or_of_the_only_one() -> None:
    ended = 2**22 + 1
    alive = {ended: ID}
    containers = ContainersOfProcesses({"c1", "c2"}, lambda pid: alive.get(pid, ""))
    assert containers.attribute(record(ended)).container == ID
    alive.clear()
    assert containers.attribute(record(ended)).container == ID
    assert containers.attribute(record(ended + 1)).container == ""
    containers.watched.discard("c2")
    assert containers.attribute(record(ended + 1)).container == "c1"
    # One that lives outside of every container is of none.
    assert containers.attribute(record(os.getpid())).container == ""
