"""TLS on TCP, with a client certificate that is required: the name in it is the caller.

The guard works on plain sockets, so TLS ends here and the bytes go on through a pair of them. TLS has no half-close
that asyncio keeps: a client that closes its direction ends the connection.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import suppress
from typing import Any, Final

from sealock.errors import UsageError, reason_of

_HANDSHAKE: Final = 10.0
_BLOCK: Final = 64 << 10


def tls_context(certificate: str, key: str, authority: str) -> ssl.SSLContext:
    """A server's context that takes only clients with a certificate of this authority; UsageError for bad files."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    file = f"{certificate} with {key}"
    try:
        # Without a password OpenSSL would ask for one on the terminal.
        context.load_cert_chain(certificate, key, password=lambda: b"")
        file = authority
        context.load_verify_locations(authority)
    except (OSError, ValueError) as error:
        message = f"{file} cannot be used for TLS: {reason_of(error)}"
        raise UsageError(message) from None
    return context


async def terminate(sock: socket.socket, context: ssl.SSLContext) -> tuple[socket.socket, str]:
    """Do the handshake; returns a socket with the plain bytes, and the common name of the certificate."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=_BLOCK)
    protocol = asyncio.StreamReaderProtocol(reader)
    # This closes the socket where the handshake fails or is cancelled.
    transport, _ = await loop.connect_accepted_socket(
        lambda: protocol, sock, ssl=context, ssl_handshake_timeout=_HANDSHAKE
    )
    writer = asyncio.StreamWriter(transport, protocol, reader, loop)
    ours, theirs = socket.socketpair()
    plain_reader, plain_writer = await asyncio.open_unix_connection(sock=theirs, limit=_BLOCK)
    task = asyncio.ensure_future(_pump(reader, writer, plain_reader, plain_writer))
    _TASKS.add(task)
    task.add_done_callback(_TASKS.discard)
    return ours, _common_name(transport.get_extra_info("peercert"))


_TASKS: Final[set[asyncio.Task[None]]] = set()
"""The event loop keeps only weak references to tasks."""


async def _pump(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter,
    plain_reader: asyncio.StreamReader, plain_writer: asyncio.StreamWriter,
) -> None:  # fmt: skip
    async def way(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(_BLOCK):
                target.write(data)
                await target.drain()
            if target.can_write_eof():
                target.write_eof()
            else:
                target.close()

    await asyncio.gather(way(reader, plain_writer), way(plain_reader, writer), return_exceptions=True)
    for side in (writer, plain_writer):
        side.close()


def _common_name(certificate: Any) -> str:  # noqa: ANN401  as ssl gives it
    """The common name, "" where there is none or several."""
    names = [value for part in (certificate or {}).get("subject", ()) for key, value in part if key == "commonName"]
    return names[0] if len(names) == 1 else ""
