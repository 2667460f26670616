"""The texts of /proc, each made into nouns. A line that is broken is left out; nothing here raises."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Final

from sealock.model.process import IdRange, Mounted, Route, Socket

_LISTENS: Final = "0A"
"""The state of a TCP socket that listens; a bound UDP socket has 07."""
_BOUND: Final = "07"
_ACCEPTS: Final = 0x10000
"""The flag of a unix socket that listens (__SO_ACCEPTCON)."""
_UP, _THROUGH, _REFUSED = 0x1, 0x2, 0x200
"""Flags of a route: it is in use, a gateway passes on, packets are refused (RTF_UP, RTF_GATEWAY, RTF_REJECT)."""
_SOCKETS: Final = 1000
"""Unix sockets at the most: anybody in the namespace may make them."""
_OCTAL: Final = {r"\040": " ", r"\011": "\t", r"\012": "\n", r"\134": "\\"}


def fields(text: str) -> dict[str, str]:
    """Lines "Name: value", as in /proc/PID/status; the first of a name counts, since processes choose their names."""
    found: dict[str, str] = {}
    for line in text.split("\n"):
        name, colon, value = line.partition(":")
        if colon:
            found.setdefault(name, value.strip())
    return found


def whole(text: str | None, base: int = 10) -> int | None:
    """A whole number, None where it is none."""
    try:
        return int(text, base) if text and len(text) <= 64 else None
    except ValueError:
        return None


def start_time(stat: str) -> int:
    """The process's start in clock ticks after boot, out of /proc/PID/stat; the name in it may hold blanks and ")"."""
    rest = stat.rpartition(")")[2].split()
    return whole(rest[19]) or 0 if len(rest) > 19 else 0


def id_ranges(text: str) -> tuple[IdRange, ...]:
    """The lines of uid_map or gid_map."""
    found = []
    for line in text.split("\n")[:1000]:
        numbers = [whole(word) for word in line.split()]
        if len(numbers) == 3 and None not in numbers:
            found.append(IdRange(*(number or 0 for number in numbers)))
    return tuple(found)


def plain(word: str) -> str:
    """A word of mountinfo without its escapes."""
    if "\\" not in word:
        return word
    parts = word.split("\\")
    held = [parts[0]]
    for part in parts[1:]:
        known = _OCTAL.get(f"\\{part[:3]}")
        held.append(known + part[3:] if known is not None else f"\\{part}")
    return "".join(held)


def mounts(text: str) -> tuple[Mounted, ...]:
    """The lines of mountinfo, in their order; a later one on the same target hides the earlier."""
    found = []
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
        found.append(
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
    return tuple(found)


def limits(text: str) -> tuple[tuple[str, int, int], ...]:
    """The lines of /proc/PID/limits: name as setrlimit(2) has it, soft and hard; -1 is unlimited."""
    found = []
    for line in text.split("\n")[1:]:
        name, _, rest = line.partition("  ")
        words = rest.split()
        key = _RLIMITS.get(name.removeprefix("Max ").strip())
        if key and len(words) >= 2:
            soft, hard = (-1 if word == "unlimited" else whole(word) for word in words[:2])
            if soft is not None and hard is not None:
                found.append((key, soft, hard))
    return tuple(found)


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
    """The lines of /proc/PID/cgroup: controller and path; "" is the unified tree, "name=systemd" is kept so."""
    found: list[tuple[str, str]] = []
    for line in text.split("\n"):
        number, _, rest = line.partition(":")
        controllers, colon, path = rest.partition(":")
        if number.isdigit() and colon and path.startswith("/"):
            found += [(part, path) for part in controllers.split(",")]
    return tuple(found)


def listening(protocol: str, text: str) -> tuple[tuple[Socket, int], ...]:
    """The sockets of /proc/PID/net/PROTOCOL that wait for others, each with its inode."""
    wanted = _LISTENS if protocol.startswith("tcp") else _BOUND
    found = []
    for words in _rows(text):
        address, _, port = words[1].rpartition(":")
        # A UDP socket that is connected has a peer, and waits for nobody else.
        alone = words[2].rpartition(":")[2] == "0000"
        number, inode = whole(port, 16), whole(words[9])
        if words[3] == wanted and alone and number is not None and (shown := _address(address)):
            found.append((Socket(protocol, shown, number), inode or 0))
    return tuple(found)


def routes(text: str) -> tuple[Route, ...]:
    """The lines of /proc/PID/net/route that are in use; addresses there are as the processor keeps them."""
    found = []
    for line in text.split("\n")[1 : _SOCKETS + 1]:
        words = line.split()
        numbers = [whole(word, 16) for word in (words[1:4] + words[7:8])] if len(words) >= 8 else []
        if len(numbers) == 4 and None not in numbers:
            subnet, gateway, flags, mask = (number or 0 for number in numbers)
            if flags & _UP and not flags & _REFUSED and all(0 <= one < 1 << 32 for one in (subnet, gateway, mask)):
                passed = _dotted(gateway) if flags & _THROUGH else ""
                found.append(Route(words[0], f"{_dotted(subnet)}/{mask.bit_count()}", passed))
    return tuple(found)


def _dotted(number: int) -> str:
    return ".".join(map(str, number.to_bytes(4, sys.byteorder)))


def _rows(text: str) -> Iterator[list[str]]:
    for line in text.split("\n")[1:]:
        words = line.split()
        if len(words) >= 10:
            yield words


def _address(text: str) -> str:
    """An address as the kernel prints it, in words of 32 bits in the machine's order; "" where it is none."""
    import socket  # noqa: PLC0415  only this needs it
    import sys  # noqa: PLC0415  as above

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
    """The unix sockets of /proc/PID/net/unix that listen and have a name; an abstract name begins with "@"."""
    found: dict[str, Socket] = {}
    for line in text.split("\n")[1:]:
        # Num: RefCount Protocol Flags Type St Inode Path; the path may hold blanks.
        words = line.split(None, 7)
        if len(words) == 8 and (whole(words[3], 16) or 0) & _ACCEPTS and len(found) < _SOCKETS:
            found.setdefault(words[7], Socket("unix", words[7], 0))
    return tuple(found.values())
