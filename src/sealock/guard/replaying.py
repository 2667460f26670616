"""Decides the requests of a log again, by another policy: what would change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any, Final, Literal, TypeAlias

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from sealock.guard.decision.exchange import Denied
from sealock.guard.decision.jsonvalues import as_object, text_of
from sealock.guard.decision.offline import decide_offline
from sealock.guard.decision.prepared import BOUNDARY, Guard
from sealock.guard.decision.targets import TargetError, read_target
from sealock.guard.log import DEEPEST, MASK
from sealock.guard.logreading import LoggedRequest
from sealock.model.container import Container
from sealock.model.severity import Severity
from sealock.policy.guard import GuardCaller
from sealock.rules.rule import Rule

ReplayOutcome: TypeAlias = Literal["as before", "now denied", "now allowed", "not decided"]

_MASKED: Final = "cannot be decided: the log masks what the policy asks about"
_SECRET: Final = "q7Rk2pX9vT4mZ8wL1cN6bH3jD5sF0gYaEuIoQxKz"  # noqa: S105  a value that is a secret by the variable's name
_OWNER: Final = "G005"
"""The rule on the label of the owner, which instructions of a Dockerfile (`changes`) may set."""


class ReplayedRequests(Struct):
    """What became of the requests: how many of each outcome, and each change with how often it happened."""

    outcomes: Counter[ReplayOutcome] = Counter()
    changes: Counter[tuple[ReplayOutcome, str, str, str]] = Counter()
    """By outcome, route, caller and reason."""
    assumed: int = 0
    """How many decisions rest on what the engine or the host held then."""
    masked: int = 0
    """In how many decided requests the log masks values, in which nothing but the variable's name was evaluated."""


def replay(logged: Iterable[LoggedRequest], guard: Guard, today: date) -> ReplayedRequests:
    """Decide each request again."""
    made = ReplayedRequests(Counter(), Counter())
    for request in logged:
        outcome, caller, why, assumed = _again(request, guard, today)
        made.outcomes[outcome] += 1
        made.assumed += assumed
        made.masked += outcome in {"as before", "now allowed"} and _is_masked(request)
        if outcome != "as before":
            route = request.entry.route or f"{request.entry.method} {request.entry.target.partition('?')[0]}"
            made.changes[outcome, route, caller, why] += 1
    return made


def _again(logged: LoggedRequest, guard: Guard, today: date) -> tuple[ReplayOutcome, str, str, bool]:
    if logged.lost:
        return "not decided", logged.entry.caller.name, "the log does not hold the body", False
    decision = decide_offline(logged.request, logged.caller, guard, today, logged.entry.paths)
    result, caller = decision.result, decision.result.caller or "no caller"
    reasons = result.reasons if isinstance(result, Denied) else result.would_deny
    before = logged.entry.result != "allowed"
    if not reasons and (hidden := _hidden_rules(logged, guard, today)):
        return "not decided", caller, f"{_MASKED} ({', '.join(hidden)})", bool(decision.assumed)
    if bool(reasons) == before:
        return "as before", caller, "", bool(decision.assumed)
    if reasons:
        return "now denied", caller, f"{reasons[0].rule}: {reasons[0].why}", bool(decision.assumed)
    rules = ", ".join(logged.entry.rules)
    return "now allowed", caller, f"denied before by {rules or 'no rule'}", bool(decision.assumed)


def _hidden_rules(logged: LoggedRequest, guard: Guard, today: date) -> list[str]:
    """The rules that may deny the request by values which the log masks."""
    setting = guard.setting(logged.caller)
    if setting is None or not _is_masked(logged):
        return []
    reasons = (*logged.entry.reasons, *logged.entry.exempted)
    known = {*logged.entry.rules, *(reason.rule for reason in reasons)}
    hidden = {_OWNER} & known if _masks_instructions(logged) else set[str]()
    if _masks_variables(logged.body):
        about = {rule.id: rule for rule in guard.rules.all if "environment" in rule.reads}
        hidden |= {id_ for id_ in known & set(about) if _denies(about[id_], logged, guard, setting, today)}
        body = msgspec.json.encode(_filled(logged.body))
        filled = replace(logged.request, body=body)
        result = decide_offline(filled, logged.caller, guard, today, logged.entry.paths).result
        hidden |= {reason.rule for reason in (result.reasons if isinstance(result, Denied) else result.would_deny)}
    return sorted(hidden)


def _denies(rule: Rule[Container], logged: LoggedRequest, guard: Guard, setting: GuardCaller, today: date) -> bool:
    """Whether the policy denies what this rule finds in the request."""
    try:
        name = read_target(logged.request.method, logged.request.target, guard.newest).parameter("name")
    except TargetError:
        return False
    image = text_of(as_object(logged.body), "Image")
    if rule.id in setting.accept or any(
        exemption.covers(rule.id, setting.name, image, name.removeprefix("/"), today)
        for exemption in guard.policy.exemptions
    ):
        return False
    # How severe a secret is depends on its value.
    severity = guard.severity.get(rule.id, Severity.CRITICAL if rule.conceals else rule.severity)
    return rule.id in BOUNDARY or rule.id in setting.deny or severity >= setting.fail_on


def _is_masked(logged: LoggedRequest) -> bool:
    return _masks_variables(logged.body) or _masks_instructions(logged)


def _masks_instructions(logged: LoggedRequest) -> bool:
    return f"changes={MASK}" in logged.request.target


def _masks_variables(body: Any) -> bool:  # noqa: ANN401  any JSON
    return body is not None and _filled(body) != body


def _filled(value: Any, depth: int = 0) -> Any:  # noqa: ANN401  any JSON
    """A body with the values of its masked variables filled in."""
    if depth > DEEPEST:
        return value
    if isinstance(value, dict):
        return {key: _filled(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, depth + 1) for item in value]
    if isinstance(value, str) and value.endswith(f"={MASK}"):
        return f"{value.removesuffix(MASK)}{_SECRET}"
    return value
