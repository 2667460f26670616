"""A connection that broke, or that the other end closed, is not used again, and counts as closed."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest

from sealock.guard.archives import Spool
from sealock.guard.enginedoor import EngineDoor
from sealock.guard.hostpaths import resolve
from sealock.guard.http1 import WireError
from sealock.guard.imagewatch import ImageWatch
from sealock.guard.sockets import Line
from support.waiting import PATIENCE


def run(made: Callable[[Line, socket.socket], Awaitable[None]]) -> None:
    """Do something with a line and the other end of its connection."""

    async def connected() -> None:
        ours, theirs = socket.socketpair()
        with theirs, closing(Line(ours, asyncio.get_running_loop())) as line:
            await made(line, theirs)

    asyncio.run(connected())


def reset(line: Line, theirs: socket.socket) -> None:
    """Let the connection break: the other end closes it with bytes that it did not read."""
    line.sock.send(b"unread")
    theirs.close()


def test_a_question_is_not_sent_on_a_connection_that_broke() -> None:
    async def check(line: Line, _: socket.socket) -> None:
        door = EngineDoor("/nowhere", line.loop)
        line.sock.shutdown(socket.SHUT_WR)
        door.give(line)
        assert door.begin("/info") is None
        assert (line.sock.fileno(), list(door.waiting)) == (-1, [])

    run(check)


@pytest.mark.parametrize("how", ["broken", "closed", "written to", "alive"])
def test_only_a_connection_that_lives_is_used_again(how: str) -> None:
    async def check(line: Line, theirs: socket.socket) -> None:
        door = EngineDoor("/nowhere", line.loop)
        if how == "broken":
            reset(line, theirs)
        elif how == "closed":
            theirs.close()
        elif how == "written to":
            theirs.send(b"x")
        door.give(line)
        assert (door.begin("/info") is line) == (how == "alive")

    run(check)


@pytest.mark.parametrize(("how", "counted"), [("broken", 2), ("closed", 2), ("written to", 2), ("silent", 1)])
def test_what_a_watch_of_images_cannot_hear_counts_as_an_event(how: str, counted: int) -> None:
    async def check(line: Line, theirs: socket.socket) -> None:
        watch = ImageWatch(EngineDoor("/nowhere", line.loop))
        assert watch.now() == 0, "nobody says what happens"
        vars(watch)["_line"] = line
        if how == "broken":
            reset(line, theirs)
        elif how == "closed":
            theirs.close()
        elif how == "written to":
            theirs.send(b"x")
        assert watch.now() == (1 if how == "silent" else 0)
        assert vars(watch)["_count"] == counted

    run(check)


def test_a_client_whose_connection_broke_is_gone() -> None:
    async def check(line: Line, theirs: socket.socket) -> None:
        gone = asyncio.Event()
        line.on_gone = gone.set
        line.watch()
        reset(line, theirs)
        async with asyncio.timeout(PATIENCE):
            await gone.wait()
        assert line.ended

    run(check)


def test_a_body_whose_connection_broke_is_refused() -> None:
    async def check(line: Line, theirs: socket.socket) -> None:
        reset(line, theirs)
        with closing(Spool()) as kept, pytest.raises(WireError, match="ended within the body"):
            await kept.fill(line, 9, 1 << 20, lambda: None)

    run(check)


@pytest.mark.parametrize(("listed", "everybody"), [(True, True), (False, False)], ids=["a list", "no list"])
def test_a_list_of_who_may_write_may_name_anybody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, listed: bool, everybody: bool
) -> None:
    def getxattr(path: str, name: str) -> bytes:
        if listed and path == str(tmp_path / "way") and name == "system.posix_acl_access":
            return b""
        raise OSError(61, "No data available")

    (tmp_path / "way").mkdir()
    (tmp_path / "way").chmod(0o775)
    monkeypatch.setattr(os, "getxattr", getxattr)
    assert resolve(f"{tmp_path}/way/end").everybody is everybody
