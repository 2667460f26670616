"""How large this machine is, and which limits would fit a container on it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from math import ceil
from typing import Final

from sealock.model.absent import given
from sealock.model.look import LimitAdvice, MachineSize
from sealock.model.process import Limit, Process
from sealock.runtime.kernel.procfiles import fields, whole
from sealock.runtime.kernel.tree import ProcTree
from sealock.text import format_size

_NODES: Final = 1024
_MIB: Final = 1 << 20
_LEAST_MEMORY: Final = 16 * _MIB
_LEAST_PIDS: Final = 32
_SPARE: Final = 1.5
"""A limit of memory leaves half of the peak to grow: caches and a busy day."""
_NEAR: Final = 0.9
"""Used so far, a limit is about to be felt."""
_CLOCK: Final = os.sysconf("SC_CLK_TCK")
_MOST_CPUS: Final = 8192


def room(tree: ProcTree) -> MachineSize:
    """Look how large the machine is."""

    def text(path: str) -> str:
        held = tree.text(path)
        return held.strip() if isinstance(held, str) else ""

    total = whole((fields(text("proc/meminfo")).get("MemTotal") or "0").split()[0]) or 0
    uptime = text("proc/uptime").split()
    nodes = []
    for name in tree.names("sys/devices/system/node")[:_NODES]:
        number = whole(name.removeprefix("node")) if name.startswith("node") else None
        if number is not None and (held := text(f"sys/devices/system/node/{name}/cpulist")):
            nodes.append((number, held))
    return MachineSize(total << 10, text("sys/devices/system/cpu/online"), tuple(sorted(nodes)), _seconds(uptime))


def _seconds(words: list[str]) -> float:
    try:
        return float(words[0])
    except (IndexError, ValueError):
        return 0.0


def age(process: Process, machine: MachineSize) -> float:
    """Seconds that it has run; 0 where that is not known."""
    return max(machine.now - process.start / _CLOCK, 0.0) if machine.now and process.start else 0.0


def average(process: Process, machine: MachineSize) -> float | None:
    """How many processors its control group has used on average since it started; None where that is not known.

    The group may be older than the process: the machine's own, or a container's that somebody entered later.
    """
    held = {one.name: one for one in given(process.resources, ())}
    ran, spent = age(process, machine), held.get("cpu.time")
    if process.container_id == "" or ran < 1 or spent is None or spent.used is None:
        return None
    busy = spent.used / 1e6 / ran
    return busy if busy <= (len(numbers(machine.processors)) or busy) else None


def advised(process: Process, machine: MachineSize) -> tuple[LimitAdvice, ...]:
    """The limits that would fit, by its present use, its peak, and the size of the machine; each with its reason.

    None for what is in no container: what its control groups use is not its own.
    """
    if process.container_id == "":
        return ()
    held = {one.name: one for one in given(process.resources, ())}
    found = [*_memory(held, machine), *_pids(held), *_processors(process, held, machine)]
    return tuple(found)


def _memory(held: dict[str, Limit], machine: MachineSize) -> Iterator[LimitAdvice]:
    memory = held.get("memory")
    if memory is None or not memory.used:
        return
    peak = max(memory.peak or 0, memory.used)
    known = "its peak" if memory.peak else "its use now (no peak is kept)"
    wanted = _rounded(max(peak * _SPARE, _LEAST_MEMORY))
    if machine.memory:
        wanted = min(wanted, machine.memory)
    if memory.limit is None:
        yield LimitAdvice("--memory", f"{wanted // _MIB}m", f"{known} is {format_size(peak)}; there is room to grow")
        yield LimitAdvice("--memory-swap", f"{wanted // _MIB}m", "as --memory, so that it never swaps")
    elif peak >= memory.limit * _NEAR:
        text = f"its limit of {format_size(memory.limit)} was all but reached: {known} is {format_size(peak)}"
        # A container that fills its limit with caches is no less well for it.
        yield LimitAdvice("--memory", f"{_rounded(memory.limit * _SPARE) // _MIB}m", text)
    else:
        yield LimitAdvice("--memory", "", f"{format_size(memory.limit)} fits: {known} is {format_size(peak)}")
    reserved = held.get("memory.reservation")
    if reserved is None or reserved.limit is None:
        now = _rounded(max(memory.used * 1.1, _LEAST_MEMORY / 2))
        text = f"it uses {format_size(memory.used)} now, and keeps it when memory is short"
        yield LimitAdvice("--memory-reservation", f"{now // _MIB}m", text)


def _pids(held: dict[str, Limit]) -> Iterator[LimitAdvice]:
    pids = held.get("pids")
    if pids is None or not pids.used:
        return
    peak = max(pids.peak or 0, pids.used)
    known = f"{'at most' if pids.peak else 'now'} {peak}"
    if pids.limit is None:
        wanted = max(_LEAST_PIDS, 1 << (4 * peak - 1).bit_length())
        yield LimitAdvice("--pids-limit", str(wanted), f"it had {known}; a fork bomb ends here")
    elif peak >= pids.limit * _NEAR:
        yield LimitAdvice(
            "--pids-limit", str(pids.limit * 2), f"its limit of {pids.limit} was all but reached: {known}"
        )
    else:
        yield LimitAdvice("--pids-limit", "", f"{pids.limit} fits: it had {known}")


def _processors(process: Process, held: dict[str, Limit], machine: MachineSize) -> Iterator[LimitAdvice]:
    there = numbers(machine.processors)
    mine = numbers(given(process.cpuset_cpus, ""))
    busy = average(process, machine)
    quota, period = held.get("cpu.quota"), held.get("cpu.period")
    limit = quota.limit / period.limit if quota and period and quota.limit and period.limit else None
    if busy is not None and limit is None and there:
        wanted = min(max(0.5, ceil(busy * 4) / 2), len(there))
        yield LimitAdvice("--cpus", f"{wanted:g}", f"it used {busy:.2f} on average; there is room for busy times")
    if len(there) < 2 or (mine and mine != there) or (limit is None and busy is None):
        return
    need = min(max(1, ceil(limit or (busy or 0) * 2)), len(there))
    homes = [(number, numbers(cpus)) for number, cpus in machine.nodes] or [(0, there)]
    node, cpus = next(((number, own) for number, own in homes if len(own) >= need), homes[0])
    if need < len(there):
        chosen = ",".join(map(str, sorted(cpus)[-need:]))
        text = f"{need} of the {len(there)} {'is' if need == 1 else 'are'} enough, and the others stay free of it"
        yield LimitAdvice("--cpuset-cpus", chosen, text)
    if len(homes) > 1 and need <= len(cpus):
        yield LimitAdvice("--cpuset-mems", str(node), f"node {node} is the nearest to these processors")
    elif len(homes) == 1:
        yield LimitAdvice("--cpuset-mems", "", "one memory node: nothing to choose")


def numbers(text: str) -> frozenset[int]:
    """The numbers of a list such as "0-3,8"."""
    found: set[int] = set()
    for part in text.split(",")[:_MOST_CPUS]:
        first, _, last = part.strip().partition("-")
        low, high = whole(first), whole(last or first)
        if low is not None and high is not None:
            found.update(range(low, min(high, low + _MOST_CPUS) + 1))
    return frozenset(found)


def _rounded(number: float) -> int:
    """Up to a size that one would write: whole MiB, by steps of an eighth or so."""
    mib = max(ceil(number / _MIB), 1)
    step = max(1 << max(mib.bit_length() - 4, 0), 1)
    return ceil(mib / step) * step * _MIB
