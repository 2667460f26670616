"""Readers of what others send: reports of hosts, notifications, events of engines and kernels, heads of HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final

from sealock.errors import TargetError, UsageError
from sealock.formats.engine import read_info, read_network, read_networks
from sealock.guard.decision import targets
from sealock.guard.http1 import WireError, read_answer, read_request
from sealock.guard.logreading import read_log
from sealock.guard.logreading import read_request as read_logged
from sealock.runtime.watch.auditlog import read_record
from sealock.runtime.watch.described import read_description
from sealock.runtime.watch.lifecycle import read_event
from sealock.service.access.tokens import parse_scope
from sealock.service.listening import parse_listener
from sealock.service.state.reports import parse_report
from sealock.service.work.notifications import parse_notification
from sealock.service.work.requests import parse_request
from support.sweeps import rows

_OF_SERVICE: Final[dict[str, Callable[[str], object]]] = {
    "scan": parse_request,
    "listen": parse_listener,
    "scope": lambda text: parse_scope(text.split()),
}


def engines(text: str) -> list[str]:
    """What an engine says of itself and of its networks."""
    table = json.loads(text)
    info, version, network = (json.dumps(table.get(name)) for name in ("info", "version", "network"))
    read = {
        "info": read_info(info, version),
        "networks": read_networks(f"[{network}]"),
        "network": read_network(network),
    }
    return [line for name, value in read.items() for line in rows(value, name)]


def reports(text: str) -> list[str]:
    """A report of a host."""
    return list(rows(parse_report(text.encode())))


def notifications(text: str) -> list[str]:
    """A notification of a registry, with and without the name by which it is reached."""
    return [
        line for host in ("", "r.example:5000") for line in rows(parse_notification(text.encode(), host), host or "it")
    ]


def service_words(text: str) -> list[str]:
    """A line of words of the service's command line and API."""
    kind, _, words = text.strip().partition(" ")
    read = _OF_SERVICE.get(kind)
    if read is None:
        return ["nothing"]
    try:
        return list(rows(read(words)))
    except (UsageError, TargetError) as error:
        return [f"refused: {error}"]


def descriptions(text: str) -> list[str]:
    """What an engine's client describes of a container that is watched."""
    return list(rows(read_description(json.loads(text))))


def events(text: str) -> list[str]:
    """An event of an engine."""
    return list(rows(read_event(text.encode())))


def audit_records(text: str) -> list[str]:
    """A record of the kernel's audit."""
    return list(rows(read_record(text.strip().encode())))


def heads(text: str) -> list[str]:
    """The head of a request or of an answer to one."""
    head = text.strip().replace("\n", "\r\n").encode() + b"\r\n\r\n"
    try:
        return list(rows(read_answer(head, "GET") if text.startswith("HTTP") else read_request(head)))
    except WireError as error:
        return [f"refused: {error}"]


def logged_requests(text: str) -> list[str]:
    """A line of the guard's log, and the same as a request that is to be explained."""
    lines: list[str] = []
    for name, read in (("log", lambda raw: tuple(read_log(iter([raw]), "it"))), ("request", lambda raw: read_logged(raw, "it"))):  # fmt: skip
        try:
            lines += rows(read(text.encode()), name)
        except TargetError as error:
            lines.append(f"{name} refused: {error}")
    return lines


def guarded_targets(text: str) -> list[str]:
    """The path of a request."""
    method, _, target = text.strip().partition(" ")
    try:
        return list(rows(targets.read_target(method, target)))
    except targets.TargetError as error:
        return [f"refused: {error}"]
