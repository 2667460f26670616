"""A guard in a control group whose memory is short: archives take disk, and the OOM killer leaves it closed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from support.guardproxy import RunningGuard, exchange, guard, send
from support.oddcontexts import archive, member
from support.scriptedengine import answer, scripted
from support.waiting import wait_until

POLICY = '[guard]\n[[guard.caller]]\nname = "all"\nallow = ["ping", "containers", "build"]\n'
V1, V2 = Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup")


class Memory(NamedTuple):
    """The memory controller: where groups are made, and what the limit and the memory of programs are called."""

    root: Path
    limit: str
    taken: str


def memory() -> Memory | None:
    """The machine's, of cgroup v1 or v2; None where this process can make no group of it."""
    if os.access(V1 / "cgroup.procs", os.W_OK):
        return Memory(V1, "memory.limit_in_bytes", "rss")
    with suppress(OSError):
        (V2 / "cgroup.subtree_control").write_text("+memory")
        return Memory(V2, "memory.max", "anon")
    return None


MEMORY = memory()
pytestmark = pytest.mark.skipif(MEMORY is None, reason="no memory controller in which a group can be made")


@contextmanager
def limited(running: RunningGuard, most: int) -> Iterator[Path]:
    """Let a guard take so many more bytes: what it has is charged to the group that it was in."""
    assert running.process is not None
    assert MEMORY is not None
    group = MEMORY.root / f"sealock-test-{os.getpid()}"
    group.mkdir()
    try:
        (group / MEMORY.limit).write_text(str(most))
        (group / "cgroup.procs").write_text(str(running.process.pid))
        yield group
    finally:
        with suppress(OSError):
            (MEMORY.root / "cgroup.procs").write_text(str(running.process.pid))
        running.stop()
        wait_until(lambda: not (group / "cgroup.procs").read_text())
        group.rmdir()


def test_short_memory_leaves_the_guard_closed(tmp_path: Path) -> None:
    assert MEMORY is not None
    privileged = json.dumps({"Image": "base", "HostConfig": {"Privileged": True}, "Env": ["x" * 1000] * 3000}).encode()
    context = archive(
        member("Dockerfile", "FROM base\nUSER 1\n"), *(member(f"{number}", "x" * 999_000) for number in range(24))
    )
    with scripted(tmp_path / "e.sock") as engine, guard(engine.path, POLICY) as running:
        engine.replies["POST /build"] = answer(b"{}")
        with limited(running, 12 << 20) as group:
            assert (
                send(running.socket, "POST", "/v1.45/build", context, {"Content-Type": "application/x-tar"})[0] == 200
            )
            assert engine.requests.pop().endswith(context), "what was kept is what the engine gets"
            taken = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
            (group / MEMORY.limit).write_text(str(int(taken[MEMORY.taken]) + (1 << 20)))
            head = f"POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {len(privileged)}\r\n\r\n"
            answered = exchange(running.socket, head.encode() + privileged)
            assert not answered or answered.split()[1] in {b"403", b"503"}
        assert not [request for request in engine.requests if b"create" in request]
        running.start()
        assert send(running.socket, "GET", "/_ping")[0] == 200
        assert send(running.socket, "POST", "/containers/create", privileged)[0] == 403
