"""The real docker-registry, in a folder and on a port of its own; and a giver of tokens that it trusts."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from support.ports import is_listening, reserved_port
from support.waiting import PATIENCE, wait_until

HTPASSWD = "me:$2y$05$abcdefghijklmnopqrstuuQDoL5Sa/TtfS/XN4AY/jgq.HBbO1BTu\n"
"""Lets in "me" by the password "word"."""


@contextmanager
def real_registry(folder: Path, **settings: Any) -> Iterator[str]:
    """Run one, with any of its settings; give its HOST:PORT."""
    with reserved_port() as port:
        yield from _served(folder, port, settings)


def _served(folder: Path, port: int, settings: dict[str, Any]) -> Iterator[str]:
    host = f"127.0.0.1:{port}"
    storage = {"filesystem": {"rootdirectory": str(folder / "storage")}, "delete": {"enabled": True}}
    table = {"version": 0.1, "log": {"level": "error"}, "storage": storage} | settings
    table["http"] = {"addr": host} | settings.get("http", {})
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "registry.yml").write_text(json.dumps(table))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(["docker-registry", "serve", folder / "registry.yml"], stdout=log, stderr=log)
    try:
        wait_until(lambda: process.poll() is not None or is_listening(port))
        assert process.poll() is None, (folder / "log").read_text()
        yield host
    finally:
        process.terminate()
        process.wait(PATIENCE)


@contextmanager
def token_giver(certificate: str, key: str) -> Iterator[tuple[str, list[Mapping[str, list[str]]]]]:
    """Give tokens, signed by a key, to "me" with the password "word"; give the realm, and what was asked."""
    asked: list[Mapping[str, list[str]]] = []
    basic = "Basic " + b64encode(b"me:word").decode()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Keep quiet."""

        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            asked.append(query)
            good = self.headers.get("authorization") == basic
            body = json.dumps({"token": _token(certificate, key, query), "expires_in": 300}).encode() if good else b"{}"
            self.send_response(200 if good else 401)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/token", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _token(certificate: str, key: str, query: Mapping[str, list[str]]) -> str:
    """A JWT for all that is asked for."""
    access = []
    for scope in query.get("scope", []):
        kind, name, actions = scope.split(":")
        access.append({"type": kind, "name": name, "actions": actions.split(",")})
    der = x509.load_pem_x509_certificate(Path(certificate).read_bytes()).public_bytes(serialization.Encoding.DER)
    now = int(time.time())
    header = {"typ": "JWT", "alg": "ES256", "x5c": [b64encode(der).decode()]}
    claims = {
        "iss": "test", "aud": "registry", "sub": "me", "jti": str(now), "iat": now, "nbf": now - 60, "exp": now + 300,
        "access": access,
    }  # fmt: skip
    text = f"{_url64(json.dumps(header).encode())}.{_url64(json.dumps(claims).encode())}"
    private = serialization.load_pem_private_key(Path(key).read_bytes(), None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    r, s = decode_dss_signature(private.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{text}.{_url64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def _url64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
