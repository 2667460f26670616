"""The three files change all or none, whatever happens in between, and the way back leaves others' changes alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sealock.errors import TargetError
from sealock.userns.apply import disable, enable, records, recover, survey
from sealock.userns.apply.record import pending
from sealock.userns.plan import MachineFacts, plan
from sealock.userns.plan.plan import RemappingPlan

SUBUID = "other:100000:65536\n"
SETTINGS = "{\n  // no comment is allowed here\n}"
PLAIN = '{\n    "icc": false,\n    "log-driver": "json-file"\n}\n'
FILES = ("etc/subuid", "etc/subgid", "etc/docker/daemon.json")


def made(root: Path, settings: str | None = PLAIN, subuid: str = SUBUID) -> Path:
    (root / "etc/docker").mkdir(parents=True)
    (root / "var/lib").mkdir(parents=True)
    (root / "etc/subuid").write_text(subuid)
    (root / "etc/subgid").write_text(subuid)
    (root / "etc/passwd").write_text("root:x:0:0::/:/bin/sh\nother:x:1000:1000::/:/bin/sh\n")
    (root / "etc/group").write_text("root:x:0:\n")
    if settings is not None:
        (root / "etc/docker/daemon.json").write_text(settings)
    return root


def planned(root: Path, user: str = "", data_root: str = "/data") -> RemappingPlan:
    machine = survey(None, str(root))
    return plan(
        MachineFacts(
            subuid=machine.subuid,
            subgid=machine.subgid,
            accounts=machine.accounts,
            remap_setting=machine.remap_setting,
            data_root=data_root,
        ),
        user,
    )


def held(root: Path) -> dict[str, str]:
    return {name: (root / name).read_text() for name in FILES if (root / name).exists()}


def strays(root: Path) -> list[str]:
    """What is in /etc that was not there before."""
    known = {"subuid", "subgid", "passwd", "group", "docker", "daemon.json", ".pwd.lock", "real.json"}
    return [path.name for path in (root / "etc").rglob("*") if path.name not in known]


def test_both_ranges_and_the_setting_are_written(tmp_path: Path) -> None:
    root = made(tmp_path)
    record = enable(planned(root), str(root))
    assert [file.path for file in record.files] == list(FILES)
    assert (root / "etc/subuid").read_text() == f"{SUBUID}dockremap:165536:65536\n"
    assert json.loads((root / "etc/docker/daemon.json").read_text()) == {
        "icc": False, "log-driver": "json-file", "userns-remap": "default",
    }  # fmt: skip
    assert not strays(root)
    assert not pending(str(root))


def test_the_backup_is_for_root_only(tmp_path: Path) -> None:
    root = made(tmp_path)
    record = enable(planned(root), str(root))
    folder = root / "var/lib/sealock/userns" / record.directory
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "record.json").stat().st_mode & 0o777 == 0o600


def test_a_second_time_changes_nothing(tmp_path: Path) -> None:
    root = made(tmp_path)
    enable(planned(root), str(root))
    before = held(root)
    assert not enable(planned(root), str(root)).files
    assert held(root) == before
    assert len(records(str(root))) == 1


@pytest.mark.parametrize(
    "settings", [PLAIN, None, "", "{}", '{"userns-remap": "other"}\n', '{"userns-remap":""}'],
    ids=["some settings", "no file", "an empty file", "no settings", "another user", "nobody"],
)  # fmt: skip
def test_there_and_back_is_where_it_was(settings: str | None, tmp_path: Path) -> None:
    root = made(tmp_path, settings)
    before = held(root)
    enable(planned(root, "dockremap"), str(root))
    assert held(root) != before
    disable(str(root))
    assert held(root) == before
    assert not strays(root)
    with pytest.raises(TargetError, match="no change by sealock to revert"):
        disable(str(root))


def test_the_user_of_the_setting_stays(tmp_path: Path) -> None:
    root = made(tmp_path, '{"userns-remap": "other"}')
    assert not enable(planned(root), str(root)).files


def test_ranges_of_data_that_is_still_there_stay(tmp_path: Path) -> None:
    root = made(tmp_path)
    enable(planned(root), str(root))
    (root / "data/165536.165536").mkdir(parents=True)
    record = disable(str(root))
    assert [file.path for file in record.files] == ["etc/docker/daemon.json"]
    assert (root / "etc/docker/daemon.json").read_text() == PLAIN
    assert (root / "etc/subuid").read_text() == f"{SUBUID}dockremap:165536:65536\n"


def test_others_changes_since_stay(tmp_path: Path) -> None:
    root = made(tmp_path)
    enable(planned(root), str(root))
    with (root / "etc/subuid").open("a") as file:
        file.write("new:300000:65536\n")
    settings = json.loads((root / "etc/docker/daemon.json").read_text()) | {"debug": True}
    (root / "etc/docker/daemon.json").write_text(json.dumps(settings, indent=2))
    disable(str(root))
    assert (root / "etc/subuid").read_text() == f"{SUBUID}new:300000:65536\n"
    assert (root / "etc/subgid").read_text() == SUBUID
    assert json.loads((root / "etc/docker/daemon.json").read_text()) == {
        "icc": False, "log-driver": "json-file", "debug": True,
    }  # fmt: skip


def test_settings_that_were_broken_since_are_left_only(tmp_path: Path) -> None:
    root = made(tmp_path)
    enable(planned(root), str(root))
    (root / "etc/docker/daemon.json").write_text("{")
    before = held(root)
    with pytest.raises(TargetError, match="has errors"):
        disable(str(root))
    assert held(root) == before


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("{", "has errors"),
        ("[]", "has errors"),
        (SETTINGS, "has errors"),
        ('{"icc": "no"}', "has errors"),
        ('{"userns-remap": 5}', "has errors"),
    ],
    ids=["cut off", "a list", "a comment", "a wrong type", "a wrong type of the setting"],
)
def test_settings_that_are_not_sound_stay_as_they_are(settings: str, said: str, tmp_path: Path) -> None:
    root = made(tmp_path, settings)
    before = held(root)
    with pytest.raises(TargetError, match=said):
        enable(planned(root), str(root))
    assert held(root) == before
    assert not records(str(root))
    assert not strays(root)


def test_bytes_that_are_no_text_stay_as_they_are(tmp_path: Path) -> None:
    root = made(tmp_path)
    (root / "etc/docker/daemon.json").write_bytes(b'{"data-root": "/\xff"}')
    with pytest.raises(TargetError, match="could not be read"):
        enable(planned(root), str(root))
    (root / "etc/docker/daemon.json").write_text(PLAIN)
    (root / "etc/subuid").write_bytes(b"# \xff\n")
    enable(planned(root), str(root))
    assert (root / "etc/subuid").read_bytes().startswith(b"# \xff\ndockremap:")


def test_a_link_stays_one_and_what_it_leads_to_is_written(tmp_path: Path) -> None:
    root = made(tmp_path, None)
    (root / "etc/real.json").write_text(PLAIN)
    (root / "etc/docker/daemon.json").symlink_to("../real.json")
    enable(planned(root), str(root))
    assert (root / "etc/docker/daemon.json").is_symlink()
    assert "userns-remap" in (root / "etc/real.json").read_text()
    disable(str(root))
    assert (root / "etc/real.json").read_text() == PLAIN


def test_modes_stay(tmp_path: Path) -> None:
    root = made(tmp_path)
    (root / "etc/docker/daemon.json").chmod(0o640)
    enable(planned(root), str(root))
    assert (root / "etc/docker/daemon.json").stat().st_mode & 0o7777 == 0o640


@pytest.mark.parametrize("line", ["dockremap:300000:65536\n", "late:165536:65536\n", "late:100:200000\n"])
def test_ids_that_somebody_took_since_the_plan_are_not_given_twice(line: str, tmp_path: Path) -> None:
    root = made(tmp_path)
    old = planned(root)
    with (root / "etc/subgid").open("a") as file:
        file.write(line)
    before = held(root)
    with pytest.raises(TargetError, match="changed since the plan"):
        enable(old, str(root))
    assert held(root) == before


def test_a_plan_made_of_half_a_change_is_refused(tmp_path: Path) -> None:
    root = made(tmp_path)
    before = held(root)
    killed(root, 3, "enable")
    with pytest.raises(TargetError, match="plan again"):
        enable(planned(root), str(root))
    assert held(root) == before


def test_a_plan_without_ranges_enables_nothing(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="no range"):
        enable(plan(MachineFacts()), str(tmp_path))


PROGRAM = """
import os, signal, sys
from tests.userns.apply.test_changes import planned
from pathlib import Path
from sealock.userns.apply import disable, enable
root, step, verb = sys.argv[1], int(sys.argv[2]), sys.argv[3]
wanted = planned(Path(root)) if verb == "enable" else None
count, replace = 0, os.replace
def renamed(old, new):
    global count
    if count == step:
        os.kill(os.getpid(), signal.SIGKILL)
    count += 1
    replace(old, new)
