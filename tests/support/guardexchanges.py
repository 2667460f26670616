"""Records what clients see of a running guard, and what goes on to the engine behind it, and to the log.

`tests/vectors/exchanges/NAME.txt` holds the records, one file a policy, and `tests/guard/test_exchanges.py` compares. A change
that is meant is written down with `./dev records` and reviewed in the diff.
"""

from __future__ import annotations

import json
import socket
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from support.guardproxy import RunningGuard, connect, guard
from support.malformedrequests import REFUSED
from support.scriptedengine import ScriptedEngine, answer, scripted
from support.waiting import wait_until

RECORDS = Path(__file__).parent.parent / "vectors" / "exchanges"
_LABEL = "sealock.guard.owner"
_ALLOW = (
    'allow = ["ping", "version", "info", "events", "system", "auth", "containers", "logs", "attach", "exec", "files", "commit", '
    '"images", "build", "volumes", "networks", "services", "secrets"]\n'
)
_CALLER = "[guard]\n[[guard.caller]]\n"
POLICIES = {
    "open": f'{_CALLER}name = "all"\n{_ALLOW}',
    "owner": f'{_CALLER}name = "ci"\nown = true\nmemory = "512M"\nchange = ["no-new-privileges", "limits", "digest", "loopback"]\n{_ALLOW}',
    "watching": '[guard]\nmode = "audit"\n[[guard.caller]]\nname = "all"\nallow = ["containers:read", "ping"]\n',
    "nobody": '[guard]\n[[guard.caller]]\nname = "somebody else"\nuid = 54321\nallow = ["ping"]\n',
}
_ID = "a" * 64
_JSON = "Content-Type: application/json"
_HOST_CONFIG = {"Privileged": False, "MaskedPaths": ["/proc/kcore"], "ReadonlyPaths": ["/proc/sys"], "Memory": 1 << 26}


def _container(name: str, **labels: str) -> dict[str, Any]:
    return {
        "Id": name[0] * 64, "Name": f"/{name}", "Config": {"Image": "nginx:1.27", "User": "101", "Labels": labels},
        "HostConfig": _HOST_CONFIG, "NetworkSettings": {"Networks": {}}, "Mounts": [],
    }  # fmt: skip


def _hijacked(sock: socket.socket) -> None:
    """Change to the stream of an exec, and send back what comes until the client sends no more."""
    sock.sendall(
        b"HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
    )
    while data := sock.recv(65536):
        sock.sendall(data)


def _broken(sock: socket.socket) -> None:
    sock.sendall(b"HTTP/1.1 200 X\r\nContent-Length: 10\r\n\r\nhalf")


def _chunked(*parts: bytes, kind: str = "application/json") -> bytes:
    body = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (*parts, b""))
    return f"HTTP/1.1 200 X\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n".encode() + body


