"""Puts the parts of a guard together, and runs it."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
from typing import Final

from msgspec import Struct

from sealock.errors import UsageError
from sealock.guard.archives import ArchiveSlots
from sealock.guard.breakglass import DIRECTORY, GlassWatch
from sealock.guard.callers import Callers, RequestLimits
from sealock.guard.enginedoor import EngineDoor
from sealock.guard.facts import Facts
from sealock.guard.gate import Gate
from sealock.guard.imageevidence import StoredEvidence
from sealock.guard.imagewatch import ImageWatch
from sealock.guard.listeners import SocketAccess, become, listen, listen_tcp, passed
from sealock.guard.livepolicy import LivePolicy
from sealock.guard.log import GuardLog
from sealock.guard.metrics import GuardMetrics
from sealock.guard.plugin import PluginMark, PluginSession
from sealock.guard.repeatedrequests import RepeatedRequests
from sealock.guard.served import ClientIdentity, GuardParts, ServedConnection
from sealock.guard.server import GuardServer, Listening, MakeConnection, count_connections, raise_descriptors
from sealock.guard.session import Session
from sealock.guard.sockets import Line
from sealock.guard.statuspage import StatusPage
from sealock.guard.tls import tls_context
from sealock.text import read_number

ENGINE: Final = "/run/docker.sock"
SOCKET: Final = "/run/sealock/docker.sock"
PLUGIN: Final = "/run/docker/plugins/sealock.sock"
STATUS: Final = "/run/sealock/guard.sock"
_COLLECTED: Final = 20_000
"""Objects that are made before the collector looks for cycles: it takes longer than a decision."""


class TlsFiles(Struct, frozen=True):
    """The files of a server that speaks TLS: its certificate and key, and the authority of its clients."""

    certificate: str
    key: str
    authority: str


class GuardOptions(Struct, frozen=True):
    """How a guard runs: `listen` are paths, or tcp://HOST:PORT; "" turns `status` and `user` off."""

    form: str
    listen: tuple[str, ...]
    policy: str
    engine: str = ENGINE
    access: SocketAccess = SocketAccess()
    status: str = STATUS
    user: str = ""
    log: str = ""
    state: str = DIRECTORY
    audit: bool = False
    leave_streams: bool = False
    tls: TlsFiles | None = None


def run_guard(options: GuardOptions) -> None:
    """Run a guard until a signal ends it; SealockError for what keeps it from starting."""
    received = passed()
    # A guard whose policy is not valid opens no socket. One that systemd opened is served, so that clients read why.
    rewrites = options.form != "plugin"
    policy = LivePolicy(options.policy, rewrites=rewrites, protected=_own_paths(options), closed=bool(received))
    status = next(iter(received.pop("status", [])), None)
    given = [sock for sockets in received.values() for sock in sockets]
    listening = tuple(map(_received, given)) or tuple(_listening(where, options) for where in options.listen)
    if status is None and options.status:
        status = listen(options.status, SocketAccess(options.access.owner, options.access.group, 0o660))
    raise_descriptors()
    log = GuardLog(options.log)
    if options.user:
        become(options.user, options.engine)
    # What was read so far stays: the collector need not look at it again and again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECTED)
    asyncio.run(_serve(options, policy, log, listening, status))


def _received(sock: socket.socket) -> Listening:
    if sock.family != socket.AF_UNIX:
        message = "systemd passes a socket that is no unix socket: listen on TCP by --listen tcp://HOST:PORT"
        raise UsageError(message)
    return Listening(sock)


def _listening(where: str, options: GuardOptions) -> Listening:
    if not where.startswith("tcp://"):
        path = where.removeprefix("unix://")
        return Listening(listen(path, options.access))
    host, colon, port = where.removeprefix("tcp://").rpartition(":")
    number = read_number(port)
    if not colon or number is None or number > 65535:
        message = f"--listen {where} is not of the form tcp://HOST:PORT"
        raise UsageError(message)
    if options.tls is None:
        message = f"--listen {where} needs --tls-cert, --tls-key and --tls-ca: on TCP only a certificate says who calls"
        raise UsageError(message)
    context = tls_context(options.tls.certificate, options.tls.key, options.tls.authority)
    return Listening(listen_tcp(host.strip("[]"), number), context)


def _own_paths(options: GuardOptions) -> tuple[str, ...]:
    """The paths of the host that a container must not mount, since the guard rests on them."""
    sockets = [where.removeprefix("unix://") for where in options.listen if not where.startswith("tcp://")]
    paths = (options.engine, *sockets, options.status, options.policy, options.state, options.log)
    return tuple(dict.fromkeys(os.path.realpath(path) for path in paths if path))


async def _serve(
    options: GuardOptions,
    policy: LivePolicy,
    log: GuardLog,
    listening: tuple[Listening, ...],
    status: socket.socket | None,
) -> None:
    loop = asyncio.get_running_loop()
    metrics = GuardMetrics()

    def announce(event: str, message: str) -> None:
        metrics.count("reloads_total", result="read" if event == "policy-read" else "refused")
        log.event(event, message)

    is_plugin = options.form == "plugin"
    mark = PluginMark()
    door = EngineDoor(options.engine, loop, (mark.header,) if is_plugin else ())
    policy.announce = announce
    # A plugin's own questions come back to it: it asks each time.
    watch = None if is_plugin else ImageWatch(door)
    facts = Facts(door, StoredEvidence(options.state), watch)
    gate = Gate(policy, facts, GlassWatch(options.state), audit=options.audit)
    limits = RequestLimits(max(1, count_connections() // 2))
    parts = GuardParts(gate, Callers(door), limits, log, metrics, ArchiveSlots(), RepeatedRequests())

    def make_plugin(line: Line, identity: ClientIdentity, shared: GuardParts) -> ServedConnection:
        return PluginSession(line, identity, shared, mark)

    make: MakeConnection = make_plugin if is_plugin else Session
    page = StatusPage(status, gate, metrics, options.form)
    following = asyncio.ensure_future(watch.run()) if watch is not None else None
    try:
        await GuardServer(listening, make, parts, page, leave_streams=options.leave_streams).run()
    finally:
        if following is not None:
            following.cancel()
        door.close()
        facts.close()
        log.close()
