"""What is known to go around a guard is tried on a real engine: nothing of the host is given past a policy."""

from __future__ import annotations

import json
import os
import random
import shutil
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.guardproxy import RunningGuard, client, exchange, guard, send
from support.oddcontexts import archive, member
from support.realengine import Engine, engine_in_memory
from support.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.live

POLICY = """\
[guard]
[[guard.caller]]
name = "tester"
uid = 0
allow = ["ping", "version", "info", "events", "system", "containers", "logs", "attach", "exec", "files", "images",
    "commit", "build", "volumes", "networks", "services", "swarm", "secrets", "configs", "tasks"]
binds = ["BINDS"]
fail-on = "critical"
"""


@pytest.fixture(scope="module")
def daemon() -> Iterator[Engine]:
    with engine_in_memory() as made:
        made.image("base")
        (made.folder / "shared" / "data").mkdir(parents=True)
        (made.folder / "shared" / "out").symlink_to("/etc")
        (made.folder / "shared" / "sockets").symlink_to(made.folder)
        yield made


@pytest.fixture(scope="module")
def guarded(daemon: Engine) -> Iterator[RunningGuard]:
    with guard(daemon.socket, POLICY.replace("BINDS", str(daemon.folder / "shared"))) as running:
        yield running


def given(daemon: Engine) -> list[str]:
    """What containers of the engine have of the host that the policy forbids."""
    ids = daemon.docker("ps", "-aq", "--no-trunc").stdout.split()
    found = []
    for container in json.loads(daemon.docker("inspect", *ids).stdout) if ids else []:
        host = container["HostConfig"]
        name = container["Name"]
        found += [f"{name}: privileged"] if host["Privileged"] else []
        found += [
            f"{name}: {key} {host[key]}"
            for key in ("PidMode", "IpcMode", "UTSMode", "UsernsMode")
            if host[key] == "host"
        ]
        found += [f"{name}: network host"] if host["NetworkMode"] == "host" else []
        found += [f"{name}: devices"] if host["Devices"] or host["DeviceCgroupRules"] or host["DeviceRequests"] else []
        found += [f"{name}: paths"] if host["MaskedPaths"] == [] or host["ReadonlyPaths"] == [] else []
        found += [
            f"{name}: {words}" for words in host["SecurityOpt"] or () if "unconfined" in words or "disable" in words
        ]
        for mount in container["Mounts"]:
            allowed = Path(daemon.folder, "shared")
            if mount["Type"] == "bind" and not Path(mount["Source"]).resolve().is_relative_to(allowed):
                found.append(f"{name}: mounts {mount['Source']}")
    for volume in json.loads(daemon.docker("volume", "inspect", *names).stdout) if (names := volumes(daemon)) else []:
        found += [f"volume {volume['Name']}: {volume['Options']}"] if volume["Options"] else []
    return found


def volumes(daemon: Engine) -> list[str]:
    return daemon.docker("volume", "ls", "-q").stdout.split()


SIMPLE = {"Image": "base", "Cmd": ["busybox", "true"]}


def host(**settings: Any) -> dict[str, Any]:
    return {**SIMPLE, "HostConfig": {"NetworkMode": "none", **settings}}


def bind(source: str, **options: Any) -> dict[str, Any]:
    return host(Mounts=[{"Type": "bind", "Source": source, "Target": "/x", **options}])


