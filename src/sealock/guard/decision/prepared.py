"""A policy, prepared for many decisions: the rules are chosen once."""

from __future__ import annotations

from datetime import date
from fnmatch import fnmatchcase
from typing import Any, Final

from msgspec import Struct

from sealock.errors import PolicyError
from sealock.guard.decision.exchange import Caller
from sealock.guard.decision.routes import BY_NAME, GROUPS, NEWEST, ApiRoute
from sealock.guard.decision.ruleset import RuleSet
from sealock.model.severity import Severity
from sealock.policy.guard import CallerConditions, GuardCaller, GuardPolicy, has_labels, matches_image
from sealock.policy.settings import Policy
from sealock.policy.tables import as_toml
from sealock.rules.catalog import rules
from sealock.rules.rule import DatedRule, Rule

BOUNDARY: Final = frozenset({
    "C001", "C002", "C003", "C007", "C008", "C009", "C010", "C011", "C012", "C014", "C015", "C016", "C018", "C019",
    "C020", "C021", "C022", "C023", "C024", "C025", "C026", "C034", "C042", "C045", "C047", "C050", "C056", "C057",
})  # fmt: skip
"""The rules on what separates a container from its host and from other containers. They deny whatever their severity,
unless the policy accepts them."""


_BUILD: Final = BY_NAME["POST /build"]


class Guard(Struct, frozen=True):
    """A policy that is ready for decisions. `rewrites` is false for an authorization plugin, which cannot change."""

    policy: GuardPolicy
    rules: RuleSet
    severity: dict[str, Severity]
    rewrites: bool = True
    protected: tuple[str, ...] = ()
    """Paths of the host that no container may mount, nor a directory above them: the sockets of engine and guard."""
    builds: tuple[Rule[Any], ...] = ()
    """The rules on builds; none where no caller may send one that is evaluated."""
    owned: bool = False
    """Whether a caller has `own`, so that the label of the owner counts."""
    closed: str = ""
    """Why there is no policy, so that every request is denied; "" where there is one."""

    @property
    def newest(self) -> tuple[int, int]:
        """The newest version of the API that is accepted."""
        return self.policy.newest_api or NEWEST

    def setting(self, caller: Caller) -> GuardCaller | None:
        """What the policy says of this caller; None where it says nothing."""
        return next((entry for entry in self.policy.callers if is_met(entry.conditions, caller)), None)


def prepare(policy: Policy, today: date, *, rewrites: bool = True, protected: tuple[str, ...] = ()) -> Guard:
    """Prepare a policy; see Guard for the rest. PolicyError where it names an unknown route or group of routes."""
    for caller in policy.guard.callers:
        for word in sorted(caller.allow):
            if word not in BY_NAME and word.partition(":")[0] not in GROUPS:
                where = f"{policy.name}:{caller.location.line}: [[guard.caller]] {caller.name}: "
                hint = "routes are written as in docs/guide/guard.md" if "/" in word else f"groups: {', '.join(GROUPS)}"
                msg = (
                    f"{where}allow has {as_toml(word)}, which is no route of the Engine API that sealock knows ({hint})"
                )
                raise PolicyError(msg)
    denying = {rule for caller in policy.guard.callers for rule in caller.deny}
    chosen = RuleSet(
        _prepared(rule, policy, today)
        for rule in rules("container")
        if rule.id not in policy.skip and (policy.wants(rule.id, pedantic=rule.pedantic) or rule.id in denying)
    )
    builds: tuple[Rule[Any], ...] = ()
    if any("G016" not in caller.accept and allows(caller, _BUILD) for caller in policy.guard.callers):
        builds = tuple(
            _prepared(rule, policy, today)
            for rule in rules("build")
            if rule.id not in policy.skip and (policy.wants(rule.id, pedantic=rule.pedantic) or rule.id in denying)
        )
    owned = any(caller.own for caller in policy.guard.callers)
    return Guard(policy.guard, chosen, dict(policy.severity), rewrites, protected, builds, owned)


def _prepared(rule: Rule[Any], policy: Policy, today: date) -> Rule[Any]:
    if rule.setting and (listed := getattr(policy, rule.setting)):
        rule = rule.going_by(listed)
    return rule.on(today) if isinstance(rule, DatedRule) else rule


def is_met(conditions: CallerConditions, caller: Caller) -> bool:
    """Whether a caller meets all conditions."""
    inside = caller.container
    if inside is not None and conditions.about_processes and not conditions.about_containers:
        return False
    if conditions.about_containers and inside is None:
        return False
    if inside is not None and not (
        (not conditions.containers or any(fnmatchcase(inside.name, pattern) for pattern in conditions.containers))
        and (not conditions.container_images or matches_image(conditions.container_images, inside.image))
        and has_labels(conditions.container_labels, inside.labels)
    ):
        return False
    return (
        (not conditions.uids or caller.uid in conditions.uids)
        and (not conditions.gids or not {caller.gid, *caller.groups}.isdisjoint(conditions.gids))
        and (
            not conditions.tls_names
            or (caller.tls_name != "" and any(fnmatchcase(caller.tls_name, name) for name in conditions.tls_names))
        )
    )


def allows(setting: GuardCaller, route: ApiRoute) -> bool:
    """Whether a caller may use a route at all."""
    return route.name in setting.allow or f"{route.group}:{route.access}" in setting.allow
