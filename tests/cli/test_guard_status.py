"""What `sealock guard status` says of a guard that answers, and which exit status that gives."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from socketserver import BaseRequestHandler, UnixStreamServer
from tempfile import TemporaryDirectory
from threading import Thread
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import msgspec
import pytest
from msgspec.structs import replace

from sealock.guard.statuspage import GuardStatus, OpenStatus
from support.commandline import sealock

WELL = GuardStatus(
    version="1.0", pid=7, form="proxy", started=0.0, engine_socket="/run/docker.sock", engine="", policy="/etc/p.toml",
    policy_error="", audit=False, callers=("ci", "all"), open=None, connections=1, streams=2, allowed=3, denied=4,
    would_deny=5, errors=0, log_dropped=0,
)  # fmt: skip
LINES = (
    "Guard    proxy, sealock 1.0, process 7, for less than a minute",
    "Engine   /run/docker.sock: answers",
    "Policy   /etc/p.toml: 2 callers",
    "Requests 3 allowed, 4 denied, 5 let pass that would be denied",
    "Clients  1 connection, 2 streams",
)


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """A socket on which something answers."""

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(65536)
            # In two pieces: what is sent at once need not be read at once.
            with suppress(OSError):  # who asked may have enough
                self.request.sendall(answer[:50])
                self.request.sendall(answer[50:])

    with TemporaryDirectory(dir="/tmp") as directory, UnixStreamServer(f"{directory}/s", Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"{directory}/s"
        finally:
            server.shutdown()
            thread.join()


def said(status: GuardStatus, age: float, *words: str) -> tuple[int, str]:
    """The exit status, and what is printed of a guard that started so many seconds ago."""
    with (
        answering(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + msgspec.json.encode(status)) as path,
        patch("sealock.cli.guard.status.time", SimpleNamespace(time=lambda: age)),
    ):
        done = sealock("guard", "status", "--status", path, *words, cwd=Path("/"), environment={})
    assert done.stderr == ""
    return done.returncode, done.stdout


@pytest.mark.parametrize(
    ("changed", "age", "status", "added"),
    [
        pytest.param({}, 30, 0, (), id="all is well"),
        pytest.param({}, 31, 0, ("process 7, for 1 minute",), id="for a minute"),
        pytest.param({}, 119 * 60 + 29, 0, ("for 119 minutes",), id="for nearly two hours"),
        pytest.param({}, 120 * 60, 0, ("for 2 hours",), id="for two hours"),
        pytest.param({}, 179 * 60, 0, ("for 2 hours",), id="for nearly three hours"),
        pytest.param({}, -600, 0, ("for less than a minute",), id="the clock was set back"),
        pytest.param({"engine": "it is closed"}, 5, 1, ("/run/docker.sock: it is closed",), id="no engine"),
        pytest.param({"audit": True}, 5, 1, ("Mode     audit: nothing is denied",), id="an audit"),
        pytest.param(
            {"policy_error": "/etc/p.toml: line 1: odd"},
            5,
            1,
            ("the file is not valid, and the policy of before stays in use:\n           line 1: odd\n",),
            id="a policy that is not valid now",
        ),
        pytest.param(
            {"policy_error": "odd", "callers": ()},
            5,
            1,
            ("/etc/p.toml: 0 callers", "the file is not valid, and all is denied:\n           odd\n"),
            id="a policy that never was valid",
        ),
        pytest.param(
            {"open": OpenStatus("a \x1b[31mfire", "12:00", 0, 1)},
            5,
            1,
            ("OPEN     for 1 second more, since 12:00, by uid 0: a \\e[31mfire",),
            id="break-glass",
        ),
        pytest.param({"errors": 1}, 5, 0, ("Faults   1 error, 0 lines of the log lost",), id="an error"),
        pytest.param(
            {"log_dropped": 2}, 5, 0, ("Faults   0 errors, 2 lines of the log lost",), id="a log that is full"
        ),
    ],
)
def test_the_status_of_a_guard_is_printed(
    changed: dict[str, Any], age: float, status: int, added: tuple[str, ...]
) -> None:
    code, printed = said(replace(WELL, **changed), age)
    assert code == status
    for part in added:
        assert part in printed
    if not changed and age == 30:
        assert printed.splitlines() == list(LINES)
    assert len(printed.splitlines()) == len(LINES) + len(
        changed.keys() & {"audit", "open", "errors", "log_dropped"}
    ) + (2 if "policy_error" in changed else 0)


def test_a_program_gets_the_answer_as_it_is() -> None:
    code, printed = said(replace(WELL, audit=True), 5, "--format", "json")
    assert code == 1
    assert msgspec.json.decode(printed, type=GuardStatus).callers == ("ci", "all")
    assert printed.count("\n") == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n[]",
        b"SSH-2.0-x\r\n",
        b"\r\n\r\n" + b" " * (1 << 21) + msgspec.json.encode(WELL),
    ],
    ids=["nothing", "no body", "a list", "another program", "more than is read"],
)
def test_what_is_no_guard_is_an_error(answer: bytes) -> None:
    with answering(answer) as path:
        done = sealock("guard", "status", "--status", path, cwd=Path("/"), environment={})
    assert (done.returncode, done.stdout) == (2, "")
    assert "does not answer like a guard" in done.stderr
