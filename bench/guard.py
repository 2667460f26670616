"""Measures what the guard adds to requests and streams, in front of an engine of its own.

With and without the guard in turn, in one run: the median time of `GET /_ping`, of a list, and of a create that is
evaluated, through the proxy: the same again, one unlike those before, and one of a caller with `own`, for whom the
engine is asked about the image; the same create with the plugin; evaluated requests per second of one CPU, the client
apart (CPU seconds of the proxy's process); and a stream of `--size` bytes out of a container (`docker exec`, which is
hijacked) and of its file system (export). Prints times, differences and ratios. Exits 1 where a request fails.
"""

from __future__ import annotations

import argparse
import io
import itertools
import json
import os
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.guardproxy import RunningGuard, guard, send
from support.realengine import Engine, engine_in_memory

POLICY = """\
[guard]
[[guard.caller]]
name = "bench"
allow = ["ping", "version", "containers", "exec", "files", "images"]
fail-on = "critical"
accept = ["C023"]
"""
OWN = POLICY + 'own = true\nchange = ["digest"]\n'
_numbers = itertools.count()
_ROUNDS = 15
"""Streams of each kind."""
CREATE = {
    "Image": "tiny", "Cmd": ["busybox", "true"], "Env": ["A=1", "B=2"], "Labels": {"team": "web"},
    "HostConfig": {"NetworkMode": "none", "CapDrop": ["ALL"], "SecurityOpt": ["no-new-privileges"], "Memory": 67108864},
}  # fmt: skip


