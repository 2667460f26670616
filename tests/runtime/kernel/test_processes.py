"""A process out of recorded trees: kinds of machines that this one is not, and trees that lie."""

from __future__ import annotations

import os
from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest
from msgspec.structs import replace

from sealock.errors import TargetError
from sealock.model.absent import UNKNOWN, UNSET, given
from sealock.model.container import Container, Device, Mount, Sysctl
from sealock.model.process import Limit, Process
from sealock.runtime.kernel.effective import effective
from sealock.runtime.kernel.members import gather
from sealock.runtime.kernel.processes import GoneError, ProcReader
from sealock.runtime.kernel.tree import LIMIT, ProcTree, Silence
from sealock.runtime.kernel.views import DeclaredContainer, compare, look
from support.recordedtree import DISK, HOST, ID, OTHER, OWN, ROOT, V1, V2, Recorded

SCOPE = f"/system.slice/docker-{ID}.scope"
TWO = {
    "memory.max": "67108864", "memory.current": "1000000", "memory.peak": "2000000", "memory.low": "0",
    "memory.swap.max": "0", "memory.swap.current": "0", "pids.max": "100", "pids.current": "3", "pids.peak": "9",
    "cpu.max": "50000 100000", "cpu.weight": "100", "cpu.stat": "usage_usec 5000000\nthrottled_usec 7",
    "cpuset.cpus.effective": "0-3", "cpuset.mems.effective": "0", "io.max": "8:0 rbps=1048576 wbps=max riops=max wiops=9",
    "io.weight": "default 50", "cgroup.controllers": "cpuset cpu io memory pids",
}  # fmt: skip
ONE = {
    "memory": {"memory.limit_in_bytes": "67108864", "memory.usage_in_bytes": "1000000", "memory.max_usage_in_bytes": "2000000",
               "memory.soft_limit_in_bytes": "9223372036854771712", "memory.swappiness": "60",
               "memory.memsw.limit_in_bytes": "134217728", "memory.oom_control": "oom_kill_disable 1\nunder_oom 0"},
    "pids": {"pids.max": "100", "pids.current": "3"},
    "cpu": {"cpu.cfs_quota_us": "50000", "cpu.cfs_period_us": "100000", "cpu.shares": "512", "cpu.stat": "nr_throttled 1\nthrottled_time 7000"},
    "cpuacct": {"cpuacct.usage": "5000000000"},
    "cpuset": {"cpuset.effective_cpus": "0-3", "cpuset.effective_mems": "0"},
    "devices": {"devices.list": "c *:* m\nb *:* m\nc 1:3 rwm\nc 10:229 rwm"},
    "blkio": {"blkio.throttle.read_bps_device": "8:0 1048576", "blkio.throttle.write_bps_device": ""},
}  # fmt: skip
LINES_ONE = "".join(f"{index}:{name}:/docker/{ID}\n" for index, name in enumerate(ONE, 2))


@pytest.fixture
def two(tmp_path: Path) -> Recorded:
    made = Recorded(tmp_path)
    made.group(SCOPE, TWO)
    made.group(
        "/system.slice", {"cpuset.cpus.effective": "0-7", "cpuset.mems.effective": "0", "cgroup.controllers": "cpu"}
    )
    made.process(7, cgroup=f"0::{SCOPE}\n")
    return made


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    made = Recorded(tmp_path, V1)
    for controller, files in ONE.items():
        made.group(f"{controller}/docker/{ID}", files)
    made.group("cpuset/docker", {"cpuset.effective_cpus": "0-7", "cpuset.effective_mems": "0"})
    made.write("sys/dev/char/10:229/uevent", "MAJOR=10\nMINOR=229\nDEVNAME=fuse\n")
    made.process(7, cgroup=LINES_ONE)
    return made


def machine(made: Recorded) -> ProcReader:
    return ProcReader(str(made.folder))


def container(made: Recorded, pid: int = 7) -> Container:
    there = machine(made)
    return effective(there.read(pid), there)


def limits(process: Process) -> dict[str, Limit]:
    return {each.name: each for each in given(process.resources, ())}


def test_limits_and_use_of_version_2(two: Recorded) -> None:
    held = limits(machine(two).read(7))
    assert held["memory"] == Limit("memory", 67108864, 1000000, peak=2000000)
    assert held["memory.swap"] == Limit("memory.swap", 67108864, 1000000)
    assert held["pids"] == Limit("pids", 100, 3, peak=9)
    assert (held["cpu.time"].used, held["cpu.throttled"].used) == (5000000, 7)
    assert (held["io.read:8:0"].limit, held["io.writes:8:0"].limit) == (1048576, 9)
    assert "io.write:8:0" not in held
    seen = container(two)
    assert (seen.memory, seen.pids_limit, seen.cpus, seen.cpuset_cpus, seen.cpuset_mems) == (
        67108864,
        100,
        0.5,
        "0-3",
        UNSET,
    )
    assert (seen.oom_kill_disable, seen.cpu_shares, seen.blkio_weight) == (UNSET, UNSET, 50)
    assert (seen.device_rules, seen.devices) == (UNKNOWN, UNKNOWN)


