"""The workspace of a sandbox: what in it starts programs on this machine, and what may be no workspace at all."""

from __future__ import annotations

import fcntl
import os
import socket
import threading
from pathlib import Path

import pytest
from msgspec.structs import replace

from sealock.errors import TargetError
from sealock.runtime.sandbox import workspace as module
from sealock.runtime.sandbox.workspace import (
    BARE,
    PROTECTED,
    appeared,
    check_unchanged,
    find_sockets,
    hold,
    look_at,
    make_places,
    mount_refusal,
    remove_places,
)


def make(root: Path, *paths: str) -> None:
    """Make files, and directories for paths that end with a slash."""
    for path in paths:
        if path.endswith("/"):
            (root / path).mkdir(parents=True)
        else:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text("")


def listening(path: Path) -> socket.socket:
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    return server


def test_what_starts_programs_is_found_at_any_depth(tmp_path: Path) -> None:
    make(
        tmp_path, ".git/hooks/", "a/.envrc", "a/b/.git/", "x.code-workspace", "src/main.py", ".GITHUB/workflows/ci.yml"
    )
    make(tmp_path, "node_modules/x/.vscode/", ".git/modules/y/.git")
    seen = look_at(str(tmp_path))
    assert [path for path, _ in seen.protected] == [".GITHUB", ".git", "a/.envrc", "a/b/.git", "x.code-workspace"]
    assert ".vscode" in seen.missing
    assert ".git" not in seen.missing
    assert (seen.owner, seen.complete, seen.links) == ((os.getuid(), os.getgid()), True, ())


def test_links_and_sockets_are_found(tmp_path: Path) -> None:
    make(tmp_path, ".git/", "run/")
    (tmp_path / ".claude").symlink_to("/etc")
    (tmp_path / "loop").symlink_to(".")
    (tmp_path / "run" / "elsewhere").symlink_to("../.git")
    with listening(tmp_path / "run" / "dev.sock"), listening(tmp_path / ".git" / "watch.ipc"):
        seen = look_at(str(tmp_path))
        assert seen.sockets == (".git/watch.ipc", "run/dev.sock")
        assert [*find_sockets(str(tmp_path / "run"))] == [str(tmp_path / "run" / "dev.sock")]
        assert [*find_sockets(str(tmp_path / "run" / "dev.sock"))] == [str(tmp_path / "run" / "dev.sock")]
    assert seen.links == (".claude",)
    assert [*find_sockets(str(tmp_path / "missing"))] == []


def test_what_a_run_left_is_named(tmp_path: Path) -> None:
    make(tmp_path, ".git/", "sub/.git/", "other/")
    before = look_at(str(tmp_path))
    (tmp_path / "sub").rename(tmp_path / "moved")
    make(tmp_path, "sub/.git/hooks/post-checkout", "other/.envrc")
    left = sorted(appeared(before))
    assert [entry.partition(":")[0] for entry in left] == ["moved/.git", "other/.envrc", "sub/.git"]
    assert left[1] == "other/.envrc: direnv runs it when a shell enters the directory"


@pytest.mark.parametrize("rest", [("objects/", "refs/"), ("commondir",)])
def test_what_git_takes_for_a_repository_is_protected(tmp_path: Path, rest: tuple[str, ...]) -> None:
    """A directory below which git has neither HEAD nor all of the rest is none."""
    make(
        tmp_path, "p/.git", *(f"p/.bare/{path}" for path in ("HEAD", *rest)), "p/docs/HEAD", "p/x/refs/", "p/x/objects/"
    )
    before = look_at(str(tmp_path / "p"))
    assert [path for path, _ in before.protected] == [".bare", ".git"]
    assert [*appeared(before)] == []
    make(tmp_path, *(f"p/docs/new/{path}" for path in ("HEAD", *rest)))
    assert [*appeared(before)] == [f"docs/new: {BARE}"]
    make(tmp_path, *(f"p/{path}" for path in ("HEAD", *rest)))
    assert f"HEAD: {BARE}" in [*appeared(before)]
    with pytest.raises(TargetError, match="it is a repository of git itself"):
        look_at(str(tmp_path / "p"))


