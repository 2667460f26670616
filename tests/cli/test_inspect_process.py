"""`sealock inspect` and `sealock check` on what runs, where no engine is needed: this very process, and what is none."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from support import commandline

NOWHERE = ("--engine", "unix:///nowhere/docker.sock")


def sealock(*words: str) -> subprocess.CompletedProcess[str]:
    return commandline.sealock(*words, cwd=Path.cwd(), environment={**os.environ, "COLUMNS": "80"})


def test_the_page_on_oneself_has_all_its_parts() -> None:
    done = sealock("inspect", "self")
    assert done.returncode == 0, done.stderr
    for part in ("── self ─", "\nSee  ", "\nUse  ", "\nDo  "):
        assert part in done.stdout
    assert "Declared and effective" not in done.stdout
    assert "\x1b" not in done.stdout


def test_a_process_is_named_by_its_id_and_is_the_one_that_is_meant() -> None:
    done = sealock("inspect", f"pid:{os.getpid()}", "--format", "json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    (seen,) = said["observed"]["containers"]
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    bounding = next(line.split()[1] for line in status.split("\n") if line.startswith("CapBnd"))
    assert (seen["process"]["pid"], seen["process"]["bounding"]) == (os.getpid(), int(bounding, 16))
    assert said["differences"] is None


def test_what_is_written_is_read_back_and_judged(tmp_path: Path) -> None:
    file = tmp_path / "seen.json"
    assert sealock("inspect", f"pid:{os.getpid()}", "--format", "json", "--output", str(file)).returncode == 0
    there, back = (
        json.loads(sealock("check", target, "--format", "json").stdout)["targets"][0]
        for target in (f"pid:{os.getpid()}", str(file))
    )
    assert {(one["rule"], one["message"]) for one in there["findings"]} == {
        (one["rule"], one["message"]) for one in back["findings"] if not one["rule"].startswith("K")
    }
    assert there["skipped"]


@pytest.mark.parametrize(
    ("command", "target", "said"),
    [
        ("inspect", "pid:x", "pid:x is not a process"),
        ("inspect", "pid:999999999", "process 999999999 does not exist"),
        ("inspect", "pid:", "pid: is not a process"),
        ("inspect", "self:x", "self:x is not a process"),
        ("inspect", "container:web", "no engine could be reached"),
        ("inspect", f"container:{'0' * 64}", "was not found: no process is in a container with this id"),
        ("inspect", "self --format files", "--format files is for images"),
        ("inspect", "container:*", "inspect takes one container"),
        ("check", "pid:", "pid: is not a process"),
        ("check", "pid:999999999", "does not exist"),
        ("check", "container:web", "nowhere"),
    ],
)
def test_what_cannot_be_looked_at_is_an_error_that_says_why(command: str, target: str, said: str) -> None:
    done = sealock(command, *target.split(), *NOWHERE)
    assert done.returncode == 2
    assert said in " ".join((done.stderr + done.stdout).split())
