"""The docker CLI, docker compose and docker-py work through the guard as they do without it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import docker
import pytest

from support.guardproxy import RunningGuard, client, exchange, guard, send
from support.realengine import Engine, engine_in_memory
from support.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.live

POLICY = """\
[guard]
[[guard.caller]]
name = "tester"
uid = 0
allow = ["ping", "version", "info", "events", "system", "containers", "logs", "attach", "exec", "files", "images",
    "commit", "build", "session", "volumes", "networks"]
fail-on = "critical"
[[guard.caller]]
name = "inside"
container-label = { "may" = "read" }
allow = ["ping", "GET /containers/json"]
"""


@pytest.fixture(scope="module")
def daemon() -> Iterator[Engine]:
    with engine_in_memory() as made:
        made.image("base")
        (made.folder / "context").mkdir()
        (made.folder / "context" / "Dockerfile").write_text(
            'FROM base\nARG WORD\nCOPY file /file\nRUN ["busybox", "echo", "built"]\n'
        )
        (made.folder / "context" / "file").write_bytes(os.urandom(3_000_000))
        (made.folder / "file").write_text("copied\n")
        (made.folder / "compose.yaml").write_text(COMPOSE)
        yield made


@pytest.fixture(scope="module")
def guarded(daemon: Engine) -> Iterator[RunningGuard]:
    with guard(daemon.socket, POLICY) as running:
        yield running


RUN = "run --network none"
OPERATIONS = [
    ("version --format {{.Server.Version}}", b""),
    ("info --format {{.Driver}}", b""),
    (f"{RUN} --rm base busybox echo hello", b""),
    (f"{RUN} --rm base busybox sh -c 'echo out; echo err >&2; exit 7'", b""),
    (f"{RUN} --rm -i base busybox wc -c", b"x" * 3_000_000),
    (f"{RUN} --rm -i base busybox cat", b"line\n" * 10),
    (f"{RUN} --rm base busybox seq 100000", b""),
    (f"{RUN} -d --name NAME base busybox sleep 1000", b""),
    ("exec NAME busybox echo inside", b""),
    ("exec -i NAME busybox cat", b"streamed" * 100_000),
    ("exec NAME busybox sh -c 'exit 9'", b""),
    ("exec -d NAME busybox touch /made", b""),
    ("cp file NAME:/copied", b""),
    ("cp NAME:/copied -", b""),
    ("exec NAME busybox cat /copied", b""),
    ("top NAME -o args", b""),
    ("diff NAME", b""),
    ("rename NAME NAME2", b""),
    ("inspect NAME2 --format {{.State.Status}}", b""),
    ("pause NAME2", b""),
    ("unpause NAME2", b""),
    ("update --memory 64m --memory-swap 64m NAME2", b""),
    ("stats --no-stream --format {{.Name}} NAME2", b""),
    ("commit NAME2 NAMEimage:1", b""),
    ("image inspect NAMEimage:1 --format {{.Os}}", b""),
    ("history -q --no-trunc NAMEimage:1", b""),
    ("tag NAMEimage:1 NAMEimage:2", b""),
    ("export -o NAME.tar NAME2", b""),
    ("save -o NAMEimage.tar NAMEimage:1", b""),
    ("rmi NAMEimage:1 NAMEimage:2", b""),
    ("load -q -i NAMEimage.tar", b""),
    ("import NAME.tar NAMEimported", b""),
    ("restart -t 0 NAME2", b""),
    ("kill NAME2", b""),
    ("wait NAME2", b""),
    ("start NAME2", b""),
    ("logs NAME2", b""),
    ("stop -t 0 NAME2", b""),
    ("rm NAME2", b""),
    ("volume create NAMEvolume", b""),
    ("volume ls -q -f name=NAME", b""),
    ("volume rm NAMEvolume", b""),
    ("network ls --format {{.Name}}", b""),
    ("container ls -a --format {{.Names}} -f name=NAME", b""),
    ("events --since 2026-01-01T00:00:00 --until 2026-01-01T00:00:01", b""),
    ("container inspect nothing", b""),
    ("build -q --network none -t NAMEbuilt --build-arg WORD=x context", b""),
    ("rmi NAMEbuilt", b""),
]
IDS = re.compile(r"sha256:[0-9a-f]{12,64}|\b[0-9a-f]{64}\b|\b[0-9a-f]{12}\b")


def words(line: str, name: str) -> list[str]:
    return [word.replace("NAME", name).strip("'") for word in re.findall(r"'[^']*'|\S+", line)]


def sides(daemon: Engine, guarded: RunningGuard) -> tuple[tuple[str, dict[str, str], Path], ...]:
    return ("direct", daemon.environment, daemon.folder), ("guarded", guarded.environment, daemon.folder)


def seen(text: str, data: bytes, name: str, environment: dict[str, str], folder: Path) -> tuple[int, bytes, bool]:
    """What a client sees: its exit status, its output without names and ids, and whether it was denied."""
    full = {**environment, "DOCKER_BUILDKIT": "0"}
    done = client("docker", *words(text, name), environment=full, folder=folder, data=data)
    output = done.stdout.encode()[:500] if text.startswith("cp NAME") else IDS.sub("ID", done.stdout).encode()
    if text.startswith("diff"):
        output = b"".join(sorted(output.splitlines()))
    elif text.startswith(("rmi", "top")):
        output = b""  # the last of two images removes their layers, and ps shows itself
    return done.returncode, output.replace(name.encode(), b"NAME"), "denied" in done.stderr


@pytest.mark.parametrize("line", [pytest.param(OPERATIONS, id="in order")])
def test_the_client_works_as_without(line: list[tuple[str, bytes]], daemon: Engine, guarded: RunningGuard) -> None:
    different = []
    for text, data in line:
        # An engine sometimes loses the output of a container that ends at once, without a guard too.
        for _ in range(3 if "--rm" in text else 1):
            direct, through = (seen(text, data, *side) for side in sides(daemon, guarded))
            if direct == through:
                break
        else:
            different.append((text, direct, through))
    assert not different


def test_buildkit_works_where_its_streams_are_allowed(daemon: Engine, guarded: RunningGuard) -> None:
    environment = {**guarded.environment, "DOCKER_BUILDKIT": "1"}
    done = client(
        "docker", "build", "--network=none", "-t", "kit", "context", environment=environment, folder=daemon.folder
    )
    assert done.returncode == 0, done.stderr
    assert daemon.docker("image", "inspect", "kit").returncode == 0
    without = POLICY.replace('"session", ', "")
    with guard(daemon.socket, without) as narrow:
        environment = {**narrow.environment, "DOCKER_BUILDKIT": "1"}
        done = client("docker", "build", "--network=none", "context", environment=environment, folder=daemon.folder)
        assert done.returncode != 0
        denied = [entry for entry in narrow.entries() if entry.get("result") == "denied"]
        assert denied
        assert {entry["target"].rpartition("/")[2] for entry in denied} <= {"session", "grpc"}


COMPOSE = """\
services:
  web:
    image: base
    network_mode: none
    command: [busybox, sleep, "1000"]
    volumes: [data:/data]
  job:
    image: base
    network_mode: none
    command: [busybox, echo, done]
