"""The guard is installed on a machine that a real systemd runs, serves the members of its group, and is removed again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealock.guard.running import SOCKET, STATUS
from support.realsystemd import Machine, systemd
from support.scriptedengine import ScriptedEngine, answer, scripted

pytestmark = [
    pytest.mark.live,
    pytest.mark.untraced,
    pytest.mark.skipif(not Path("/usr/lib/systemd/systemd").exists(), reason="needs systemd"),
]

GROUP = "container-users"
POLICY = '[guard]\n[[guard.caller]]\nname = "all"\nallow = ["ping", "containers:read"]\n'
_ASK = """
import socket, sys
with socket.socket(socket.AF_UNIX) as sock:
    try:
        sock.connect(sys.argv[1])
    except PermissionError:
        sys.exit("refused")
    sock.sendall(f"GET {sys.argv[2]} HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n".encode())
    sys.stdout.write(b"".join(iter(lambda: sock.recv(65536), b"")).decode())
"""


@pytest.fixture(scope="module")
def machine() -> Iterator[tuple[Machine, ScriptedEngine]]:
    with systemd() as made, scripted(made.folder / "engine.sock") as engine:
        engine.replies["GET /containers/json"] = answer([])
        (made.folder / "sealock.toml").write_text(POLICY)
        made.run("groupadd", "--force", "docker")
        assert made.run("cp", f"{made.folder}/sealock", "/usr/local/bin/sealock").returncode == 0
        yield made, engine


def ask(machine: Machine, groups: str, socket: str = SOCKET, path: str = "/containers/json") -> str:
    """What a user in these groups gets: the first line of the answer, or why there is none."""
    done = machine.run("python3", "-c", _ASK, socket, path, groups=groups)
    return (done.stdout.splitlines() or done.stderr.splitlines() or [""])[0]


def test_the_members_of_the_group_reach_the_installed_guard(machine: tuple[Machine, ScriptedEngine]) -> None:
    made, _ = machine
    words = ("--policy", f"{made.folder}/sealock.toml", "--engine", f"{made.folder}/engine.sock", "--group", GROUP)
    done = made.run("sealock", "guard", "install", *words, "--apply", "--yes")
    assert done.returncode == 0, done.stderr + made.run("systemctl", "status", "sealock-guard.service").stdout
    number = made.run("getent", "group", GROUP).stdout.split(":")[2]
    served = "HTTP/1.1 200 X"
    try:
        assert ask(made, number) == served
        assert ask(made, "4321") == "refused", "one who is not in the group"
        for path in (SOCKET, STATUS):
            shown = made.run("stat", "-c", "%U:%G %a", path).stdout.strip()
            assert shown == f"sealock-guard:{GROUP} 660", path
        assert "200" in ask(made, number, STATUS, "/health")
        # A restart leaves the sockets as they are, whichever process makes them anew.
        assert made.run("systemctl", "restart", "sealock-guard.service").returncode == 0
        assert ask(made, number) == served
        assert made.run("systemctl", "restart", "sealock-guard.socket").returncode == 0
        assert ask(made, number) == served
        state = made.run("sealock", "guard", "status", "--format", "json")
        assert json.loads(state.stdout), state.stderr
    finally:
        gone = made.run("sealock", "guard", "uninstall", "--apply", "--yes")
    assert gone.returncode == 0, gone.stderr
    assert made.run("ls", "/run/sealock/docker.sock").returncode != 0
    assert made.run("systemctl", "list-unit-files", "--no-legend", "sealock*").stdout == ""
    assert made.run("getent", "passwd", "sealock-guard").stdout == ""
    assert made.run("getent", "group", GROUP).stdout == ""
