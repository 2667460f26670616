"""HTTP/1.1 (RFC 9112) read strictly: what two parsers could read differently is refused, and heads are written again.

A proxy that passes on what it read can be used to smuggle a request past its own eyes: by two lengths, by a length and
chunks, by line breaks that only one side takes for an end. So each message here has one way to be read; the engine gets
a head that this module wrote, never the bytes of the client.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, Final

from msgspec import Struct

from sealock.patterns import compile_lazily

HEAD: Final = 192 << 10
"""Most bytes of a head; a registry's credentials, base64 in a header, are the largest that clients send."""
_LINES: Final = 100
"""Most header lines."""
_TARGET: Final = 64 << 10
"""Most bytes of a request's target; filters of lists and build arguments are JSON in the query."""
_CHUNK_LINE: Final = 18
"""Bytes of a chunk's size line, with its line break."""
_REQUEST_LINE: Final = compile_lazily(rb"([A-Z]{1,20}) (/[!-~]*) HTTP/1\.([01])")
_STATUS_LINE: Final = compile_lazily(rb"HTTP/1\.([01]) ([1-5][0-9]{2})(?: ([^\r\n]*))?")
_HEADER: Final = compile_lazily(
    rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*+"
    rb"((?:[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)?)[ \t]*"
)
_MALFORMED: Final = "a header line is malformed"
_KEPT: Final = 1024
"""Most bytes of a head that is kept with what was read of it: the same ones come again and again."""
_SHORT: Final = 128
"""Most bytes of a header's line that is kept likewise: an engine's answers differ in their date."""
_LENGTH: Final = compile_lazily(r"[0-9]{1,15}")
_SIZE: Final = compile_lazily(rb"[0-9A-Fa-f]{1,15}")
_SINGLE: Final = frozenset({
    "content-length", "transfer-encoding", "content-type", "content-encoding", "host", "upgrade", "expect", "te",
    "x-registry-auth", "x-registry-config",
})  # fmt: skip
"""Headers that may stand once: of two, two servers may take different ones."""
_HOP: Final = frozenset({
    "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization", "te", "trailer",
    "transfer-encoding", "content-length", "upgrade", "expect", "host",
})  # fmt: skip
"""Headers of one connection, or ones that the proxy writes itself."""
_CONNECTION: Final = frozenset({"keep-alive", "close", "upgrade", "te", "http2-settings"})


class WireError(Exception):
    """A message that is no HTTP/1.1 as the guard reads it; `status` is the answer's."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class RequestHead(Struct, frozen=True):
    """A request without its body; the names of headers are in lower case.

    `length` is the number of bytes of the body, -1 for a body in chunks, 0 for none.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    length: int
    keep_alive: bool
    upgrade: str = ""
    continues: bool = False
    """Whether the client waits for "100 Continue"."""
    lines: str = ""
    """The headers that are for the engine, written again."""
    content_type: str = ""

    def header(self, name: str) -> str:
        """The value of a header, "" where it is missing."""
        return next((value for key, value in self.headers if key == name), "")


