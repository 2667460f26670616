from __future__ import annotations

from sealock.rules.kit import (
    UNKNOWN,
    UNSET,
    Absent,
    Container,
    Enforced,
    Final,
    Iterator,
    Maybe,
    Rule,
    RuleFinding,
    Severity,
    cis_docker,
    given,
    man,
)
from sealock.text import format_size, read_number

_NUMBERS: Final = {
    "memory": "memory limit",
    "memory_reservation": "memory reservation",
    "memory_swap": "memory and swap limit",
    "pids_limit": "PID limit",
    "cpus": "CPU limit",
}
_SETS: Final = {"cpuset_cpus": "CPUs", "cpuset_mems": "memory nodes"}
_ROUNDED: Final = 1.01
"""The kernel rounds memory to pages, and CPU time to its period."""
_PERIOD: Final = 100_000
"""The default period in microseconds."""


class LimitMissing(Rule[Enforced]):
    """Declared limit is not in effect.

    The engine reports the limit, but the kernel's cgroup has none or a larger one: the controller is not mounted or not
    delegated, someone wrote to cgroupfs, or the process was moved to another cgroup.
    """

    id = "K005"
    keywords = ("limit", "cgroup", "memory")
    severity = Severity.MEDIUM
    references = (cis_docker("5.11"), man("cgroups", 7))
    remedy = "Set it again with `docker update`, and check in `docker info` whether the kernel supports it."
    fixable = False
    bad = (
        (
            '{"observed": {"containers": [{"name": "web", "declared": {"memory": 67108864}, '
            '"effective": {"memory": null}, "process": {"pid": 7}}]}}'
        ),
        (
            '{"observed": {"containers": [{"name": "web", "declared": {"pids_limit": 100}, '
            '"effective": {"pids_limit": 4194304}, "process": {"pid": 7}}]}}'
        ),
    )
    good = (
        (
            '{"observed": {"containers": [{"name": "web", "declared": {"memory": 67108864, "cpus": 0.5}, '
            '"effective": {"memory": 67108864, "cpus": 0.5}, "process": {"pid": 7}}]}}'
        ),
    )

    def check(self, enforced: Enforced, /) -> Iterator[RuleFinding]:
        for field, name in _NUMBERS.items():
            expected, actual = getattr(enforced.declared, field), getattr(enforced.effective, field)
            expected = _declared_cpus(enforced.declared) if field == "cpus" else expected
            if isinstance(expected, Absent) or expected <= 0:
                continue
            if actual is UNKNOWN:
                yield self.skip(f"the kernel's {name} could not be read")
            elif actual is UNSET or actual < 0 or actual > expected * _ROUNDED:
                value = "none" if actual is UNSET or actual < 0 else _amount(field, actual)
                message = f"should have a {name} of {_amount(field, expected)}, but has {value}"
                yield self.finding(message, evidence=field)
        for field, name in _SETS.items():
            # The cgroup reports no set of its own if it equals its parent's, so the process's set is compared.
            expected, actual = getattr(enforced.declared, field), getattr(enforced.process, field)
            actual = getattr(enforced.effective, field) if actual is UNKNOWN else actual
            if isinstance(expected, str) and actual is UNKNOWN:
                yield self.skip(f"the kernel's {name} could not be read")
            elif isinstance(expected, str) and isinstance(actual, str) and _members(actual) - _members(expected):
                yield self.finding(f"should use only {name} {expected}, but can use {actual}", evidence=field)


def _amount(field: str, number: float) -> str:
    """Format memory as a size, and other limits as numbers."""
    return format_size(number) if field.startswith("memory") else f"{number:.10g}"


def _declared_cpus(declared: Container) -> Maybe[float]:
    """The declared CPU limit, from `cpus` or from a quota and period."""
    if isinstance(declared.cpus, Absent) and isinstance(declared.cpu_quota, int):
        return declared.cpu_quota / (given(declared.cpu_period, 0) or _PERIOD)
    return declared.cpus


def _members(text: str) -> frozenset[int]:
    """The numbers in a list like "0-3,8"."""
    members: set[int] = set()
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        begin, end = read_number(first), read_number(last or first)
        if begin is not None and end is not None:
            members.update(range(begin, min(end, begin + 8192) + 1))
    return frozenset(members)
