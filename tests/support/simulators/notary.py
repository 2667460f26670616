"""A notary server that speaks the protocol, and an author who makes metadata for it: honest, or whatever a test wants.

The server keeps every file that it was given, finds it by role, by hash and by version, holds the keys of snapshot and
timestamp, and makes these two anew whenever something is published. `answers` lets a test put any answer in place of its
own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ed25519
from msgspec import Struct

from sealock.trust.notary.canonical import spelled
from sealock.trust.notary.keys import base64
from sealock.trust.notary.metadata import NotaryKey, key_id, key_json
from sealock.trust.notary.privatekeys import NotaryPrivateKey, generate, of
from sealock.trust.notary.roles import lifetime
from sealock.trust.notary.signer import certify, envelope, meta_of

NOW = datetime.now(UTC).replace(microsecond=0)


class Reply(Struct, frozen=True):
    """An answer. With `endless` the body comes over and over, without a length."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = {}
    endless: bool = False


Answers = Callable[[str, str], "Reply | None"]


class Shelf:
    """What the server holds of one repository."""

    def __init__(self) -> None:
        self.files: dict[str, list[bytes]] = {}
        self.keys: dict[str, list[NotaryPrivateKey]] = {}

    def put(self, role: str, raw: bytes) -> None:
        self.files.setdefault(role, []).append(raw)

    def latest(self, role: str) -> bytes | None:
        return self.files[role][-1] if self.files.get(role) else None

    def key(self, role: str, *, new: bool = False) -> NotaryPrivateKey:
        kept = self.keys.setdefault(role, [])
        if new or not kept:
            kept.append(of(ed25519.Ed25519PrivateKey.generate()))
        return kept[-1]

    def find(self, name: str) -> bytes | None:
        """A file by role ("targets/releases"), by hash ("snapshot.HEX") or by version ("2.root")."""
        before, dot, after = name.partition(".")
        if not dot:
            return self.latest(name)
        if before.isdecimal():
            return next(
                (raw for raw in self.files.get(after, ()) if json.loads(raw)["signed"]["version"] == int(before)), None
            )
        return next((raw for raw in self.files.get(before, ()) if hashlib.sha256(raw).hexdigest() == after), None)


class NotarySimulator:
    """The server. `asked` is every request that came, as "GET gun timestamp.json"."""

    def __init__(self) -> None:
        self.shelves: dict[str, Shelf] = {}
        self.asked: list[str] = []
        self.answers: Answers = lambda _gun, _name: None
        self.clock = NOW
        self.token = ""
        """If set, what a request must carry."""
        self.address = ""
        self.realm = ""
        """Where tokens are given."""

    def shelf(self, gun: str) -> Shelf:
        return self.shelves.setdefault(gun, Shelf())

    def respond(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        gun, found, name = path.removeprefix("/v2/").partition("/_trust/tuf/")
        self.asked.append(f"{method} {gun} {name}")
        if self.token and headers.get("authorization") != f"Bearer {self.token}":
            return Reply(401, b"{}", {"www-authenticate": f'Bearer realm="{self.realm}",service="notary"'})
        if not found:
            return Reply(404, b"404 page not found\n")
        if (answer := self.answers(gun, name)) is not None:
            return answer
        shelf = self.shelf(gun)
        if name.endswith(".key"):
            role = name.removesuffix(".key")
            return Reply(body=json.dumps(key_json(shelf.key(role, new=method == "POST").public)).encode())
        match method:
            case "GET":
                raw = shelf.find(name.removesuffix(".json"))
                return Reply(body=raw) if raw is not None else _error(404, "METADATA_NOT_FOUND", "no such metadata")
            case "POST":
                return self._take(shelf, headers.get("content-type", ""), body)
            case "DELETE":
                self.shelves.pop(gun, None)
                return Reply()
        return Reply(405)

    def _take(self, shelf: Shelf, kind: str, body: bytes) -> Reply:
        parts = message_from_bytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body, policy=HTTP)
        files: dict[str, bytes] = {}
        for part in parts.iter_parts():
            role, raw = part.get_filename() or "", part.get_payload(decode=True)
            assert isinstance(raw, bytes)
            version, last = json.loads(raw)["signed"]["version"], shelf.latest(role)
            had = json.loads(last)["signed"]["version"] if last else 0
            if version <= had and role != "root":
                return _error(400, "VERSION", f"{role} has version {version}, and {had} is here")
            files[role] = raw
        for role, raw in files.items():
            shelf.put(role, raw)
        if "snapshot" not in files:
            self.snapshot(shelf)
        self.timestamp(shelf)
        return Reply()

    def snapshot(self, shelf: Shelf) -> None:
        """Make a new snapshot of what is held."""
        held = {
            role: meta_of(files[-1]) for role, files in shelf.files.items() if role not in {"snapshot", "timestamp"}
        }
        shelf.put("snapshot", self._listing(shelf, "snapshot", held))

    def timestamp(self, shelf: Shelf) -> None:
        """Make a new timestamp."""
        latest = shelf.latest("snapshot")
        assert latest
        shelf.put("timestamp", self._listing(shelf, "timestamp", {"snapshot": meta_of(latest)}))

    def _listing(self, shelf: Shelf, role: str, held: Mapping[str, Any]) -> bytes:
        last = shelf.latest(role)
        version = json.loads(last)["signed"]["version"] + 1 if last else 1
        return signed(listing(role, held, version, self.clock + lifetime(role)), [shelf.key(role)])


