"""What is measured and received of containers, on made machines and with made records: peaks, code, refusals, audits."""

from __future__ import annotations

import socket
import struct
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self, cast

import pytest

from sealock.errors import TargetError
from sealock.runtime.kernel.processes import ProcReader
from sealock.runtime.watch import auditlog, logged, meters, refusedcalls
from sealock.runtime.watch.auditlog import AuditListener, SeccompRecord
from sealock.runtime.watch.auditprobe import make_record
from sealock.runtime.watch.meters import ContainerMeter
from sealock.runtime.watch.observations import Observations, WatchedContainer
from sealock.runtime.watch.refusedcalls import RefusalWatcher, RefusedCall
from support.recordedtree import ID, OTHER, Recorded

SCOPE = f"/system.slice/docker-{ID}.scope"
CODE = (
    "7f0000-7f1000 r-xp 00000000 08:01 17 /usr/lib/ld.so\n7f1000-7f2000 r--p 00000000 08:01 18 /etc/data\n"
    "7f2000-7f3000 r-xp 00000000 08:01 19                 /usr/lib/old.so (deleted)\n7f3000-7f4000 r-xp 0 00:00 0 [vdso]\n"
)


@pytest.fixture
def machine(tmp_path: Path) -> Recorded:
    made = Recorded(tmp_path)
    made.group(SCOPE, {"memory.max": "max", "pids.max": "max", "memory.current": "5", "memory.peak": "9", "pids.current": "3", "pids.peak": "2", "cpu.stat": "usage_usec 1000000", "cgroup.procs": "7\n8\nx\n99\n"})  # fmt: skip
    made.process(7, cgroup=f"0::{SCOPE}\n", uid_map="0 100000 1000\n5000 300000 10\n", files={"maps": CODE})
    made.process(8, cgroup=f"0::{SCOPE}\n", files={"maps": CODE.replace("/ld.so", "/more.so")})
    made.process(9, cgroup=f"0::/system.slice/docker-{OTHER}.scope\n", seccomp=0, files={"maps": CODE})
    return made


def metered(machine: Recorded, pid: int = 7, identity: str = ID) -> ContainerMeter:
    return ContainerMeter(ProcReader(str(machine.folder)), WatchedContainer(identity, pid, filtered=True))


