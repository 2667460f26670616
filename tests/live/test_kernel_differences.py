"""Every difference between declared and enforced is made on a real engine, and none is seen where nobody meddled."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from support.realengine import Engine
from support.realkernel import (
    HARD,
    PARENT,
    containers,
    differences,
    enforced,
    group,
    pid_of,
    pids,
    sealock,
    start,
    where,
    within,
    without_root,
    write,
)
from support.waiting import wait_until

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def docker() -> Iterator[Engine]:
    with containers() as one:
        yield one


CLEAN = {
    "plain": (),
    "hardened": HARD,
    "privileged": ("--privileged",),
    "namespaces of the host": ("--pid=host", "--ipc=host", "--uts=host", "--network=host"),
    "everything unconfined": (
        "--security-opt", "seccomp=unconfined", "--security-opt", "systempaths=unconfined", "--cap-add", "ALL",
    ),
    "some capabilities": ("--cap-drop", "NET_RAW", "--cap-add", "SYS_ADMIN"),
    "all dropped and one added": ("--cap-drop", "ALL", "--cap-add", "NET_BIND_SERVICE"),
    "folders of the host": ("-v", "/:/host", "-v", "/dev:/hostdev", "-v", "/run:/run:ro", "-v", "/proc:/hostproc"),
    "a folder in a folder": ("-v", "/usr:/u", "-v", "v1:/imgvol/x", "--mount", "type=tmpfs,target=/imgvol/x/y"),
    "devices": ("--device", "/dev/null:/dev/x", "--device", "/dev/full", "--device-cgroup-rule", "c 42:* rwm"),
    "a terminal": ("-t", "-i"),
    "limits in all spellings": (
        "-m", "32m", "--cpu-quota", "25000", "--cpu-period", "50000", "--cpu-shares", "512", "--cpuset-cpus", "0",
        "--oom-score-adj", "100", "--shm-size", "10m",
    ),
    "a memory limit without one of swap": ("-m", "40m", "--memory-swap", "-1"),
    "another parent of control groups": ("--cgroup-parent", PARENT),
    "settings of its own": (
        "--sysctl", "net.ipv4.ip_forward=0", "--sysctl", "net.ipv4.tcp_fin_timeout=30", "--sysctl", "kernel.sem=250 32000 32 128",
        "--ulimit", "nofile=100:200", "--ulimit", "core=0", "--oom-score-adj", "300",
    ),
    "a user of its own": ("--user", "1000:1000", "--group-add", "4242"),
}  # fmt: skip


@pytest.mark.parametrize("flags", CLEAN.values(), ids=CLEAN)
def test_an_unchanged_container_has_no_differences(docker: Engine, flags: tuple[str, ...]) -> None:
    assert differences(docker, start(docker, *flags)) == set()


def test_containers_that_share_namespaces_are_distinguished(docker: Engine) -> None:
    one = start(docker, "--name", "one", "--ipc", "shareable")
    two = start(docker, "--name", "two", "--pid=container:one", "--network=container:one", "--ipc=container:one")
    assert differences(docker, one) == differences(docker, two) == set()
    spaces = enforced(docker, "one").process.namespaces
    assert isinstance(spaces, tuple)
    shared = {space.kind: space.shared_with for space in spaces if space.shared_with}
    assert shared == {"pid": ("two",), "net": ("two",), "ipc": ("two",)}
    assert not enforced(docker, "two").others


def test_a_container_in_a_container_is_distinguished(docker: Engine) -> None:
    outer = start(docker, "--privileged")
    inner = "a" * 64
    docker.docker("exec", "-d", outer, "busybox", "unshare", "-m", "-p", "-f", "busybox", "sleep", "601")
    try:
        (pid,) = running("601")
        for controller in ("systemd", "memory", "pids", "freezer"):
            below = group(controller, outer) / "docker" / inner
            below.mkdir(parents=True)
            write(below / "cgroup.procs", str(pid))
        seen = enforced(docker, outer)
        assert pid not in {other.pid for other in seen.others} | set(seen.outside)
    finally:
        docker.docker("rm", "-f", outer)


def running(seconds: str) -> list[int]:
    """The processes that sleep so long, once there are some: what starts them detached does not wait for that."""
    wait_until(lambda: pids(seconds))
    return pids(seconds)


def memory_written_away(_docker: Engine, name: str) -> None:
    write(group("memory", name) / "memory.memsw.limit_in_bytes", "-1")
    write(group("memory", name) / "memory.limit_in_bytes", "-1")


def pids_written_away(_docker: Engine, name: str) -> None:
    write(group("pids", name) / "pids.max", "max")


def quota_written_away(_docker: Engine, name: str) -> None:
    write(group("cpu", name) / "cpu.cfs_quota_us", "-1")


def set_widened(_docker: Engine, name: str) -> None:
    write(group("cpuset", name) / "cpuset.cpus", (group("cpuset") / "cpuset.cpus").read_text(encoding="utf-8"))


def first_process_moved(docker: Engine, name: str) -> None:
    for controller in ("memory", "pids", "cpu", "cpuset", "devices", "blkio", "freezer", "cpuacct", "systemd"):
        write(group(controller) / "cgroup.procs", str(pid_of(docker, name)))


def first_process_moved_from_one_group(docker: Engine, name: str) -> None:
    write(group("memory") / "cgroup.procs", str(pid_of(docker, name)))


def other_process_moved(docker: Engine, name: str) -> None:
    docker.docker("exec", "-d", name, "busybox", "sleep", "602")
    for pid in running("602"):
        write(group("pids") / "cgroup.procs", str(pid))


def privileged_exec(docker: Engine, name: str) -> None:
    assert docker.docker("exec", "-d", "--privileged", name, "busybox", "sleep", "603").returncode == 0
    running("603")


def mounted_later(docker: Engine, name: str) -> None:
    within(docker, name, "mount", "-t", "tmpfs", "none", "/bin")


def mounted_over(docker: Engine, name: str) -> None:
    within(docker, name, "mount", "-t", "tmpfs", "none", "/imgvol")


def mounted_in_dev(docker: Engine, name: str) -> None:
    within(docker, name, "mount", "-t", "tmpfs", "none", "/dev/shm/../pts")


def root_remounted(docker: Engine, name: str) -> None:
    within(docker, name, "mount", "-o", "remount,rw,bind", "/")


def volume_remounted(docker: Engine, name: str) -> None:
    within(docker, name, "mount", "-o", "remount,rw,bind", "/data")


def uncovered(docker: Engine, name: str) -> None:
    within(docker, name, "umount", "/proc/sys")


def one_uncovered(docker: Engine, name: str) -> None:
    within(docker, name, "umount", "/proc/keys")


def made_writable(docker: Engine, name: str) -> None:
    within(docker, name, "mount", "-o", "remount,rw,bind", "/proc/sys")


def device_allowed(_docker: Engine, name: str) -> None:
    write(group("devices", name) / "devices.allow", "b 254:0 rwm")


def every_device_allowed(_docker: Engine, name: str) -> None:
    write(group("devices", name) / "devices.allow", "a")


def parameter_written(docker: Engine, name: str) -> None:
    words = [
        "nsenter",
        "-t",
        str(pid_of(docker, name)),
        "-n",
        "sh",
        "-c",
        "echo 60 >/proc/sys/net/ipv4/tcp_fin_timeout",
    ]
    subprocess.run(words, check=True)


def exec_as_root(docker: Engine, name: str) -> None:
    assert docker.docker("exec", "-d", "--user", "0", name, "busybox", "sleep", "604").returncode == 0
    running("604")


SLY = """
import ctypes, os, sys, threading, time
if os.fork() == 0:
    threading.Thread(target=time.sleep, args=(120,), daemon=True).start()
    header, none = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    assert ctypes.CDLL(None).capset(header, none) == 0
    print(os.getpid(), flush=True)
    for descriptor in (0, 1, 2):
        os.close(descriptor)
    time.sleep(120)
