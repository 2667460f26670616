"""Reads and writes published ports, in their short and long forms."""

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
    if value.is_mapping:
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
    return short_port(text(value), sure=not value.unset)


def short_port(spec: str, *, sure: bool = True) -> Port:
    """Read [address:][host:]container[/protocol]. Unless `sure`, it may contain variables."""
    rest, slash, protocol = spec.rpartition("/")
    if not slash or "}" in protocol:
        rest, protocol = spec, "tcp"
    *before, container = split(rest)
    host = before.pop() if before else ""
    address = ":".join(before)
    if not sure:
        return Port(container, host or None, address.removeprefix("[").removesuffix("]") or None, protocol.lower())
    for ports in (container, host):
        _check_range(spec, ports)
    if not container:
        msg = f"no container port in {spec[:60]!r}"
        raise ValueError(msg)
    if protocol.lower() not in {"tcp", "udp", "sctp"}:
        msg = f"the protocol of {spec[:60]!r} must be tcp, udp or sctp"
        raise ValueError(msg)
    if _width(host) not in {1, _width(container)} and _width(container) != 1:
        msg = f"the port ranges of {spec[:60]!r} differ in length"
        raise ValueError(msg)
    address = address.removeprefix("[").removesuffix("]")
    if address and not re.fullmatch(_ADDRESS, address):
        msg = f"{address[:60]!r} is not an IP address"
        raise ValueError(msg)
    return Port(container, host or None, address or None, protocol.lower())


def _check_range(spec: str, ports: str) -> None:
    numbers = ports.split("-", 1) if ports else []
    if not all(part.isascii() and part.isdigit() and len(part) <= 5 and int(part) <= 65535 for part in numbers) or (
        len(numbers) == 2 and int(numbers[0]) > int(numbers[1])
    ):
        msg = f"{ports[:40]!r} in {spec[:60]!r} is not a port or port range"
        raise ValueError(msg)


def _width(ports: str) -> int:
    first, dash, last = ports.partition("-")
    return int(last) - int(first) + 1 if dash else 1


def port_as_text(port: Port) -> str:
    """Write a port in its short form."""
    # The colon of a default, ${HOST:-127.0.0.1}, is none of the address.
    address = f"[{port.address}]" if port.address and ":" in port.address.replace(":-", "", 1) else port.address
    before = f"{address}:{port.host or ''}:" if address else f"{port.host}:" if port.host else ""
    return f"{before}{port.container}" + ("" if port.protocol == "tcp" else f"/{port.protocol}")


def port_as_mapping(port: Port) -> dict[str, object]:
    """Write a port in its long form."""
    target: object = int(port.container) if port.container.isdigit() else port.container
    return {
        "target": target,
        **({"published": port.host} if port.host else {}),
        **({"host_ip": port.address} if port.address else {}),
        **({"protocol": port.protocol} if port.protocol != "tcp" else {}),
    }
