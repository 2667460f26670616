"""What the guard reads of a create request is what a real engine makes of it, also of requests that could be misread."""

from __future__ import annotations

import io
import json
import socket
import subprocess
import tarfile
from collections.abc import Iterator
from http.client import HTTPConnection
from tempfile import TemporaryFile
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from sealock.formats.inspect.created import read_created, read_described
from sealock.guard.archives import read_archive
from sealock.guard.decision.bodyfields import BODIES
from sealock.guard.decision.exchange import Allowed, ArchiveQuestion
from sealock.guard.decision.requestbodies import check_shape, parse_strictly
from sealock.model.absent import UNSET
from sealock.model.absent import given as known
from sealock.model.container import Container
from support.draws import draws
from support.guardworld import GuardWorld
from support.oddcontexts import CONTEXTS, Member, OddContext, archive, member
from support.realengine import Engine, engine

pytestmark = pytest.mark.live
ODD = frozenset({"nothing"})
"""Contexts that the guard reads, and the engine does not build."""
CREATE = "/v1.44/containers/create"
LOOSE = """
[guard]
[[guard.caller]]
name = "all"
allow = ["containers"]
fail-on = "critical"
binds = ["/"]
devices = ["*"]
accept = [
  "C001", "C002", "C003", "C007", "C008", "C009", "C010", "C011", "C012", "C014", "C015", "C016", "C018", "C019",
  "C020", "C021", "C022", "C023", "C024", "C025", "C026", "C034", "C042", "C045", "C047", "C050", "C056", "C057",
  "G012", "G013",
]
"""
COMPARED = (
    "privileged", "cap_add", "cap_drop", "pid", "ipc", "network_mode", "uts", "userns", "cgroupns", "devices",
    "device_rules", "seccomp", "apparmor", "no_new_privileges", "unconfined_paths", "memory", "pids_limit", "cpus",
    "runtime", "cgroup_parent", "volumes_from", "groups", "sysctls", "ulimits", "read_only", "oom_score_adj", "restart",
    "storage_options", "extra_hosts", "publish_all", "auto_remove", "user", "hostname",
)  # fmt: skip
HOST = {
    "Privileged": st.booleans(), "CapAdd": st.lists(st.sampled_from(["SYS_ADMIN", "cap_net_admin", "ALL"]), max_size=2, unique=True),
    "CapDrop": st.lists(st.sampled_from(["MKNOD", "all"]), max_size=1), "PidMode": st.sampled_from(["", "host"]),
    "IpcMode": st.sampled_from(["", "host", "none", "shareable", "private"]), "UTSMode": st.sampled_from(["", "host"]),
    "NetworkMode": st.sampled_from(["", "none", "host", "default"]), "UsernsMode": st.sampled_from(["", "host"]),
    "CgroupParent": st.sampled_from(["", "/x"]),
    "Devices": st.lists(st.fixed_dictionaries({"PathOnHost": st.just("/dev/null"), "PathInContainer": st.just("/dev/n"), "CgroupPermissions": st.sampled_from(["r", "rwm"])}), max_size=1),
    "DeviceCgroupRules": st.lists(st.sampled_from(["c 1:3 r", "a *:* rwm"]), max_size=1),
    "SecurityOpt": st.lists(st.sampled_from(["seccomp=unconfined", "seccomp:unconfined", "no-new-privileges", "no-new-privileges:true", "no-new-privileges=false", "apparmor=unconfined"]), max_size=2),
    "MaskedPaths": st.one_of(st.none(), st.just([])), "ReadonlyPaths": st.one_of(st.none(), st.just([])),
    "Memory": st.sampled_from([0, 64 << 20]), "PidsLimit": st.sampled_from([-1, 0, 50]), "NanoCpus": st.sampled_from([0, 500_000_000]),
    "Binds": st.lists(st.sampled_from(["/tmp:/a", "/tmp:/a:ro", "vol:/b", "/:/c:rslave", "/etc/..:/d"]), max_size=2, unique_by=lambda bind: bind.split(":")[1]),
    "Mounts": st.lists(st.sampled_from([{"Type": "bind", "Source": "/usr", "Target": "/e", "ReadOnly": True}, {"Type": "tmpfs", "Target": "/f"}, {"Type": "volume", "Source": "vol2", "Target": "/g"}]), max_size=1),
    "GroupAdd": st.lists(st.sampled_from(["10", "daemon"]), max_size=1), "Sysctls": st.sampled_from([{}, {"net.ipv4.ip_forward": "1"}]),
    "Ulimits": st.lists(st.just({"Name": "nofile", "Soft": 10, "Hard": 20}), max_size=1), "ReadonlyRootfs": st.booleans(),
    "OomScoreAdj": st.sampled_from([0, -500, 500]), "PublishAllPorts": st.booleans(), "ExtraHosts": st.lists(st.just("a:127.0.0.1"), max_size=1),
    "RestartPolicy": st.sampled_from([{"Name": ""}, {"Name": "always"}, {"Name": "on-failure", "MaximumRetryCount": 3}]),
    "Runtime": st.sampled_from(["", "runc"]),
}  # fmt: skip
BODY = st.fixed_dictionaries(
    {
        "Image": st.just("base"),
        "HostConfig": st.fixed_dictionaries({"CgroupnsMode": st.sampled_from(["private", "host"])}, optional=HOST),
    },
    optional={
        "User": st.sampled_from(["", "0", "65534:65534"]),
        "Hostname": st.sampled_from(["", "h"]),
        "Env": st.just(["A=b"]),
    },
)
SPOILED = st.sampled_from([
    ('"HostConfig"', '"hostconfig"'), ('"HostConfig"', '"Ho\u017ftConfig"'), ('"Privileged"', '"privileged"'),
    ('"HostConfig"', '"HostConfig": {"Privileged": true}, "HostConfig"'), ('"NetworkMode"', '"Networ\u212aMode"'),
    ('{"Image"', '{"Privileged": true, "Image"'), ("false", "null"), ("}}", '}, "hostConfig": {"Privileged": true}}'), (": ", " :\n"),
])  # fmt: skip


