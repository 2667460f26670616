"""The log masks variables and secrets, and a reader that stops stops no request."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.guard.log import GuardLog, LogCaller, LogEntry, masked_body, masked_target

BODIES = [
    ({"Env": ["A=secret", "B"], "Image": "x"}, {"Env": ["A=***", "B"], "Image": "x"}),
    ({"env": ["A=secret"]}, {"env": ["A=***"]}),
    ({"TaskTemplate": {"ContainerSpec": {"Env": ["A=b=c"]}}}, {"TaskTemplate": {"ContainerSpec": {"Env": ["A=***"]}}}),
    ({"username": "me", "password": "secret"}, {"username": "me", "password": "***"}),
    ({"Name": "s", "Data": "c2VjcmV0"}, {"Name": "s", "Data": "***"}),
    ({"JoinTokens": {"Worker": "x"}}, {"JoinTokens": "***"}),
    ({"Env": {"A": "secret"}}, {"Env": {"A": "***"}}),
    ({"Env": [["A=secret"]]}, {"Env": ["***"]}),
    ({"Password": ""}, {"Password": ""}),
    ([1, None, "x"], [1, None, "x"]),
]


@pytest.mark.parametrize(("body", "shown"), BODIES)
def test_a_body_is_shown_without_secrets(body: object, shown: object) -> None:
    masked = masked_body(json.dumps(body).encode())
    assert json.loads(bytes(masked) if isinstance(masked, msgspec.Raw) else b"") == shown


@pytest.mark.parametrize(
    "body", [b"{", b"\xff", b'{"a": "\xff"}', b"[" * 3000 + b"]" * 3000, b'"' + b"x" * 100_000 + b'"']
)
def test_a_body_that_is_not_shown_is_counted(body: bytes) -> None:
    masked = masked_body(body)
    assert isinstance(masked, msgspec.Raw)
    assert str(len(body)) in bytes(masked).decode() or bytes(masked).startswith(b"[")


TARGETS = [
    ("/info", "/info"),
    ("/containers/json?all=1", "/containers/json?all=1"),
    ("/build?t=x&buildargs=%7B%22A%22%3A%22secret%22%7D", "/build?t=x&buildargs={%22A%22:%22***%22}"),
    ("/build?buildargs=secret", "/build?buildargs=***"),
    ("/build?remote=https%3A%2F%2Fme%3Asecret%40x%2Fy", "/build?remote=***"),
    ("/build?remote=client-session&t=a", "/build?remote=client-session&t=a"),
    ("/images/create?fromSrc=-&repo=%61", "/images/create?fromSrc=-&repo=a"),
    ("/images/create?fromSrc=http%3A%2F%2Fme%3Asecret%40x", "/images/create?fromSrc=***"),
    ("/commit?changes=ENV+A%3Dsecret", "/commit?changes=***"),
    ("/commit?chang%65s=ENV+A", "/commit?changes=***"),
    ("/commit?CHANGES=secret", "/commit?CHANGES=***"),
    ("/containers/create?name=a+b", "/containers/create?name=a+b"),
    ("/build?BuildArgs=%7B%22A%22%3A%22secret%22%7D", "/build?BuildArgs={%22A%22:%22***%22}"),
]  # fmt: skip


@pytest.mark.parametrize(("target", "shown"), TARGETS)
def test_a_target_is_shown_without_secrets(target: str, shown: str) -> None:
    assert masked_target(target) == shown


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_body_gives_a_line_of_json(value: object) -> None:
    entry = LogEntry("t", "i", LogCaller(), "POST", "/x", "allowed", body=masked_body(json.dumps(value).encode()))
    line = msgspec.json.encode(entry)
    assert b"\n" not in line
    assert json.loads(line)["result"] == "allowed"


def test_lines_go_to_the_file_and_after_a_rotation_to_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = GuardLog(str(path))
    log.event("started", "x")
    path.rename(tmp_path / "old")
    log.reopen()
    log.event("stopped", "y")
    log.close()
    assert json.loads((tmp_path / "old").read_text())["event"] == "started"
    assert json.loads(path.read_text())["event"] == "stopped"
    assert path.stat().st_mode & 0o007 == 0


def test_a_reader_that_does_not_read_stops_nothing(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    log = GuardLog(str(path))
    for _ in range(13_000):
        log.event("event", "x" * 100)
    log.close(0.2)
    assert log.dropped > 0
    assert os.read(reader, 100).startswith(b'{"time"')
    os.close(reader)


def test_a_disk_that_fills_up_within_a_line_leaves_whole_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write, room = os.write, [5]

    def limited(descriptor: int, data: bytes) -> int:
        if not room[0]:
            raise OSError(errno.ENOSPC, "full")
        written = write(descriptor, data[: room[0]])
        room[0] -= written
        return written

    log = GuardLog(str(tmp_path / "log"))
    log.event("first", "x")
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", limited)
        log.event("lost", "x")
        log.event("lost too", "x")
    log.event("last", "x")
    log.close()
    lines = (tmp_path / "log").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["first", "last"]
    assert log.dropped == 2


def test_a_full_disk_is_counted() -> None:
    log = GuardLog("/dev/full")
    log.event("event", "x")
    log.close()
    assert log.dropped == 1