BODIES: dict[str, Any] = {
    "privileged": host(Privileged=True),
    "key in another case": b'{"Image":"base","HostConfig":{"NetworkMode":"none","privileged":true}}',
    "outer key in another case": b'{"Image":"base","hostconfig":{"NetworkMode":"none","Privileged":true}}',
    "folded key": '{"Image":"base","Ho\u017ftConfig":{"Privileged":true}}'.encode(),
    "escaped folded key": b'{"Image":"base","Ho\\u017ftConfig":{"Privileged":true}}',
    "duplicate key": b'{"Image":"base","HostConfig":{"Privileged":true},"HostConfig":{"NetworkMode":"none"}}',
    "duplicate inner key": b'{"Image":"base","HostConfig":{"Privileged":true,"Privileged":false}}',
    "duplicate in another case": b'{"Image":"base","HostConfig":{"Privileged":false,"PRIVILEGED":true}}',
    "second value": b'{"Image":"base"}{"HostConfig":{"Privileged":true}}',
    "byte order mark": b'\xef\xbb\xbf{"Image":"base","HostConfig":{"Privileged":true}}',
    "text for a truth": b'{"Image":"base","HostConfig":{"Privileged":"true"}}',
    "number for a truth": b'{"Image":"base","HostConfig":{"Privileged":1}}',
    "bind of the root": host(Binds=["/:/x"]),
    "bind with dots": host(Binds=["/tmp/../etc:/x"]),
    "bind with slashes": host(Binds=["//etc:/x"]),
    "bind through a link": "LINK",
    "bind of the socket": "SOCKET",
    "bind of a directory above the socket": "ABOVE",
    "bind of a link to a directory above the socket": "LINKED",
    "mount of the root": bind("/"),
    "mount of /proc": bind("/proc"),
    "mount with propagation": bind("/", BindOptions={"Propagation": "rshared"}),
    "mount kind in another case": host(Mounts=[{"type": "bind", "source": "/", "target": "/x"}]),
    "volume that binds": host(Mounts=[{
        "Type": "volume", "Source": "v1", "Target": "/x",
        "VolumeOptions": {"DriverConfig": {"Name": "local", "Options": {"type": "none", "o": "bind", "device": "/"}}},
    }]),
    "named pipe": host(Mounts=[{"Type": "npipe", "Source": "/", "Target": "/x"}]),
    "device": host(Devices=[{"PathOnHost": "/dev/kmsg", "PathInContainer": "/dev/kmsg", "CgroupPermissions": "rwm"}]),
    "device rule": host(DeviceCgroupRules=["a *:* rwm"]),
    "device request": host(DeviceRequests=[{"Driver": "cdi", "DeviceIDs": ["vendor.com/class=all"]}]),
    "pid host": host(PidMode="host"),
    "ipc host": host(IpcMode="host"),
    "uts host": host(UTSMode="host"),
    "user namespace of the host": host(UsernsMode="host"),
    "network host": {**SIMPLE, "HostConfig": {"NetworkMode": "host"}},
    "network host by its networks": {**SIMPLE, "NetworkingConfig": {"EndpointsConfig": {"host": {}}}},
    "no masked paths": host(MaskedPaths=[]),
    "no read-only paths": host(ReadonlyPaths=[]),
    "seccomp off": host(SecurityOpt=["seccomp=unconfined"]),
    "seccomp off by a colon": host(SecurityOpt=["seccomp:unconfined"]),
    "system paths": host(SecurityOpt=["systempaths=unconfined"]),
    "every capability": host(CapAdd=["ALL"]),
    "a capability": host(CapAdd=["CAP_SYS_ADMIN"]),
    "capability in another case": host(CapAdd=["sys_admin"]),
    "another runtime": host(Runtime="other"),
    "another cgroup parent": host(CgroupParent="/"),
    "the cgroup of the system's services": host(CgroupParent="system.slice"),
    "a log to where the engine reaches": host(
        LogConfig={"Type": "syslog", "Config": {"syslog-address": "tcp://127.0.0.1:6379"}}
    ),
    "a log to where the engine reaches, by its own driver": host(
        LogConfig={"Type": "", "Config": {"syslog-address": "tcp://127.0.0.1:6379"}}
    ),
    "a log file of the host": host(LogConfig={"Type": "", "Config": {"path": "../../../etc/cron.d/x"}}),
    "an image mount of a directory above": host(
        Mounts=[{"Type": "image", "Source": "../base", "Target": "/x", "ImageOptions": {"Subpath": "../.."}}]
    ),
    "a cluster volume": host(Mounts=[{"Type": "cluster", "Source": "x", "Target": "/x"}]),
    "a mount without a type": host(Mounts=[{"Source": "/", "Target": "/x"}]),
    "a mount whose type comes twice": (
        b'{"Image":"base","HostConfig":{"Mounts":[{"Type":"tmpfs","Target":"/x","Source":"/","Type":"bind"}]}}'
    ),
    "devices by a folded key": (
        '{"Image":"base","HostConfig":{"Device\u017f":[{"PathOnHost":"/dev/kmsg","PathInContainer":"/x"}]}}'.encode()
    ),
    "an annotation for the runtime": host(Annotations={"run.oci.handler": "x"}),
    "a sysctl in another spelling": host(Sysctls={"kernel/core_pattern": "|/x"}),
    "a cgroup parent that leads up": host(CgroupParent="docker/../../x"),
    "a runtime by its path": host(Runtime="/bin/sh"),
    "GPUs of any driver": host(DeviceRequests=[{"Count": -1, "Capabilities": [["gpu"]]}]),
    "a device of CDI as a device": host(Devices=[{"PathOnHost": "vendor.com/class=all", "PathInContainer": "x"}]),
    "SELinux off by a colon": host(SecurityOpt=["label:disable"]),
    "another SELinux type": host(SecurityOpt=["label=type:spc_t"]),
    "seccomp off after it is on": host(SecurityOpt=["seccomp=builtin", "seccomp=unconfined"]),
    "seccomp in another case": host(SecurityOpt=["SECCOMP=unconfined"]),
    "IPC of a container": host(IpcMode="container:strong"),
    "network of a container": host(NetworkMode="container:strong"),
    "an OOM killer that stays away": host(OomScoreAdj=-1000),
    "a volume with a source": {**host(), "Volumes": {"/etc:/x": {}}},
    "an endpoint on the host's network": {
        **SIMPLE, "NetworkingConfig": {"EndpointsConfig": {"host": {"GwPriority": 1}}},
    },
    "a working directory that is the runtime's descriptor": {**host(), "WorkingDir": "/proc/self/fd/7"},
    "a key by an escape": b'{"Image":"base","HostConfig":{"\\u0050rivileged":true}}',
    "what is not UTF-8": b'{"Image":"base","Env":["\xff"],"HostConfig":{}}',
    "container's pid namespace": host(PidMode="container:strong"),
    "volumes of another": host(VolumesFrom=["strong"]),
}  # fmt: skip


