"""One client's connection: its requests one after the other, each decided before the engine hears of it."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec.structs import replace

from sealock.errors import UNDECODABLE, EngineError, reason_of
from sealock.guard.afterwards import still_holds
from sealock.guard.archives import LARGEST, Spool, read_archive
from sealock.guard.archives import READ as READ_ARCHIVE
from sealock.guard.callers import UnknownCallerError
from sealock.guard.decision.decide import deny, recognize
from sealock.guard.decision.exchange import (
    LARGEST_BODY,
    Allowed,
    Answer,
    ArchiveAnswer,
    ArchiveQuestion,
    Caller,
    Denied,
    EngineRequest,
    GuardReason,
    NoAnswer,
)
from sealock.guard.decision.ownership import filter_answer
from sealock.guard.denials import denial_message
from sealock.guard.forwarding import ClientGoneError, Forward, Forwarder, WholeAnswer, drain, json_answer
from sealock.guard.gate import GateOutcome
from sealock.guard.http1 import RequestHead, WireError, answer_head, header_lines, read_request
from sealock.guard.log import LogEntry
from sealock.guard.peers import peer
from sealock.guard.records import record
from sealock.guard.repeatedrequests import DecidedRequest
from sealock.guard.served import ClientIdentity, GuardParts, ServedConnection
from sealock.guard.sockets import Line
from sealock.text import format_size

if TYPE_CHECKING:
    from sealock.guard.decision.prepared import Guard
    from sealock.guard.decision.routes import ApiRoute
    from sealock.policy.guard import GuardCaller

IDLE: Final = 900.0
"""Seconds that a connection may wait for its next request."""
READ: Final = 30.0
"""Seconds for the head of a request, and again for a body that is evaluated."""
_CHANGED: Final = 1000
"""Most characters of the header that names the changes."""
_MOUNTS: Final = frozenset({
    "POST /containers/create", "POST /containers/{id}/start", "POST /containers/{id}/restart",
})  # fmt: skip
"""Routes by which the engine looks up the paths that a container mounts."""
_CREATES: Final = frozenset({"POST /containers/create", "POST /services/create", "POST /services/{id}/update"})
"""Routes whose answers have the field Warnings."""


class Session(ServedConnection):
    """A client's connection to the engine."""

    def __init__(self, line: Line, identity: ClientIdentity, parts: GuardParts) -> None:
        super().__init__(line, identity, parts)
        self.forwarder = Forwarder(line, parts.gate.facts.door)
        self._bodiless = False
        """Whether the answer to the request has a head only."""
        self._counted_as = ""
        """The caller that the connection is counted for, "" before it is."""
        self._turn: asyncio.Lock | None = None
        self._kept: Spool | None = None
        """What was kept of the request's stream, to be evaluated."""

    @property
    def streaming(self) -> bool:
        """Whether it carries a stream, which may last."""
        return self.forwarder.streaming

    async def serve(self) -> None:
        """Serve the connection to its end."""
        try:
            while not self.ending:
                self.idle, self.deadline = True, time.monotonic() + IDLE
                if not self.line.buffer and not await self.line.more():
                    return
                self.idle, self.deadline = False, time.monotonic() + READ
                if not await self._request():
                    return
        except WireError as error:
            self.parts.metrics.count("errors_total", kind="client")
            self.parts.log.event("refused", f"{error} ({self._who()})")
            await self._answer(error.status, str(error), drained=True)
        except (OSError, ClientGoneError):
            pass
        finally:
            self.line.close()
            if self._counted_as:
                self.parts.limits.leave(self._counted_as)

    def expire(self) -> None:
        """End the connection; a client that sends its request too slowly reads why."""
        if not self.idle and 0 < self.deadline < time.monotonic():
            why = f"no whole request within {READ:g} seconds"
            self.parts.metrics.count("errors_total", kind="client")
            self.parts.log.event("refused", f"{why} ({self._who()})")
            with suppress(OSError):
                self.line.sock.send(json_answer(408, "Request Timeout", {"message": why}, close=True))
        super().expire()

    def _who(self) -> str:
        identity = self.identity
        if identity.tls_name is not None:
            return f"certificate {identity.tls_name}"
        if identity.peer is None:
            with suppress(OSError):
                identity.peer = peer(self.line.sock)
        return (
            f"uid {identity.peer.uid}, pid {identity.peer.pid}" if identity.peer is not None else "an unknown process"
        )

    async def _request(self) -> bool:
        """Serve one request; returns whether the connection can take another."""
        try:
            return await self._served()
        finally:
            turn, self._turn = self._turn, None
            if turn is not None:
                turn.release()
            kept, self._kept = self._kept, None
            if kept is not None:
                kept.close()

    async def _served(self) -> bool:
        head = await self.line.head()
        if not head:
            return False
        started = time.perf_counter()
        guard = self.parts.gate.policy.current
        # The first request of a connection is decided, since with it the connection is counted.
        caller = self.identity.caller if self._counted_as else None
        decided = self.parts.repeated.find(head, caller, guard)
        request = decided.head if decided is not None else read_request(head)
        self._bodiless = request.method == "HEAD"
        route = decided.forward.route if decided is not None else recognize(request.method, request.target, guard)
        body = decided.read.body if decided is not None else await self._body(request, route)
        self.deadline = 0.0
        if decided is None:
            decided, caller = await self._decided(head, request, route, body, guard)
        return await self._carried_out(decided, caller, started)

    async def _decided(
        self, head: bytes, request: RequestHead, route: ApiRoute | None, body: bytes | None, guard: Guard
    ) -> tuple[DecidedRequest, Caller | None]:
        """Decide a request that was read; and who sends it, None for one that is not known."""
        read = EngineRequest(request.method, request.target, request.content_type, body, request.upgrade)
        caller: Caller | None = None
        try:
            caller = self.identity.caller or await self._caller()
            gate, limited = self.parts.gate, await self._held_back(read, caller, route)
            archive = partial(self._archive, request) if body is None else None
            outcome = gate.outcome(read, limited) if limited is not None else await gate.decide(read, caller, archive)
        except UnknownCallerError as error:
            reason = GuardReason("G001", str(error), "see docs/guide/guard.md")
            outcome = self.parts.gate.outcome(read, Denied((reason,), route))
        result = outcome.result
        forward = (
            Forward(result.route, result.target, result.body, self._kept)
            if isinstance(result, Allowed)
            else Forward(route, request.target, body, self._kept)
        )
        decided = DecidedRequest(request, read, outcome, forward)
        if caller is not None:
            self.parts.repeated.keep(head, caller, guard, decided)
        return decided, caller

    async def _carried_out(self, of: DecidedRequest, caller: Caller | None, started: float) -> bool:
        """Deny a request, or pass it on, with its line in the log; `started` is when its head was read."""
        request, read, outcome = of.head, of.read, of.outcome
        decided = time.perf_counter() - started
        result = outcome.result

        entries: list[LogEntry] = []

        def entry() -> LogEntry:
            if not entries:
                made = record(self.identity, caller, read, outcome, decided)
                self.parts.metrics.request(result.caller, made.route, made.result, decided)
                entries.append(made)
            return entries[0]

        statuses: list[int] = []

        def written(status: int, error: str = "") -> None:
            statuses.append(status)
            total = round((time.perf_counter() - started) * 1000, 3)
            self.parts.log.write(replace(entry(), status=status, total_ms=total, error=error or entry().error))

        if isinstance(result, Denied) and outcome.opened is None:
            for reason in result.reasons:
                self.parts.metrics.count("denials_total", rule=reason.rule)
            status = 429 if result.reasons[0].rule == "G429" else 503 if outcome.error else 403
            written(status)
            unread = read.body is None and request.length != 0 and not (self._kept is not None and self._kept.complete)
            await self._answer(status, denial_message(result), drained=unread, close=not request.keep_alive)
            return request.keep_alive and not unread
        # The line of the log is made while the engine works, where that takes longer than to answer a question.
        self.forwarder.sent = entry if read.body else object
        try:
            return await self._forwarded(request, of.forward, outcome, written)
        except EngineError as error:
            self.parts.metrics.count("errors_total", kind="engine")
            written(502, str(error))
            await self._answer(502, f"sealock guard: {error}", drained=True)
            return False
        finally:
            # A client that leaves before the answer does not keep its request out of the log.
            if not statuses:
                written(0, "the connection ended before the answer")

    async def _body(self, request: RequestHead, route: ApiRoute | None) -> bytes | None:
        """The body, whole; None for one that stays unread, since the route takes a stream or is denied anyway."""
        if request.length == 0 and not (route is not None and route.body == "stream"):
            return b""
        if route is None or route.body == "stream":
            return None
        if request.continues:
            await self.line.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        return await self.line.body(request.length, LARGEST_BODY)

    async def _archive(self, request: RequestHead, question: ArchiveQuestion, caller: str) -> Answer:
        """Keep the stream of a request, and read of it what a decision asks; see `archives`."""
        if request.continues:
            await self.line.send(b"HTTP/1.1 100 Continue\r\n\r\n")

        def alive() -> None:
            self.deadline = time.monotonic() + READ

        async with self.parts.archives.of(caller):
            alive()
            try:
                self._kept = kept = Spool()
                await kept.fill(self.line, request.length, LARGEST, alive)
            except OSError as error:
                # What was taken off the connection cannot be given to the engine: this ends it, in audit mode too.
                message = f"the archive cannot be kept on the guard's disk: {reason_of(error)}"
                raise WireError(message, 507) from error
            finally:
                self.deadline = 0.0
            if not kept.complete:
                why = f"it is larger than {format_size(LARGEST)}"
                return ArchiveAnswer(wrong=why, remedy='let it pass unread: add "G016" to accept of this caller')
            try:
                async with asyncio.timeout(READ_ARCHIVE):
                    return await asyncio.to_thread(read_archive, kept.file.fileno(), question)
            except TimeoutError:
                return NoAnswer(f"the archive could not be read within {READ_ARCHIVE:g} seconds", "send a smaller one")

    async def _caller(self) -> Caller:
        identity = self.identity
        if identity.tls_name is not None:
            identity.caller = Caller(tls_name=identity.tls_name)
            return identity.caller
        if identity.peer is None:
            identity.peer = peer(self.line.sock)
        caller = await self.parts.callers.identify(identity.peer)
        if caller.container is None:  # else its container may get another name
            identity.caller = caller
        return caller

    async def _held_back(
        self, request: EngineRequest, caller: Caller, route: ApiRoute | None
    ) -> Allowed | Denied | None:
        """What is decided where the caller's limits hold a request back, or None once it may go on."""
        setting = self.parts.gate.policy.current.setting(caller)
        if setting is None:
            return None
        limits = self.parts.limits
        reason = limits.admit(caller, setting) if not self._counted_as else None
        if reason is None:
            self._counted_as = self._counted_as or caller.counted_as
            reason = limits.hold_back(caller, setting) or await self._waited(setting, route)
        return deny(request, setting, route, (reason,)) if reason is not None else None

    async def _waited(self, setting: GuardCaller, route: ApiRoute | None) -> GuardReason | None:
        """Take the turn of a caller whose containers are counted; a reason to deny where another create lasts."""
        if not setting.containers or route is None or route.name != "POST /containers/create":
            return None
        try:
            self._turn = await self.parts.limits.turn(setting.name)
        except TimeoutError:
            why = f"another create of {setting.name} lasts, so that its containers cannot be counted"
            return GuardReason("G011", why, "try again later")
        return None

    async def _forwarded(self, request: RequestHead, forward: Forward, outcome: GateOutcome, written: Any) -> bool:  # noqa: ANN401  a function with a default
        result = outcome.result
        name = forward.route.name if forward.route is not None else ""
        changes = result.changes if isinstance(result, Allowed) else ()
        rule = result.answer_filter if isinstance(result, Allowed) else None
        checked = name in _MOUNTS and outcome.paths
        if not (checked or rule is not None or (changes and name in _CREATES)):
            self.forwarder.answered = written
            if changes:
                return await self._passed_with(request, forward, changes)
            return (await self.forwarder.pass_on(request, forward)).keep_alive
        facts = self.parts.gate.facts
        try:
            answer = await self.forwarder.ask(request, forward, outlasts=bool(checked))
        except EngineError as error:
            # An engine that broke off may have started it.
            if checked and (why := await still_holds(facts, forward, b"", outcome.paths)):
                message = f"{error}; {why}"
                raise EngineError(message) from error
            raise
        if checked and answer.head.status < 300 and isinstance(result, Allowed):
            why = await still_holds(facts, forward, answer.body, outcome.paths)
            if why:
                written(403, why)
                await self._answer(403, f"sealock guard: {why}", close=not request.keep_alive)
                return request.keep_alive
        if rule is not None and answer.head.status == 200:
            answer.body = _filtered(answer.body, name, rule)
        if changes and name in _CREATES and answer.head.status in {200, 201}:
            answer.body = _with_warnings(answer.body, changes)
        try:
            await self._send_whole(answer, changes, close=not request.keep_alive)
        finally:
            written(answer.head.status)
        return request.keep_alive

    async def _passed_with(self, request: RequestHead, forward: Forward, changes: tuple[str, ...]) -> bool:
        """Pass on an answer that has no room for warnings: a header names the changes."""
        self.forwarder.more = _changed_header(changes)
        try:
            return (await self.forwarder.pass_on(request, forward)).keep_alive
        finally:
            self.forwarder.more = ""

    async def _send_whole(self, answer: WholeAnswer, changes: tuple[str, ...], *, close: bool) -> None:
        head = answer.head
        start = answer_head(
            head.status, head.reason, head.lines + _changed_header(changes), len(answer.body), close=close
        )
        await self.line.send(start + answer.body)

    async def _answer(self, status: int, message: str, *, drained: bool = False, close: bool = False) -> None:
        """Answer for the guard itself, as an engine answers an error."""
        reason = {403: "Forbidden", 429: "Too Many Requests", 502: "Bad Gateway", 503: "Service Unavailable",
                  507: "Insufficient Storage"}  # fmt: skip
        words = reason.get(status, "Bad Request")
        with suppress(OSError):
            answer = json_answer(status, words, {"message": message}, close=close or drained)
            await self.line.send(answer.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if self._bodiless else answer)
            if drained:
                await drain(self.line)