class EngineConnection(HTTPConnection):
    """A connection to the engine's socket."""

    def __init__(self, path: str) -> None:
        super().__init__("engine")
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self.path)

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, Any]:
        self.request(method, path, body, {"Content-Type": "application/json"} if body else {})
        answer = self.getresponse()
        content = answer.read()
        return answer.status, json.loads(content) if content else None


@pytest.fixture(scope="module")
def daemon() -> Iterator[Engine]:
    with engine() as made:
        made.image("base")
        yield made


@pytest.fixture(scope="module")
def connection(daemon: Engine) -> Iterator[EngineConnection]:
    made = EngineConnection(str(daemon.socket))
    yield made
    made.close()


def made_by(connection: EngineConnection, body: bytes) -> Container | None:
    """What the engine makes of a body; None where it refuses."""
    status, answer = connection.ask("POST", CREATE, body)
    if status != 201:
        return None
    try:
        _, described = connection.ask("GET", f"/containers/{answer['Id']}/json")
    finally:
        connection.ask("DELETE", f"/containers/{answer['Id']}?force=1&v=1")
    read = read_described(described)
    assert read.wrong == ()
    return read.container


def differences(read: Container, made: Container) -> dict[str, Any]:
    """Fields of which the engine made something else than was read, apart from what it adds by itself."""
    different = {}
    for field in COMPARED:
        ours, theirs = getattr(read, field), getattr(made, field)
        if ours != theirs and not _is_the_engines(field, ours, theirs, read):
            different[field] = (ours, theirs)
    mounts = {(mount.kind, mount.target, mount.read_only) for mount in known(read.mounts, ())}
    if not mounts <= {(mount.kind, mount.target, mount.read_only) for mount in known(made.mounts, ())}:
        different["mounts"] = (read.mounts, made.mounts)
    return different


def _is_the_engines(field: str, ours: Any, theirs: Any, read: Container) -> bool:
    """What the engine writes where nothing was asked for, or of several spellings."""
    if field in {"user", "hostname"}:
        return ours is UNSET
    if field == "unconfined_paths" and read.privileged is True:
        return True  # a privileged container has no masks in any case
    return field == "pids_limit" and ours in {0, -1} and theirs in {UNSET, 0, -1}


@draws(60, suppress_health_check=list(HealthCheck))
@given(BODY)
def test_the_engine_makes_what_the_guard_read(connection: EngineConnection, body: dict[str, Any]) -> None:
    decision = WORLD.decide(f"POST {CREATE}", body)
    if isinstance(decision, Allowed):
        assert decision.body is not None
        made = made_by(connection, decision.body)
        assert made is None or differences(read_created(json.loads(decision.body)).container, made) == {}


