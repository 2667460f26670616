"""Each call of a container waits until it is let go on, and is kept once; a simulated kernel asks."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sealock.runtime.watch.auditlog import SeccompRecord
from sealock.runtime.watch.notifications import _NOTIFICATION, _RECEIVE, _SEND, NotificationListener
from sealock.runtime.watch.observations import WatchedContainer
from support.waiting import wait_until

X86_64 = 0xC000003E


class SimulatedKernel:
    """Descriptors of filters are pipes: a byte in one is a call that waits, by its number."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, ...]] = []
        self.killed = False
        self.refused = 0

    def ioctl(self, descriptor: int, command: int, buffer: Any) -> int:
        if command == _RECEIVE:
            (number,) = os.read(descriptor, 1)
            if self.killed:
                self.refused += 1
                raise OSError(errno.ENOENT, "No such file or directory")
            _NOTIFICATION.pack_into(buffer, 0, 1000 + number, 77, 0, number, X86_64, 0, 0, 0, 0, 0, 0, 0)
        else:
            assert command == _SEND
            self.answers.append(struct.unpack("=QqiI", buffer))
        return 0


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> SimulatedKernel:
    made = SimulatedKernel()
    monkeypatch.setattr(fcntl, "ioctl", made.ioctl)
    return made


class Runtime:
    """A runtime that hands over descriptors of a container's filter."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ends: list[int] = []

    def hand_over(self, data: bytes, count: int = 1) -> list[int]:
        """Connect, and return the ends that stand for the container's processes."""
        pairs = [os.pipe() for _ in range(count)]
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(str(self.path))
            socket.send_fds(sock, [data], [outlet for outlet, _ in pairs])
            assert sock.recv(1) == b"", "it closes once it has them"
        for outlet, _ in pairs:
            os.close(outlet)
        self.ends += [inlet for _, inlet in pairs]
        return [inlet for _, inlet in pairs]


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    made = Runtime(tmp_path / "listener")
    yield made
    for end in made.ends:
        os.close(end)


def state(identifier: str, pid: int = 5) -> bytes:
    return json.dumps({"state": {"id": identifier, "pid": pid}, "pid": pid}).encode()


def record(number: int, of: str) -> SeccompRecord:
    return SeccompRecord(0, "x86_64", number, "logged", container=of)


def test_calls_go_on_and_are_kept_once(kernel: SimulatedKernel, runtime: Runtime) -> None:
    begun: list[WatchedContainer] = []
    with NotificationListener(str(runtime.path), begun.append) as listener:
        web, again = runtime.hand_over(state("web"), 2)
        (other,) = runtime.hand_over(state("db", 6))
        assert begun == [WatchedContainer("web", 5), WatchedContainer("db", 6)]
        os.write(web, bytes([0, 1, 0]))
        os.write(again, bytes([2, 1]))
        os.write(other, bytes([0]))
        wait_until(lambda: len(kernel.answers) == 6)
        wait_until(lambda: len(listener._seen) == 4)  # noqa: SLF001
        assert set(listener.taken()) == {record(0, "web"), record(1, "web"), record(2, "web"), record(0, "db")}
        assert listener.taken() == ()
        assert sorted(kernel.answers) == sorted((1000 + number, 0, 0, 1) for number in (0, 1, 0, 2, 1, 0))
        os.write(web, bytes([0]))
        wait_until(lambda: len(kernel.answers) == 7)
        wait_until(listener.taken)


def test_what_ends_or_is_killed_does_not_end_the_others(kernel: SimulatedKernel, runtime: Runtime) -> None:
    with NotificationListener(str(runtime.path)) as listener:
        gone, web = runtime.hand_over(state("web"), 2)
        runtime.ends.remove(gone)
        os.close(gone)
        wait_until(lambda: len(listener._containers) == 1)  # noqa: SLF001
        kernel.killed = True
        os.write(web, bytes([3]))
        wait_until(lambda: kernel.refused == 1)
        kernel.killed = False
        os.write(web, bytes([4]))
        wait_until(lambda: kernel.answers)
        assert kernel.answers == [(1004, 0, 0, 1)]
        wait_until(lambda: listener.taken() == (record(4, "web"),))


def test_calls_of_a_container_without_a_state_go_on_too(kernel: SimulatedKernel, runtime: Runtime) -> None:
    begun: list[WatchedContainer] = []
    with NotificationListener(str(runtime.path), begun.append) as listener:
        (unknown,) = runtime.hand_over(b"{x")
        os.write(unknown, bytes([0]))
        wait_until(lambda: kernel.answers)
        wait_until(lambda: listener.taken() == (record(0, ""),))
    assert begun == []
