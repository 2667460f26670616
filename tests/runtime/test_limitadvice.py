"""Limits that fit: one advice for both commands, and none where the numbers are not the container's own."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from sealock.model.change import FieldChange, Set
from sealock.model.container import Container
from sealock.model.enforced import Enforced, MachineSize
from sealock.model.process import Limit, Process
from sealock.runtime.limitadvice import advise, fitting, too_early, withheld

MIB = 1 << 20
USED = (Limit("memory", None, 10 * MIB, "", 12 * MIB), Limit("pids", None, 3, "", 5))
PROCESS = Process(pid=7, container_id="a" * 64, resources=USED)
ENFORCED = Enforced(
    name="web", declared=Container(), effective=Container(), process=PROCESS, machine=MachineSize(memory=1 << 34)
)


@pytest.mark.parametrize(
    ("change", "made"),
    [
        pytest.param(Set("memory", 512 * MIB), Set("memory", 18 * MIB), id="the memory that it uses, with headroom"),
        pytest.param(Set("memory_swap", 1024 * MIB), Set("memory_swap", 18 * MIB), id="the same with swap"),
        pytest.param(Set("pids_limit", 500), Set("pids_limit", 32), id="the processes that it has"),
        pytest.param(Set("cpus", 1.0), Set("cpus", 1.0), id="what nothing is known about stays"),
        pytest.param(Set("privileged", False), Set("privileged", False), id="what is no limit stays"),
    ],
)
def test_a_rules_limit_is_the_one_that_fits(change: FieldChange, made: FieldChange) -> None:
    assert fitting(change, advise(ENFORCED)) == made


@pytest.mark.parametrize(
    ("enforced", "rules", "why"),
    [
        pytest.param(ENFORCED, (), "", id="one that is in its cgroup"),
        pytest.param(ENFORCED, ("K007", "K010"), "", id="another difference"),
        pytest.param(ENFORCED, ("K005",), "a declared limit is not in effect (K005)", id="a limit that was removed"),
        pytest.param(replace(ENFORCED, outside=(7,)), (), "a process left its cgroup (K011)", id="one that left"),
        pytest.param(replace(ENFORCED, outside=(9,)), ("K005",), "a declared limit is not in effect (K005); a process left its cgroup (K011)", id="both"),
    ],
)  # fmt: skip
def test_nothing_is_advised_where_the_usage_is_not_only_its_own(
    enforced: Enforced, rules: tuple[str, ...], why: str
) -> None:
    assert withheld(enforced, rules) == why
    assert bool(advise(enforced, rules)) == (not why)


@pytest.mark.parametrize(
    ("started", "now", "why"),
    [
        pytest.param(100_00, 101.5, "it has run for 1 second, and usage in the first minute", id="one that only started"),
        pytest.param(100_00, 159.9, "it has run for 59 seconds, and usage in the first minute", id="one of a minute, almost"),
        pytest.param(100_00, 160.0, "", id="one of a minute"),
        pytest.param(0, 160.0, "", id="one whose start is not known"),
        pytest.param(100_00, 0.0, "", id="a machine whose time is not known"),
    ],
)  # fmt: skip
def test_nothing_is_advised_by_usage_in_the_first_minute(started: int, now: float, why: str) -> None:
    process, machine = replace(PROCESS, start=started), MachineSize(memory=1 << 34, now=now)
    enforced = replace(ENFORCED, process=process, machine=machine)
    assert too_early(enforced).startswith(why)
    assert bool(too_early(enforced)) == bool(why)
    assert bool(advise(enforced)) == (not why)
