"""Records what the guard decides under several policies: every reason with its remedy, every change, what goes on.

`tests/vectors/guard/NAME.txt` holds the records, one file a policy, and `tests/test_records.py` compares. A change that is
meant is written down with `./dev records` and reviewed in the diff.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from msgspec.structs import astuple

from sealock.guard.decision.exchange import Allowed, Caller, Denied, GuardReason, ImageAnswer
from support.guardrows import CREATE, ROWS, SOUND, host, mount, service, world
from support.guardworld import OPEN, GuardWorld

RECORDS = Path(__file__).parent.parent / "vectors" / "guard"
_LABEL = "sealock.guard.owner"
_ALL = OPEN.partition("allow = ")[2]
_TABLE = "[guard]\n[[guard.caller]]\n"
_ACCEPTED = ", ".join(
    f'"{rule}"'
    for rule in (
        "C001", "C002", "C003", "C007", "C008", "C009", "C010", "C011", "C012", "C014", "C018", "C019", "C020", "C021",
        "C022", "C023", "C024", "C034", "C042", "C045", "C047", "C050", "C056", "C057", "G006", "G012", "G013",
    )
)  # fmt: skip
POLICIES = {
    "open": OPEN,
    "owner": f'{_TABLE}name = "ci"\nown = true\ncontainers = 3\nmemory = "512M"\npids = 100\ncpus = 2\n'
    'change = ["no-new-privileges", "cap-drop", "limits", "loopback", "digest"]\nbinds = ["/srv"]\n'
    f'devices = ["/dev/null", "c 1:3 r", "gpu"]\nvolume-drivers = ["nfs"]\nallow = {_ALL}',
    "reach": f'{_TABLE}name = "web"\nnames = "web*"\nimages = ["docker.io/library/*"]\nlabels = {{ team = "web" }}\n'
    f'require = ["digest", "trust", "no-exploited"]\nallow = {_ALL}',
    "accepting": f'{_TABLE}name = "all"\nfail-on = "critical"\nbinds = "/"\ndevices = "*"\nvolume-drivers = "*"\n'
    f"accept = [{_ACCEPTED}]\nallow = {_ALL}",
    "reading": f'{_TABLE}name = "reader"\nallow = ["containers:read", "images:read", "ping"]\n',
    "watching": f'[guard]\nmode = "audit"\n[[guard.caller]]\nname = "all"\nallow = {_ALL}',
    "plugin": OPEN,
}
"""The policies; the last is that of an authorization plugin, which cannot change what goes on."""
_WAYS_AROUND = {"open", "owner", "accepting", "plugin"}
"""The policies under which the ways around are recorded; the others would deny or allow them all alike."""
_TOUCHES = (
    "GET /containers/{}/json", "GET /containers/{}/logs?stdout=1", "POST /containers/{}/start", "DELETE /containers/{}?v=1",
    "POST /containers/{}/stop?t=5", "POST /containers/{}/rename?name=/web9", "PUT /containers/{}/archive?path=/", "GET /containers/{}/archive?path=/",
    "POST /containers/{}/attach?stdin=1", "GET /exec/{}/json", "POST /exec/{}/start", "GET /volumes/{}", "DELETE /volumes/{}",
    "GET /networks/{}", "DELETE /networks/{}", "GET /services/{}", "DELETE /services/{}", "GET /secrets/{}",
    "DELETE /configs/{}", "GET /tasks/{}", "GET /tasks/{}/logs?stdout=1", "GET /images/{}:1/json", "DELETE /images/{}:1",
    "POST /images/{}:1/push?tag=2", "POST /images/{}:1/tag?repo={}&tag=2", "GET /images/get?names=mine:1&names={}:1",
    "POST /commit?container={}&repo=new&tag=1", "POST /commit?container=mine&repo=new&changes=LABEL%20{}=$A",
    "POST /build?t={}:1", "POST /images/create?fromImage={}&tag=1", "POST /images/create?fromImage={}&tag=sha256:abc",
)  # fmt: skip
_LISTS = (
    "GET /containers/json?all=1", "GET /volumes", "GET /networks", "GET /services", "GET /secrets", "GET /configs", "GET /tasks",
    "GET /events", "GET /system/df", "GET /images/json", "POST /containers/prune", "POST /volumes/prune", "POST /networks/prune",
    "GET /containers/json?&all=1&&size=1", "GET /containers/json?&all=1&all=0", "POST /images/prune", "POST /build/prune", "POST /images/load", "GET /nodes", "GET /plugins", "GET /info", "HEAD /_ping",
    "GET /containers/json?filters=" + quote('{"label":["a=b"]}'), "GET /volumes?filters=" + quote('{"label":1}'),
    "GET /secrets?filters=" + quote('{"label":["sealock.guard.owner=web"]}'), "POST /images/create?fromSrc=-&repo=new&tag=1", "POST /images/create?fromSrc=-&tag=1", "POST /images/create?fromSrc=-&repo=new",
    "POST /images/create", "POST /build?outputs=x", "POST /build?outputs=[]&labels={}", "POST /build?memory=5&cgroupparent=a",
    "POST /build?networkmode=none", "POST /build?networkmode=data", "POST /build?version=2", "POST /build?remote=https://x.example/",
)  # fmt: skip


def _body(**fields: Any) -> dict[str, Any]:
    return {"Image": "nginx:1.27"} | fields


_CREATES = (
    host(Binds=["new:/d:ro", "mine:/m", "other:/o", "/srv/app:/a:ro", "/anonymous"]),
    host(Binds=["new:/d:nocopy"]), host(Binds=["new:/d:z"]), host(Binds=["/etc/a:b:/x"]), host(VolumeDriver="nfs", Binds=["new:/d"]),
    mount(Type="volume", Source="new"), mount(Type="volume", Source="mine", ReadOnly=True), mount(Type="volume", Source="bare"),
    mount(Type="tmpfs"), mount(Type="image", Source="nginx:1.27"), mount(Type="bind", Source="/srv/link"), mount(Type="cluster"),
    host(VolumesFrom=["mine:ro"]), host(VolumesFrom=["other", "nothing"]), host(Links=["mine:db", "/other:/x/db"]),
    host(NetworkMode="mine"), host(NetworkMode="other"), host(NetworkMode="container:mine"), host(PidMode="container:other"),
    host(IpcMode="container:mine"), host(NetworkMode="none"), host(NetworkMode="a b"), host(NetworkMode="nothing"),
    host(Devices=[{"PathOnHost": "/dev/null"}]), host(Devices=[{"PathOnHost": "dev"}]), host(DeviceCgroupRules=["c 1:3 r", "c 1:3 rw"]),
    host(DeviceRequests=[{"Count": 1, "Capabilities": [["gpu"]]}]), host(DeviceRequests=[{"Count": 1}]),
    host(Memory=1 << 20, PidsLimit=5, NanoCpus=10**9), host(Memory=1 << 40, PidsLimit=500, NanoCpus=9 * 10**9),
    host(CpuQuota=50_000), host(CpuQuota=500_000, CpuPeriod=100_000), host(Memory=-1, PidsLimit=-1), host(PidsLimit=0),
    host(PortBindings={"80/tcp": [{"HostPort": "80"}, {"HostIp": "::", "HostPort": "81"}, {"HostIp": "10.0.0.1"}], "81/tcp": None}),
    host(SecurityOpt=["no-new-privileges", "label=level:s0"]), host(SecurityOpt=["label=type:x"]), host(SecurityOpt=["disable"]),
    host(SecurityOpt=["seccomp=builtin", "apparmor=docker-default"]), host(CapAdd=["NET_RAW"], CapDrop=["ALL"]),
    host(LogConfig={"Type": "syslog", "Config": {"syslog-address": "tcp://x.example:514", "tag": ""}}), host(CgroupnsMode="private"),
    _body(Labels={_LABEL: "web", "team": "web"}, User="1000"), _body(NetworkingConfig={"EndpointsConfig": {"mine": {"Links": ["other:x"]}, "other": None}}),
    host(Memory=512 << 20, PidsLimit=100, NanoCpus=2 * 10**9), host(Memory=(512 << 20) + 1, PidsLimit=101, NanoCpus=2 * 10**9 + 1),
    host(PidsLimit=1, Memory=1, NanoCpus=1), host(CpuQuota=200_000), host(CpuQuota=200_001), host(CpuQuota=100_000, CpuPeriod=50_000), host(Memory=0, NanoCpus=0),
    host(Binds=["/anonymous", "x:", "other:/o", "/etc:/e", "new:/d"]), host(Binds=["/anonymous", "/srv/a:/a", "bare:/b", "/srv/link:/l"]),
    host(Mounts=[{"Type": "bind", "Source": "/srv/a", "Target": "/a"}, {"Type": "volume", "Source": "other", "Target": "/o"}, {"Type": "volume", "Source": "new", "Target": "/n"}]),
    host(Mounts=[{"Type": "tmpfs", "Target": "/t"}, {"Type": "volume", "Target": "/v"}, {"Type": "bind", "Source": "/etc", "Target": "/e"}]),
    {"Image": "other:1"}, {"Image": "ghcr.io/x/y:1"}, {"Image": "a b"}, {"Image": ""}, {"Image": f"sha256:{'d' * 64}"}, {"Image": "bad:1"},
)  # fmt: skip
_CALLS: tuple[tuple[str, Any], ...] = (
    *((CREATE, body) for body in _CREATES),
    ("POST /containers/create?name=db", _body()),
    ("POST /containers/web/exec", {"Cmd": ["sh"], "User": "0", "Env": ["A=b", "PGPASSWORD=s3cretPassw0rd"]}),
    ("POST /containers/web/update", {"Memory": 1 << 40, "PidsLimit": 0, "NanoCpus": 9 * 10**9}),
    ("POST /containers/web/update", {"CpuQuota": 900_000}), ("POST /containers/web/update", {"CpuQuota": -1, "Memory": -1}),
    ("POST /containers/web/update", {"PidsLimit": -1, "Memory": 1 << 29, "NanoCpus": 10**9}),
    ("POST /volumes/create", {"Name": "x", "Driver": "nfs"}), ("POST /volumes/create", {"Name": "x", "Labels": {_LABEL: "web"}}),
    ("POST /volumes/create", {"Name": "v", "DriverOpts": {"type": "none", "o": "bind", "device": "/srv/link"}}),
    ("POST /volumes/create", {"Name": "v", "DriverOpts": {"type": "nfs", "o": "addr=10.0.0.1", "device": ":/x"}}),
    ("POST /networks/create", {"Name": "n", "Driver": "overlay", "Options": {"com.docker.network.driver.mtu": "1400"}}),
    ("POST /networks/create", {"Name": "n", "Driver": "bridge", "ConfigFrom": {"Network": "x"}}),
    ("POST /networks/create", {"Name": "n", "IPAM": {"Config": [{"Subnet": ""}, {"Subnet": "x"}, {"Subnet": "10.5.0.0/16"}, {"Subnet": "10.0.0.0/8"}, {"Subnet": "fd00:1::/48"}, {"Subnet": "8.8.8.0/24"}, {"Subnet": "172.16.0.0/15"}]}}),
    ("POST /networks/create", {"Name": "n", "IPAM": {"Config": [{}, {"Subnet": "fd00::/47"}, {"Subnet": "192.168.0.0/16"}]}}),
    ("POST /networks/mine/connect", {"Container": "mine"}), ("POST /networks/other/connect", {"Container": "other"}),
    ("POST /networks/mine/disconnect", {"Container": "other", "Force": True}),
    ("POST /secrets/create", {"Name": "s", "Data": "eA=="}), ("POST /configs/create", {"Name": "s", "Data": "eA=="}),
    ("POST /services/create", service(Secrets=[{"SecretID": "other", "File": {"Name": "x"}}], Configs=[{"ConfigID": "mine"}])),
    ("POST /services/create", service(Secrets=[{"SecretID": "../x"}, {}, {"SecretID": "other"}, {"SecretID": "mine"}], Configs=[{"ConfigID": "a b"}, {"ConfigID": "other"}])),
    ("POST /services/create", service(Secrets=[{"SecretID": "../x"}])), ("POST /services/create", service("mine")),
    ("POST /services/create", service(Mounts=[{"Type": "volume", "Source": "new", "Target": "/d"}])),
    ("POST /services/create", {"Name": "s", "TaskTemplate": {"ContainerSpec": {"Image": "nginx:1.27"}, "Resources": {"Limits": {"MemoryBytes": 1 << 40, "Pids": 900, "NanoCPUs": 9 * 10**9}}}}),
    ("POST /services/mine/update?version=3", service()), ("POST /services/other/update?version=3", service()),
    ("POST /plugins/pull?remote=x/y", []), ("POST /auth", {"username": "a", "password": "b"}),
)  # fmt: skip


def record(name: str) -> str:
    """The record of a policy."""
    made = world_of(name)
    lines = []
    for line, body in _requests(ways_around=name in _WAYS_AROUND):
        shown = body if isinstance(body, bytes) else repr(body)
        made.asked.clear()
        media = None if isinstance(body, bytes | dict | list) else ""
        decision = made.decide(line, body, Caller(uid=1000, gid=1000), media=media)
        lines += [f"{line} {shown[:300]!r}", *(f"  {row}" for row in rows_of(decision))]
        asked = sorted({str(astuple(question)[0]) for question in made.asked})
        lines += [f"  asked {' '.join(asked)}"] if asked else []
    return "\n".join(lines) + "\n"


def world_of(name: str) -> GuardWorld:
    """What the guard meets under one of the policies."""
    return _world(POLICIES[name], rewrites=name != "plugin")


def _requests(*, ways_around: bool) -> Iterator[tuple[str, Any]]:
    if ways_around:
        yield from ((line, body) for _, line, body, _ in ROWS if len(repr(body)) < 5000)
    yield from SOUND
    yield from _CALLS
    for line in _LISTS:
        yield line, None
    for line in _TOUCHES:
        for name in ("mine", "other", "web-1", "nothing"):
            yield line.format(*[name] * 2), None


def rows_of(decision: Allowed | Denied) -> Iterator[str]:
    if isinstance(decision, Denied):
        place = f" by {decision.caller} at line {decision.setting.line}" if decision.setting else ""
        yield f"denied{place}"
        yield from map(_reason, decision.reasons)
        return
    yield f"allowed to {decision.caller}: {decision.target} {(decision.body or b'').decode('utf-8', 'replace')[:800]}"
    yield from (f"changed: {change}" for change in decision.changes)
    yield from (f"would deny {_reason(reason)}" for reason in decision.would_deny)
    if decision.answer_filter:
        yield f"filter {decision.answer_filter}"
    if decision.skipped:
        yield f"skipped {' '.join(decision.skipped)}"


def _reason(reason: GuardReason) -> str:
    """The rule; and for the guard's own, which have no record elsewhere, what is wrong and the remedy."""
    return f"{reason.rule} {reason.why} | {reason.remedy}" if reason.rule.startswith("G") else reason.rule