"""
"""A program whose first thread gives up all capabilities, and whose second keeps them. It ends by itself."""


def thread_with_capabilities(_docker: Engine, name: str) -> None:
    done = subprocess.run([sys.executable, "-c", SLY], capture_output=True, text=True, check=True)
    for controller in ("memory", "pids", "cpu", "cpuset", "devices", "blkio", "freezer", "cpuacct", "systemd"):
        write(group(controller, name) / "cgroup.procs", done.stdout.strip())


MEDDLED: list[tuple[str, tuple[str, ...], Callable[[Engine, str], None]]] = [
    ("K005", ("-m", "32m"), memory_written_away),
    ("K005", ("--pids-limit", "20"), pids_written_away),
    ("K005", ("--cpus", "0.5"), quota_written_away),
    ("K005", ("--cpuset-cpus", "0"), set_widened),
    ("K005", ("-m", "32m", "--pids-limit", "20"), first_process_moved),
    ("K011", (), first_process_moved),
    ("K011", (), first_process_moved_from_one_group),
    ("K011", (), other_process_moved),
    ("K010", (), privileged_exec),
    ("K010", ("--cap-drop", "ALL"), privileged_exec),
    ("K010", ("--cap-drop", "ALL"), thread_with_capabilities),
    ("K018", ("--user", "1000:1000"), exec_as_root),
    ("K018", ("--user", "1000:1000", "--cap-drop", "ALL"), exec_as_root),
    ("K017", ("--sysctl", "net.ipv4.tcp_fin_timeout=30"), parameter_written),
    ("K007", (), mounted_later),
    ("K007", (), mounted_over),
    ("K007", (), mounted_in_dev),
    ("K006", ("--read-only",), root_remounted),
    ("K016", ("-v", "vol:/data:ro"), volume_remounted),
    ("K013", (), uncovered),
    ("K013", (), one_uncovered),
    ("K013", (), made_writable),
    ("K012", (), device_allowed),
    ("K012", (), every_device_allowed),
]


@pytest.mark.parametrize(
    ("rule", "flags", "meddle"), MEDDLED, ids=[f"{rule}-{meddle.__name__}" for rule, _, meddle in MEDDLED]
)
def test_what_somebody_changes_afterwards_is_found(
    docker: Engine, rule: str, flags: tuple[str, ...], meddle: Callable[[Engine, str], None]
) -> None:
    name = start(docker, *flags)
    assert differences(docker, name) == set()
    meddle(docker, name)
    assert rule in differences(docker, name)


def test_without_root_what_is_hidden_is_skipped_and_named(docker: Engine) -> None:
    name = start(
        docker,
        "--privileged",
        "--pid=host",
        words=("busybox", "nsenter", "-t", str(os.getpid()), "-n", "busybox", "sleep", "600"),
    )
    rules = {"K008", "K010", "K011", "K014"}
    asroot = outcome(sealock("check", f"container:{name}", "--engine", where(docker), "--format", "json"))
    unseen = outcome(without_root("check", f"container:{name}", "--engine", where(docker), "--format", "json"))
    assert asroot["findings"] & rules == {"K008"}
    assert unseen["findings"] & rules == set()
    assert unseen["skipped"] >= rules


def outcome(done: subprocess.CompletedProcess[str]) -> dict[str, set[str]]:
    (target,) = json.loads(done.stdout)["targets"]
    return {kind: {entry["rule"] for entry in target[kind]} for kind in ("findings", "skipped")}


LIES = {
    "K001": ((), "[spec['process']['capabilities'][k].append('CAP_SYS_ADMIN') for k in ('bounding','permitted')]"),
    "K002": ((), "spec['linux'].pop('seccomp')"),
    "K003": (("--security-opt", "no-new-privileges"), "spec['process']['noNewPrivileges'] = False"),
    "K006": (("--read-only",), "spec['root']['readonly'] = False"),
    "K008": ((), "spec['linux']['namespaces'] = [n for n in spec['linux']['namespaces'] if n['type'] != 'uts']; spec.pop('hostname', None)"),
    "K009": (("--user", "1000:1000"), "spec['process']['user']['uid'] = 0"),
    "K013": ((), "spec['linux'].update(maskedPaths=[], readonlyPaths=[])"),
    "K014": ((), "spec['linux'].pop('sysctl', None); m = [dict(containerID=0, hostID=0, size=65536)]; spec['linux']['namespaces'].append(dict(type='user')); spec['linux'].update(uidMappings=m, gidMappings=m)"),
    "K017": (("--ulimit", "nofile=100:200"), "spec['process']['rlimits'] = []"),
    "K017, killed late": (("--oom-score-adj", "300"), "spec['process']['oomScoreAdj'] = 100"),
}  # fmt: skip


@pytest.mark.parametrize("rule", LIES)
def test_a_runtime_that_ignores_its_settings_is_found(docker: Engine, rule: str) -> None:
    flags, lie = LIES[rule]
    name = start(docker, *flags, "--runtime", "liar", "-e", f"LIE={lie}")
    assert differences(docker, name) == {rule[:4]}