@pytest.mark.parametrize("table", [pytest.param(BODIES, id="bodies")])
def test_no_body_gives_what_the_policy_forbids(table: dict[str, Any], daemon: Engine, guarded: RunningGuard) -> None:
    shared = daemon.folder / "shared"
    paths = {
        "LINK": host(Binds=[f"{shared}/out:/x"]), "SOCKET": host(Binds=[f"{daemon.socket}:/x"]),
        "ABOVE": host(Binds=[f"{daemon.folder}:/x"]), "LINKED": host(Binds=[f"{shared}/sockets:/x"]),
    }  # fmt: skip
    # Made without the guard, as by an administrator: what the policy forbids must not be got through it.
    daemon.docker(
        "create",
        "--name",
        "strong",
        "--privileged",
        "--pid",
        "host",
        "-v",
        "/:/host",
        "--network",
        "none",
        "base",
        "busybox",
        "sleep",
        "9",
    )
    before = set(given(daemon))
    passed = []
    for name, body in table.items():
        status, _ = send(
            guarded.socket, "POST", "/v1.45/containers/create", paths.get(body, body) if isinstance(body, str) else body
        )
        if status == 201:
            passed.append(name)
    assert not set(given(daemon)) - before
    assert not passed
    daemon.docker("rm", "-f", "strong")


TARGETS = [
    "/v1.45/%63ontainers/create", "/v1.45/containers%2fcreate", "/v1.44.0/containers/create", "/v1.45./containers/create",
    "/v1.45//containers/create", "/v1.45/./containers/create", "/v1.45/x/../containers/create", "/containers/create/",
    "/V1.45/containers/create", "/v1.45/Containers/create", "/v01.45/containers/create", "/v1.45/containers/create;x",
    "/v1.45/containers/create%00", "/v1.45/containers/./create", "/libpod/containers/create", "/v4.0.0/libpod/containers/create",
    "/v1.45/containers/create?x=1&name=a&name=b", "//containers/create", "/v99.9/containers/create", "/v1.45/containers/create#x",
]  # fmt: skip


