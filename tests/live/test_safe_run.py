"""`sealock run` on a real engine: what it adds holds, what the caller sets wins, and docker's ends stay docker's."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealock.formats.profile import write_profile
from sealock.model.profile import ArchitectureCalls
from support.profiles import CALLS, OTHER, web
from support.realengine import Engine, until_printed
from support.realengine import engine as started
from support.waiting import PATIENCE

pytestmark = pytest.mark.live

COMMAND = (sys.executable, "-m", "sealock", "run")


@pytest.fixture(scope="module")
def daemon() -> Iterator[Engine]:
    with started() as engine:
        engine.image("base")
        yield engine


def run(daemon: Engine, *words: str, data: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **daemon.environment}
    return subprocess.run(
        [*COMMAND, *words], env=environment, input=data, capture_output=True, text=True, check=False, cwd=daemon.folder
    )


def inside(daemon: Engine, script: str, *options: str) -> str:
    done = until_printed(lambda: run(daemon, "--rm", *options, "base", "/bin/busybox", "sh", "-c", script))
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_kernel_shows_the_defaults(daemon: Engine) -> None:
    shown = inside(daemon, "busybox cat /proc/self/status /proc/self/mounts; busybox touch /x || busybox touch /tmp/x")
    assert "NoNewPrivs:\t1" in shown
    assert "CapEff:\t00000000000000eb" in shown  # CHOWN, DAC_OVERRIDE, FOWNER, KILL, SETGID, SETUID
    root = next(line for line in shown.splitlines() if line.split()[1:2] == ["/"])
    assert root.split()[3].split(",")[0] == "ro"
    assert "tmpfs /tmp tmpfs rw" in shown


def test_what_the_caller_sets_wins(daemon: Engine) -> None:
    assert inside(daemon, "busybox touch /x && busybox id -u", "--read-only=false") == "0\n"
    assert inside(daemon, "busybox grep CapEff /proc/self/status", "-u", "7:7") == "CapEff:\t0000000000000000\n"


def test_streams_and_exit_status_are_the_containers(daemon: Engine) -> None:
    script = "busybox cat; busybox echo err >&2; exit 7"
    done = until_printed(lambda: run(daemon, "--rm", "-i", "base", "/bin/busybox", "sh", "-c", script, data="in\n"))
    assert (done.returncode, done.stdout, done.stderr) == (7, "in\n", "err\n")


def test_a_signal_reaches_the_container(daemon: Engine) -> None:
    script = "trap 'exit 9' TERM; busybox echo up; while :; do busybox sleep 0.1; done"
    words = (*COMMAND, "--rm", "base", "/bin/busybox", "sh", "-c", script)
    environment = {**os.environ, **daemon.environment}
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 9


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--rm", "--privileged", "base"], "refused: critical C001"),
        (["--rm", "-v", "/:/mnt", "base"], "refused: critical C014"),
        (["--rm", "nosuch.invalid/x:1"], "nosuch.invalid"),
        (["--bogus", "base"], "unknown option: --bogus"),
    ],
)
def test_what_must_not_run_starts_nothing(daemon: Engine, words: list[str], message: str) -> None:
    before = daemon.docker("ps", "--all", "--quiet").stdout
    done = run(daemon, *words)
    assert (done.returncode, done.stdout) == (125, "")
    assert message in done.stderr
    assert daemon.docker("ps", "--all", "--quiet").stdout == before


def test_the_policy_allows_what_it_names(daemon: Engine, tmp_path: Path) -> None:
    policy = tmp_path / "sealock.toml"
    policy.write_text('[[ignore]]\nrule = ["C020"]\nreason = "the monitor of this host"\n')
    words = ("--rm", "--net=host", "base", "/bin/busybox", "echo", "ran")
    assert run(daemon, *words).returncode == 125
    assert until_printed(lambda: run(daemon, "--policy", str(policy), *words)).stdout == "ran\n"


def test_a_dry_run_prints_the_command_alone(daemon: Engine) -> None:
    done = run(daemon, "--dry-run", "--explain", "-p", "8080:80", "base", "id")
    (line,) = done.stdout.splitlines()
    assert line.startswith("docker run ")
    assert line.endswith(" id")
    assert " -p 127.0.0.1:8080:80 sha256:" in line
    assert "added --pids-limit 500 (C030: else it can start any number of processes)" in done.stderr
    assert daemon.docker("ps", "--all", "--quiet").stdout == ""


def test_a_profile_says_what_the_program_needs(daemon: Engine, tmp_path: Path) -> None:
    identity = daemon.docker("image", "inspect", "--format", "{{.Id}}", "base").stdout.strip()
    path = tmp_path / "web.profile.json"
    needs = {
        "digests": (identity,), "syscalls": (ArchitectureCalls(os.uname().machine, CALLS),), "capabilities": ("CHOWN",),
        "written": ("/var/lib/app/x",), "users": ("0:0",),
    }  # fmt: skip
    path.write_text(write_profile(web(**needs)))
    words = ("--profile", str(path), "--accept", "kernel", "--rm", "base", "/bin/busybox")
    shown = until_printed(lambda: run(daemon, *words, "grep", "-E", "CapEff|Seccomp:|NoNewPrivs", "/proc/self/status"))
    assert shown.returncode == 0, shown.stderr
    assert "CapEff:\t0000000000000001" in shown.stdout  # CHOWN
    assert "Seccomp:\t2" in shown.stdout
    assert "NoNewPrivs:\t1" in shown.stdout
    assert (tmp_path / "web.seccomp.json").is_file()
    refused = until_printed(lambda: run(daemon, *words, "mkdir", "/var/lib/app/y"), "stderr")
    assert "Operation not permitted" in refused.stderr
    explained = run(daemon, "--dry-run", "--explain", *words, "true")
    assert f"seccomp={tmp_path}/web.seccomp.json" in explained.stdout
    assert "the profile shows that this is what it needs" in explained.stderr
    assert f" -v {daemon.folder}" not in explained.stdout
    assert "/var/lib/app" in explained.stdout
    path.write_text(write_profile(web(**{**needs, "digests": (OTHER,)})))
    other = run(daemon, *words, "true")
    assert (other.returncode, other.stdout) == (125, "")
    assert "it was learned from another image" in other.stderr
    both = run(daemon, "--for", "agent", *words, "true")
    assert "give one of them" in both.stderr


def test_podman_takes_the_same_words(tmp_path: Path) -> None:
    """Its command line answers, without a service; storage of the test's own."""
    storage = tmp_path / "storage.conf"
    storage.write_text(f'[storage]\ndriver = "vfs"\ngraphroot = "{tmp_path}/graph"\nrunroot = "{tmp_path}/run"\n')
    environment = {**os.environ, "CONTAINERS_STORAGE_CONF": str(storage), "PODMAN_IGNORE_CGROUPSV1_WARNING": "1"}
    archive = subprocess.run(["tar", "-C", "/usr", "-cf", "-", "bin/busybox"], capture_output=True, check=True).stdout
    subprocess.run(["podman", "import", "-", "base"], input=archive, env=environment, capture_output=True, check=True)
    words = ("--with", "podman", "--rm", "--network", "none", "base", "/bin/busybox", "cat", "/proc/self/status")
    done = subprocess.run([*COMMAND, *words], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "NoNewPrivs:\t1" in done.stdout
    assert "CapEff:\t00000000000000eb" in done.stdout
