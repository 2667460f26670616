"""The limits that fit a running container: the same advice in `sealock check` and `sealock inspect`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sealock.model.change import FieldChange, Set
from sealock.model.enforced import Enforced
from sealock.model.inspection import LimitAdvice
from sealock.runtime.kernel.limits import advise_limits, age
from sealock.text import count

UNRELIABLE: Final = {
    "K005": "a declared limit is not in effect",
    "K011": "a process left its cgroup",
}
"""Differences that make a cgroup's usage another than the container's."""
LEAST_AGE: Final = 60.0
"""Seconds that a container runs before limits are advised: programs load and wait in the first."""
_MIB: Final = 1 << 20
_FIELDS: Final = {
    "--memory": "memory",
    "--memory-swap": "memory_swap",
    "--pids-limit": "pids_limit",
    "--cpus": "cpus",
}

LIMITS: Final = frozenset(_FIELDS.values())


def advise(enforced: Enforced, rules: Iterable[str] = ()) -> tuple[LimitAdvice, ...]:
    """The limits that fit a container with findings of these rules; () where its usage so far says nothing of it."""
    return () if withheld(enforced, rules) or too_early(enforced) else advise_limits(enforced.process, enforced.machine)


def withheld(enforced: Enforced, rules: Iterable[str] = ()) -> str:
    """Why no limit can be advised, "" where one can."""
    left = {"K011"} if enforced.outside else set[str]()
    return "; ".join(f"{words} ({rule})" for rule, words in UNRELIABLE.items() if rule in left | set(rules))


def too_early(enforced: Enforced) -> str:
    """Why its usage says nothing of a container yet: it has only started; "" where it has run longer."""
    seconds = age(enforced.process, enforced.machine)
    if not enforced.process.container_id or not 0 < seconds < LEAST_AGE:
        return ""
    return f"it has run for {count(int(seconds), 'second')}, and usage in the first minute says little of later usage"


def fitting(change: FieldChange, advice: Iterable[LimitAdvice]) -> FieldChange:
    """A change that sets a limit, with the value that fits; other changes stay as they are."""
    if not isinstance(change, Set) or isinstance(change.value, bool) or not isinstance(change.value, int | float):
        return change
    for limit in advice:
        if _FIELDS.get(limit.option) == change.field and limit.value:
            return Set(change.field, float(limit.value) if change.field == "cpus" else _bytes(limit.value))
    return change


def _bytes(value: str) -> int:
    """The number of "64m" or "32"."""
    return int(value.removesuffix("m")) * (_MIB if value.endswith("m") else 1)
