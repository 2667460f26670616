"""The names that a container asked for, by the answers of name servers that come into its network.

A packet socket in the container's network namespace receives them as they pass: nothing is sent, and nothing waits.
Answers over TCP or encrypted ones are not read. https://datatracker.ietf.org/doc/html/rfc1035#section-4
"""

from __future__ import annotations

import ctypes
import os
import socket
import struct
from threading import Thread
from typing import Final

from sealock.patterns import compile_lazily

_NETWORK: Final = 0x40000000
"""CLONE_NEWNET."""
_EVERY: Final = socket.htons(3)
"""ETH_P_ALL."""
_ATTACH: Final = 26
"""SO_ATTACH_FILTER."""
_FILTER: Final = (
    # By the version of IP: 4 goes on below, 6 after that.
    (0x30, 0, 0, 0), (0x74, 0, 0, 4), (0x15, 2, 0, 4), (0x15, 8, 0, 6), (0x06, 0, 0, 0),
    # A datagram that is no later fragment; its first two bytes.
    (0x30, 0, 0, 9), (0x15, 0, 10, 17), (0x28, 0, 0, 6), (0x45, 8, 0, 0x1FFF), (0xB1, 0, 0, 0), (0x48, 0, 0, 0),
    (0x05, 0, 0, 3),
    (0x30, 0, 0, 6), (0x15, 0, 3, 17), (0x28, 0, 0, 40),
    # From port 53.
    (0x15, 0, 1, 53), (0x06, 0, 0, 0xFFFF), (0x06, 0, 0, 0),
)  # fmt: skip
"""A filter of packets, as bpf(4) has it: instructions with two jumps and a constant."""
_DATAGRAM, _PORT = 17, 53
_HEADER: Final = struct.Struct(">HHHHHH")
_IS_ANSWER, _FAILED = 0x8000, 0x000F
_RECORD: Final = struct.Struct(">HHIH")
_FAMILIES: Final = {(1, 4): socket.AF_INET, (28, 16): socket.AF_INET6}
"""The family of an address, by type and length of its record."""
_LABEL: Final = compile_lazily(r"[A-Za-z0-9_-]{1,63}\Z")
_LONGEST: Final = 253
_MOST: Final = 20_000
"""Names that are kept."""
_MOST_AT_ONCE: Final = 2000
"""Packets in a row."""


def read_packet(packet: bytes) -> tuple[str, tuple[str, ...]] | None:
    """The name and addresses of an answer in a packet of IP; None for any other packet."""
    version = packet[0] >> 4 if packet else 0
    if (
        version == 4
        and len(packet) >= 20
        and packet[9] == _DATAGRAM
        and not struct.unpack_from(">H", packet, 6)[0] & 0x1FFF
    ):
        start = 4 * (packet[0] & 15)
    elif version == 6 and len(packet) >= 40 and packet[6] == _DATAGRAM:
        start = 40
    else:
        return None
    if len(packet) < start + 8 or struct.unpack_from(">H", packet, start)[0] != _PORT:
        return None
    return read_answer(packet[start + 8 :])


def read_answer(message: bytes) -> tuple[str, tuple[str, ...]] | None:
    """The name that was asked for, and the addresses of the answer; None for what is no answer, or a damaged one."""
    if len(message) < _HEADER.size:
        return None
    _, flags, questions, answers, _, _ = _HEADER.unpack_from(message)
    if not flags & _IS_ANSWER or flags & _FAILED or questions != 1:
        return None
    name, place = _name(message, _HEADER.size)
    place += 4
    addresses: list[str] = []
    while answers and (place := _after_name(message, place)) and place + _RECORD.size <= len(message):
        answers -= 1
        kind, _, _, length = _RECORD.unpack_from(message, place)
        place += _RECORD.size
        family = _FAMILIES.get((kind, length))
        if family is not None and place + length <= len(message):
            addresses.append(socket.inet_ntop(family, message[place : place + length]))
        place += length
    return (name, tuple(addresses)) if name and addresses else None


def _name(message: bytes, place: int) -> tuple[str, int]:
    """A name without pointers, and the place after it; "" for one that is none."""
    labels: list[str] = []
    while place < len(message) and (length := message[place]):
        label = message[place + 1 : place + 1 + length].decode("ascii", "replace")
        if length > 63 or not _LABEL.match(label):
            return "", place
        labels.append(label)
        place += 1 + length
    name = ".".join(labels).lower()
    return (name if len(name) <= _LONGEST else ""), place + 1


def _after_name(message: bytes, place: int) -> int:
    """The place after a name, 0 where it does not end."""
    while place < len(message):
        length = message[place]
        if length >= 0xC0:
            return place + 2
        if not length:
            return place + 1
        place += 1 + length
    return 0


class NameAnswers:
    """The answers that come from now on into the network of a process. Close it. OSError where that is not allowed.

    A process in the network of this machine has no network of its own: OSError too.
    """

    def __init__(self, pid: int) -> None:
        self.names: dict[str, str] = {}
        """The names that were asked for, by address."""
        path = f"/proc/{pid}/ns/net"
        if os.path.samefile(path, "/proc/self/ns/net"):
            raise OSError(0, "it is in the network of this machine")
        self._socket: socket.socket | None = None
        self._fault: OSError | None = None
        # A thread of its own enters the network, and ends there.
        thread = Thread(target=self._open, args=(path,))
        thread.start()
        thread.join()
        if self._fault is not None:
            raise self._fault

    def _open(self, path: str) -> None:
        try:
            space = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                if ctypes.CDLL(None, use_errno=True).setns(space, _NETWORK) < 0:
                    raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
            finally:
                os.close(space)
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, _EVERY)
            self._socket.setblocking(False)
            _attach(self._socket)
        except OSError as error:
            self._fault = error
            self.close()

    def read(self) -> None:
        """Take the answers that came."""
        packets = self._socket
        if packets is None:
            return
        for _ in range(_MOST_AT_ONCE):
            try:
                answer = read_packet(packets.recv(4096))
            except OSError:
                # None is left, or the network is gone.
                return
            if answer is not None and len(self.names) < _MOST:
                self.names |= dict.fromkeys(answer[1], answer[0])

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _attach(packets: socket.socket) -> None:
    """Let the kernel drop all but datagrams from port 53."""
    code = b"".join(struct.pack("=HBBI", *instruction) for instruction in _FILTER)
    buffer = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("@HP", len(code) // 8, ctypes.addressof(buffer))
    packets.setsockopt(socket.SOL_SOCKET, _ATTACH, program)
