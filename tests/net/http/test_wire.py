"""How long a read waits, and for how much: by a clock and a socket that do as they are told."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import pytest

from sealock.net.http import wire
from sealock.net.http.wire import HEAD, HeaderLine, HttpTimeouts, TooMuchError, Wire


class Clock:
    """A clock that stands until it is moved, and a socket that gives zeros and notes its timeouts."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.timeouts: list[float] = []
        self.sent = b""

    def settimeout(self, seconds: float) -> None:
        self.timeouts.append(round(seconds, 3))

    def sendall(self, data: bytes) -> None:
        self.sent += data

    def makefile(self, mode: str, buffering: int) -> Any:
        del mode, buffering
        return SimpleNamespace(readinto=len, close=self.close)

    def close(self) -> None:
        self.timeouts.append(-1)


@pytest.fixture(name="clock")
def make_clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(wire, "monotonic", lambda: clock.now)
    return clock


def opened(clock: Clock, **patience: float) -> Wire:
    return Wire(clock, HttpTimeouts(**patience))  # type: ignore[arg-type]  # all that it uses of a socket


@pytest.mark.parametrize(
    ("moments", "timeouts"),
    [
        pytest.param([0], [30], id="the first read"),
        pytest.param([0, 10, 29], [30], id="reads that are far from the end"),
        pytest.param([0, 30], [30], id="as long before the end as a read may take"),
        pytest.param([0, 31], [30, 29], id="a second later"),
        pytest.param([0, 31, 59.5], [30, 29, 0.5], id="shortly before the end"),
        pytest.param([45], [15], id="the first read is late"),
    ],
)
def test_a_read_waits_no_longer_than_is_left(clock: Clock, moments: list[float], timeouts: list[float]) -> None:
    reader = opened(clock, quiet=30, head=60)
    for moment in moments:
        clock.now = 1000 + moment
        assert reader.readinto(bytearray(10)) == 10
    assert clock.timeouts == timeouts


@pytest.mark.parametrize(("moment", "late"), [(59.9, False), (60, True), (61, True)])
def test_a_head_arrives_within_its_time(clock: Clock, moment: float, late: bool) -> None:  # noqa: FBT001  a column
    reader = opened(clock, quiet=30, head=60)
    assert reader.readinto(bytearray(10)) == 10
    clock.now = 1000 + moment
    if late:
        with pytest.raises(TimeoutError):
            reader.readinto(bytearray(10))
    else:
        assert reader.readinto(bytearray(10)) == 10


@pytest.mark.parametrize(("moment", "late"), [(60, False), (160, False), (161, True)])
def test_a_body_may_take_longer_the_more_of_it_arrives(clock: Clock, moment: float, late: bool) -> None:  # noqa: FBT001
    reader = opened(clock, quiet=30, head=60, rate=1.0)
    clock.now = 1059
    reader.readinto(bytearray(50))
    reader.body(1000)
    # What arrived of the head gives the body no time.
    reader.readinto(bytearray(50))
    reader.body(1000)
    reader.readinto(bytearray(51))
    clock.now = 1059 + moment
    if late:
        with pytest.raises(TimeoutError):
            reader.readinto(bytearray(1))
    else:
        assert reader.readinto(bytearray(1)) == 1


@pytest.mark.parametrize(
    ("limit", "sizes", "fits"),
    [
        pytest.param(None, [HEAD], True, id="the largest head"),
        pytest.param(None, [HEAD, 1], False, id="a byte more"),
        pytest.param(10, [HEAD + 20], True, id="a body with as much around it as can be"),
        pytest.param(10, [HEAD + 20, 1], False, id="a byte more of a body"),
    ],
)
def test_no_more_arrives_than_is_allowed(clock: Clock, limit: int | None, sizes: list[int], fits: bool) -> None:  # noqa: FBT001
    reader = opened(clock)
    if limit is not None:
        reader.readinto(bytearray(HEAD))
        reader.body(limit)
    *first, last = sizes
    for size in first:
        assert reader.readinto(bytearray(size)) == size
    if fits:
        assert reader.readinto(bytearray(last)) == last
    else:
        with pytest.raises(TooMuchError):
            reader.readinto(bytearray(last))


def test_a_reader_is_closed_once(clock: Clock) -> None:
    reader = opened(clock)
    assert reader.readable()
    reader.close()
    reader.close()
    assert clock.timeouts == [-1]


def test_what_is_sent_waits_for_the_peer(clock: Clock) -> None:
    line = HeaderLine(clock, HttpTimeouts(quiet=7))  # type: ignore[arg-type]  # as above
    line.sendall(b"GET")
    assert (clock.sent, clock.timeouts, line.wire) == (b"GET", [7], None)
    answer = line.makefile("rb")
    assert isinstance(answer, io.BufferedReader)
    assert line.wire is not None
    line.close()
    assert clock.timeouts == [7, -1]
