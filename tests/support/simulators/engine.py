"""A container engine that speaks the Engine API on a unix socket or on loopback, and can be told to misbehave.

Its answers have the shape that Docker 26.1 gives. `answers` lets a test put any answer in place of its own.
"""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import TCPServer, ThreadingMixIn, UnixStreamServer
from threading import Event, Lock, Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from msgspec import Struct

from support.waiting import PATIENCE

IMAGE = "sha256:" + "1" * 64
NULLS = ("Binds", "CapAdd", "CapDrop", "DeviceCgroupRules", "DeviceRequests", "ExtraHosts", "GroupAdd", "Links",
         "PidsLimit", "SecurityOpt", "VolumesFrom", "OomKillDisable", "MemorySwappiness")  # fmt: skip
TEXTS = ("CgroupParent", "CpusetCpus", "CpusetMems", "PidMode", "UTSMode", "UsernsMode", "VolumeDriver")
NUMBERS = ("BlkioWeight", "CpuPeriod", "CpuQuota", "CpuRealtimePeriod", "CpuRealtimeRuntime", "CpuShares", "Memory",
           "MemoryReservation", "MemorySwap", "NanoCpus", "OomScoreAdj")  # fmt: skip
LISTS = ("Devices", "Dns", "DnsOptions", "DnsSearch", "Ulimits")
TRUTHS = ("AutoRemove", "Privileged", "PublishAllPorts", "ReadonlyRootfs")
YOUNG = {
    "Annotations": 43, "Init": 25, "AutoRemove": 25, "CgroupnsMode": 41, "DeviceCgroupRules": 28, "DeviceRequests": 40,
    "MaskedPaths": 38, "NanoCpus": 25, "PidsLimit": 23, "ReadonlyPaths": 38, "Runtime": 24,
}  # fmt: skip
"""The version 1.N of the API that brought a member of HostConfig."""


class Reply(Struct, frozen=True):
    """An answer. `cut` ends the connection after so many bytes of the body, `silent` sends nothing at all; `wait` is
    before the head; `drip_head` and `drip` send a byte now and then; `endless` sends the body over and over; `raw` is
    sent in place of an answer."""

    status: int = 200
    body: bytes = b""
    kind: str = "application/json"
    headers: Mapping[str, str] = {}
    cut: int | None = None
    silent: bool = False
    drip: float = 0.0
    drip_head: float = 0.0
    endless: bool = False
    raw: bytes | None = None


def json_reply(value: object, status: int = 200) -> Reply:
    return Reply(status, json.dumps(value).encode())


def missing(name: str) -> Reply:
    return json_reply({"message": f"No such container: {name}"}, 404)


Answers = Callable[[str, Mapping[str, list[str]]], "Reply | None"]


