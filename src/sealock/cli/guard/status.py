"""`sealock guard status`."""

from __future__ import annotations

import socket
import time
from argparse import ArgumentParser, Namespace
from typing import Final

import msgspec

from sealock.cli.output import print_output
from sealock.errors import UNDECODABLE, TargetError, reason_of
from sealock.guard.running import STATUS
from sealock.guard.statuspage import GuardStatus
from sealock.text import count, line

_LARGEST: Final = 1 << 20
_SECONDS: Final = 15.0


def configure(parser: ArgumentParser, _verb: str) -> None:
    """Add the options."""
    text = f"the guard's own socket, as the guard has it (default: {STATUS})"
    parser.add_argument("--status", "--socket", dest="socket", default=STATUS, metavar="SOCK", help=text)
    parser.add_argument("--format", choices=("terminal", "json"), default="terminal", help="output format")


def run(arguments: Namespace) -> int:
    """Print the status: 0 where all is well, 1 where the guard is open, audits, or is not healthy."""
    body = _asked(arguments.socket)
    try:
        status = msgspec.json.decode(body, type=GuardStatus)
    except UNDECODABLE:
        message = f"what listens on {arguments.socket} does not answer like a guard"
        raise TargetError(message) from None
    if arguments.format == "json":
        print_output(body.decode() + "\n", None, exact=True)
    else:
        print_output("".join(f"{row}\n" for row in _rows(status)), None)
    return 0 if status.healthy and status.open is None and not status.audit else 1


def _asked(path: str) -> bytes:
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(_SECONDS)
            sock.connect(path)
            sock.sendall(b"GET /status HTTP/1.1\r\nHost: guard\r\nConnection: close\r\n\r\n")
            answer = b""
            while len(answer) < _LARGEST and (data := sock.recv(65536)):
                answer += data
    except OSError as error:
        message = f"no guard answers on {path}: {reason_of(error)}; is it running, with this --status?"
        raise TargetError(message) from None
    return answer.partition(b"\r\n\r\n")[2]


def _rows(status: GuardStatus) -> list[str]:
    minutes = max(0, round((time.time() - status.started) / 60))
    since = "less than a minute"
    if minutes:
        since = count(minutes, "minute") if minutes < 120 else count(minutes // 60, "hour")
    rows = [
        f"Guard    {status.form}, sealock {status.version}, process {status.pid}, for {since}",
        f"Engine   {line(status.engine_socket)}: {status.engine or 'answers'}",
        f"Policy   {line(status.policy)}: {count(len(status.callers), 'caller')}",
    ]
    if status.policy_error:
        stays = "the policy of before stays in use" if status.callers else "all is denied"
        message = status.policy_error.removeprefix(f"{status.policy}: ")
        rows += [f"         the file is not valid, and {stays}:", f"           {line(message)}"]
    if status.audit:
        rows.append("Mode     audit: nothing is denied, and what would be is logged")
    if status.open is not None:
        rows.append(
            f"OPEN     for {count(status.open.left, 'second')} more, since {status.open.opened}, by uid "
            f"{status.open.uid}: {line(status.open.reason)}"
        )
    rows.append(
        f"Requests {status.allowed} allowed, {status.denied} denied, {status.would_deny} let pass that would be denied"
    )
    rows.append(f"Clients  {count(status.connections, 'connection')}, {count(status.streams, 'stream')}")
    if status.errors or status.log_dropped:
        rows.append(f"Faults   {count(status.errors, 'error')}, {count(status.log_dropped, 'line')} of the log lost")
    return rows
