"""Parsers for files in /proc. They skip malformed lines and never raise."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from typing import Final

from sealock.model.process import IdRange, Mounted, Route, Socket

_LISTENS: Final = "0A"
"""The state of a listening TCP socket; a bound UDP socket has 07."""
_BOUND: Final = "07"
_ACCEPTS: Final = 0x10000
"""The flag of a listening unix socket (__SO_ACCEPTCON)."""
_UP, _GATEWAY, _REJECT = 0x1, 0x2, 0x200
"""RTF_UP, RTF_GATEWAY, RTF_REJECT."""
_SOCKETS: Final = 1000
"""The most unix sockets that are read, since any process in the namespace may make them."""
_OCTAL: Final = {r"\040": " ", r"\011": "\t", r"\012": "\n", r"\134": "\\", r"\043": "#"}


def fields(text: str) -> dict[str, str]:
    """Lines "Name: value" of /proc/PID/status; the first of a name counts, since processes choose their names."""
    values: dict[str, str] = {}
    for line in text.split("\n"):
        name, colon, value = line.partition(":")
        if colon:
            values.setdefault(name, value.strip())
    return values


def whole(text: str | None, base: int = 10) -> int | None:
    """The integer that a text spells, or None."""
    try:
        return int(text, base) if text and len(text) <= 64 else None
    except ValueError:
        return None


def start_time(stat: str) -> int:
    """A process's start in clock ticks after boot, from /proc/PID/stat; the name in it may contain blanks and ")"."""
    rest = stat.rpartition(")")[2].split()
    return whole(rest[19]) or 0 if len(rest) > 19 else 0


def id_ranges(text: str) -> tuple[IdRange, ...]:
    """The lines of uid_map or gid_map."""
    ranges = []
    for line in text.split("\n")[:1000]:
        numbers = [whole(word) for word in line.split()]
        if len(numbers) == 3 and None not in numbers:
            ranges.append(IdRange(*(number or 0 for number in numbers)))
    return tuple(ranges)


def plain(word: str) -> str:
    """A word of mountinfo without its escapes."""
    if "\\" not in word:
        return word
    first, *escaped = word.split("\\")
    return first + "".join(
        known + part[3:] if (known := _OCTAL.get(f"\\{part[:3]}")) is not None else f"\\{part}" for part in escaped
    )


def mounts(text: str) -> tuple[Mounted, ...]:
    """The lines of mountinfo in order; a later mount on the same target hides an earlier one."""
    mounted = []
    for line in text.split("\n"):
        before, dash, after = line.partition(" - ")
        words, rest = before.split(" "), after.split(" ")
        if not dash or len(words) < 6 or len(rest) < 3:
            continue
        marks = words[6:]
        propagation = (
            "shared"
            if any(mark.startswith("shared:") for mark in marks)
            else "slave"
            if any(mark.startswith("master:") for mark in marks)
            else "unbindable"
            if "unbindable" in marks
            else "private"
        )
        mounted.append(
            Mounted(
                plain(words[4]),
                plain(words[3]),
                rest[0],
                plain(rest[1]),
                tuple(words[5].split(",")),
                propagation,
                words[2],
                tuple(rest[2].split(",")),
            )
        )
    return tuple(mounted)


def limits(text: str) -> tuple[tuple[str, int, int], ...]:
    """The lines of /proc/PID/limits: the name as in setrlimit(2), soft and hard limit; -1 is unlimited."""
    ulimits = []
    for line in text.split("\n")[1:]:
        name, _, rest = line.partition("  ")
        words = rest.split()
        key = _RLIMITS.get(name.removeprefix("Max ").strip())
        if key and len(words) >= 2:
            soft, hard = (-1 if word == "unlimited" else whole(word) for word in words[:2])
            if soft is not None and hard is not None:
                ulimits.append((key, soft, hard))
    return tuple(ulimits)


