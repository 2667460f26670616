"""The map for Graphviz: networks as boxes that containers are joined to, published ports as arrows from outside."""

from __future__ import annotations

from sealock.model.absent import given
from sealock.model.netmap import Map
from sealock.text import visible

_OUTSIDE = "outside"
_HOST = "host"


def render(drawn: Map) -> str:
    """Render as an undirected layout with a few arrows: `dot -Tsvg`, or `neato`."""
    rows = [
        "digraph reach {",
        '  graph [rankdir=LR, fontname="Helvetica"];',
        '  node [fontname="Helvetica", shape=box, style="rounded,filled", fillcolor="#ffffff"];',
        '  edge [fontname="Helvetica", fontsize=10];',
        f'  {_OUTSIDE} [label="outside", shape=ellipse, fillcolor="#f4d6d2"];',
    ]
    if any(station.on_host for station in drawn.stations):
        rows.append(f'  {_HOST} [label="the host\'s own network", shape=component, fillcolor="#f9e2c0"];')
    used = {seat.network for station in drawn.stations for seat in station.seats}
    networks = {one.name: f"n{index}" for index, one in enumerate(drawn.networks) if one.name in used}
    for network in drawn.networks:
        if network.name not in networks:
            continue
        marks = [word for word, on in (("internal", network.internal is True), ("icc off", network.icc is False)) if on]
        label = f"{network.name}\\n{given(network.driver, 'bridge')}{', ' + ', '.join(marks) if marks else ''}"
        rows.append(f'  {networks[network.name]} [label={_quoted(label)}, shape=component, fillcolor="#dbe7f3"];')
    stations = {one.name: f"c{index}" for index, one in enumerate(drawn.stations)}
    for station in drawn.stations:
        own = stations[station.name]
        fill = "#f9e2c0" if station.on_host else "#ffffff" if station.running else "#eeeeee"
        rows.append(f"  {own} [label={_quoted(station.name)}, fillcolor={_quoted(fill)}];")
        rows += [
            f"  {own} -> {networks.get(seat.network, own)} [dir=none, label={_quoted(seat.ipv4)}];"
            for seat in station.seats
        ]
        if station.on_host:
            rows.append(f"  {own} -> {_HOST} [dir=none];")
        if station.shares in stations:
            rows.append(f'  {own} -> {stations[station.shares]} [dir=none, style=bold, label="same network"];')
        for target, alias in station.links:
            if target in stations:
                rows.append(f"  {own} -> {stations[target]} [style=dashed, label={_quoted(f'link {alias}')}];")
        for port in station.published:
            label = f"{port.address or '*'}:{port.host or '?'} to {port.container}/{port.protocol}"
            colour = "#b8860b" if (port.address or "").startswith(("127.", "::1")) else "#b03a2e"
            rows.append(f"  {_OUTSIDE} -> {own} [label={_quoted(label)}, color={_quoted(colour)}];")
    return "\n".join([*rows, "}"]) + "\n"


def _quoted(text: str) -> str:
    """A string as DOT has it; line breaks of ours stay, all others are shown."""
    parts = [visible(part).replace("\\", "\\\\").replace('"', '\\"') for part in text.split("\\n")]
    return '"' + "\\n".join(parts) + '"'
