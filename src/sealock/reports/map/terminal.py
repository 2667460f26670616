"""The map for people: networks with who is on them, what is open to the outside, and what stands out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.model.absent import given
from sealock.model.netmap import OUTSIDE, Map, Station
from sealock.model.network import EngineNetwork
from sealock.netmap.graph import listening
from sealock.reports.ansi import Ink
from sealock.reports.page import Page, columns
from sealock.text import count, fit, line, width

_MATRIX: Final = 12
"""Containers up to which the whole matrix is shown."""
_NAME: Final = 24


def render(drawn: Map, *, width: int = 80, colour: bool = False, unicode: bool = True) -> str:
    """Render for a terminal of that width."""
    page = _Page(drawn, max(width, 40), colour=colour, unicode=unicode)
    parts = (page.head(), page.networks(), page.elsewhere(), page.published(), page.matrix(), page.remarks())
    return "\n".join(row.rstrip() for part in parts for row in part) + "\n"


class _Page(Page):
    """Knows how the page looks; each method yields the lines of one part."""

    def __init__(self, drawn: Map, room: int, *, colour: bool, unicode: bool) -> None:
        super().__init__(room, colour=colour, unicode=unicode)
        self.drawn = drawn
        self.dot, self.end, self.mid = ("●", "└", "├") if unicode else ("*", "`", "|")
        self.yes, self.no = ("●", "·") if unicode else ("x", ".")
        self.names = max((width(line(station.name, _NAME)) for station in drawn.stations), default=0)

    def head(self) -> Iterator[str]:
        """How many of what."""
        running = sum(station.running for station in self.drawn.stations)
        used = {seat.network for station in self.drawn.stations for seat in station.seats}
        name = f"{count(running, 'container')} on {count(len(used), 'network')}"
        yield self.headline(name)
        if self.drawn.declared:
            yield self.paint("faint", "Declared only: no machine was looked at.")
        yield ""

    def networks(self) -> Iterator[str]:
        """Each network with its members."""
        for network in self.drawn.networks:
            members = [
                (station, seat)
                for station in self.drawn.stations
                for seat in station.seats
                if seat.network == network.name
            ]
            if not members and not self.drawn.declared:
                continue
            name = fit(line(network.name), self.room - 30)
            yield f"{self.paint('bold', name)}  {self.paint('faint', _facts(network))}"
            for index, (station, seat) in enumerate(members):
                branch = self.end if index == len(members) - 1 else self.mid
                others = [name for name in seat.names if name != station.name]
                more = [
                    seat.ipv4 or seat.ipv6,
                    f"also {', '.join(line(other, 40) for other in others)}" if others else "",
                ]
                more.append(_listening(station))
                yield self.member(branch, station, "  ".join(filter(None, more)))
            yield ""

    def member(self, branch: str, station: Station, text: str) -> str:
        """A container and its details on one line."""
        name = line(station.name, _NAME)
        pad = " " * max(self.names - width(name), 0)
        left = f"  {self.paint('faint', branch)} "
        shown = fit(text, max(self.room - 4 - self.names - 2, 10))
        ink: Ink = "bold" if station.running else "faint"
        return f"{left}{self.paint(ink, name)}{pad}  {shown}"

    def elsewhere(self) -> Iterator[str]:
        """Containers that are on none of the engine's networks."""
        rows = []
        for station in self.drawn.stations:
            if station.on_host:
                rows.append((station, f"on the host's own network  {_listening(station)}"))
            elif station.shares:
                rows.append((station, f"in the network of {line(station.shares, 40)}"))
            elif station.alone:
                rows.append((station, "has no network"))
            elif not station.running:
                rows.append((station, "does not run"))
        if rows:
            yield self.paint("bold", "Elsewhere")
            for index, (station, text) in enumerate(rows):
                yield self.member(self.end if index == len(rows) - 1 else self.mid, station, text)
            yield ""

    def published(self) -> Iterator[str]:
        """What is open beyond the containers."""
        rows: list[tuple[str, str, Ink]] = []
        for station in self.drawn.stations:
            for port in station.published:
                address = port.address or "0.0.0.0"  # noqa: S104  as people write it
                shown = f"[{address}]" if ":" in address else address
                inner = address.startswith(("127.", "::1"))
                text = f"{line(station.name, _NAME)}:{port.container}/{port.protocol}"
                text += "" if station.running else "  when it runs"
                ink: Ink = "faint" if inner or not station.running else "red"
                rows.append((f"{shown}:{port.host or '(any free port)'}", text, ink))
        for edge in self.drawn.edges:
            if edge.source == OUTSIDE and edge.way == "outside":
                what = ", ".join(edge.ports[:6]) or "whatever it listens on"
                rows.append(
                    (edge.addresses[0] if edge.addresses else "the host", f"{line(edge.target, _NAME)}: {what}", "red")
                )
        if not rows:
            return
        yield self.paint("bold", "Open from outside")
        cells = columns([(line(left), fit(right, self.room - 6)) for left, right, _ in rows], self.room - 5)
        for (left, right), (_, _, ink) in zip(cells, rows, strict=True):
            yield f"  {self.paint(ink, left)} {self.signs.arrow} {right}"
        yield ""

    def matrix(self) -> Iterator[str]:
        """Who reaches whom, for few containers."""
        names = [station.name for station in self.drawn.stations if station.running]
        if not 1 < len(names) <= _MATRIX:
            return
        reached = {(edge.source, edge.target) for edge in self.drawn.edges}
        yield self.paint("bold", "Who reaches whom") + self.paint("faint", "  (rows reach columns)")
        yield f"  {' ' * self.names}  {' '.join(f'{index:>2}' for index in range(1, len(names) + 1))}"
        for number, source in enumerate(names, 1):
            shown = line(source, _NAME)
            cells = [
                "  " if source == target else f" {self.yes if (source, target) in reached else self.no}"
                for target in names
            ]
            pad = " " * (self.names - width(shown))
            yield f"  {shown}{pad}  {' '.join(cells)}  {self.paint('faint', str(number))}"
        yield ""

    def remarks(self) -> Iterator[str]:
        """What stands out, and what to do."""
        if not self.drawn.remarks:
            return
        yield self.paint("bold", "What stands out")
        for remark in self.drawn.remarks:
            yield from self.hanging(f"{line(remark.about, 60)} {line(remark.text)}.", 4, badge=f"  {self.dot} ")
            if remark.remedy:
                yield from self.hanging(f"{self.signs.arrow} {line(remark.remedy, 2000)}", 6)


def _facts(network: EngineNetwork) -> str:
    """What kind of network it is."""
    words = [given(network.driver, "bridge")]
    words += ["internal"] if network.internal is True else []
    words += ["members isolated"] if network.icc is False else []
    words += ["encrypted"] if network.encrypted is True else []
    words += list(given(network.subnets, ())[:2])
    return ", ".join(line(word, 60) for word in words)


def _listening(station: Station) -> str:
    """The ports that its programs listen on."""
    ports = listening(station)
    shown = ", ".join(ports[:6])
    return f"listens on {shown}{', …' if len(ports) > 6 else ''}" if ports else ""
