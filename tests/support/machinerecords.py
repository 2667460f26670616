"""Records what is read of made machines: their processes with cgroups of both versions, the engine's host, its people.

`tests/vectors/machines/NAME.txt` holds the records, and `tests/test_records.py` compares. A change that is meant is written
down with `./dev records` and reviewed in the diff.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from msgspec import NODEFAULT, Struct
from msgspec.structs import replace

from sealock.errors import TargetError
from sealock.formats.inspect import read_inspect
from sealock.model.absent import UNSET
from sealock.model.container import Container, Sysctl
from sealock.model.inspection import BlockedCalls, Inspection
from sealock.model.location import Source
from sealock.reports.inspected import as_json as encoded
from sealock.reports.inspected import render
from sealock.runtime.containers import ObservedContainer
from sealock.runtime.engine import Listed
from sealock.runtime.host import read_host
from sealock.runtime.hosts import host_document
from sealock.runtime.inspect import _inspection, as_json
from sealock.runtime.kernel.effective import effective
from sealock.runtime.kernel.members import gather
from sealock.runtime.kernel.processes import GoneError, ProcReader
from sealock.runtime.kernel.views import DeclaredContainer, compare, look
from support.recordedtree import ALL_CAPS, DISK, HOST, ID, OTHER, OWN, ROOT, V1, V2, Recorded
from support.shownvalues import fields_of

RECORDS = Path(__file__).parent.parent / "vectors" / "machines"
_SCOPE, _OTHER = f"/system.slice/docker-{ID}.scope", f"/system.slice/docker-{OTHER}.scope"
_TWO = {
    "memory.max": "67108864", "memory.current": "1000000", "memory.peak": "2000000", "memory.low": "4096", "memory.high": "60000000",
    "memory.swap.max": "0", "memory.swap.current": "0", "memory.oom.group": "1", "memory.events": "low 0\nhigh 3\nmax 2\noom 1\noom_kill 1",
    "pids.max": "100", "pids.current": "3", "pids.peak": "9", "pids.events": "max 4", "cpu.max": "50000 100000", "cpu.weight": "200",
    "cpu.stat": "usage_usec 5000000\nnr_throttled 2\nthrottled_usec 7", "cpuset.cpus.effective": "0-3", "cpuset.mems.effective": "0",
    "io.max": "8:0 rbps=1048576 wbps=max riops=max wiops=9", "io.weight": "default 50", "cgroup.controllers": "cpuset cpu io memory pids",
}  # fmt: skip
_ONE: Mapping[str, Mapping[str, str]] = {
    "memory": {"memory.limit_in_bytes": "67108864", "memory.usage_in_bytes": "1000000", "memory.max_usage_in_bytes": "2000000",
               "memory.soft_limit_in_bytes": "33554432", "memory.swappiness": "10", "memory.failcnt": "3",
               "memory.memsw.limit_in_bytes": "134217728", "memory.oom_control": "oom_kill_disable 1\nunder_oom 0"},
    "pids": {"pids.max": "100", "pids.current": "3"},
    "cpu": {"cpu.cfs_quota_us": "50000", "cpu.cfs_period_us": "100000", "cpu.shares": "512", "cpu.rt_runtime_us": "1000", "cpu.rt_period_us": "100000",
            "cpu.stat": "nr_throttled 1\nthrottled_time 7000"},
    "cpuacct": {"cpuacct.usage": "5000000000"},
    "cpuset": {"cpuset.effective_cpus": "0-3", "cpuset.effective_mems": "0"},
    "devices": {"devices.list": "c *:* m\nb *:* m\nc 1:3 rwm\nc 10:229 rwm\nb 8:0 r"},
    "blkio": {"blkio.throttle.read_bps_device": "8:0 1048576", "blkio.throttle.write_iops_device": "8:0 9", "blkio.weight": "300"},
}  # fmt: skip
_LINES_ONE = "".join(f"{index}:{name}:/docker/{ID}\n" for index, name in enumerate(_ONE, 2))
_ROW = "{} {} 00 00000000:00000000 00:00000000 00000000 0 0 {} 1 0 100 0 0 10 0\n"
_TCP = "  sl  local_address rem_address st\n" + _ROW.format("   0: 0100007F:0CEA", "00000000:0000 0A", 111) + _ROW.format("   1: 00000000:0050", "00000000:0000 0A", 112) + _ROW.format("   2: 0100007F:0CEA", "0100007F:9999 01", 113)  # fmt: skip
_MOUNTED = (
    f"{ROOT}101 100 0:61 / /proc rw,nosuid - proc proc rw\n102 101 0:61 /sys /proc/sys ro - proc proc rw\n"
    "103 101 0:62 / /proc/kcore rw - tmpfs tmpfs rw\n104 100 0:63 / /dev rw,nosuid - tmpfs tmpfs rw,mode=755\n"
    "105 104 0:64 / /dev/shm rw - tmpfs shm rw,size=65536k\n106 100 8:1 /etc /host ro,relatime - ext4 /dev/sda1 rw\n"
    "107 100 8:1 /srv/data /data rw,nosuid,noexec master:1 - ext4 /dev/sda1 rw\n108 100 0:65 / /tmp rw,noexec - tmpfs tmpfs rw,size=1024k\n"
    "109 100 8:1 /var/lib/docker/volumes/v/_data /v\\040x rw - ext4 /dev/sda1 rw\n110 100 0:22 / /sys/fs/cgroup ro - cgroup2 cgroup rw\n"
    f"111 100 8:1 /var/lib/docker/containers/{ID}/hosts /etc/hosts rw - ext4 /dev/sda1 rw\n"
    "112 100 0:66 / /sys ro - sysfs sysfs ro\n113 100 0:23 /docker.sock /run/engine.sock rw - tmpfs tmpfs rw\n"
)
_LIMITS = (
    "Limit                     Soft Limit           Hard Limit           Units\n"
    "Max cpu time              unlimited            unlimited            seconds\n"
    "Max open files            1024                 4096                 files\n"
    "Max locked memory         8388608              8388608              bytes\n"
    "Max msgqueue size         819200               819200               bytes\n"
    "Max processes             100                  unlimited            processes\n"
    "Max core file size        0                    0                    bytes\n"
)


def _two(made: Recorded) -> None:
    made.group(_SCOPE, _TWO)
    made.group(_OTHER, {"memory.max": "max", "pids.max": "max", "cpu.max": "max 100000"})
    made.group(
        "/system.slice",
        {
            "cpuset.cpus.effective": "0-7",
            "cpuset.mems.effective": "0",
            "cgroup.controllers": "cpu",
            "memory.max": "99999999",
        },
    )
    made.write("etc/group", "root:x:0:\ndocker:x:998:me\n")
    made.write("proc/sys/kernel/osrelease", "6.12.1\n")
    made.write("proc/sys/net/ipv4/ip_forward", "1\n")
    made.write("proc/sys/kernel/shmmax", "18446744073692774399\n")
    made.process(7, cgroup=f"0::{_SCOPE}\n", mountinfo=_MOUNTED, files={
        "limits": _LIMITS, "net/tcp": _TCP, "net/udp": "  sl\n" + _ROW.format("   0: 00000000:0035", "00000000:0000 07", 115),
        "net/tcp6": "  sl\n" + _ROW.format("   0: 00000000000000000000000001000000:1F90", "00000000000000000000000000000000:0000 0A", 114),
        "net/unix": "Num\nffff: 00000002 00000000 00010000 0001 01 20000 /run/a.sock\nffff: 00000002 00000000 00010000 0001 01 20001 @abstract\n",
        "net/route": "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\neth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\neth0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\n",
        "attr/apparmor/current": "docker-default (enforce)\n", "oom_score_adj": "-500\n", "comm": "web\n",
    })  # fmt: skip
    made.process(
        8,
        name="worker",
        cgroup=f"0::{_SCOPE}\n",
        uid=1000,
        gid=1000,
        groups="1000 998 4242 0",
        caps="0000000000000400",
        no_new=1,
        start=5100,
    )
    made.process("7/task/7", cgroup=f"0::{_SCOPE}\n")
    made.process("7/task/9", cgroup=f"0::{_SCOPE}\n", uid=33)
    made.process(20, name="loud", cgroup=f"0::{_OTHER}\n", caps=ALL_CAPS, seccomp=0, spaces={**OWN, "net": HOST["net"], "pid": HOST["pid"]}, mountinfo=f"{ROOT}1 2 8:1 / /host rw - ext4 /dev/sda1 rw\n3 2 0:5 / /dev rw - devtmpfs udev rw\n")  # fmt: skip
    made.process(21, name="left", cgroup="0::/\n", mountinfo=_MOUNTED, start=5200)
    made.process(22, name="mapped", cgroup=f"0::{_OTHER}\n", uid=100000, gid=100100, spaces={**OWN, "user": 4026532500}, uid_map="0 100000 65536\n", files={"attr/current": "system_u:system_r:spc_t:s0\0"})  # fmt: skip
    made.process(
        23, name="unreadable", cgroup="", mountinfo="", uid_map="x\n", files={"limits": "", "oom_score_adj": "x"}
    )


def _one(made: Recorded) -> None:
    for controller, texts in _ONE.items():
        made.group(f"{controller}/docker/{ID}", texts)
    made.group("cpuset/docker", {"cpuset.effective_cpus": "0-7", "cpuset.effective_mems": "0-1"})
    made.group("memory/docker", {"memory.limit_in_bytes": "50000000"})
    made.write("sys/dev/char/10:229/uevent", "MAJOR=10\nMINOR=229\nDEVNAME=fuse\n")
    made.write("sys/dev/block/8:0/uevent", "MAJOR=8\nMINOR=0\nDEVNAME=sda\n")
    made.process(7, cgroup=_LINES_ONE)
    made.process(8, cgroup=_LINES_ONE.replace(ID, OTHER), no_new=1, seccomp=0)


def _inside(made: Recorded) -> None:
    for pid in (1, "self"):
        made.process(
            pid, spaces={"pid": 4026532900, "net": 4026532901, "mnt": 4026532902}, mountinfo=DISK + V2, cgroup="0::/\n"
        )
    made.group("/", _TWO)
    made.process(
        7,
        spaces={"pid": 4026532900, "net": 4026532901},
        cgroup="0::/\n",
        mountinfo=ROOT + f"9 8 8:1 /docker/containers/{ID}/hosts /etc/hosts rw - ext4 a rw\n",
    )


_MACHINES: Mapping[str, tuple[str, Callable[[Recorded], None], tuple[int, ...]]] = {
    "cgroups-2": (V2, _two, (1, 7, 8, 20, 21, 22, 23)),
    "cgroups-1": (V1, _one, (7, 8)),
    "in-a-container": (V2, _inside, (7,)),
    "without-cgroups": ("", lambda made: made.process(7, cgroup=f"0::{_SCOPE}\n"), (7,)),
}
"""The mounts of cgroups, what makes the machine, and the processes that are read."""
_PASSWD = "root:x:0:0:r:/root:/bin/sh\nme:x:1000:1000:m:/home/me:/bin/sh\nyou:x:1001:998:y:/home/you:/bin/sh\nbad:x:x:1:::\nshort:x\n"
_META = json.dumps({"Name": "far", "Endpoints": {"docker": {"Host": "tcp://10.0.0.9:2375"}}})
_ENGINE = {
    "proc/sys/kernel/hostname": "vm\n", "proc/sys/kernel/osrelease": "6.18.5\n", "proc/sys/kernel/kptr_restrict": "0\n", "proc/sys/fs/protected_symlinks": "1\n",
    "proc/sys/kernel/yama/ptrace_scope": "1\n", "proc/sys/net/ipv4/ip_forward": "1\n", "proc/sys/user/max_user_namespaces": "100\n",
    "proc/self/status": "Name:\tx\nSeccomp:\t0\n", "proc/self/mountinfo": f"{DISK}2 20 8:2 / /var/lib/docker rw - ext4 /dev/sdb rw\n{V2}",
    "sys/kernel/security/lsm": "capability,apparmor", "sys/fs/cgroup/cgroup.controllers": "cpu memory", "run/firewalld/x": "",
    "etc/passwd": _PASSWD, "etc/group": "root:x:0:\ndocker:x:998:me,root\nbroken\n", "etc/sudoers": "Cmnd_Alias BOX = /usr/bin/docker, /bin/ls\nme ALL=(ALL) NOPASSWD: BOX\n%adm ALL=(ALL:ALL) PASSWD: /usr/bin/docker\nDefaults x\n",
    "etc/sudoers.d/you": "you ALL = NOPASSWD: /usr/bin/podman \\\n, PASSWD: /bin/sh # c\n", "etc/sudoers.d/old.bak": "bad ALL=NOPASSWD: /usr/bin/docker\n",
    "etc/audit/rules.d/docker.rules": "-w /etc/docker -k d\n-a always,exit -F path=/usr/bin/dockerd -F perm=x\n-a never,exit -F dir=/usr\n",
    "etc/environment": "DOCKER_HOST=tcp://10.0.0.1:2375\n", "etc/profile.d/a.sh": "export DOCKER_HOST='tcp://10.0.0.2:2375'\nexport DOCKER_TLS_VERIFY=1\n",
    "home/me/.bashrc": "export DOCKER_HOST=tcp://10.0.0.3:2375 # x\n", "home/me/.docker/config.json": '{"auths": {"x": {"auth": "eA=="}}}',
    "home/me/.docker/contexts/meta/a/meta.json": _META, "home/you/.docker/config.json": '{"auths": {"x": {}}}', "home/you/.docker/contexts/meta/b/meta.json": "{",
    "home/you/.docker/contexts/meta/c/meta.json": _META.replace("10.0.0.9", "10.0.0.8"), "home/you/.docker/contexts/tls/c/docker/key.pem": "",
    "usr/lib/systemd/system/docker.service": '[Unit]\nExecStart=no\n[Service]\nEnvironmentFile=-/etc/default/docker\nEnvironment="A=--debug" B=x\nExecStart=-/usr/bin/dockerd -H fd:// \\\n $DOCKER_OPTS ${A} --label=$B\n# ExecStart=no\n',
    "etc/systemd/system/docker.service.d/z.conf": "[Service]\nEnvironment=B=y\n", "run/systemd/system/docker.service.d/z.conf": "[Service]\nEnvironment=B=hidden\n",
    "etc/default/docker": "# a\nDOCKER_OPTS='--icc=false --userland-proxy=false'\n", "etc/docker/daemon.json": '{"icc": true, "live-restore": true}',
    "etc/docker/certs.d/r.example/ca.crt": "", "etc/docker/certs.d/r.example/client.key": "", "etc/docker/certs.d/r.example/notes": "",
    "usr/bin/dockerd": "", "usr/bin/containerd": "", "usr/bin/runc": "", "etc/containerd/config.toml": "", "srv/tls.key": "",
    "proc/9/comm": "dockerd\n", "proc/9/cmdline": "dockerd\0-H\0fd://\0--icc=true\0--exec-root\0/run/x\0", "proc/9/cgroup": "0::/system.slice/docker.service\n",
    "proc/9/net/tcp": "  sl\n" + _ROW.format("   0: 0500000A:0949", "00000000:0000 0A", 1), "proc/9/mountinfo": DISK,
}  # fmt: skip
_HOSTS: Mapping[str, Mapping[str, str]] = {
    "host": _ENGINE,
    "host-without-engine": {path: text for path, text in _ENGINE.items() if not path.startswith("proc/9/")},
    "host-of-nothing": {"etc/x": ""},
}
_SHOWN = {f"{name}-inspected": name for name in _MACHINES}
NAMES = (*_MACHINES, *_HOSTS, *_SHOWN)


_OWNERS = ("uid", "gid", "owner", "group")
"""Fields that depend on who runs the tests."""


def record(name: str) -> str:
    """The record of a machine."""
    with TemporaryDirectory(prefix="sealock-", dir="/tmp") as folder:
        if name in _SHOWN:
            rows = list(_inspected(Path(folder), _SHOWN[name]))
        else:
            rows = list(_processes(Path(folder), name) if name in _MACHINES else _host(Path(folder), _HOSTS[name]))
        return "".join(f"{row}\n" for row in rows).replace(folder, "MACHINE")


def make_machine(name: str, folder: Path) -> bool:
    """Make a machine in a folder; False where there is none of that name."""
    if (known := _MACHINES.get(name)) is not None:
        mounts, make, _ = known
        make(Recorded(folder, mounts))
    return known is not None


def _processes(folder: Path, name: str) -> Iterator[str]:
    mounts, make, pids = _MACHINES[name]
    made = Recorded(folder, mounts)
    make(made)
    machine = ProcReader(str(folder))
    for pid in pids:
        yield from _shown(f"process {pid}", machine.read(pid, ("net.ipv4.ip_forward", "kernel.shmmax")))
        yield from _shown(f"brief {pid}", machine.brief(pid))
        yield from _shown(f"effective {pid}", effective(machine.read(pid), machine))
    members = gather(machine)
    for identity, of in members.by_id.items():
        yield f"members of {identity}: {[(member.process.pid, member.process.thread_of) for member in of]}"
    for target in (
        *(f"pid:{pid}" for pid in pids),
        f"container:{ID[:12]}",
        "container:00",
        "container:abcdef012345",
        "pid:99",
        "pid:x",
    ):
        yield from _looked(target, partial(look, target, machine))
    declared = Container(sysctls=(Sysctl("net.ipv4.ip_forward", "1"),))
    for identity, pid in ((ID, 7), (OTHER, 7), (ID, 21), (OTHER, 20), (ID, 99)):
        if pid in {*pids, 99}:
            there = DeclaredContainer(f"web {pid}", identity, pid, declared)
            yield from _looked(
                f"compare {identity[:4]} {pid}", partial(compare, there, machine, members, {OTHER: "other"})
            )


_DECLARED = json.dumps({
    "Id": ID, "Name": "/web", "Image": "sha256:1", "State": {"Status": "running", "Running": True, "Pid": 7},
    "Config": {"Image": "web:1", "User": "1000", "Env": ["A=1"], "Cmd": ["web"], "Labels": {}},
    "HostConfig": {"Memory": 1 << 27, "PidsLimit": 50, "NanoCpus": 10**9, "ReadonlyRootfs": True, "CapAdd": ["NET_ADMIN"], "CapDrop": ["ALL"], "SecurityOpt": ["no-new-privileges"], "PidMode": "host", "Privileged": False, "NetworkMode": "front", "Ulimits": [{"Name": "nofile", "Soft": 1024, "Hard": 8192}], "OomScoreAdj": 5},
    "Mounts": [{"Type": "bind", "Source": "/srv/data", "Destination": "/data", "RW": True}], "NetworkSettings": {"Networks": {"front": {}}},
})  # fmt: skip


def _inspected(folder: Path, name: str) -> Iterator[str]:
    """What `sealock inspect` shows of each process: narrow and wide, plain and in colours, and as JSON."""
    mounts, make, pids = _MACHINES[name]
    made = Recorded(folder, mounts)
    make(made)
    machine = ProcReader(str(folder))
    there = DeclaredContainer("web", ID, 7, read_inspect(_DECLARED).container)

    def of_process(pid: int | str) -> Inspection:
        return _inspection(look(f"pid:{pid}", machine), machine)

    views: dict[str, Callable[[], Inspection]] = {f"pid:{pid}": partial(of_process, pid) for pid in pids}
    views["container:web"] = lambda: _of_container(machine, compare(there, machine, gather(machine), {OTHER: "other"}))
    for target, inspect in views.items():
        try:
            inspection = inspect()
        except (TargetError, GoneError) as error:
            yield f"=== {target}: {error}"
            continue
        shapes: tuple[tuple[int, dict[str, Any]], ...] = (
            (80, {"explain": True}), (40, {"unicode": False}), (120, {"colour": True}),
        )  # fmt: skip
        for width, more in shapes:
            yield f"=== {target} at {width}"
            yield from render(inspection, width=width, **more).splitlines()
        if target == "container:web":
            yield from encoded(as_json(inspection)).splitlines()


def _of_container(machine: ProcReader, enforced: Any) -> Inspection:
    """An engine's container, with the names on its networks and what its filter blocks."""
    listed = Listed(ID, ("/web",), "web:1", "running")
    observed = ObservedContainer(listed, Source("engine", _DECLARED), read_inspect(_DECLARED), enforced)
    names = (("front", ("db", "cache")), ("links", ("old",)), ("back", ()))
    blocked = BlockedCalls(300, ("kexec_load", "mount", "pivot_root"), ("clone", "personality"))
    return replace(_inspection(enforced, machine, observed), names=names, blocked=blocked)