def _replies() -> dict[str, Any]:
    mine, other = {_LABEL: "ci"}, {_LABEL: "else"}
    return {
        "GET /_ping": answer(b"OK", 200, "Api-Version: 1.45", "Server: Docker/24.0.7 (linux)", "Connection: keep-alive, x", "X: y"),
        "HEAD /_ping": b"HTTP/1.1 200 OK\r\nApi-Version: 1.45\r\nContent-Length: 2\r\n\r\n",
        "GET /version": answer({"ApiVersion": "1.45", "Components": [{"Name": "Engine"}]}, 200, _JSON),
        "GET /info": answer({"Name": "host", "CgroupVersion": "2"}, 200, _JSON),
        "GET /containers/json": answer([_container("mine", **mine)], 200, _JSON),
        "GET /containers/mine/json": answer(_container("mine", **mine), 200, _JSON),
        "GET /containers/other/json": answer(_container("other", **other), 200, _JSON),
        "GET /containers/gone/json": answer({"message": "No such container: gone"}, 404, _JSON),
        "GET /containers/odd/json": answer(b"[1]", 200, _JSON),
        f"GET /containers/{'m' * 64}/json": answer(_container("mine", **mine), 200, _JSON),
        f"GET /containers/{'m' * 64}/logs": _chunked(b"\x01\0\0\0\0\0\0\x02hi", kind="application/vnd.docker.multiplexed-stream"),
        f"POST /containers/{'m' * 64}/start": answer(None, 204),
        f"POST /containers/{'m' * 64}/stop": answer(None, 304),
        f"POST /containers/{'m' * 64}/exec": answer({"Id": "e1"}, 201, _JSON),
        f"POST /containers/{'o' * 64}/exec": answer({"Id": "e2"}, 201, _JSON),
        f"POST /containers/{'o' * 64}/start": answer({"message": "it has started already"}, 409, _JSON),
        f"DELETE /containers/{'m' * 64}": answer(None, 204),
        f"HEAD /containers/{'m' * 64}/archive": b"HTTP/1.1 200 OK\r\nX-Docker-Container-Path-Stat: e30=\r\nContent-Length: 0\r\n\r\n",
        f"GET /containers/{'m' * 64}/archive": answer(b"tar", 200, "Content-Type: application/x-tar", "X-Docker-Container-Path-Stat: e30="),
        f"PUT /containers/{'m' * 64}/archive": answer(None, 200),
        "GET /exec/e1/json": answer({"ID": "e1", "ContainerID": "m" * 64, "ProcessConfig": {"privileged": False}}, 200, _JSON),
        "POST /exec/e1/start": _hijacked,
        "POST /containers/create": answer({"Id": _ID, "Warnings": ["of the engine"]}, 201, _JSON),
        "GET /images/nginx:1.27/json": answer({"RepoTags": ["nginx:1.27"], "RepoDigests": [f"nginx@sha256:{'d' * 64}"], "Config": {}}, 200, _JSON),
        "GET /images/mine:1/json": answer({"RepoTags": ["mine:1"], "Config": {"Labels": mine}}, 200, _JSON),
        "GET /images/other:1/json": answer({"RepoTags": ["other:1"], "Config": {"Labels": other}}, 200, _JSON),
        "GET /images/json": answer([{"RepoTags": ["mine:1"], "Labels": mine}, {"RepoTags": ["other:1"], "Labels": other}], 200, _JSON),
        "DELETE /images/mine:1": answer([{"Untagged": "mine:1"}], 200, _JSON),
        "POST /images/create": _chunked(b'{"status":"Pulling"}', b'{"status":"Done"}'),
        "POST /images/mine:1/push": _chunked(b'{"status":"Pushed"}'),
        "POST /build": _chunked(b'{"stream":"Step 1/1"}'),
        "POST /commit": answer({"Id": "sha256:1"}, 201, _JSON),
        "GET /volumes": answer({"Volumes": [], "Warnings": None}, 200, _JSON),
        "GET /volumes/data": answer({"Name": "data", "Driver": "local", "Labels": other}, 200, _JSON),
        "POST /volumes/create": answer({"Name": "new"}, 201, _JSON),
        "POST /networks/create": answer({"Id": "n1", "Warning": ""}, 201, _JSON),
        "GET /networks/net": answer({"Name": "net", "Id": "4" * 64, "Driver": "bridge", "Labels": mine}, 200, _JSON),
        f"POST /networks/{'4' * 64}/connect": answer(None, 200),
        "POST /services/create": answer({"ID": "s1"}, 201, _JSON),
        "POST /secrets/create": answer({"ID": "x1"}, 201, _JSON),
        "GET /system/df": answer({"LayersSize": 9, "Images": [{"Labels": mine, "Size": 4}, {"Labels": other, "Size": 5}], "Volumes": None}, 200, _JSON),
        "GET /services": _broken,
        "GET /secrets": b"SSH-2.0-x\r\n\r\n",
        "GET /networks": lambda sock: sock.close(),
        "POST /auth": answer({"message": "unauthorized"}, 401, _JSON, "WWW-Authenticate: Basic"),
        "GET /tasks": answer({"message": "boom"}, 500, _JSON),
    }  # fmt: skip


def _request(line: str, body: Any = None, *headers: str, media: str = "application/json") -> bytes:
    data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    lines = ["Host: docker", "Connection: close", *headers]
    if body is not None:
        lines += [f"Content-Length: {len(data)}", *([f"Content-Type: {media}"] if media else [])]
    return f"{line} HTTP/1.1\r\n".encode() + "".join(f"{row}\r\n" for row in lines).encode() + b"\r\n" + data