def _changed_header(changes: tuple[str, ...]) -> str:
    """The line of a head that names the changes, "" for none."""
    if not changes:
        return ""
    text = "; ".join(changes).encode("ascii", "backslashreplace").decode()
    if not text.isprintable():
        text = "".join(sign for sign in text if sign.isprintable())
    return header_lines((("Sealock-Changed", text[:_CHANGED]),))


def _with_warnings(body: bytes, changes: tuple[str, ...]) -> bytes:
    """The answer of a create with the guard's changes among its warnings, which clients print."""
    value = _decoded(body)
    if isinstance(value, dict):
        warnings = value.get("Warnings")
        made = [f"sealock guard: {change}" for change in changes]
        value["Warnings"] = [*(warnings if isinstance(warnings, list) else ()), *made]
    return msgspec.json.encode(value) + b"\n"


def _filtered(body: bytes, name: str, rule: Any) -> bytes:  # noqa: ANN401  what filter_answer takes
    return msgspec.json.encode(filter_answer(name, _decoded(body), rule)) + b"\n"


def _decoded(body: bytes) -> Any:  # noqa: ANN401  any JSON
    try:
        return msgspec.json.decode(body)
    except UNDECODABLE:
        message = "the engine's answer is no JSON"
        raise EngineError(message) from None
