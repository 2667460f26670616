"""The map as a picture: containers are rows, networks are vertical lines with a stop for each container.

Published ports come in from the left. The picture has no script and loads nothing; its colours follow the reader's
light or dark scheme.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.model.netmap import Map, MapNode
from sealock.model.network import LOOPBACK, bracketed
from sealock.netmap.graph import listening
from sealock.text import clip, count, visible

_ROW: Final = 34
_TOP: Final = 128
_PORTS: Final = 250
"""The width for published ports, left of the containers."""
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


def render(network_map: Map) -> str:
    """Render a self-contained SVG."""
    return "\n".join(_Picture(network_map).rows()) + "\n"


class _Picture:
    """Lays the map out: a column for each network, a row for each container."""

    def __init__(self, network_map: Map) -> None:
        self.network_map = network_map
        used = {attachment.network for node in network_map.nodes for attachment in node.attachments}
        self.networks = [network for network in network_map.networks if network.name in used]
        self.nodes = self.ordered()
        self.on_host = any(node.on_host for node in network_map.nodes)
        self.left = _PORTS if any(node.published for node in network_map.nodes) else 40
        start = self.left + _BOX + 60
        self.columns = {network.name: start + index * _COLUMN for index, network in enumerate(self.networks)}
        self.lines = {network.name: _LINES[index % len(_LINES)] for index, network in enumerate(self.networks)}
        columns = len(self.networks) + self.on_host
        self.host_column = start + len(self.networks) * _COLUMN
        # Network names are rotated, and extend beyond the last column.
        self.width = start + columns * _COLUMN + 150
        self.height = _TOP + len(self.nodes) * _ROW + 60

    def ordered(self) -> list[MapNode]:
        """Containers of a network next to each other, in the order of the networks."""
        order = {network.name: index for index, network in enumerate(self.networks)}

        def key(node: MapNode) -> tuple[int, str]:
            return min((order.get(attachment.network, 999) for attachment in node.attachments), default=1000), node.name

        return sorted(self.network_map.nodes, key=key)

    def rows(self) -> Iterator[str]:
        """Every line of the file."""
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" width="{self.width}"'
            f' height="{self.height}" role="img" aria-label="Network map">'
        )
        yield f"<style>{_STYLE}</style>"
        yield f'<rect class="paper" width="{self.width}" height="{self.height}"/>'
        running = sum(node.running for node in self.nodes)
        things, groups = ("workload", "namespace") if self.network_map.cluster else ("container", "network")
        title = f"{count(running, things)}, {count(len(self.networks), groups)}"
        yield f'<text class="ink" x="24" y="34" font-size="18" font-weight="600">{title}</text>'
        about = "as declared" if self.network_map.declared else "as the engine and the kernel show it"
        yield f'<text class="faint" x="24" y="54" font-size="12">{about}</text>'
        for index in range(0, len(self.nodes), 2):
            y = _TOP + index * _ROW
            yield f'<rect class="zebra" x="0" y="{y}" width="{self.width}" height="{_ROW}"/>'
        yield from self.tracks()
        for index, node in enumerate(self.nodes):
            yield from self.stop(node, _TOP + index * _ROW + _ROW // 2)
        yield from self.links()
        yield from self.legend()
        yield "</svg>"

    def tracks(self) -> Iterator[str]:
        """A vertical line for each network, from its first stop to its last, with its name above."""
        for network in self.networks:
            x, colour = self.columns[network.name], self.lines[network.name]
            stops = [
                _TOP + index * _ROW + _ROW // 2
                for index, node in enumerate(self.nodes)
                if any(attachment.network == network.name for attachment in node.attachments)
            ]
            dash = ' stroke-dasharray="7 4"' if network.internal is True else ""
            yield (
                f'<line x1="{x}" y1="{_TOP - 14}" x2="{x}" y2="{max(stops)}" stroke="{colour}" stroke-width="4"'
                f' stroke-linecap="round"{dash}/>'
            )
            marks = [
                word for word, on in (("internal", network.internal is True), ("icc off", network.icc is False)) if on
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
                f' transform="rotate(-28 {x} {_TOP - 22})">host network</text>'
            )

    def stop(self, node: MapNode, y: int) -> Iterator[str]:
        """A container: its published ports, its box, its stops."""
        yield from self.ports(node, y)
        kind = "off" if not node.running else "host" if node.on_host else "box"
        x = self.left
        yield f'<rect class="{kind}" x="{x}" y="{y - 12}" width="{_BOX}" height="24" rx="6"/>'
        name = _escaped(clip(visible(node.name), 24))
        yield f'<text class="ink" x="{x + 10}" y="{y + 4}" font-size="13">{name}</text>'
        listens = ", ".join(dict.fromkeys(port.partition("/")[0] for port in listening(node)))
        if listens:
            yield (
                f'<text class="faint" x="{x + _BOX - 8}" y="{y + 4}" font-size="10" text-anchor="end">'
                f"{_escaped(clip(listens, 14))}</text>"
            )
        places = [
            self.columns[attachment.network] for attachment in node.attachments if attachment.network in self.columns
        ]
        if node.on_host:
            places.append(self.host_column)
        if places:
            yield f'<line class="near" x1="{x + _BOX}" y1="{y}" x2="{max(places)}" y2="{y}" stroke-width="1.5"/>'
        for attachment in node.attachments:
            if attachment.network in self.columns:
                tip = _escaped(visible(f"{node.name} on {attachment.network}: {attachment.ipv4 or attachment.ipv6}"))
                if node.ingress_policies:
                    tip += _escaped(visible(f" NetworkPolicy {', '.join(node.ingress_policies)}"))
                fill, ring = ("none", 4) if node.ingress_policies else (self.lines[attachment.network], 0)
                cx, colour = self.columns[attachment.network], self.lines[attachment.network]
                style = f'fill="{fill}" stroke="{colour}" stroke-width="{ring}"'
                yield f'<circle cx="{cx}" cy="{y}" r="7" {style}><title>{tip}</title></circle>'
        if node.on_host:
            x = self.host_column - 7
            yield f'<rect x="{x}" y="{y - 7}" width="14" height="14" rx="3" class="host" stroke-width="3"/>'
        note = f"in the network of {node.shares}" if node.shares else "no network" if node.no_network else ""
        if note:
            yield (
                f'<text class="faint" x="{x + _BOX + 12}" y="{y + 4}" font-size="11" font-style="italic">'
                f"{_escaped(clip(visible(note), 40))}</text>"
            )

    def ports(self, node: MapNode, y: int) -> Iterator[str]:
        """Published ports, as an arrow from the left edge; red where the outside can connect."""
        if not node.published:
            return
        wide = any(not (port.address or "").startswith(LOOPBACK) for port in node.published)
        wide = wide and node.running
        kind = "wide" if wide else "near"
        words = [
            f"{bracketed(port.address) + ':' if port.address else ''}{port.host or '?'}→{port.container}"
            for port in node.published
        ]
        text = clip(visible(", ".join(words)), 34)
        x = self.left
        yield f'<path class="{kind}" d="M 24 {y + 9} H {x - 6} m -6 -4 l 6 4 l -6 4" stroke-width="1.6"/>'
        tone = "wide-text" if wide else "faint"
        yield f'<text class="{tone}" x="26" y="{y + 4}" font-size="11.5">{_escaped(text)}</text>'

    def links(self) -> Iterator[str]:
        """Legacy links, as arrows beside the boxes, with the alias that resolves."""
        rows = {node.name: _TOP + index * _ROW + _ROW // 2 for index, node in enumerate(self.nodes)}
        x = self.left + _BOX
        for node in self.nodes:
            for target, alias in node.links:
                if target not in rows:
                    continue
                start, end = rows[node.name], rows[target]
                tip = _escaped(visible(f"{node.name} reaches {target} as {alias} (legacy link)"))
                curve = f"{x + 34} {start + 5} {x + 34} {end - 5} {x + 3} {end - 5}"
                head = "m 6 -4 l -6 4 l 6 4"
                yield (
                    f'<path class="near" d="M {x} {start + 5} C {curve} {head}" stroke-width="1.4"'
                    f' stroke-dasharray="2 3"><title>{tip}</title></path>'
                )
                yield (
                    f'<text class="faint" x="{x + 30}" y="{(start + end) // 2 + 4}" font-size="10" font-style="italic">'
                    f"{_escaped(clip(visible(alias), 12))}</text>"
                )

    def legend(self) -> Iterator[str]:
        """The legend."""
        y = self.height - 22
        items = [
            ("wide", "open from outside" if self.network_map.cluster else "published on all addresses"),
            *([] if self.network_map.cluster else [("near", "published only on this host")]),
        ] if any(node.published for node in self.nodes) else []  # fmt: skip
        x = 24
        for kind, text in items:
            yield f'<path class="{kind}" d="M {x} {y - 4} h 26 m -6 -4 l 6 4 l -6 4" stroke-width="1.6"/>'
            yield f'<text class="faint" x="{x + 34}" y="{y}" font-size="11">{text}</text>'
            x += 190
        if any(node.ingress_policies for node in self.nodes):
            yield f'<circle class="near" cx="{x + 12}" cy="{y - 4}" r="6" stroke-width="3"/>'
            yield f'<text class="faint" x="{x + 34}" y="{y}" font-size="11">as far as NetworkPolicies admit</text>'
        if any(network.internal is True for network in self.networks):
            yield f'<path class="near" d="M {x} {y - 4} h 26" stroke-width="4" stroke-dasharray="7 4"/>'
            yield f'<text class="faint" x="{x + 34}" y="{y}" font-size="11">internal network</text>'


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