def _image(image: str = "nginx:1.27", **host: Any) -> dict[str, Any]:
    return {"Image": image, "HostConfig": host}


_CREATE, _V = "POST /v1.45/containers/create?name=web", "/v1.45"
_FILTER = quote('{"label":["a=b"]}')
_TAR = "application/x-tar"
REQUESTS: dict[str, bytes] = {
    "a ping": _request("GET /_ping"),
    "a ping without a version's path, by HTTP/1.0": b"GET /_ping HTTP/1.0\r\nHost: x\r\n\r\n",
    "the head of a ping": _request("HEAD /_ping"),
    "a ping with headers that are not for the engine": _request("GET /_ping", None, "Keep-Alive: 5", "Proxy-Authorization: x", "X-Registry-Auth: e30=", "User-Agent: docker"),
    "the version": _request(f"GET {_V}/version"),
    "what is no route": _request("GET /nonsense"),
    "the head of what is no route": _request("HEAD /nonsense"),
    "a route that nobody allows": _request(f"POST {_V}/swarm/leave"),
    "a version that is too new": _request("GET /v1.99/info"),
    "an escaped path": _request("GET /v1.45/%69nfo"),
    "an unknown parameter": _request(f"GET {_V}/info?x=1"),
    "a list": _request(f"GET {_V}/containers/json?all=1"),
    "a list with a filter": _request(f"GET {_V}/containers/json?filters={_FILTER}"),
    "a list with a filter that cannot be read": _request(f"GET {_V}/containers/json?filters=x"),
    "a list of images": _request(f"GET {_V}/images/json"),
    "the disk usage": _request(f"GET {_V}/system/df"),
    "a list of volumes": _request(f"GET {_V}/volumes"),
    "a container": _request(f"GET {_V}/containers/mine/json"),
    "a container of another": _request(f"GET {_V}/containers/other/json"),
    "a container that is not there": _request(f"GET {_V}/containers/gone/json"),
    "a container that the engine describes oddly": _request(f"GET {_V}/containers/odd/json"),
    "a container's logs": _request(f"GET {_V}/containers/mine/logs?stdout=1"),
    "the start of a container": _request(f"POST {_V}/containers/mine/start"),
    "the start of a container of another": _request(f"POST {_V}/containers/other/start"),
    "the start of a container that is not there": _request(f"POST {_V}/containers/gone/start"),
    "the start of a container that the engine describes oddly": _request(f"POST {_V}/containers/odd/start"),
    "the stop of a container": _request(f"POST {_V}/containers/mine/stop?t=1"),
    "a container is removed": _request(f"DELETE {_V}/containers/mine?force=1"),
    "what kind of files": _request(f"HEAD {_V}/containers/mine/archive?path=/"),
    "files out of a container": _request(f"GET {_V}/containers/mine/archive?path=/"),
    "files into a container": _request(f"PUT {_V}/containers/mine/archive?path=/", b"tar", media=_TAR),
    "an exec": _request(f"POST {_V}/containers/mine/exec", {"Cmd": ["sh"]}),
    "an exec that is privileged": _request(f"POST {_V}/containers/mine/exec", {"Cmd": ["sh"], "Privileged": True}),
    "an exec in a container of another": _request(f"POST {_V}/containers/other/exec", {"Cmd": ["sh"]}),
    "the start of an exec": _request(f"POST {_V}/exec/e1/start", {}, "Upgrade: tcp").replace(b"Connection: close", b"Connection: Upgrade") + b"through",
    "the start of an exec by another protocol": _request(f"POST {_V}/exec/e1/start", {}, "Upgrade: h2c").replace(b"Connection: close", b"Connection: Upgrade"),
    "a create": _request(_CREATE, _image()),
    "a create in other words": _request(_CREATE, b'{ "Image" : "nginx:1.27",\n"HostConfig":null }'),
    "a create with a port": _request(_CREATE, _image(PortBindings={"80/tcp": [{"HostPort": "80"}]})),
    "a create with the owner's label": _request(_CREATE, _image() | {"Labels": {_LABEL: "else"}}),
    "a create of an image of its own": _request(_CREATE, _image("mine:1")),
    "a create of an image of another": _request(_CREATE, _image("other:1")),
    "a create of an image that is not there": _request(_CREATE, _image("gone:1")),
    "a create that is privileged": _request(_CREATE, _image(Privileged=True)),
    "a create with all that is forbidden": _request(_CREATE, _image(Privileged=True, PidMode="host", Binds=["/:/h"], CapAdd=["ALL"])),
    "a create with a volume of another": _request(_CREATE, _image(Binds=["data:/d"])),
    "a create with a new volume": _request(_CREATE, _image(Binds=["new:/d"])),
    "a create with more memory": _request(_CREATE, _image(Memory=1 << 40)),
    "a create on a network": _request(_CREATE, _image(NetworkMode="net")),
    "a create with a key in another case": _request(_CREATE, b'{"Image":"x","hostconfig":{}}'),
    "a create with a key twice": _request(_CREATE, b'{"Image":"x","Image":"y"}'),
    "a create with what is no JSON": _request(_CREATE, b"{"),
    "a create without a body": _request(_CREATE),
    "a create as text": _request(_CREATE, _image(), media="text/plain"),
    "a create without a media type": _request(_CREATE, _image(), media=""),
    "a create in chunks": _request(_CREATE, None, "Transfer-Encoding: chunked", _JSON) + b'1f\r\n{"Image":"nginx:1.27","Labels":\r\n3\r\n{}}\r\n0\r\n\r\n',
    "a create in chunks with an extension": _request(_CREATE, None, "Transfer-Encoding: chunked", _JSON) + b"2;x=y\r\n{}\r\n0\r\n\r\n",
    "a create in chunks with a trailer": _request(_CREATE, None, "Transfer-Encoding: chunked", _JSON) + b"2\r\n{}\r\n0\r\nX: y\r\n\r\n",
    "a create that waits to continue": _request(_CREATE, _image(), "Expect: 100-continue"),
    "two requests in a row": _request(f"GET {_V}/version").replace(b"Connection: close\r\n", b"") + _request("GET /_ping"),
    "a denial and a request": _request("GET /nonsense").replace(b"Connection: close\r\n", b"") + _request("GET /_ping"),
    "a create with the limit of memory": _request(_CREATE, _image(Memory=512 << 20)),
    "a container gets another name": _request(f"POST {_V}/containers/mine/rename?name=x"),
    "a pull": _request(f"POST {_V}/images/create?fromImage=nginx&tag=1.27", b""),
    "a pull of all tags": _request(f"POST {_V}/images/create?fromImage=nginx", b""),
    "an image that the engine fetches": _request(f"POST {_V}/images/create?fromSrc=http://x/", b""),
    "a push": _request(f"POST {_V}/images/mine:1/push?tag=1", b"", "X-Registry-Auth: e30="),
    "a push of another's": _request(f"POST {_V}/images/other:1/push", b""),
    "an image is removed": _request(f"DELETE {_V}/images/mine:1"),
    "an image by an escaped name": _request(f"GET {_V}/images/mine%3A1/json"),
    "a build of what is no archive": _request(f"POST {_V}/build?t=new:1", b"x" * 1024, media=_TAR),
    "a build with BuildKit": _request(f"POST {_V}/build?version=2&session=x", b"", media=_TAR),
    "a build of what the engine fetches": _request(f"POST {_V}/build?remote=http://x/", b"", media=_TAR),
    "a commit": _request(f"POST {_V}/commit?container=mine&repo=new", {}),
    "a volume": _request(f"POST {_V}/volumes/create", {"Name": "new"}),
    "a volume of the host": _request(f"POST {_V}/volumes/create", {"Name": "new", "DriverOpts": {"type": "none", "o": "bind", "device": "/"}}),
    "a network": _request(f"POST {_V}/networks/create", {"Name": "new"}),
    "a network of another driver": _request(f"POST {_V}/networks/create", {"Name": "new", "Driver": "macvlan"}),
    "a container joins a network": _request(f"POST {_V}/networks/net/connect", {"Container": "mine"}),
    "a container of another joins a network": _request(f"POST {_V}/networks/net/connect", {"Container": "other"}),
    "a service": _request(f"POST {_V}/services/create", {"Name": "s", "TaskTemplate": {"ContainerSpec": {"Image": "nginx:1.27"}}}),
    "a secret": _request(f"POST {_V}/secrets/create", {"Name": "s", "Data": "eA=="}),
    "a login": _request(f"POST {_V}/auth", {"username": "a", "password": "b"}),
    "an answer that breaks off": _request(f"GET {_V}/services"),
    "an answer that is no HTTP": _request(f"GET {_V}/secrets"),
    "an engine that closes": _request(f"GET {_V}/networks"),
    "an engine that fails": _request(f"GET {_V}/tasks"),
    "a connection without a request": b"",
    "half a head": b"GET /_ping HTTP/1.1\r\nHost:",
    "half a body": _request(_CREATE, b"{}").replace(b"Length: 2", b"Length: 9"),
    **{f"no request: {name}": REFUSED[name] for name in ("two lengths", "a length and chunks", "a folded line", "a bare line feed", "no host", "HTTP/2", "too many lines")},
}  # fmt: skip
"""What clients send, by what it is."""
_OF_ALL = (
    "a ping",
    "the head of a ping",
    "the version",
    "what is no route",
    "a list",
    "a container",
    "a create",
    "a create that is privileged",
)
"""What is sent to the guards that watch, or name another caller, too."""


