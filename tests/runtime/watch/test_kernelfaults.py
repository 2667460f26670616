"""What the kernel, or the engine's client, refuses to who watches is an error with its reason, and nothing stays open."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sealock.errors import TargetError
from sealock.runtime.watch import auditlog, auditprobe, kerneltracing, refusedcalls
from sealock.runtime.watch.auditlog import AuditListener
from sealock.runtime.watch.auditprobe import make_record
from sealock.runtime.watch.kerneltracing import KernelTracing, attach_program
from sealock.runtime.watch.kerneltypes import KernelTypeError
from sealock.runtime.watch.lifecycle import EngineEvents, LifecycleEvent
from sealock.runtime.watch.nameanswers import NameAnswers
from sealock.runtime.watch.refusedcalls import RefusalWatcher
from support.waiting import wait_until


class NotedSocket:
    """A socket that is closed once."""

    made: list[NotedSocket]

    def __init__(self, *_: object) -> None:
        self.closed = False
        self.made.append(self)

    def setsockopt(self, *_: object) -> None:
        """Take an option."""

    def bind(self, _: object) -> None:
        """Be bound."""

    def setblocking(self, _: object) -> None:
        """Be told not to wait."""

    def close(self) -> None:
        """Note it."""
        self.closed = True


@pytest.mark.parametrize(
    ("program", "machine", "executable", "why"),
    [
        pytest.param("import time; time.sleep(600)", "x86_64", sys.executable, "no filter could be tried: it does not end", id="a process that does not end is ended"),
        pytest.param("import sys; sys.exit('not permitted')", "x86_64", sys.executable, "no filter could be tried: not permitted", id="a filter that is refused"),
        pytest.param("", "x86_64", "/nonexistent/python", "no filter could be tried: No such file or directory", id="no process"),
        pytest.param("", "vax", sys.executable, "the system calls of vax are not known", id="an unknown machine"),
    ],
)  # fmt: skip
def test_why_no_record_is_made(
    program: str, machine: str, executable: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auditprobe, "_PROGRAM", program)
    monkeypatch.setattr(auditprobe, "_SECONDS", 0.2 if "sleep" in program else 60.0)
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(machine=machine))
    monkeypatch.setattr(sys, "executable", executable)
    with pytest.raises(TargetError) as raised:
        make_record()
    assert str(raised.value) == why


@pytest.fixture
def sockets(monkeypatch: pytest.MonkeyPatch) -> list[NotedSocket]:
    """The sockets of listeners, of a kernel that logs calls."""
    monkeypatch.setattr(NotedSocket, "made", [], raising=False)
    monkeypatch.setattr(auditlog.socket, "socket", NotedSocket)  # type: ignore[attr-defined]  # the module's own import
    monkeypatch.setattr(auditlog, "logs_calls", lambda: True)
    return NotedSocket.made


def test_a_kernel_that_does_not_log_calls(sockets: list[NotedSocket], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auditlog, "logs_calls", lambda: False)
    with pytest.raises(TargetError, match="the kernel does not log what filters let it log"):
        AuditListener()
    assert [made.closed for made in sockets] == [True]


def test_a_record_that_cannot_be_made(sockets: list[NotedSocket], monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> int:
        message = "no filter could be tried"
        raise TargetError(message)

    monkeypatch.setattr(auditlog, "make_record", refused)
    with pytest.raises(TargetError, match="no filter could be tried"):
        AuditListener()
    assert [made.closed for made in sockets] == [True]


def test_a_socket_that_is_refused(sockets: list[NotedSocket], monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(NotedSocket, "__init__", refused)
    with pytest.raises(TargetError, match=r"cannot be read \(Operation not permitted\); they need root"):
        AuditListener()
    assert sockets == []


@pytest.mark.parametrize(
    ("error", "raises"),
    [(KernelTypeError("no types"), TargetError), (OSError("no rights"), TargetError), (KeyboardInterrupt(), KeyboardInterrupt)],
    ids=["types that are not there", "rights that are missing", "an interrupt"],
)  # fmt: skip
def test_what_was_opened_for_refusals_is_closed(
    error: BaseException, raises: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[int] = []

    def refused() -> None:
        raise error

    monkeypatch.setattr(refusedcalls, "ContainerGroups", lambda: SimpleNamespace(close=lambda: closed.append(1)))
    monkeypatch.setattr(refusedcalls, "read_kernel_types", refused)
    with pytest.raises(raises) as raised:
        RefusalWatcher()
    assert closed == [1]
    if raises is TargetError:
        assert str(raised.value) == f"refusals cannot be seen: {error}; it needs root, or CAP_BPF and CAP_PERFMON"


def test_what_was_opened_for_tracing_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[int] = []

    def refused(tracing: Any, _: object) -> None:
        tracing._stack.callback(closed.append, 1)  # noqa: SLF001  in place of its maps
        raise PermissionError

    monkeypatch.setattr(KernelTracing, "_load", refused)
    with pytest.raises(PermissionError):
        KernelTracing(SimpleNamespace())  # type: ignore[arg-type]
    assert closed == [1]


@pytest.mark.parametrize("again", [True, False])
def test_a_program_that_the_kernel_refuses(monkeypatch: pytest.MonkeyPatch, *, again: bool) -> None:
    asked: list[int] = []

    def refused(command: int, _: bytes) -> tuple[int, bytes]:
        asked.append(command)
        if len(asked) > 1 and not again:
            return os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC), b""
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(kerneltracing, "call_bpf", refused)
    with pytest.raises(kerneltracing.KernelRefusalError) as raised:
        attach_program(None, "sys_enter", bytes(16), 1)  # type: ignore[arg-type]
    assert raised.value.strerror == "the kernel does not take the program for sys_enter: Operation not permitted"
    assert (raised.value.errno, len(asked)) == (1, 2)


def test_events_are_read_as_they_come_until_the_end(tmp_path: Path) -> None:
    client = tmp_path / "docker"
    client.write_text(
        '#!/bin/sh\necho "$@" >asked\necho odd\necho \'{"Action": "die", "exitCode": 137}\'\nprintf \'{\'\nexec sleep 600\n'
    )
    client.chmod(0o755)
    seen: list[LifecycleEvent] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        made = EngineEvents(str(client), "web", 12.6)
    with made as events:
        wait_until(lambda: seen, lambda: seen.extend(events.read()))
        assert events.read() == ()
    assert seen == [LifecycleEvent("die", "137")]
    assert (tmp_path / "asked").read_text() == "events --filter container=web --since 13 --format {{json .}}\n"
    assert made._process.returncode == -9  # noqa: SLF001  it is ended


def test_a_network_that_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os.path, "samefile", lambda *_: False)
    with pytest.raises(FileNotFoundError):
        NameAnswers(2**22 + 1)