class EngineSimulator:
    """The engine. `asked` is every path that was asked for, `targets` has their queries too, `connections` how often somebody connected."""

    def __init__(self, api: str = "1.45") -> None:
        self.api = api
        self.says_version = True
        """Whether it names its version in every head, as engines since 1.25 do."""
        self.containers: dict[str, dict[str, Any]] = {}
        self.images: dict[str, dict[str, Any]] = {}
        self.saved: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.targets: list[str] = []
        self.connections = 0
        self.at_once = 0
        self.most_at_once = 0
        self.answers: Answers = lambda _path, _query: None
        self.lock = Lock()
        self.over = Event()
        self.where = ""

    def container(self, name: str, *, host: Mapping[str, Any] = {}, state: Mapping[str, Any] = {}, **more: Any) -> str:
        """Have a container; give its id."""
        number = len(self.containers) + 1
        identity = f"{number:064x}"
        minor = int(self.api.partition(".")[2])
        settings: dict[str, Any] = {
            **dict.fromkeys(NULLS), **dict.fromkeys(TEXTS, ""), **dict.fromkeys(NUMBERS, 0),
            **{key: [] for key in LISTS}, **dict.fromkeys(TRUTHS, False),
            "CgroupnsMode": "private", "IpcMode": "private", "LogConfig": {"Type": "json-file", "Config": {}},
            "NetworkMode": "default", "PortBindings": {}, "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0},
            "Runtime": "runc", "ShmSize": 64 << 20,
            "MaskedPaths": ["/proc/acpi", "/proc/kcore"], "ReadonlyPaths": ["/proc/sys"],
        }  # fmt: skip
        settings = {key: value for key, value in settings.items() if YOUNG.get(key, 0) <= minor} | dict(host)
        self.containers[identity] = {
            "Id": identity, "Name": f"/{name}", "Image": IMAGE,
            "State": {"Status": "exited", "Running": False, "Paused": False, "Restarting": False, "Pid": 0} | dict(state),
            "HostConfig": settings, "Mounts": [],
            "Config": {"Hostname": identity[:12], "Domainname": "", "User": "", "Image": "base", "Env": ["A=1"], "Cmd": ["sh"],
                       "Entrypoint": None, "Volumes": None, "WorkingDir": "", "Labels": {}, "Tty": False, "OpenStdin": False},
            "NetworkSettings": {"Networks": {"bridge": {"Links": None, "Aliases": None}}},
        } | more  # fmt: skip
        return identity

    def answer(self, path: str, query: Mapping[str, list[str]]) -> Reply:
        """What an engine says."""
        version, _, rest = path.removeprefix("/").partition("/")
        parts = (rest if version.startswith("v1.") else path.removeprefix("/")).split("/")
        match [unquote(part) for part in parts]:
            case ["_ping"]:
                return Reply(200, b"OK", "text/plain")
            case ["version"]:
                return json_reply({"Version": "26.1.5", "ApiVersion": self.api, "MinAPIVersion": "1.24", "Os": "linux"})
            case ["info"]:
                return json_reply(
                    {"ID": "x", "Containers": len(self.containers), "ServerVersion": "26.1.5", "Driver": "vfs"}
                )
            case ["networks"]:
                return json_reply([])
            case ["containers", "json"]:
                every = "1" in query.get("all", [])
                return json_reply([
                    {"Id": container["Id"], "Names": [container["Name"]], "Image": "base", "ImageID": IMAGE, "State": container["State"]["Status"]}
                    for container in self.containers.values() if every or container["State"]["Status"] == "running"
                ])  # fmt: skip
            case ["containers", *name, "json"]:
                return self._container("/".join(name))
            case ["images", "json"]:
                return json_reply(
                    [{"Id": image["Id"], "RepoTags": image["RepoTags"]} for image in self.images.values()]
                )
            case ["images", *name, what]:
                return self._image("/".join(name), what)
        return json_reply({"message": "page not found"}, 404)

    def _container(self, name: str) -> Reply:
        found = [
            container
            for container in self.containers.values()
            if container["Name"] == f"/{name}" or container["Id"] == name
        ]
        found = found or [
            container for container in self.containers.values() if name and container["Id"].startswith(name)
        ]
        if len(found) > 1:
            return json_reply({"message": f"Multiple IDs found with provided prefix: {name}"}, 400)
        return json_reply(found[0]) if found else missing(name)

    def _image(self, name: str, what: str) -> Reply:
        image = self.images.get(name) or self.images.get(f"{name}:latest")
        if image is None:
            return json_reply({"message": f"No such image: {name}"}, 404)
        if what == "json":
            return json_reply(image)
        return Reply(200, self.saved[name], "application/x-tar")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    engine: EngineSimulator

    def setup(self) -> None:
        super().setup()
        with self.engine.lock:
            self.engine.connections += 1

    def address_string(self) -> str:
        return "a unix socket"

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.do_GET()

    def do_DELETE(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        engine = self.engine
        parts = urlsplit(self.path)
        with engine.lock:
            engine.asked.append(parts.path)
            engine.targets.append(self.path)
            engine.at_once += 1
            engine.most_at_once = max(engine.most_at_once, engine.at_once)
        try:
            query = parse_qs(parts.query)
            self._send(engine.answers(parts.path, query) or engine.answer(parts.path, query))
        except OSError:
            self.close_connection = True
        finally:
            with engine.lock:
                engine.at_once -= 1

    def _send(self, reply: Reply) -> None:
        over = self.engine.over
        if reply.silent:
            over.wait(PATIENCE)
            self.close_connection = True
            return
        if reply.raw is not None:
            self.wfile.write(reply.raw)
            self.close_connection = True
            return
        length = "" if reply.endless else f"Content-Length: {len(reply.body)}\r\n"
        version = f"Api-Version: {self.engine.api}\r\n" if self.engine.says_version else ""
        more = "".join(f"{name}: {value}\r\n" for name, value in reply.headers.items())
        head = f"HTTP/1.1 {reply.status} X\r\n{version}Content-Type: {reply.kind}\r\n{length}{more}\r\n".encode()
        self._drip(head, reply.drip_head)
        while reply.endless and not over.is_set():
            self.wfile.write(reply.body)
        if reply.endless:
            self.close_connection = True
            return
        body = reply.body if reply.cut is None else reply.body[: reply.cut]
        self._drip(body, reply.drip)
        self.close_connection = reply.cut is not None

    def _drip(self, data: bytes, pause: float) -> None:
        if not pause:
            self.wfile.write(data)
            return
        for at in range(len(data)):
            self.wfile.write(data[at : at + 1])
            if self.engine.over.wait(pause):
                return


class _Unix(ThreadingMixIn, UnixStreamServer):
    daemon_threads = True
    request_queue_size = 128


class _Tcp(ThreadingMixIn, TCPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """A client that turns away from a certificate is no fault of ours."""


@contextmanager
def simulated(folder: Path, api: str = "1.45", tls: ssl.SSLContext | None = None) -> Iterator[EngineSimulator]:
    """Serve on a socket in a folder, or on loopback where TLS is given; `where` is its address."""
    engine = EngineSimulator(api)
    handler = type("Handler", (_Handler,), {"engine": engine})
    server: _Unix | _Tcp
    if tls is None:
        path = folder / "engine.sock"
        server, engine.where = _Unix(str(path), handler), f"unix://{path}"
    else:
        server = _Tcp(("127.0.0.1", 0), handler)
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        engine.where = f"tcp://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield engine
    finally:
        engine.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def piped(socket_path: str, folder: Path, words: str = "") -> Path:
    """A program `ssh` that notes its words and carries bytes to a socket; with `words` it complains and gives up."""
    script = folder / "ssh"
    script.write_text(
        f"""#!/usr/bin/env python3
import os, socket, sys, threading
with open({str(folder / "ssh-words")!r}, "a") as log:
    log.write(repr(sys.argv[1:]) + "\\n")
if {words!r}:
    sys.exit({words!r})
there = socket.socket(socket.AF_UNIX)
there.connect({socket_path!r})
def carry():
    while data := there.recv(65536):
        os.write(1, data)
    os._exit(0)
threading.Thread(target=carry, daemon=True).start()
while data := os.read(0, 65536):
    there.sendall(data)
""",
        encoding="utf-8",
    )
    script.chmod(0o755)
    with suppress(OSError):
        (folder / "ssh-words").unlink()
    return script


def unused_socket(folder: Path) -> str:
    """The address of a socket without a listener."""
    path = folder / "dead.sock"
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))
    return f"unix://{path}"
