"""How large a machine is, and the limits that would fit a container on it."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from sealock.model.enforced import MachineSize
from sealock.model.process import Limit, Process
from sealock.runtime.kernel.limits import advise_limits, average_cpus, cpu_numbers, machine_size
from sealock.runtime.kernel.tree import ProcTree
from support.recordedtree import Recorded

MIB = 1 << 20
SMALL = MachineSize(1 << 30, "0", ((0, "0"),), 1000.0)
LARGE = MachineSize(64 << 30, "0-15", ((0, "0-7"), (1, "8-15")), 1000.0)
UNEVEN = MachineSize(64 << 30, "0-7", ((0, "0"), (1, "1-7")), 1000.0)


def process(*limits: Limit, cpus: str = "", start: int = 0) -> Process:
    """It started 100 seconds after boot, if not told otherwise: 900 seconds ago."""
    return Process(pid=7, start=start or 10_000, resources=limits, cpuset_cpus=cpus)


def advice(of: Process, machine: MachineSize = LARGE) -> dict[str, str]:
    return {one.option: one.value for one in advise_limits(of, machine)}


def test_the_machine_is_measured(tmp_path: Path) -> None:
    made = Recorded(tmp_path)
    made.write("sys/devices/system/node/node0/cpulist", "0-3\n")
    made.write("sys/devices/system/node/node1/cpulist", "4-7\n")
    made.write("sys/devices/system/node/possible", "0-1\n")
    assert machine_size(ProcTree(str(tmp_path))) == MachineSize(16384000 << 10, "0-7", ((0, "0-3"), (1, "4-7")), 1000.0)


def test_a_machine_that_shows_nothing_has_no_size(tmp_path: Path) -> None:
    assert machine_size(ProcTree(str(tmp_path))) == MachineSize()


@pytest.mark.parametrize(
    ("limit", "wanted"),
    [
        pytest.param(
            Limit("memory", None, 20 * MIB, peak=100 * MIB), "160m", id="none: half as much again as the peak"
        ),
        pytest.param(Limit("memory", None, 20 * MIB), "30m", id="none, and no peak is kept: by the use now"),
        pytest.param(Limit("memory", None, 4096, peak=8192), "16m", id="never less than a program needs"),
        pytest.param(Limit("memory", 1000 * MIB, 20 * MIB, peak=100 * MIB), "", id="it fits"),
        pytest.param(Limit("memory", 100 * MIB, 20 * MIB, peak=95 * MIB), "160m", id="it was all but reached"),
        pytest.param(Limit("memory", None), None, id="nothing is known of its use"),
    ],
)
def test_memory(limit: Limit, wanted: str | None) -> None:
    assert advice(process(limit)).get("--memory") == wanted


def test_no_more_memory_is_advised_than_there_is() -> None:
    assert advice(process(Limit("memory", None, 900 * MIB, peak=900 * MIB)), SMALL)["--memory"] == "1024m"


@pytest.mark.parametrize(
    ("reserved", "wanted"), [(None, "22m"), (10 * MIB, None)], ids=["what it uses now", "one that is there is left"]
)
def test_reservation(reserved: int | None, wanted: str | None) -> None:
    memory = Limit("memory", 64 * MIB, 20 * MIB, peak=30 * MIB)
    told = advice(process(memory, Limit("memory.reservation", reserved)))
    assert told.get("--memory-reservation") == wanted


@pytest.mark.parametrize(
    ("limit", "wanted"),
    [
        (Limit("pids", None, 3, peak=5), "32"),
        (Limit("pids", None, 30, peak=100), "512"),
        (Limit("pids", None, 30), "128"),
        (Limit("pids", 500, 3, peak=5), ""),
        (Limit("pids", 100, 3, peak=95), "200"),
        (Limit("pids", None), None),
    ],
)
def test_processes(limit: Limit, wanted: str | None) -> None:
    assert advice(process(limit)).get("--pids-limit") == wanted


@pytest.mark.parametrize(
    ("spent", "machine", "cpus", "sets", "nodes"),
    [
        pytest.param(0, LARGE, "0.5", "7", "0", id="idle: one processor of the first node"),
        pytest.param(2_700, LARGE, "6", "2,3,4,5,6,7", "0", id="busy: half a node"),
        pytest.param(9_900, LARGE, "16", None, None, id="busier than half the machine: no set"),
        pytest.param(0, SMALL, "0.5", None, None, id="one processor: nothing to choose"),
        pytest.param(1_000, UNEVEN, "2.5", "5,6,7", "1", id="a first node with too few processors: the second"),
        pytest.param(0, MachineSize(1 << 30, "0-1", ((0, "0-1"),), 1000.0), "0.5", "1", "", id="one node: nothing to choose of them"),
        pytest.param(0, MachineSize(), None, None, None, id="a machine that shows nothing"),
    ],
)  # fmt: skip
def test_processors(spent: int, machine: MachineSize, cpus: str | None, sets: str | None, nodes: str | None) -> None:
    used = process(Limit("cpu.time", None, spent * 1_000_000), Limit("cpu.quota", None), Limit("cpu.period", 100_000))
    told = advice(used, machine)
    assert (told.get("--cpus"), told.get("--cpuset-cpus"), told.get("--cpuset-mems")) == (cpus, sets, nodes)


def test_a_quota_that_is_there_decides_how_many_processors_are_enough() -> None:
    limits = Limit("cpu.time", None, 1), Limit("cpu.quota", 250_000), Limit("cpu.period", 100_000)
    told = advice(process(*limits))
    assert "--cpus" not in told
    assert told["--cpuset-cpus"] == "5,6,7"


def test_a_set_that_is_there_is_left() -> None:
    assert "--cpuset-cpus" not in advice(process(Limit("cpu.time", None, 1), cpus="0-3"))


def test_use_is_measured_since_it_started() -> None:
    assert average_cpus(process(Limit("cpu.time", None, 450_000_000)), LARGE) == 0.5
    assert average_cpus(process(Limit("cpu.time", None, 5), start=100_000), LARGE) is None
    assert average_cpus(process(), LARGE) is None


def test_no_more_use_is_shown_than_the_machine_has_cpus_for() -> None:
    """The group is older than the process, which somebody started in it just now."""
    assert average_cpus(process(Limit("cpu.time", None, 900_000_000), start=90_000), LARGE) == 9
    assert average_cpus(process(Limit("cpu.time", None, 900_000_000), start=95_000), LARGE) is None


def test_what_is_in_no_container_has_no_use_of_its_own() -> None:
    machines = replace(process(Limit("cpu.time", None, 450_000_000), Limit("memory", None, 20 * MIB)), container_id="")
    assert average_cpus(machines, LARGE) is None
    assert advise_limits(machines, LARGE) == ()


def test_nothing_is_advised_where_nothing_is_known() -> None:
    assert advise_limits(Process(pid=7), LARGE) == ()


def test_each_advice_has_a_reason() -> None:
    told = advise_limits(
        process(Limit("memory", None, 20 * MIB), Limit("pids", None, 2), Limit("cpu.time", None, 5)), LARGE
    )
    assert len(told) == 7
    assert all(len(one.reason) > 8 for one in told)


@pytest.mark.parametrize(
    ("text", "found"),
    [("0-3,8", {0, 1, 2, 3, 8}), ("", set()), ("x,1-,-2,3", {1, 3}), ("5-1", set()), ("0-99999999999", set(range(8193)))],
)  # fmt: skip
def test_lists_of_numbers(text: str, found: set[int]) -> None:
    assert cpu_numbers(text) == found
