"""A rootless Docker: containers run and are hardened as elsewhere, and what cannot be seen or limited is printed."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from sealock.formats.profile import read_profile
from sealock.model.location import Source
from support.realengine import Engine, until_printed
from support.rootlessengine import rootless_engine
from support.waiting import PATIENCE

pytestmark = pytest.mark.live

LOOP = "trap 'exit 0' TERM; while :; do busybox sleep 0.1; done"
BASE = ("--network", "none", "base", "/bin/busybox", "sh", "-c")


@pytest.fixture(scope="module")
def daemon() -> Iterator[Engine]:
    with rootless_engine() as engine:
        engine.image("base")
        yield engine
        assert engine.docker("ps", "--all", "--quiet").stdout == ""


def sealock(daemon: Engine, *words: str) -> tuple[int, str, str]:
    with daemon.start_sealock(*words) as process:
        out, err = process.communicate(timeout=PATIENCE)
        return process.returncode, out, err


def test_a_container_runs_with_safe_defaults(daemon: Engine) -> None:
    words = ("run", "--rm", *BASE, "busybox cat /proc/self/status /proc/self/uid_map")
    done = until_printed(lambda: subprocess.CompletedProcess(words, *sealock(daemon, *words)))
    assert done.returncode == 0, done.stderr
    assert "CapEff:\t00000000000000eb" in done.stdout  # CHOWN, DAC_OVERRIDE, FOWNER, KILL, SETGID, SETUID
    assert "NoNewPrivs:\t1" in done.stdout
    assert "         0          0 4294967295" not in done.stdout


def test_a_container_is_hardened_and_ignored_limits_are_named(daemon: Engine) -> None:
    check = 'docker exec "$CONTAINER" busybox true'
    status, out, err = sealock(daemon, "harden", "--check", check, *BASE, LOOP)
    assert status == 0, err
    assert "--user 10001:10001 --cap-drop ALL" in out
    ignores = daemon.docker("info", "--format", "{{.CgroupDriver}}").stdout.strip() == "none"
    assert ("closed: memory limit (this engine ignores it" in err) is ignores


def test_what_cannot_be_seen_is_no_profile_to_go_by(daemon: Engine) -> None:
    status, _, err = sealock(daemon, "learn", "x.json", "--for", "100ms", "--", "docker", "run", *BASE, LOOP)
    assert status == 0, err
    seen = bool(read_profile(Source("x", (daemon.folder / "x.json").read_text())).calls("x86_64").seen)
    assert ("the watcher lost all that it did: no cgroup of its own was found" in err) is not seen
    assert ("it saw no system call" in err) is not seen