class AnswerHead(Struct, frozen=True):
    """An answer without its body: `length` as in a request, -2 for a body that ends with the connection."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    length: int
    keep_alive: bool
    lines: str = ""
    """The headers that are for the client, written again."""

    def header(self, name: str) -> str:
        """The value of a header by its name in lower case, "" where it is missing."""
        return next((value for key, value in self.headers if key.lower() == name), "")


def read_request(head: bytes) -> RequestHead:
    """Read a head, with the empty line at its end; WireError says what is wrong with it."""
    return _read_request(head) if len(head) <= _KEPT else _read_request.__wrapped__(head)


@lru_cache(256)
def _read_request(head: bytes) -> RequestHead:
    first, *rest = _lines(head)
    if (match := _REQUEST_LINE.fullmatch(first)) is None:
        message = "the request line is not that of an HTTP/1.1 request with a path"
        raise WireError(message)
    target = match[2].decode("ascii")
    if len(target) > _TARGET:
        message = f"the request's target is longer than {_TARGET} bytes"
        raise WireError(message, 414)
    if "#" in target:
        message = "the request's target has a fragment"
        raise WireError(message)
    fields = (_fields if len(head) <= _KEPT else _fields.__wrapped__)(tuple(rest), modern=match[3] == b"1")
    return RequestHead(match[1].decode("ascii"), target, *fields)


@lru_cache(256)
def _fields(lines: tuple[bytes, ...], *, modern: bool) -> tuple[Any, ...]:
    """Read the header lines of a request: what RequestHead has of them. Many requests have the same ones."""
    headers = tuple((name.lower(), value) for name, value in _headers(lines, ascii_only=True))
    values: dict[str, str] = {}
    for name, value in headers:
        if name in _SINGLE and name in values:
            message = f"the request has two headers {name}"
            raise WireError(message)
        values[name] = value
    if modern and "host" not in values:
        message = "the request has no header Host"
        raise WireError(message)
    tokens = _tokens(value for name, value in headers if name == "connection")
    if unknown := tokens - _CONNECTION:
        message = f"the header Connection names {min(unknown)}, which the guard does not drop"
        raise WireError(message)
    expect = values.get("expect", "").lower()
    if expect not in {"", "100-continue"}:
        message = "the request expects something other than 100-continue"
        raise WireError(message, 417)
    return (
        headers,
        _length(values, modern=modern),
        "close" not in tokens if modern else "keep-alive" in tokens,
        values.get("upgrade", "") if "upgrade" in tokens else "",
        expect != "" and modern,
        header_lines((name, value) for name, value in headers if name not in _HOP),
        values.get("content-type", ""),
    )


def read_answer(head: bytes, method: str) -> AnswerHead:
    """Read the head of an answer to a request with this method; WireError where an engine would not write it."""
    return _read_answer(head, method) if len(head) <= _KEPT else _read_answer.__wrapped__(head, method)


@lru_cache(256)
def _read_answer(head: bytes, method: str) -> AnswerHead:
    first, *rest = _lines(head)
    if (match := _STATUS_LINE.fullmatch(first)) is None:
        message = "the engine's answer has no HTTP/1.1 status line"
        raise WireError(message, 502)
    headers = tuple(_headers(rest, ascii_only=False))
    values = {name.lower(): value for name, value in headers}
    status = int(match[2])
    tokens = _tokens(value for name, value in headers if name.lower() == "connection")
    if method == "HEAD" or status in {204, 304} or status < 200:
        length = 0
    elif "content-length" in values or "transfer-encoding" in values:
        length = _length(values, modern=match[1] == b"1")
    else:
        length = -2
    reason = (match[3] or b"").decode("latin-1")
    keep_alive = match[1] == b"1" and "close" not in tokens and length != -2
    lines = header_lines((name, value) for name, value in headers if name.lower() not in _HOP)
    return AnswerHead(status, reason, headers, length, keep_alive, lines)


def _lines(head: bytes) -> list[bytes]:
    lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    if len(lines) > _LINES:
        message = f"the head has more than {_LINES} lines"
        raise WireError(message, 431)
    return lines


def _headers(lines: Iterable[bytes], *, ascii_only: bool) -> Iterator[tuple[str, str]]:
    for line in lines:
        name, value = _header(line) if len(line) <= _SHORT else _header.__wrapped__(line)
        if not name or (ascii_only and not value.isascii()):
            raise WireError(_MALFORMED)
        yield name, value


@lru_cache(512)
def _header(line: bytes) -> tuple[str, str]:
    """Name and value of a header's line; ("", "") for one that is malformed."""
    match = _HEADER.fullmatch(line)
    return ("", "") if match is None else (match[1].decode("ascii"), match[2].decode("latin-1"))


def _tokens(values: Iterable[str]) -> set[str]:
    return {token.strip().lower() for value in values for token in value.split(",")} - {""}


