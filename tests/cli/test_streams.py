"""Exit statuses hold whatever the standard streams are: real processes, with streams that are closed, full or broken."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
from contextlib import suppress
from fcntl import ioctl
from pathlib import Path
from termios import FIONREAD
from typing import Any

import pytest

from sealock.cli import main as cli
from sealock.cli.parsers import COMMANDS
from sealock.cli.streams import discard
from support.waiting import PATIENCE, wait_until

DIGEST = "sha256:" + "0" * 64
WRITES = {
    "check": ("run.sh",),
    "init": ("--help",),
    "lsp": ("--help",),
    "serve": ("--help",),
    "digest": ("--help",),
    "run": ("--help",),
    "learn": ("--help",),
    "harden": ("--help",),
    "profile": ("show", "--help"),
    "show": ("--help",),
    "ci": ("--help",),
    "pin": ("--help",),
    "sbom": (".",),
    "diff": ("--help",),
    "inspect": ("self",),
    "db": ("update", "--help"),
    "vex": ("--help",),
    "cache": ("--help",),
    "trust": ("audit", "."),
    "map": ("compose.yaml",),
    "userns": ("plan", "--help"),
    "guard": ("status", "--help"),
    "rules": (),
    "completion": ("bash",),
}
"""What makes each command write to standard output, without a network or an engine."""
FAILS = {
    "check": ("run.sh", "--baseline", "gone.json"),
    "init": ("--output", "run.sh"),
    "lsp": ("--unknown",),
    "serve": ("--listen", "nowhere"),
    "digest": ("Not/A/Name",),
    "run": ("--with", "tcl"),
    "learn": ("p.json", "--for", "never"),
    "harden": ("--with", "tcl"),
    "profile": ("show", "gone.json"),
    "show": ("C999",),
    "ci": ("--format", "tcl"),
    "pin": ("gone.yaml",),
    "sbom": ("gone.tar",),
    "diff": ("gone.tar", "gone.tar"),
    "inspect": ("gone.tar",),
    "db": ("status",),
    "vex": ("gone.tar", "--author", "a@example.com"),
    "cache": ("prune", "--max-size", "x"),
    "trust": ("verify", "Not/A/Name"),
    "map": ("gone.yaml",),
    "userns": ("plan", "--daemon-json", "gone.json"),
    "guard": ("status", "--socket", "gone.sock"),
    "rules": ("C999",),
    "completion": ("tcl",),
}
"""What makes each command fail with an error."""
CLOSED = "sealock: standard output is closed\n"
FULL = "sealock: standard output could not be written: No space left on device\n"


def each_command(*streams: tuple[str, ...]) -> list[Any]:
    """Rows of each command with each of these streams."""
    return [pytest.param(name, *row, id=f"{name} {row[0]}") for name in COMMANDS for row in streams]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("project")
    (directory / "run.sh").write_text("docker run --privileged alpine:3.20\n", encoding="utf-8")
    (directory / "compose.yaml").write_text(f"services:\n  a:\n    image: a@{DIGEST}\n", encoding="utf-8")
    return directory


def sealock(*words: str, streams: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run sealock with its streams redirected as a shell writes it."""
    shell = ["sh", "-c", f'exec "$0" -m sealock "$@" {streams}', sys.executable, *words]
    return subprocess.run(
        shell, cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


@pytest.mark.repeats
@pytest.mark.parametrize(
    ("command", "streams", "message"), each_command((">&-", CLOSED), (">/dev/full", FULL), ("<&- >&- 2>&-", ""))
)
def test_what_cannot_be_written_is_an_error(command: str, streams: str, message: str, project: Path) -> None:
    result = sealock(command, *WRITES[command], streams=streams, cwd=project)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.endswith(message)
    assert "Traceback" not in result.stderr


@pytest.mark.repeats
@pytest.mark.parametrize(("command", "streams"), each_command(("2>&-",), ("2>/dev/full",)))
def test_an_error_that_cannot_be_printed_is_still_an_error(command: str, streams: str, project: Path) -> None:
    result = sealock(command, *FAILS[command], streams=streams, cwd=project)
    assert result.returncode == 2


@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-"])
def test_programs_that_are_started_have_all_standard_streams(closed: str, tmp_path: Path) -> None:
    code = (
        "import pathlib, subprocess; from sealock.cli.streams import open_streams; open_streams();"
        f"test = ['sh', '-c', 'test -e /proc/self/fd/{closed[0]}'];"
        f"pathlib.Path('done').write_text(str(subprocess.run(test).returncode))"
    )
    subprocess.run(["sh", "-c", f'exec "$0" -c "$1" {closed}', sys.executable, code], cwd=tmp_path, check=True)
    assert (tmp_path / "done").read_text(encoding="utf-8") == "0"


@pytest.mark.parametrize("words", [("--version",), ("--help",), ("check", "--help")])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_help_that_cannot_be_written_is_an_error(words: tuple[str, ...], unbuffered: str, project: Path) -> None:
    result = sealock(*words, streams=">/dev/full", cwd=project, PYTHONUNBUFFERED=unbuffered)
    assert (result.returncode, result.stderr) == (2, FULL)


@pytest.mark.repeats
@pytest.mark.parametrize("command", COMMANDS)
def test_a_working_directory_that_was_removed_is_an_error(command: str, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    words = [word.replace("--help", "--output=x") for word in WRITES[command]]
    shell = ["sh", "-c", 'rmdir "$PWD"; exec "$0" -m sealock "$@"', sys.executable, command, *words]
    result = subprocess.run(shell, cwd=gone, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (result.returncode, result.stdout) == (2, "")
    assert "Traceback" not in result.stderr
    assert result.stderr


@pytest.mark.parametrize("streams", ["<&-", "0>/dev/null"])
def test_a_closed_standard_input_is_not_an_empty_one(streams: str, project: Path) -> None:
    result = sealock("check", "-", streams=streams, cwd=project)
    assert result.returncode == 2
    assert "standard input is closed" in " ".join(result.stdout.split()).lower()


def test_a_report_that_goes_to_a_file_needs_no_standard_output(project: Path) -> None:
    result = sealock("check", "run.sh", "--output", "report.json", streams="<&- >&- 2>&-", cwd=project)
    assert result.returncode == 1
    assert (project / "report.json").read_text(encoding="utf-8").startswith("{")


def test_a_report_that_standard_error_should_take_and_cannot_is_an_error(project: Path) -> None:
    words = ("check", "-", "--fix", "--no-policy")
    script = "<run.sh"
    assert sealock(*words, streams=script, cwd=project).returncode == 1
    assert sealock(*words, streams=f"{script} 2>&-", cwd=project).returncode == 2
    assert sealock(*words, streams=f"{script} 2>/dev/full", cwd=project).returncode == 2


def test_a_file_does_not_get_the_descriptor_of_a_closed_stream(project: Path) -> None:
    result = sealock("check", "run.sh", "--write-baseline", "known.json", streams=">&- 2>&-", cwd=project)
    assert result.returncode == 2
    assert (project / "known.json").read_text(encoding="utf-8").endswith("}\n")


PROGRAM = """
import sys
from sealock.cli import main as cli
def main():
    raise {error}
cli.main = main
raise SystemExit(cli.start())
"""


@pytest.mark.parametrize(
    ("error", "status"),
    [
        pytest.param("ValueError('a\\nb')", 2, id="an error"),
        pytest.param("OSError(28, 'No space left on device')", 2, id="an error of the system"),
        pytest.param("BaseException('panic')", 2, id="a panic"),
        pytest.param("RecursionError", 2, id="too deep"),
        pytest.param("KeyboardInterrupt", 130, id="Ctrl-C"),
    ],
)
@pytest.mark.parametrize("traceback", ["", "1"])
def test_an_unexpected_error_never_means_findings(error: str, status: int, traceback: str) -> None:
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(error=error.replace("\\", "\\\\"))],
        env={**os.environ, "SEALOCK_TRACEBACK": traceback}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == status
    if status == 130:
        assert not result.stderr
        return
    *before, last = result.stderr.splitlines()
    assert last.startswith("sealock: internal error of sealock: ")
    assert bool(before) == bool(traceback)
    assert ("Traceback" in result.stderr) == bool(traceback)
    assert ("SEALOCK_TRACEBACK=1" in last) != bool(traceback)


def test_a_part_that_is_not_there_is_named() -> None:
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(error="ModuleNotFoundError('No module named x')")],
        env=os.environ | {"SEALOCK_TRACEBACK": ""}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 2
    assert result.stderr.startswith("sealock: a part of sealock cannot be loaded: No module named x; install sealock")


def test_an_interrupt_ends_with_130(project: Path) -> None:
    # A test run that was started in the background ignores the signal, and so would its children.
    program = "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler); runpy.run_module('sealock', run_name='__main__')"
    words = [sys.executable, "-c", program, "check", "-"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stderr=subprocess.PIPE, cwd=project) as process:
        stdin = process.stdin
        assert stdin is not None
        assert process.stderr is not None
        stdin.write(b"FROM scratch\n")
        stdin.flush()
        # Once it reads, it is sealock that answers the signal, no longer Python.
        wait_until(lambda: process.poll() is not None or not unread_bytes(stdin.fileno()))
        process.send_signal(signal.SIGINT)
        assert (process.stderr.read(), process.wait(PATIENCE)) == (b"", 130)


def unread_bytes(pipe: int) -> int:
    return int.from_bytes(ioctl(pipe, FIONREAD, b"\0" * 4), sys.byteorder)


def test_a_stream_that_is_closed_leaves_its_descriptor_open() -> None:
    """The interpreter's own one has it too, and flushes it at its end."""
    program = "import os, sys; from sealock.cli.streams import open_streams; open_streams(); sys.stdout.close(); os.write(1, b'x')"
    done = subprocess.run([sys.executable, "-u", "-c", program], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"x", b"")


def test_discard_survives_a_descriptor_that_is_not_open() -> None:
    discard(-1)
    assert cli.main(["--version"]) == 0


def test_an_unexpected_error_in_one_target_is_its_error(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def evaluate(*_: object) -> None:
        message = "a\nb"
        raise ZeroDivisionError(message)

    monkeypatch.setattr("sealock.scan.evaluator.Evaluator.evaluate", evaluate)
    words = ["check", str(project / "run.sh"), "--no-policy"]
    assert cli.main(words) == 2
    output = " ".join(capsys.readouterr().out.split())
    assert "Internal error of sealock: ZeroDivisionError('a\\nb') (for a traceback set SEALOCK_TRACEBACK=1)" in output
    monkeypatch.setenv("SEALOCK_TRACEBACK", "1")
    with pytest.raises(ZeroDivisionError):
        cli.main(words)


@pytest.mark.parametrize(
    "words", [("check", "--bogus\x1b[31m"), ("check", "\x1b[31m", "--fail-on", "\x1b[2J"), ("\x1b[31m",)]
)
def test_no_error_of_the_arguments_has_a_control_character(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(list(words)) == 2
    error = capsys.readouterr().err
    assert "\x1b" not in error
    assert "x1b" in error or "\\e[31m" in error


def test_a_root_of_the_machine_that_is_no_directory_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["userns", "plan", "--root", "/gone"]) == 2
    assert capsys.readouterr().err == "sealock: --root /gone is not a directory\n"


def test_an_ignore_that_is_not_valid_is_called_that(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "Dockerfile").write_text("# sealock: ignore[B020]\nFROM debian:12\nUSER a\n", encoding="utf-8")
    assert cli.main(["check", str(tmp_path / "Dockerfile"), "--only", "B020"]) == 2
    output = " ".join(capsys.readouterr().out.split())
    assert output.endswith("1 error: an ignore is not valid. Failed: an ignore is not valid.")


PROGRESS = """
import time
from sealock.cli.output import Progress
Progress.PATIENCE = 0.1
with Progress("feed", 2) as progress:
    progress("one")
    time.sleep(0.3)
    progress("two\\x1b[2J")
Progress.PATIENCE = 600
with Progress() as progress:
    progress("quick")
Progress.PATIENCE = 0.1
with Progress() as progress:
    progress("an image")
    time.sleep(0.3)
"""


def test_progress_shows_what_of_what_even_in_a_long_first_step() -> None:
    leader, follower = pty.openpty()
    subprocess.run([sys.executable, "-c", PROGRESS], stderr=follower, check=True)
    os.close(follower)
    shown = b""
    with suppress(OSError):  # what a terminal gives at its end
        while piece := os.read(leader, 4096):
            shown += piece
    os.close(leader)
    # A busy machine takes seconds, and what takes seconds is shown again.
    steps = dict.fromkeys(re.sub(r" \(\d+ s\)$", "", step) for step in shown.decode().split("\r\x1b[K") if step)
    assert list(steps) == ["feed 1 of 2: one", "feed 2 of 2: two\\e[2J", "now: an image"]
    assert shown.endswith(b"\r\x1b[K")