def test_peaks_are_the_most_that_was_used(machine: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [10.0]
    monkeypatch.setattr(meters, "time", SimpleNamespace(monotonic=lambda: now[0]))
    meter, seen = metered(machine), Observations()
    peaks = []
    for seconds, used, memory in ((0.0, 1_000_000, 9), (0.5, 2_000_000, 4), (0.3, 3_000_000, 20), (0.1, 3_000_000, 1), (0.4, 3_100_000, 1)):  # fmt: skip
        now[0] += seconds
        machine.group(SCOPE, {"memory.max": "max", "pids.max": "max", "memory.current": str(memory), "memory.peak": "9", "pids.current": "3", "pids.peak": "2", "cpu.stat": f"usage_usec {used}"})  # fmt: skip
        meter.measure(seen)
        peaks.append((seen.memory, seen.pids, seen.cpus))
    # The first span has no beginning; the next takes from 10.5 to 10.9, and that after to 11.3.
    assert peaks == [(9, 3, 0.0), (9, 3, 0.0), (20, 3, 0.0), (20, 3, 2.5), (20, 3, 2.5)]


@pytest.mark.parametrize(("pid", "identity"), [(0, ID), (9, ID), (99, ID), (7, OTHER)])
def test_another_process_is_not_measured(machine: Recorded, pid: int, identity: str) -> None:
    meter, seen = metered(machine, pid, identity), Observations(users={(100000, 100000)})
    meter.measure(seen)
    meter.code(seen)
    meter.users_inside(seen)
    assert (seen.memory, seen.mapped, seen.users) == (0, set(), {(100000, 100000)})
    assert not meter.started(filtered=False)


def test_mapped_code_of_each_process_counts(machine: Recorded) -> None:
    seen = Observations()
    metered(machine).code(seen)
    assert seen.mapped == {"/usr/lib/ld.so", "/usr/lib/more.so", "/usr/lib/old.so"}
    machine.group(SCOPE, {"cgroup.procs": "".join(f"{100 + number}\n" for number in range(64)) + "8\n"})
    few = Observations()
    metered(machine).code(few)
    assert few.mapped == {"/usr/lib/ld.so", "/usr/lib/old.so"}


def test_users_are_numbered_as_the_container_does(machine: Recorded) -> None:
    seen = Observations(users={(100000, 100999), (100033, 300000), (300009, 300010), (99999, 100000), (101000, 100000)})
    metered(machine).users_inside(seen)
    assert seen.users == {(0, 999), (33, 5000)}


def test_a_program_started_once_it_has_its_filter(machine: Recorded) -> None:
    assert metered(machine).started(filtered=True)
    assert metered(machine, 9, OTHER).started(filtered=False)
    assert not metered(machine, 9, OTHER).started(filtered=True)


class Map:
    """A map of the kernel: its keys."""

    def __init__(self, *keys: bytes) -> None:
        self.held, self.put_in = keys, list[tuple[bytes, bytes]]()

    def keys(self) -> tuple[bytes, ...]:
        return self.held

    def put(self, key: bytes, value: bytes) -> None:
        self.put_in.append((key, value))


def refused(machine: str, *calls: tuple[int, int, bytes]) -> RefusalWatcher:
    watcher = RefusalWatcher.__new__(RefusalWatcher)
    watcher._machine = machine  # noqa: SLF001  what the kernel gives is made
    watcher._refused = cast("Any", Map(*(struct.pack("=QII16s", 5, *call) for call in calls)))  # noqa: SLF001
    watcher._groups = cast("Any", Map())  # noqa: SLF001
    watcher._cgroups = cast("Any", SimpleNamespace(of=lambda container: [5, 6] if container.pid else []))  # noqa: SLF001
    return watcher


def test_refused_calls_are_named_by_their_architecture() -> None:
    calls = ((39, 0, b"nginx\0rest"), (20, 1, b"a\xffb"), (0x40000000 | 39, 0, b""), (9999, 0, b"x"))
    assert list(refused("x86_64", *calls).read()) == [
        RefusedCall("x86_64", "getpid", "nginx"), RefusedCall("i386", "getpid", "a\\xffb"), RefusedCall("x32", "getpid", ""), RefusedCall("x86_64", "syscall_9999", "x"),
    ]  # fmt: skip
    assert [call.architecture for call in refused("aarch64", (1, 1, b""), (1, 0, b"")).read()] == ["arm", "aarch64"]
    assert [call.architecture for call in refused("riscv64", (1, 1, b"")).read()] == [""]


def test_more_refusals_than_there_is_room_for_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusedcalls, "_CALLS", 2)
    assert len(list(refused("x86_64", (1, 0, b"")).read())) == 1
    seen: list[RefusedCall] = []
    with pytest.raises(TargetError, match="more than 2 different calls were refused"):
        seen.extend(refused("x86_64", (1, 0, b""), (2, 0, b"")).read())


def test_each_cgroup_of_a_container_is_watched() -> None:
    watcher = refused("x86_64")
    assert not watcher.add(WatchedContainer(ID, 0))
    assert watcher.add(WatchedContainer(ID, 7))
    assert cast("Any", watcher._groups).put_in == [(struct.pack("=Q", number), bytes(8)) for number in (5, 6)]  # noqa: SLF001


class Socket:
    """A socket of the kernel: what it gives one after the other."""

    def __init__(self, *given: Any) -> None:
        self.given = list(given)

    def recvfrom(self, _most: int) -> Any:
        if not self.given:
            raise BlockingIOError
        first = self.given.pop(0)
        if isinstance(first, OSError):
            raise first
        return first


def record(pid: int, kind: int = 1326) -> bytes:
    text = f"audit(1:1): uid=3 pid={pid} arch=c000003e syscall=39 code=0x7ffc0000".encode()
    return struct.pack("=IHHII", 16 + len(text), kind, 0, 0, 0) + text


def listener(*given: Any) -> AuditListener:
    made = AuditListener.__new__(AuditListener)
    made._socket, made.lost = cast("socket.socket", Socket(*given)), 0  # noqa: SLF001  what the kernel gives is made
    return made


def test_records_of_the_kernel_alone_count_and_what_it_dropped_is_counted() -> None:
    made = listener((record(7), (0, 1)), (record(8), (55, 1)), OSError("ENOBUFS"), (record(9, 1300), (0, 1)), (record(10), (0, 1)))  # fmt: skip
    assert [each.pid for each in made.read()] == [7, 10]
    assert made.lost == 1
    many = listener(*((record(number), (0, 1)) for number in range(1, 6)))
    assert [[each.pid for each in many.read(most=2)] for _ in range(4)] == [[1, 2], [3, 4], [5], []]


