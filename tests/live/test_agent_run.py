"""`sealock run --for agent` on real engines: every way out of the sandbox is tried, and none works."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from support.agentworlds import AgentWorld, docker_world, podman_world
from support.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def whole_world() -> Iterator[AgentWorld]:
    with docker_world() as made:
        yield made


@pytest.fixture
def world(whole_world: AgentWorld) -> Iterator[AgentWorld]:
    """The engine with its project, from which the test's watchers take away what they made before the next begins."""
    yield whole_world
    try:
        nothing_left(whole_world)
    finally:
        # One test that fails is enough.
        for path in whole_world.project.iterdir():
            if path.name != ".git":
                shutil.rmtree(path)


@pytest.fixture
def port() -> Iterator[int]:
    """A server on this machine's loopback address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"reached " + self.path.encode())

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def nothing_left(world: AgentWorld) -> None:
    """Wait until no container, no place for a mount and no watcher is left."""

    def left() -> list[object]:
        empty = [path for path in world.project.iterdir() if path.is_dir() and not any(path.iterdir())]
        return [*world.containers(), *empty, *watchers(world)]

    wait_until(lambda: not left(), why=lambda: str(left()))


def watchers(world: AgentWorld) -> set[int]:
    """The processes of sealock that watch a sandbox of this project."""
    found = set[int]()
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            words = (directory / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if str(world.project).encode() in words and b"sealock" in words:
            found.add(int(directory.name))
    return found


def test_what_it_writes_stays_in_the_workspace(world: AgentWorld) -> None:
    script = (
        "for path in / /etc /usr /bin /proc/sys/kernel /sys /workspace; do busybox touch $path/new; done; busybox id -u"
    )
    done = world.run(script=script)
    assert done.stderr.count("can't touch") + done.stderr.count("touch:") == 6, done.stderr
    assert (world.project / "new").is_file()
    assert (world.project / "new").stat().st_uid == world.project.stat().st_uid
    (world.project / "new").unlink()


def test_it_cannot_leave_what_runs_later(world: AgentWorld) -> None:
    hooks = world.project / ".git" / "hooks"
    (world.project / ".vscode").mkdir(exist_ok=True)
    before = sorted(path.name for path in hooks.iterdir())
    script = """
    busybox touch .git/hooks/pre-commit .git/config .git/commondir .vscode/tasks.json .envrc .claude/settings.json
    busybox mv .git moved; busybox mv .vscode moved; busybox rm -rf .git; busybox ln -s /etc .husky
    busybox rmdir .idea; busybox umount .git; busybox mount -o remount,rw .git; busybox mkdir -p sub/.git/hooks
    """
    done = world.run(script=script)
    assert sorted(path.name for path in hooks.iterdir()) == before
    assert (world.project / ".git" / "config").stat().st_size > 0
    (world.project / ".vscode").rmdir()
    assert "sealock: the run left sub/.git: git runs its hooks" in done.stderr
    for path in ("sub/.git/hooks", "sub/.git", "sub"):
        (world.project / path).rmdir()


def test_it_reaches_no_socket_of_this_machine(world: AgentWorld) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(world.project / "dev.sock"))
        server.listen()
        script = "busybox find / -xdev -type s; busybox find /workspace -type s; [ -c dev.sock ] && busybox echo masked"
        assert world.run_until_printed(script=script).stdout == "masked\n"
    (world.project / "dev.sock").unlink()


def test_it_reaches_listed_hosts_and_nothing_else(world: AgentWorld, port: int) -> None:
    name = f"ok.test:{port}"
    script = f"""
    busybox wget -q -O - http://{name}/a; busybox echo
    for host in 127.0.0.1 localhost 2130706433 [::1] evil.test; do busybox wget -q -O - http://$host:{port}/b; done
    export http_proxy=; for host in 127.0.0.1 ok.test 169.254.169.254 172.17.0.1
    do busybox timeout 2 busybox wget -q -O - http://$host:{port}/c; done
    busybox timeout 2 busybox nslookup ok.test; busybox ip route; busybox ls /sys/class/net
    """
    done = world.run("--allow-host", f"{name}=127.0.0.1", script=script)
    assert done.stdout.count("reached /") == 1
    assert done.stdout.startswith("reached /a\n")
    assert done.stdout.endswith("lo\n")
    assert f"sealock: refused a connection to evil.test:{port}: it is not in the list of allowed hosts" in done.stderr


def test_without_a_list_there_is_no_network(world: AgentWorld, port: int) -> None:
    done = world.run(
        script=f"busybox wget -q -O - http://127.0.0.1:{port}/; busybox nc 127.0.0.1 3128 </dev/null; busybox id"
    )
    assert "reached" not in done.stdout
    assert "Connection refused" in done.stderr


def test_when_the_watcher_is_killed_no_host_is_reached(world: AgentWorld, port: int) -> None:
    script = f"busybox echo up; read line; busybox wget -q -O - http://ok.test:{port}/; busybox echo $?"
    words = world.words(
        "--allow-host", f"ok.test:{port}=127.0.0.1", "-i", "--rm", "base", "/bin/busybox", "sh", "-c", script
    )
    with subprocess.Popen(
        words, env=world.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        wait_until(lambda: len(watchers(world) - {process.pid}) == 1)  # those of an earlier run may not have ended
        os.kill((watchers(world) - {process.pid}).pop(), signal.SIGKILL)
        try:
            output, _ = process.communicate("go\n", timeout=PATIENCE)
        finally:
            process.kill()
    assert output == "1\n"
    wait_until(lambda: not world.containers())
    for path in world.project.iterdir():  # nobody else does
        if path.name != ".git":
            path.rmdir()


def test_a_run_that_ends_opens_nothing_in_another_of_the_same_workspace(world: AgentWorld) -> None:
    script = "busybox echo up; read line; busybox mkdir .envrc/new; busybox touch .envrc && busybox echo open"
    words = world.words("-i", "--rm", "base", "/bin/busybox", "sh", "-c", script)
    with ExitStack() as stack:
        runs = []
        for _ in range(2):
            run = subprocess.Popen(
                words, env=world.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                text=True,
            )  # fmt: skip
            stack.enter_context(run)
            stack.callback(run.kill)
            assert run.stdout is not None
            assert run.stdout.readline() == "up\n"
            runs.append(run)
        # A third, started as people start it: within the workspace, with the policy that is looked up.
        found = [word for word in words if word != "--no-policy"]
        within = subprocess.run(
            [*found[: found.index("-i")], "--rm", "base", "/bin/busybox", "true"],
            env=world.environment, capture_output=True, text=True, check=False, cwd=world.project, timeout=PATIENCE,
        )  # fmt: skip
        assert within.returncode == 0, within.stderr
        for run in runs:
            output, errors = run.communicate("go\n", timeout=PATIENCE)
            assert output == ""
            assert errors.count("Read-only file system") == 2


def test_a_fork_bomb_and_the_time_are_bounded(world: AgentWorld) -> None:
    script = "i=0; while [ $i -lt 400 ]; do busybox sleep 300 & i=$((i+1)); done; wait"
    # It would sleep for 300 seconds; the command may take no longer than PATIENCE.
    done = world.run("--time-limit", "5s", script=script)
    assert "fork" in done.stderr
    assert done.returncode != 0


def test_the_time_limit_ends_it(world: AgentWorld) -> None:
    done = world.run("--time-limit", "2s", script="trap '' TERM INT; busybox sleep 300")
    assert done.returncode == 137
    assert "sealock: its time of 2 seconds is over: the container is ended" in done.stderr


def test_its_environment_is_its_own(world: AgentWorld) -> None:
    world.environment["GITHUB_TOKEN"] = "x"
    assert "GITHUB_TOKEN" not in world.run_until_printed(script="busybox env").stdout
    refused = world.run("-e", "GITHUB_TOKEN", script="busybox env")
    assert refused.returncode == 125
    assert "passes a secret of this machine" in refused.stderr
    assert world.containers() == []


def test_the_exit_status_and_the_streams_are_the_containers(world: AgentWorld) -> None:
    done = world.run_until_printed(script="busybox echo out; busybox echo err >&2; exit 7")
    assert (done.returncode, done.stdout) == (7, "out\n")
    assert "err\n" in done.stderr


def test_a_detached_container_is_watched_too(world: AgentWorld) -> None:
    words = world.words("--time-limit", "2s", "-d", "--rm", "base", "/bin/busybox", "sleep", "300")
    done = subprocess.run(words, env=world.environment, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.strip()) == 64


@pytest.mark.parametrize("rootless", [False, True], ids=["of root", "rootless"])
def test_podman_holds_the_same(port: int, *, rootless: bool) -> None:
    script = f"""
    for path in / /etc /proc/sys/kernel /workspace .git/hooks .envrc; do busybox touch $path/new; done
    busybox mv .git moved; busybox find / -xdev -type s
    busybox wget -q -O - http://ok.test:{port}/a; busybox echo
    busybox wget -q -O - http://evil.test:{port}/b
    http_proxy= busybox wget -q -O - http://127.0.0.1:{port}/c
    busybox ls /sys/class/net; i=0; while [ $i -lt 400 ]; do busybox sleep 300 & i=$((i+1)); done; exec busybox sleep 300
    """
    with podman_world(rootless=rootless) as world:
        done = world.run("--allow-host", f"ok.test:{port}=127.0.0.1", "--time-limit", "15s", script=script)
        assert done.stdout == "reached /a\nlo\n"
        assert [path.name for path in world.project.iterdir() if path.is_file()] == ["new"]
        assert (world.project / "new").stat().st_uid == world.project.stat().st_uid
        assert not (world.project / ".git" / "hooks" / "new").exists()
        assert f"refused a connection to evil.test:{port}" in done.stderr
        assert "fork" in done.stderr
        assert done.returncode != 0
        nothing_left(world)