volumes:
  data: {}
"""


def test_compose_works_as_without(daemon: Engine, guarded: RunningGuard) -> None:
    for project, environment in (("direct", daemon.environment), ("guarded", guarded.environment)):
        statuses = []
        for line in ("up -d --quiet-pull", "ps -q", "logs", "exec -T web busybox echo hi", "stop -t 0", "down -v -t 0"):
            done = client(
                "docker", "compose", "-p", project, *line.split(), environment=environment, folder=daemon.folder
            )
            statuses.append((line, done.returncode))
        assert not [row for row in statuses if row[1]], project
    assert daemon.docker("ps", "-aq", "-f", "label=com.docker.compose.project=guarded").stdout == ""


def test_a_denial_of_one_service_reaches_the_person_at_compose(daemon: Engine, guarded: RunningGuard) -> None:
    (daemon.folder / "bad.yaml").write_text(
        COMPOSE.replace("    image: base\n", "    image: base\n    privileged: true\n", 1)
    )
    done = guarded.docker("compose", "-f", str(daemon.folder / "bad.yaml"), "-p", "bad", "up", "-d")
    assert done.returncode != 0
    assert re.search(r"denied by sealock guard for caller tester, bad-\w+-1: C001", done.stderr)
    assert "Remove privileged" in done.stderr
    guarded.docker("compose", "-f", str(daemon.folder / "bad.yaml"), "-p", "bad", "down", "-v", "-t", "0")


def test_docker_py_works(guarded: RunningGuard) -> None:
    api: Any = docker.DockerClient(base_url=f"unix://{guarded.socket}")
    try:
        assert api.ping()
        assert api.containers.run("base", ["busybox", "echo", "py"], network_mode="none", remove=True) == b"py\n"
        made = api.containers.run("base", ["busybox", "sleep", "100"], network_mode="none", detach=True)
        assert made.exec_run(["busybox", "echo", "in"]).output == b"in\n"
        assert [found.id for found in api.containers.list()] == [made.id]
        stream, _ = made.get_archive("/bin/busybox")
        assert sum(map(len, stream)) > 100_000
        assert made.stats(stream=False)["id"] == made.id
        made.kill()
        assert made.wait()["StatusCode"] == 137
        made.remove()
        with pytest.raises(docker.errors.APIError, match="C001"):
            api.containers.run("base", ["busybox", "id"], network_mode="none", privileged=True)
    finally:
        api.close()


def test_events_arrive_while_they_happen(daemon: Engine, guarded: RunningGuard) -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(PATIENCE)
        sock.connect(str(guarded.socket))
        sock.sendall(b"GET /v1.45/events HTTP/1.1\r\nHost: docker\r\n\r\n")
        received = sock.recv(65536)
        assert b"200 OK" in received
        daemon.docker("volume", "create", "watched")
        while b"watched" not in received:
            piece = sock.recv(65536)
            assert piece
            received += piece
    daemon.docker("volume", "rm", "watched")


def test_a_container_that_calls_is_known_by_its_labels(daemon: Engine, guarded: RunningGuard) -> None:
    """A client in a container is that container, not the user of the host whose number it has."""
    helper = daemon.folder / "inside"
    (daemon.folder / "ask").write_text(
        "printf 'GET /v1.45/containers/json HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n' | busybox nc local:/s\n"
    )
    assert helper.parent.exists()
    for label, expected in (("may=read", b"200 OK"), ("may=write", b"403 Forbidden")):
        name = f"caller-{label[4:]}"
        daemon.docker(
            "run", "-d", "--name", name, "--network", "none", "--label", label, "base", "busybox", "sleep", "100"
        )
        pid = int(daemon.docker("inspect", name, "--format", "{{.State.Pid}}").stdout)
        assert expected in from_cgroup_of(pid, guarded.socket)
        entry = guarded.entries()[-1]
        assert entry["caller"]["container_name"] == name
        daemon.docker("rm", "-f", name)


def from_cgroup_of(pid: int, path: Path) -> bytes:
    """Send a request from a process in the cgroups of another."""
    script = (
        "import os, socket, sys\n"
        "for line in open(f'/proc/{sys.argv[1]}/cgroup'):\n"
        "    number, names, group = line.strip().split(':', 2)\n"
        "    names = names.removeprefix('name=') or 'unified'\n"
        "    for where in (f'/sys/fs/cgroup/{names}{group}', f'/sys/fs/cgroup{group}'):\n"
        "        if os.path.exists(where + '/cgroup.procs'):\n"
        "            open(where + '/cgroup.procs', 'w').write(str(os.getpid()))\n"
        "            break\n"
        "sock = socket.socket(socket.AF_UNIX)\n"
        "sock.connect(sys.argv[2])\n"
        "sock.sendall(b'GET /v1.45/containers/json HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n')\n"
        "while data := sock.recv(65536):\n"
        "    sys.stdout.buffer.write(data)\n"
    )
    done = subprocess.run(
        ["python3", "-c", script, str(pid), str(path)], capture_output=True, check=False, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_streams_end_with_their_client(daemon: Engine, guarded: RunningGuard) -> None:
    """A client that leaves a request that waits releases the guard's connections too."""
    daemon.docker("run", "-d", "--name", "waited", "--network", "none", "base", "busybox", "sleep", "1000")
    process = subprocess.Popen(["docker", "wait", "waited"], env=guarded.environment, stdout=subprocess.DEVNULL)
    wait_until(lambda: any("/wait" in entry.get("target", "") for entry in guarded.entries()))
    process.send_signal(signal.SIGKILL)
    process.wait()
    wait_until(lambda: "sealock_guard_connections 0" in guarded.get("/metrics")[1])
    daemon.docker("rm", "-f", "waited")


