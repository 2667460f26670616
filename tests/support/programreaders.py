"""Readers of programs for the kernel, of packets, and of stations on a map, as lines: for `support.edgerecords`."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from typing import Final

from msgspec import ValidationError

from sealock.formats.observed import from_plain
from sealock.model.netmap import MapNode
from sealock.model.network import EngineNetwork
from sealock.netmap import build_map
from sealock.runtime.kernel.devices import allowed_devices
from sealock.runtime.kernel.program import Unclear, runs
from sealock.runtime.kernel.seccomp import evaluate_filters
from sealock.runtime.watch.nameanswers import read_answer, read_packet
from support.drawnmaps import drawn
from support.sweeps import Reader, rows

_FEW: Final = 3
"""System calls of each kind that are shown."""


def _packed(text: str, form: str) -> bytes:
    """Instructions, one a line; without what is no instruction."""
    packed = b""
    for line in text.split("\n"):
        try:
            packed += struct.pack(form, *(int(word, 0) for word in line.split()))
        except (ValueError, struct.error):
            continue
    return packed


def _filters(text: str) -> list[str]:
    """Filters of system calls, between blank lines: how many calls they block or look into, and the first of them."""
    try:
        calls = evaluate_filters([_packed(part, "=HBBI") for part in text.split("\n\n")], "x86_64")
    except ValueError as error:
        return [f"refused: {error}"]
    return [
        f"of {calls.total}: {len(found)} {what}: {' '.join(found[:_FEW])}"
        for what, found in (("blocked", calls.blocked), ("by arguments", calls.by_arguments))
    ]


def _devices(text: str) -> list[str]:
    """Programs on devices, between blank lines: the rules."""
    allowed = allowed_devices(tuple(_packed(part, "<BBhi") for part in text.split("\n\n")))
    return ["unclear"] if allowed is None else [device.rule for device in allowed]


def _access(text: str) -> list[str]:
    """A program on devices, for the access, major and minor number of the first line."""
    first, _, rest = text.partition("\n")
    numbers = [int(word, 0) for word in first.split() if word.isascii() and word.isalnum() and word[0].isdigit()]
    try:
        return [str(runs(_packed(rest, "<BBhi"), *[*numbers, 0, 0, 0][:3]))]
    except Unclear:
        return ["unclear"]


def _bytes(read: Callable[[bytes], object]) -> Reader:
    def read_hex(text: str) -> list[str]:
        try:
            return list(rows(read(bytes.fromhex(text))))
        except ValueError:
            return ["no bytes"]

    return read_hex


_KINDS: Final[dict[str, Reader]] = {
    "seccomp": _filters,
    "devices": _devices,
    "access": _access,
    "packet": _bytes(read_packet),
    "answer": _bytes(read_answer),
}


def programs(text: str) -> list[str]:
    """A program or packet of the kind in the first line."""
    kind, _, rest = text.partition("\n")
    read = _KINDS.get(kind)
    return ["no such kind"] if read is None else read(rest)


def stations(text: str) -> list[str]:
    """The map of nodes and networks."""
    table = json.loads(text)
    try:
        nodes = tuple(from_plain(node, MapNode) for node in table.get("nodes") or ())
        networks = tuple(from_plain(network, EngineNetwork) for network in table.get("networks") or ())
    except (ValidationError, TypeError) as error:
        return [f"refused: {type(error).__name__}"]
    return list(drawn(build_map(nodes, networks)))


READERS: Final[dict[str, Reader]] = {"runtime-of-programs": programs, "netmap-of-stations": stations}