def _error(status: int, code: str, message: str) -> Reply:
    return Reply(status, json.dumps({"errors": [{"code": code, "message": message, "detail": {}}]}).encode())


@contextmanager
def notary() -> Iterator[NotarySimulator]:
    """Serve on a port of this machine."""
    simulator = NotarySimulator()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16

        def do_GET(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = simulator.respond(self.command, self.path, headers, self.rfile.read(length))
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if reply.endless:
                self.send_header("Transfer-Encoding", "chunked")
            elif "content-length" not in reply.headers:
                self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            while reply.endless:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(reply.body), reply.body))
            self.wfile.write(reply.body)

        def handle_one_request(self) -> None:
            # Clients may go away at any moment.
            try:
                super().handle_one_request()
            except ConnectionError:
                self.close_connection = True

        do_POST = do_DELETE = do_GET  # noqa: N815  the library's names

        def finish(self) -> None:
            with suppress(OSError):
                super().finish()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the library's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    simulator.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield simulator
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


# Metadata, made by hand.


def signed(content: Any, keys: Iterable[NotaryPrivateKey | tuple[str, NotaryPrivateKey]]) -> bytes:
    """Content signed by keys, each under its own id or the one given."""
    return envelope(content, [(key_id(key.public), key) if isinstance(key, NotaryPrivateKey) else key for key in keys])


def listing(role: str, held: Mapping[str, Any], version: int, expires: datetime | None = None) -> dict[str, Any]:
    """A timestamp or a snapshot; what is held is bytes, or what is to be said of them."""
    return {
        "_type": role.capitalize(),
        "expires": spelled(expires or NOW + lifetime(role)),
        "meta": {name: said(raw) for name, raw in held.items()},
        "version": version,
    }


def said(meta: Any) -> Any:
    """Length and hashes, as JSON."""
    meta = meta_of(meta) if isinstance(meta, bytes) else meta
    return {"hashes": {name: base64(value) for name, value in meta.hashes.items()}, "length": meta.length}


