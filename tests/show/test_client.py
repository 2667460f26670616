"""The client of an engine is found, pointed at the engine that is meant, and asked without what would change its answers."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sealock.errors import EngineError, UsageError
from sealock.show import client as clients
from sealock.show.client import Client

PROGRAM = """#!/bin/sh
case "${0##*/} $*" in
"docker info --format {{json .}}"|podman*" info --format json") [ -n "$BROKEN" ] && { echo "$BROKEN" >&2; exit 1; }; echo '{"ServerVersion": "26.1.5", "Name": "vm"}' ;;
*fail*) echo out; echo wrong >&2; exit 3 ;;
*session*) sed 's/.*) //' "/proc/$$/stat" | cut -d' ' -f4 ;;
*slow*) exec sleep 60 ;;
*both*) echo out; echo err >&2 ;;
*) echo "host=$DOCKER_HOST context=$DOCKER_CONTEXT container=$CONTAINER_HOST trust=$DOCKER_CONTENT_TRUST all=$*"; cat ;;
esac
"""


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with both clients, which answer as one of an engine does."""
    for name in ("docker", "podman"):
        (tmp_path / name).write_text(PROGRAM, encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DOCKER_CONTENT_TRUST", "1")
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "CONTAINER_HOST", "BROKEN"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("program", "engine", "words", "socket", "remote", "shows"),
    [
        pytest.param("", "", ("docker",), "/var/run/docker.sock", "", "host= context= container= trust= all=x\n", id="the first client that is there"),
        pytest.param("docker", "unix:///r/e.sock", ("docker",), "/r/e.sock", "", "host=unix:///r/e.sock context= container= trust= all=x\n", id="docker at a socket"),
        pytest.param("docker", "tcp://10.0.0.9:2375", ("docker",), "", "tcp://10.0.0.9:2375", "host=tcp://10.0.0.9:2375 context= container= trust= all=x\n", id="docker on another machine"),
        pytest.param("podman", "", ("podman",), "", "", "host= context= container= trust= all=x\n", id="podman"),
        pytest.param("podman", "unix:///r/p.sock", ("podman", "--remote"), "/r/p.sock", "", "host= context= container=unix:///r/p.sock trust= all=--remote x\n", id="podman at a socket"),
        pytest.param("podman", "ssh://a/r/p.sock", ("podman", "--remote"), "", "ssh://a/r/p.sock", "host= context= container=ssh://a/r/p.sock trust= all=--remote x\n", id="podman on another machine"),
    ],
)  # fmt: skip
def test_a_client_is_pointed_at_the_engine(  # noqa: PLR0917  a row has as many facts
    programs: Path, program: str, engine: str, words: tuple[str, ...], socket: str, remote: str, shows: str
) -> None:
    client = Client(program, engine)
    assert (client.words, client.socket, client.remote) == (words, socket, remote)
    assert (client.facts.version, client.facts.host) == ("26.1.5", "vm")
    done = client.run((*client.words, "x"))
    assert (done.status, done.output) == (0, shows)
    assert programs.is_dir()


def test_what_a_command_prints_and_reads(programs: Path) -> None:
    client = Client("docker")
    client.directory = str(programs)
    assert client.run(("docker", "x"), b"data").output.endswith("all=x\ndata")
    assert (client.run(("docker", "both")).output, client.ask(("docker", "both")).output) == ("out\nerr\n", "out\n")
    failed = client.ask(("docker", "fail"))
    assert (failed.status, failed.output) == (3, "wrong\n")
    assert client.run(("docker", "fail")).status == 3
    missing = client.run(("no-such-program",))
    assert (missing.status, missing.output) == (127, "no-such-program: No such file or directory")
    assert client.run(("sealock", "--version")).output.startswith("sealock ")
    (programs / "vast").write_text("#!/bin/sh\nhead -c 100000 /dev/zero | tr '\\0' x\n", encoding="utf-8")
    (programs / "vast").chmod(0o755)
    assert client.run(("vast",)).output == "x" * (1 << 16)


def test_a_client_that_cannot_be_used(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="podman takes an address"):
        Client("podman", "some-context")
    with pytest.raises(EngineError, match="nerdctl was not found"):
        Client("nerdctl")
    for broken, why in (
        ("Cannot connect", "Cannot connect"),
        (json.dumps({"ServerErrors": ["no, really"]}), "no, really"),
    ):
        monkeypatch.setenv("BROKEN", broken)
        with pytest.raises(EngineError, match=f"no engine answers `docker info`: {why}"):
            Client("docker")
    assert Client("podman", dry=True).facts.kind == "podman"
    monkeypatch.setenv("PATH", f"{programs}/none")
    with pytest.raises(EngineError, match="neither docker nor podman was found: install it"):
        Client()
    assert Client(dry=True).words == ("docker",)


def test_a_command_is_out_of_reach_of_the_terminal(programs: Path) -> None:
    client = Client("docker")
    assert int(client.run(("docker", "session")).output) != os.getsid(0)
    assert programs.is_dir()


def test_a_command_that_does_not_end_is_ended(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client("docker")
    monkeypatch.setattr(clients, "TIMEOUT", 0.2)
    done = client.run(("docker", "slow"))
    assert (done.status, done.output) == (124, "no end after 0.2 seconds")
    assert programs.is_dir()


def test_a_command_that_the_user_interrupts_comes_to_its_end(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client("docker")
    communicate = subprocess.Popen.communicate
    ended: list[int | None] = []

    def interrupted(process: Any, *words: Any, **more: Any) -> Any:
        if not ended:
            ended.append(None)
            raise KeyboardInterrupt
        result = communicate(process, *words, **more)
        ended.append(process.returncode)
        return result

    monkeypatch.setattr("subprocess.Popen.communicate", interrupted)
    with pytest.raises(KeyboardInterrupt):
        client.run(("docker", "x"))
    assert ended == [None, 0]
    assert programs.is_dir()
