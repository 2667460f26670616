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
from sealock.runtime.watch.filemarks import DROPPED, LATE, ContainerFiles
from sealock.runtime.watch.filtered import LogWatcher, NotifyWatcher
from sealock.runtime.watch.kernelmaps import HASH, KernelMap, RingBuffer
from sealock.runtime.watch.kerneltracing import KernelRefusalError, attach_program
from sealock.runtime.watch.kerneltypes import KernelTypeError, KernelTypes, read_kernel_types
from sealock.runtime.watch.notifications import NotificationListener
from sealock.runtime.watch.observations import Observations, WatchedContainer
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


class Within:
    """A shell in a mount namespace of its own, that does one line after the other."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            ["unshare", "--mount", "sh"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.do("mount -t tmpfs within /mnt; mkdir /mnt/in")

    def do(self, line: str) -> None:
        """Do it, and return when it is done."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{line}\necho; echo done\n")
        self.process.stdin.flush()
        while self.process.stdout.readline() != "done\n":
            pass

    def close(self) -> None:
        self.process.communicate("")


@pytest.fixture
def within() -> Iterator[Within]:
    with closing(Within()) as made:
        yield made


def files_of(within: Within, *, early: bool = True) -> ContainerFiles:
    """Its files, with all processes but this one in its container."""
    container = WatchedContainer("c1", within.process.pid)
    return ContainerFiles(container, early=early, look=lambda pid: "" if pid == os.getpid() else "c1")


def what(files: ContainerFiles) -> Observations:
    files.read()
    seen = Observations()
    files.observe(seen)
    return seen


def test_files_are_seen_through_the_mounts_of_a_container(within: Within) -> None:
    with closing(files_of(within)) as files:
        within.do("cp /bin/busybox /mnt/in/program; read x < /etc/hostname; echo > /mnt/in/new")
        within.do("/mnt/in/program true; cat /proc/self/status > /dev/null; mount -t tmpfs later /mnt/in")
        # The new mount hides the old one, and is marked when it is looked for.
        for _ in range(20):
            files.read()
        within.do("echo > /mnt/in/late; mv /mnt/in/late /mnt/in/moved; rm /mnt/in/moved")
        # What looks into the container from outside is not it.
        Path(f"/proc/{within.process.pid}/root/mnt/in/ours").write_text("x")
        seen = what(files)
    assert {"/mnt/in/program", "/mnt/in/new"} <= seen.written
    assert {path for path in seen.written if path.startswith("/mnt/in/") and path.endswith(("late", "moved"))}
    assert "/etc/hostname" in seen.read
    assert "/mnt/in/new" not in seen.read
    assert "/mnt/in/program" in seen.executed
    assert any("/ld" in path for path in seen.mapped)
    assert not any("/ld-" in path for path in seen.executed)
    assert not any(path.startswith(("/proc", "/dev")) for path in seen.read)
    assert "/mnt/in/ours" not in seen.written
    assert seen.lost == set()


def test_events_for_which_the_kernel_had_no_room_are_reported(within: Within) -> None:
    most = int(Path("/proc/sys/fs/fanotify/max_queued_events").read_text())
    with closing(files_of(within)) as files:
        within.do(f"i=0; while [ $i -le {most} ]; do i=$((i+1)); : > /mnt/in/$i; done")
        assert DROPPED in what(files).lost
    with closing(files_of(within, early=False)) as files:
        assert what(files).lost == {LATE}


def test_a_container_without_a_cgroup_of_its_own_is_reported(within: Within) -> None:
    with closing(TracepointWatcher()) as watcher:
        for pid, lost in ((0, set()), (within.process.pid, {tracepoints.NOTHING})):
            container = WatchedContainer("c1", pid)
            watcher.add(container)
            seen = Observations()
            watcher.observe(container, seen)
            assert seen.lost == lost
