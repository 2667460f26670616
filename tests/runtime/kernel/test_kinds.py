"""Recorded containers of other machines: an unchanged one has no differences between declared and effective."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sealock.model.absent import UNSET
from sealock.model.container import Container, Device, Mount, container
from sealock.model.document import Document, Subject
from sealock.model.enforced import Enforced
from sealock.model.location import Place, Source
from sealock.rules.catalog import rules
from sealock.rules.evaluation import Evaluation, evaluate
from sealock.runtime.kernel.members import gather
from sealock.runtime.kernel.processes import ProcReader
from sealock.runtime.kernel.views import DeclaredContainer, compare
from support.recordedtree import ID, OWN, Recorded

SCOPE = f"/system.slice/docker-{ID}.scope"
USUAL = """\
100 99 0:60 / / {root},relatime - overlay overlay rw,lowerdir=/l,upperdir=/u
101 100 0:61 / /proc rw - proc proc rw
102 100 0:62 / /dev rw,nosuid - tmpfs tmpfs rw
103 102 0:63 / /dev/pts rw - devpts devpts rw
104 102 0:64 / /dev/shm rw - tmpfs shm rw,size=65536k
105 102 0:65 / /dev/mqueue rw - mqueue mqueue rw
106 100 0:66 / /sys ro - sysfs sysfs ro
107 106 0:22 / /sys/fs/cgroup ro - cgroup2 cgroup rw
108 101 0:62 /null /proc/kcore rw - tmpfs tmpfs rw
109 101 0:62 /null /proc/keys rw - tmpfs tmpfs rw
110 101 0:61 /sys /proc/sys ro - proc proc rw
111 106 0:67 / /sys/firmware ro - tmpfs tmpfs ro
112 100 8:1 /var/lib/docker/containers/{id}/hosts /etc/hosts rw - ext4 /dev/sda1 rw
"""
DEVICES = "".join(
    f"{120 + index} 102 0:5 /{name} /dev/{name} rw,nosuid - devtmpfs udev rw\n"
    for index, name in enumerate(("null", "zero", "full", "random", "urandom", "tty"))
)
LIMITS = {
    "cgroup.controllers": "cpuset cpu io memory pids", "memory.max": "max", "memory.current": "5", "memory.swap.max": "max",
    "memory.low": "0", "pids.max": "max", "pids.current": "1", "cpu.max": "max 100000", "cpu.weight": "100",
    "cpuset.cpus.effective": "0-7", "cpuset.mems.effective": "0",
}  # fmt: skip
MEMORY = {
    "memory.max": "67108864",
    "memory.swap.max": "67108864",
    "memory.low": "33554432",
    "pids.max": "50",
    "cpu.max": "50000 100000",
}
REMAPPED = {"uid": 100000, "gid": 100000, "uid_map": "0 100000 65536\n", "spaces": {**OWN, "user": 4026532700}}

KINDS: dict[str, tuple[dict[str, Any], dict[str, str], dict[str, Any]]] = {
    "version 2, systemd": ({}, {}, {}),
    "limits": ({}, MEMORY, {"memory": 67108864, "memory_swap": 134217728, "memory_reservation": 33554432, "pids_limit": 50, "cpus": 0.5}),
    "a quota in its period": ({}, MEMORY, {"cpu_quota": 50000, "cpu_period": 100000}),
    "a set of processors": ({}, {"cpuset.cpus.effective": "2-3"}, {"cpuset_cpus": "2,3"}),
    "AppArmor": ({"files": {"attr/apparmor/current": "docker-default (enforce)\n"}}, {}, {"apparmor": "docker-default"}),
    "AppArmor, stacked": ({"files": {"attr/apparmor/current": "lxc-x//&:lxc:docker-default (enforce)\n"}}, {}, {"apparmor": "docker-default"}),
    "SELinux": ({"files": {"attr/current": "system_u:system_r:container_t:s0:c1,c2\0"}}, {}, {}),
    "user namespaces remapped": ({**REMAPPED, "mountinfo": USUAL + DEVICES}, {}, {}),
    "rootless": ({"uid": 1000, "gid": 1000, "uid_map": "0 1000 1\n1 100000 65536\n", "spaces": {**OWN, "user": 4026532700}, "mountinfo": USUAL + DEVICES}, {}, {}),
    "a group namespace of its own": ({"spaces": {**OWN, "cgroup": 4026532701}}, {}, {"cgroupns": "private"}),
    "read-only": ({"mountinfo": USUAL.replace("{root}", "ro")}, {}, {"read_only": True}),
    "everything dropped": ({"caps": "0000000000000000", "no_new": 1, "uid": 65534, "gid": 65534}, {}, {"cap_drop": ("ALL",), "no_new_privileges": True, "user": "65534"}),
    "a capability added": ({"caps": "00000000a80435fb"}, {}, {"cap_add": ("NET_ADMIN",)}),
    "fewer than Docker gives, as Podman does": ({"caps": "00000000800405fb"}, {}, {}),
    "a volume, and a folder in it": ({"mountinfo": USUAL + "130 100 8:1 /v/data /data rw - ext4 a rw\n131 130 8:1 /srv /data/srv ro - ext4 a rw\n"}, {}, {"mounts": (Mount("volume", "data", "/data"), Mount("bind", "/srv", "/data/srv", read_only=True))}),
    "a graphics card": ({"mountinfo": USUAL + "130 100 8:1 /usr/lib/libcuda.so.1 /usr/lib/libcuda.so.1 ro - ext4 a rw\n"}, {}, {"gpus": "all"}),
    "secrets of a swarm": ({"mountinfo": USUAL + "130 100 0:70 / /run/secrets/key ro - tmpfs tmpfs rw\n"}, {}, {}),
    "an init of the engine's": ({"mountinfo": USUAL + "130 100 8:1 /usr/bin/docker-init /sbin/docker-init ro - ext4 a rw\n"}, {}, {"init": True}),
    "privileged": ({"caps": "000001ffffffffff", "seccomp": 0, "mountinfo": USUAL.replace("108", "#").replace("109", "#")}, {}, {"privileged": True}),
    "seccomp unconfined": ({"seccomp": 0}, {}, {"seccomp": "unconfined"}),
}  # fmt: skip


def seen(folder: Path, process: dict[str, Any], limits: dict[str, str], declared: dict[str, Any]) -> Enforced:
    made = Recorded(folder)
    for path in ("proc/kcore", "proc/keys"):
        made.write(path, "")
    made.group(SCOPE, LIMITS | limits)
    made.group("/system.slice", {"cpuset.cpus.effective": "0-7", "cpuset.mems.effective": "0"})
    values = {"mountinfo": USUAL, **process}
    values["mountinfo"] = values["mountinfo"].replace("{root}", "rw").replace("{id}", ID)
    made.process(7, cgroup=f"0::{SCOPE}\n", **values)
    machine = ProcReader(str(folder))
    told = DeclaredContainer("web", ID, 7, container(**{"privileged": False, **declared}))
    found = compare(told, machine, gather(machine), {})
    assert not isinstance(found, str)
    return found


def result(enforced: Enforced) -> Evaluation:
    subject = Subject("web", enforced, {(): Place(0, 0)})
    return evaluate("web", Document("container", {"": Source("web", "")}, (subject,)), {"enforced": rules("enforced")})


@pytest.mark.parametrize(("process", "limits", "declared"), KINDS.values(), ids=KINDS)
def test_nothing_differs(
    tmp_path: Path, process: dict[str, Any], limits: dict[str, str], declared: dict[str, Any]
) -> None:
    said = result(seen(tmp_path, process, limits, declared))
    assert [(finding.rule, finding.message) for finding in said.findings] == []
    # Version 2 keeps the rules on devices where no file shows them.
    assert {one.rule for one in said.skipped} <= {"K012"}


DIFFER: dict[str, tuple[str, dict[str, Any], dict[str, str], dict[str, Any]]] = {
    "a profile that was not loaded": ("K004", {"files": {"attr/apparmor/current": "unconfined\n"}}, {}, {"apparmor": "web"}),
    "a profile that only complains": ("K004", {"files": {"attr/apparmor/current": "web (complain)\n"}}, {}, {"apparmor": "web"}),
    "another profile": ("K004", {"files": {"attr/apparmor/current": "webby (enforce)\n"}}, {}, {"apparmor": "web"}),
    "a limit that is not there": ("K005", {}, {}, {"memory": 67108864}),
    "swap without end": ("K005", {}, {"memory.max": "67108864"}, {"memory": 67108864, "memory_swap": 67108864}),
    "a controller that was not handed down": ("K005", {}, {"pids.max": "max"}, {"pids_limit": 5}),
    "a wider set": ("K005", {}, {}, {"cpuset_cpus": "0"}),
    "a disk in the place of shared memory": ("K007", {"mountinfo": USUAL.replace("0:64 / /dev/shm rw - tmpfs shm", "8:1 / /dev/shm rw - ext4 a")}, {}, {}),
    "another volume's folder over it": ("K007", {"mountinfo": USUAL + "130 100 8:1 /v /data rw - ext4 a rw\n131 130 8:1 /etc /data rw - ext4 a rw\n"}, {}, {"mounts": (Mount("volume", "v", "/data"),)}),
    "the host's files": ("K007 K008", {"spaces": {**OWN, "mnt": 4026531841}}, {}, {}),
    "all devices as a mount": ("K007", {"mountinfo": USUAL.replace("0:62 / /dev rw,nosuid - tmpfs tmpfs", "0:5 / /dev rw - devtmpfs udev")}, {}, {}),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "process", "limits", "declared"), DIFFER.values(), ids=DIFFER)
def test_what_differs_is_found(
    tmp_path: Path, rule: str, process: dict[str, Any], limits: dict[str, str], declared: dict[str, Any]
) -> None:
    assert {finding.rule for finding in result(seen(tmp_path, process, limits, declared)).findings} == set(rule.split())


def test_an_undeclared_process_has_no_differences(tmp_path: Path) -> None:
    there = seen(tmp_path, {}, {}, {})
    alone = Enforced(name="pid:7", declared=Container(), effective=there.effective, process=there.process)
    said = result(alone)
    assert said.findings == ()
    assert {"K001", "K002", "K007", "K012", "K013", "K016"} <= {one.rule for one in said.skipped}


def test_devices_of_version_2_are_not_claimed_to_be_none(tmp_path: Path) -> None:
    there = seen(tmp_path, {}, {}, {"devices": (Device("/dev/fuse", "/dev/fuse"),)})
    assert there.effective.devices is not UNSET
    assert "K012" in {one.rule for one in result(there).skipped}