def test_limits_and_use_of_version_1(recorded: Recorded) -> None:
    process = machine(recorded).read(7)
    held = limits(process)
    assert held["memory"] == Limit("memory", 67108864, 1000000, peak=2000000)
    assert held["memory.reservation"].limit is None
    assert (held["cpu.time"].used, held["cpu.throttled"].used) == (5000000, 7)
    assert held["io.read:8:0"].limit == 1048576
    seen = container(recorded)
    assert (seen.memory, seen.memory_swap, seen.cpus, seen.cpu_shares, seen.oom_kill_disable) == (
        67108864,
        134217728,
        0.5,
        512,
        True,
    )
    assert seen.devices == (Device("/dev/fuse", "/dev/fuse", "rwm"),)
    assert seen.device_rules == ("c 10:229 rwm",)


def test_a_limit_above_holds_too_and_is_named(two: Recorded) -> None:
    two.group("/system.slice", {"memory.max": "4096", "pids.max": "max"})
    held = limits(machine(two).read(7))
    assert (held["memory"].limit, held["memory"].group) == (4096, "/system.slice")
    assert (held["pids"].limit, held["pids"].group) == (100, "")


@pytest.mark.parametrize(
    ("own", "above", "cpus", "group"),
    [
        ("50000 100000", "25000 100000", 0.25, "/system.slice"),
        ("50000 100000", "150000 200000", 0.5, ""),
        ("max 100000", "10000 20000", 0.5, "/system.slice"),
        ("max 100000", "max 100000", UNSET, ""),
        ("50000 100000", "100000 0", 0.5, ""),
    ],
)
def test_processor_time_is_limited_by_the_fewest_on_the_way_up(
    two: Recorded, own: str, above: str, cpus: object, group: str
) -> None:
    two.group(SCOPE, {"cpu.max": own})
    two.group("/system.slice", {"cpu.max": above})
    assert (container(two).cpus, limits(machine(two).read(7))["cpu.quota"].group) == (cpus, group)


def test_so_it_is_in_version_one(recorded: Recorded) -> None:
    recorded.group("cpu/docker", {"cpu.cfs_quota_us": "20000", "cpu.cfs_period_us": "100000"})
    assert (container(recorded).cpus, limits(machine(recorded).read(7))["cpu.quota"].group) == (0.2, "/docker")


def test_swap_that_a_group_above_forbids_counts(two: Recorded) -> None:
    two.group(SCOPE, {"memory.swap.max": "max"})
    two.group("/system.slice", {"memory.swap.max": "0"})
    assert container(two).memory_swap == container(two).memory


def test_a_controller_that_was_not_handed_down_does_not_limit(two: Recorded) -> None:
    for name in ("memory.max", "pids.max", "cpu.max"):
        (two.folder / f"sys/fs/cgroup{SCOPE}/{name}").unlink()
    seen = container(two)
    assert (seen.memory, seen.pids_limit, seen.cpus) == (UNSET, UNSET, UNSET)


def test_without_cgroupfs_limits_are_unknown(tmp_path: Path) -> None:
    made = Recorded(tmp_path, "")
    made.process(7, cgroup=f"0::{SCOPE}\n")
    process = machine(made).read(7)
    assert (process.resources, process.cgroup_version, process.cpuset_cpus) == (UNKNOWN, UNKNOWN, UNKNOWN)
    assert (container(made).memory, container(made).memory_swap) == (UNKNOWN, UNKNOWN)


def test_in_a_private_namespace_the_group_reads_as_the_first(tmp_path: Path) -> None:
    made = Recorded(tmp_path, "25 1 0:22 / /sys/fs/cgroup rw - cgroup2 cgroup rw\n")
    made.group("/", TWO)
    made.process(
        7, cgroup="0::/\n", mountinfo=ROOT + f"9 8 8:1 /docker/containers/{ID}/hosts /etc/hosts rw - ext4 a rw\n"
    )
    process = machine(made).read(7)
    assert (process.container_id, process.id_source) == (ID, "mountinfo")
    assert limits(process)["memory"].limit == 67108864


@pytest.mark.parametrize("path", ["/../../etc", "/a/../../../etc", "/" + "x/" * 3000])
def test_a_group_that_leads_out_of_the_tree_is_not_followed(two: Recorded, path: str) -> None:
    two.write("etc/memory.max", "1")
    two.process(7, cgroup=f"0::{path}\n")
    assert limits(machine(two).read(7)).get("memory", Limit("memory")).limit is None


LABELS = {
    "AppArmor": ({"attr/apparmor/current": "docker-default (enforce)\n"}, "docker-default (enforce)", UNSET),
    "AppArmor in the old place": ({"attr/current": "docker-default (enforce)\n"}, "docker-default (enforce)", UNSET),
    "AppArmor, unconfined": ({"attr/current": "unconfined\n"}, "unconfined", UNSET),
    "SELinux": ({"attr/current": "system_u:system_r:container_t:s0:c1,c2\0"}, UNSET, "system_u:system_r:container_t:s0:c1,c2"),
    "SELinux, privileged": ({"attr/current": "system_u:system_r:spc_t:s0\0"}, UNSET, "system_u:system_r:spc_t:s0"),
    "both": ({"attr/apparmor/current": "unconfined\n", "attr/current": "a:b:container_t:s0\0"}, "unconfined", "a:b:container_t:s0"),
    "neither": ({}, UNSET, UNSET),
}  # fmt: skip


@pytest.mark.parametrize(("files", "apparmor", "selinux"), LABELS.values(), ids=LABELS)
def test_labels(two: Recorded, files: dict[str, str], apparmor: object, selinux: object) -> None:
    two.process(7, cgroup=f"0::{SCOPE}\n", files=files)
    process = machine(two).read(7)
    assert (process.apparmor, process.selinux) == (apparmor, selinux)


