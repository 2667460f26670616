"""Files count as they were used, by processes of the container, on the mounts that it has; a simulated fanotify."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sealock.runtime.kernel.procfiles import mounts
from sealock.runtime.watch import filemarks
from sealock.runtime.watch.filemarks import (
    _EVENT,
    CLOSES,
    CLOSES_WRITTEN,
    DROPPED,
    EXECUTES,
    LATE,
    OVERFLOW,
    WRITES,
    ContainerFiles,
    read_events,
)
from sealock.runtime.watch.observations import Observations, WatchedContainer

US, STRANGER, NOBODY = os.getpid(), 1, (1 << 22) + 1
WEB = WatchedContainer("web", pid=US)


MOUNTS = "".join(
    f"{number} 1 0:{number} / {target} rw - {kind} none rw\n"
    for number, (target, kind) in enumerate(
        [("/proc", "proc"), ("/", "overlay"), ("/sys", "sysfs"), ("/dev", "tmpfs"), ("/tmp", "tmpfs"), ("/etc", "ext4")]
    )
)


class Fanotify:
    """A group of fanotify's: a pipe with events, and the places that were marked."""

    def __init__(self) -> None:
        self.outlet, self.inlet = os.pipe2(os.O_NONBLOCK)
        self.group = -1
        self.marked: list[str] = []
        self.refused: dict[str, OSError] = {}
        self.ours = {US}

    def call(self, name: str, *arguments: Any) -> int:
        if name == "fanotify_init":
            self.group = os.dup(self.outlet)
            return self.group
        place = str(Path(arguments[-1].decode()).readlink())
        if place in self.refused:
            raise self.refused[place]
        self.marked.append(place)
        return 0

    def look(self, pid: int) -> str:
        return "web" if pid in self.ours else ""

    def send(self, mask: int, path: Path | None = None, pid: int = US) -> None:
        descriptor = os.open(path, os.O_RDONLY) if path else -1
        os.write(self.inlet, _EVENT.pack(_EVENT.size, 3, 0, _EVENT.size, mask, descriptor, pid))


@pytest.fixture
def fanotify(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fanotify]:
    made = Fanotify()
    monkeypatch.setattr(ContainerFiles, "_call", made.call)
    # Others may mount something on this machine meanwhile.
    monkeypatch.setattr(filemarks, "mounts", lambda _: mounts(MOUNTS))
    yield made
    os.close(made.outlet)
    os.close(made.inlet)


@pytest.fixture
def files(fanotify: Fanotify) -> Iterator[ContainerFiles]:
    made = ContainerFiles(WEB, early=True, look=fanotify.look)
    yield made
    made.close()


def seen(files: ContainerFiles) -> Observations:
    files.read()
    made = Observations()
    files.observe(made)
    return made


USES: dict[str, tuple[str, tuple[int, ...], set[str]]] = {
    "read": ("x", (CLOSES,), {"read"}),
    "opened": ("x", (0,), {"read"}),
    "written": ("x", (WRITES,), {"written"}),
    "written and closed": ("x", (CLOSES_WRITTEN,), {"written"}),
    "written and read": ("x", (WRITES, CLOSES), {"written", "read"}),
    "run": ("x", (EXECUTES,), {"executed"}),
    "run and closed": ("x", (EXECUTES, CLOSES), {"executed", "read"}),
    "run as the linker": ("ld-linux-x86-64.so.2", (EXECUTES,), {"mapped"}),
    "run with a name like the linker's": ("ldd", (EXECUTES,), {"executed"}),
    "run with a library's name": ("libx.so", (EXECUTES,), {"executed"}),
}


@pytest.mark.parametrize(("name", "masks", "uses"), USES.values(), ids=USES)
def test_a_file_counts_as_it_was_used(
    name: str, masks: tuple[int, ...], uses: set[str], fanotify: Fanotify, tmp_path: Path
) -> None:
    path, files = tmp_path / name, ContainerFiles(WEB, early=True, look=fanotify.look)
    path.touch()
    for mask in masks:
        fanotify.send(mask, path)
    found = seen(files)
    kinds = ("read", "written", "executed", "mapped")
    assert {kind for kind in kinds if getattr(found, kind) == {str(path)}} == uses
    assert {kind for kind in kinds if getattr(found, kind)} == uses
    assert not found.lost
    files.close()


