"""Says in a sentence how one reaches another, or why not."""

from __future__ import annotations

from typing import Final

from sealock.model.netmap import HOST, OUTSIDE, Edge, Map, Station

_NAMES: Final = {HOST: "the host", OUTSIDE: "anybody outside"}


def reason(drawn: Map, source: str, target: str) -> tuple[bool, str]:
    """Whether `source` reaches `target`, and a sentence that says how or why not."""
    ways = [edge for edge in drawn.edges if edge.source == source and edge.target == target]
    first, second = _NAMES.get(source, source), _NAMES.get(target, target)
    if ways:
        how = "; ".join(dict.fromkeys(spoken(edge) for edge in ways))
        return True, f"{first} reaches {second} {how}."
    return False, f"{first} does not reach {second}: {_why_not(drawn, source, target)}."


def spoken(edge: Edge) -> str:
    """A way in words."""
    ports = f" ({', '.join(edge.ports[:6])}{', …' if len(edge.ports) > 6 else ''})" if edge.ports else ""
    at = edge.names[0] if edge.names else edge.addresses[0] if edge.addresses else ""
    name = f" as {at}" if at else ""
    match edge.way:
        case "network":
            return f"over the network {edge.via}{name}{ports}"
        case "link":
            return f"over a legacy link on {edge.via}{name}{ports}"
        case "published":
            return f"through the published port {edge.via}{ports}"
        case "host network":
            where = "at a gateway of the host" if edge.via == HOST else f"from the host's network into {edge.via}"
            return f"{where}{name}{ports}"
        case "same namespace":
            return f"at localhost, since both are in one network namespace{ports}"
        case "host":
            return f"directly{name}{ports}"
        case "outside":
            return f"on the local network{name}{ports}"


def _why_not(drawn: Map, source: str, target: str) -> str:
    """The nearest reason that a person could change."""
    known = {station.name: station for station in drawn.stations}
    if target in {HOST, OUTSIDE}:
        return "the map tells of containers as targets alone"
    if target not in known:
        return f"there is no container {target}"
    there = known[target]
    if not there.running:
        return f"{target} does not run"
    if source == HOST and there.seats:
        return f"{', '.join(seat.network for seat in there.seats)} keeps the host itself out"
    if source in {HOST, OUTSIDE}:
        if there.shut:
            return "its ports are not published, since it is on no network that leads out"
        return "it is published on the host's loopback alone" if there.published else "nothing of it is published"
    if source not in known:
        return f"there is no container {source}"
    here = known[source]
    if not here.running:
        return f"{source} does not run"
    for one in (here, there):
        if one.alone:
            return f"{one.name} has no network"
    common = {seat.network for seat in here.seats} & {seat.network for seat in there.seats}
    if common:
        return f"the network {min(common)} keeps its members apart (icc is off)"
    return _apart(here, there)


def _apart(here: Station, there: Station) -> str:
    mine = ", ".join(seat.network for seat in here.seats) or "none"
    theirs = ", ".join(seat.network for seat in there.seats) or "none"
    loopback = [port for port in there.published if (port.address or "").startswith(("127.", "::1"))]
    published = "its ports are published on the host's loopback alone" if loopback else "nothing of it is published"
    return f"they share no network ({mine} here, {theirs} there), and {published}"