def test_the_labels_become_options(two: Recorded) -> None:
    two.process(7, files={"attr/apparmor/current": "docker-default (complain)\n", "attr/current": "a:b:spc_t:s0\0"})
    assert (container(two).apparmor, container(two).selinux) == ("docker-default", ("disable",))


NAMESPACES = [
    ("pid", "pid", "host", "private"),
    ("ipc", "ipc", "host", "private"),
    ("uts", "uts", "host", "private"),
    ("net", "network_mode", "host", UNSET),
    ("cgroup", "cgroupns", "host", "private"),
    ("user", "userns", UNSET, "private"),
]


@pytest.mark.parametrize(("kind", "field", "shared", "own"), NAMESPACES)
def test_namespaces_are_the_hosts_or_its_own(two: Recorded, kind: str, field: str, shared: object, own: object) -> None:
    two.process(7, spaces={kind: HOST[kind]})
    assert getattr(container(two), field) == shared
    two.process(7, spaces={kind: 4026539999})
    assert getattr(container(two), field) == own


def test_where_the_hosts_own_is_unknown_it_is_unknown(two: Recorded) -> None:
    # Inside a container, process 1 is the container's; an older kernel has no fixed number for networks.
    for pid in (1, "self"):
        two.process(pid, spaces={"pid": 4026532900, "net": 4026532901, "mnt": 4026532902}, mountinfo=DISK + V2)
    two.process(7, spaces={"pid": 4026532900, "net": 4026532901})
    seen = container(two)
    assert (seen.pid, seen.network_mode) == ("private", UNKNOWN)


def test_ids_inside_and_outside(two: Recorded) -> None:
    two.process(7, uid=100000, gid=100100, spaces={"user": 4026532500}, uid_map="0 100000 65536\n")
    assert container(two).user == "0:100"
    assert container(two).groups == UNSET


def test_inner_ids_are_shown_as_outer_ids(two: Recorded) -> None:
    two.process("self", spaces={"user": 4026532500}, mountinfo=DISK + V2)
    two.process(7, uid=5, gid=6, spaces={"user": 4026532500}, uid_map="0 100000 65536\n")
    process = machine(two).read(7)
    assert (process.uid, process.gid) == (100005, 100006)
    assert container(two).user == "5:6"


def test_groups_have_the_names_of_the_host_and_those_of_root_do_not_count(two: Recorded) -> None:
    two.write("etc/group", "root:x:0:\ndocker:x:998:me\nbroken\n")
    two.process(7, uid=1000, gid=1000, groups="1000 998 4242 0")
    assert container(two).groups == ("998(docker)", "4242", "0(root)")
    two.process(7, uid=0, gid=0, groups="0 1 2 6")
    assert container(two).groups == UNSET


MOUNTS = {
    "a folder of the host": ("/etc /host", "", [("bind", "/etc", "/host", False)]),
    "read-only": ("/etc /host", "ro", [("bind", "/etc", "/host", True)]),
    "the whole disk": ("/ /host", "", [("bind", "/", "/host", False)]),
    "what every container has": ("/d/containers/x/hosts /etc/hosts", "", []),
}


@pytest.mark.parametrize(("paths", "option", "found"), MOUNTS.values(), ids=MOUNTS)
def test_mounts(two: Recorded, paths: str, option: str, found: list[tuple[object, ...]]) -> None:
    two.process(7, mountinfo=f"{ROOT}1 2 8:1 {paths} {option or 'rw'},relatime - ext4 /dev/sda1 rw\n")
    mounts = given(container(two).mounts, ())
    assert [(each.kind, each.source, each.target, each.read_only) for each in mounts] == found


@pytest.mark.parametrize(
    ("line", "own"),
    [
        ("1 2 0:9 / /proc rw - proc proc rw", False),
        ("1 2 0:9 / /dev rw - tmpfs tmpfs rw", False),
        ("1 2 0:9 / /dev/shm rw - tmpfs shm rw", False),
        ("1 2 0:9 / /proc/acpi ro - tmpfs tmpfs ro", False),
        ("1 2 0:9 /null /proc/kcore rw - tmpfs tmpfs rw", False),
        ("1 2 0:9 /sys /proc/sys ro - proc proc rw", False),
        ("1 2 0:22 / /sys/fs/cgroup ro - cgroup2 cgroup rw", False),
        ("1 2 8:1 / /dev/shm rw - ext4 /dev/sda1 rw", True),
        ("1 2 0:5 /null /dev/null rw - devtmpfs udev rw", False),
        ("1 2 0:5 /sda /dev/null rw - devtmpfs udev rw", True),
        ("1 2 0:5 /sda /dev/sda rw - devtmpfs udev rw", True),
        ("1 2 0:5 / /dev rw - devtmpfs udev rw", True),
        ("1 2 8:1 /etc /proc/1/x rw - ext4 /dev/sda1 rw", True),
        ("1 2 0:77 / /tmp rw,nosuid - tmpfs tmpfs rw", True),
    ],
)  # fmt: skip
def test_what_engines_mount_is_omitted_from_requested_mounts(two: Recorded, line: str, own: object) -> None:
    two.process(7, mountinfo=f"{ROOT}{line}\n")
    assert bool(given(container(two).mounts, ())) == own


def test_what_came_along_with_a_directory_of_the_host_was_not_requested(two: Recorded) -> None:
    two.process("self", spaces=HOST, mountinfo=f"{DISK}21 20 0:33 / /run rw - tmpfs run rw\n{V2}")
    lines = (
        "1 2 8:1 / /host rw - ext4 a rw\n3 1 0:33 / /host/run rw - tmpfs run rw\n4 1 0:99 / /host/mnt rw - tmpfs x rw\n"
    )
    two.process(7, mountinfo=ROOT + lines)
    assert [each.target for each in given(container(two).mounts, ())] == ["/host", "/host/mnt"]


