"""The proxy lets pass what the policy allows, and is never open and never stuck, whatever fails around it."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealock.guard.http1 import ChunkReader
from support.commandline import sealock as run_command
from support.guardproxy import RunningGuard, exchange, guard, send
from support.malformedrequests import REFUSED
from support.oddcontexts import archive, member
from support.scriptedengine import Reply, ScriptedEngine, answer, scripted
from support.waiting import PATIENCE, wait_until

POLICY = """\
[guard]
[[guard.caller]]
name = "tester"
uid = 0
allow = ["ping", "version", "info", "events", "containers", "logs", "exec", "images", "build"]
change = ["no-new-privileges"]
fail-on = "critical"
"""
IMAGE = {"Id": "sha256:" + "1" * 64, "RepoTags": ["base:latest"], "RepoDigests": [], "Config": {"Labels": {}}}
CREATE = {"Image": "base", "HostConfig": {"NetworkMode": "none"}}
GET_PASSES = b"HTTP/1.1 200"
GET = b"GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n"


def sealock(*words: str) -> subprocess.CompletedProcess[str]:
    return run_command(*words, cwd=Path("/"), environment={"PATH": os.environ["PATH"]})


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[ScriptedEngine]:
    with scripted(tmp_path / "engine.sock") as made:
        made.replies |= {
            "GET /images/base/json": answer(IMAGE),
            "GET /info": answer({"ID": "x"}),
            "POST /containers/create": answer({"Id": "a" * 64, "Warnings": ["of the engine"]}, 201),
        }
        yield made


@pytest.fixture
def proxy(engine: ScriptedEngine) -> Iterator[RunningGuard]:
    with guard(engine.path, POLICY) as running:
        yield running


def asked(engine: ScriptedEngine, line: str) -> list[bytes]:
    return [request for request in engine.requests if request.startswith(line.encode())]


def test_what_is_allowed_passes_and_is_written_again(engine: ScriptedEngine, proxy: RunningGuard) -> None:
    body = b'{"Image" : "base",\n "HostConfig": {"NetworkMode":"none"}}'
    status, made = send(proxy.socket, "POST", "/v1.45/containers/create?name=web", body, {"X-Own": "1"})
    assert (status, made["Id"]) == (201, "a" * 64)
    assert made["Warnings"][0] == "of the engine"
    assert "no-new-privileges" in made["Warnings"][1]
    (request,) = asked(engine, "POST")
    head, _, forwarded = request.partition(b"\r\n\r\n")
    assert b"name=web" in head
    assert json.loads(forwarded)["HostConfig"]["SecurityOpt"] == ["no-new-privileges"]
    assert head.count(b"ontent-") == 2
    entry = proxy.last(method="POST")
    assert (entry["result"], entry["caller"]["name"], entry["status"]) == ("allowed", "tester", 201)
    assert entry["changes"]


def test_what_is_denied_never_reaches_the_engine(engine: ScriptedEngine, proxy: RunningGuard) -> None:
    status, error = send(
        proxy.socket, "POST", "/containers/create", {"Image": "base", "HostConfig": {"Privileged": True}}
    )
    assert status == 403
    assert "C001" in error["message"]
    assert "Remove privileged" in error["message"]
    assert not asked(engine, "POST")
    assert proxy.last(method="POST")["rules"] == ["C001"]
    for target in ("/swarm", "/nonsense", "/v1.45/../info", "/libpod/info", "/v9.1/info"):
        assert send(proxy.socket, "GET", target)[0] == 403, target


@pytest.mark.parametrize("text", [pytest.param(REFUSED, id="table")])
def test_what_is_no_http_is_refused_and_never_reaches_the_engine(
    text: dict[str, bytes], engine: ScriptedEngine, proxy: RunningGuard
) -> None:
    smuggled = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
    for name, data in text.items():
        received = exchange(proxy.socket, data + smuggled)
        assert received.startswith(b"HTTP/1.1 4"), name
        assert len(re.findall(rb"HTTP/1\.1 \d", received)) == 1, name
    for body in (b"5;x\r\nhello\r\n0\r\n\r\n", b"5\nhello\r\n0\r\n\r\n", b"0\r\nX: y\r\n\r\n"):
        head = b"POST /v1.45/containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        assert exchange(proxy.socket, head + body + smuggled).startswith(b"HTTP/1.1 400"), body
    assert not [request for request in engine.requests if b"GET /_ping" not in request]


def test_requests_in_a_row_are_answered_in_order(proxy: RunningGuard) -> None:
    last = GET.replace(b"Host", b"Connection: close\r\nHost")
    received = exchange(proxy.socket, GET + GET.replace(b"_ping", b"info") + GET.replace(b"_ping", b"swarm") + last)
    assert [row.split(b" ")[1] for row in received.split(b"HTTP/1.1")[1:]] == [b"200", b"200", b"403", b"200"] or [
        piece[1:4] for piece in received.split(b"HTTP/1.1")[1:]
    ] == [b"200", b"200", b"403", b"200"]


def test_a_denial_of_head_has_no_body(proxy: RunningGuard) -> None:
    last = GET.replace(b"Host", b"Connection: close\r\nHost")
    received = exchange(proxy.socket, GET.replace(b"GET /_ping", b"HEAD /swarm") + last)
    assert re.fullmatch(rb"HTTP/1\.1 403 [^{]*\r\n\r\nHTTP/1\.1 200 .*", received, re.DOTALL), received


def test_a_client_that_waits_to_continue_is_answered(engine: ScriptedEngine, proxy: RunningGuard) -> None:
    body = json.dumps(CREATE).encode()
    head = (
        f"POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n"
        f"Expect: 100-continue\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(PATIENCE)
        sock.connect(str(proxy.socket))
        sock.sendall(head)
        assert sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(body)
        assert b"201 X" in b"".join(iter(lambda: sock.recv(65536), b""))
    assert b"xpect" not in asked(engine, "POST")[0]


def context(size: int) -> bytes:
    """A build context with a file of so many random digits."""
    return archive(member("Dockerfile", "FROM scratch\n"), member("filling", os.urandom(size // 2).hex()))


@pytest.mark.parametrize(
    ("target", "kept"), [("images/create?fromSrc=-", False), ("build?networkmode=none", True)], ids=["unread", "read"]
)
def test_a_stream_passes_in_both_codings(
    engine: ScriptedEngine, proxy: RunningGuard, target: str, *, kept: bool
) -> None:
    data = context(3_000_000)
    engine.replies[f"POST /{target.partition('?')[0]}"] = answer({"stream": "done"})
    chunks = b"".join(
        b"%x\r\n%b\r\n" % (len(data[at : at + 99_999]), data[at : at + 99_999]) for at in range(0, len(data), 99_999)
    )
    start = (
        f"POST /v1.45/{target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/x-tar\r\n".encode()
    )
    for coding, body in (
        (b"Content-Length: %d\r\n\r\n" % len(data), data),
        (b"Transfer-Encoding: chunked\r\n\r\n", chunks + b"0\r\n\r\n"),
    ):
        received = exchange(proxy.socket, start + coding + body)
        assert b'{"stream": "done"}' in received, received[:500]
        got = asked(engine, "POST")[-1].partition(b"\r\n\r\n")[2]
        # What was read has a known length.
        chunked = coding.startswith(b"T") and not kept
        assert (b"".join(ChunkReader().feed(got)[0]) if chunked else got) == data


def test_a_stream_that_is_denied_is_answered_while_it_is_sent(engine: ScriptedEngine) -> None:
    with guard(engine.path, POLICY.replace(', "build"', "")) as proxy:
        head = b"POST /v1.45/build HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-tar\r\nContent-Length: 5000000\r\n\r\n"
        assert exchange(proxy.socket, head + b"x" * 5_000_000).startswith(b"HTTP/1.1 403")
        assert not asked(engine, "POST")


def test_an_engine_that_refuses_a_stream_is_heard(engine: ScriptedEngine, proxy: RunningGuard) -> None:
    engine.replies["POST /build"] = answer({"message": "no"}, 400)

    def refuse(sock: socket.socket) -> None:
        sock.sendall(answer({"message": "no"}, 400, "Connection: close"))

    # It answers as soon as the head came, and closes.
    engine.replies["POST /build"] = refuse
    data = context(20_000_000)
    head = f"POST /v1.45/build?networkmode=none HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-tar\r\nContent-Length: {len(data)}\r\n\r\n"
    assert b'{"message": "no"}' in exchange(proxy.socket, head.encode() + data)


def test_an_engine_that_is_gone_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "engine.sock"
    with guard(path, POLICY) as proxy:
        status, error = send(proxy.socket, "GET", "/_ping")
        assert status == 502
        assert "is it running?" in error["message"]
        assert proxy.get("/health")[0] == 503
        for _ in range(2):
            with scripted(path):
                assert send(proxy.socket, "GET", "/_ping")[0] == 200
                assert proxy.get("/health") == (200, "ok\n")
            assert send(proxy.socket, "GET", "/_ping")[0] == 502


def test_an_engine_that_hangs_holds_up_nobody_else(engine: ScriptedEngine, proxy: RunningGuard) -> None:
    engine.replies["GET /info"] = None
    waiting = []
    for _ in range(50):
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(str(proxy.socket))
        sock.sendall(GET.replace(b"_ping", b"info"))
        waiting.append(sock)
    wait_until(lambda: len(asked(engine, "GET /info")) == 50)
    assert send(proxy.socket, "GET", "/_ping")[0] == 200
    for sock in waiting:
        sock.close()
    wait_until(lambda: engine.ended >= 50)
    wait_until(lambda: "sealock_guard_connections 0" in proxy.get("/metrics")[1])


def test_what_rests_on_an_engine_that_hangs_is_denied(engine: ScriptedEngine, proxy: RunningGuard) -> None:
    engine.replies["GET /images/base/json"] = None
    engine.replies["GET /containers/web/json"] = None
    status, error = send(proxy.socket, "POST", "/containers/web/start")
    assert status == 403
    assert "does not answer" in error["message"]
    assert not asked(engine, "POST")


def test_a_decision_rests_on_what_the_engine_answers_now(engine: ScriptedEngine) -> None:
    of_another = {**IMAGE, "Config": {"Labels": {"sealock.guard.owner": "other"}}}
    rows: tuple[tuple[Reply, int, int], ...] = (
        (answer(IMAGE), 201, 1),
        (answer(IMAGE), 201, 1),
        (answer(of_another), 403, 1),
        (answer(IMAGE), 201, 1),
        (lambda _: None, 403, 2),
        (answer(of_another), 403, 1),
        (answer({"message": "none"}, 404), 201, 1),
    )
    with guard(engine.path, POLICY + "own = true\n") as owning:
        for reply, status, questions in rows:
            engine.replies["GET /images/base/json"] = reply
            engine.requests.clear()
            assert send(owning.socket, "POST", "/v1.45/containers/create", CREATE)[0] == status
            assert len(asked(engine, "GET /images/base/json")) == questions


BROKEN = {
    "what is no HTTP": b"SSH-2.0-OpenSSH\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: x\r\n\r\n",
    "nothing": b"",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-",
}


@pytest.mark.parametrize("reply", BROKEN.values(), ids=BROKEN.keys())
def test_an_engine_that_answers_with(reply: object, engine: ScriptedEngine, proxy: RunningGuard) -> None:
    data = reply if isinstance(reply, bytes) else b""
    engine.replies["GET /info"] = lambda sock: sock.sendall(data)
    assert send(proxy.socket, "GET", "/info")[0] == 502
    assert send(proxy.socket, "GET", "/_ping")[0] == 200


def test_an_answer_that_is_cut_stays_cut(engine: ScriptedEngine, proxy: RunningGuard) -> None:
    engine.replies["GET /info"] = lambda sock: sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    assert exchange(proxy.socket, GET.replace(b"_ping", b"info")).endswith(b"\r\n\r\nhalf")
    engine.replies["GET /info"] = lambda sock: sock.sendall(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"
    )
    assert exchange(proxy.socket, GET.replace(b"_ping", b"info")).endswith(b"half\r\n")
    assert send(proxy.socket, "GET", "/_ping")[0] == 200


def test_a_client_that_only_sends_no_more_gets_its_answer(engine: ScriptedEngine, proxy: RunningGuard) -> None:
    def late(sock: socket.socket) -> None:
        time.sleep(0.3)
        sock.sendall(answer({"late": True}))

    engine.replies["GET /info"] = late
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(PATIENCE)
        sock.connect(str(proxy.socket))
        sock.sendall(GET.replace(b"_ping", b"info"))
        sock.shutdown(socket.SHUT_WR)
        assert b'{"late": true}' in b"".join(iter(lambda: sock.recv(65536), b""))


def test_a_client_that_only_sends_no_more_is_told_that_the_engine_broke_off(
    engine: ScriptedEngine, proxy: RunningGuard
) -> None:
    ended = threading.Event()

    def broken(sock: socket.socket) -> None:
        assert ended.wait(PATIENCE)
        sock.close()

    engine.replies["POST /containers/x/stop"] = broken
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(PATIENCE)
        sock.connect(str(proxy.socket))
        sock.sendall(b"POST /containers/x/stop HTTP/1.1\r\nHost: docker\r\n\r\n")
        wait_until(lambda: asked(engine, "POST /containers/x/stop"))
        sock.shutdown(socket.SHUT_WR)
        ended.set()
        assert b" 502 Bad Gateway" in b"".join(iter(lambda: sock.recv(65536), b""))


def test_a_policy_that_breaks_changes_nothing(proxy: RunningGuard) -> None:
    proxy.policy.write_text("[guard\n")
    wait_until(lambda: any(entry.get("event") == "policy-refused" for entry in proxy.entries()))
    assert send(proxy.socket, "GET", "/info")[0] == 200
    assert send(proxy.socket, "GET", "/swarm")[0] == 403
    assert proxy.get("/health")[0] == 503
    assert "sealock_guard_policy_valid 0" in proxy.get("/metrics")[1]
    proxy.policy.unlink()
    assert proxy.process is not None
    # Whoever asks for it gets it read, and the word of it, also where it is as before.
    read = sum(entry.get("event") == "policy-refused" for entry in proxy.entries())
    proxy.process.send_signal(signal.SIGHUP)
    wait_until(lambda: sum(entry.get("event") == "policy-refused" for entry in proxy.entries()) > read)
    read = sum(entry.get("event") == "policy-refused" for entry in proxy.entries())
    proxy.process.send_signal(signal.SIGHUP)
    wait_until(lambda: sum(entry.get("event") == "policy-refused" for entry in proxy.entries()) > read)
    assert send(proxy.socket, "GET", "/info")[0] == 200
    proxy.policy.write_text(POLICY.replace('"info", ', ""))
    wait_until(lambda: send(proxy.socket, "GET", "/info")[0] == 403)
    wait_until(lambda: proxy.get("/health") == (200, "ok\n"))


def test_a_policy_that_is_not_valid_at_the_start_is_an_error(engine: ScriptedEngine, tmp_path: Path) -> None:
    policy = tmp_path / "bad.toml"
    policy.write_text('[guard]\nmode = "perhaps"\n')
    for words in (("--policy", str(policy)), ("--policy", str(tmp_path / "none.toml")), ("--mode", "999")):
        done = sealock(
            "guard", "proxy", "--listen", str(tmp_path / "s"), "--engine", str(engine.path), "--status", "", *words
        )
        assert done.returncode == 2, words


def test_ten_thousand_idle_connections_hold_up_nothing(proxy: RunningGuard) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 12_000), hard))
    idle: list[socket.socket] = []
    try:
        for _ in range(10_000):
            sock = socket.socket(socket.AF_UNIX)
            idle.append(sock)
            sock.connect(str(proxy.socket))
        assert send(proxy.socket, "GET", "/_ping")[0] == 200
        assert proxy.process is not None
        status = Path(f"/proc/{proxy.process.pid}/status").read_text()
        assert int(status.partition("VmRSS:")[2].split()[0]) < 300_000, "kB"
    finally:
        for sock in idle:
            sock.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_guard_without_descriptors_closes_idle_connections_first(proxy: RunningGuard) -> None:
    assert proxy.process is not None
    resource.prlimit(proxy.process.pid, resource.RLIMIT_NOFILE, (100, 100))
    idle = [socket.socket(socket.AF_UNIX) for _ in range(200)]
    for sock in idle:
        sock.connect(str(proxy.socket))
    assert send(proxy.socket, "GET", "/_ping")[0] == 200
    assert 'errors_total{kind="descriptors"}' in proxy.get("/metrics")[1]
    assert send(proxy.socket, "GET", "/swarm")[0] == 403
    for sock in idle:
        sock.close()


def test_a_guard_without_memory_is_closed_and_recovers(engine: ScriptedEngine, proxy: RunningGuard) -> None:
    assert proxy.process is not None
    assert send(proxy.socket, "GET", "/_ping")[0] == 200
    pages = int(Path(f"/proc/{proxy.process.pid}/statm").read_text().split()[0])
    body = {
        "Image": "base",
        "Env": [f"A{number}=" + "x" * 1000 for number in range(3000)],
        "HostConfig": {"Privileged": True},
    }
    data = json.dumps(body).encode()
    head = f"POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
    for spare in (1 << 22, 1 << 21):
        limit = pages * resource.getpagesize() + spare
        resource.prlimit(proxy.process.pid, resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))
        for answered in (exchange(proxy.socket, head.encode() + data) for _ in range(4)):
            assert not answered or answered.split()[1] in {b"403", b"503"}
    resource.prlimit(proxy.process.pid, resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    wait_until(lambda: GET_PASSES in exchange(proxy.socket, GET.replace(b"Host", b"Connection: close\r\nHost")))
    assert send(proxy.socket, "POST", "/containers/create", body)[0] == 403
    assert not asked(engine, "POST")


def test_a_killed_guard_is_closed_and_starts_again(engine: ScriptedEngine, proxy: RunningGuard) -> None:
    engine.replies["GET /info"] = None
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(PATIENCE)
        sock.connect(str(proxy.socket))
        sock.sendall(GET.replace(b"_ping", b"info"))
        wait_until(lambda: asked(engine, "GET /info"))
        proxy.stop(signal.SIGKILL)
        assert sock.recv(100) == b""
    with pytest.raises(OSError, match="refused"):
        exchange(proxy.socket, GET)
    proxy.start()
    assert send(proxy.socket, "GET", "/_ping")[0] == 200


def test_a_second_guard_does_not_take_the_socket_of_the_first(engine: ScriptedEngine, proxy: RunningGuard) -> None:
    done = sealock(
        "guard",
        "proxy",
        "--listen",
        str(proxy.socket),
        "--engine",
        str(engine.path),
        "--policy",
        str(proxy.policy),
        "--status",
        "",
    )
    assert done.returncode == 2
    assert "another process listens" in done.stderr
    assert send(proxy.socket, "GET", "/_ping")[0] == 200


def test_audit_denies_nothing_and_logs_what_it_would(engine: ScriptedEngine) -> None:
    with guard(engine.path, POLICY, "--audit") as proxy:
        body = {"Image": "base", "HostConfig": {"Privileged": True}}
        assert send(proxy.socket, "POST", "/containers/create", body)[0] == 201
        assert json.loads(asked(engine, "POST")[-1].partition(b"\r\n\r\n")[2]) == body
        entry = proxy.last(method="POST")
        assert (entry["result"], entry["rules"]) == ("audit", ["C001"])
        engine.replies["GET /swarm"] = answer({"ID": "s"})
        assert send(proxy.socket, "GET", "/swarm") == (200, {"ID": "s"})


def test_break_glass_lets_all_pass_for_a_while_and_every_line_says_so(proxy: RunningGuard) -> None:
    body = {"Image": "base", "HostConfig": {"Privileged": True}}
    assert send(proxy.socket, "POST", "/containers/create", body)[0] == 403
    state = ("--state", str(proxy.folder))
    assert sealock("guard", "open", *state, "--for", "10m", "--reason", "registry down").returncode == 0
    assert send(proxy.socket, "POST", "/containers/create", body)[0] == 201
    entry = proxy.last(method="POST")
    assert (entry["result"], entry["open_reason"], entry["open_by"]) == ("open", "registry down", os.getuid())
    wait_until(lambda: any(entry.get("event") == "opened" for entry in proxy.entries()))
    shown = sealock("guard", "status", "--socket", str(proxy.page))
    assert shown.returncode == 1
    assert "registry down" in shown.stdout
    assert sealock("guard", "close", *state).returncode == 0
    assert send(proxy.socket, "POST", "/containers/create", body)[0] == 403
    assert sealock("guard", "status", "--socket", str(proxy.page)).returncode == 0


def test_requests_of_a_caller_are_limited(engine: ScriptedEngine) -> None:
    with guard(engine.path, POLICY + "requests-per-second = 3\n") as proxy:
        statuses = [send(proxy.socket, "GET", "/_ping")[0] for _ in range(8)]
        assert statuses[:3] == [200] * 3
        assert 429 in statuses
        wait_until(lambda: send(proxy.socket, "GET", "/_ping")[0] == 200)


def test_sockets_of_systemd_are_served_whatever_the_policy_says(engine: ScriptedEngine, tmp_path: Path) -> None:
    policy = tmp_path / "sealock.toml"
    policy.write_text("[guard\n")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "activated.sock"))
        listener.listen()
        script = (
            "import os, sys; os.dup2(int(sys.argv[1]), 3); os.set_inheritable(3, True); os.environ.update(LISTEN_FDS='1', "
            "LISTEN_PID=str(os.getpid()), LISTEN_FDNAMES='guard'); os.execv(sys.executable, [sys.executable, '-m', 'sealock', *sys.argv[2:]])"
        )
        words = [
            "guard", "proxy", "--engine", str(engine.path), "--policy", str(policy), "--status", "", "--state", str(tmp_path)
        ]  # fmt: skip
        process = subprocess.Popen(
            [sys.executable, "-c", script, str(listener.fileno()), *words],
            pass_fds=[listener.fileno()],
            stderr=subprocess.PIPE,
        )
        try:
            status, error = send(tmp_path / "activated.sock", "GET", "/_ping")
            assert (status, "the guard has no policy" in error["message"]) == (403, True)
            policy.write_text(POLICY)
            wait_until(lambda: send(tmp_path / "activated.sock", "GET", "/_ping")[0] == 200)
        finally:
            process.terminate()
            _, errors = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0
        assert b'"event":"started"' in errors
        assert b"all is denied" in errors


def test_root_is_given_up() -> None:
    with (
        tempfile.TemporaryDirectory(prefix="sealock-", dir="/tmp") as folder,
        scripted(Path(folder) / "engine.sock") as engine,
        guard(engine.path, POLICY, "--user", "nobody", "--mode", "0666") as proxy,
    ):
        Path(folder).chmod(0o755)
        assert proxy.process is not None
        path = Path(f"/proc/{proxy.process.pid}/status")
        # Its sockets are open before.
        wait_until(lambda: path.read_text().partition("Uid:")[2].split()[:4] == ["65534"] * 4)
        status = path.read_text()
        assert "CapEff:\t0000000000000000" in status
        assert send(proxy.socket, "GET", "/_ping")[0] == 200
        assert oct(proxy.socket.stat().st_mode)[-3:] == "666"


def test_clients_that_break_off_leave_nothing_behind(proxy: RunningGuard) -> None:
    request = (
        b"POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 60\r\n\r\n"
        + json.dumps(CREATE).encode()
    )
    threads = [threading.Thread(target=leave, args=(proxy.socket, request[:at])) for at in range(0, len(request), 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_until(lambda: "sealock_guard_connections 0" in proxy.get("/metrics")[1])
    assert send(proxy.socket, "GET", "/_ping")[0] == 200
    assert not [entry for entry in proxy.entries() if entry.get("event") == "fault"]


def test_a_client_that_leaves_before_the_answer_is_in_the_log(engine: ScriptedEngine, proxy: RunningGuard) -> None:
    engine.replies["POST /containers/create"] = None
    body = json.dumps(CREATE).encode()
    head = (
        f"POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    )
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(proxy.socket))
        sock.sendall(head.encode() + b"\r\n\r\n" + body)
        wait_until(lambda: asked(engine, "POST"))
    wait_until(lambda: any(entry.get("method") == "POST" for entry in proxy.entries()))
    entry = proxy.last(method="POST")
    assert (entry["result"], entry["error"]) == ("allowed", "the connection ended before the answer")


def leave(path: Path, data: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(path))
        sock.sendall(data)
