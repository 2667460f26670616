"""The mechanisms of the kernel: the best that works is used, and what does not work says why."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from sealock.errors import TargetError
from sealock.runtime.kernel.bpf import call_bpf
from sealock.runtime.watch import refusedcalls, tracepoints
from sealock.runtime.watch.assembly import Assembly
from sealock.runtime.watch.filtered import LogWatcher, NotifyWatcher
from sealock.runtime.watch.kernelmaps import HASH, KernelMap, RingBuffer
from sealock.runtime.watch.kerneltracing import KernelRefusalError, attach_program
from sealock.runtime.watch.kerneltypes import KernelTypeError, KernelTypes, read_kernel_types
from sealock.runtime.watch.notifications import NotificationListener
from sealock.runtime.watch.tracepoints import TracepointWatcher
from sealock.runtime.watch.watcher import open_watcher

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def types() -> KernelTypes:
    return read_kernel_types()


def test_the_best_that_works_is_used_and_says_why_no_better_one(monkeypatch: pytest.MonkeyPatch) -> None:
    watcher, reasons = open_watcher(None, running=False)
    watcher.close()
    assert (type(watcher), reasons) == (TracepointWatcher, ())

    def without_types() -> KernelTypes:
        message = "the kernel does not describe its types"
        raise KernelTypeError(message)

    monkeypatch.setattr(tracepoints, "read_kernel_types", without_types)
    watcher, reasons = open_watcher(None, running=False)
    watcher.close()
    assert type(watcher) is LogWatcher
    assert reasons == ("tracepoints cannot be used: the kernel does not describe its types",)
    with pytest.raises(
        TargetError, match=r"does not describe its types; log cannot watch a container that already runs"
    ):
        open_watcher(None, running=True)
    watcher, _ = open_watcher("notify", running=False)
    watcher.close()
    assert type(watcher) is NotifyWatcher


def test_a_user_without_rights_is_told_what_is_needed(tmp_path: Path) -> None:
    """In a process of its own, which gives its rights up."""
    program = (
        "import os; from sealock.runtime.watch.watcher import open_watcher; from sealock.errors import TargetError\n"
        "import sealock.runtime.watch.tracepoints, sealock.runtime.watch.filtered\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "try: open_watcher('tracepoints', running=False)\n"
        "except TargetError as error: print(error)\n"
        "try: open_watcher('log', running=False)\n"
        "except TargetError as error: print(error)\n"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    tmp_path.chmod(0o777)
    for parent in tmp_path.parents[:2]:
        parent.chmod(0o755)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, env=environment)
    first, second = done.stdout.splitlines()
    assert (
        first
        == "tracepoints cannot be used: they need root, or CAP_BPF and CAP_PERFMON, and a kernel that is not locked down"
    )
    assert second.startswith("the kernel's audit records cannot be read (")


def test_a_program_that_the_kernel_refuses_has_its_words(types: KernelTypes) -> None:
    program = Assembly()
    program.load(8, 0, 9)
    program.end()
    with (
        ExitStack() as stack,
        pytest.raises(KernelRefusalError, match=r"does not take the program for sys_enter: .*R9 !read_ok"),
    ):
        attach_program(stack, "sys_enter", program.assemble(), types.tracepoint("sys_enter"))


@pytest.fixture
def shared() -> Iterator[KernelMap]:
    made = KernelMap(HASH, 4, 8, 2)
    yield made
    made.close()


def test_a_map_keeps_what_is_put_into_it(shared: KernelMap) -> None:
    assert shared.get(b"key1") is None
    shared.put(b"key1", b"value001")
    shared.put(b"key2", b"value002")
    assert shared.get(b"key1") == b"value001"
    assert set(shared.keys()) == {b"key1", b"key2"}
    with pytest.raises(OSError, match="Argument list too long"):
        shared.put(b"key3", b"value003")
    shared.remove(b"key1")
    shared.remove(b"key1")
    assert list(shared.keys()) == [b"key2"]


def test_an_empty_ring_has_no_records() -> None:
    ring = RingBuffer(4096)
    assert list(ring.read()) == []
    ring.close()
    with pytest.raises(OSError, match="Invalid argument"):
        RingBuffer(4097)
    with pytest.raises(OSError, match="Invalid argument"):
        call_bpf(9999, b"")


def test_a_listener_survives_whoever_connects(tmp_path: Path) -> None:
    path = str(tmp_path / "listener")
    reading, writing = os.pipe()
    with NotificationListener(path) as listener:
        for message, descriptors in (
            (b"junk", []),
            (b"", []),
            (b'{"state": {"id": "c1"}}', [reading]),
            (b"{}", [reading]),
        ):
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(path)
                if descriptors:
                    socket.send_fds(client, [message], descriptors)
                elif message:
                    client.send(message)
        # A descriptor that is no filter's has nothing to let go on.
        os.write(writing, b"x")
        os.close(writing)
        done = threading.Event()
        done.wait(0.5)
        assert listener.taken() == ()
    os.close(reading)


def test_a_watch_without_room_for_more_refusals_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = [bytes(32), b"\1" + bytes(31)]
    monkeypatch.setattr(KernelMap, "keys", lambda _: iter(calls))
    monkeypatch.setattr(refusedcalls, "_CALLS", len(calls) + 1)
    with closing(refusedcalls.RefusalWatcher()) as watcher:
        assert len(tuple(watcher.read())) == 2
        monkeypatch.setattr(refusedcalls, "_CALLS", len(calls))
        with pytest.raises(TargetError, match="more than 2 different calls were refused"):
            tuple(watcher.read())
