"""The map as a picture: containers are rows, networks are lines that they are stops on.

What is published comes in from the left. The picture holds no script and loads nothing; its colours follow the reader's
choice of light or dark.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.model.netmap import Map, Station
from sealock.netmap.graph import listening
from sealock.text import clip, count, visible

_ROW: Final = 34
_TOP: Final = 128
_PORTS: Final = 250
"""Room for published ports, left of the containers."""
_BOX: Final = 190
_COLUMN: Final = 54
_LINES: Final = ("#2f6fab", "#2e8b57", "#8e5ea2", "#c2762b", "#1f8a8a", "#b0485f", "#6b7a1f", "#5a5fc7")
_STYLE: Final = """
  svg { color-scheme: light dark; font-family: system-ui, "Segoe UI", Helvetica, Arial, sans-serif; }
  .paper { fill: #ffffff; } .ink { fill: #1d2329; } .faint { fill: #66707a; } .box { fill: #f4f6f8; stroke: #c9d0d6; }
  .off { fill: #f4f6f8; stroke: #c9d0d6; stroke-dasharray: 3 3; } .host { fill: #fbeed9; stroke: #d9a441; }
  .wide { stroke: #c0392b; fill: none; } .near { stroke: #8a949d; fill: none; } .wide-text { fill: #b03a2e; }
  .zebra { fill: #fafbfc; }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #14181c; } .ink { fill: #e6eaee; } .faint { fill: #98a2ac; } .box { fill: #20262c; stroke: #3d4650; }
    .off { fill: #181d22; stroke: #3d4650; } .host { fill: #3a2f1b; stroke: #b98a35; } .wide { stroke: #e57368; }
    .wide-text { fill: #ee8f86; } .zebra { fill: #191e23; }
  }
"""


def render(drawn: Map) -> str:
    """Render a self-contained SVG."""
    return "\n".join(_Picture(drawn).rows()) + "\n"


class _Picture:
    """Lays the map out: a column for each network, a row for each container."""

    def __init__(self, drawn: Map) -> None:
        self.drawn = drawn
        used = {seat.network for station in drawn.stations for seat in station.seats}
        self.networks = [network for network in drawn.networks if network.name in used]
        self.stations = self.ordered()
        self.on_host = any(station.on_host for station in drawn.stations)
        self.left = _PORTS if any(station.published for station in drawn.stations) else 40
        self.columns = {one.name: self.left + _BOX + 60 + index * _COLUMN for index, one in enumerate(self.networks)}
        self.lines = {one.name: _LINES[index % len(_LINES)] for index, one in enumerate(self.networks)}
        columns = len(self.networks) + self.on_host
        self.host_column = self.left + _BOX + 60 + len(self.networks) * _COLUMN
        # Names of networks lean to the right, beyond the last column.
        self.width = self.left + _BOX + 60 + columns * _COLUMN + 150
        self.height = _TOP + len(self.stations) * _ROW + 60

    def ordered(self) -> list[Station]:
        """Members of a network next to one another, in the order of the networks."""
        order = {one.name: index for index, one in enumerate(self.networks)}

        def key(station: Station) -> tuple[int, str]:
            return min((order.get(seat.network, 999) for seat in station.seats), default=1000), station.name

        return sorted(self.drawn.stations, key=key)

    def rows(self) -> Iterator[str]:
        """Every line of the file."""
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" width="{self.width}"'
            f' height="{self.height}" role="img" aria-label="Network map">'
        )
        yield f"<style>{_STYLE}</style>"
        yield f'<rect class="paper" width="{self.width}" height="{self.height}"/>'
        running = sum(station.running for station in self.stations)
        title = f"{count(running, 'container')}, {count(len(self.networks), 'network')}"
        yield f'<text class="ink" x="24" y="34" font-size="18" font-weight="600">{title}</text>'
        about = "as declared" if self.drawn.declared else "as the engine and the kernel show it"
        yield f'<text class="faint" x="24" y="54" font-size="12">{about}</text>'
        for index in range(0, len(self.stations), 2):
            y = _TOP + index * _ROW
            yield f'<rect class="zebra" x="0" y="{y}" width="{self.width}" height="{_ROW}"/>'
        yield from self.tracks()
        for index, station in enumerate(self.stations):
            yield from self.stop(station, _TOP + index * _ROW + _ROW // 2)
        yield from self.legend()
        yield "</svg>"

    def tracks(self) -> Iterator[str]:
        """A vertical line for each network, from its first stop to its last, with its name above."""
        for network in self.networks:
            x, colour = self.columns[network.name], self.lines[network.name]
            stops = [
                _TOP + index * _ROW + _ROW // 2
                for index, one in enumerate(self.stations)
                if any(seat.network == network.name for seat in one.seats)
            ]
            dash = ' stroke-dasharray="7 4"' if network.internal is True else ""
            yield (
                f'<line x1="{x}" y1="{_TOP - 14}" x2="{x}" y2="{max(stops)}" stroke="{colour}" stroke-width="4"'
                f' stroke-linecap="round"{dash}/>'
            )
            marks = [
                word for word, on in (("internal", network.internal is True), ("apart", network.icc is False)) if on
            ]
            label = _escaped(clip(visible(network.name), 26)) + (f" ({', '.join(marks)})" if marks else "")
            yield (
                f'<text x="{x}" y="{_TOP - 22}" font-size="13" font-weight="600" fill="{colour}"'
                f' transform="rotate(-28 {x} {_TOP - 22})">{label}</text>'
            )
        if self.on_host:
            x = self.host_column
            yield (
                f'<text x="{x}" y="{_TOP - 22}" font-size="13" font-weight="600" class="wide-text"'
                f' transform="rotate(-28 {x} {_TOP - 22})">the host itself</text>'
            )

    def stop(self, station: Station, y: int) -> Iterator[str]:
        """A container: what is published, its box, its stops."""
        yield from self.ports(station, y)
        kind = "host" if station.on_host else "box" if station.running else "off"
        x = self.left
        yield f'<rect class="{kind}" x="{x}" y="{y - 12}" width="{_BOX}" height="24" rx="6"/>'
        name = _escaped(clip(visible(station.name), 24))
        yield f'<text class="ink" x="{x + 10}" y="{y + 4}" font-size="13">{name}</text>'
        listens = ", ".join(dict.fromkeys(one.partition("/")[0] for one in listening(station)))
        if listens:
            yield (
                f'<text class="faint" x="{x + _BOX - 8}" y="{y + 4}" font-size="10" text-anchor="end">'
                f"{_escaped(clip(listens, 14))}</text>"
            )
        places = [self.columns[seat.network] for seat in station.seats if seat.network in self.columns]
        if station.on_host:
            places.append(self.host_column)
        if places:
            yield f'<line class="near" x1="{x + _BOX}" y1="{y}" x2="{max(places)}" y2="{y}" stroke-width="1.5"/>'
        for seat in station.seats:
            if seat.network in self.columns:
                tip = _escaped(visible(f"{station.name} on {seat.network}: {seat.ipv4 or seat.ipv6}"))
                cx, colour = self.columns[seat.network], self.lines[seat.network]
                yield f'<circle cx="{cx}" cy="{y}" r="7" fill="{colour}"><title>{tip}</title></circle>'
        if station.on_host:
            x = self.host_column - 7
            yield f'<rect x="{x}" y="{y - 7}" width="14" height="14" rx="3" class="host" stroke-width="3"/>'
        note = f"in the network of {station.shares}" if station.shares else "no network" if station.alone else ""
        if note:
            yield (
                f'<text class="faint" x="{x + _BOX + 12}" y="{y + 4}" font-size="11" font-style="italic">'
                f"{_escaped(clip(visible(note), 40))}</text>"
            )

    def ports(self, station: Station, y: int) -> Iterator[str]:
        """Published ports, as an arrow from the left edge; red where everybody can come in."""
        if not station.published:
            return
        wide = any(not (port.address or "").startswith(("127.", "::1")) for port in station.published)
        wide = wide and station.running
        kind = "wide" if wide else "near"
        words = [
            f"{port.address + ':' if port.address else ''}{port.host or '?'}→{port.container}"
            for port in station.published
        ]
        text = clip(visible(", ".join(words)), 34)
        x = self.left
        yield f'<path class="{kind}" d="M 24 {y + 9} H {x - 6} m -6 -4 l 6 4 l -6 4" stroke-width="1.6"/>'
        tone = "wide-text" if wide else "faint"
        yield f'<text class="{tone}" x="26" y="{y + 4}" font-size="11.5">{_escaped(text)}</text>'

    def legend(self) -> Iterator[str]:
        """What the signs mean."""
        y = self.height - 22
        items = [
            ("wide", "published to everybody"),
            ("near", "published to this host"),
        ] if any(station.published for station in self.stations) else []  # fmt: skip
        x = 24
        for kind, text in items:
            yield f'<path class="{kind}" d="M {x} {y - 4} h 26 m -6 -4 l 6 4 l -6 4" stroke-width="1.6"/>'
            yield f'<text class="faint" x="{x + 34}" y="{y}" font-size="11">{text}</text>'
            x += 190
        if any(network.internal is True for network in self.networks):
            yield f'<path class="near" d="M {x} {y - 4} h 26" stroke-width="4" stroke-dasharray="7 4"/>'
            yield f'<text class="faint" x="{x + 34}" y="{y}" font-size="11">internal network</text>'


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
