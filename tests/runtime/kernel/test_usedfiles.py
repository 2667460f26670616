"""The files that processes use, from a recorded /proc."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sealock.runtime.kernel import usedfiles
from sealock.runtime.kernel.tree import ProcTree
from sealock.runtime.kernel.usedfiles import used_files

LINE = "7f0000000000-7f0000001000 r-xp 00000000 fe:00 {inode} {gap}{path}\n"


def process(root: Path, pid: int, *mapped: str, exe: str = "", fds: tuple[str, ...] = ()) -> None:
    home = root / "proc" / str(pid)
    (home / "fd").mkdir(parents=True)
    text = "".join(LINE.format(inode=at + 1, gap=" " * 20, path=path) for at, path in enumerate(mapped))
    (home / "maps").write_text(text, encoding="utf-8", errors="surrogateescape")
    if exe:
        (home / "exe").symlink_to(exe)
    for number, target in enumerate(fds):
        (home / "fd" / str(number)).symlink_to(target)


@pytest.mark.parametrize(
    ("mapped", "path"),
    [
        ("/usr/lib/libc.so.6", "usr/lib/libc.so.6"),
        ("/usr/lib/a b.so", "usr/lib/a b.so"),
        ("/usr/lib/libc.so.6 (deleted)", "usr/lib/libc.so.6"),
        ("/a\\012b", "a\nb"),
        ("[heap]", None),
        ("[vdso]", None),
        ("", None),
    ],
)
def test_a_mapped_file_is_in_use(tmp_path: Path, mapped: str, path: str | None) -> None:
    process(tmp_path, 1, mapped)
    assert used_files(ProcTree(str(tmp_path)), (1,)).paths == ({path} if path else set())


def test_the_program_and_open_files_are_in_use(tmp_path: Path) -> None:
    process(tmp_path, 1, exe="/usr/sbin/nginx", fds=("/app/a.jar", "socket:[12]", "pipe:[3]", "/x (deleted)"))
    process(tmp_path, 2, "/usr/lib/b.so")
    used = used_files(ProcTree(str(tmp_path)), (1, 2))
    assert used.paths == {"usr/sbin/nginx", "app/a.jar", "x", "usr/lib/b.so"}
    assert used.unseen == ()


def test_a_process_that_ended_has_none(tmp_path: Path) -> None:
    process(tmp_path, 1, "/a")
    for pids in ((1, 77), (77, 1)):
        assert used_files(ProcTree(str(tmp_path)), pids) == used_files(ProcTree(str(tmp_path)), (1,))


def test_what_cannot_be_seen_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usedfiles, "MOST_PROCESSES", 2)
    monkeypatch.setattr(usedfiles, "MOST_FILES", 1)
    for pid in (1, 2, 3):
        process(tmp_path, pid, f"/{pid}", fds=("/a", "/b"))
    (tmp_path / "proc/2/maps").unlink()
    os.mkfifo(tmp_path / "proc/2/maps")
    # The process that cannot be read hides none of those after it.
    assert used_files(ProcTree(str(tmp_path)), (2, 1)).paths == {"1", "a"}
    used = used_files(ProcTree(str(tmp_path)), (1, 2, 3))
    assert used.paths == {"1", "a"}
    assert used.unseen == (
        "process 1 has more than 1 open files",
        "the files of process 2: it could not be read",
        "there are more than 2 processes",
    )


def test_the_kernels_own_list_of_this_process() -> None:
    used = used_files(ProcTree(), (os.getpid(),))
    assert os.path.realpath("/proc/self/exe").lstrip("/") in used.paths
    assert any(path.endswith("/libc.so.6") for path in used.paths)
