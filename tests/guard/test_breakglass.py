"""Break-glass opens for the time that it says, and whatever is doubtful about it counts as closed."""

from __future__ import annotations

import os
import time
from pathlib import Path

import msgspec
import pytest

from sealock.errors import UsageError
from sealock.guard.breakglass import LONGEST, NAME, BreakGlass, GlassWatch, close_guard, open_guard


def test_it_opens_with_a_reason_and_closes(tmp_path: Path) -> None:
    watch = GlassWatch(str(tmp_path))
    assert watch.current() is None
    open_guard(str(tmp_path), 60, " the registry is down ")
    current = watch.current()
    assert current is not None
    assert (current.reason, current.uid) == ("the registry is down", os.getuid())
    assert 50 < current.left <= 60
    assert close_guard(str(tmp_path))
    assert watch.current() is None
    assert not close_guard(str(tmp_path))


def changed(directory: Path, **values: object) -> None:
    glass = open_guard(str(directory), 60, "why")
    (directory / NAME).write_bytes(msgspec.json.encode(msgspec.structs.replace(glass, **values)))


NOW = time.clock_gettime(time.CLOCK_BOOTTIME)
DOUBTFUL = {
    "its time is over": {"ends": NOW - 1},
    "it ends later than it may last": {"ends": NOW + 3600},
    "it lasts longer than a day": {"ends": NOW + 3 * LONGEST, "seconds": 4.0 * LONGEST},
    "it is of another start of the machine": {"boot": "00000000-0000-0000-0000-000000000000"},
}


@pytest.mark.parametrize("values", DOUBTFUL.values(), ids=DOUBTFUL.keys())
def test_it_is_closed_where(values: dict[str, object], tmp_path: Path) -> None:
    changed(tmp_path, **values)
    assert GlassWatch(str(tmp_path)).current() is None


def test_it_is_closed_where_the_file_is_not_root_s_alone(tmp_path: Path) -> None:
    file = tmp_path / NAME

    def is_closed() -> bool:
        return GlassWatch(str(tmp_path)).current() is None

    open_guard(str(tmp_path), 60, "why")
    assert not is_closed()
    file.chmod(0o666)
    assert is_closed()
    file.chmod(0o644)
    os.chown(file, 12345, -1)
    assert is_closed()
    os.chown(file, 0, -1)
    tmp_path.chmod(0o777)
    assert is_closed()
    tmp_path.chmod(0o755)
    assert not is_closed()
    file.write_text("{")
    assert is_closed()
    file.unlink()
    file.symlink_to("/dev/zero")
    assert is_closed()
    file.unlink()
    os.mkfifo(file)
    assert is_closed()


@pytest.mark.parametrize(("seconds", "reason"), [(0, "x"), (-1, "x"), (LONGEST + 1, "x"), (60, " ")])
def test_it_does_not_open_without_a_time_and_a_reason(seconds: float, reason: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        open_guard(str(tmp_path), seconds, reason)
    assert not list(tmp_path.iterdir())


def test_the_time_left_is_never_more_than_was_asked_for() -> None:
    assert BreakGlass("x", "", 0, "", NOW + 1000, 10).left == 0


@pytest.mark.parametrize("seconds", [600, LONGEST])
def test_it_opens_for_a_day_at_most(seconds: int, tmp_path: Path) -> None:
    directory = str(tmp_path / "run" / "sealock")
    opened = open_guard(directory, seconds, "why")
    assert opened.seconds == seconds
    assert GlassWatch(directory).current() == opened
    assert [path.name for path in Path(directory).iterdir()] == [NAME]


def test_it_opens_again_with_another_reason(tmp_path: Path) -> None:
    watch = GlassWatch(str(tmp_path))
    for reason in ("first", "second"):
        open_guard(str(tmp_path), 60, reason)
        current = watch.current()
        assert current is not None
        assert current.reason == reason
        assert watch.current() is current


def test_what_cannot_be_written_or_removed_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"the guard was not opened: .*guard-open\.json: .*; run this as root"):
        open_guard(str(tmp_path / "file"), 60, "why")
    (tmp_path / NAME).mkdir()
    with pytest.raises(UsageError, match=r"the guard was not closed: .*guard-open\.json: .*; run this as root"):
        close_guard(str(tmp_path))