@pytest.mark.parametrize(
    ("arrived", "heard"),
    [
        pytest.param([record(7)], True, id="the own record"),
        pytest.param([record(6), record(7)], True, id="another's first"),
        pytest.param([], False, id="nothing, as in another network namespace"),
        pytest.param([record(8)], False, id="another number, as in another pid namespace"),
        pytest.param([record(7).replace(b"0x7ffc0000", b"0x00050000")], False, id="a refusal, which is not ours"),
    ],
)
def test_a_listener_that_does_not_hear_itself_is_an_error(
    arrived: list[bytes],
    heard: bool,  # noqa: FBT001  a row
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(auditlog, "_ARRIVES", 600.0 if heard else 0.01)
    made = listener(*((each, (0, 1)) for each in arrived))
    monkeypatch.setattr(auditlog, "select", SimpleNamespace(select=lambda *_: None))
    with nullcontext() if heard else pytest.raises(TargetError, match="do not arrive here"):
        made._expect(7)  # noqa: SLF001  what a new listener does


def test_a_record_is_made_by_a_process_whose_filter_logs() -> None:
    assert make_record() > 1


def test_a_first_record_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    now, waited = [0.0], list[float]()
    made = listener()

    def select(_read: Any, _write: Any, _error: Any, left: float) -> None:
        waited.append(left)
        now[0] += 0.25
        if len(waited) == 2:
            cast("Any", made._socket).given.append((record(7), (0, 1)))  # noqa: SLF001

    monkeypatch.setattr(auditlog, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(auditlog, "select", SimpleNamespace(select=select))
    assert [each.pid for each in made.read(1.0)] == [7]
    assert waited == [1.0, 0.75]
    assert made.read(0.5) == ()
    assert waited[2:] == [0.5, 0.25]


class Listened:
    """A listener that gives all records at its first look."""

    def __init__(self, *records: SeccompRecord) -> None:
        self.records, self.lost = records, 2

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def read(self, _patience: float) -> tuple[SeccompRecord, ...]:
        records, self.records = self.records, ()
        return records


def of(container: str, number: int) -> SeccompRecord:
    return SeccompRecord(number, "x86_64", number, "logged", container=container)


@pytest.mark.parametrize(("said", "status"), [("web", 0), (" web\n", 0), ("web", 3)])
def test_records_of_the_container_are_reported_once_it_is_known(
    said: str, status: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made = Listened(of("web", 1), of("other", 2), of("web", 3), of("", 4))
    containers = SimpleNamespace(watched=set(), attribute=lambda each: each)
    monkeypatch.setattr(logged, "AuditListener", lambda: made)
    monkeypatch.setattr(logged, "ContainersOfProcesses", lambda: containers)
    monkeypatch.setattr(logged, "_PAUSE", 0.0)
    reported: list[int] = []

    def report(each: SeccompRecord) -> None:
        reported.append(each.number)
        (tmp_path / "reported").touch()

    program = tmp_path / "client"
    program.write_text(
        f'#!/bin/sh\n[ "$1" = wait ] && echo "$*" >{tmp_path}/waited && exit 9\n[ -s "$1" ] || exit 1\n'
        f'printf "{said}" >"$2"\nuntil [ -e {tmp_path}/reported ]; do sleep 0.01; done\nexit {status}\n'
    )
    program.chmod(0o755)
    assert logged.run_logged("{}", lambda text, id_: (str(program), str(text), str(id_)), report) == (status, 2)
    assert reported == [1, 3]
    # One that was started detached is waited for.
    assert ((tmp_path / "waited").read_text() if not status else "") == ("" if status else "wait web\n")


def test_a_user_who_stops_the_client_gets_its_status(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(logged, "AuditListener", lambda: Listened(of("web", 1)))
    monkeypatch.setattr(
        logged, "ContainersOfProcesses", lambda: SimpleNamespace(watched=set(), attribute=lambda each: each)
    )
    monkeypatch.setattr(logged, "_PAUSE", 0.0)

    def stop(_: SeccompRecord) -> None:
        if not (tmp_path / "stopped").exists():
            (tmp_path / "stopped").touch()
            raise KeyboardInterrupt

    program = f'printf web >"$0"; until [ -e {tmp_path}/stopped ]; do sleep 0.01; done; exit 130'
    assert logged.run_logged("{}", lambda _, id_: ("sh", "-c", program, str(id_)), stop) == (130, 2)


def test_a_client_that_starts_nothing_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logged, "AuditListener", Listened)
    with pytest.raises(
        TargetError, match=r"sh could not start the container \(exit status 4\), or did not write its id"
    ):
        logged.run_logged("{}", lambda _text, _id: ("sh", "-c", "exit 4"), lambda _: None)