@pytest.mark.parametrize(
    ("line", "mount"),
    [
        pytest.param("1 2 0:33 / /hs rw,noexec - tmpfs shm rw", Mount("bind", "/dev/shm", "/hs", options=("noexec",)), id="the host's shared memory"),
        pytest.param("1 2 0:33 /a /hs rw - tmpfs shm rw", Mount("bind", "/dev/shm/a", "/hs"), id="a directory in it"),
        pytest.param("1 2 0:34 / /r ro - tmpfs run rw", Mount("bind", "/run", "/r", read_only=True), id="the host's /run"),
        pytest.param("1 2 0:77 / /hs rw,noexec,nosuid,nodev - tmpfs tmpfs rw", Mount("tmpfs", None, "/hs", options=("noexec", "nosuid", "nodev")), id="a tmpfs of its own"),
    ],
)  # fmt: skip
def test_a_tmpfs_of_the_host_is_a_bind_mount_of_it(two: Recorded, line: str, mount: Mount) -> None:
    host = f"{DISK}21 20 0:33 / /dev/shm rw - tmpfs shm rw\n22 20 0:34 / /run rw - tmpfs run rw\n{V2}"
    two.process("self", spaces=HOST, mountinfo=host)
    two.process(7, mountinfo=f"{ROOT}{line}\n")
    assert container(two).mounts == (mount,)


def test_a_tmpfs_is_a_tmpfs_where_the_hosts_mounts_are_not_visible(two: Recorded) -> None:
    line = "1 2 0:33 / /hs rw,noexec,nosuid,nodev - tmpfs shm rw\n"
    inside = HOST | {"pid": 4026532900, "mnt": 4026532901}
    two.process("self", spaces=inside, mountinfo=f"{ROOT}{line}{V2}")
    two.process(7, spaces=inside, mountinfo=ROOT + line)
    assert [mount.kind for mount in given(container(two).mounts, ())] == ["tmpfs"]


@pytest.mark.parametrize(
    ("values", "added", "dropped", "owned"),
    [
        pytest.param({"uid": 1000, "caps": "0" * 16, "bounding": "00000000a82425fb", "no_new": 1}, UNSET, ("ALL",), UNSET, id="an ordinary user with no_new_privs has none"),
        pytest.param({"uid": 1000, "caps": "0" * 16, "bounding": "00000000a82425fb"}, ("SYS_ADMIN",), UNSET, UNSET, id="without it a setuid program could gain them"),
        pytest.param({"uid": 1000, "caps": "0000000000200000", "bounding": "00000000a82425fb", "no_new": 1}, ("SYS_ADMIN",), ("ALL",), ("SYS_ADMIN",), id="an ordinary user who holds one"),
        pytest.param({"uid": 0, "caps": "0" * 16, "bounding": "00000000a82425fb"}, ("SYS_ADMIN",), UNSET, UNSET, id="root gets them with the next program"),
        pytest.param({"uid": 0, "caps": "0" * 16, "bounding": "00000000a82425fb", "no_new": 1}, UNSET, ("ALL",), UNSET, id="with no_new_privs root does not"),
        pytest.param({"uid": 1000, "caps": "000001ffffffffff", "bounding": "000001ffffffffff"}, ("ALL",), UNSET, ("ALL",), id="an ordinary user with all"),
        pytest.param({"uid": 101000, "uid_map": "0 100000 65536\n", "caps": "0" * 16, "bounding": "00000000a82425fb", "no_new": 1}, UNSET, ("ALL",), UNSET, id="an ordinary user of a user namespace"),
    ],
)  # fmt: skip
def test_capabilities_are_those_that_it_can_have(
    two: Recorded, values: dict[str, Any], added: object, dropped: object, owned: object
) -> None:
    two.process(7, **values)
    seen = container(two)
    assert (seen.cap_add, seen.cap_drop, seen.cap_held) == (added, dropped, owned)


@pytest.mark.parametrize(
    ("own", "shown"),
    [
        pytest.param({}, [], id="none that is like its process"),
        pytest.param({"uid": 0}, [(9, 7)], id="another user"),
        pytest.param({"uid": 1000, "caps": "000001ffffffffff"}, [(9, 7)], id="more capabilities"),
        pytest.param({"uid": 1000, "seccomp": 0}, [(9, 7)], id="no seccomp filter"),
        pytest.param({"uid": 1000, "no_new": 1}, [(9, 7)], id="no_new_privs of its own"),
        pytest.param({"uid": 1000, "cgroup": "0::/\n"}, [(9, 7)], id="another cgroup"),
        pytest.param({"uid": 1000, "spaces": {**OWN, "net": 4026531833}}, [(9, 7)], id="another namespace"),
    ],
)
def test_threads_that_differ_from_their_process_are_read(
    two: Recorded, own: dict[str, Any], shown: list[tuple[int, int]]
) -> None:
    two.process(7, uid=1000, cgroup=f"0::/docker/{ID}\n")
    two.process("7/task/7", uid=1000, cgroup=f"0::/docker/{ID}\n")
    two.process("7/task/9", **{"uid": 1000, "cgroup": f"0::/docker/{ID}\n", **own})
    machine = ProcReader(str(two.folder))
    members = gather(machine).by_id[ID]
    assert [(member.process.pid, member.process.thread_of) for member in members] == [(7, 0), *shown]


