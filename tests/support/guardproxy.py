"""A guard of the test's own in front of an engine: its own sockets, policy, log and state, ended with the test."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from support.waiting import PATIENCE, wait_until


class RunningGuard:
    """A guard in a process of its own."""

    def __init__(self, folder: Path, engine: Path, form: Literal["proxy", "plugin"], words: tuple[str, ...]) -> None:
        self.folder, self.engine, self.form, self.words = folder, engine, form, words
        self.socket, self.page = folder / "docker.sock", folder / "guard.sock"
        self.log, self.policy = folder / "log", folder / "sealock.toml"
        self.process: subprocess.Popen[bytes] | None = None
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": str(folder), "DOCKER_HOST": f"unix://{self.socket}",
            "DOCKER_CONFIG": str(folder / "config"),
        }  # fmt: skip

    def start(self) -> None:
        """Start it, and wait until it answers: only then does it obey signals."""
        command = [
            sys.executable, "-m", "sealock", "guard", self.form, "--listen", str(self.socket), "--engine",
            str(self.engine), "--policy", str(self.policy), "--log", str(self.log), "--status", str(self.page), "--state",
            str(self.folder), *self.words,
        ]  # fmt: skip
        with (self.folder / "errors").open("ab") as errors:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors)
        process = self.process
        wait_until(lambda: process.poll() is not None or self._is_served())
        assert process.poll() is None, self.errors()

    def _is_served(self) -> bool:
        try:
            return bool(exchange(self.page, b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
        except OSError:
            return False

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it, and return its exit status."""
        process, self.process = self.process, None
        if process is None:
            return 0
        process.send_signal(number)
        try:
            return process.wait(PATIENCE)
        finally:
            process.kill()

    def errors(self) -> str:
        """What it wrote to its standard streams."""
        return (self.folder / "errors").read_text()

    def entries(self) -> list[dict[str, Any]]:
        """The lines of its log."""
        return [json.loads(line) for line in self.log.read_text().splitlines()] if self.log.exists() else []

    def last(self, **values: object) -> dict[str, Any]:
        """The last line of its log that has these values."""
        return [entry for entry in self.entries() if values.items() <= entry.items()][-1]

    def get(self, path: str) -> tuple[int, str]:
        """Ask its own socket."""
        answer = exchange(self.page, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        head, _, body = answer.partition(b"\r\n\r\n")
        return int(head.split()[1]), body.decode()

    def docker(self, *words: str, data: bytes = b"") -> subprocess.CompletedProcess[str]:
        """Run the real client through the guard."""
        return client("docker", *words, environment=self.environment, folder=self.folder, data=data)


def client(
    *words: str, environment: dict[str, str], folder: Path, data: bytes = b""
) -> subprocess.CompletedProcess[str]:
    """Run a client's program."""
    done = subprocess.run(
        words, env=environment, input=data, capture_output=True, check=False, cwd=folder, timeout=PATIENCE
    )
    output, errors = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
    return subprocess.CompletedProcess(done.args, done.returncode, output, errors)


@contextmanager
def guard(
    engine: Path, policy: str, *words: str, form: Literal["proxy", "plugin"] = "proxy", where: Path | None = None
) -> Iterator[RunningGuard]:
    """Start a guard in front of an engine's socket, and end it; `where` is another socket to listen on."""
    folder = Path(tempfile.mkdtemp(prefix="sealock-", dir="/tmp"))
    running = RunningGuard(folder, engine, form, words)
    if where is not None:
        running.socket = where
    running.policy.write_text(policy)
    try:
        running.start()
        yield running
    finally:
        running.stop()
        shutil.rmtree(folder, ignore_errors=True)


def connect(sock: socket.socket, path: Path) -> None:
    """Connect to a unix socket, and try again while its queue of connections is full."""

    def connects() -> bool:
        try:
            sock.connect(str(path))
        except BlockingIOError:
            return False
        return True

    sock.settimeout(PATIENCE)
    wait_until(connects)


def exchange(path: Path, data: bytes) -> bytes:
    """Send bytes to a unix socket, and return all that comes back until the other end closes."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        connect(sock, path)
        received = b""
        try:
            sock.sendall(data)
            while piece := sock.recv(65536):
                received += piece
        except (BrokenPipeError, ConnectionResetError):
            pass
        return received


def send(
    path: Path, method: str, target: str, body: object = None, headers: dict[str, str] | None = None
) -> tuple[int, Any]:
    """Send one request; return the status and the JSON of the answer (its text where it is none)."""
    data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = {"Host": "docker", "Connection": "close", "Content-Length": str(len(data))}
    if data:
        lines["Content-Type"] = "application/json"
    lines |= headers or {}
    head = f"{method} {target} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    answer = exchange(path, head.encode() + b"\r\n" + data)
    start, _, rest = answer.partition(b"\r\n\r\n")
    words = start.split()
    assert len(words) > 1, answer
    try:
        return int(words[1]), json.loads(rest)
    except ValueError:
        return int(words[1]), rest.decode(errors="replace")
