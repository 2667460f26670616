"""A container as `inspect` shows it, with what is known of it."""

from __future__ import annotations

from msgspec.structs import replace

from sealock.model.absent import UNSET
from sealock.model.container import Container, Mount
from sealock.model.enforced import Enforced, MachineSize
from sealock.model.finding import Severity
from sealock.model.inspection import BlockedCalls, Difference, Inspection, LimitAdvice
from sealock.model.process import AllowedDevice, IdRange, Limit, Namespace, Process, Socket

MIB = 1 << 20
PROCESS = Process(
    pid=4711, start=10_000, name="web", command=("web", "--port", "80"), inner_pid=1, container_id="0123456789ab" * 5,
    container_engine="docker", id_source="cgroup path", uid=101000, gid=101000, groups=(), effective=0, permitted=0,
    bounding=0xA80425FB, inheritable=0, ambient=0, no_new_privileges=False, seccomp=2, seccomp_filters=1,
    apparmor="docker-default (enforce)", selinux=UNSET,
    namespaces=(
        Namespace("mnt", 1, host=False), Namespace("net", 2, host=False, shared_with=("db", "cache")),
        Namespace("pid", 3, host=True), Namespace("user", 4, host=False), Namespace("time", 5, host=True), Namespace("ipc", 6),
    ),
    uid_map=(IdRange(0, 100000, 65536),), gid_map=(IdRange(0, 100000, 65536),), mounts=(), limits=(("nofile", 1024, 4096),),
    oom_score_adj=500, cgroup_version=2, cgroup_paths=(("", "/x"),),
    resources=(
        Limit("memory", 64 * MIB, 60 * MIB, peak=63 * MIB), Limit("memory.swap", 64 * MIB, 60 * MIB),
        Limit("memory.reservation", 32 * MIB), Limit("pids", 100, 3, group="/pods", peak=9), Limit("cpu.quota", 50000),
        Limit("cpu.period", 100000), Limit("cpu.time", None, 90_000_000), Limit("cpu.throttled", None, 4_200_000),
        Limit("io.read:8:0", 1048576),
    ),
    cpuset_cpus="0-3", cpuset_mems="0", devices=(AllowedDevice("c 1:3 rwm"),), sysctls=(),
    listening=(Socket("tcp", "0.0.0.0", 80), Socket("tcp6", "::1", 81), Socket("unix", "/run/web.sock", 0)),
)  # fmt: skip
EFFECTIVE = Container(
    read_only=True, cpus=0.5, cpuset_cpus="0-3", cpuset_mems=UNSET, device_rules=UNSET, unconfined_paths=False, cap_add=UNSET,
    mounts=(Mount("bind", "/var/lib/docker/volumes/data/_data", "/data"), Mount("tmpfs", None, "/tmp", options=("noexec",))),
)  # fmt: skip
LOOK = Inspection(
    enforced=Enforced(
        name="web",
        declared=Container(mounts=(Mount("volume", "data", "/data"),)),
        effective=EFFECTIVE,
        process=PROCESS,
        machine=MachineSize(8 << 30, "0-7", ((0, "0-7"),), 1000.0),
    ),
    cpus_used=0.1,
    advised=(
        LimitAdvice("--memory", "96m", "its limit was all but reached"),
        LimitAdvice("--pids-limit", "", "100 fits"),
    ),
    update="docker update --memory 96m web",
    differences=(
        Difference("K010", "contains process 9", Severity.HIGH),
        Difference("K012", "the cgroup's device rules could not be read"),
    ),
    unseen=("its rules on devices: no file shows them",),
    image="web:1",
)
LEARNT = replace(
    LOOK,
    rules=(("read_only", ("C040",)), ("mounts", ("C014", "C015")), ("memory", ("C028",)), ("pids_limit", ("C030",)), ("cap_add", ("C002",))),
    access=(("/data", "its user may read and enter it (0755, owner 0:0)"),),
    names=(("front", ("db", "cache")), ("back", ())),
    interfaces=("lo", "eth0"),
    blocked=BlockedCalls(375, ("mount", "reboot"), ("clone",)),
)  # fmt: skip