_PARTIAL = frozenset({"a connection without a request", "half a head", "half a body"})


def record(name: str) -> str:
    """The record of a policy: for each request what the engine got, what the client saw, and what the log says."""
    with (
        tempfile.TemporaryDirectory(prefix="sealock-", dir="/tmp") as folder,
        scripted(Path(folder) / "engine.sock") as engine,
        guard(engine.path, POLICIES[name]) as running,
    ):
        engine.replies = _replies()
        chosen = REQUESTS if name in {"open", "owner"} else {each: REQUESTS[each] for each in _OF_ALL}
        lines = [line for each, data in chosen.items() for line in _exchanged(each, data, engine, running)]
        # The guard writes a line of its log once the client has its answer.
        _ended(running.socket, _request("GET /last"))
        wait_until(lambda: "/last" in running.log.read_text())
        entries = [entry for entry in running.entries() if "result" in entry]
        return "".join(f"{line}\n" for line in (*lines, "the log:", *sorted(map(_logged, entries))))


def _logged(entry: dict[str, Any]) -> str:
    """What the log says of a request, apart from times and numbers of processes."""
    words = (
        entry["result"],
        entry.get("status"),
        entry.get("method"),
        entry.get("target"),
        *(entry.get("rules") or ()),
        *(entry.get("changes") or ()),
    )
    return _shown(" ".join(f"  {word}" for word in (*words, entry.get("error") or "-"))[:500].encode())