class Author:
    """Owns all keys of a repository, the server's too, and can sign whatever it likes.

    `publish` puts a consistent set on the server's shelf. Tests change attributes before, or put other files after.
    """

    def __init__(self, server: NotarySimulator, gun: str) -> None:
        self.server, self.gun, self.shelf = server, gun, server.shelf(gun)
        self.root_keys = [generate()]
        self.certificates = [certify(self.root_keys[0], gun, NOW - timedelta(hours=1))]
        self.targets_keys = [generate()]
        self.thresholds = {"root": 1, "targets": 1, "snapshot": 1, "timestamp": 1}
        self.tags: dict[str, tuple[str, int]] = {}
        self.delegated: dict[str, tuple[list[NotaryPrivateKey], list[str]]] = {}
        self.versions = {"root": 0, "targets": 0}
        self.expires: dict[str, datetime] = {}

    def expiry(self, role: str) -> datetime:
        return self.expires.get(role, NOW + lifetime(role))

    def root_content(self, version: int) -> dict[str, Any]:
        keys: dict[str, list[NotaryKey]] = {
            "root": self.certificates,
            "targets": [targets_key.public for targets_key in self.targets_keys],
            "snapshot": [self.shelf.key("snapshot").public],
            "timestamp": [self.shelf.key("timestamp").public],
        }
        return {
            "_type": "Root",
            "consistent_snapshot": False,
            "expires": spelled(self.expiry("root")),
            "keys": {key_id(key): key_json(key) for some in keys.values() for key in some},
            "roles": {
                role: {"keyids": [key_id(key) for key in some], "threshold": self.thresholds[role]}
                for role, some in keys.items()
            },
            "version": version,
        }

    def root_signers(self) -> list[tuple[str, NotaryPrivateKey]]:
        return [(key_id(key), own) for key, own in zip(self.certificates, self.root_keys, strict=True)]

    def put_root(self, *also: tuple[str, NotaryPrivateKey]) -> bytes:
        """A new root, signed by the root keys and by `also`."""
        self.versions["root"] += 1
        raw = signed(self.root_content(self.versions["root"]), [*self.root_signers(), *also])
        self.shelf.put("root", raw)
        return raw

    def targets_content(self, version: int) -> dict[str, Any]:
        return {
            "_type": "Targets",
            "delegations": {
                "keys": {key.id: key_json(key.public) for keys, _ in self.delegated.values() for key in keys},
                "roles": [
                    {"keyids": [key.id for key in keys], "name": name, "paths": list(paths), "threshold": 1}
                    for name, (keys, paths) in self.delegated.items()
                ],
            },
            "expires": spelled(self.expiry("targets")),
            "targets": _tags(self.tags),
            "version": version,
        }

    def put_targets(self) -> bytes:
        self.versions["targets"] += 1
        raw = signed(self.targets_content(self.versions["targets"]), self.targets_keys)
        self.shelf.put("targets", raw)
        return raw

    def put_delegation(
        self, name: str, tags: Mapping[str, tuple[str, int]], keys: Iterable[NotaryPrivateKey] = ()
    ) -> bytes:
        version = self.versions[name] = self.versions.get(name, 0) + 1
        content: dict[str, Any] = {
            "_type": "Targets",
            "delegations": {"keys": {}, "roles": []},
            "expires": spelled(self.expiry(name)),
            "targets": _tags(tags),
            "version": version,
        }
        raw = signed(content, list(keys) or self.delegated[name][0])
        self.shelf.put(name, raw)
        return raw

    def list_all(self) -> None:
        """A new snapshot and timestamp of all that is on the shelf."""
        self.server.snapshot(self.shelf)
        self.server.timestamp(self.shelf)

    def publish(self) -> None:
        if not self.versions["root"]:
            self.put_root()
        self.put_targets()
        self.list_all()

    def put_timestamp(self, snapshot: bytes, *, version: int | None = None, expires: datetime | None = None) -> bytes:
        """A timestamp for any snapshot, by the true key."""
        raw = signed(
            listing("timestamp", {"snapshot": snapshot}, version or self.next_version("timestamp"), expires),
            [self.shelf.key("timestamp")],
        )
        self.shelf.put("timestamp", raw)
        return raw

    def put_snapshot(
        self, held: Mapping[str, Any], *, version: int | None = None, expires: datetime | None = None
    ) -> bytes:
        """A snapshot of anything, by the true key, and a timestamp for it."""
        content = listing("snapshot", held, version or self.next_version("snapshot"), expires)
        raw = signed(content, [self.shelf.key("snapshot")])
        self.shelf.put("snapshot", raw)
        self.put_timestamp(raw)
        return raw

    def next_version(self, role: str) -> int:
        last = self.shelf.latest(role)
        return json.loads(last)["signed"]["version"] + 1 if last else 1

    def held(self, role: str) -> bytes:
        raw = self.shelf.latest(role)
        assert raw is not None
        return raw


def _tags(tags: Mapping[str, tuple[str, int]]) -> dict[str, Any]:
    return {
        tag: {"hashes": {"sha256": base64(bytes.fromhex(digest.removeprefix("sha256:")))}, "length": length}
        for tag, (digest, length) in tags.items()
    }