@draws(60, suppress_health_check=list(HealthCheck))
@given(BODY, st.lists(SPOILED, min_size=1, max_size=2))
def test_what_a_plugin_lets_pass_as_it_came_is_read_alike(
    connection: EngineConnection, body: dict[str, Any], spoiled: list[tuple[str, str]]
) -> None:
    text = json.dumps(body, ensure_ascii=False)
    for old, new in spoiled:
        text = text.replace(old, new, 1)
    decision = PLUGIN.decide(f"POST {CREATE}", text.encode())
    if isinstance(decision, Allowed):
        read = check_shape(parse_strictly(text.encode()), BODIES["POST /containers/create"], "")
        made = made_by(connection, text.encode())
        assert made is None or differences(read_created(read).container, made) == {}


WORLD, PLUGIN = GuardWorld(LOOSE), GuardWorld(LOOSE, rewrites=False)


def built(connection: EngineConnection, context: OddContext) -> str | None:
    """The label of the image that the engine builds of a context; None where it builds none."""
    query = f"?t=odd&dockerfile={quote(context.dockerfile, safe='')}"
    head = {"Content-Type": "application/x-tar"}
    connection.request("POST", f"/v1.44/build{query}", context.data, head)
    answer = connection.getresponse().read().decode(errors="replace")
    if "Successfully tagged" not in answer:
        return None
    image = connection.ask("GET", "/v1.44/images/odd/json")[1]
    connection.ask("DELETE", "/v1.44/images/odd?force=1")
    return str(image["Config"]["Labels"]["is"])


@pytest.mark.parametrize(
    "context", [context for context in CONTEXTS if len(context.data) < 1 << 20], ids=lambda context: context.what
)
def test_the_engine_builds_the_dockerfile_that_the_guard_read(
    connection: EngineConnection, context: OddContext
) -> None:
    with TemporaryFile() as file:
        file.write(context.data)
        file.flush()
        answer = read_archive(file.fileno(), ArchiveQuestion("context", context.dockerfile))
    if answer.wrong:
        return  # it is denied, and an engine may never end with it: it waits for a pipe
    label = built(connection, context)
    assert label is None or f"is={label}" in answer.dockerfile
    # What docker itself sends is not refused for its form.
    assert label is not None or context.what in ODD


def changed(saved: bytes, name: str, text: str | None, *more: Member) -> bytes:
    """An archive of docker save, with another text of a member (None for none of it), and more members."""
    with tarfile.open(fileobj=io.BytesIO(saved)) as tar:
        parts = [
            (each.name, file.read().decode(errors="surrogateescape")) for each in tar if (file := tar.extractfile(each))
        ]
    kept = [
        member(each, text if each == name and text is not None else old)
        for each, old in parts
        if each != name or text is not None
    ]
    return archive(*kept, *more)


def test_the_engine_takes_no_name_that_the_guard_did_not_read(daemon: Engine) -> None:
    daemon.docker("import", "-", "tiny:1", data=archive(member("file")))
    saved = subprocess.run(["docker", "save", "tiny:1"], env=daemon.environment, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(saved)) as tar:
        file = tar.extractfile("manifest.json")
        assert file is not None
        (image,) = json.loads(file.read())
    spelled = json.dumps([image | {"RepoTags": ["odd:1"]}])
    for what, data in {
        "as it was saved": saved,
        "other names": changed(saved, "manifest.json", json.dumps([image | {"RepoTags": ["odd:1", "b/odd:2"]}])),
        "a key in another case": changed(saved, "manifest.json", spelled.replace("RepoTags", "repotags")),
        "a key twice": changed(
            saved, "manifest.json", spelled.replace('"RepoTags"', '"RepoTags": ["odd:2"], "RepoTags"')
        ),
        "more after the end": changed(saved, "manifest.json", f"{spelled} [1]"),
        "a manifest twice": changed(saved, "", None, member("manifest.json", spelled)),
        "no names": changed(saved, "manifest.json", json.dumps([image | {"RepoTags": None}])),
        "no manifest": changed(saved, "manifest.json", None),
        "no index": changed(saved, "index.json", None),
    }.items():
        with TemporaryFile() as file_of_it:
            file_of_it.write(data)
            file_of_it.flush()
            answer = read_archive(file_of_it.fileno(), ArchiveQuestion("images"))
        for name in ("tiny:1", "odd:1", "odd:2", "b/odd:2"):
            daemon.docker("rmi", "-f", name)
        daemon.docker("load", data=data)
        taken = set(daemon.docker("images", "--format", "{{.Repository}}:{{.Tag}}").stdout.split()) - {
            "base:latest",
            "<none>:<none>",
        }
        names = {name.removeprefix("docker.io/library/") for read in answer.images for name in read.names}
        assert answer.wrong or taken <= names, what
        assert what not in {"as it was saved", "other names"} or taken, what