def tiny(daemon: Engine) -> None:
    """Make an image of one file: the engine's driver copies an image for each container."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("file"))
    done = daemon.docker("import", "-", "tiny", data=made.getvalue())
    assert done.returncode == 0, done.stderr


class Client:
    """A client that keeps its connection."""

    def __init__(self, path: Path) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(path))

    def ask(self, method: str, target: str, body: object = None) -> tuple[int, bytes]:
        """Send a request and read its answer; its status and body."""
        data = b"" if body is None else json.dumps(body).encode()
        kind = "Content-Type: application/json\r\n" if data else ""
        head = f"{method} {target} HTTP/1.1\r\nHost: docker\r\n{kind}Content-Length: {len(data)}\r\n\r\n"
        self.sock.sendall(head.encode() + data)
        received = b""
        while b"\r\n\r\n" not in received:
            received += self.sock.recv(65536)
        start, _, rest = received.partition(b"\r\n\r\n")
        lines = start.lower().split(b"\r\n")
        length = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), -1)
        while (len(rest) < length) if length >= 0 else not rest.endswith(b"0\r\n\r\n"):
            rest += self.sock.recv(65536)
        return int(start.split()[1]), rest


def measured(request: Callable[[Client], None], paths: dict[str, Path], times: int) -> dict[str, float]:
    """The median milliseconds of a request on each socket, taken in turn."""
    clients = {name: Client(path) for name, path in paths.items()}
    spent: dict[str, list[float]] = {name: [] for name in paths}
    for number in range(times + 5):
        for name, client in clients.items():
            begin = time.perf_counter()
            request(client)
            if number >= 5:
                spent[name].append((time.perf_counter() - begin) * 1000)
    for client in clients.values():
        client.sock.close()
    return {name: median(values) for name, values in spent.items()}


def ping(client: Client) -> None:
    assert client.ask("GET", "/_ping")[0] == 200


def listed(client: Client) -> None:
    assert client.ask("GET", "/v1.45/containers/json")[0] == 200


def create(client: Client) -> None:
    status, answer = client.ask("POST", "/v1.45/containers/create", CREATE)
    assert status == 201, answer


def create_new(client: Client) -> None:
    """A container unlike those before, by its name and a variable."""
    made = f"job-{next(_numbers)}"
    body = {**CREATE, "Env": ["A=1", f"JOB={made}"]}
    status, answer = client.ask("POST", f"/v1.45/containers/create?name={made}", body)
    assert status == 201, answer


def cpu_seconds(running: RunningGuard) -> float:
    """CPU seconds of a guard's process."""
    assert running.process is not None
    words = Path(f"/proc/{running.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def evaluated(running: RunningGuard, times: int) -> float:
    """Evaluated requests per CPU second: creates that are denied, so that the engine is not waited for."""
    client = Client(running.socket)
    body = {**CREATE, "HostConfig": {**CREATE["HostConfig"], "Privileged": True}}  # type: ignore[dict-item]
    for _ in range(20):
        client.ask("POST", "/v1.45/containers/create", body)
    before = cpu_seconds(running)
    for _ in range(times):
        status, _ = client.ask("POST", "/v1.45/containers/create", body)
        assert status == 403
    client.sock.close()
    return times / (cpu_seconds(running) - before)


def streamed(environment: dict[str, str], megabytes: int) -> float:
    """Seconds for so many bytes out of a container, by the docker client."""
    words = ["docker", "exec", "source", "busybox", "dd", "if=/dev/zero", "bs=1M", f"count={megabytes}"]
    begin = time.perf_counter()
    subprocess.run(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begin


def exported(path: Path) -> float:
    """Seconds for a container's file system."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(path))
        begin = time.perf_counter()
        sock.sendall(b"GET /v1.45/containers/source/export HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        buffer, total = bytearray(1 << 20), 0
        while count := sock.recv_into(buffer):
            total += count
        assert total > 1 << 20
        return time.perf_counter() - begin


@contextmanager
def awake() -> Iterator[None]:
    """Let a process on each processor work where nobody else wants to."""
    spinning = "import os\nos.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))\nwhile True: pass"
    processes = [subprocess.Popen([sys.executable, "-c", spinning]) for _ in os.sched_getaffinity(0)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def main() -> int:
    """Start an engine and a guard, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=300, metavar="N", help="requests of each kind (default: 300)")
    parser.add_argument("--size", type=int, default=1024, metavar="MB", help="megabytes of a stream (default: 1024)")
    parser.add_argument(
        "--awake",
        action="store_true",
        help="keep the processors from sleeping: a virtual machine takes some 0.1 ms to wake one, and through the "
        "proxy a request waits for two more than without",
    )
    arguments = parser.parse_args()
    with (
        awake() if arguments.awake else nullcontext(),
        engine_in_memory() as daemon,
        guard(daemon.socket, POLICY) as running,
    ):
        daemon.image("base")
        tiny(daemon)
        requests(daemon, running, arguments.times)
        streams(daemon, running, arguments.size)
    plugin(arguments.times)
    return 0


def requests(daemon: Engine, running: RunningGuard, times: int) -> None:
    """Requests through the proxy."""
    paths = {"direct": daemon.socket, "proxy": running.socket}
    for name, request, number in (
        ("GET /_ping", ping, times),
        ("list", listed, times),
        ("create", create, times),
        ("create, new", create_new, times),
    ):
        spent = measured(request, paths, number)
        show(name, spent["direct"], "proxy", spent["proxy"])
    with guard(daemon.socket, OWN) as owning:
        spent = measured(create, {"direct": daemon.socket, "proxy": owning.socket}, times)
        show("create, own", spent["direct"], "proxy", spent["proxy"])
    print(f"evaluated    {evaluated(running, times * 3):6.0f} requests a CPU second")


def show(name: str, direct: float, form: str, through: float) -> None:
    """Print the medians, in milliseconds, and their difference."""
    print(f"{name:12} direct {direct:6.2f} ms  {form:6} {through:6.2f} ms  {through - direct:+.2f} ms")


def streams(daemon: Engine, running: RunningGuard, megabytes: int) -> None:
    """Streams directly and through the proxy, in turn: the median of each, as the engine's own time varies by half."""
    daemon.docker("run", "-d", "--name", "source", "--network", "none", "base", "busybox", "sleep", "3600")
    daemon.docker("exec", "source", "busybox", "dd", "if=/dev/zero", "of=/zero", "bs=1M", f"count={megabytes // 2}")
    for name, through in (
        ("exec", lambda where: streamed({**daemon.environment, "DOCKER_HOST": f"unix://{where}"}, megabytes)),
        ("export", exported),
    ):
        spent: dict[str, list[float]] = {"direct": [], "proxy": []}
        for _ in range(_ROUNDS):
            spent["direct"].append(through(daemon.socket))
            spent["proxy"].append(through(running.socket))
        direct, proxy = median(spent["direct"]), median(spent["proxy"])
        print(f"{name:12} direct {direct:6.2f} s   proxy {proxy:6.2f} s   {direct / proxy:.0%} of direct speed")
    daemon.docker("rm", "-f", "source")


def plugin(times: int) -> None:
    """The same create with the plugin: two engines, since a plugin is a setting of one."""
    with (
        tempfile.TemporaryDirectory(prefix="sealock-", dir="/tmp") as directory,
        engine_in_memory() as plain,
        guard(plain.socket, POLICY, form="plugin", where=Path(directory) / "sealock.sock") as running,
        engine_in_memory("--authorization-plugin=sealock", plugins=Path(directory)) as daemon,
    ):
        running.stop()
        running.engine = daemon.socket
        running.start()
        for made in (plain, daemon):
            tiny(made)
        assert send(daemon.socket, "GET", "/_ping")[0] == 200
        for label, request, number in (("GET /_ping", ping, times), ("create", create, times)):
            spent = measured(request, {"direct": plain.socket, "plugin": daemon.socket}, number)
            show(label, spent["direct"], "plugin", spent["plugin"])


if __name__ == "__main__":
    raise SystemExit(main())
