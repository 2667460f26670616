"""Heads and chunks are read in one way or refused: what two parsers could read differently does not pass."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.guard.http1 import (
    AnswerHead,
    ChunkReader,
    RequestHead,
    WireError,
    answer_head,
    header_lines,
    read_answer,
    read_request,
    request_head,
)
from support.malformedrequests import REFUSED, head

READ = [
    (head(b"GET /_ping HTTP/1.1"), ("GET", "/_ping", 0, True, "", False)),
    (head(b"GET /info?x=%7B HTTP/1.1", b"Connection: close"), ("GET", "/info?x=%7B", 0, False, "", False)),
    (head(b"POST /a HTTP/1.1", b"Content-Length: 12"), ("POST", "/a", 12, True, "", False)),
    (head(b"POST /a HTTP/1.1", b"transfer-encoding:  Chunked \t"), ("POST", "/a", -1, True, "", False)),
    (head(b"POST /a HTTP/1.1", b"Content-Length: 1", b"Expect: 100-Continue"), ("POST", "/a", 1, True, "", True)),
    (head(b"POST /a HTTP/1.1", b"Connection: Upgrade", b"Upgrade: tcp"), ("POST", "/a", 0, True, "tcp", False)),
    (head(b"POST /a HTTP/1.1", b"Upgrade: tcp"), ("POST", "/a", 0, True, "", False)),
    (head(b"GET /a HTTP/1.0"), ("GET", "/a", 0, False, "", False)),
    (head(b"GET /a HTTP/1.0", b"Connection: keep-alive"), ("GET", "/a", 0, True, "", False)),
    (b"GET /a HTTP/1.0\r\n\r\n", ("GET", "/a", 0, False, "", False)),
]


@pytest.mark.parametrize(("text", "expected"), READ)
def test_a_request_is_read(text: bytes, expected: tuple[object, ...]) -> None:
    request = read_request(text)
    assert (
        request.method, request.target, request.length, request.keep_alive, request.upgrade, request.continues,
    ) == expected  # fmt: skip


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED.keys())
def test_a_request_that_two_servers_could_read_differently_is_refused(text: bytes) -> None:
    with pytest.raises(WireError):
        read_request(text)


ANSWERS = [
    ("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", (200, 5, True)),
    ("GET", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", (200, -1, True)),
    ("GET", b"HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n", (200, -1, False)),
    ("POST", b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n", (200, -2, False)),
    ("POST", b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n", (101, 0, True)),
    ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", (200, 0, True)),
    ("POST", b"HTTP/1.1 204 No Content\r\n\r\n", (204, 0, True)),
    ("GET", b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", (200, 5, False)),
    ("GET", b"HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n", (404, 0, True)),
]


@pytest.mark.parametrize(("method", "text", "expected"), ANSWERS)
def test_an_answer_is_read(method: str, text: bytes, expected: tuple[int, int, bool]) -> None:
    answer = read_answer(text, method)
    assert (answer.status, answer.length, answer.keep_alive) == expected


@pytest.mark.parametrize("text", [b"SSH-2.0-x\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", b"\r\n\r\n"])
def test_what_is_no_answer_is_refused(text: bytes) -> None:
    with pytest.raises(WireError):
        read_answer(text, "GET")


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for read in (read_request, lambda text: read_answer(text, "GET")):
        try:
            read(data + b"\r\n\r\n")
        except WireError:
            continue


NAMES = st.sampled_from(["Accept", "X-Registry-Auth", "User-Agent", "Content-Type"])
VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20).map(str.strip)


@given(st.dictionaries(NAMES, VALUES), st.sampled_from([0, 5, -1]))
def test_a_request_that_was_written_is_read_the_same(headers: dict[str, str], length: int) -> None:
    request = read_request(request_head("POST", "/a?b=c", header_lines(headers.items()), length))
    assert request.lines == header_lines((name.lower(), value) for name, value in headers.items())
    assert (request.method, request.target, request.length) == ("POST", "/a?b=c", length)


def test_headers_of_one_connection_are_not_passed_on() -> None:
    lines = (b"Connection: close", b"TE: trailers", b"Keep-Alive: 5", b"Proxy-Authorization: x", b"Accept: y")
    assert read_request(head(b"GET /a HTTP/1.1", *lines)).lines == "accept: y\r\n"


def test_an_answer_that_was_written_is_read_the_same() -> None:
    answer = read_answer(answer_head(200, "OK", header_lines([("Server", "x")]), 3, close=True), "GET")
    assert (answer.status, answer.length, answer.keep_alive, answer.header("server")) == (200, 3, False, "x")


@pytest.mark.parametrize(
    ("status", "length", "lines"),
    [
        (101, 0, ""),
        (199, 5, ""),
        (200, 0, "Content-Length: 0\r\n"),
        (204, 0, ""),
        (205, 0, "Content-Length: 0\r\n"),
        (304, 7, ""),
        (304, -1, "Transfer-Encoding: chunked\r\n"),
        (204, -2, ""),
        (200, -1, "Transfer-Encoding: chunked\r\n"),
        (200, -2, ""),
        (404, 1, "Content-Length: 1\r\n"),
    ],
)
def test_an_answer_says_how_long_it_is_unless_it_never_has_a_body(status: int, length: int, lines: str) -> None:
    assert answer_head(status, "A", "", length) == f"HTTP/1.1 {status} A\r\n{lines}\r\n".encode()
    assert answer_head(status, "A", "X: y\r\n", length, close=True).endswith(b"Connection: close\r\n\r\n")
    upgraded = answer_head(status, "A", "", length, "tcp", close=True)
    assert upgraded.endswith(f"{lines}Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n".encode())


@pytest.mark.parametrize(
    ("method", "length", "lines"),
    [
        ("GET", 0, ""),
        ("GET", 1, "Content-Length: 1\r\n"),
        ("HEAD", 0, ""),
        ("DELETE", 0, ""),
        ("POST", 0, "Content-Length: 0\r\n"),
        ("PUT", 0, "Content-Length: 0\r\n"),
        ("PATCH", 0, "Content-Length: 0\r\n"),
        ("POST", -1, "Transfer-Encoding: chunked\r\n"),
    ],
)
def test_a_request_says_how_long_it_is_unless_it_never_has_a_body(method: str, length: int, lines: str) -> None:
    assert request_head(method, "/a", "", length) == f"{method} /a HTTP/1.1\r\nHost: docker\r\n{lines}\r\n".encode()


def chunked(body: bytes, sizes: list[int]) -> bytes:
    made, at = b"", 0
    for size in sizes:
        part = body[at : at + size]
        made += b"%x\r\n%b\r\n" % (len(part), part) if part else b""
        at += size
    return made + (b"%x\r\n%b\r\n" % (len(body[at:]), body[at:]) if body[at:] else b"") + b"0\r\n\r\n"


@given(st.binary(max_size=200), st.lists(st.integers(1, 50), max_size=8), st.lists(st.integers(1, 40), max_size=30))
def test_chunks_are_read_however_the_bytes_arrive(body: bytes, sizes: list[int], cuts: list[int]) -> None:
    text, reader, read, after = chunked(body, sizes) + b"GET ", ChunkReader(), b"", b""
    while text:
        piece, text = text[: cuts[0] if cuts else len(text)], text[cuts[0] if cuts else len(text) :]
        cuts = cuts[1:]
        if reader.done:
            after += piece
            continue
        parts, used = reader.feed(piece)
        read += b"".join(parts)
        after += piece[used:]
    assert reader.done
    assert (read, after) == (body, b"GET ")


MALFORMED = {
    "an extension": b"3;x=y\r\nabc\r\n0\r\n\r\n",
    "a trailer": b"0\r\nX: y\r\n\r\n",
    "a bare line feed after the size": b"3\nabc\r\n0\r\n\r\n",
    "a bare line feed after the data": b"3\r\nabc\n0\r\n\r\n",
    "more data than the size": b"3\r\nabcd\r\n0\r\n\r\n",
    "an empty size": b"\r\nabc\r\n",
    "a sign": b"+3\r\nabc\r\n0\r\n\r\n",
    "a prefix": b"0x3\r\nabc\r\n0\r\n\r\n",
    "a space": b"3 \r\nabc\r\n0\r\n\r\n",
    "an underscore": b"1_0\r\n",
    "an endless size": b"f" * 30 + b"\r\n",
    "an endless line": b"0" * 1000,
}


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_chunks_are_refused(text: bytes) -> None:
    with pytest.raises(WireError):
        ChunkReader().feed(text)


def test_a_header_is_found_by_its_name() -> None:
    request = RequestHead("GET", "/", (("host", "a"), ("x-b", "2")), 0, keep_alive=True)
    answer = AnswerHead(200, "OK", (("Server", "a"), ("X-B", "2")), 0, keep_alive=True)
    assert (request.header("x-b"), answer.header("x-b"), request.header("c"), answer.header("c")) == ("2", "2", "", "")
