"""Makes the log's line of a request and its decision."""

from __future__ import annotations

from sealock.guard.decision.exchange import Allowed, Caller, EngineRequest, GuardReason
from sealock.guard.gate import GateOutcome
from sealock.guard.log import LogCaller, LogEntry, LogReason, masked_body, masked_target, now, request_id
from sealock.guard.served import ClientIdentity


def record(  # noqa: PLR0913, PLR0917  the parts of a line
    identity: ClientIdentity | None,
    caller: Caller | None,
    request: EngineRequest,
    outcome: GateOutcome,
    seconds: float,
    form: str = "proxy",
) -> LogEntry:
    """Make the line: what was asked by whom, and what became of it. `seconds` is what the decision took."""
    result = outcome.result
    allowed = isinstance(result, Allowed)
    denying = result.would_deny if isinstance(result, Allowed) else result.reasons
    word = "open" if outcome.opened is not None else "denied" if not allowed else "audit" if denying else "allowed"
    return LogEntry(
        now(),
        request_id(),
        _caller(identity, caller, result.caller),
        request.method,
        masked_target(request.target),
        word,
        form,
        result.route.name if result.route is not None else "",
        tuple(reason.rule for reason in denying),
        _reasons(denying),
        _reasons(result.exempted) if isinstance(result, Allowed) else (),
        result.changes if isinstance(result, Allowed) else (),
        ms=round(seconds * 1000, 3),
        content_type=request.content_type,
        upgrade=request.upgrade,
        stream=request.body is None,
        unread=result.unread if isinstance(result, Allowed) else "",
        body=masked_body(request.body),
        paths=dict(outcome.links),
        open_reason=outcome.opened.reason if outcome.opened is not None else "",
        open_by=outcome.opened.uid if outcome.opened is not None else None,
        error=outcome.error,
    )


def _reasons(reasons: tuple[GuardReason, ...]) -> tuple[LogReason, ...]:
    return tuple(LogReason(reason.rule, reason.why) for reason in reasons)


def _caller(identity: ClientIdentity | None, caller: Caller | None, name: str) -> LogCaller:
    if caller is None:
        peer = identity.peer if identity is not None else None
        return LogCaller(name) if peer is None else LogCaller(name, peer.uid, peer.gid, peer.pid)
    inside = caller.container
    if inside is None:
        return LogCaller(name, caller.uid, caller.gid, caller.pid, caller.groups, tls_name=caller.tls_name)
    return LogCaller(
        name, caller.uid, caller.gid, caller.pid, caller.groups, inside.id, inside.name, inside.image,
        dict(inside.labels), caller.tls_name,
    )  # fmt: skip
