"""A forward proxy (RFC 9110, section 9.3.6, and RFC 9112, section 3.2.2) for a sandbox: it connects to listed hosts.

It looks names up itself, and connects to the very address that it checked, so that no name server, spelling or second
answer leads elsewhere. A request for a tunnel (CONNECT) carries anything; a plain request is one with a length, and its
Host field is written by the proxy. Names within TLS are not looked at.
"""

from __future__ import annotations

import asyncio
import re
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from socket import SOCK_STREAM, socket
from typing import Final, NoReturn, TypeAlias

from msgspec import Struct

from sealock.model.allowedhosts import AllowedHost, find_host
from sealock.net.http.guard import AddressGuard
from sealock.patterns import compile_lazily

MOST_CONNECTIONS: Final = 256
"""Connections at a time; more are closed at once."""
MOST_HEAD: Final = 32 << 10
"""Bytes of a request's head."""
SECONDS: Final = 20.0
"""Time for a request's head, for a name's addresses, and for a connection."""
_BAD: Final = "400 Bad Request"
_FORBIDDEN: Final = "403 Forbidden"
_NO_LENGTH: Final = "411 Length Required"
_TOO_LONG: Final = "431 Request Header Fields Too Large"
_NO_HOST: Final = "502 Bad Gateway"
_PIECE: Final = 64 << 10
_LINE: Final = compile_lazily(r"([A-Z]{1,20}) ([!-~]+) HTTP/1\.[01]")
_FIELD: Final = compile_lazily(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):([^\x00\r\n]*)")
_TARGET: Final = compile_lazily(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:/?#@]+):([0-9]{1,5})")
_URL: Final = compile_lazily(r"http://(\[[0-9A-Fa-f:.]+\]|[^\[\]:/?#@]+)(?::([0-9]{1,5}))?([/?][!-~]*)?", re.IGNORECASE)
_OWN: Final = frozenset({
    "host", "connection", "keep-alive", "proxy-connection", "proxy-authorization", "te", "trailer", "upgrade",
})  # fmt: skip
"""Fields that are for the proxy, or that it writes."""
Resolver: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
"""Looks the addresses of a name up; OSError where it has none."""


class ProxyRequestError(Exception):
    """The request is not carried out: an HTTP status, and why."""

    def __init__(self, status: str, why: str) -> None:
        super().__init__(why)
        self.status = status


def _fault(status: str, why: str) -> ProxyRequestError:
    return ProxyRequestError(status, why)


class ProxyRequest(Struct, frozen=True):
    """A request: where it goes, and the head to send there, None for a tunnel. `length` is that of its body."""

    host: str
    port: int
    head: bytes | None = None
    length: int = 0


class ForwardProxy:
    """Serves a listening socket. `note` is given a line for each host that was refused, once for each."""

    def __init__(
        self, hosts: Sequence[AllowedHost], note: Callable[[str], None], resolve: Resolver | None = None
    ) -> None:
        self._hosts, self._note, self._resolve = tuple(hosts), note, resolve or look_up
        self._noted: set[str] = set()
        self._open = 0

    async def serve(self, listener: socket) -> None:
        """Serve until it is cancelled."""
        server = await asyncio.start_server(self._serve_client, sock=listener, limit=MOST_HEAD)
        async with server:
            await server.serve_forever()

    async def _serve_client(self, reader: StreamReader, writer: StreamWriter) -> None:
        async with _closed(writer):
            if self._open >= MOST_CONNECTIONS:
                return
            self._open += 1
            try:
                await self._answer(reader, writer)
            except ProxyRequestError as refusal:
                text = f"sealock: {refusal}\n".encode(errors="replace")
                head = f"HTTP/1.1 {refusal.status}\r\nContent-Type: text/plain\r\nContent-Length: {len(text)}\r\n"
                writer.write(head.encode() + b"Connection: close\r\n\r\n" + text)
                await writer.drain()
            except (OSError, asyncio.IncompleteReadError):
                pass  # the client or the host ended the connection
            finally:
                self._open -= 1

    async def _answer(self, reader: StreamReader, writer: StreamWriter) -> None:
        try:
            async with asyncio.timeout(SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            raise _fault(_TOO_LONG, "the request's head is too long") from None
        request = read_request(head)
        upstream, answers = await self._connect(request)
        async with _closed(answers):
            if request.head is None:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await writer.drain()
                await asyncio.gather(_copy(reader, answers), _copy(upstream, writer))
                return
            answers.write(request.head)
            left = request.length
            while left and (piece := await reader.read(min(left, _PIECE))):
                answers.write(piece)
                await answers.drain()
                left -= len(piece)
            await answers.drain()
            await _copy(upstream, writer)

    async def _connect(self, request: ProxyRequest) -> tuple[StreamReader, StreamWriter]:
        entry = find_host(self._hosts, request.host, request.port)
        if entry is None:
            self._refuse(request, "it is not in the list of allowed hosts")
        why = "it has no address"
        for address in await self._addresses(entry, request):
            # What the list says leads to an address is meant; what a name server says may lead inside.
            if not entry.address and (refusal := AddressGuard().refusal(request.host, request.port, address)):
                why = refusal
            else:
                try:
                    async with asyncio.timeout(SECONDS):
                        return await asyncio.open_connection(address, request.port)
                except OSError as error:
                    why = f"no connection to {address}: {str(error) or 'it does not answer'}"
        if "internal address" in why:
            self._refuse(request, why)
        raise _fault(_NO_HOST, f"{request.host}:{request.port}: {why}")

    async def _addresses(self, entry: AllowedHost, request: ProxyRequest) -> Sequence[str]:
        if entry.address:
            return (entry.address,)
        try:
            async with asyncio.timeout(SECONDS):
                return await self._resolve(request.host, request.port)
        except (OSError, UnicodeError) as error:
            raise _fault(_NO_HOST, f"{request.host} has no address: {str(error) or 'no name server answers'}") from None

    def _refuse(self, request: ProxyRequest, why: str) -> NoReturn:
        name = f"{request.host}:{request.port}"
        if name not in self._noted and len(self._noted) < MOST_CONNECTIONS:
            self._noted.add(name)
            self._note(f"refused a connection to {name}: {why}")
        raise _fault(_FORBIDDEN, f"{name} was refused: {why}")


def read_request(head: bytes) -> ProxyRequest:
    """Read the head of a request; ProxyRequestError for one that is malformed, or that the proxy does not do."""
    lines = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    start = _LINE.fullmatch(lines[0])
    if start is None:
        raise _fault(_BAD, "the request line is malformed")
    method, target = start[1], start[2]
    if method == "CONNECT":
        asked = _TARGET.fullmatch(target)
        if asked is None:
            raise _fault(_BAD, "CONNECT should name HOST:PORT")
        return ProxyRequest(asked[1], int(asked[2]))
    url = _URL.fullmatch(target)
    if url is None:
        raise _fault(_BAD, "this is a proxy: the request should name http://HOST/PATH")
    fields: list[str] = []
    lengths: set[str] = set()
    for text in lines[1:]:
        field = _FIELD.fullmatch(text)
        if field is None:
            raise _fault(_BAD, "a header field is malformed")
        name, value = field[1].lower(), field[2].strip(" \t")
        if name == "transfer-encoding":
            raise _fault(_NO_LENGTH, "a request through this proxy needs a Content-Length")
        if name == "content-length":
            lengths.add(value)
        elif name not in _OWN:
            fields.append(f"{field[1]}: {value}")
    if len(lengths) > 1 or not all(text.isascii() and text.isdecimal() and len(text) < 19 for text in lengths):
        raise _fault(_BAD, "the Content-Length is malformed")
    fields += [f"Content-Length: {text}" for text in lengths]
    path = url[3] or "/"
    named = url[1] if url[2] is None else f"{url[1]}:{url[2]}"
    first = f"{method} {path if path.startswith('/') else f'/{path}'} HTTP/1.1"
    sent = "\r\n".join((first, f"Host: {named}", "Connection: close", *fields, "", ""))
    return ProxyRequest(url[1], int(url[2] or 80), sent.encode("latin-1"), int(next(iter(lengths), "0")))


async def look_up(name: str, port: int) -> Sequence[str]:
    """The addresses of a name, by the resolver of this machine."""
    answers = await asyncio.get_running_loop().getaddrinfo(name, port, type=SOCK_STREAM)
    return tuple(dict.fromkeys(str(answer[4][0]) for answer in answers))


async def _copy(reader: StreamReader, writer: StreamWriter) -> None:
    """Copy until the end, and pass that on."""
    with suppress(OSError):
        while piece := await reader.read(_PIECE):
            writer.write(piece)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()


@asynccontextmanager
async def _closed(writer: StreamWriter) -> AsyncIterator[None]:
    try:
        yield
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