def test_what_cannot_be_looked_at_after_a_run_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "p/deep/", "p/other/")
    before = look_at(str(tmp_path / "p"))
    # A path that is too long for the system is one that root cannot read either.
    inner = os.open(tmp_path / "p" / "deep", os.O_RDONLY)
    for _ in range(20):
        os.mkdir("d" * 250, dir_fd=inner)
        inner, outer = os.open("d" * 250, os.O_RDONLY, dir_fd=inner), inner
        os.close(outer)
    os.close(inner)
    (left,) = appeared(before)
    assert left.startswith("too many files, or directories that cannot be read")
    assert look_at(str(tmp_path / "p")).complete is False
    monkeypatch.setattr(module, "_MOST_ENTRIES", 1)
    assert [*appeared(before)] == [left]
    (tmp_path / "p").rename(tmp_path / "q")
    assert [*appeared(before)] == ["a workspace that cannot be read: No such file or directory"]


def test_places_stay_while_another_run_holds_the_workspace(tmp_path: Path) -> None:
    first = look_at(str(tmp_path))
    lock = hold(str(tmp_path))
    places = make_places(first, (".envrc",))
    second = look_at(str(tmp_path))
    assert [path for path, _ in second.protected] == [".envrc"]
    other = hold(str(tmp_path))
    remove_places(places, lock, wait=False)
    assert Path(places[0]).is_dir()
    waiting = threading.Thread(target=remove_places, args=(places, lock))
    waiting.start()
    waiting.join(0.2)
    assert waiting.is_alive()
    assert Path(places[0]).is_dir()
    os.close(other)
    waiting.join(60)
    assert not Path(places[0]).exists()
    os.close(lock)
    with pytest.raises(TargetError, match="envrc in the workspace changed while sealock was starting"):
        check_unchanged(second)
    check_unchanged(first)
    with pytest.raises(TargetError, match="cannot be read: No such file"):
        hold(f"{tmp_path}/none")


def test_a_workspace_that_others_lock_is_not_waited_for_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SECONDS", 0.1)
    descriptor = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with pytest.raises(TargetError, match="cannot be locked"):
        hold(str(tmp_path))
    os.close(descriptor)
    os.close(hold(str(tmp_path)))


def test_places_for_mounts_leave_nothing(tmp_path: Path) -> None:
    before = look_at(str(tmp_path))
    places = make_places(before, before.missing)
    assert len(places) == len([name for name in PROTECTED if "*" not in name])
    Path(places[0], "kept").write_text("somebody's")
    remove_places(places)
    assert [*tmp_path.iterdir()] == [Path(places[0])]
    Path(places[0]).rename(tmp_path / before.missing[-1])
    with pytest.raises(TargetError, match="appeared while sealock was starting"):
        make_places(before, before.missing)
    assert [*tmp_path.iterdir()] == [tmp_path / before.missing[-1]]


@pytest.mark.parametrize("path", ["/", "/home", "/tmp", "/var", "/var/lib", "/etc/ssl", "/usr", "/proc", "/run"])
def test_a_directory_of_the_system_is_no_workspace(path: str) -> None:
    with pytest.raises(TargetError, match="cannot be a workspace: it is"):
        look_at(path)


def test_a_home_directory_is_no_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "people/me/project/")
    monkeypatch.setenv("HOME", str(tmp_path / "people" / "me"))
    (tmp_path / "link").symlink_to("people/me")
    for path in ("people/me", "people", "link"):
        with pytest.raises(TargetError, match="it holds the home directory"):
            look_at(str(tmp_path / path))
    assert look_at(str(tmp_path / "people" / "me" / "project")).complete


