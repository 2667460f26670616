"""A registry that speaks the distribution specification on loopback, and can be told to misbehave.

It keeps blobs and manifests in memory and holds pushes to their digests, as real ones do. `answers` lets a test put any
answer in place of its own; `sign_in` has it ask for a name and password, or for tokens that it gives itself.
"""

from __future__ import annotations

import hashlib
import json
import re
import ssl
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from msgspec import Struct

from support.waiting import PATIENCE

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"


class Reply(Struct, frozen=True):
    """An answer. `endless` sends the body over and over, without a length; `cut` ends the connection after so many
    bytes of it; `silent` sends nothing and keeps the connection open; `drip` sends a byte now and then."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = {}
    endless: bool = False
    cut: int | None = None
    silent: bool = False
    drip: float = 0.0
    raw: bytes | None = None
    """Sent as it is, in place of an answer."""


class Asked(Struct, frozen=True):
    """A request that came. Header names are in lower case."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes = b""
    port: int = 0
    """The client's, which tells connections apart."""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


Answers = Callable[[Asked], "Reply | None"]


def sha256(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


class RegistrySimulator:
    """The registry. `asked` is every request that came."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.manifests: dict[str, dict[str, tuple[str, bytes]]] = {}
        self.owned: dict[str, set[str]] = {}
        self.uploads: dict[str, bytearray] = {}
        self.asked: list[Asked] = []
        self.answers: Answers = lambda _asked: None
        self.sign_in = ""
        """ "", "basic" or "bearer"."""
        self.logins: dict[str, str] = {}
        self.identities: set[str] = set()
        self.anonymous = True
        """Whether tokens to pull are given to anybody."""
        self.realm = ""
        self.ranges = True
        self.referrers = True
        self.page = 1000
        self.lock = Lock()
        self.over = Event()
        self.host = ""
        self.scheme = "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}"

    @property
    def heard(self) -> list[str]:
        return [str(one) for one in self.asked]

    # What a test puts on its shelves.

    def add_blob(self, data: bytes) -> dict[str, Any]:
        self.blobs[sha256(data)] = data
        return {"mediaType": OCI_LAYER, "digest": sha256(data), "size": len(data)}

    def add_manifest(self, repository: str, table: object, *tags: str, kind: str = OCI_MANIFEST) -> dict[str, Any]:
        raw = table if isinstance(table, bytes) else json.dumps(table).encode()
        kept = self.manifests.setdefault(repository, {})
        for reference in (sha256(raw), *tags):
            kept[reference] = (kind, raw)
        return {"mediaType": kind, "digest": sha256(raw), "size": len(raw)}

    def add_image(self, repository: str, *tags: str, config: bytes, layers: Iterable[bytes] = ()) -> dict[str, Any]:
        table = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": self.add_blob(config) | {"mediaType": OCI_CONFIG},
            "layers": [self.add_blob(layer) for layer in layers],
        }
        return self.add_manifest(repository, table, *tags)

    def add_index(self, repository: str, *tags: str, images: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
        """An index of images by platform."""
        entries = []
        for platform, image in images.items():
            os_name, architecture, *variant = platform.split("/")
            told = {"os": os_name, "architecture": architecture} | ({"variant": variant[0]} if variant else {})
            entries.append(image | {"platform": told})
        table = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}
        return self.add_manifest(repository, table, *tags, kind=OCI_INDEX)

    # What it answers.

    def answer(self, asked: Asked) -> Reply:
        with self.lock:
            self.asked.append(asked)
        if (instead := self.answers(asked)) is not None:
            return instead
        if asked.path == "/token":
            return self._token(asked)
        if (refusal := self._refused(asked)) is not None:
            return refusal
        if asked.path == "/v2/":
            return Reply(200, b"{}")
        found = re.fullmatch(r"/v2/(.+?)/(manifests|blobs|tags|referrers)/(.*)", asked.path)
        if found is None:
            return _error(404, "NAME_UNKNOWN")
        repository, what, rest = found.groups()
        with self.lock:
            return getattr(self, f"_{what}")(asked, repository, rest)  # type: ignore[no-any-return]  # of _NAME

    def _refused(self, asked: Asked) -> Reply | None:
        if not self.sign_in:
            return None
        given = asked.headers.get("authorization", "")
        if self.sign_in == "basic":
            if any(given == _basic(user, password) for user, password in self.logins.items()):
                return None
            return _error(401, "UNAUTHORIZED", {"WWW-Authenticate": 'Basic realm="the registry"'})
        writes = asked.method not in {"GET", "HEAD"}
        found = re.match(r"/v2/(.+?)/(?:manifests|blobs|tags|referrers)/", asked.path)
        wanted = f"repository:{found[1] if found else ''}:{'pull,push' if writes else 'pull'}"
        if given.startswith("Bearer ") and any(
            part == wanted or (not writes and part == wanted + ",push") for part in given[7:].split("|")
        ):
            return None
        realm = self.realm or f"{self.url}/token"
        challenge = f'Bearer realm="{realm}",service="simulated",scope="{wanted}"'
        return _error(401, "UNAUTHORIZED", {"WWW-Authenticate": challenge})

    def _token(self, asked: Asked) -> Reply:
        query = asked.query if asked.method == "GET" else parse_qs(asked.body.decode())
        scopes = " ".join(query.get("scope", [])).split()
        given = asked.headers.get("authorization", "")
        known = any(given == _basic(user, password) for user, password in self.logins.items())
        oauth = query.get("grant_type") == ["refresh_token"] and query.get("client_id") and asked.method == "POST"
        known = known or bool(oauth and query.get("refresh_token", [""])[0] in self.identities)
        if not known and (not self.anonymous or any("push" in scope for scope in scopes)):
            return _error(401, "UNAUTHORIZED")
        return Reply(200, json.dumps({"token": "|".join(scopes), "expires_in": 300}).encode())

    def _manifests(self, asked: Asked, repository: str, reference: str) -> Reply:
        kept = self.manifests.setdefault(repository, {})
        if asked.method == "PUT":
            raw, kind = asked.body, asked.headers.get("content-type", "")
            if reference.startswith("sha256:") and reference != sha256(raw):
                return _error(400, "DIGEST_INVALID")
            for one in (sha256(raw), reference):
                kept[one] = (kind, raw)
            headers = {"Docker-Content-Digest": sha256(raw), "Location": asked.path}
            subject = json.loads(raw).get("subject")
            if subject and self.referrers:
                headers["OCI-Subject"] = subject["digest"]
            return Reply(201, b"", headers)
        if reference not in kept:
            return _error(404, "MANIFEST_UNKNOWN")
        kind, raw = kept[reference]
        if kind not in asked.headers.get("accept", ""):
            return _error(404, "MANIFEST_UNKNOWN")
        return Reply(200, raw, {"Content-Type": kind, "Docker-Content-Digest": sha256(raw)})

    def _blobs(self, asked: Asked, repository: str, rest: str) -> Reply:
        if rest.startswith("uploads/"):
            return self._upload(asked, repository, rest.removeprefix("uploads/"))
        data = self.blobs.get(rest)
        if data is None:
            return _error(404, "BLOB_UNKNOWN")
        wanted = re.fullmatch(r"bytes=(\d+)-", asked.headers.get("range", ""))
        if wanted and self.ranges:
            start = int(wanted[1])
            return Reply(206, data[start:], {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"})
        return Reply(200, data, {"Content-Type": "application/octet-stream", "Docker-Content-Digest": rest})

    def _upload(self, asked: Asked, repository: str, upload: str) -> Reply:
        if asked.method == "POST":
            mounted = asked.query.get("mount", [""])[0]
            if mounted in self.blobs:
                return Reply(201, b"", {"Docker-Content-Digest": mounted})
            upload = f"upload-{len(self.uploads) + 1}"
            self.uploads[upload] = bytearray()
            return Reply(202, b"", {"Location": f"/v2/{repository}/blobs/uploads/{upload}?state=1"})
        if upload not in self.uploads:
            return _error(404, "BLOB_UPLOAD_UNKNOWN")
        if asked.method == "DELETE":
            del self.uploads[upload]
            return Reply(204)
        told = re.fullmatch(r"(\d+)-(\d+)", asked.headers.get("content-range", ""))
        if asked.method == "PATCH" and (not told or int(told[1]) != len(self.uploads[upload])):
            return _error(416, "RANGE_INVALID")
        self.uploads[upload] += asked.body
        if asked.method == "PATCH":
            return Reply(202, b"", {"Location": f"/v2/{repository}/blobs/uploads/{upload}?state=2"})
        data = bytes(self.uploads.pop(upload))
        if asked.query.get("digest") != [sha256(data)]:
            return _error(400, "DIGEST_INVALID")
        self.blobs[sha256(data)] = data
        return Reply(201, b"", {"Docker-Content-Digest": sha256(data)})

    def _tags(self, asked: Asked, repository: str, _rest: str) -> Reply:
        tags = sorted(manifest for manifest in self.manifests.get(repository, {}) if ":" not in manifest)
        last = asked.query.get("last", [""])[0]
        page = [tag for tag in tags if tag > last]
        headers = {"Content-Type": "application/json"}
        if len(page) > self.page:
            page = page[: self.page]
            headers["Link"] = f'</v2/{repository}/tags/list?n={self.page}&last={page[-1]}>; rel="next"'
        return Reply(200, json.dumps({"name": repository, "tags": page}).encode(), headers)

    def _referrers(self, _asked: Asked, repository: str, digest: str) -> Reply:
        if not self.referrers:
            return _error(404, "NOT_FOUND")
        found = []
        for reference, (kind, raw) in self.manifests.get(repository, {}).items():
            table = json.loads(raw)
            if ":" in reference and (table.get("subject") or {}).get("digest") == digest:
                artifact = table.get("artifactType", "")
                found.append({"mediaType": kind, "digest": reference, "size": len(raw), "artifactType": artifact})
        index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": found}
        return Reply(200, json.dumps(index).encode(), {"Content-Type": OCI_INDEX})


def _basic(user: str, password: str) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def _error(status: int, code: str, headers: Mapping[str, str] | None = None) -> Reply:
    body = json.dumps({"errors": [{"code": code, "message": f"simulated: {code.lower()}"}]}).encode()
    return Reply(status, body, {"Content-Type": "application/json", **(headers or {})})


class Handler(BaseHTTPRequestHandler):
    """Speaks HTTP for the simulator of its server."""

    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16
    timeout = 20
    server: Server

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def handle_any(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(
            self.command, parts.path, parse_qs(parts.query), headers, self.rfile.read(length), self.client_address[1]
        )
        reply = self.server.simulated.answer(asked)
        if reply.silent:
            self.server.simulated.over.wait(PATIENCE)
            self.close_connection = True
        elif reply.raw is not None:
            self.wfile.write(reply.raw)
            self.close_connection = True
        else:
            self.send(reply)

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = handle_any  # noqa: N815  as the base class has it

    def send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        told = {header.lower() for header in reply.headers}
        if not reply.endless and not {"content-length", "transfer-encoding"} & told:
            self.send_header("Content-Length", str(len(reply.body)))
        self.close_connection = self.close_connection or reply.endless or reply.cut is not None or reply.drip > 0
        self.end_headers()
        if self.command == "HEAD":
            return
        if reply.drip:
            for byte in reply.body:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                if self.server.simulated.over.wait(reply.drip):
                    return
            return
        self.wfile.write(reply.body[: reply.cut])
        while reply.endless and not self.server.simulated.over.is_set():
            self.wfile.write(reply.body)

    def handle(self) -> None:
        with suppress(OSError):  # the client has seen enough
            super().handle()

    def finish(self) -> None:
        with suppress(OSError, ValueError):
            super().finish()


class Server(ThreadingHTTPServer):
    """Listens on a port of its own, over TLS where it has a certificate."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(
        self, simulated: RegistrySimulator, certificate: tuple[str, str] | None, client_authority: str = ""
    ) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.simulated = simulated
        self.context = None
        if certificate is not None:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*certificate)
            if client_authority:
                self.context.load_verify_locations(client_authority)
                self.context.verify_mode = ssl.CERT_REQUIRED

    def handle_error(self, *_: object) -> None:
        """Clients may go away."""

    def get_request(self) -> Any:
        sock, address = super().get_request()
        if self.context is not None:
            # The handshake is the handler's, so that a client that never begins it holds up nobody.
            sock = self.context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        return sock, address


@contextmanager
def registry(certificate: tuple[str, str] | None = None, client_authority: str = "") -> Iterator[RegistrySimulator]:
    """Run one; with a certificate and its key (PEM files) over TLS, and for clients of an authority alone."""
    simulated = RegistrySimulator()
    server = Server(simulated, certificate, client_authority)
    simulated.scheme = "https" if certificate else "http"
    simulated.host = f"127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield simulated
    finally:
        simulated.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