@pytest.mark.parametrize("table", [pytest.param(TARGETS, id="targets")])
def test_no_spelling_of_the_path_goes_around(table: list[str], daemon: Engine, guarded: RunningGuard) -> None:
    for target in table:
        assert send(guarded.socket, "POST", target, host(Privileged=True))[0] in {400, 403, 404}, target
    for kind in ("text/plain", "application/json; charset=utf-16", "", "application/x-tar"):
        headers = {"Content-Type": kind} if kind else {"Content-Type": "application/octet-stream"}
        assert send(guarded.socket, "POST", "/v1.45/containers/create", host(Privileged=True), headers)[0] == 403
    for body in (b"", b"null", b"[]", b"0", b'"x"', b" " * 10, b"{" * 5000, b"[" * 100_000):
        assert send(guarded.socket, "POST", "/v1.45/containers/create", body)[0] in {400, 403}, body[:20]
    large = b'{"Image":"base","HostConfig":{"Privileged":true},"Labels":{"x":"' + b"x" * (5 << 20) + b'"}}'
    assert send(guarded.socket, "POST", "/v1.45/containers/create", large)[0] in {403, 413}
    assert not given(daemon)


def test_no_other_route_gives_it(daemon: Engine, guarded: RunningGuard) -> None:
    guarded.docker("run", "-d", "--name", "plain", "--network", "none", "base", "busybox", "sleep", "1000")
    assert daemon.docker("inspect", "plain").returncode == 0
    driver = {"Driver": "local", "DriverOpts": {"type": "none", "o": "bind", "device": "/"}}
    service = {
        "Name": "s",
        "TaskTemplate": {
            "ContainerSpec": {"Image": "base", "Mounts": [{"Type": "bind", "Source": "/", "Target": "/x"}]}
        },
    }
    rows = [
        ("POST", "/v1.45/volumes/create", {"Name": "v2", **driver}),
        ("POST", "/v1.45/volumes/create", {"Name": "v3", "Driver": "nfs", "DriverOpts": {"share": "x"}}),
        ("POST", "/v1.45/containers/plain/exec", {"Cmd": ["sh"], "Privileged": True}),
        ("POST", "/v1.45/containers/plain/exec", b'{"Cmd":["sh"],"privileged":true}'),
        ("POST", "/v1.45/services/create", service),
        ("POST", "/v1.45/plugins/pull?remote=x&name=y", []),
        ("POST", "/v1.45/networks/create", {"Name": "n", "Driver": "macvlan", "Options": {"parent": "eth0"}}),
    ]  # fmt: skip
    for method, target, body in rows:
        status, message = send(guarded.socket, method, target, body)
        assert status == 403, (target, status, message)
    tar = {"Content-Type": "application/x-tar"}
    for target in (
        "/v1.45/build?networkmode=host", "/v1.45/build?networkmode=container:plain", "/v1.45/build?cgroupparent=/",
        "/v1.45/build?securityopt=%5B%22seccomp%3Dunconfined%22%5D", "/v1.45/build?version=2&session=x", "/session", "/grpc",
    ):  # fmt: skip
        assert send(guarded.socket, "POST", target, b"x", tar)[0] == 403, target
    plain = "FROM base\nLABEL is=built\n"
    hosts = archive(member("Dockerfile", "FROM base\nRUN --network=host busybox true\n"))
    twice = archive(member("Dockerfile", plain), member("Dockerfile", "FROM base\nLABEL is=other\n"))
    for body, why in ((hosts, "B044"), (twice, "stands twice"), (b"x" * 2000, "cannot be read")):
        chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:600], body[600:])) + b"0\r\n\r\n"
        head = "POST /v1.45/build?t=odd HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-tar\r\nTransfer-Encoding: chunked\r\n"
        answers = exchange(
            guarded.socket, f"{head}\r\n".encode() + chunks + f"{head}Connection: close\r\n\r\n".encode() + chunks
        )
        assert answers.count(b"HTTP/1.1 403") == 2, answers
        assert why.encode() in answers
    assert daemon.docker("image", "inspect", "odd").returncode != 0
    built = send(guarded.socket, "POST", "/v1.45/build?t=odd", archive(member("Dockerfile", plain)), tar)
    assert built[0] == 200, built
    assert "built" in daemon.docker("image", "inspect", "odd", "--format", "{{.Config.Labels}}").stdout
    assert guarded.last(status=200, stream=True)["unread"] == "the files of the context, other than the Dockerfile"
    assert not given(daemon)
    assert not [name for name in volumes(daemon) if name in {"v2", "v3"}]
    daemon.docker("rm", "-f", "plain")