def test_half_closed_connections_get_their_answer(daemon: Engine, guarded: RunningGuard) -> None:
    """A client that has sent all its input still gets the output."""
    daemon.docker("run", "-d", "--name", "half", "--network", "none", "base", "busybox", "sleep", "1000")
    _, made = send(guarded.socket, "POST", "/v1.45/containers/half/exec", {
        "Cmd": ["busybox", "sh", "-c", "busybox wc -c; busybox sleep 0.3; busybox echo end"], "AttachStdin": True, "AttachStdout": True,
    })  # fmt: skip
    body = b'{"Detach":false,"Tty":false}'
    head = (
        f"POST /v1.45/exec/{made['Id']}/start HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(PATIENCE)
        sock.connect(str(guarded.socket))
        sock.sendall(head.encode() + body + b"y" * 100_000)
        sock.shutdown(socket.SHUT_WR)
        received = b"".join(iter(lambda: sock.recv(65536), b""))
    assert b"101 UPGRADED" in received
    assert b"100000\n" in received
    assert received.endswith(b"end\n")
    daemon.docker("rm", "-f", "half")


def test_a_restart_lets_attached_streams_end(daemon: Engine) -> None:
    daemon.docker("run", "-d", "--name", "long", "--network", "none", "base", "busybox", "sleep", "1000")
    with guard(daemon.socket, POLICY, "--leave-streams") as first:
        process = subprocess.Popen(
            ["docker", "exec", "-i", "long", "busybox", "cat"], env=first.environment, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"before\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"before\n"
        assert first.stop() == 0
        assert exchange_fails(first.socket)
        first.start()
        process.stdin.write(b"after\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"after\n"
        assert first.docker("ps", "-q").returncode == 0
        process.stdin.close()
        assert process.wait(PATIENCE) == 0
        process.stdout.close()
    daemon.docker("rm", "-f", "long")


def exchange_fails(path: Path) -> bool:
    try:
        exchange(path, b"GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n")
    except OSError:
        return True
    return False


def test_one_stream_does_not_slow_another(daemon: Engine, guarded: RunningGuard) -> None:
    """While one client carries much, the requests of others are answered."""
    daemon.docker("run", "-d", "--name", "much", "--network", "none", "base", "busybox", "sleep", "1000")
    flows, done = threading.Event(), threading.Event()
    command = ["docker", "exec", "much", "busybox", "dd", "if=/dev/zero", "bs=1M", "count=300"]

    def carry(stream: IO[bytes]) -> None:
        while stream.read(1 << 20):
            flows.set()
        done.set()

    with subprocess.Popen(command, env=guarded.environment, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        thread = threading.Thread(target=carry, args=(process.stdout,))
        thread.start()
        assert flows.wait(PATIENCE)
        answered = 0
        while not done.is_set():
            assert send(guarded.socket, "GET", "/_ping")[0] == 200
            answered += not done.is_set()
        thread.join()
    # One that had to wait for the end of the stream would be the only one.
    assert answered > 2
    daemon.docker("rm", "-f", "much")
