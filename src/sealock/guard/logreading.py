"""Reads the guard's log, or one request written as a line of it: requests, with who sent them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

from sealock.errors import TargetError
from sealock.guard.decision.exchange import Caller, CallingContainer, EngineRequest
from sealock.guard.decision.requestbodies import BodyError, parse_strictly
from sealock.guard.log import LogCaller, LogEntry

_LONGEST = 1 << 20
"""The most bytes of a line."""


class LoggedRequest(Struct, frozen=True):
    """A line of the log: the request, its body as JSON (None for no body, or one that the log does not hold)."""

    entry: LogEntry
    caller: Caller
    request: EngineRequest
    body: Any = None
    lost: bool = False
    """Whether the log does not hold the body."""


def read_log(lines: Iterator[bytes], name: str) -> Iterator[LoggedRequest]:
    """The requests of a log; lines on other events are left out. TargetError for a line that is neither."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            if len(line) > _LONGEST:
                raise ValueError  # noqa: TRY301  one message for every fault
            value = parse_strictly(line)
            entry = dict(value)
            if "method" in entry or "event" not in entry:
                yield _request(entry)
        except (BodyError, ValueError, TypeError):
            message = f"{name}:{number}: this is no line of the guard's log"
            raise TargetError(message) from None


def read_request(text: bytes, name: str) -> LoggedRequest:
    """One request: an object with method, target and body, or the body of `POST /containers/create` itself."""
    try:
        value = parse_strictly(text)
    except BodyError as error:
        message = f"{name}: {error.why}"
        raise TargetError(message) from None
    if isinstance(value, dict) and not {"method", "target"} & set(value):
        value = {"method": "POST", "target": "/containers/create", "body": value}
    try:
        given = dict(value)
        content = {"content_type": "application/json"} if given.get("body") is not None else {}
        whole = {"time": "", "id": "", "caller": {}, "result": "", "method": "GET"} | content | given
        return _request(whole)
    except (ValueError, TypeError) as error:  # msgspec's own errors are ValueErrors
        message = f"{name}: this is no request: {error}; write an object with method, target and body"
        raise TargetError(message) from None


def _request(value: dict[str, Any]) -> LoggedRequest:
    body = value.pop("body", None)
    entry = msgspec.convert(value, LogEntry)
    lost = isinstance(body, str)
    raw = b"" if body is None else msgspec.json.encode(body)
    request = EngineRequest(
        entry.method, entry.target, entry.content_type, None if entry.stream else raw, entry.upgrade
    )
    return LoggedRequest(entry, caller_of(entry.caller), request, None if lost else body, lost)


def caller_of(logged: LogCaller) -> Caller:
    """Who sent a request, as the log holds it."""
    inside = None
    if logged.container:
        inside = CallingContainer(logged.container, logged.container_name, logged.image, logged.labels)
    return Caller(logged.uid, logged.gid, logged.groups, logged.pid, inside, logged.tls_name)