@pytest.mark.parametrize(
    ("meanwhile", "shown"),
    [
        pytest.param("nothing", [(7, 0), (9, 7)], id="it stays as it is"),
        pytest.param("program", [(7, 0)], id="the program of the image takes the place of the runtime's"),
        pytest.param("end", [], id="it ends"),
    ],
)
def test_a_process_whose_threads_differ_is_looked_at_again(
    two: Recorded, meanwhile: str, shown: list[tuple[int, int]]
) -> None:
    two.process(7, uid=0, caps="0" * 16, cgroup=f"0::/docker/{ID}\n")
    two.process("7/task/9", uid=0, caps="000001ffffffffff", cgroup=f"0::/docker/{ID}\n")
    paused: list[float] = []

    def pause(seconds: float) -> None:
        paused.append(seconds)
        if meanwhile != "nothing":
            rmtree(two.folder / "proc" / "7" / ("task" if meanwhile == "program" else ""))

    members = gather(ProcReader(str(two.folder)), pause).by_id.get(ID, [])
    assert [(member.process.pid, member.process.thread_of) for member in members] == shown
    assert len(paused) == 1


def test_processes_that_end_or_begin_while_one_looks_hide_no_other(two: Recorded) -> None:
    for pid in (3, 4, 5):
        two.process(pid, name="runc:[2:INIT]", cgroup=f"0::/docker/{ID}\n")
    two.process(6, cgroup=f"0::/docker/{ID}\n")
    (two.folder / "proc/3/stat").unlink()

    def pause(_seconds: float) -> None:
        rmtree(two.folder / "proc/4")
        two.process(5, name="another", cgroup=f"0::/docker/{ID}\n", start=9000)

    members = gather(ProcReader(str(two.folder)), pause).by_id[ID]
    assert [member.process.pid for member in members] == [6, 7]


@pytest.mark.parametrize(
    ("name", "pauses"),
    [("runc:[2:INIT]", 1), ("youki:[1:CHILD]", 1), ("crun", 1), ("runc", 0), ("runc:[2:INIT]x", 0), ("crunch", 0)],
)
def test_a_process_named_like_a_runtime_is_looked_at_again(two: Recorded, name: str, pauses: int) -> None:
    two.process(7, name=name, uid=0, caps="000001ffffffffff", cgroup=f"0::/docker/{ID}\n")
    paused: list[float] = []

    def pause(seconds: float) -> None:
        paused.append(seconds)
        two.process(7, uid=1000, caps="0" * 16, cgroup=f"0::/docker/{ID}\n")

    (member,) = gather(ProcReader(str(two.folder)), pause).by_id.get(ID, [])
    assert len(paused) == pauses
    assert member.process.uid == (1000 if pauses else 0)


@pytest.mark.parametrize(
    ("name", "host"),
    [
        pytest.param("dockerd", True, id="the engine's"),
        pytest.param("podman", True, id="Podman's"),
        pytest.param("socat", False, id="those of a proxy of its socket"),
    ],
)
def test_the_namespaces_of_the_engine_are_the_hosts_to_its_containers(two: Recorded, name: str, host: object) -> None:
    spaces = {**OWN, "net": 4026532900, "user": 4026532901}
    two.process(5, spaces=spaces | {"pid": 4026532902}, files={"comm": f"{name}\n"})
    two.process(7, spaces={**OWN, "net": 4026532900, "user": 4026532901, "pid": 4026532903})
    read = ProcReader(str(two.folder), engine=5).read(7).namespaces
    shown = {space.kind: space.host for space in given(read, ())}
    assert (shown["net"], shown["pid"], shown["user"]) == (host, False, False)


@pytest.mark.parametrize(
    ("caps", "added", "dropped", "privileged"),
    [
        ("00000000a80425fb", UNSET, UNSET, False),
        ("0000000000000000", UNSET, ("ALL",), False),
        ("0000000000000400", ("NET_BIND_SERVICE",), ("ALL",), False),
        ("00000000a80405fb", UNSET, ("NET_RAW",), False),
        ("00000000a82425fb", ("SYS_ADMIN",), UNSET, False),
        ("000001ffffffffff", ("ALL",), UNSET, True),
        ("0000000000200000", ("SYS_ADMIN",), ("ALL",), False),
    ],
)  # fmt: skip
def test_capabilities(two: Recorded, caps: str, added: object, dropped: object, privileged: object) -> None:
    two.process(7, caps=caps, seccomp=0)
    seen = container(two)
    assert (seen.cap_add, seen.cap_drop, seen.privileged) == (added, dropped, privileged)


@pytest.mark.parametrize(
    ("devices", "privileged"),
    [("a *:* rwm", True), ("c 1:3 rwm\nc 10:229 rwm", False), ("c 1:3 rwm\nc 1:5 rwm", False)],
    ids=["all devices", "one more than usual", "the usual ones"],
)
def test_who_has_no_more_devices_than_usual_is_not_privileged(
    recorded: Recorded, devices: str, *, privileged: bool
) -> None:
    recorded.group(f"devices/docker/{ID}", {"devices.list": devices})
    recorded.process(7, caps="000001ffffffffff", seccomp=0, cgroup=LINES_ONE)
    assert container(recorded).privileged is privileged


def test_who_holds_none_can_still_gain_what_the_bounding_set_has(two: Recorded) -> None:
    two.process(7, caps="0000000000000000", bounding="00000000a82425fb", uid=1000, gid=1000)
    assert container(two).cap_add == ("SYS_ADMIN",)