def test_no_second_request_is_smuggled(daemon: Engine, guarded: RunningGuard) -> None:
    evil = json.dumps(host(Privileged=True)).encode()
    inner = (
        b"POST /v1.45/containers/create?name=smuggled HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(evil)
    ) + evil
    start = b"POST /v1.45/containers/prune HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    for head in (
        b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" % (len(inner) + 5),
        b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
        b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n" % len(inner),
        b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
        b"X: y\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n0;\n\r\n\r\n",
        b'Transfer-Encoding: chunked\r\n\r\n0;x="\r\n"\r\n\r\n',
        b"X: y\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"X: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n\r\n",
        b"Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n",
        b"Content-Length: 0\r\n\r\n",
    ):
        received = exchange(guarded.socket, start + head + inner)
        assert b"201 Created" not in received, head
    assert daemon.docker("inspect", "smuggled").returncode != 0


def test_a_link_that_is_swapped_gives_nothing(daemon: Engine, guarded: RunningGuard) -> None:
    """While containers are created and started, a directory of the caller's turns into a link to /etc and back."""
    shared = daemon.folder / "shared"
    done = threading.Event()

    def swap() -> None:
        (shared / "link").symlink_to("data")
        while not done.is_set():
            for target in ("/etc", "data"):
                made = shared / "made"
                made.symlink_to(target)
                made.rename(shared / "link")

    thread = threading.Thread(target=swap)
    thread.start()
    leaked = 0
    try:
        for number in range(8):
            body = {
                **SIMPLE,
                "Cmd": ["busybox", "cat", "/x/passwd"],
                "HostConfig": {"NetworkMode": "none", "Binds": [f"{shared}/link:/x"]},
            }
            status, made = send(guarded.socket, "POST", f"/v1.45/containers/create?name=swap{number}", body)
            if status == 201 and send(guarded.socket, "POST", f"/v1.45/containers/{made['Id']}/start")[0] == 204:
                daemon.docker("wait", made["Id"])
                leaked += "root:" in daemon.docker("logs", made["Id"]).stdout
            daemon.docker("rm", "-f", f"swap{number}")
    finally:
        done.set()
        thread.join()
    assert leaked == 0
    assert not given(daemon)


def test_what_the_guard_read_is_what_the_engine_made(daemon: Engine, guarded: RunningGuard) -> None:
    """Random bodies, from settings that are allowed and forbidden: no container has anything that is forbidden."""
    draw = random.Random(os.environ.get("SEED", "18"))  # noqa: S311  it draws cases
    pieces: list[tuple[str, list[Any]]] = [
        ("Privileged", [True, False, None, 0, "true"]), ("privileged", [True, False]), ("PidMode", ["", "host", "HOST", "private", "container:x"]),
        ("IpcMode", ["", "host", "private", "shareable", "none"]), ("UTSMode", ["", "host"]), ("UsernsMode", ["", "host"]),
        ("NetworkMode", ["none", "host", "default", "Host"]), ("CapAdd", [None, [], ["ALL"], ["CHOWN"], ["all"], ["SYS_ADMIN"]]),
        ("CapDrop", [["ALL"], None]), ("Binds", [None, [], ["/:/x"], ["/etc/..:/x:ro"], ["vol:/v"], ["/proc/1/root:/x"]]),
        ("SecurityOpt", [None, ["no-new-privileges"], ["seccomp=unconfined"], ["label=disable"]]), ("MaskedPaths", [None, [], ["/x"]]),
        ("ReadonlyPaths", [None, []]), ("Devices", [None, [], [{"PathOnHost": "/dev/null", "PathInContainer": "/dev/x", "CgroupPermissions": "r"}]]),
        ("DeviceCgroupRules", [None, ["c 1:3 r"]]), ("Memory", [0, 67108864]), ("ReadonlyRootfs", [True, False]), ("Init", [True, None]),
        ("Mounts", [None, [{"Type": "tmpfs", "Target": "/t"}], [{"Type": "bind", "Source": "/", "Target": "/t"}], [{"Type": "Bind", "Source": "/", "Target": "/t"}]]),
    ]  # fmt: skip
    made = 0
    for _ in range(150):
        settings = {name: draw.choice(values) for name, values in draw.sample(pieces, draw.randint(1, 4))}
        settings.setdefault("NetworkMode", "none")
        status, answer = send(guarded.socket, "POST", "/v1.45/containers/create", {**SIMPLE, "HostConfig": settings})
        assert status in {201, 400, 403}, (settings, status, answer)
        made += status == 201
    assert made > 10
    assert not given(daemon)


