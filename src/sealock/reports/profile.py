"""Profiles for people: what a container may do, what it uses of that and what was taken away, and how two differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from sealock.model.profile import PHASES, ContactedAddress, ListeningPort, Profile, gaps
from sealock.reports.ansi import Ink
from sealock.reports.page import Page
from sealock.text import count, fit, format_size, line, list_first

_LABEL: Final = 14
_FEW: Final = 6
_LONGEST: Final = 300


def render_profile(profile: Profile, name: str, *, width: int = 80, colour: bool = False, unicode: bool = True) -> str:
    """Show a profile in one screen of that width."""
    page = _ProfilePage(profile, max(width, 40), colour=colour, unicode=unicode)
    parts = (page.origin(name), page.rights(), page.things(), page.completeness())
    return "\n".join(row.rstrip() for part in parts for row in part) + "\n"


class _ProfilePage(Page):
    """The page; each method yields the lines of a section."""

    def __init__(self, profile: Profile, room: int, *, colour: bool, unicode: bool) -> None:
        super().__init__(room, colour=colour, unicode=unicode)
        self.profile = profile

    def row(self, label: str, text: str) -> Iterator[str]:
        """A label and its text, nothing for an empty one."""
        if text:
            yield from self.hanging(text, _LABEL, label=label)

    def origin(self, name: str) -> Iterator[str]:
        """What it was learned from."""
        profile = self.profile
        digest = profile.digests[0].removeprefix("sha256:")[:12] if profile.digests else "no digest"
        yield self.headline(line(name, 80), f"{fit(line(profile.image), self.room // 3)} {digest}")
        for run in profile.runs[-3:]:
            where = (run.engine, run.runtime, f"kernel {run.kernel}" if run.kernel else "", run.mechanism)
            parts = (run.exercise or "no exercise", *(part for part in where if part))
            yield from self.row("Learned from", line("; ".join(parts), _LONGEST))
        if len(profile.runs) > 3:
            yield from self.row("", f"and {count(len(profile.runs) - 3, 'earlier run')}")
        met, cross = profile.phases, "✖" if self.unicode else "x"
        marks = {phase: self.signs.good if phase in met else cross for phase in PHASES}
        marks.update({phase: "-" for phase in profile.excluded if phase not in met})
        yield from self.row("Phases met", "  ".join(f"{mark} {phase}" for phase, mark in marks.items()))
        yield ""

    def rights(self) -> Iterator[str]:
        """The table of what it may do, what it uses, and what was taken away."""
        profile, granted = self.profile, self.profile.granted
        rows = [("", "may do", "uses", "taken away")]
        for calls in profile.syscalls:
            label = "System calls" if len(profile.syscalls) == 1 else f"Calls, {calls.architecture}"
            seen = len(calls.seen)
            allowed = max(granted.syscalls, seen)
            rows.append((label, str(allowed), str(seen), str(allowed - seen)))
        most, used = len(granted.capabilities), len(profile.needed)
        rows.append(("Capabilities", str(most), str(used), str(max(most - used, 0))))
        root = "reads only" if granted.read_only else "anywhere"
        rows.append(
            ("Root files", root, f"writes {len(profile.written)}", "nothing" if granted.read_only else "all others")
        )
        yield from self.table(rows, indent=0)
        yield ""

    def things(self) -> Iterator[str]:
        """What it was seen to use."""
        profile = self.profile
        for calls in profile.syscalls:
            if calls.possible:
                text = f"{len(calls.possible)} more that its files could call: {list_first(calls.possible, 8)}"
                yield from self.row("Possible", line(text, _LONGEST))
        unused = [name for name in profile.granted.capabilities if name not in profile.needed]
        taken = f"; taken away: {list_first(unused, _FEW)}" if unused else ""
        yield from self.row("Capabilities", line(f"{', '.join(profile.needed) or 'none'}{taken}", _LONGEST))
        yield from self.row("Listens on", _listed(map(_port, profile.ports)))
        yield from self.row("Connects to", _listed(map(_address, profile.contacted)))
        yield from self.row("Runs as", _listed(profile.users))
        yield from self.row("Executes", _listed(profile.executed))
        yield from self.row("Writes", _listed(profile.written))
        sizes = (count(len(profile.read), "file"), count(len(profile.libraries), "library", "libraries"))
        yield from self.row("Reads", ", ".join(sizes) if profile.read or profile.libraries else "")
        peaks = profile.peaks
        used = (
            format_size(peaks.memory) if peaks.memory else "",
            count(peaks.pids, "process", "processes") if peaks.pids else "",
            f"{peaks.cpus:.2f} CPUs" if peaks.cpus else "",
        )
        yield from self.row("Peaks", ", ".join(part for part in used if part))
        yield ""

    def completeness(self) -> Iterator[str]:
        """Whether it is complete."""
        missing = gaps(self.profile)
        if not missing:
            text = f"{self.signs.good} Complete: it met every phase, and the watcher lost nothing."
            yield from self.hanging(text, 0, "green")
        else:
            yield self.paint("magenta", "Incomplete:")
            for why in missing[:_FEW]:
                yield from self.hanging(line(why, _LONGEST), 2)
            if len(missing) > _FEW:
                yield f"  and {len(missing) - _FEW} more"


def render_difference(
    old: Profile, new: Profile, *, width: int = 80, colour: bool = False, unicode: bool = True
) -> str:
    """Show what the new profile has more (+) and less (-) than the old one."""
    page = Page(max(width, 40), colour=colour, unicode=unicode)
    rows: list[str] = []
    for label, before, after in _compared(old, new):
        sides: tuple[tuple[str, Ink, list[str]], ...] = (
            ("+", "red", _beyond(after, before)),
            ("-", "green", _beyond(before, after)),
        )
        for sign, ink, names in sides:
            if names:
                text = line(list_first(names, 20), 2000)
                rows += page.hanging(f"{sign} {text}", _LABEL + 2, ink, label=label)
                label = ""  # noqa: PLW2901  said once
    return "\n".join(row.rstrip() for row in rows or ["Both use the same."]) + "\n"


def grown(old: Profile, new: Profile) -> bool:
    """Whether the new profile uses anything that the old one does not."""
    return any(_beyond(after, before) for _, before, after in _compared(old, new))


def _compared(old: Profile, new: Profile) -> Iterator[tuple[str, Sequence[str], Sequence[str]]]:
    names = sorted({calls.architecture for profile in (old, new) for calls in profile.syscalls})
    for architecture in names:
        label = "System calls" if len(names) == 1 else f"Calls, {architecture}"
        yield label, old.calls(architecture).seen, new.calls(architecture).seen
    yield "Capabilities", old.capabilities, new.capabilities
    yield "Listens on", tuple(map(_port, old.ports)), tuple(map(_port, new.ports))
    yield "Connects to", tuple(map(_address, old.contacted)), tuple(map(_address, new.contacted))
    yield "Runs as", old.users, new.users
    yield "Executes", old.executed, new.executed
    yield "Libraries", old.libraries, new.libraries
    yield "Writes", old.written, new.written
    yield "Reads", old.read, new.read


def _beyond(these: Sequence[str], those: Sequence[str]) -> list[str]:
    return sorted(frozenset(these) - frozenset(those))


def _listed(names: Iterable[str]) -> str:
    return line(list_first(list(names), _FEW), _LONGEST)


def _port(port: ListeningPort) -> str:
    return f"{port.protocol} {_host(port.address)}{port.port}"


def _host(address: str) -> str:
    """An address in front of a port; IPv6 in brackets."""
    return f"[{address}]:" if ":" in address else f"{address}:" if address else ""


def _address(contact: ContactedAddress) -> str:
    port = f"{_host(contact.address)}{contact.port}" if contact.port else contact.address
    return f"{contact.protocol} {port}{f' ({contact.name})' if contact.name else ''}"
