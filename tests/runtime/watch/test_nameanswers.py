"""Answers of name servers are read from packets, whatever these hold."""

from __future__ import annotations

import ipaddress
import os
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.runtime.watch import nameanswers
from sealock.runtime.watch.nameanswers import NameAnswers, read_answer, read_packet

A, AAAA, CNAME, TXT = 1, 28, 5, 16


def name(text: bytes) -> bytes:
    return b"".join(bytes([len(label)]) + label for label in text.split(b".")) + b"\0"


def record(kind: int, data: bytes, owner: bytes = b"\xc0\x0c") -> bytes:
    return owner + struct.pack(">HHIH", kind, 1, 60, len(data)) + data


def message(*records: bytes, asked: bytes = b"web.Example.test", flags: int = 0x8180, questions: int = 1) -> bytes:
    head = struct.pack(">HHHHHH", 7, flags, questions, len(records), 0, 0)
    return head + name(asked) + struct.pack(">HH", A, 1) + b"".join(records)


V4, V6 = record(A, bytes([10, 0, 0, 1])), record(AAAA, bytes(15) + b"\1")


@pytest.mark.parametrize(
    ("answer", "read"),
    [
        (message(V4), ("web.example.test", ("10.0.0.1",))),
        (message(record(CNAME, name(b"cdn.test")), record(A, bytes(4), name(b"cdn.test")), V6), ("web.example.test", ("0.0.0.0", "::1"))),
        (message(record(TXT, b"x"), V4), ("web.example.test", ("10.0.0.1",))),
        (message(V4, V6[:-1]), ("web.example.test", ("10.0.0.1",))),
        (message(record(A, bytes(5))), None),
        (message(V4, flags=0x0100), None),
        (message(V4, flags=0x8183), None),
        (message(V4, questions=2), None),
        (message(), None),
        (message(V4, asked=b"a b.test"), None),
        (message(V4, asked=b"a\n\x1b[1m.test"), None),
        (message(V4, asked=b".".join([b"a" * 63] * 5)), None),
        (message(record(A, bytes(4), b"\x3f")), None),
        (b"", None),
    ],
)  # fmt: skip
def test_an_answer_has_the_name_that_was_asked_for(answer: bytes, read: object) -> None:
    assert read_answer(answer) == read


def packet(version: int, *, port: int = 53, protocol: int = 17, fragment: int = 0) -> bytes:
    data = struct.pack(">HHHH", port, 40000, 0, 0) + message(V4)
    if version == 4:
        return struct.pack(">BBHHHBBH8x", 0x46, 0, 0, 0, fragment, 64, protocol, 0) + bytes(4) + data
    return struct.pack(">IHBB32x", version << 28, len(data), protocol, 64) + data


@pytest.mark.parametrize(
    ("data", "is_answer"),
    [
        (packet(4), True), (packet(6), True), (packet(4, port=54), False), (packet(6, port=54), False),
        (packet(4, protocol=6), False), (packet(6, protocol=6), False), (packet(4, fragment=1), False),
        (packet(4, fragment=0x4000), True), (packet(5), False), (packet(4)[:25], False), (b"", False),
    ],
)  # fmt: skip
def test_only_datagrams_from_a_name_server_are_answers(data: bytes, is_answer: bool) -> None:  # noqa: FBT001  a column
    assert (read_packet(data) is not None) == is_answer


@given(st.binary(max_size=120) | st.binary(max_size=80).map(lambda junk: message(V4)[:20] + junk))
def test_any_bytes_are_an_answer_or_none(data: bytes) -> None:
    for read in (read_answer(data), read_packet(data)):
        if read is not None:
            assert read[0].isprintable()
            assert all(map(ipaddress.ip_address, read[1]))


class SimulatedSocket:
    """A socket that gets packets of a network, up to the last."""

    def __init__(self, *packets: bytes) -> None:
        self.packets = list(packets)
        self.closed = False

    def recv(self, size: int) -> bytes:
        if not self.packets:
            raise BlockingIOError
        return self.packets.pop(0)[:size]

    def close(self) -> None:
        self.closed = True


def listening(monkeypatch: pytest.MonkeyPatch, *packets: bytes) -> tuple[NameAnswers, SimulatedSocket]:
    made = SimulatedSocket(*packets)

    def enter(answers: NameAnswers, path: str) -> None:
        assert path == "/proc/5/ns/net"
        answers._socket = made  # type: ignore[assignment]  # noqa: SLF001

    monkeypatch.setattr(NameAnswers, "_open", enter)
    monkeypatch.setattr(os.path, "samefile", lambda *_: False)
    return NameAnswers(5), made


def test_names_are_kept_by_address(monkeypatch: pytest.MonkeyPatch) -> None:
    later = message(V6, asked=b"later.test")
    answers, network = listening(monkeypatch, packet(4), b"", b"x" * 60)
    answers.read()
    assert answers.names == {"10.0.0.1": "web.example.test"}
    network.packets = [packet(6)[:48] + later]
    answers.read()
    assert answers.names == {"10.0.0.1": "web.example.test", "::1": "later.test"}
    answers.close()
    assert network.closed
    network.packets = [packet(4)]
    answers.read()
    assert network.packets, "nothing is read of a closed one"
    answers.close()


def test_so_many_names_are_kept_and_packets_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nameanswers, "_MOST", 1)
    monkeypatch.setattr(nameanswers, "_MOST_AT_ONCE", 2)
    answers, network = listening(monkeypatch, packet(4), packet(6)[:48] + message(V6), packet(4))
    answers.read()
    assert (answers.names, len(network.packets)) == ({"10.0.0.1": "web.example.test"}, 1)


def test_a_network_of_this_machine_or_one_that_is_closed_to_us_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OSError, match="it is in the network of this machine"):
        NameAnswers(os.getpid())
    monkeypatch.setattr(os.path, "samefile", lambda *_: False)
    with pytest.raises(OSError, match="No such file or directory"):
        NameAnswers((1 << 22) + 1)
