"""The guard's own socket: /metrics for Prometheus, /health for a supervisor, /status for `sealock guard status`."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import suppress
from typing import Final

import msgspec
from msgspec import Struct

from sealock import __version__
from sealock.errors import EngineError
from sealock.guard.gate import Gate
from sealock.guard.http1 import WireError, answer_head, header_lines, read_request
from sealock.guard.metrics import GuardMetrics
from sealock.guard.sockets import Line

_SECONDS: Final = 10.0
_AT_ONCE: Final = 32


class OpenStatus(Struct, frozen=True):
    """Break-glass: why, since when, by which user, and seconds until it ends."""

    reason: str
    opened: str
    uid: int
    left: int


class GuardStatus(Struct, frozen=True):
    """What the guard reports of itself. `engine` and `policy_error` are "" where all is well."""

    version: str
    pid: int
    form: str
    started: float
    engine_socket: str
    engine: str
    policy: str
    policy_error: str
    audit: bool
    callers: tuple[str, ...]
    open: OpenStatus | None
    connections: int
    streams: int
    allowed: int
    denied: int
    would_deny: int
    errors: int
    log_dropped: int

    @property
    def healthy(self) -> bool:
        """Whether it can do its work: the engine answers, and the policy's file is the policy in use."""
        return not self.engine and not self.policy_error


class StatusPage:
    """Serves the status on a socket, or nowhere where that is None."""

    def __init__(self, sock: socket.socket | None, gate: Gate, metrics: GuardMetrics, form: str = "proxy") -> None:
        self.sock, self.gate, self.metrics, self.form = sock, gate, metrics, form

    async def serve(self) -> None:
        """Serve until it is cancelled."""
        if self.sock is None:
            return
        loop = asyncio.get_running_loop()
        self.sock.setblocking(False)
        tasks: set[asyncio.Task[None]] = set()
        while True:
            try:
                sock, _ = await loop.sock_accept(self.sock)
            except (OSError, MemoryError):
                await asyncio.sleep(0.1)
            else:
                if len(tasks) >= _AT_ONCE:
                    sock.close()
                else:
                    task = asyncio.ensure_future(self._answer(Line(sock, loop)))
                    tasks.add(task)
                    task.add_done_callback(tasks.discard)

    async def _answer(self, line: Line) -> None:
        try:
            async with asyncio.timeout(_SECONDS):
                if head := await line.head():
                    status, kind, text = await self._page(read_request(head).target)
                    reason = {200: "OK", 404: "Not Found"}.get(status, "Service Unavailable")
                    body = text.encode()
                    lines = header_lines((("Content-Type", kind),))
                    await line.send(answer_head(status, reason, lines, len(body), close=True) + body)
        except (OSError, WireError):
            pass
        finally:
            line.close()

    async def _page(self, target: str) -> tuple[int, str, str]:
        if target == "/metrics":
            return 200, "text/plain; version=0.0.4; charset=utf-8", self.metrics.render()
        if target in {"/health", "/healthz"}:
            status = await self.status()
            words = "; ".join(filter(None, (status.engine, status.policy_error))) or "ok"
            return 200 if status.healthy else 503, "text/plain; charset=utf-8", f"{words}\n"
        if target == "/status":
            return 200, "application/json", msgspec.json.encode(await self.status()).decode()
        return 404, "text/plain; charset=utf-8", "/metrics, /health or /status\n"

    async def status(self) -> GuardStatus:
        """Look at everything."""
        gate, metrics = self.gate, self.metrics
        opened = gate.glass.current()
        return GuardStatus(
            __version__,
            os.getpid(),
            self.form,
            metrics.started,
            gate.facts.door.path,
            await self._engine(),
            gate.policy.path,
            gate.policy.error,
            gate.audit,
            tuple(caller.name for caller in gate.policy.current.policy.callers),
            None if opened is None else OpenStatus(opened.reason, opened.opened, opened.uid, round(opened.left)),
            metrics.connections,
            metrics.streams,
            metrics.total("requests_total", result="allowed"),
            metrics.total("requests_total", result="denied"),
            metrics.total("requests_total", result="audit") + metrics.total("requests_total", result="open"),
            metrics.total("errors_total"),
            metrics.dropped,
        )

    async def _engine(self) -> str:
        with suppress(EngineError):
            status, _ = await self.gate.facts.door.ask("/_ping")
            return "" if status == 200 else f"the engine answers {status}"
        return "the engine does not answer"
