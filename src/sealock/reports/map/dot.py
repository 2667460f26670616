"""The map for Graphviz: networks as boxes that containers are connected to, published ports as arrows from outside."""

from __future__ import annotations

from sealock.model.absent import given
from sealock.model.netmap import Map
from sealock.model.network import LOOPBACK
from sealock.text import visible

_OUTSIDE = "outside"
_HOST = "host"


def render(network_map: Map) -> str:
    """Render as an undirected layout with a few arrows: `dot -Tsvg`, or `neato`."""
    rows = [
        "digraph reach {",
        '  graph [rankdir=LR, fontname="Helvetica"];',
        '  node [fontname="Helvetica", shape=box, style="rounded,filled", fillcolor="#ffffff"];',
        '  edge [fontname="Helvetica", fontsize=10];',
        f'  {_OUTSIDE} [label="outside", shape=ellipse, fillcolor="#f4d6d2"];',
    ]
    if any(node.on_host for node in network_map.nodes):
        rows.append(f'  {_HOST} [label="host network", shape=component, fillcolor="#f9e2c0"];')
    used = {attachment.network for node in network_map.nodes for attachment in node.attachments}
    networks = {network.name: f"n{index}" for index, network in enumerate(network_map.networks) if network.name in used}
    for network in network_map.networks:
        if network.name not in networks:
            continue
        marks = [word for word, on in (("internal", network.internal is True), ("icc off", network.icc is False)) if on]
        label = f"{network.name}\\n{given(network.driver, 'bridge')}{', ' + ', '.join(marks) if marks else ''}"
        rows.append(f'  {networks[network.name]} [label={_quoted(label)}, shape=component, fillcolor="#dbe7f3"];')
    nodes = {node.name: f"c{index}" for index, node in enumerate(network_map.nodes)}
    for node in network_map.nodes:
        own = nodes[node.name]
        fill = "#f9e2c0" if node.on_host else "#ffffff" if node.running else "#eeeeee"
        rows.append(f"  {own} [label={_quoted(node.name)}, fillcolor={_quoted(fill)}];")
        rows += [
            f"  {own} -> {networks.get(attachment.network, own)} [dir=none, label={_quoted(attachment.ipv4)}];"
            for attachment in node.attachments
        ]
        if node.on_host:
            rows.append(f"  {own} -> {_HOST} [dir=none];")
        if node.shares in nodes:
            rows.append(f'  {own} -> {nodes[node.shares]} [dir=none, style=bold, label="same network"];')
        for target, alias in node.links:
            if target in nodes:
                rows.append(f"  {own} -> {nodes[target]} [style=dashed, label={_quoted(f'link {alias}')}];")
        for port in node.published:
            label = f"{port.address or '*'}:{port.host or '?'} to {port.container}/{port.protocol}"
            colour = "#b8860b" if (port.address or "").startswith(LOOPBACK) else "#b03a2e"
            rows.append(f"  {_OUTSIDE} -> {own} [label={_quoted(label)}, color={_quoted(colour)}];")
    return "\n".join([*rows, "}"]) + "\n"


def _quoted(text: str) -> str:
    """A DOT string; line breaks of the label stay, all others become visible."""
    parts = [visible(part).replace("\\", "\\\\").replace('"', '\\"') for part in text.split("\\n")]
    return '"' + "\\n".join(parts) + '"'
