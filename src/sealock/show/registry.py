"""A registry for one demonstration: docker-registry where it is installed, else sealock's own, in memory."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any, Final, Self
from urllib.parse import parse_qs, urlsplit

from msgspec import Struct

from sealock.patterns import compile_lazily
from sealock.show.notary import wait_for

_LARGEST: Final = 1 << 20
"""Bytes of one request: demonstrations push images of a few hundred."""
_PATH: Final = compile_lazily(
    r"/v2/(?P<repository>[a-z0-9/_.-]+?)/(?P<kind>manifests|blobs|tags|referrers)/(?P<rest>.*)"
)


class ThrowAwayRegistry(Struct, frozen=True):
    """A registry on loopback: its HOST:PORT, and which one it is."""

    host: str
    program: str


@contextmanager
def registry() -> Iterator[ThrowAwayRegistry]:
    """Start a registry, and end it with all that it holds."""
    program = shutil.which("docker-registry")
    if program is None:
        with _Server() as server:
            yield ThrowAwayRegistry(f"127.0.0.1:{server.server_port}", "sealock's own registry")
        return
    with (
        tempfile.TemporaryDirectory(prefix="sealock-show-") as directory,
        socket.create_server(("127.0.0.1", 0)) as free,
    ):
        host = f"127.0.0.1:{free.getsockname()[1]}"
        free.close()
        settings = {
            "version": 0.1,
            "log": {"level": "error"},
            "storage": {"filesystem": {"rootdirectory": f"{directory}/storage"}},
            "http": {"addr": host},
        }
        file = Path(directory, "registry.yml")
        file.write_text(json.dumps(settings), encoding="utf-8")
        process = subprocess.Popen(  # noqa: S603  no shell
            [program, "serve", file], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            wait_for(host, "docker-registry")
            yield ThrowAwayRegistry(host, "docker-registry")
        finally:
            process.terminate()
            process.wait(10)


class _Server(ThreadingHTTPServer):
    """As much of the distribution specification as a push and a pull take."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.blobs: dict[str, bytes] = {}
        self.manifests: dict[tuple[str, str], tuple[str, bytes]] = {}
        self.lock = Lock()
        self.thread = Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.thread.join()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401  the library's
        """Write no log."""

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(min(length, _LARGEST))
        where = urlsplit(self.path)
        found = _PATH.fullmatch(where.path)
        with self.server.lock:
            if where.path == "/v2/":
                self._send(200, b"{}")
            elif found is None or length > _LARGEST:
                self._send(404, b'{"errors": []}')
            elif found["kind"] == "manifests":
                self._manifest(found["repository"], found["rest"], body)
            elif found["kind"] == "blobs":
                self._blob(found["repository"], found["rest"], parse_qs(where.query), body)
            else:
                self._send(404, b'{"errors": []}')

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = _answer  # noqa: N815  the library's names

    def _manifest(self, repository: str, reference: str, body: bytes) -> None:
        digest = f"sha256:{sha256(body).hexdigest()}"
        if self.command == "PUT":
            for name in (digest, reference):
                self.server.manifests[repository, name] = (self.headers.get("Content-Type", ""), body)
            self._send(201, b"", {"Docker-Content-Digest": digest, "Location": self.path})
        elif (kept := self.server.manifests.get((repository, reference))) is not None:
            digest = f"sha256:{sha256(kept[1]).hexdigest()}"
            self._send(200, kept[1], {"Content-Type": kept[0], "Docker-Content-Digest": digest})
        else:
            self._send(404, b'{"errors": [{"code": "MANIFEST_UNKNOWN"}]}')

    def _blob(self, repository: str, rest: str, query: dict[str, list[str]], body: bytes) -> None:
        location = f"/v2/{repository}/blobs/uploads/1"
        if self.command == "POST" and "digest" not in query:
            self._send(202, b"", {"Location": location, "Range": "0-0"})
        elif self.command in {"PUT", "POST"}:
            digest = query.get("digest", [""])[0]
            if digest != f"sha256:{sha256(body).hexdigest()}":
                self._send(400, b'{"errors": [{"code": "DIGEST_INVALID"}]}')
                return
            self.server.blobs[digest] = body
            self._send(201, b"", {"Docker-Content-Digest": digest, "Location": f"/v2/{repository}/blobs/{digest}"})
        elif (kept := self.server.blobs.get(rest)) is not None:
            self._send(200, kept, {"Docker-Content-Digest": rest})
        else:
            self._send(404, b'{"errors": [{"code": "BLOB_UNKNOWN"}]}')

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
