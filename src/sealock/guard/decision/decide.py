"""The decision: a request and its caller in, what to forward or why not out. It opens nothing (see `exchange`).

The order is that of the questions: who calls, is the path one that the guard knows, may this caller use this route, is
the body well-formed and known, may the caller touch this object, what would come of it.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from sealock.guard.decision.archivechecks import unread
from sealock.guard.decision.case import Case
from sealock.guard.decision.evaluations import evaluate_request
from sealock.guard.decision.exchange import (
    Allowed,
    Answers,
    Caller,
    Denied,
    EngineRequest,
    GuardDecision,
    GuardReason,
    NeedsFacts,
)
from sealock.guard.decision.prepared import Guard, allows
from sealock.guard.decision.requestbodies import read_body, write_body
from sealock.guard.decision.routes import ApiRoute
from sealock.guard.decision.targets import ReadTarget, TargetError, read_route, read_target, write_target
from sealock.model.container import Container
from sealock.policy.guard import GuardCaller

UNREAD: Final = frozenset({"G001", "G002", "G003", "G004", "G011"})
"""The reasons that leave a request unevaluated."""
_CREATES: Final = frozenset({"POST /containers/create", "POST /services/create"})


def recognize(method: str, target: str, guard: Guard) -> ApiRoute | None:
    """The route of a request line, by which the guard knows whether to read the body; None where its path is denied."""
    try:
        return read_route(method, target, guard.newest)
    except TargetError:
        return None


def decide(request: EngineRequest, caller: Caller, guard: Guard, answers: Answers, today: date) -> GuardDecision:
    """Decide on a request; NeedsFacts where an answer of the engine, the host or the cache is missing."""
    return evaluate(request, caller, guard, answers, today)[0]


def evaluate(
    request: EngineRequest, caller: Caller, guard: Guard, answers: Answers, today: date
) -> tuple[GuardDecision, Container | None]:
    """Decide as `decide` does; the container that would be created is evaluated on the way, where there is one."""
    case = _begun(request, caller, guard, answers, today)
    if not isinstance(case, Case):
        return case, None
    if not case.target.canonical and not guard.rewrites:
        case.deny("G003", "the path has escapes", "write the name of the image without escapes")
    case.body = read_body(case, request)
    if not case.reasons:
        evaluate_request(case, request)
    return _decision(case, request), case.created


def _begun(
    request: EngineRequest, caller: Caller, guard: Guard, answers: Answers, today: date
) -> Case | Denied | Allowed:
    """What a request is about; or its decision, where its caller may not send it."""
    if guard.closed:
        why = f"the guard has no policy: {guard.closed}"
        return Denied((GuardReason("G001", why, "correct the file; the guard reads it again by itself"),))
    setting = guard.setting(caller)
    if setting is None:
        why = f"the policy names no caller like this one ({describe(caller)})"
        return Denied((GuardReason("G001", why, "add a [[guard.caller]] to sealock.toml that matches it"),))
    try:
        target = read_target(request.method, request.target, guard.newest)
    except TargetError as error:
        return deny(request, setting, None, (GuardReason("G003", error.why, error.remedy),))
    route = target.route
    if not allows(setting, route):
        why = f"{setting.name} may not use {route.name}"
        remedy = f'add "{route.name}" or "{route.group}:{route.access}" to allow of this caller in sealock.toml'
        return deny(request, setting, route, (GuardReason("G002", why, remedy),))
    return Case(guard, caller, setting, target, answers, today)


def _decision(case: Case, request: EngineRequest) -> GuardDecision:
    if case.questions and not case.reasons:
        return NeedsFacts(tuple(case.questions))
    exempted = tuple(reason for reason in case.reasons if _is_exempted(case, reason))
    reasons = tuple(reason for reason in case.reasons if reason not in exempted)
    if case.questions and not reasons:
        return NeedsFacts(tuple(case.questions))
    if reasons:
        created = case.name if case.target.route.name in _CREATES else ""
        return deny(request, case.setting, case.target.route, reasons, created)
    target = ReadTarget(case.target.version, case.target.route, case.target.values, tuple(_query(case)))
    return Allowed(
        case.target.route,
        case.setting.name,
        write_target(target) if case.guard.rewrites else request.target,
        write_body(case, request),
        tuple(case.changes),
        case.answer_filter,
        exempted,
        skipped=tuple(dict.fromkeys(case.skipped)),
        unread=unread(case),
    )


def _query(case: Case) -> list[tuple[str, str]]:
    """The query's pairs with what the evaluation changed and added."""
    repeated = case.target.route.repeated
    pairs = [(key, value if key in repeated else case.query.get(key, value)) for key, value in case.target.query]
    known = {key for key, _ in pairs}
    return pairs + [(key, value) for key, value in case.query.items() if key not in known] + case.added


def _is_exempted(case: Case, reason: GuardReason) -> bool:
    """Whether an exemption covers a fault. None covers what could not be read, or an answer that is missing."""
    return reason.rule not in UNREAD and any(
        exemption.covers(reason.rule, case.setting.name, case.image, case.name, case.today)
        for exemption in case.guard.policy.exemptions
    )


def deny(
    request: EngineRequest,
    setting: GuardCaller,
    route: ApiRoute | None,
    reasons: tuple[GuardReason, ...],
    created: str = "",
) -> Denied | Allowed:
    """Deny a request for these reasons; in the caller's audit mode it passes as it came."""
    if setting.mode == "audit":
        return Allowed(route, setting.name, request.target, request.body, would_deny=reasons)
    return Denied(reasons, route, setting.name, setting.location, created)


def describe(caller: Caller) -> str:
    """A caller in words."""
    parts = []
    if caller.container is not None:
        parts.append(f"container {caller.container.name or caller.container.id[:12]}")
    if caller.tls_name:
        parts.append(f"certificate {caller.tls_name}")
    if caller.uid is not None:
        parts.append(f"uid {caller.uid}, gid {caller.gid}")
    return ", ".join(parts) or "nothing known of it"
