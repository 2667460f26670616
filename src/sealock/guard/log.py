"""The guard's log: a line of JSON for each request, with secrets masked.

A reader of the log that stops reading stops no request: what does not fit into the queue is dropped and counted.
"""

from __future__ import annotations

import itertools
import os
import secrets
import stat
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qsl, quote

import msgspec
from msgspec import Struct

from sealock.errors import UNDECODABLE, UsageError, reason_of

MASK: Final = "***"
_QUEUE: Final = 10_000
"""Lines that wait to be written."""
_BATCH: Final = 0.05
"""Seconds between batches."""
_PIECE: Final = 64 << 10
"""Bytes of a batch."""
_BODY: Final = 64 << 10
"""Most bytes of a request's body in the log."""
DEEPEST: Final = 40
"""Levels of a body whose values the log shows."""
_VARIABLES: Final = frozenset({"env", "buildargs", "environment"})
"""Keys whose values are variables: their names stay."""
_SECRETS: Final = frozenset({
    "password", "auth", "identitytoken", "registrytoken", "data", "jointoken", "jointokens", "unlockkey",
    "signingcakey", "signingcacert", "secret", "token",
})  # fmt: skip
"""Keys whose values are masked whole, in lower case."""
_QUERY: Final = frozenset({"buildargs", "changes", "remote", "fromsrc", "secrets"})
"""Parameters of queries that may hold secrets."""
_NO_ADDRESS: Final = frozenset({"", "-", "client-session", "upload-request"})
"""What `remote` and `fromSrc` are where the engine fetches nothing: a decision asks for these words."""


_numbers: Final = itertools.count(secrets.randbits(32))


class LogCaller(Struct, frozen=True, omit_defaults=True):
    """Who sent the request, as the log shows it; `name` is the policy's."""

    name: str = ""
    uid: int | None = None
    gid: int | None = None
    pid: int | None = None
    groups: tuple[int, ...] = ()
    container: str = ""
    container_name: str = ""
    image: str = ""
    labels: dict[str, str] = {}
    tls_name: str = ""


class LogReason(Struct, frozen=True):
    """A rule that the request breaks, and why."""

    rule: str
    why: str


class LogEntry(Struct, frozen=True, omit_defaults=True):
    """One request. `result` is "allowed", "denied", "audit" (denied in earnest) or "open" (denied but for break-glass).

    `ms` is what the guard took to decide; `total_ms` until the answer's head. `body` is the masked JSON, `stream` is
    true for a body that was not read, or not whole; `unread` what of it nothing evaluated.
    """

    time: str
    id: str
    caller: LogCaller
    method: str
    target: str
    result: str
    form: str = "proxy"
    route: str = ""
    rules: tuple[str, ...] = ()
    reasons: tuple[LogReason, ...] = ()
    exempted: tuple[LogReason, ...] = ()
    changes: tuple[str, ...] = ()
    status: int = 0
    ms: float = 0.0
    total_ms: float = 0.0
    content_type: str = ""
    upgrade: str = ""
    stream: bool = False
    unread: str = ""
    body: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    paths: dict[str, str] = {}
    """Where paths of the host that the body names lead, where that is elsewhere."""
    open_reason: str = ""
    open_by: int | None = None
    error: str = ""


class LogEvent(Struct, frozen=True, omit_defaults=True):
    """Something other than a request: the guard started, read its policy again, was opened."""

    time: str
    event: str
    message: str
    uid: int | None = None