class Reusing(ProcTree):
    """A machine on which a process ends while it is read, and another takes its id."""

    def text(self, path: str) -> str | Silence:
        held = super().text(path)
        if path == "proc/7/status":
            Recorded(self.folder).process(7, start=6000)
        return held

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder))
        self.folder = folder


def test_a_process_that_ended_is_not_mixed_with_the_next_of_its_id(two: Recorded) -> None:
    there = machine(two)
    there.tree = Reusing(two.folder)
    with pytest.raises(GoneError, match="process 7 ended while it was read"):
        there.read(7)
    with pytest.raises(GoneError, match="process 8 does not exist"):
        machine(two).read(8)


HOSTILE = ["name\x1b[2J", "x\\nUid:\\t0\\t0", ") R 1 2 3", "\u202egpj.exe", "a" * 4000]


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_process_may_call_itself_what_it_likes(two: Recorded, name: str) -> None:
    two.process(7, name=name, uid=1000, gid=1000)
    process = machine(two).read(7)
    assert (process.uid, process.start) == (1000, 5000)


@pytest.mark.parametrize(
    "file", ["mountinfo", "cgroup", "status", "cmdline", "uid_map", "limits", "net/tcp", "net/unix"]
)
@pytest.mark.parametrize("kind", ["pipe", "link", "huge", "folder", "gone", "noise"])
def test_no_file_of_a_process_makes_it_hang_or_fail(two: Recorded, file: str, kind: str) -> None:
    path = two.folder / "proc/7" / file
    path.unlink(missing_ok=True)
    secret = two.write("etc/shadow", "Uid:\t4242\t4242\n0::/secret\n")
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "link":
            path.symlink_to(secret)
        case "huge":
            path.write_bytes(b"x 1 2\n" * (LIMIT // 6 + 10))
        case "folder":
            path.mkdir()
        case "noise":
            path.write_bytes(bytes(range(256)) * 40)
        case _:
            pass
    process = machine(two).read(7)
    container(two)
    assert process.pid == 7
    assert "4242" not in repr(process)
    assert "/secret" not in repr(process)


def test_a_tree_is_not_left_by_a_link(two: Recorded) -> None:
    (two.folder / "proc/9").symlink_to("/proc/1")
    tree = ProcTree(str(two.folder))
    assert tree.text("proc/7/cgroup") == f"0::{SCOPE}\n"
    assert tree.text("proc/absent") is Silence.MISSING
    assert tree.text("proc/7/cgroup/x") is Silence.MISSING


def test_what_the_kernel_breaks_off_is_no_text() -> None:
    """The memory of a process begins with what is no part of it."""
    assert ProcTree("/").text("proc/self/mem") is Silence.BROKEN


def test_a_directory_that_ends_while_it_is_listed_has_no_names(two: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(_: int) -> list[os.DirEntry[str]]:
        raise ProcessLookupError

    tree = ProcTree(str(two.folder))
    assert tree.names("proc/7")
    monkeypatch.setattr(os, "scandir", gone)
    assert tree.names("proc/7") == ()


def test_who_is_elsewhere_for_systemd_alone_is_in_its_group(two: Recorded) -> None:
    two.process(7, cgroup=f"1:name=systemd:/docker/{ID}\n0::/docker/{ID}\n")
    two.process(8, cgroup=f"1:name=systemd:/\n0::/docker/{ID}\n")
    there = machine(two)
    assert gather(there).of(there.read(7))[1] == ()


def test_a_process_whose_namespaces_may_not_be_seen_hides_what_it_is(two: Recorded) -> None:
    two.process(8)
    for pid, hidden in ((1, False), (8, True)):
        there = machine(two)
        there.tree.denied.add(f"proc/{pid}/ns/mnt")
        assert gather(there).hidden is hidden


def test_who_is_in_a_container_is_found_by_what_it_sees(two: Recorded) -> None:
    two.process(8, cgroup=f"0::{SCOPE}/below\n")
    two.process(9, cgroup="0::/init.scope\n")
    two.process(10, cgroup="0::/init.scope\n", spaces={"mnt": OWN["mnt"]})
    two.process(11, cgroup=f"0::/docker/{OTHER}\n", spaces={**OWN, "mnt": 4026533333})
    two.process(12, cgroup=f"0::/docker/{OTHER}\n", spaces=OWN)
    two.process(13, cgroup="0::/init.scope\n", spaces=HOST)
    there = machine(two)
    others, outside = gather(there).of(there.read(7))
    # 11 is another container's that shares its view of processes; 12 was moved into that one's group.
    assert {each.pid for each in others} == {8, 9, 10, 12}
    assert set(outside) == {9, 10, 12}


def test_with_version_1_who_left_one_controllers_group_is_outside(recorded: Recorded) -> None:
    recorded.process(8, cgroup=LINES_ONE.replace(f"memory:/docker/{ID}", "memory:/"))
    there = machine(recorded)
    assert gather(there).of(there.read(7))[1] == (8,)


def test_namespaces_are_shared_with_those_who_are_in_them(two: Recorded) -> None:
    two.process(
        8,
        cgroup=f"0::/docker/{OTHER}\n",
        spaces={**OWN, "mnt": 4026533333, "pid": 4026533334, "ipc": 4026533335, "uts": 4026533336},
    )
    there = machine(two)
    seen = compare(DeclaredContainer("web", ID, 7, Container()), there, gather(there), {OTHER: "db"})
    assert not isinstance(seen, str)
    assert {each.kind: each.shared_with for each in given(seen.process.namespaces, ()) if each.shared_with} == {
        "net": ("db",)
    }


@pytest.mark.parametrize(
    ("cgroup", "mountinfo", "found"),
    [
        (f"0::{SCOPE}\n", ROOT, ()),
        ("0::/\n", ROOT + f"9 8 8:1 /docker/containers/{ID}/hosts /etc/hosts rw - ext4 a rw\n", (7,)),
        (f"0::/docker/{OTHER}\n", ROOT + f"9 8 8:1 /docker/containers/{ID}/hosts /etc/hosts rw - ext4 a rw\n", (7,)),
        ("0::/\n", ROOT, "process 7 does not seem to be in this container"),
        (f"0::/docker/{OTHER}\n", ROOT, "process 7 does not seem to be in this container"),
    ],
    ids=["in its group", "moved out of it", "moved into another", "no sign of the container", "in another"],
)
def test_what_an_engine_says_is_held_against_the_kernel(
    two: Recorded, cgroup: str, mountinfo: str, found: object
) -> None:
    two.process(7, cgroup=cgroup, mountinfo=mountinfo)
    there = machine(two)
    seen = compare(DeclaredContainer("web", ID, 7, Container()), there, gather(there), {})
    assert (seen if isinstance(seen, str) else seen.outside) == found
    assert (
        compare(DeclaredContainer("web", ID, 99, Container()), there, gather(there), {}) == "process 99 does not exist"
    )


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("pid:", "is not a process"),
        ("pid:1x", "is not a process"),
        ("pid:-1", "is not a process"),
        ("pid:99999999999999999999", "is not a process"),
        ("pid:\u0661", "is not a process"),
        ("pid:1000000000", "is not a process"),
        ("pid:999999999", "process 999999999 does not exist"),
        ("pid:99", "process 99 does not exist"),
        ("container:web", "no process is in a container with this id"),
        (f"container:{OTHER}", "no process is in a container with this id"),
    ],
)
def test_what_names_no_process_is_an_error(two: Recorded, target: str, said: str) -> None:
    with pytest.raises(TargetError, match=said):
        look(target, machine(two))


@pytest.mark.parametrize(
    ("uid", "target", "options", "hidden"),
    [
        pytest.param(1000, "/proc", "rw,gid=4,hidepid=2", True, id="the processes of others"),
        pytest.param(1000, "/proc", "rw,hidepid=invisible", True, id="the same by its name"),
        pytest.param(1000, "/proc", "rw,hidepid=1", True, id="their files"),
        pytest.param(1000, "/proc", "rw,hidepid=0", False, id="nothing"),
        pytest.param(1000, "/proc", "rw,hidepid=off", False, id="nothing, by its name"),
        pytest.param(1000, "/proc", "rw", False, id="nothing, as usual"),
        pytest.param(1000, "/srv/proc", "rw,hidepid=2", False, id="those of a mount elsewhere"),
        pytest.param(0, "/proc", "rw,hidepid=2", False, id="nothing from root"),
    ],
)
def test_what_proc_hides_from_this_user_is_known(
    two: Recorded, monkeypatch: pytest.MonkeyPatch, uid: int, target: str, options: str, *, hidden: bool
) -> None:
    mounted = f"{DISK}{V2}26 20 0:5 / {target} rw,nosuid - proc proc {options}\n"
    two.process("self", spaces=HOST, mountinfo=mounted)
    monkeypatch.setattr("os.geteuid", lambda: uid)
    there = machine(two)
    assert gather(there).hidden == hidden
    with pytest.raises(TargetError) as raised:
        look("pid:99", there)
    assert ("/proc hides it from you" in str(raised.value)) == hidden


def test_a_container_is_found_by_its_ids_beginning_and_by_its_first_process(two: Recorded) -> None:
    two.process(3, cgroup=f"0::{SCOPE}\n", start=9000)
    seen = look(f"container:{ID[:12]}", machine(two))
    assert (seen.process.pid, [each.pid for each in seen.others]) == (7, [3])
    two.process(8, cgroup=f"0::/docker/{ID[:-1]}a\n")
    with pytest.raises(TargetError, match="several container ids start like this"):
        look(f"container:{ID[:12]}", machine(two))


def test_the_machines_mounts_are_read_as_they_are_now(two: Recorded) -> None:
    there = machine(two)
    before = there.mounts
    assert there.mounts is before
    two.write("proc/self/mountinfo", DISK)
    assert len(there.mounts) == 1


def test_mounts_without_end_are_bounded(two: Recorded) -> None:
    deep = "/x" * 900
    lines = "".join(f"1 2 8:1 /a{index} {deep}/{index} rw - ext4 a rw\n" for index in range(2200))
    two.process(7, mountinfo=ROOT + lines)
    assert len(given(container(two).mounts, ())) == 2200
    lines = "".join(f"1 2 8:1 /a{index} /m{index} rw - ext4 a rw\n" for index in range(6000))
    two.process(7, mountinfo=ROOT + lines)
    assert len(given(container(two).mounts, ())) == 5000


def test_parameters_are_those_that_differ_from_the_machines(two: Recorded) -> None:
    # A recording holds the parameters of who made it: only in its own namespaces are they a process's.
    two.write("proc/sys/net/ipv4/ip_forward", "1\n")
    two.process(7, spaces=HOST)
    there = machine(two)
    process = there.read(7)
    assert given(process.sysctls, ()) == (("net.ipv4.ip_forward", "1"),)
    assert effective(process, there).sysctls == UNSET
    other = replace(process, sysctls=(("net.ipv4.ip_forward", "1"), ("kernel.msgmax", "9")))
    assert effective(other, there).sysctls == (Sysctl("kernel.msgmax", "9"),)
    two.process(7, spaces=OWN)
    assert machine(two).read(7).sysctls is UNKNOWN
    assert container(two).sysctls is UNKNOWN


@pytest.mark.parametrize(
    ("group", "parent"),
    [
        (f"/docker/{ID}", UNSET),
        (SCOPE, UNSET),
        (f"/machine.slice/libpod-{ID}.scope", UNSET),
        (f"/kubepods/burstable/pod1/{ID}", UNSET),
        (f"/batch/{ID}", "/batch"),
        (f"/batch.slice/docker-{ID}.scope", "/batch.slice"),
        (f"/{ID}", "/"),
        ("/", UNKNOWN),
    ],
)
def test_the_group_above_is_shown_where_no_engine_chose_it(two: Recorded, group: str, parent: object) -> None:
    two.process(7, cgroup=f"0::{group}\n")
    assert container(two).cgroup_parent == parent


COVERS = (
    "1 2 0:9 / /proc rw - proc proc rw\n"
    "1 2 0:50 /null /proc/kcore rw - tmpfs tmpfs rw\n1 2 0:50 /null /proc/keys rw - tmpfs tmpfs rw\n"
    "1 2 0:9 /sys /proc/sys ro - proc proc rw\n1 2 0:9 /bus /proc/bus ro - proc proc rw\n"
)


@pytest.mark.parametrize(
    ("replaced", "uncovered", "unconfined"),
    [
        ("", (), False),
        ("1 2 0:50 /null /proc/keys rw - tmpfs tmpfs rw\n", ("/proc/keys",), False),
        ("1 2 0:9 /bus /proc/bus ro - proc proc rw\n", ("/proc/bus",), False),
        (COVERS, ("/proc/kcore", "/proc/keys", "/proc/bus", "/proc/sys"), True),
    ],
    ids=["all covered", "one lies open", "one can be written to", "nothing covered"],
)
def test_what_of_the_kernels_own_paths_lies_open(
    two: Recorded, replaced: str, uncovered: tuple[str, ...], unconfined: object
) -> None:
    for path in ("proc/kcore", "proc/keys", "proc/bus/input"):
        two.write(path, "")
    two.process(7, mountinfo=ROOT + COVERS.replace(replaced, "") if replaced else ROOT + COVERS)
    assert machine(two).read(7).uncovered == uncovered
    assert container(two).unconfined_paths == unconfined


@pytest.fixture
def within(two: Recorded) -> Recorded:
    """A machine as it looks from inside a container: process 1 and whoever reads are that container's."""
    lines = f"{ROOT}1 2 8:1 /srv/data /data rw - ext4 a rw\n1 2 0:44 /x /more rw - nfs4 b rw\n{V2}"
    for pid in (1, "self", 7):
        two.process(pid, cgroup="0::/\n", mountinfo=lines)
    return two


def test_from_inside_a_source_is_the_path_within_its_disk_and_else_unknown(within: Recorded) -> None:
    assert machine(within).mounts == ()
    found = {each.target: each.source for each in given(container(within).mounts, ())}
    assert found == {"/data": "/srv/data", "/more": None}


def test_from_inside_the_first_process_does_not_show_what_all_capabilities_are(within: Recorded) -> None:
    assert (container(within).cap_add, container(within).privileged) == (UNSET, False)
    for pid in (1, "self", 7):
        # All but one: the machine's own first process may have lacked it.
        within.process(pid, caps="000001fffeffffff", seccomp=0)
    assert (container(within).cap_add, container(within).privileged) == (("ALL",), True)


@pytest.mark.parametrize(("name", "found"), [(ID[:12], (ID[:12], "host name")), ("web", ("", UNSET))])
def test_from_inside_a_short_id_as_the_host_name_comes_last(
    within: Recorded, name: str, found: tuple[object, ...]
) -> None:
    within.write("proc/sys/kernel/hostname", f"{name}\n")
    process = machine(within).read(7)
    assert (process.container_id, process.id_source) == found


def test_the_name_of_whoever_reads_is_not_that_of_another_container(within: Recorded) -> None:
    within.write("proc/sys/kernel/hostname", f"{ID[:12]}\n")
    within.process(7, cgroup="0::/\n", spaces={**OWN, "uts": 4026539999})
    assert machine(within).read(7).container_id == ""


def test_a_process_in_the_hosts_files_sees_all_of_them(two: Recorded) -> None:
    two.process(7, spaces=HOST, mountinfo=DISK)
    (mount,) = given(container(two).mounts, ())
    assert (mount.kind, mount.source, mount.target, mount.read_only) == ("bind", "/", "/", False)


@pytest.mark.parametrize(
    ("release", "told"),
    [("6.18.4-amd64", {"net": False, "mnt": False}), ("6.17.9", {"net": None, "mnt": None}), ("odd", {"net": None, "mnt": None})],
)  # fmt: skip
def test_from_inside_a_kernel_that_fixed_the_numbers_shows_whose_network_it_is(
    tmp_path: Path, release: str, told: dict[str, bool | None]
) -> None:
    made = Recorded(tmp_path)
    made.write("proc/sys/kernel/osrelease", f"{release}\n")
    for pid in (1, "self", 7):
        made.process(pid)
    spaces = given(ProcReader(str(tmp_path)).read(7).namespaces, ())
    assert {space.kind: space.host for space in spaces if space.kind in told} == told
