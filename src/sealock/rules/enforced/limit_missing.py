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
from sealock.text import format_size

_NUMBERS: Final = {
    "memory": "limit of memory",
    "memory_reservation": "reservation of memory",
    "memory_swap": "limit of memory and swap",
    "pids_limit": "limit of processes",
    "cpus": "limit of processors",
}
_SETS: Final = {"cpuset_cpus": "processors", "cpuset_mems": "memory nodes"}
_ROUNDED: Final = 1.01
"""The kernel rounds memory to pages, and processor time to its period."""
_PERIOD: Final = 100_000
"""Microseconds, where nothing is said."""


class LimitMissing(Rule[Enforced]):
    """Declared limit is not in effect.

    The engine keeps the number, and the kernel's control group has none or a larger one: the controller is not mounted
    or not delegated, somebody wrote into cgroupfs, or the process was moved to another group.
    """

    id = "K005"
    keywords = ("limit", "cgroup", "memory")
    severity = Severity.MEDIUM
    references = (cis_docker("5.11"), man("cgroups", 7))
    remedy = "Set it anew with `docker update`, and see in `docker info` whether the kernel supports it."
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
        for field, words in _NUMBERS.items():
            asked, there = getattr(enforced.declared, field), getattr(enforced.effective, field)
            asked = _processors(enforced.declared) if field == "cpus" else asked
            if isinstance(asked, Absent) or asked <= 0:
                continue
            if there is UNKNOWN:
                yield self.skip(f"the kernel's {words} could not be read")
            elif there is UNSET or there < 0 or there > asked * _ROUNDED:
                shown = "none" if there is UNSET or there < 0 else _amount(field, there)
                message = f"should have a {words} of {_amount(field, asked)}, and has {shown}"
                yield self.finding(message, evidence=field)
        for field, words in _SETS.items():
            # A set as wide as that above it does not count as the container's own: the process's is compared.
            asked, there = getattr(enforced.declared, field), getattr(enforced.process, field)
            there = getattr(enforced.effective, field) if there is UNKNOWN else there
            if isinstance(asked, str) and there is UNKNOWN:
                yield self.skip(f"the kernel's {words} could not be read")
            elif isinstance(asked, str) and isinstance(there, str) and _members(there) - _members(asked):
                yield self.finding(f"should be kept on {words} {asked}, and may use {there}", evidence=field)


def _amount(field: str, number: float) -> str:
    """Memory as a size, all else as it is."""
    return format_size(number) if field.startswith("memory") else f"{number:g}"


def _processors(declared: Container) -> Maybe[float]:
    """What was asked for in either way: processors, or a quota in each period."""
    if isinstance(declared.cpus, Absent) and isinstance(declared.cpu_quota, int):
        return declared.cpu_quota / (given(declared.cpu_period, 0) or _PERIOD)
    return declared.cpus


def _members(text: str) -> frozenset[int]:
    """The numbers of a list such as "0-3,8"."""
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        if first.isdigit() and (last or first).isdigit():
            found.update(range(int(first), min(int(last or first), int(first) + 8192) + 1))
    return frozenset(found)
