"""Publishers of feeds: a folder served over HTTP with ETags, and whatever a test wants to go wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from urllib.parse import unquote

from msgspec import Struct

from support.waiting import PATIENCE


class Oddity(Struct, frozen=True):
    """An answer in place of the file: `cut` sends so many bytes of what was announced, `hold` waits to be let go."""

    status: int = 200
    body: bytes | None = None
    kind: str = "application/octet-stream"
    cut: int = -1
    hold: bool = False


class Publisher:
    """What is served: files below `root`. `asked` lists each request with the status of its answer."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.url = ""
        self.oddities: dict[str, Oddity] = {}
        self.asked: list[tuple[str, int]] = []
        self.tags = True
        self.reached, self.let_go = Event(), Event()

    def reply(self, path: str, wanted: str) -> tuple[int, dict[str, str], bytes]:
        """The answer that the file's state calls for."""
        file = self.root / path
        if not file.is_file():
            return 404, {}, b"not found"
        body = file.read_bytes()
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if self.tags and wanted == tag:
            return 304, {"ETag": tag}, b""
        return 200, {"ETag": tag} if self.tags else {}, body


@contextmanager
def serving(root: Path) -> Iterator[Publisher]:
    """Serve a folder on a port of its own."""
    publisher = Publisher(root)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = unquote(self.path.lstrip("/"))
            status, headers, body = publisher.reply(path, self.headers.get("If-None-Match", ""))
            odd = publisher.oddities.get(path, Oddity())
            if odd.body is not None or odd.status != 200:
                status, body, headers = odd.status, odd.body or b"", {}
            publisher.asked.append((path, status))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", odd.kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if odd.hold:
                self.wfile.write(body[:1])
                self.wfile.flush()
                publisher.reached.set()
                publisher.let_go.wait(PATIENCE)
                body = body[1:]
            if odd.cut >= 0:
                self.wfile.write(body[: odd.cut])
                self.close_connection = True
                return
            if status != 304:
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        publisher.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield publisher
        finally:
            publisher.let_go.set()
            server.shutdown()
            thread.join()
