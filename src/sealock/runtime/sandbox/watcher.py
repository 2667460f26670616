"""Watches a sandbox from outside: serves its way out, ends it when its time is over, and removes what it needed.

The watcher is a process of its own, since the client of the engine takes the place of the one that started it. When the
watcher is killed, the sandbox has no way out any more.
"""

from __future__ import annotations

import asyncio
import os
import select
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Final

from msgspec import Struct

from sealock.errors import EngineError
from sealock.model.allowedhosts import AllowedHost
from sealock.net.forwardproxy import ForwardProxy
from sealock.runtime.sandbox.gate import Gate
from sealock.runtime.sandbox.workspace import Workspace, appeared, remove_places
from sealock.text import count

_AGAIN: Final = 0.5
"""Seconds between questions to an engine that does not answer."""


class WatchedRun(Struct, frozen=True):
    """What is watched: the container whose id the client writes to `id_file`, for at most so many seconds.

    `places` are directories that were made for mounts, and `lock` is what `workspace.hold` returned.
    """

    client: str
    id_file: str
    seconds: int
    workspace: Workspace
    places: tuple[str, ...] = ()
    hosts: tuple[AllowedHost, ...] = ()
    lock: int | None = None


def start_watcher(run: WatchedRun, gate: Gate | None, note: Callable[[str], None], *, quiet: bool) -> None:
    """Fork a watcher of this process, which then becomes the client. `quiet`: no terminal shows what it notes.

    EngineError where no watcher could be started.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    client = os.pidfd_open(os.getpid())
    if first := os.fork():
        os.close(client)
        if os.waitpid(first, 0)[1]:
            message = "the watcher of the container could not be started"
            raise EngineError(message)
        return
    status = 1
    try:
        os.setsid()
        # The client is to have no child that it does not know.
        if not os.fork():
            _detach(quiet=quiet)
            try:
                watch(run, client, gate, note)
            finally:
                # Another run may hold the workspace for long, and the caller reads the streams to their end.
                _detach(quiet=True)
                remove_places(run.places, run.lock)
        status = 0
    finally:
        # What this process has of the other's, such as its exit handlers, is the other's.
        os._exit(status)


def _detach(*, quiet: bool) -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2) if quiet else (0, 1):
        os.dup2(nothing, number)
    os.close(nothing)


def watch(run: WatchedRun, parent: int, gate: Gate | None, note: Callable[[str], None]) -> None:
    """Watch until the container has ended; `parent` is a pidfd of the client."""
    try:
        asyncio.run(_Watch(run, parent, gate, note).run())
    finally:
        if gate is not None:
            gate.close()
        with suppress(OSError):
            os.remove(run.id_file)
        with suppress(OSError):
            os.rmdir(os.path.dirname(run.id_file))
        for left in appeared(run.workspace, run.places):
            note(f"the run left {left}")
        remove_places(run.places, run.lock, wait=False)


class _Watch:
    def __init__(self, run: WatchedRun, parent: int, gate: Gate | None, note: Callable[[str], None]) -> None:
        self.watched, self.parent, self.gate, self.note = run, parent, gate, note

    async def run(self) -> None:
        serving = None
        if self.gate is not None:
            serving = asyncio.create_task(ForwardProxy(self.watched.hosts, self.note).serve(self.gate.listener))
        try:
            if container := await self.container():
                await self.end_of(container)
        finally:
            if serving is not None:
                serving.cancel()
                with suppress(asyncio.CancelledError, OSError):
                    await serving

    async def container(self) -> str:
        """The id of the container; "" where the client ended without one."""
        while True:
            ended = self.client_ended()
            with suppress(OSError):
                if identity := _read(self.watched.id_file):
                    return identity
            if ended:
                return ""
            await asyncio.sleep(0.02)

    def client_ended(self) -> bool:
        return bool(select.select([self.parent], [], [], 0)[0])

    async def end_of(self, container: str) -> None:
        """Wait for the end of a container, and bring it about when the time is over."""
        deadline = monotonic() + self.watched.seconds
        while await self.runs(container):
            began = monotonic()
            waiting = await self.start("wait", container)
            try:
                async with asyncio.timeout(max(0.0, deadline - monotonic())):
                    await waiting.wait()
            except TimeoutError:
                with suppress(ProcessLookupError):
                    waiting.kill()
                await waiting.wait()
                self.note(f"its time of {count(self.watched.seconds, 'second')} is over: the container is ended")
                deadline = monotonic() + 10
                await self.ask("kill", container)
            if monotonic() - began < _AGAIN:
                # It does not run yet, or the engine does not answer.
                await asyncio.sleep(0.05 if waiting.returncode == 0 else _AGAIN)

    async def runs(self, container: str) -> bool:
        """Whether a container runs or may: an engine that does not answer, one that starts, may have it running."""
        code, text = await self.ask("inspect", "--format", "{{.State.Status}}", container)
        if code != 0:
            return "no such" not in text.lower()
        state = text.strip()
        if state in {"created", "configured", "initialized"}:
            return not self.client_ended()
        return state not in {"exited", "dead", "stopped", "removing"}

    async def ask(self, *words: str) -> tuple[int, str]:
        process = await self.start(*words)
        output, _ = await process.communicate()
        return process.returncode or 0, output.decode(errors="replace")

    async def start(self, *words: str) -> asyncio.subprocess.Process:
        pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        return await asyncio.create_subprocess_exec(
            self.watched.client, *words, stdin=nothing, stdout=pipe, stderr=asyncio.subprocess.STDOUT
        )


def _read(path: str) -> str:
    return Path(path).read_text("ascii").strip()