def _exchanged(name: str, data: bytes, engine: ScriptedEngine, running: RunningGuard) -> Iterator[str]:
    engine.requests.clear()
    received = _ended(running.socket, data, partial=name in _PARTIAL)
    received = received.replace(str(engine.path.parent).encode(), b"FOLDER")
    yield f"{name}:"
    # The guard's own questions name no version. Those of a denied request may come later than its answer.
    forwarded = [request for request in engine.requests if request.split(b" ")[1].startswith((b"/v1.", b"/_ping"))]
    yield from (f"  engine {_shown(row)}" for request in forwarded for row in _rows(request))
    yield from (f"  client {_shown(row)}" for row in _rows(received))


def _ended(path: Path, data: bytes, *, partial: bool = False) -> bytes:
    """Send, and read to the end; the guard sees that nothing more comes once it answers, or at once for a `partial` one."""
    with socket.socket(socket.AF_UNIX) as sock:
        connect(sock, path)
        sock.sendall(data)
        received = b"" if partial else sock.recv(65536)
        sock.shutdown(socket.SHUT_WR)
        return received + b"".join(iter(lambda: sock.recv(65536), b""))


def _rows(message: bytes) -> Iterable[bytes]:
    head, blank, body = message.partition(b"\r\n\r\n")
    rows = head.split(b"\r\n") if head else []
    return [*rows, *([b"body " + body] if blank and body else [])]


def _shown(row: bytes) -> str:
    return repr(row.decode("latin-1"))[1:-1][:600]


if __name__ == "__main__":
    RECORDS.mkdir(exist_ok=True)
    for policy_name in POLICIES:
        (RECORDS / f"{policy_name}.txt").write_text(record(policy_name), encoding="utf-8")
