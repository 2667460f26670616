"""Builds what /proc and cgroupfs of a machine would show, in a folder, from tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

HOST = {
    "ipc": 4026531839, "uts": 4026531838, "user": 4026531837, "pid": 4026531836, "cgroup": 4026531835,
    "time": 4026531834, "net": 4026531840, "mnt": 4026531841,
}  # fmt: skip
OWN = {"ipc": 4026532001, "uts": 4026532002, "pid": 4026532003, "net": 4026532004, "mnt": 4026532005}
ID = "0123456789abcdef" * 4
OTHER = "fedcba9876543210" * 4
DEFAULT_CAPS = "00000000a80425fb"
ALL_CAPS = "000001ffffffffff"
V2 = "25 1 0:22 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
V1 = "".join(
    f"{30 + index} 1 0:{30 + index} / /sys/fs/cgroup/{name} rw - cgroup cgroup rw,{name}\n"
    for index, name in enumerate(("memory", "pids", "cpu", "cpuacct", "cpuset", "devices", "blkio"))
)
DISK = "20 0 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
ROOT = "100 99 0:60 / / rw,relatime - overlay overlay rw,lowerdir=/l,upperdir=/u\n"
STATUS = """\
Name:\t{name}
Pid:\t{pid}
NSpid:\t{pid}\t1
Uid:\t{uid}\t{uid}\t{uid}\t{uid}
Gid:\t{gid}\t{gid}\t{gid}\t{gid}
Groups:\t{groups}
CapInh:\t0000000000000000
CapPrm:\t{caps}
CapEff:\t{caps}
CapBnd:\t{bounding}
CapAmb:\t0000000000000000
NoNewPrivs:\t{no_new}
Seccomp:\t{seccomp}
Seccomp_filters:\t{filters}
"""


class Recorded:
    """A machine in a folder; process 1 is the host's own."""

    def __init__(self, folder: Path, mounts: str = V2) -> None:
        self.folder = folder
        self.write("proc/sys/kernel/cap_last_cap", "40\n")
        self.write("proc/meminfo", "MemTotal:       16384000 kB\n")
        self.write("proc/uptime", "1000.00 1.00\n")
        self.write("sys/devices/system/cpu/online", "0-7\n")
        self.process(1, spaces=HOST, caps=ALL_CAPS, cgroup="0::/init.scope\n", mountinfo=DISK + mounts, seccomp=0)
        self.process("self", spaces=HOST, caps=ALL_CAPS, cgroup="0::/user.slice\n", mountinfo=DISK + mounts, seccomp=0)

    def write(self, path: str, text: str) -> Path:
        """A file, with the folders that it needs."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", errors="surrogateescape")
        return file

    def group(self, path: str, files: Mapping[str, str]) -> None:
        """A control group with its files."""
        for name, text in files.items():
            self.write(f"sys/fs/cgroup/{path.strip('/')}/{name}", f"{text}\n")

    def process(
        self,
        pid: int | str,
        *,
        name: str = "web",
        cgroup: str = "",
        mountinfo: str = ROOT,
        spaces: Mapping[str, int] | None = None,
        caps: str = DEFAULT_CAPS,
        bounding: str = "",
        uid: int = 0,
        gid: int = 0,
        groups: str = "",
        seccomp: int = 2,
        no_new: int = 0,
        uid_map: str = "0 0 4294967295\n",
        start: int = 5000,
        files: Mapping[str, str] | None = None,
    ) -> None:
        """A process of a container that is otherwise as Docker makes it; `spaces` are laid over the host's."""
        here = f"proc/{pid}"
        status = STATUS.format(
            name=name, pid=pid, uid=uid, gid=gid, groups=groups, caps=caps, bounding=bounding or caps,
            no_new=no_new, seccomp=seccomp, filters=int(seccomp == 2),
        )  # fmt: skip
        self.write(f"{here}/stat", f"{pid} ({name}) S " + "0 " * 18 + f"{start} 0 0\n")
        self.write(f"{here}/status", status)
        self.write(f"{here}/cgroup", cgroup)
        self.write(f"{here}/mountinfo", mountinfo)
        self.write(f"{here}/cmdline", f"{name}\0--serve\0")
        self.write(f"{here}/uid_map", uid_map)
        self.write(f"{here}/gid_map", uid_map)
        self.write(f"{here}/oom_score_adj", "0\n")
        self.write(f"{here}/limits", "Limit   Soft Limit  Hard Limit  Units\nMax open files  1024  4096  files\n")
        self.write(f"{here}/net/tcp", "  sl  local_address\n")
        for kind, inode in (HOST | dict(OWN if spaces is None else spaces)).items():
            link = self.folder / here / "ns" / kind
            link.parent.mkdir(parents=True, exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to(f"{kind}:[{inode}]")
        for path, text in (files or {}).items():
            self.write(f"{here}/{path}", text)