def test_only_processes_of_the_container_count(files: ContainerFiles, fanotify: Fanotify, tmp_path: Path) -> None:
    ours, theirs, gone = (tmp_path / name for name in ("ours", "theirs", "gone"))
    for path in (ours, theirs, gone):
        path.touch()
    before = len(list(Path("/proc/self/fd").iterdir()))
    fanotify.send(CLOSES, theirs, STRANGER)
    fanotify.send(CLOSES, ours)
    fanotify.send(CLOSES, gone, NOBODY)
    gone.unlink()
    assert seen(files).read == {str(ours), str(gone)}
    assert len(list(Path("/proc/self/fd").iterdir())) <= before, "each event has a descriptor to close"


def test_what_was_dropped_or_is_too_much_is_said(
    files: ContainerFiles, fanotify: Fanotify, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filemarks, "MOST_FILES", 2)
    for name in "abc":
        (tmp_path / name).touch()
    fanotify.send(OVERFLOW)
    for name in "ab":
        fanotify.send(CLOSES, tmp_path / name)
    assert seen(files).lost == {DROPPED}
    fanotify.send(CLOSES, tmp_path / "c")
    fanotify.send(WRITES, tmp_path / "a")
    found = seen(files)
    assert (found.read, found.written) == ({f"{tmp_path}/a", f"{tmp_path}/b"}, {f"{tmp_path}/a"})
    assert found.lost == {DROPPED, "paths beyond 2"}
    monkeypatch.setattr(filemarks, "_MOST_READS", 0)
    fanotify.send(CLOSES, tmp_path / "b")
    assert f"{tmp_path}/b" in seen(files).read


def test_events_of_a_wrong_length_end_them() -> None:
    good, bad = _EVENT.pack(_EVENT.size, 3, 0, 0, 8, 5, 7), _EVENT.pack(1, 3, 0, 0, 8, 5, 7)
    longer = _EVENT.pack(_EVENT.size + 8, 3, 0, 0, 9, 5, 7) + bytes(8)
    assert [event.mask for event in read_events(longer + good + bad + good)] == [9, 8]
    assert list(read_events(good[:-1])) == []


def test_the_mounts_of_the_container_are_marked_once(fanotify: Fanotify, monkeypatch: pytest.MonkeyPatch) -> None:
    made = ContainerFiles(WEB, look=fanotify.look)
    marked = list(fanotify.marked)
    assert marked == ["/", "/tmp", "/etc"]
    made._mark()  # noqa: SLF001
    made._list = ""  # noqa: SLF001  as if another mount came
    made.follow(US)
    assert fanotify.marked == marked
    assert seen(made).lost == {LATE}
    monkeypatch.setattr(filemarks, "_MAY_CHANGE", 1)
    made._list, made._marked = "", set()  # noqa: SLF001
    made.read()
    assert fanotify.marked == marked * 2
    made.close()


def test_a_mount_that_cannot_be_marked_is_said(fanotify: Fanotify, monkeypatch: pytest.MonkeyPatch) -> None:
    fanotify.refused["/"] = PermissionError(1, "Operation not permitted")
    made = ContainerFiles(WEB, early=True, look=fanotify.look)
    assert seen(made).lost == {"files on a mount of the kind overlay: Operation not permitted"}
    made.close()
    fanotify.refused["/"] = FileNotFoundError(2, "No such file or directory")
    made = ContainerFiles(WEB, early=True, look=fanotify.look)
    assert not seen(made).lost
    made.close()
    # The third of them is the kernel's own, and left out.
    monkeypatch.setattr(filemarks, "_MOST_MOUNTS", 2)
    fanotify.marked.clear()
    fanotify.refused.clear()
    made = ContainerFiles(WEB, early=True, look=fanotify.look)
    assert (fanotify.marked, seen(made).lost) == (["/"], {"files on mounts beyond 2"})
    made.close()


def test_what_watched_the_files_is_given_back(fanotify: Fanotify) -> None:
    made = ContainerFiles(WEB, early=True, look=fanotify.look)
    os.fstat(fanotify.group)
    made.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fanotify.group)


def test_the_number_of_another_process_marks_nothing(fanotify: Fanotify) -> None:
    fanotify.ours = set()
    made = ContainerFiles(WEB, early=True, look=fanotify.look)
    assert not fanotify.marked
    fanotify.ours = {US}
    made.follow(US)
    assert fanotify.marked
    made.close()
