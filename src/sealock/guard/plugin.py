"""The authorization plugin of an engine: the same decision, for sockets that cannot be moved.

It knows less than the proxy and can do less: no caller but the name in a client certificate, no changes, no body that
is no JSON. The engine waits without an end for a plugin that hangs, so each question has a deadline, and ends denied.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
import time
from base64 import b64decode
from contextlib import suppress
from typing import Any, Final

import msgspec
from msgspec import Struct

from sealock.errors import UNDECODABLE, decoding_fault
from sealock.guard.decision.decide import recognize
from sealock.guard.decision.exchange import LARGEST_BODY, Allowed, Caller, Denied, EngineRequest, GuardReason
from sealock.guard.denials import denial_message
from sealock.guard.forwarding import json_answer
from sealock.guard.gate import GateOutcome
from sealock.guard.http1 import WireError, read_request
from sealock.guard.log import LogEntry
from sealock.guard.records import record
from sealock.guard.served import ClientIdentity, GuardParts, ServedConnection
from sealock.guard.session import READ
from sealock.guard.sockets import Line

DEADLINE: Final = 9.0
"""Seconds for an answer, whatever happens."""
_BODY: Final = 24 << 20
"""Most bytes of a question: base64 of the engine's largest body, twice for an answer's."""
_MARK: Final = "X-Sealock-Guard"
_REFUSED: Final = "denied by sealock guard: the engine's question could not be read"


class AuthzRequest(Struct):
    """A question of the engine (https://docs.docker.com/engine/extend/plugins_authorization/)."""

    method: str = msgspec.field(name="RequestMethod")
    target: str = msgspec.field(name="RequestUri")
    user: str = msgspec.field(default="", name="User")
    headers: dict[str, str] | None = msgspec.field(default=None, name="RequestHeaders")
    body: str | None = msgspec.field(default=None, name="RequestBody")


class AuthzAnswer(Struct):
    """The plugin's answer."""

    allow: bool = msgspec.field(name="Allow")
    message: str = msgspec.field(default="", name="Msg")


class PluginMark:
    """A header by which the plugin knows its own questions to the engine again, which come back to it."""

    def __init__(self) -> None:
        self._secret = secrets.token_hex(32)

    @property
    def header(self) -> tuple[str, str]:
        """The header."""
        return _MARK, self._secret

    def is_own(self, asked: AuthzRequest) -> bool:
        """Whether the plugin sent this request itself; it sends nothing but GET."""
        value = (asked.headers or {}).get(_MARK, "")
        return asked.method == "GET" and hmac.compare_digest(value.encode(), self._secret.encode())


class PluginSession(ServedConnection):
    """A connection of the engine: questions one after the other."""

    def __init__(self, line: Line, identity: ClientIdentity, parts: GuardParts, mark: PluginMark) -> None:
        super().__init__(line, identity, parts)
        self.mark = mark
        self._unwritten: LogEntry | None = None
        """The line of the log for the question that is answered: the engine does not wait for it."""

    async def serve(self) -> None:
        """Serve the connection to its end."""
        try:
            while not self.ending and (self.line.buffer or await self._next()):
                self.idle, self.deadline = False, time.monotonic() + READ
                if not (head := await self.line.head()):
                    return
                request = read_request(head)
                body = await self.line.body(request.length, _BODY)
                self.deadline = 0.0
                value = await self._answer(request.target, body)
                try:
                    await self.line.send(json_answer(200, "OK", value, close=not request.keep_alive))
                finally:
                    self._write()
                if not request.keep_alive:
                    return
        except WireError as error:
            with suppress(OSError):
                await self.line.send(json_answer(error.status, "Bad Request", {"Err": str(error)}, close=True))
        except OSError:
            pass
        finally:
            self.line.close()

    async def _next(self) -> bool:
        """Wait for the engine's next question, without an end: it keeps its connection."""
        self.idle = True
        return await self.line.more()

    def _write(self) -> None:
        entry, self._unwritten = self._unwritten, None
        if entry is not None:
            self.parts.log.write(entry)

    async def _answer(self, target: str, body: bytes) -> Any:  # noqa: ANN401  what is encoded
        match target:
            case "/Plugin.Activate":
                return {"Implements": ["authz"]}
            case "/AuthZPlugin.AuthZReq":
                return await self._decided(body)
            case "/AuthZPlugin.AuthZRes":
                # The engine did it already: a denial here would hide the answer and undo nothing.
                return AuthzAnswer(allow=True)
            case _:
                return {"Err": "the plugin implements authz only"}

    async def _decided(self, body: bytes) -> AuthzAnswer:
        try:
            asked = msgspec.json.decode(body, type=AuthzRequest)
            if self.mark.is_own(asked):
                return AuthzAnswer(allow=True)
            headers = {name.lower(): value for name, value in (asked.headers or {}).items()}
            request = self._read(asked, headers)
        except UNDECODABLE as error:
            self.parts.metrics.count("errors_total", kind="client")
            return AuthzAnswer(allow=False, message=f"{_REFUSED}: {decoding_fault(error)}")
        started = time.perf_counter()
        caller = Caller(tls_name=asked.user)
        try:
            async with asyncio.timeout(DEADLINE):
                outcome = self._incomplete(headers, request) or await self.parts.gate.decide(request, caller)
        except TimeoutError:
            reason = GuardReason("G000", f"no decision within {DEADLINE:g} seconds")
            outcome = self.parts.gate.outcome(request, Denied((reason,)))
        return self._noted(request, caller, outcome, time.perf_counter() - started)

    def _read(self, asked: AuthzRequest, headers: dict[str, str]) -> EngineRequest:
        body = b64decode(asked.body or "", validate=True)
        if len(body) > LARGEST_BODY:
            message = f"the body is larger than {LARGEST_BODY} bytes"
            raise ValueError(message)
        route = recognize(asked.method, asked.target, self.parts.gate.policy.current)
        stream = route is not None and route.body == "stream"
        return EngineRequest(
            asked.method, asked.target, headers.get("content-type", ""), None if stream else body,
            headers.get("upgrade", ""),
        )  # fmt: skip

    def _incomplete(self, headers: dict[str, str], request: EngineRequest) -> GateOutcome | None:
        """A denial where the client sent a body that the engine did not pass on."""
        sent = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
        if request.body != b"" or not sent:
            return None
        why = "the request has a body, and the engine did not give it to the plugin"
        remedy = "send it as application/json, and less than the engine passes to plugins (1 MiB before Engine 29.3.1)"
        return self.parts.gate.outcome(request, Denied((GuardReason("G004", why, remedy),)))

    def _noted(self, request: EngineRequest, caller: Caller, outcome: GateOutcome, seconds: float) -> AuthzAnswer:
        entry = record(None, caller, request, outcome, seconds, "plugin")
        self.parts.metrics.request(outcome.result.caller, entry.route, entry.result, seconds)
        self._unwritten = entry
        if isinstance(outcome.result, Allowed) or outcome.opened is not None:
            return AuthzAnswer(allow=True)
        for reason in outcome.result.reasons:
            self.parts.metrics.count("denials_total", rule=reason.rule)
        return AuthzAnswer(allow=False, message=denial_message(outcome.result))
