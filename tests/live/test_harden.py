"""`sealock harden` on a real engine: the least that a program needs is found, works, and nothing is left behind."""

from __future__ import annotations

import io
import re
import shlex
import shutil
import signal
import subprocess
import tarfile
from collections.abc import Iterator

import pytest

from support.bridgedengine import bridged_engine
from support.realengine import Engine
from support.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.live

LOOP = "trap 'exit 0' TERM; while :; do busybox sleep 0.1; done"
PROGRAM = (
    "set -e; busybox mkdir -p /run /data/x; busybox touch /data/x/a; busybox chown 5 /data/x/a; busybox touch /run/up; "
    + LOOP
)


@pytest.fixture(scope="module")
def daemon() -> Iterator[Engine]:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        archive.add(shutil.which("busybox") or "/bin/busybox", "bin/busybox")
        shell = tarfile.TarInfo("bin/sh")
        shell.type, shell.linkname = tarfile.SYMTYPE, "busybox"
        archive.addfile(shell)
    with bridged_engine() as engine:
        assert engine.docker("import", "-", "base", data=made.getvalue()).returncode == 0
        yield engine
        assert engine.docker("ps", "--all", "--quiet").stdout == ""
        assert engine.docker("volume", "ls", "--quiet").stdout == ""
        assert engine.docker("network", "ls", "--quiet", "--filter", "label=sealock.trial").stdout == ""


def start(daemon: Engine, *words: str) -> subprocess.Popen[str]:
    return daemon.start_sealock("harden", *words)


def harden(daemon: Engine, *words: str) -> tuple[int, str, str]:
    with start(daemon, *words) as process:
        out, err = process.communicate(timeout=PATIENCE)
        return process.returncode, out, err


def test_the_least_that_a_program_needs_is_found(daemon: Engine) -> None:
    words = ("base", "/bin/busybox", "sh", "-c", PROGRAM)
    # It is on a network, and no other container is.
    check = "busybox test -e /run/up && busybox ip -o route | busybox grep -q default"
    status, out, err = harden(daemon, "--exec", check, "--wait", "5", *words)
    assert status == 0, err
    made, line = out.splitlines()
    assert made == "docker network create base"
    assert "closed: network of its own\n" in err
    assert "--cap-add CHOWN --cap-drop ALL" in line
    assert line.count("--cap-add") == 1
    for option in (
        "--read-only",
        "--tmpfs /run",
        "--volume /data/x",
        "--security-opt no-new-privileges",
        "--network base",
    ):
        assert option in line
    # What the runtime itself needs to start a command counts, and that is more on a busy machine.
    limit = re.search(r"--pids-limit (\d+) ", line)
    assert limit is not None
    assert int(limit[1]) in {32, 64}
    assert daemon.docker(*made.split()[1:]).returncode == 0
    started = daemon.docker(*shlex.split(line.replace("docker run", "run --detach")))
    assert started.returncode == 0, started.stderr
    named = daemon.docker("network", "inspect", "--format", "{{range .Containers}}{{.Name}}{{end}}", "base").stdout
    assert daemon.docker("rm", "--force", "--volumes", named.strip()).returncode == 0
    assert daemon.docker("network", "rm", "base").returncode == 0
    assert "--user" not in line
    assert "closed: capabilities: CHOWN (CHOWN: it ended with 1: chown: /data/x/a: Operation not permitted)" in err


def test_a_program_that_needs_nothing_runs_as_a_user_and_in_another_format(daemon: Engine) -> None:
    words = ("--network", "none", "base", "/bin/busybox", "sh", "-c", LOOP)
    status, out, err = harden(daemon, "--check", 'docker exec "$CONTAINER" busybox true', "--as", "compose", *words)
    assert status == 0, err
    for line in ('    user: "10001:10001"', "    cap_drop:", "      - ALL", "    read_only: true"):
        assert line in out.splitlines()
    assert "cap_add" not in out


@pytest.mark.parametrize(
    ("options", "script", "why"),
    [
        ((), "busybox echo broken >&2; exit 3", "it ended with 3: broken"),
        (("--exec", "busybox false", "--wait", "1"), LOOP, "the check within it ended with 1"),
        (("--check", "exit 4", "--wait", "1"), LOOP, "the check ended with 4"),
        (("--check", "sleep 60", "--wait", "1"), LOOP, "the check ended with 124: it took longer than 1 s"),
    ],
)
def test_what_fails_as_it_is_proves_nothing(daemon: Engine, options: tuple[str, ...], script: str, why: str) -> None:
    status, out, err = harden(daemon, *options, "--network", "none", "base", "/bin/busybox", "sh", "-c", script)
    assert (status, out) == (2, "")
    assert f"does not pass its check as it is, so nothing can be proven: {why}" in err


def test_an_interrupt_leaves_nothing(daemon: Engine) -> None:
    with start(
        daemon, "--check", "false", "--wait", "300", "--network", "none", "base", "/bin/busybox", "sh", "-c", LOOP
    ) as one:
        wait_until(lambda: daemon.docker("ps", "--quiet").stdout)
        one.send_signal(signal.SIGINT)
        assert one.wait(PATIENCE) == 130
    assert daemon.docker("ps", "--all", "--quiet").stdout == ""
