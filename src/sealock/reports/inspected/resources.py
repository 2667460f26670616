"""What a container may use and uses, and the limits that would fit it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.model.absent import UNKNOWN, given
from sealock.model.inspection import Inspection
from sealock.model.process import Limit
from sealock.reports.inspected.page import LABEL, InspectionPage
from sealock.text import format_size, line, wrap

_RLIMITS: Final = ("nofile", "nproc", "memlock", "core")
_RATES: Final = ("io.read", "io.write", "io.reads", "io.writes")


def render_resources(page: InspectionPage, inspection: Inspection) -> Iterator[str]:
    """The section "Use"."""
    yield from page.heading("Use", "its limits and its usage")
    process = inspection.enforced.process
    if not isinstance(process.resources, tuple):
        yield from page.row("Limits", "unknown", "magenta")
        return
    resources = {resource.name: resource for resource in process.resources}
    yield from _amount(page, "Memory", resources.get("memory"), inspection.enforced.machine.memory)
    if (swap := resources.get("memory.swap")) is not None and swap.limit is not None:
        yield from _amount(page, "  with swap", swap, 0)
    if (reserved := resources.get("memory.reservation")) is not None and reserved.limit:
        yield from page.row("  reserved", format_size(reserved.limit))
    yield from _cpus(page, inspection, resources)
    yield from _pids(page, resources.get("pids"))
    yield from _others(page, inspection, resources)
    yield from _advice(page, inspection)


def _line(page: InspectionPage, label: str, bar: str, text: str) -> Iterator[str]:
    lead = f"  {page.paint('faint', label.ljust(LABEL))}{bar}  "
    for row in wrap(line(text + page.ids(label)), page.room - LABEL - page.length - 4):
        yield lead + row
        lead = " " * (LABEL + page.length + 4)


def _amount(page: InspectionPage, label: str, limit: Limit | None, machine: int) -> Iterator[str]:
    if limit is None:
        yield from page.row(label, "unknown", "magenta")
        return
    peak = f", at most {format_size(limit.peak)} so far" if limit.peak else ""
    used = format_size(limit.used) if limit.used is not None else "an unknown part"
    if limit.limit is None:
        whole = f" of the machine's {format_size(machine)}" if machine else ""
        yield from _line(page, label, page.no_bar(), f"no limit: {used}{whole}{peak}")
        return
    ancestor = f" (set by its parent {limit.group})" if limit.group else ""
    text = f"{used} of {format_size(limit.limit)}{ancestor}{peak}"
    yield from _line(page, label, page.bar(limit.used or 0, limit.limit), text)


def _pids(page: InspectionPage, limit: Limit | None) -> Iterator[str]:
    if limit is None:
        yield from page.row("Processes", "unknown", "magenta")
        return
    peak = f", at most {limit.peak} so far" if limit.peak else ""
    used = "an unknown number" if limit.used is None else str(limit.used)
    if limit.limit is None:
        yield from _line(page, "Processes", page.no_bar(), f"no limit: {used}{peak}")
    else:
        ancestor = f" (set by its parent {limit.group})" if limit.group else ""
        text = f"{used} of {limit.limit}{ancestor}{peak}"
        yield from _line(page, "Processes", page.bar(limit.used or 0, limit.limit), text)


def _cpus(page: InspectionPage, inspection: Inspection, resources: dict[str, Limit]) -> Iterator[str]:
    cpus, cpus_used = inspection.enforced.effective.cpus, inspection.cpus_used
    cpuset = given(inspection.enforced.process.cpuset_cpus, "") or inspection.enforced.machine.cpus
    if isinstance(cpus, float | int):
        text = f"{cpus_used:.2f} of {cpus:g} on average" if cpus_used is not None else f"at most {cpus:g}"
        quota = resources.get("cpu.quota")
        ancestor = f" (set by its parent {quota.group})" if quota is not None and quota.group else ""
        yield from _line(page, "CPUs", page.bar(cpus_used or 0, cpus), text + ancestor)
    elif cpus is UNKNOWN:
        yield from page.row("CPUs", "unknown", "magenta")
    else:
        text = f"no limit: {cpus_used:.2f} on average" if cpus_used is not None else "no limit"
        yield from _line(page, "CPUs", page.no_bar(), f"{text}{f', on {cpuset}' if cpuset else ''}")
    if isinstance(inspection.enforced.effective.cpuset_cpus, str):
        yield from page.row("", f"only on CPUs {inspection.enforced.effective.cpuset_cpus}")
    if isinstance(inspection.enforced.effective.cpuset_mems, str):
        yield from page.row("", f"only in the memory of nodes {inspection.enforced.effective.cpuset_mems}")
    if (throttled := resources.get("cpu.throttled")) is not None and throttled.used:
        yield from page.row("", f"throttled for {throttled.used / 1e6:.1f} seconds so far", "magenta")


def _others(page: InspectionPage, inspection: Inspection, resources: dict[str, Limit]) -> Iterator[str]:
    rates = [
        f"{name.removeprefix('io.').replace(':', ' of device ', 1)} {limit.limit:,} a second"
        for name, limit in resources.items()
        if name.startswith(_RATES) and limit.limit is not None
    ]
    if rates:
        yield from page.row("Disks", "; ".join(rates[:8]))
    limits = {name: (soft, hard) for name, soft, hard in given(inspection.enforced.process.limits, ())}
    ulimits = [f"{name} {_pair(*limits[name])}" for name in _RLIMITS if name in limits]
    if ulimits:
        yield from page.row("Ulimits", ", ".join(ulimits))
    adjusted = inspection.enforced.process.oom_score_adj
    if isinstance(adjusted, int) and adjusted:
        which = "sooner" if adjusted > 0 else "later"
        yield from page.row("OOM killer", f"kills it {which} than others ({adjusted:+d})")


def _pair(soft: int, hard: int) -> str:
    def word(number: int) -> str:
        return "unlimited" if number < 0 else str(number)

    return word(soft) if soft == hard else f"{word(soft)} to {word(hard)}"


def _advice(page: InspectionPage, inspection: Inspection) -> Iterator[str]:
    if inspection.withheld:
        yield from page.row("Would fit", f"nothing is advised: {inspection.withheld}", "magenta")
    if not inspection.advised:
        return
    yield ""
    advised = [(f"{limit.option} {limit.value}", limit.reason, None) for limit in inspection.advised if limit.value]
    yield from page.pairs("Would fit", [*advised])
    fits = [(limit.option, limit.reason, None) for limit in inspection.advised if not limit.value]
    yield from page.pairs("" if advised else "Would fit", [*fits], max([0, *(len(first) for first, _, _ in advised)]))
    if inspection.update:
        yield from _command(page, inspection.update)


def _command(page: InspectionPage, text: str) -> Iterator[str]:
    """A command, broken between options with backslashes."""
    lead, room = f"  {page.signs.arrow} ", page.room - 4
    current = ""
    words = line(text, 2000).replace(" --", "\n--").split("\n")
    first, last = words[0], words[-1].rpartition(" ")
    for word in [first, *words[1:-1], last[0], last[2]] if len(words) > 1 else words:
        if current and len(current) + len(word) + 3 > room:
            yield f"{lead}{page.paint('cyan', current)} \\"
            lead, current = " " * 8, word
            room = page.room - 8
        else:
            current = f"{current} {word}" if current else word
    yield lead + page.paint("cyan", current)