def test_mounts_within_are_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = (
        f"{number} 1 0:{number} / {path} rw - {kind} x rw\n"
        for number, (path, kind) in enumerate({tmp_path / "a b" / "proc": "proc", tmp_path / "c" / "d": "ext4"}.items())
    )
    text = "".join(lines).replace("a b", "a\\040b")
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: text)
    make(tmp_path, "a b/", "c/d/", "cc/")
    assert mount_refusal(str(tmp_path / "a b")).startswith("has another mount at")
    assert mount_refusal(str(tmp_path / "c")).endswith("c/d, which may stay writable")
    assert [mount_refusal(str(tmp_path / name)) for name in ("c/d", "cc")] == ["", ""]
    with pytest.raises(TargetError, match="interface of the kernel at"):
        look_at(str(tmp_path))
    assert look_at(str(tmp_path / "c")).complete


def test_what_is_no_directory_is_no_workspace(tmp_path: Path) -> None:
    make(tmp_path, "file")
    for path in ("file", "missing"):
        with pytest.raises(TargetError, match="cannot be read"):
            look_at(str(tmp_path / path))


def test_a_workspace_that_is_too_large_is_incomplete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_ENTRIES", 10)
    make(tmp_path, *(f"f{number}" for number in range(11)))
    assert look_at(str(tmp_path)).complete is False


def test_a_workspace_that_another_run_removes_from_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SECONDS", 0.1)
    other = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(other, fcntl.LOCK_EX)
    with pytest.raises(TargetError, match=f"the workspace {tmp_path} cannot be locked: Resource temporarily"):
        hold(str(tmp_path))
    timer = threading.Timer(0.1, os.close, (other,))
    timer.start()
    monkeypatch.setattr(module, "SECONDS", 60.0)
    os.close(hold(str(tmp_path)))
    timer.join()


@pytest.mark.parametrize(
    ("case", "complete"),
    [
        pytest.param("closed", False, id="a directory of ours that is closed to us"),
        pytest.param("another's", True, id="one of another user, which is closed to the owner of the workspace too"),
        pytest.param("gone", True, id="one that was removed meanwhile"),
    ],
)
def test_a_directory_that_cannot_be_read_hides_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str, *, complete: bool
) -> None:
    make(tmp_path, "shut/x", "z/deep/.envrc")
    scan, uid = os.scandir, os.geteuid()

    def refused(path: str) -> object:
        if not path.endswith("/shut"):
            return scan(path)
        if case == "gone":
            Path(path, "x").unlink()
            Path(path).rmdir()
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.scandir", refused)
    monkeypatch.setattr("os.geteuid", lambda: uid + (case == "another's"))
    seen = look_at(str(tmp_path))
    assert ([path for path, _ in seen.protected], seen.complete) == (["z/deep/.envrc"], complete)


def test_a_link_that_was_there_before_was_not_left_by_the_run(tmp_path: Path) -> None:
    (tmp_path / ".claude").symlink_to("/etc")
    before = look_at(str(tmp_path))
    (tmp_path / ".envrc").symlink_to("/etc")
    assert [entry.partition(":")[0] for entry in appeared(before)] == [".envrc"]


def test_a_workspace_of_so_many_entries_is_complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "a", "b", "c/d")
    for most, complete in ((4, True), (3, False)):
        monkeypatch.setattr(module, "_MOST_ENTRIES", most)
        assert look_at(str(tmp_path)).complete is complete


@pytest.mark.parametrize("other", [-1, 1])
def test_a_path_that_another_file_has_taken_is_no_longer_what_it_was(other: int, tmp_path: Path) -> None:
    (tmp_path / ".envrc").touch()
    seen = look_at(str(tmp_path))
    ((path, inode),) = seen.protected
    with pytest.raises(TargetError, match="envrc in the workspace changed while sealock was starting"):
        check_unchanged(replace(seen, protected=((path, inode + other),)))