os.replace = renamed
enable(wanted, root) if wanted else disable(root)
"""
STEPS = ("the record", "subuid", "subgid", "the settings", "the record's end")


def killed(root: Path, step: int, verb: str) -> int:
    """Run it in a process that ends itself just before it renames for the n-th time."""
    words = [sys.executable, "-c", PROGRAM, str(root), str(step), verb]
    return subprocess.run(words, check=False, cwd=Path(__file__).parents[3]).returncode


@pytest.mark.parametrize("step", range(5), ids=STEPS)
@pytest.mark.parametrize("settings", [PLAIN, None], ids=["some settings", "no settings"])
def test_killed_before(step: int, settings: str | None, tmp_path: Path) -> None:
    root = made(tmp_path, settings)
    before = held(root)
    assert killed(root, step, "enable") == -signal.SIGKILL
    # A plan that was made of half a change is refused, or none of it is there; a new one does it all.
    recover(str(root))
    assert held(root) == before
    enable(planned(root), str(root))
    assert (root / "etc/subuid").read_text().count("dockremap") == 1
    assert (root / "etc/subgid").read_text().count("dockremap") == 1
    assert "userns-remap" in (root / "etc/docker/daemon.json").read_text()
    assert not strays(root)
    disable(str(root))
    assert held(root) == before


@pytest.mark.parametrize("step", range(1, 5), ids=STEPS[1:])
def test_killed_and_then_taken_back(step: int, tmp_path: Path) -> None:
    root = made(tmp_path)
    before = held(root)
    killed(root, step, "enable")
    assert survey(None, str(root)).interrupted
    disable(str(root))
    assert held(root) == before
    assert not survey(None, str(root)).interrupted
    assert not strays(root)


@pytest.mark.parametrize("step", range(4), ids=["subuid", "subgid", "the settings", "the record"])
def test_killed_while_it_was_taken_back(step: int, tmp_path: Path) -> None:
    root = made(tmp_path)
    before = held(root)
    enable(planned(root), str(root))
    assert killed(root, step, "disable") == -signal.SIGKILL
    disable(str(root))
    assert held(root) == before
    assert not strays(root)


FULL = """
import resource, signal, sys
from pathlib import Path
from sealock.errors import TargetError
from tests.userns.apply.test_changes import planned
from sealock.userns.apply import disable, enable
wanted = planned(Path(sys.argv[1]))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
try:
    enable(wanted, sys.argv[1]) if sys.argv[3] == "enable" else disable(sys.argv[1])
