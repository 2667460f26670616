"""Connections are tried without a word sent, from the namespace of each process that is named."""

from __future__ import annotations

import io
import json
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sealock.runtime.kernel import connections as module
from sealock.runtime.kernel import seccompfilters
from sealock.runtime.kernel.connections import connections, main, try_connections

NOBODY = 2**22 + 1
"""No process has this number: pid_max is at most 2^22."""


@pytest.fixture
def listener() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def closed() -> int:
    """A port that nothing listens on: it was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_a_port_is_open_or_refuses_and_a_process_that_is_gone_is_untried(listener: int, closed: int) -> None:
    wanted = [(0, "127.0.0.1", listener), (0, "127.0.0.1", closed), (NOBODY, "127.0.0.1", listener)]
    assert connections(wanted, 5.0) == ["open", "refused", "untried"]


def test_results_keep_their_order_beyond_those_that_are_tried_at_once(
    listener: int, closed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_AT_ONCE", 2)
    wanted = [(0, "127.0.0.1", listener if index % 3 else closed) for index in range(7)]
    assert connections(wanted, 5.0) == ["open" if index % 3 else "refused" for index in range(7)]


def test_a_server_that_accepts_nothing_more_is_silent() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        address = server.getsockname()
        with socket.create_connection(address), socket.socket() as more:
            more.setblocking(False)
            more.connect_ex(address)
            assert connections([(0, *address)], 0.3) == ["silent"]


def test_the_program_reads_a_request_and_prints_results(
    listener: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    request = {"wanted": [[0, "127.0.0.1", listener]], "patience": 5, "forget": {str(NOBODY): ["10.9.8.7", "fd00::1"]}}
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(request)))
    assert main() == 0
    assert json.loads(capsys.readouterr().out) == ["open"]


def test_a_process_of_its_own_tries_them(listener: int) -> None:
    assert try_connections([(0, "127.0.0.1", listener)]) == ("open",)


def test_where_that_process_cannot_be_started_nothing_was_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nonexistent")
    assert try_connections([(0, "127.0.0.1", 1), (0, "127.0.0.1", 2)]) == ("untried", "untried")


@pytest.fixture
def sleeper() -> Iterator[int]:
    """A child that waits, which its parent may stop."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process.pid
        process.kill()


def filters_of(pid: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> object:
    monkeypatch.setattr(sys, "argv", ["", str(pid)])
    assert seccompfilters.main() == 0
    return json.loads(capsys.readouterr().out)


def test_a_process_without_a_filter_is_an_error_and_runs_on(
    sleeper: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = filters_of(sleeper, monkeypatch, capsys)
    # The kernel shows filters to CAP_SYS_ADMIN only, and says so before it looks for any.
    assert answer == ("Invalid argument" if os.geteuid() == 0 else "Permission denied")
    state = Path(f"/proc/{sleeper}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    assert state in {"S", "R"}


def test_a_process_that_is_gone_is_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert filters_of(NOBODY, monkeypatch, capsys) == "No such process"
    with pytest.raises(OSError, match="No such process"):
        seccompfilters.read_filters(NOBODY)


class SimulatedNetlink:
    """A netlink socket with answers in turn."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.sent: list[bytes] = []

    def send(self, data: bytes) -> int:
        self.sent.append(data)
        return len(data)

    def recv(self, _: int) -> bytes:
        return self.answers.pop(0)


def entry(family: int, interface: int, *attributes: tuple[int, bytes], kind: int = 28) -> bytes:
    """An entry of neighbours (rtnetlink(7)): a header, what it is, and attributes at multiples of four."""
    data = struct.pack("=BxxxiHBB", family, interface, 0, 0, 0)
    for name, value in attributes:
        data += struct.pack("=HH", 4 + len(value), name) + value + bytes(-len(value) % 4)
    return struct.pack("=IHHII", 16 + len(data), kind, 0, 0, 0) + data


V4, V6, LINK = bytes([10, 0, 0, 7]), bytes(15) + b"\1", bytes(6)
DONE = struct.pack("=IHHII", 16, 3, 0, 0, 0)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ((DONE,), []),
        ((entry(2, 5, (1, V4)) + DONE,), [(2, 5, V4)]),
        ((entry(2, 5, (2, LINK), (1, V4), (3, b"x")) + entry(10, 6, (1, V6)), DONE), [(2, 5, V4), (10, 6, V6)]),
        ((entry(2, 5, (2, LINK)) + DONE + entry(2, 6, (1, V4)),), []),
        ((entry(2, 5, (1, V4)) + entry(2, 6, (1, V4), kind=2) + entry(2, 7, (1, V4)),), [(2, 5, V4)]),
        ((entry(2, 5, (1, V4)) + bytes(16) + entry(2, 6, (1, V4)),), [(2, 5, V4)]),
        ((entry(2, 5, (1, V4)), entry(2, 6, (1, V4)), DONE), [(2, 5, V4), (2, 6, V4)]),
    ],
    ids=[
        "none",
        "one",
        "other attributes",
        "none has an address",
        "an error",
        "a length of nothing",
        "several answers",
    ],
)
def test_neighbours_are_read_up_to_their_end(
    answers: tuple[bytes, ...], expected: list[tuple[int, int, bytes]]
) -> None:
    netlink: Any = SimulatedNetlink(*answers)
    assert list(module._neighbours(netlink)) == expected  # noqa: SLF001
    assert netlink.sent == [struct.pack("=IHHII", 28, 30, 0x301, 0, 0) + bytes(12)]


def test_a_process_that_ended_cannot_be_tried_from() -> None:
    wanted = [(1 << 30, "127.0.0.1", 9), (1 << 30, "::1", 9), ((1 << 30) + 1, "127.0.0.1", 9)]
    assert connections(wanted, 0.0) == ["untried", "untried", "untried"]
