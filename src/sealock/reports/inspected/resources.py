"""What a container may use and uses: bars, and the limits that would fit it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.model.absent import UNKNOWN, given
from sealock.model.look import Look
from sealock.model.process import Limit
from sealock.reports.inspected.page import LABEL, Page
from sealock.text import format_size, line, wrap

_RLIMITS: Final = ("nofile", "nproc", "memlock", "core")
_RATES: Final = ("io.read", "io.write", "io.reads", "io.writes")


def using(page: Page, look: Look) -> Iterator[str]:
    """The part of the page."""
    yield from page.heading("Use", "its limits, and what it uses of them")
    process = look.enforced.process
    if not isinstance(process.resources, tuple):
        yield from page.row("Limits", "could not be seen", "magenta")
        return
    held = {each.name: each for each in process.resources}
    yield from _amount(page, "Memory", held.get("memory"), look.room.memory)
    if (swap := held.get("memory.swap")) is not None and swap.limit is not None:
        yield from _amount(page, "  with swap", swap, 0)
    if (reserved := held.get("memory.reservation")) is not None and reserved.limit:
        yield from page.row("  reserved", format_size(reserved.limit))
    yield from _processors(page, look, held)
    yield from _pids(page, held.get("pids"))
    yield from _others(page, look, held)
    yield from _advice(page, look)


def _line(page: Page, label: str, bar: str, text: str) -> Iterator[str]:
    lead = f"  {page.paint('faint', label.ljust(LABEL))}{bar}  "
    for row in wrap(line(text), page.room - LABEL - page.length - 4):
        yield lead + row
        lead = " " * (LABEL + page.length + 4)


def _amount(page: Page, label: str, limit: Limit | None, machine: int) -> Iterator[str]:
    if limit is None:
        yield from page.row(label, "could not be seen", "magenta")
        return
    peak = f", at most {format_size(limit.peak)} so far" if limit.peak else ""
    used = format_size(limit.used) if limit.used is not None else "an unknown part"
    if limit.limit is None:
        whole = f" of the machine's {format_size(machine)}" if machine else ""
        yield from _line(page, label, page.no_bar(), f"no limit: {used}{whole}{peak}")
        return
    above = f" (set by {limit.group} above it)" if limit.group else ""
    yield from _line(
        page, label, page.bar(limit.used or 0, limit.limit), f"{used} of {format_size(limit.limit)}{above}{peak}"
    )


def _pids(page: Page, limit: Limit | None) -> Iterator[str]:
    if limit is None:
        yield from page.row("Processes", "could not be seen", "magenta")
        return
    peak = f", at most {limit.peak} so far" if limit.peak else ""
    used = "an unknown number" if limit.used is None else str(limit.used)
    if limit.limit is None:
        yield from _line(page, "Processes", page.no_bar(), f"no limit: {used}{peak}")
    else:
        above = f" (set by {limit.group} above it)" if limit.group else ""
        yield from _line(
            page, "Processes", page.bar(limit.used or 0, limit.limit), f"{used} of {limit.limit}{above}{peak}"
        )


def _processors(page: Page, look: Look, held: dict[str, Limit]) -> Iterator[str]:
    cpus, busy = look.enforced.effective.cpus, look.busy
    mine = given(look.enforced.process.cpuset_cpus, "") or look.room.processors
    if isinstance(cpus, float | int):
        text = f"{busy:.2f} of {cpus:g} on average" if busy is not None else f"at most {cpus:g} at a time"
        quota = held.get("cpu.quota")
        above = f" (set by {quota.group} above it)" if quota is not None and quota.group else ""
        yield from _line(page, "Processors", page.bar(busy or 0, cpus), text + above)
    elif cpus is UNKNOWN:
        yield from page.row("Processors", "could not be seen", "magenta")
    else:
        text = f"no limit: {busy:.2f} on average" if busy is not None else "no limit"
        yield from _line(page, "Processors", page.no_bar(), f"{text}{f', on {mine}' if mine else ''}")
    if isinstance(look.enforced.effective.cpuset_cpus, str):
        yield from page.row("", f"on processors {look.enforced.effective.cpuset_cpus} alone")
    if isinstance(look.enforced.effective.cpuset_mems, str):
        yield from page.row("", f"in the memory of nodes {look.enforced.effective.cpuset_mems} alone")
    if (throttled := held.get("cpu.throttled")) is not None and throttled.used:
        yield from page.row("", f"held back by its limit for {throttled.used / 1e6:.1f} seconds so far", "magenta")


def _others(page: Page, look: Look, held: dict[str, Limit]) -> Iterator[str]:
    rates = [
        f"{name.removeprefix('io.').replace(':', ' of device ', 1)} {limit.limit:,} a second"
        for name, limit in held.items()
        if name.startswith(_RATES) and limit.limit is not None
    ]
    if rates:
        yield from page.row("Disks", "; ".join(rates[:8]))
    limits = {name: (soft, hard) for name, soft, hard in given(look.enforced.process.limits, ())}
    told = [f"{name} {_pair(*limits[name])}" for name in _RLIMITS if name in limits]
    if told:
        yield from page.row("Each process", ", ".join(told))
    adjusted = look.enforced.process.oom_score_adj
    if isinstance(adjusted, int) and adjusted:
        which = "sooner" if adjusted > 0 else "later"
        yield from page.row("Out of memory", f"ended {which} than others ({adjusted:+d})")


def _pair(soft: int, hard: int) -> str:
    def word(number: int) -> str:
        return "unlimited" if number < 0 else str(number)

    return word(soft) if soft == hard else f"{word(soft)} to {word(hard)}"


def _advice(page: Page, look: Look) -> Iterator[str]:
    if not look.advised:
        return
    yield ""
    wanted = [(f"{each.option} {each.value}", each.reason, None) for each in look.advised if each.value]
    yield from page.table("Would fit", [*wanted])
    fits = [(each.option, each.reason, None) for each in look.advised if not each.value]
    yield from page.table("" if wanted else "Would fit", [*fits], max([0, *(len(first) for first, _, _ in wanted)]))
    if look.update:
        yield from _command(page, look.update)


def _command(page: Page, text: str) -> Iterator[str]:
    """A command, broken between options as a shell would take it."""
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