def test_descriptors_that_are_passed_on_are_still_the_first_caller_s(guarded: RunningGuard) -> None:
    """A connection belongs to the process that made it, whichever process writes to it."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(PATIENCE)
        sock.connect(str(guarded.socket))
        child = os.fork()
        if child == 0:
            os.setresuid(65534, 65534, 65534)
            sock.sendall(b"GET /_ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            os._exit(0)
        os.waitpid(child, 0)
        assert b"200 OK" in b"".join(iter(lambda: sock.recv(65536), b""))
    assert guarded.entries()[-1]["caller"]["uid"] == 0


LIMITED = """\
[guard]
[[guard.caller]]
name = "limited"
uid = 0
allow = ["containers", "images"]
own = true
containers = 3
fail-on = "critical"
"""


def test_creates_at_once_stay_within_the_limit_of_containers(daemon: Engine) -> None:
    with guard(daemon.socket, LIMITED) as limited:

        def create(answers: list[tuple[int, Any]]) -> None:
            answers.append(send(limited.socket, "POST", "/v1.45/containers/create", host()))

        answers: list[tuple[int, Any]] = []
        threads = [threading.Thread(target=create, args=(answers,)) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(status for status, _ in answers) == [201] * 3 + [403] * 9
        assert all("may have 3" in answer["message"] for status, answer in answers if status == 403)
        made = [answer["Id"] for status, answer in answers if status == 201]
        there = daemon.docker("ps", "-aq", "--no-trunc", "-f", "label=sealock.guard.owner=limited").stdout.split()
        assert set(there) == set(made)
        assert send(limited.socket, "DELETE", f"/v1.45/containers/{made[0]}")[0] == 204
        create(answers)
        assert answers[-1][0] == 201
        for container in (*made[1:], answers[-1][1]["Id"]):
            assert send(limited.socket, "DELETE", f"/v1.45/containers/{container}")[0] == 204


BELOW = """\
[guard]
[[guard.caller]]
name = "ci"
uid = 65534
allow = ["ping", "version", "containers", "exec", "images"]
binds = ["BINDS"]
fail-on = "critical"
"""


def test_a_container_makes_no_link_where_another_mounts(daemon: Engine) -> None:
    """The engine follows links when it starts a container again by its restart policy, and asks no guard."""
    place, secret = daemon.folder / "below", daemon.folder / "secret"
    place.mkdir(mode=0o755)
    secret.mkdir()

    def run(running: RunningGuard, name: str, source: Path, script: str, *words: str) -> str:
        running.folder.chmod(0o755)
        user = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
        command = ("docker", "run", "-d", "--name", name, "--network", "none", *words, "-v", f"{source}:/x", "base")
        shell = ("busybox", "sh", "-c", script)
        done = client(*user, *command, *shell, environment=running.environment, folder=Path("/"))
        return "" if not done.returncode else done.stderr.partition("ci, ")[2].split(": ")[1]

    swap = f"cd /x; busybox mv job old; busybox ln -s {secret} job; busybox sleep 1000"
    write = "busybox sleep 1; busybox touch /x/written"
    for binds, denied in ((f"{place}", ("G007", "")), (f"{place}/*", ("", "G006"))):
        (place / "job").mkdir()
        with guard(daemon.socket, BELOW.replace("BINDS", binds), "--mode", "0666") as running:
            below = run(running, "below", place / "job", write, "--restart", "always")
            above = run(running, "above", place, swap)
            assert (below, above) == denied
            wait_until(lambda: (place / "job").is_symlink() or (place / "job" / "written").exists())
            daemon.docker("rm", "-f", "above", "below")
        shutil.rmtree(place)
        place.mkdir()
    assert not list(secret.iterdir())
