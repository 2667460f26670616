"""The server of both forms: serves connections, reads the policy again, and stops without cutting streams."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final, TypeAlias

from msgspec import Struct

from sealock.guard.breakglass import BreakGlass
from sealock.guard.listeners import close_listener
from sealock.guard.peers import OUT_OF_DESCRIPTORS
from sealock.guard.served import ClientIdentity, GuardParts, ServedConnection
from sealock.guard.sockets import Line
from sealock.guard.statuspage import StatusPage
from sealock.guard.tls import terminate
from sealock.text import count

_LOOK: Final = 1.0
"""Seconds between looks at the policy, break-glass and the deadlines of connections."""
_BUSY: Final = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_SHORT: Final = 0.05
"""Seconds until what failed for want of memory or descriptors is tried again."""
_SPARED: Final = 16
"""Descriptors of the guard itself."""


MakeConnection: TypeAlias = Callable[[Line, ClientIdentity, GuardParts], ServedConnection]


class Listening(Struct, frozen=True):
    """A socket that the proxy listens on; `context` is for one that speaks TLS."""

    sock: socket.socket
    context: ssl.SSLContext | None = None


class GuardServer:
    """Serves connections: `make` makes of one what serves it.

    `leave_streams`: when it stops, a child process carries what still streams.
    """

    def __init__(
        self,
        listening: tuple[Listening, ...],
        make: MakeConnection,
        parts: GuardParts,
        status: StatusPage,
        *,
        leave_streams: bool = False,
    ) -> None:
        self.listening, self.parts, self.status, self.leave_streams = listening, parts, status, leave_streams
        self._make = make
        self.sessions: set[ServedConnection] = set()
        self._stopping = asyncio.Event()
        self._ended = asyncio.Event()
        self._reserve = _reserved()
        self._opened: BreakGlass | None = None

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT; a second ends the streams too. SIGHUP reads the policy and opens the log."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        loop.add_signal_handler(signal.SIGHUP, self._reload)
        self.parts.log.event("started", f"the guard is in front of {self.parts.gate.facts.door.path}")
        if error := self.parts.gate.policy.error:
            self.parts.log.event("policy-refused", f"{error}; all is denied")
        tasks = [asyncio.ensure_future(self._accept(listening)) for listening in self.listening]
        tasks.append(asyncio.ensure_future(self._keep_house()))
        if self.status.sock is not None:
            tasks.append(asyncio.ensure_future(self.status.serve()))
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            # A guard that lost one of these would be stuck: it ends, so that it can be started again.
            await asyncio.wait({stopping, *tasks}, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done():
                    task.result()
        finally:
            stopping.cancel()
            for task in tasks:
                task.cancel()
            await asyncio.gather(stopping, *tasks, return_exceptions=True)
        for sock in (*(listening.sock for listening in self.listening), self.status.sock):
            if sock is not None:
                close_listener(sock)
        await self._drained()

    def _stop(self) -> None:
        (self._ended if self._stopping.is_set() else self._stopping).set()

    def _reload(self) -> None:
        self.parts.gate.policy.look(force=True)
        try:
            self.parts.log.reopen()
        except Exception as error:  # noqa: BLE001  the log of before stays
            self.parts.log.event("log-refused", str(error))

    async def _accept(self, listening: Listening) -> None:
        loop = asyncio.get_running_loop()
        listening.sock.setblocking(False)
        while True:
            try:
                sock, _ = await loop.sock_accept(listening.sock)
            except OSError as error:
                if error.errno in OUT_OF_DESCRIPTORS:  # else the client left already
                    self.parts.metrics.count("errors_total", kind="descriptors")
                    await self._make_room(listening.sock)
            except MemoryError:
                self.parts.metrics.count("errors_total", kind="memory")
                await asyncio.sleep(_SHORT)
            else:
                with suppress(MemoryError):  # else the client finds its connection closed
                    task = asyncio.ensure_future(self._serve(sock, listening.context))
                    task.add_done_callback(self._finished)
                del sock

    async def _make_room(self, listener: socket.socket) -> None:
        """Out of descriptors: close connections that wait for nothing, or else refuse a client."""
        if self._close_idle():
            # Their tasks close them.
            await asyncio.sleep(0.01)
            return
        if self._reserve >= 0:
            os.close(self._reserve)
        with suppress(OSError):
            sock, _ = listener.accept()
            with sock:
                sock.setblocking(False)
                with suppress(OSError):
                    sock.send(_BUSY)
        self._reserve = _reserved()
        await asyncio.sleep(_SHORT)

    def _close_idle(self) -> bool:
        """Close the half of the idle connections that has been so for longest; returns whether there is any."""
        # A request that has arrived, and that no task has read yet, is no idle connection.
        waiting = (session for session in self.sessions if session.idle and session.line.is_silent())
        idle = sorted(waiting, key=lambda session: session.deadline)
        for session in idle[: (len(idle) + 1) // 2]:
            session.expire()
        return bool(idle)

    async def _serve(self, sock: socket.socket, context: ssl.SSLContext | None) -> None:
        loop = asyncio.get_running_loop()
        try:
            if len(self.sessions) > count_connections() and self._close_idle():
                self.parts.metrics.count("errors_total", kind="descriptors")
                await asyncio.sleep(0.01)
            if context is None:
                identity = ClientIdentity()
            else:
                sock, name = await terminate(sock, context)
                identity = ClientIdentity(name)
        except OSError:  # a client that left, a handshake that failed, or no descriptors at all
            sock.close()
            return
        session = self._make(Line(sock, loop), identity, self.parts)
        session.task = asyncio.current_task()
        self.sessions.add(session)
        self.parts.metrics.connections = len(self.sessions)
        try:
            await session.serve()
        finally:
            self.sessions.discard(session)
            self.parts.metrics.connections = len(self.sessions)
            sock.close()

    def _finished(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or task.exception() is None:
            return
        # A fault of the guard ends this connection only; what it had not decided was not forwarded.
        self.parts.metrics.count("errors_total", kind="internal")
        self.parts.log.event("fault", repr(task.exception()))

    async def _keep_house(self) -> None:
        while True:
            await asyncio.sleep(_LOOK)
            try:
                self._look()
            except Exception as error:  # noqa: BLE001  it looks again
                self.parts.metrics.count("errors_total", kind="internal")
                self.parts.log.event("fault", repr(error))

    def _look(self) -> None:
        gate, metrics, log = self.parts.gate, self.parts.metrics, self.parts.log
        gate.policy.look()
        self._look_at_glass()
        metrics.policy_valid = not gate.policy.error
        metrics.dropped = log.dropped
        metrics.streams = sum(session.streaming for session in self.sessions)
        late = time.monotonic()
        for session in list(self.sessions):
            if 0 < session.deadline < late:
                session.expire()
            else:
                session.line.look()

    def _look_at_glass(self) -> None:
        opened = self.parts.gate.glass.current()
        self.parts.metrics.open_left = opened.left if opened is not None else 0.0
        if opened != self._opened:
            if opened is not None:
                words = f"the guard lets all pass until {opened.left:.0f} s from now: {opened.reason}"
                self.parts.log.event("opened", words, opened.uid)
            else:
                self.parts.log.event("closed", "the guard denies again")
            self._opened = opened

    async def _drained(self) -> None:
        """End the sessions that wait, let requests finish, and leave streams to a child or wait for them."""
        for session in list(self.sessions):
            session.ending = True
            if session.idle:
                session.expire()
        log, loop = self.parts.log, asyncio.get_running_loop()
        if self.leave_streams:
            await self._wait(lambda: all(session.streaming for session in self.sessions))
            if self.sessions and not self._ended.is_set():
                log.event("stopping", f"leaves {count(len(self.sessions), 'stream')} to a process of its own")
                log.close()
                self.parts.gate.facts.close()
                if os.fork():
                    os._exit(0)  # the parent must not close what the child goes on with
                # The event loop of this thread goes on in the child, which asyncio takes for another's by its pid.
                asyncio._set_running_loop(loop)  # noqa: SLF001  it has no other name
                os.setsid()
        elif self.sessions:
            log.event(
                "stopping", f"waits for {count(len(self.sessions), 'connection')} to end; a second signal stops now"
            )
        await self._wait(lambda: not self.sessions)
        for session in list(self.sessions):
            session.expire()
        await asyncio.sleep(0)
        if not self.leave_streams:
            log.event("stopped", "the guard stopped")

    async def _wait(self, ready: Callable[[], bool]) -> None:
        while not self._ended.is_set() and not ready():
            with suppress(TimeoutError):
                async with asyncio.timeout(0.1):
                    await self._ended.wait()


def raise_descriptors() -> int:
    """Allow this process as many descriptors as it may have; returns how many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        return hard
    return soft


def count_connections() -> int:
    """How many connections this process can serve at once."""
    # A request takes descriptors too: to the engine, to read of its caller, and for a stream's pipes.
    return (resource.getrlimit(resource.RLIMIT_NOFILE)[0] - _SPARED) // 2


def _reserved() -> int:
    """A descriptor that is kept, so that a client can be refused when there is no other left; -1 for none."""
    try:
        return os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return -1
