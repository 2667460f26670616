"""Creates of one kind: they differ in what clients vary most, the name, variables, words and labels of a container.

A decision rests on these in known ways only: on what rules find, on variables without a value, and by the name and the
labels on reach, exemptions and owners. So a request without them is decided once. One of its kind gets that decision
where the rules find the same, and the policy goes by nothing else of them. Any other is decided whole.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from sealock.formats.inspect.created import VARIED, VARIED_FIELDS, Created, read_varied
from sealock.guard.decision.exchange import Allowed, Caller, EngineRequest, GuardDecision
from sealock.guard.decision.plainbodies import read_plainly
from sealock.guard.decision.prepared import Guard
from sealock.guard.decision.ruleset import AlikeContainers, RuleFaults
from sealock.model.container import Container
from sealock.patterns import compile_lazily
from sealock.policy.guard import GuardCaller

_ROUTE: Final = "POST /containers/create"
_TARGET: Final = compile_lazily(r"((?:/v1\.[1-9]\d?)?/containers/create)(?:\?name=([a-zA-Z0-9][a-zA-Z0-9_.-]*))?")
_INDEPENDENT: Final = frozenset({"digest", "limits", "loopback"})
"""The changes that rest on nothing that varies."""


class VariedCreate(Struct, frozen=True):
    """A create: the request without what varies, and that apart."""

    bare: EngineRequest
    name: str
    varied: dict[str, Any]


class CreateKind(Struct, frozen=True):
    """The decision on creates of one kind: the container without what varies, and what the rules find in it."""

    allowed: Allowed
    created: Created
    found: tuple[RuleFaults, ...]
    alike: AlikeContainers

    def decide(self, request: EngineRequest, create: VariedCreate, guard: Guard) -> Allowed | None:
        """The decision on a create of this kind; None where it is to be decided whole."""
        variables = create.varied.get("Env", ())
        if not all("=" in text for text in variables) or guard.policy.label in create.varied.get("Labels", ()):
            return None
        read = read_varied(self.created, create.varied)
        if read.wrong or self.alike.find(read.container) != self.found:
            return None
        if not guard.rewrites:
            return replace(self.allowed, target=request.target, body=request.body)
        body = self.allowed.body
        if create.varied and body:
            body = b"%b,%b" % (body[:-1], msgspec.json.encode(create.varied)[1:])
        target = f"{self.allowed.target}?name={create.name}" if create.name else self.allowed.target
        return replace(self.allowed, target=target, body=body)


def take_apart(request: EngineRequest, caller: Caller, guard: Guard) -> VariedCreate | None:
    """A create without what varies; None for another request, and where the policy goes by a name or a change does."""
    if request.method != "POST" or request.body is None or (written := _TARGET.fullmatch(request.target)) is None:
        return None
    setting = guard.setting(caller)
    if (
        setting is None
        or guard.policy.exemptions
        or setting.reach.names
        or not _INDEPENDENT.issuperset(setting.changes)
    ):
        return None
    body = read_plainly(_ROUTE, request.body)
    if not body:
        return None
    varied = {key: body.pop(key) for key in _varying(setting, guard) if key in body}
    bare = replace(request, target=written[1], body=msgspec.json.encode(body))
    return VariedCreate(bare, written[2] or "", varied)


def _varying(setting: GuardCaller, guard: Guard) -> frozenset[str]:
    """The keys of a body that vary; labels do not where the policy goes by them."""
    return VARIED - {"Labels"} if guard.owned or setting.reach.labels else VARIED


def kind_of(decision: GuardDecision, noun: Container | None, guard: Guard) -> CreateKind | None:
    """The kind of a create without what varies, by its decision and the container that was evaluated for it."""
    if not isinstance(decision, Allowed) or decision.would_deny or noun is None:
        return None
    return CreateKind(decision, Created(noun), guard.rules.find(noun), AlikeContainers(guard.rules, VARIED_FIELDS))