class GuardLog:
    """Writes the log to a file, or to standard error where the path is "".

    A regular file is written at once, so that nothing is lost with the process. A pipe or a terminal may block: what
    goes there is written by a thread, which gets it in batches.
    """

    def __init__(self, path: str = "") -> None:
        self.path = path
        self.dropped = 0
        """Lines that could not be written."""
        self._file = self._opened()
        self._direct = stat.S_ISREG(os.fstat(self._file).st_mode)
        self._lines: deque[bytes] = deque()
        self._ended = threading.Event()
        self._writer = threading.Thread(target=self._write_batches, name="guard-log", daemon=True)
        if not self._direct:
            self._writer.start()

    def _opened(self) -> int:
        if not self.path:
            return os.dup(sys.stderr.fileno())
        try:
            return os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOCTTY, 0o640)
        except OSError as error:
            message = f"the log {self.path} cannot be written: {reason_of(error)}"
            raise UsageError(message) from None

    def reopen(self) -> None:
        """Open the file again, which a rotation renamed; UsageError where that fails, and the old one stays."""
        new = self._opened()
        # The descriptor keeps its number, so that the thread never writes to a closed one.
        os.dup2(new, self._file, inheritable=False)
        os.close(new)

    def write(self, entry: LogEntry | LogEvent) -> None:
        """Write a line, or queue it."""
        line = msgspec.json.encode(entry) + b"\n"
        if self._direct:
            self._write(line)
        elif len(self._lines) >= _QUEUE:
            self.dropped += 1
        else:
            self._lines.append(line)

    def event(self, event: str, message: str, uid: int | None = None) -> None:
        """Queue a line on something other than a request."""
        self.write(LogEvent(now(), event, message, uid))

    def _write(self, data: bytes) -> None:
        written = 0
        try:
            while written < len(data):
                written += os.write(self._file, data[written:])
        except OSError:
            self.dropped += 1
            if self._direct and written:
                # On a full disk part of a line would make one line with the next, which no reader takes.
                with suppress(OSError):
                    os.ftruncate(self._file, os.fstat(self._file).st_size - written)

    def _write_batches(self) -> None:
        while not self._ended.wait(_BATCH) or self._lines:
            batch = bytearray()
            while self._lines and len(batch) < _PIECE:
                batch += self._lines.popleft()
            if batch:
                self._write(bytes(batch))

    def close(self, seconds: float = 2.0) -> None:
        """Write what is queued, and end; a reader that does not read is waited for as long."""
        self._ended.set()
        if not self._direct:
            self._writer.join(seconds)


def now() -> str:
    """The time of a line, UTC with milliseconds."""
    seconds, rest = divmod(time.time_ns(), 1_000_000_000)
    return f"{_second(seconds)}.{rest // 1_000_000:03d}+00:00"


@lru_cache(1)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def request_id() -> str:
    """A short name for a request, another for each of a process."""
    return f"{next(_numbers) & 0xFFFFFFFF:08x}"


def masked_body(body: bytes | None) -> msgspec.Raw | msgspec.UnsetType:
    """The body of a request as the log shows it: JSON without the values of variables and secrets."""
    if not body:
        return msgspec.UNSET
    if len(body) > _BODY:
        return msgspec.Raw(msgspec.json.encode(f"{len(body)} bytes"))
    try:
        return msgspec.Raw(msgspec.json.encode(_masked(msgspec.json.decode(body), 0)))
    except UNDECODABLE:
        return msgspec.Raw(msgspec.json.encode(f"{len(body)} bytes that are no JSON"))


def masked_target(target: str) -> str:
    """The target of a request as the log shows it: its query without build arguments, changes and addresses."""
    path, mark, query = target.partition("?")
    if not mark or ("%" not in query and not any(f"{name}=" in query.lower() for name in _QUERY)):
        return target
    pairs = parse_qsl(query, keep_blank_values=True)
    if not any(name.lower() in _QUERY for name, _ in pairs):
        return target
    shown = (
        f"{quote(name)}={quote(_masked_parameter(value) if name.lower() in _QUERY else value, safe='*{}[]:,')}"
        for name, value in pairs
    )
    return f"{path}?{'&'.join(shown)}"


def _masked_parameter(value: str) -> str:
    if value in _NO_ADDRESS:
        return value
    try:
        decoded = msgspec.json.decode(value)
    except UNDECODABLE:
        return MASK
    if isinstance(decoded, dict):
        return msgspec.json.encode(dict.fromkeys(decoded, MASK)).decode()
    return MASK


def _masked(value: Any, depth: int) -> Any:  # noqa: ANN401  any JSON
    if depth > DEEPEST:
        return MASK
    if isinstance(value, dict):
        return {key: _masked_item(key.lower(), item, depth) for key, item in value.items()}
    if isinstance(value, list):
        return [_masked(item, depth + 1) for item in value]
    return value


def _masked_item(key: str, value: Any, depth: int) -> Any:  # noqa: ANN401  any JSON
    if key in _VARIABLES:
        if isinstance(value, list):
            return [_masked_variable(item) for item in value]
        if isinstance(value, dict):
            return dict.fromkeys(value, MASK)
        return MASK if value else value
    if key in _SECRETS and value:
        return MASK
    return _masked(value, depth + 1)


def _masked_variable(item: Any) -> Any:  # noqa: ANN401  any JSON
    if not isinstance(item, str):
        return MASK
    name, equals, _ = item.partition("=")
    return f"{name}{equals}{MASK}" if equals else item
