"""A real systemd of the test's own: a copy of this machine over it, in namespaces and a control group that end with it."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import sealock
from support.waiting import PATIENCE, wait_until

_START = """
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs {folder}
mkdir {folder}/root {folder}/upper {folder}/work
mount -t overlay -o lowerdir=/,upperdir={folder}/upper,workdir={folder}/work overlay {folder}/root
cd {folder}/root
mount -t proc proc proc
mount -o bind,ro proc/sys proc/sys
mount -t sysfs sysfs sys
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs tmpfs dev
for name in null zero full random urandom tty; do touch dev/$name; mount --bind /dev/$name dev/$name; done
mkdir dev/pts dev/shm old
mount -t cgroup2 cgroup2 sys/fs/cgroup
for path in {paths}; do mkdir -p .$path; mount --rbind $path .$path; done
# Nothing of what a machine starts by itself: only what the test starts.
rm -rf usr/lib/systemd/system/*.wants etc/systemd/system/*.wants
ln -sf /dev/null etc/systemd/system/tmp.mount
pivot_root . old
umount -l old
exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin \
  /usr/lib/systemd/systemd --system --unit=basic.target --log-target=null --show-status=no
"""
_PROGRAM = """#!/bin/sh
export PYTHONPATH={source}
exec {python} -m sealock "$@"
"""


class Machine:
    """A machine that systemd runs."""

    def __init__(self, pid: int, folder: Path) -> None:
        self.pid = pid
        self.folder = folder
        """A directory that it shares with the test."""

    def run(self, *words: str, groups: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command there as root, or as an unnamed user who is in these groups (numbers, with commas)."""
        user = ["setpriv", "--reuid=4321", "--regid=4321", f"--groups={groups}"] if groups else []
        return subprocess.run(
            ["nsenter", "-t", str(self.pid), "--all", "--root", "--wdns=/", "env", "-i", "PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
             *user, *words],
            capture_output=True, text=True, check=False, timeout=PATIENCE,
        )  # fmt: skip


@contextmanager
def systemd() -> Iterator[Machine]:
    """Start a machine, and end it. Its file system is this machine's, with changes that are gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="sealock-", dir="/tmp"))
    group = _unified() / folder.name
    root, shared = folder / "root", folder / "shared"
    root.mkdir()
    shared.mkdir()
    group.mkdir()
    source = Path(sealock.__file__).parents[1]
    program = shared / "sealock"
    program.write_text(_PROGRAM.format(source=source, python=shlex.quote(sys.executable)))
    program.chmod(0o755)
    for path in (folder, shared):
        path.chmod(0o755)
    paths = " ".join(shlex.quote(str(path)) for path in (source, sys.prefix, shared))
    script = f"echo $$ > {group}/cgroup.procs; exec unshare --cgroup --mount --pid --net --ipc --uts --fork sh -c "
    script += shlex.quote(_START.format(folder=root, paths=paths))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(["sh", "-c", script], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        wait_until(lambda: process.poll() is not None or _inits(process.pid), why=(folder / "log").read_text)
        assert process.poll() is None, (folder / "log").read_text()
        machine = Machine(_inits(process.pid)[0], shared)
        wait_until(
            lambda: machine.run("systemctl", "is-system-running").stdout.strip() in {"running", "degraded"},
            why=(folder / "log").read_text,
        )
        yield machine
    finally:
        (group / "cgroup.kill").write_text("1")
        process.wait(PATIENCE)
        for name, _, _ in os.walk(group, topdown=False):
            wait_until(partial(_is_removed, Path(name)))
        shutil.rmtree(folder, ignore_errors=True)


def _inits(pid: int) -> list[int]:
    """The first process of the namespaces that a process made, once it is systemd."""
    with contextlib.suppress(OSError):
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [int(child) for child in children if Path(f"/proc/{child}/comm").read_text() == "systemd\n"]
    return []


def _unified() -> Path:
    """Where the unified hierarchy of control groups is mounted."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, path, kind, *_ = line.split()
        if kind == "cgroup2":
            return Path(path)
    msg = "this machine has no unified hierarchy of control groups"
    raise AssertionError(msg)


def _is_removed(group: Path) -> bool:
    with contextlib.suppress(OSError):
        group.rmdir()
    return not group.exists()
