"""The map for people: networks with their containers, what is open to the outside, and what stands out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.model.absent import given
from sealock.model.netmap import OUTSIDE, Map, MapNode
from sealock.model.network import ANY_IPV4, LOOPBACK, EngineNetwork, bracketed
from sealock.netmap.graph import DEFAULT, listening
from sealock.reports.ansi import Ink
from sealock.reports.page import Page, columns
from sealock.text import count, fit, line, width

_MATRIX: Final = 12
"""The most containers for which the matrix is shown."""
_NAME: Final = 24


def render(network_map: Map, *, width: int = 80, colour: bool = False, unicode: bool = True) -> str:
    """Render for a terminal of that width."""
    page = _Page(network_map, max(width, 40), colour=colour, unicode=unicode)
    parts = (page.head(), page.networks(), page.elsewhere(), page.published(), page.matrix(), page.remarks())
    return "\n".join(row.rstrip() for part in parts for row in part) + "\n"


class _Page(Page):
    """The layout of the page; each method yields the lines of a section."""

    def __init__(self, network_map: Map, room: int, *, colour: bool, unicode: bool) -> None:
        super().__init__(room, colour=colour, unicode=unicode)
        self.network_map = network_map
        self.dot, self.end, self.mid = ("●", "└", "├") if unicode else ("*", "`", "|")
        self.yes, self.no = ("●", "·") if unicode else ("x", ".")
        self.names = max((width(line(node.name, _NAME)) for node in network_map.nodes), default=0)

    def head(self) -> Iterator[str]:
        """The title with the number of containers and networks."""
        running = sum(node.running for node in self.network_map.nodes)
        used = {attachment.network for node in self.network_map.nodes for attachment in node.attachments}
        things, groups = ("workload", "namespace") if self.network_map.cluster else ("container", "network")
        yield self.headline(f"{count(running, things)} on {count(len(used), groups)}")
        if self.network_map.cluster:
            yield self.paint("faint", "As declared in the manifests; no cluster was asked.")
        elif self.network_map.declared:
            yield self.paint("faint", "As declared in the file; no running container was checked.")
        yield ""

    def networks(self) -> Iterator[str]:
        """Each network with its containers."""
        for network in self.network_map.networks:
            members = [
                (node, attachment)
                for node in self.network_map.nodes
                for attachment in node.attachments
                if attachment.network == network.name
            ]
            if not members and not self.network_map.declared:
                continue
            name = fit(line(network.name), self.room - 30)
            yield f"{self.paint('bold', name)}  {self.paint('faint', _facts(network))}"
            for index, (node, attachment) in enumerate(members):
                branch = self.end if index == len(members) - 1 else self.mid
                others = [name for name in attachment.names if name != node.name]
                more = [
                    attachment.ipv4 or attachment.ipv6,
                    f"also {', '.join(line(other, 40) for other in others)}" if others else "",
                ]
                more.append(_listening(node))
                policies = dict.fromkeys((*node.ingress_policies, *node.egress_policies))
                more.append(f"NetworkPolicy {line(', '.join(policies), 60)}" if policies else "")
                yield self.member(branch, node, "  ".join(filter(None, more)))
            yield ""

    def member(self, branch: str, node: MapNode, text: str) -> str:
        """A container and its details on one line."""
        name = line(node.name, _NAME)
        pad = " " * max(self.names - width(name), 0)
        left = f"  {self.paint('faint', branch)} "
        details = fit(text, max(self.room - 4 - self.names - 2, 10))
        ink: Ink = "bold" if node.running else "faint"
        return f"{left}{self.paint(ink, name)}{pad}  {details}"

    def elsewhere(self) -> Iterator[str]:
        """Containers that are on none of the engine's networks."""
        rows = []
        for node in self.network_map.nodes:
            if node.on_host:
                rows.append((node, f"on the host network  {_listening(node) if node.running else 'when it runs'}"))
            elif node.shares:
                later = "" if node.running else "  when it runs"
                rows.append((node, f"in the network namespace of {line(node.shares, 40)}{later}"))
            elif node.no_network:
                rows.append((node, "has no network"))
            elif not node.running:
                rows.append((node, "does not run"))
        if rows:
            yield self.paint("bold", "Elsewhere")
            for index, (node, text) in enumerate(rows):
                yield self.member(self.end if index == len(rows) - 1 else self.mid, node, text)
            yield ""

    def published(self) -> Iterator[str]:
        """What the outside can reach, and what only this machine can."""
        outside: list[tuple[str, str, Ink]] = []
        local: list[tuple[str, str, Ink]] = []
        for node in self.network_map.nodes:
            for port in node.published:
                address = port.address or ANY_IPV4
                inner = address.startswith(LOOPBACK)
                text = f"{line(node.name, _NAME)}:{port.container}/{port.protocol}"
                text += "" if node.running else "  when it runs"
                ink: Ink = "faint" if inner or not node.running else "red"
                rows = local if inner else outside
                rows.append((f"{bracketed(address)}:{port.host or '(any free port)'}", text, ink))
        for edge in self.network_map.edges:
            if edge.source == OUTSIDE and edge.way == "outside":
                ports = ", ".join(edge.ports[:6]) or "any port"
                where = edge.addresses[0] if edge.addresses else "the host"
                outside.append((where, f"{line(edge.target, _NAME)}: {ports}", "red"))
        yield from self.opened("Open from outside", outside)
        yield from self.opened("Open only on this machine", local)

    def opened(self, title: str, rows: list[tuple[str, str, Ink]]) -> Iterator[str]:
        """Addresses, and what answers there."""
        if not rows:
            return
        yield self.paint("bold", title)
        cells = columns([(line(left), fit(right, self.room - 6)) for left, right, _ in rows], self.room - 5)
        for (left, right), (_, _, ink) in zip(cells, rows, strict=True):
            yield f"  {self.paint(ink, left)} {self.signs.arrow} {right}"
        yield ""

    def matrix(self) -> Iterator[str]:
        """Who reaches whom, for few containers."""
        names = [node.name for node in self.network_map.nodes if node.running]
        if not 1 < len(names) <= _MATRIX:
            return
        reached = {(edge.source, edge.target) for edge in self.network_map.edges}
        yield self.paint("bold", "Who reaches whom") + self.paint("faint", "  (rows reach columns)")
        yield f"  {' ' * self.names}  {' '.join(f'{index:>2}' for index in range(1, len(names) + 1))}"
        for number, source in enumerate(names, 1):
            name = line(source, _NAME)
            cells = [
                "  " if source == target else f" {self.yes if (source, target) in reached else self.no}"
                for target in names
            ]
            pad = " " * (self.names - width(name))
            yield f"  {name}{pad}  {' '.join(cells)}  {self.paint('faint', str(number))}"
        yield ""

    def remarks(self) -> Iterator[str]:
        """What stands out, and what to do."""
        if not self.network_map.remarks:
            return
        yield self.paint("bold", "What stands out")
        for remark in self.network_map.remarks:
            yield from self.hanging(f"{line(remark.about, 60)} {line(remark.text)}.", 4, badge=f"  {self.dot} ")
            if remark.remedy:
                yield from self.hanging(f"{self.signs.arrow} {line(remark.remedy, 2000)}", 6)


def _facts(network: EngineNetwork) -> str:
    """The driver, flags and subnets of a network."""
    words = [given(network.driver, "bridge")]
    words += ["internal"] if network.internal is True else []
    words += ["members isolated"] if network.icc is False else []
    words += ["encrypted"] if network.encrypted is True else []
    words += ["no names"] if network.name == DEFAULT else ["names resolve"]
    words += list(given(network.subnets, ())[:2])
    return ", ".join(line(word, 60) for word in words)


def _listening(node: MapNode) -> str:
    """The ports that its programs listen on."""
    ports = listening(node)
    return f"listens on {', '.join(ports[:6])}{', …' if len(ports) > 6 else ''}" if ports else ""