def _length(values: dict[str, str], *, modern: bool) -> int:
    coding, length = values.get("transfer-encoding"), values.get("content-length")
    if coding is None and length is None:
        return 0
    if coding is not None:
        if length is not None or not modern or coding.lower() != "chunked":
            message = "the body has a transfer coding other than chunked, or chunks and a length"
            raise WireError(message)
        return -1
    if not _LENGTH.fullmatch(length or ""):
        message = "the header Content-Length is no number"
        raise WireError(message)
    return int(length or "")


class ChunkReader:
    """Takes a body out of its chunks as the bytes arrive: no extensions, no trailers, line breaks as in RFC 9112."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._left = 0
        self._state = "size"
        self.done = False

    def feed(self, data: bytes | bytearray) -> tuple[list[memoryview], int]:
        """Return the parts of the body in these bytes, and how many bytes were used: less than all after the end."""
        view, at, parts = memoryview(data), 0, []
        while at < len(view) and not self.done:
            if self._state == "data":
                part = view[at : at + self._left]
                parts.append(part)
                at += len(part)
                self._left -= len(part)
                if not self._left:
                    self._state = "break"
                continue
            end = data.find(b"\n", at, at + _CHUNK_LINE + 1)
            self._line += view[at : len(view) if end < 0 else end + 1]
            at = len(view) if end < 0 else end + 1
            if len(self._line) > _CHUNK_LINE:
                message = "a chunk's size line is too long"
                raise WireError(message)
            if end >= 0:
                self._ended(bytes(self._line))
                self._line.clear()
        return parts, at

    def _ended(self, line: bytes) -> None:
        """A line between the parts of the body ended."""
        text = line[:-2]
        if line[-2:] != b"\r\n" or (self._state == "size") != bool(text):
            message = "the chunks of the body are malformed, or have trailers"
            raise WireError(message)
        if self._state == "size":
            if not _SIZE.fullmatch(text):
                message = "a chunk's size is malformed, or has an extension"
                raise WireError(message)
            self._left = int(text, 16)
            self._state = "data" if self._left else "end"
        elif self._state == "break":
            self._state = "size"
        else:
            self.done = True


def header_lines(headers: Iterable[tuple[str, str]]) -> str:
    """Write headers, a line each."""
    return "".join([f"{name}: {value}\r\n" for name, value in headers])


def request_head(  # noqa: PLR0913  the parts of a head
    method: str, target: str, lines: str, length: int, upgrade: str = "", *, close: bool = False
) -> bytes:
    """Write the head of a request to the engine; `lines` as of `header_lines`, `length` as in RequestHead."""
    bodiless = not length and method not in {"POST", "PUT", "PATCH"}
    framing = _framing(-2 if bodiless else length, upgrade, close=close)
    return f"{method} {target} HTTP/1.1\r\nHost: docker\r\n{lines}{framing}\r\n".encode("latin-1")


def answer_head(  # noqa: PLR0913  the parts of a head
    status: int, reason: str, lines: str, length: int, upgrade: str = "", *, close: bool = False
) -> bytes:
    """Write the head of an answer to the client; `lines` as of `header_lines`, `length` as in AnswerHead."""
    bodiless = length >= 0 and (status < 200 or status in {204, 304})
    framing = _framing(-2 if bodiless else length, upgrade, close=close)
    return f"HTTP/1.1 {status} {reason}\r\n{lines}{framing}\r\n".encode("latin-1")


def _framing(length: int, upgrade: str, *, close: bool) -> str:
    """The lines on the body and the connection; `length` is -2 where no line speaks of the body."""
    body = "Transfer-Encoding: chunked\r\n" if length == -1 else f"Content-Length: {length}\r\n" if length >= 0 else ""
    if upgrade:
        return f"{body}Connection: Upgrade\r\nUpgrade: {upgrade}\r\n"
    return f"{body}Connection: close\r\n" if close else body