def _looked(title: str, look_at: Callable[[], object]) -> Iterator[str]:
    try:
        seen = look_at()
    except TargetError as error:
        yield f"{title}: {error}"
        return
    if isinstance(seen, Struct):
        # The process itself is shown above.
        yield from _shown(title, seen, without=("process", "effective"))
    else:
        yield f"{title}: {seen}"


def _host(folder: Path, texts: Mapping[str, str]) -> Iterator[str]:
    for path, text in texts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    for file in folder.rglob("*"):
        file.chmod(0o755 if file.is_dir() else 0o640)
    snapshot = read_host(str(folder), named=(("tls-key", "/srv/tls.key"),))
    yield from _shown("snapshot", snapshot, without=_OWNERS)
    document = host_document(None, root=str(folder))
    for subject in document.subjects:
        yield from _shown(
            f"{subject.kind} {subject.name}", subject.noun, without=("uid", "gid", "user", "group", "files")
        )
    yield from (f"error {error.location.file}:{error.location.line} {error.message}" for error in document.errors)
    yield from (f"source {name}: {source.text!r}" for name, source in document.sources.items())


def _shown(title: str, value: Any, without: tuple[str, ...] = ()) -> Iterator[str]:
    """A row for each field that is not the default."""
    if isinstance(value, Struct):
        yield f"{title}: {type(value).__name__}"
        for field in fields_of(value):
            part = getattr(value, field.name)
            default = field.default if field.default is not NODEFAULT else ...
            if part is not UNSET and part != default and field.name not in without:
                yield from (f"  {row}" for row in _shown(field.name, part, without))
    elif isinstance(value, tuple) and value and isinstance(value[0], Struct):
        for part in value:
            shown = ", ".join(
                f"{field.name}={getattr(part, field.name)!r}"
                for field in fields_of(part)
                if getattr(part, field.name) != field.default and field.name not in without
            )
            yield f"{title}: {type(part).__name__}({shown})"
    else:
        yield f"{title}: {value!r}"


if __name__ == "__main__":
    RECORDS.mkdir(exist_ok=True)
    for record_name in NAMES:
        (RECORDS / f"{record_name}.txt").write_text(record(record_name), encoding="utf-8")