except TargetError as error:
    print(error)
    sys.exit(2)
"""


@pytest.mark.repeats
@pytest.mark.parametrize("verb", ["enable", "disable"])
@pytest.mark.parametrize("bytes_", [0, 10, 5000, 30_000, 60_000])
def test_a_disk_that_takes_only_so_much(bytes_: int, verb: str, tmp_path: Path) -> None:
    settings = json.dumps({"labels": ["x" * 100] * 400})
    root = made(tmp_path, settings)
    if verb == "disable":
        enable(planned(root), str(root))
    before = held(root)
    words = [sys.executable, "-c", FULL, str(root), str(bytes_), verb]
    done = subprocess.run(words, capture_output=True, check=False, text=True, cwd=Path(__file__).parents[3])
    assert done.returncode == 2, done.stderr
    assert "nothing was changed" in done.stdout
    assert held(root) == before
    assert not strays(root)


def test_two_at_once_give_one_range(tmp_path: Path) -> None:
    root = made(tmp_path)
    words = [sys.executable, "-c", FULL, str(root), str(1 << 30), "enable"]
    both = [subprocess.Popen(words, stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]) for _ in range(2)]
    codes = sorted(one.wait(300) for one in both)
    for one in both:
        assert one.stdout is not None
        one.stdout.close()
    assert codes in ([0, 0], [0, 2])
    assert (root / "etc/subuid").read_text() == f"{SUBUID}dockremap:165536:65536\n"
    assert not strays(root)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"when": 5}', "\0" * 100])
def test_a_record_that_cannot_be_read_is_passed_over(text: str, tmp_path: Path) -> None:
    root = made(tmp_path)
    folder = root / "var/lib/sealock/userns/20200101T000000Z"
    folder.mkdir(parents=True)
    (folder / "record.json").write_text(text)
    enable(planned(root), str(root))
    disable(str(root))


def test_a_backup_that_cannot_be_written_stops_it(tmp_path: Path) -> None:
    root = made(tmp_path)
    (root / "var/lib/sealock").write_text("no folder")
    before = held(root)
    with pytest.raises(TargetError, match="nothing was changed"):
        enable(planned(root), str(root))
    assert held(root) == before


def test_a_file_that_cannot_be_replaced_leaves_all_as_it_was(tmp_path: Path) -> None:
    root = made(tmp_path)
    (root / "etc/subgid.sealock-new").mkdir()
    before = held(root)
    with pytest.raises(TargetError, match="nothing was changed: /etc/subgid"):
        enable(planned(root), str(root))
    assert held(root) == before
    assert not pending(str(root))
    (root / "etc/subgid.sealock-new").rmdir()
    enable(planned(root), str(root))


def test_a_file_that_became_a_directory_stops_it(tmp_path: Path) -> None:
    root = made(tmp_path)
    old = planned(root)
    (root / "etc/subuid").unlink()
    (root / "etc/subuid").mkdir()
    with pytest.raises(TargetError, match="/etc/subuid could not be read: Is a directory"):
        enable(old, str(root))
    assert (root / "etc/docker/daemon.json").read_text() == PLAIN


def test_what_could_not_be_restored_is_restored_by_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = made(tmp_path)
    before, old = held(root), planned(root)
    replaced: list[str] = []
    replace = os.replace

    def refusing(source: str, target: str) -> None:
        replaced.append(target)
        if len(replaced) > 2:
            raise PermissionError(target)
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr("os.replace", refusing)
        with pytest.raises(TargetError, match=r"/etc/subuid could not be restored .*: the next run tries again"):
            enable(old, str(root))
    assert pending(str(root))
    recover(str(root))
    assert held(root) == before
    assert not pending(str(root))
    assert not strays(root)