def _world(policy: str, *, rewrites: bool) -> GuardWorld:
    made = world(policy, rewrites=rewrites)
    owners = {"mine": {_LABEL: "ci"}, "other": {_LABEL: "web"}, "bare": {}, "web-1": {"team": "web"}}
    for name, labels in owners.items():
        made.engine |= {
            f"/containers/{name}/json": {
                "Id": name * 16, "Name": f"/{name}", "Config": {"Labels": labels, "Image": "nginx:1.27", "User": "101"},
                "HostConfig": {"Memory": 1 << 28}, "NetworkSettings": {"Networks": {}},
                "Mounts": [{"Type": "bind", "Source": "/srv/data", "Destination": "/d", "RW": True}],
            },
            f"/volumes/{name}": {"Name": name, "Driver": "local", "Labels": labels},
            f"/networks/{name}": {"Name": name, "Id": name * 16, "Driver": "bridge", "Labels": labels},
            f"/services/{name}": {"ID": name * 5, "Spec": {"Labels": labels}},
            f"/secrets/{name}": {"ID": name * 5, "Spec": {"Labels": labels}},
            f"/configs/{name}": {"ID": name * 5, "Spec": {"Labels": labels}},
            f"/images/{name}:1/json": {"RepoTags": [f"{name}:1"], "Config": {"Labels": labels}},
            f"/exec/{name}/json": {"ContainerID": name, "ProcessConfig": {"privileged": False}},
            f"/tasks/{name}": {"ServiceID": name},
        }  # fmt: skip
    digest = f"sha256:{'d' * 64}"
    for name in ("nginx:1.27", "bad:1"):
        made.engine[f"/images/{name}/json"] = {
            "RepoTags": [name],
            "RepoDigests": [f"{name.partition(':')[0]}@{digest}"],
            "Config": {},
        }
    made.images[f"nginx:1.27@{digest}"] = ImageAnswer(digest)
    made.images[f"bad:1@{digest}"] = ImageAnswer(digest, distrusted="it is not signed", exploited=("CVE-2021-44228",))
    made.engine[f'/containers/json?all=1&filters={{"label": {{"{_LABEL}=ci": true}}}}'] = [{}]
    return made


if __name__ == "__main__":
    RECORDS.mkdir(exist_ok=True)
    for policy_name in POLICIES:
        (RECORDS / f"{policy_name}.txt").write_text(record(policy_name), encoding="utf-8")
