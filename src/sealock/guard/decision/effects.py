"""Checks what a request would give, as the noun that the rule book knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from sealock.formats.inspect.created import VARIED, Created, read_created, read_described, read_varied
from sealock.guard.decision.case import Case
from sealock.guard.decision.prepared import BOUNDARY
from sealock.model.container import Container
from sealock.model.finding import RuleFinding
from sealock.rules.rule import Rule, title

_LARGEST: Final = 16 << 10
"""Most bytes of a body that is kept."""
_KEPT: Final = 256
"""Bodies that are kept, but for what varies, with what was read of them."""
_known: Final[dict[bytes, Created]] = {}


def read_container(case: Case, body: Mapping[str, Any]) -> Container | None:
    """The container that a body describes, without its name; denied where a part of it could not be read."""
    created = read_again(body)
    for message in created.wrong:
        case.deny("G004", f"the body cannot be evaluated: {message}", "correct this field")
    return None if created.wrong else created.container


def read_again(body: Mapping[str, Any]) -> Created:
    """Read a body, as `read_created`; of one like those before only what varies, since clients send much the same."""
    rest = {key: value for key, value in body.items() if key not in VARIED}
    text = msgspec.json.encode(rest)
    if (created := _known.get(text)) is None:
        created = read_created(rest)
        if len(text) <= _LARGEST:
            _known[text] = created
            if len(_known) > _KEPT:
                del _known[next(iter(_known))]
    return created if len(rest) == len(body) else read_varied(created, body)


def read_existing(case: Case, described: Mapping[str, Any]) -> Container | None:
    """A container that the engine describes; denied where a part of it could not be read."""
    created = read_described(described)
    for message in created.wrong:
        case.deny("G011", f"the engine's description of the container cannot be read: {message}")
    return None if created.wrong else created.container


def check_noun(
    case: Case,
    container: Container,
    *,
    only: frozenset[str] = frozenset(),
    exists: bool = False,
    partial: bool = False,
) -> None:
    """Evaluate the rules that deny for this caller.

    `only` are the fields that a request speaks of. Of a container that `exists` only what it has of the host and of
    others counts: using it gives that and no more. A `partial` one is an image's: what a rule does not know of it, a
    container will have.
    """
    for rule, faults in case.guard.rules.find(container):
        if rule.id in case.setting.accept or (only and only.isdisjoint(rule.reads)):
            continue
        if exists and rule.id not in BOUNDARY and rule.id not in case.setting.deny:
            continue
        if faults is None and not partial:
            _skip(case, rule, "what it reads is not known")
        for fault in faults or ():
            if only and (not fault.at or fault.at[0] not in only):
                continue
            if fault.unknown:
                if not partial:
                    _skip(case, rule, fault.message)
            elif _denies(case, rule, fault):
                case.deny(rule.id, f"{_title(rule)}: {fault.message}", fault.remedy or rule.remedy)


def _denies(case: Case, rule: Rule[Container], fault: RuleFinding) -> bool:
    field = fault.at[0] if fault.at else ""
    if field in {"devices", "device_rules"}:
        return False  # the policy lists the devices that are allowed, which `hostaccess` checks
    if rule.id == "C024" and field in case.joined:
        return False
    if rule.id in BOUNDARY or rule.id in case.setting.deny:
        return True
    severity = case.guard.severity.get(rule.id, fault.severity or rule.severity)
    return severity >= case.setting.fail_on


def _title(rule: Rule[Any]) -> str:
    """The rule's title; `title` takes a rule of any noun, which one of containers is not to the type checker."""
    return title(rule)


def _skip(case: Case, rule: Rule[Container], why: str) -> None:
    """Note a rule that could not be evaluated; one that the policy names denies then."""
    if rule.id in case.setting.deny:
        case.deny(rule.id, f"{_title(rule)}: could not be evaluated, since {why}", rule.remedy)
    else:
        case.skipped.append(rule.id)
