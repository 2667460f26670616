"""The plugin on a real engine: what the policy forbids is denied, and a plugin that is gone or hangs opens nothing."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.guardproxy import RunningGuard, exchange, guard, send
from support.realengine import Engine, engine_in_memory
from support.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.live

POLICY = """\
[guard]
[[guard.caller]]
name = "anybody"
allow = ["ping", "version", "info", "events", "system", "containers", "logs", "attach", "exec", "files", "images",
    "commit", "build", "volumes", "networks"]
fail-on = "critical"
"""
NAME = "sealock"


@pytest.fixture(scope="module")
def plugged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, RunningGuard]]:
    """The plugin first: an engine that names a missing one ends."""
    folder = tmp_path_factory.mktemp("p")
    with (
        guard(Path("/nowhere"), POLICY, form="plugin", where=folder / f"{NAME}.sock") as plugin,
        engine_in_memory(f"--authorization-plugin={NAME}", plugins=folder) as daemon,
    ):
        plugin.stop()
        plugin.engine = daemon.socket
        plugin.start()
        daemon.image("base")
        yield daemon, plugin


ALLOWED = [
    "version", "info", "ps -a", "run --rm --network none base busybox echo hello",
    "run -d --name NAME --network none base busybox sleep 1000", "exec NAME busybox echo in", "logs NAME",
    "cp NAME:/bin/busybox copied", "inspect NAME", "stop -t 0 NAME", "start NAME", "rm -f NAME", "volume create NAMEv",
    "volume rm NAMEv", "network ls", "images", "system df",
]  # fmt: skip
DENIED = [
    ("run --rm --privileged base busybox id", "C001"),
    ("run --rm --pid host --network none base busybox id", "C018"),
    ("run --rm -v /:/x --network none base busybox id", "G006"),
    ("run --rm --device /dev/kmsg --network none base busybox id", "G"),
    ("volume create -d local -o type=none -o o=bind -o device=/ bad", "G"),
    ("swarm init", "G002"),
]


def test_the_client_works_and_is_denied_what_the_policy_forbids(plugged: tuple[Engine, RunningGuard]) -> None:
    daemon, plugin = plugged
    for line in ALLOWED:
        done = daemon.docker(*line.replace("NAME", "box").split())
        assert done.returncode == 0, (line, done.stderr)
    for line, rule in DENIED:
        done = daemon.docker(*line.split())
        assert done.returncode != 0, line
        assert f"authorization denied by plugin {NAME}: denied by sealock guard" in done.stderr, (line, done.stderr)
        assert rule in done.stderr
    assert "bad" not in daemon.docker("volume", "ls", "-q").stdout.split()
    entry = plugin.last(result="denied")
    assert (entry["form"], entry["caller"]["name"]) == ("plugin", "anybody")
    (daemon.folder / "Dockerfile").write_text("FROM base\n")
    environment = {**daemon.environment, "DOCKER_BUILDKIT": "0"}
    built = subprocess.run(
        ["docker", "build", "--network=none", "."], env=environment, cwd=daemon.folder, capture_output=True, check=False
    )
    assert built.returncode == 0, built.stderr


def test_a_large_body_that_the_engine_does_not_pass_on_is_denied(plugged: tuple[Engine, RunningGuard]) -> None:
    daemon, _ = plugged
    for size in (900_000, 2 << 20, 5 << 20):
        body = json.dumps({"Image": "base", "Labels": {"x": "y" * size}, "HostConfig": {"Privileged": True}}).encode()
        for kind in ("application/json", "text/plain"):
            head = f"POST /v1.45/containers/create HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: {kind}\r\n"
            received = exchange(daemon.socket, head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body)
            assert b" 201 " not in received, (size, kind)
    assert daemon.docker("ps", "-aq").stdout == ""


def test_a_plugin_that_is_killed_opens_nothing_and_comes_back(plugged: tuple[Engine, RunningGuard]) -> None:
    daemon, plugin = plugged
    plugin.stop(signal.SIGKILL)
    client = subprocess.Popen(
        ["docker", "create", "--privileged", "base", "id"], env=daemon.environment, stderr=subprocess.PIPE
    )
    time.sleep(0.5)
    assert client.poll() is None or client.returncode
    plugin.start()
    _, errors = client.communicate(timeout=PATIENCE)
    assert client.returncode != 0
    assert b"C001" in errors or b"plugin" in errors
    assert daemon.docker("ps", "-q").returncode == 0


def test_a_question_of_the_plugin_s_own_does_not_wait_for_itself(plugged: tuple[Engine, RunningGuard]) -> None:
    """To decide on a start the plugin asks the engine, which asks the plugin."""
    daemon, _ = plugged
    daemon.docker("create", "--name", "asked", "--network", "none", "base", "busybox", "true")
    # Had it waited for itself, its question would have failed, and what it cannot decide it denies.
    assert daemon.docker("start", "asked").returncode == 0
    daemon.docker("rm", "-f", "asked")


def test_the_mark_of_its_own_questions_cannot_be_guessed(plugged: tuple[Engine, RunningGuard]) -> None:
    daemon, _ = plugged
    for mark in ("", "x", "0" * 64):
        assert send(daemon.socket, "GET", "/v1.45/swarm", None, {"X-Sealock-Guard": mark})[0] == 403


def test_odd_questions_are_denied(plugged: tuple[Engine, RunningGuard]) -> None:
    _, plugin = plugged
    assert send(plugin.socket, "POST", "/Plugin.Activate") == (200, {"Implements": ["authz"]})
    for body in (
        b"", b"{", b"[]", b'{"RequestMethod":"GET"}', b'{"RequestMethod":1,"RequestUri":"/_ping"}', b"\xff",
        b'{"RequestMethod":"GET","RequestUri":"/_ping","RequestBody":"?"}', b"[" * 100_000,
    ):  # fmt: skip
        status, answer = send(plugin.socket, "POST", "/AuthZPlugin.AuthZReq", body)
        assert status in {200, 400}
        assert not isinstance(answer, dict) or not answer.get("Allow"), body
    with socket.socket(socket.AF_UNIX) as slow:
        slow.connect(str(plugin.socket))
        slow.sendall(b"POST /AuthZPlugin.AuthZReq HTTP/1.1\r\n")
        assert send(plugin.socket, "POST", "/Plugin.Activate")[0] == 200
    wait_until(lambda: plugin.get("/health") == (200, "ok\n"))
