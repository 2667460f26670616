"""An engine that answers as a test says, and keeps every byte that it got."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeAlias

Reply: TypeAlias = "bytes | Callable[[socket.socket], None] | None"
"""Bytes to send, None to send nothing and wait, or what talks on the connection until it is over."""


def answer(body: object = None, status: int = 200, *headers: str) -> bytes:
    """An answer with a body, JSON unless it is bytes."""
    data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    lines = "".join(f"{line}\r\n" for line in headers)
    return f"HTTP/1.1 {status} X\r\nContent-Length: {len(data)}\r\n{lines}\r\n".encode() + data


class ScriptedEngine:
    """`replies` are by method and path without version and query; `requests` is what came, heads with bodies."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.replies: dict[str, Reply] = {"GET /_ping": answer(b"OK")}
        self.requests: list[bytes] = []
        self.over = threading.Event()
        self.open: set[socket.socket] = set()
        self.ended = 0
        """Connections that their client closed."""

    def serve(self, listener: socket.socket) -> None:
        """Serve until the listener closes."""
        with suppress(OSError):
            while True:
                sock, _ = listener.accept()
                threading.Thread(target=self._connection, args=(sock,), daemon=True).start()

    def _connection(self, sock: socket.socket) -> None:
        self.open.add(sock)
        with sock, suppress(OSError):
            buffer = b""
            while not self.over.is_set():
                while b"\r\n\r\n" not in buffer:
                    if not (data := sock.recv(65536)):
                        self.ended += 1
                        return
                    buffer += data
                head, _, buffer = buffer.partition(b"\r\n\r\n")
                length = next(
                    (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
                )
                chunked = b"transfer-encoding: chunked" in head.lower()
                while len(buffer) < length or (chunked and not buffer.endswith(b"0\r\n\r\n")):
                    if not (data := sock.recv(65536)):
                        self.ended += 1
                        return
                    buffer += data
                body, buffer = (buffer, b"") if chunked else (buffer[:length], buffer[length:])
                self.requests.append(head + b"\r\n\r\n" + body)
                if not self._reply(sock, head):
                    return

    def _reply(self, sock: socket.socket, head: bytes) -> bool:
        method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
        path = target.partition("?")[0]
        parts = path.split("/")
        path = "/" + "/".join(parts[2:] if parts[1].startswith("v1.") else parts[1:])
        reply = self.replies.get(f"{method} {path}", answer({"message": "page not found"}, 404))
        if reply is None:
            while not self.over.is_set():
                if not sock.recv(1):
                    self.ended += 1
                    return False
        elif callable(reply):
            reply(sock)
            return False
        else:
            sock.sendall(reply)
        return True


@contextmanager
def scripted(path: Path) -> Iterator[ScriptedEngine]:
    """Serve on a unix socket, which takes the place of one that is there."""
    engine = ScriptedEngine(path)
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(1024)
        path.chmod(0o666)
        threading.Thread(target=engine.serve, args=(listener,), daemon=True).start()
        try:
            yield engine
        finally:
            engine.over.set()
            for sock in (listener, *engine.open):
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
