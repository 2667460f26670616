"""The locks of the files of accounts: a live holder is waited for, a dead one's lock is taken away."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sealock.errors import TargetError
from sealock.userns.apply.locks import locked

PATHS = ("etc/subuid", "etc/subgid")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "etc").mkdir()
    return tmp_path


def names(root: Path) -> list[str]:
    """What is in /etc."""
    return sorted(path.name for path in (root / "etc").iterdir())


def dead() -> int:
    """The id of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def test_a_lock_holds_our_process_id_as_others_read_it_and_goes_away(root: Path) -> None:
    with locked(str(root), PATHS):
        lock = root / "etc/subuid.lock"
        assert lock.read_bytes() == f"{os.getpid()}\0".encode()
        assert lock.stat().st_nlink == 2
        assert (root / "etc/subgid.lock").exists()
    assert names(root) == [".pwd.lock"]


def test_a_lock_of_a_live_process_is_waited_for_and_left_only(root: Path) -> None:
    lock = root / "etc/subgid.lock"
    lock.write_bytes(f"{os.getppid()}\0".encode())
    with pytest.raises(TargetError, match="another program is changing /etc/subgid"), locked(str(root), PATHS, 0.3):
        raise AssertionError
    assert lock.exists()
    assert names(root) == [".pwd.lock", "subgid.lock"]


@pytest.mark.parametrize("ending", ["\0", "\n", ""])
def test_a_lock_of_a_dead_process_is_taken_away(ending: str, root: Path) -> None:
    (root / "etc/subuid.lock").write_text(f"{dead()}{ending}")
    with locked(str(root), PATHS, 0.3):
        assert (root / "etc/subuid.lock").read_bytes().startswith(str(os.getpid()).encode())


def test_a_lock_of_a_dead_process_that_cannot_be_taken_away_stays(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = root / "etc/subuid.lock"
    lock.write_text(f"{dead()}")
    unlink = os.unlink

    def refused(path: str) -> None:
        if path == str(lock):
            raise PermissionError(path)
        unlink(path)

    monkeypatch.setattr("os.unlink", refused)
    with pytest.raises(TargetError, match="another program"), locked(str(root), PATHS, 0.3):
        raise AssertionError
    assert names(root) == [".pwd.lock", "subuid.lock"]


@pytest.mark.parametrize("text", ["", "nonsense", "12x", "\0", "9" * 30])
def test_a_lock_of_an_unknown_holder_stays(text: str, root: Path) -> None:
    (root / "etc/subuid.lock").write_text(text)
    with pytest.raises(TargetError, match="another program"), locked(str(root), PATHS, 0.3):
        raise AssertionError
    assert (root / "etc/subuid.lock").read_text() == text


def test_what_an_earlier_process_of_our_id_left_is_no_matter(root: Path) -> None:
    (root / f"etc/subuid.{os.getpid()}").write_text("")
    with locked(str(root), PATHS, 0.3):
        pass
    assert names(root) == [".pwd.lock"]


HOLDER = """
import sys
from sealock.userns.apply.locks import locked
with locked(sys.argv[1], ("etc/subuid",)):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_who_holds_them_keeps_others_out_until_it_ends(root: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(TargetError, match="another program is changing accounts"), locked(str(root), PATHS, 0.3):
            raise AssertionError
        holder.kill()
    with locked(str(root), PATHS, 0.3):
        pass
    assert names(root) == [".pwd.lock"]


def test_a_directory_that_is_not_there_is_reported(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="cannot be locked, so nothing was changed"), locked(str(tmp_path), PATHS):
        raise AssertionError
