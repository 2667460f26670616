"""Published ports, out of a value and back, in their short and long forms."""

from __future__ import annotations

import re
from typing import Final

from sealock.formats.compose.tree import ComposeValue
from sealock.formats.compose.values import known, split, text
from sealock.model.container import Port

_OCTET: Final = r"(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])"


_ADDRESS: Final = rf"{_OCTET}(\.{_OCTET}){{3}}|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*"


def port(value: ComposeValue) -> Port:
    """A published port, in its short or long form."""
    if isinstance(value.data, dict):
        target = known(value.at("target"))
        if not target:
            msg = "a port needs a target"
            raise ValueError(msg)
        return Port(
            target,
            known(value.at("published")) or None,
            known(value.at("host_ip")) or None,
            known(value.at("protocol")).lower() or "tcp",
        )
    return short_port(text(value), sure=not value.words)


def short_port(spec: str, *, sure: bool = True) -> Port:
    """Read [address:][host:]container[/protocol]. Where `sure` is false, variables may stand in it."""
    rest, slash, protocol = spec.rpartition("/")
    if not slash or "}" in protocol:
        rest, protocol = spec, "tcp"
    *before, container = split(rest)
    host = before.pop() if before else ""
    address = ":".join(before)
    if not sure:
        return Port(container, host or None, address.removeprefix("[").removesuffix("]") or None, protocol.lower())
    for one in (container, host):
        _check_range(spec, one)
    if not container:
        msg = f"no container port in {spec[:60]!r}"
        raise ValueError(msg)
    if protocol.lower() not in {"tcp", "udp", "sctp"}:
        msg = f"the protocol of {spec[:60]!r} is to be tcp, udp or sctp"
        raise ValueError(msg)
    if _width(host) not in {1, _width(container)} and _width(container) != 1:
        msg = f"the ranges of {spec[:60]!r} differ in length"
        raise ValueError(msg)
    address = address.removeprefix("[").removesuffix("]")
    if address and not re.fullmatch(_ADDRESS, address):
        msg = f"{address[:60]!r} is no IP address"
        raise ValueError(msg)
    return Port(container, host or None, address or None, protocol.lower())


def _check_range(spec: str, one: str) -> None:
    numbers = one.split("-", 1) if one else []
    if not all(part.isascii() and part.isdigit() and len(part) <= 5 and int(part) <= 65535 for part in numbers) or (
        len(numbers) == 2 and int(numbers[0]) > int(numbers[1])
    ):
        msg = f"{one[:40]!r} in {spec[:60]!r} is no port and no range of ports"
        raise ValueError(msg)


def _width(ports: str) -> int:
    first, dash, last = ports.partition("-")
    return int(last) - int(first) + 1 if dash else 1


def port_as_text(one: Port) -> str:
    """Write a port in its short form."""
    address = f"[{one.address}]" if one.address and ":" in one.address else one.address
    before = f"{address}:{one.host or ''}:" if address else f"{one.host}:" if one.host else ""
    return f"{before}{one.container}" + ("" if one.protocol == "tcp" else f"/{one.protocol}")


def port_as_mapping(one: Port) -> dict[str, object]:
    """Write a port in its long form."""
    target: object = int(one.container) if one.container.isdigit() else one.container
    return {
        "target": target,
        **({"published": one.host} if one.host else {}),
        **({"host_ip": one.address} if one.address else {}),
        **({"protocol": one.protocol} if one.protocol != "tcp" else {}),
    }
