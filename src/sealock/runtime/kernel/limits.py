"""How large this machine is, and which limits would fit a container on it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from math import ceil
from typing import Final

from sealock.model.absent import given
from sealock.model.enforced import MachineSize
from sealock.model.inspection import LimitAdvice
from sealock.model.process import Limit, Process
from sealock.runtime.kernel.procfiles import fields, whole
from sealock.runtime.kernel.tree import ProcTree
from sealock.text import format_size, is_or_are

_NODES: Final = 1024
_MIB: Final = 1 << 20
_LEAST_MEMORY: Final = 16 * _MIB
_LEAST_PIDS: Final = 32
_SPARE: Final = 1.5
"""A memory limit leaves half of the peak as headroom, for caches and busy days."""
_NEAR: Final = 0.9
"""The used part of a limit from which a higher one is advised."""
_CLOCK: Final = os.sysconf("SC_CLK_TCK")
_MOST_CPUS: Final = 8192


def machine_size(tree: ProcTree) -> MachineSize:
    """Read the size of the machine."""

    def text(path: str) -> str:
        return tree.read_text(path).strip()

    total = whole((fields(text("proc/meminfo")).get("MemTotal") or "0").split()[0]) or 0
    uptime = text("proc/uptime").split()
    nodes = []
    for name in tree.names("sys/devices/system/node")[:_NODES]:
        number = whole(name.removeprefix("node")) if name.startswith("node") else None
        if number is not None and (cpus := text(f"sys/devices/system/node/{name}/cpulist")):
            nodes.append((number, cpus))
    return MachineSize(total << 10, text("sys/devices/system/cpu/online"), tuple(sorted(nodes)), _seconds(uptime))


def _seconds(words: list[str]) -> float:
    try:
        return float(words[0])
    except (IndexError, ValueError):
        return 0.0


def age(process: Process, machine: MachineSize) -> float:
    """The seconds that it has run; 0 where unknown."""
    return max(machine.now - process.start / _CLOCK, 0.0) if machine.now and process.start else 0.0


def average_cpus(process: Process, machine: MachineSize) -> float | None:
    """How many CPUs its cgroup has used on average since it started; None where unknown.

    The cgroup may be older than the process: the host's own, or that of a container that was entered later.
    """
    resources = {resource.name: resource for resource in given(process.resources, ())}
    seconds, spent = age(process, machine), resources.get("cpu.time")
    if process.container_id == "" or seconds < 1 or spent is None or spent.used is None:
        return None
    average = spent.used / 1e6 / seconds
    return average if average <= (len(cpu_numbers(machine.cpus)) or average) else None


def advise_limits(process: Process, machine: MachineSize) -> tuple[LimitAdvice, ...]:
    """The limits that would fit its usage, its peak and the machine, each with its reason.

    () for a process outside containers, whose cgroup counts the usage of others too.
    """
    if process.container_id == "":
        return ()
    resources = {resource.name: resource for resource in given(process.resources, ())}
    return (*_memory(resources, machine), *_pids(resources), *_cpus(process, resources, machine))


def fitting_memory(peak: int, most: int = 0) -> int:
    """The bytes that fit a peak, with headroom; `most` is what the machine has, 0 where unknown."""
    fitting = _rounded(max(peak * _SPARE, _LEAST_MEMORY))
    return min(fitting, most) if most else fitting


def fitting_pids(peak: int) -> int:
    """The limit of processes and threads that fits a peak: a power of two, at least four times as many."""
    return max(_LEAST_PIDS, 1 << (4 * peak - 1).bit_length())


def fitting_cpus(used: float, most: int = 0) -> float:
    """The CPUs that fit a usage: twice as many, in halves; `most` is what the machine has, 0 where unknown."""
    fitting = max(0.5, ceil(used * 4) / 2)
    return min(fitting, most) if most else fitting


def _memory(resources: dict[str, Limit], machine: MachineSize) -> Iterator[LimitAdvice]:
    memory = resources.get("memory")
    if memory is None or not memory.used:
        return
    peak = max(memory.peak or 0, memory.used)
    known = "its peak" if memory.peak else "its current usage (the kernel keeps no peak)"
    fitting = fitting_memory(peak, machine.memory)
    if memory.limit is None:
        yield LimitAdvice("--memory", f"{fitting // _MIB}m", f"{known} is {format_size(peak)}; this leaves headroom")
        yield LimitAdvice("--memory-swap", f"{fitting // _MIB}m", "the same as --memory, so that it never swaps")
    elif peak >= memory.limit * _NEAR:
        text = f"it nearly reached its limit of {format_size(memory.limit)}: {known} is {format_size(peak)}"
        # A container may also fill its limit with caches, which does no harm.
        yield LimitAdvice("--memory", f"{_rounded(memory.limit * _SPARE) // _MIB}m", text)
    else:
        yield LimitAdvice("--memory", "", f"{format_size(memory.limit)} fits: {known} is {format_size(peak)}")
    reserved = resources.get("memory.reservation")
    if reserved is None or reserved.limit is None:
        now = _rounded(max(memory.used * 1.1, _LEAST_MEMORY / 2))
        text = f"it uses {format_size(memory.used)} now, and keeps that when memory is short"
        yield LimitAdvice("--memory-reservation", f"{now // _MIB}m", text)


def _pids(resources: dict[str, Limit]) -> Iterator[LimitAdvice]:
    pids = resources.get("pids")
    if pids is None or not pids.used:
        return
    peak = max(pids.peak or 0, pids.used)
    known = f"{'at most' if pids.peak else 'now'} {peak}"
    if pids.limit is None:
        yield LimitAdvice("--pids-limit", str(fitting_pids(peak)), f"it had {known}; this stops a fork bomb")
    elif peak >= pids.limit * _NEAR:
        yield LimitAdvice("--pids-limit", str(pids.limit * 2), f"it nearly reached its limit of {pids.limit}: {known}")
    else:
        yield LimitAdvice("--pids-limit", "", f"{pids.limit} fits: it had {known}")


def _cpus(process: Process, resources: dict[str, Limit], machine: MachineSize) -> Iterator[LimitAdvice]:
    all_cpus = cpu_numbers(machine.cpus)
    own = cpu_numbers(given(process.cpuset_cpus, ""))
    average = average_cpus(process, machine)
    quota, period = resources.get("cpu.quota"), resources.get("cpu.period")
    limit = quota.limit / period.limit if quota and period and quota.limit and period.limit else None
    if average is not None and limit is None and all_cpus:
        fitting = fitting_cpus(average, len(all_cpus))
        yield LimitAdvice("--cpus", f"{fitting:g}", f"it used {average:.2f} on average; this leaves headroom")
    if len(all_cpus) < 2 or (own and own != all_cpus) or (limit is None and average is None):
        return
    needed = min(max(1, ceil(limit or (average or 0) * 2)), len(all_cpus))
    nodes = [(number, cpu_numbers(cpus)) for number, cpus in machine.nodes] or [(0, all_cpus)]
    node, cpus = next(((number, cpus) for number, cpus in nodes if len(cpus) >= needed), nodes[0])
    if needed < len(all_cpus):
        chosen = ",".join(map(str, sorted(cpus)[-needed:]))
        text = f"{needed} of {len(all_cpus)} CPUs {is_or_are(needed)} enough; the others stay free"
        yield LimitAdvice("--cpuset-cpus", chosen, text)
    if len(nodes) > 1 and needed <= len(cpus):
        yield LimitAdvice("--cpuset-mems", str(node), f"node {node} is the nearest to these CPUs")
    elif len(nodes) == 1:
        yield LimitAdvice("--cpuset-mems", "", "the machine has only one memory node")


def cpu_numbers(text: str) -> frozenset[int]:
    """The numbers of a list like "0-3,8"."""
    cpus: set[int] = set()
    for part in text.split(",")[:_MOST_CPUS]:
        first, _, last = part.strip().partition("-")
        low, high = whole(first), whole(last or first)
        if low is not None and high is not None:
            cpus.update(range(low, min(high, low + _MOST_CPUS) + 1))
    return frozenset(cpus)


def _rounded(number: float) -> int:
    """Round up to a plausible size: whole MiB, in steps of about an eighth."""
    mib = max(ceil(number / _MIB), 1)
    step = max(1 << max(mib.bit_length() - 4, 0), 1)
    return ceil(mib / step) * step * _MIB