_RLIMITS: Final = {
    "cpu time": "cpu",
    "file size": "fsize",
    "data size": "data",
    "stack size": "stack",
    "core file size": "core",
    "resident set": "rss",
    "processes": "nproc",
    "open files": "nofile",
    "locked memory": "memlock",
    "address space": "as",
    "file locks": "locks",
    "pending signals": "sigpending",
    "msgqueue size": "msgqueue",
    "nice priority": "nice",
    "realtime priority": "rtprio",
    "realtime timeout": "rttime",
}


def control_groups(text: str) -> tuple[tuple[str, str], ...]:
    """The lines of /proc/PID/cgroup: controller ("" for the unified hierarchy, "name=systemd" as it is) and path."""
    groups: list[tuple[str, str]] = []
    for line in text.split("\n"):
        number, _, rest = line.partition(":")
        controllers, colon, path = rest.partition(":")
        if number.isdigit() and colon and path.startswith("/"):
            groups += [(controller, path) for controller in controllers.split(",")]
    return tuple(groups)


def listening(protocol: str, text: str) -> tuple[tuple[Socket, int], ...]:
    """The listening sockets of /proc/PID/net/PROTOCOL, each with its inode."""
    state = _LISTENS if protocol.startswith("tcp") else _BOUND
    sockets = []
    for words in _rows(text):
        address, _, port = words[1].rpartition(":")
        # A connected UDP socket has a peer, and accepts datagrams from no other.
        has_peer = words[2].rpartition(":")[2] != "0000"
        number, inode = whole(port, 16), whole(words[9])
        if words[3] == state and not has_peer and number is not None and (local := _address(address)):
            sockets.append((Socket(protocol, local, number), inode or 0))
    return tuple(sockets)


def routes(text: str) -> tuple[Route, ...]:
    """The routes of /proc/PID/net/route that are up; addresses there are in the machine's byte order."""
    up = []
    for line in text.split("\n")[1 : _SOCKETS + 1]:
        words = line.split()
        numbers = [whole(word, 16) for word in (words[1:4] + words[7:8])] if len(words) >= 8 else []
        if len(numbers) == 4 and None not in numbers:
            subnet, gateway, flags, mask = (number or 0 for number in numbers)
            valid = all(0 <= number < 1 << 32 for number in (subnet, gateway, mask))
            if flags & _UP and not flags & _REJECT and valid:
                via = _dotted(gateway) if flags & _GATEWAY else ""
                up.append(Route(words[0], f"{_dotted(subnet)}/{mask.bit_count()}", via))
    return tuple(up)


def _dotted(number: int) -> str:
    return ".".join(map(str, number.to_bytes(4, sys.byteorder)))


def _rows(text: str) -> Iterator[list[str]]:
    for line in text.split("\n")[1:]:
        words = line.split()
        if len(words) >= 10:
            yield words


def _address(text: str) -> str:
    """An address that the kernel prints as 32-bit words in the machine's byte order; "" where it is invalid."""
    try:
        packed = bytes.fromhex(text)
    except ValueError:
        return ""
    if len(packed) not in {4, 16}:
        return ""
    if sys.byteorder == "little":
        packed = b"".join(packed[at : at + 4][::-1] for at in range(0, len(packed), 4))
    return socket.inet_ntop(socket.AF_INET if len(packed) == 4 else socket.AF_INET6, packed)


def unix_listening(text: str) -> tuple[Socket, ...]:
    """The named unix sockets of /proc/PID/net/unix that listen; an abstract name starts with "@"."""
    sockets: dict[str, Socket] = {}
    for line in text.split("\n")[1:]:
        # Num: RefCount Protocol Flags Type St Inode Path; the path may contain blanks.
        words = line.split(None, 7)
        if len(words) == 8 and (whole(words[3], 16) or 0) & _ACCEPTS and len(sockets) < _SOCKETS:
            sockets.setdefault(words[7], Socket("unix", words[7], 0))
    return tuple(sockets.values())
