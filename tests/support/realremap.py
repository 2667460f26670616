"""A real engine in a mount namespace and a network namespace of its own, where /etc is a made-up copy of this machine's.

The engine, and the programs that are run beside it, see that copy alone: this machine's accounts, ranges and settings
are never changed.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from support import processenvironment
from support.waiting import PATIENCE, wait_until

PASSWD = """\
root:x:0:0:root:/root:/bin/sh
www-data:x:33:33::/var/www:/usr/sbin/nologin
other:x:1000:1000::/home/other:/bin/sh
nobody:x:65534:65534::/:/usr/sbin/nologin
"""
GROUP = "root:x:0:\nwww-data:x:33:\nother:x:1000:\ndocker:x:999:\nnogroup:x:65534:\n"
SUBIDS = "other:100000:65536\n"


class World:
    """A folder that holds all that the engine sees as its own."""

    def __init__(self, folder: Path, settings: str = "") -> None:
        self.folder = folder
        self.etc = folder / "etc"
        shutil.copytree(
            "/etc", self.etc, symlinks=True, ignore=shutil.ignore_patterns("docker", "*.lock", "*-"),
            ignore_dangling_symlinks=True,
        )  # fmt: skip
        (self.etc / "docker").mkdir()
        (self.etc / "passwd").write_text(PASSWD)
        (self.etc / "group").write_text(GROUP)
        (self.etc / "subuid").write_text(SUBIDS)
        (self.etc / "subgid").write_text(SUBIDS)
        if settings:
            self.config.write_text(settings)
        (folder / "var").mkdir()
        # The mapped root must be able to walk through.
        folder.chmod(0o711)
        self.process: subprocess.Popen[bytes] | None = None
        self.flags: tuple[str, ...] = ()

    @property
    def config(self) -> Path:
        return self.etc / "docker" / "daemon.json"

    @property
    def socket(self) -> str:
        return f"unix://{self.folder}/docker.sock"

    def inside(self, *words: object) -> list[str]:
        """The words that run a program with the made-up folders in the places of the machine's."""
        mount = f"mount --bind {self.etc} /etc && mkdir -p /var/lib/sealock && mount --bind {self.folder}/var /var/lib/sealock"
        return ["unshare", "--mount", "--net", "sh", "-c", f"{mount} && exec {shlex.join(map(str, words))}"]

    def run(self, *words: object) -> subprocess.CompletedProcess[str]:
        """Run a program there to its end."""
        return subprocess.run(
            self.inside(*words),
            env=processenvironment.environment(self.folder, COLUMNS="100"),
            capture_output=True, check=False, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def sealock(self, *words: object) -> subprocess.CompletedProcess[str]:
        """Run sealock there, beside the engine."""
        where = () if "disable" in words or "--engine" in words else ("--engine", self.socket)
        return self.run(sys.executable, "-m", "sealock", *words, *where)

    def docker(self, *words: str, data: bytes | None = None) -> subprocess.CompletedProcess[str]:
        """Run the real client."""
        done = subprocess.run(
            ["docker", *words],
            env=processenvironment.environment(self.folder, DOCKER_HOST=self.socket),
            input=data or b"", capture_output=True, check=False, timeout=PATIENCE,
        )  # fmt: skip
        return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())

    def start(self, *flags: str) -> None:
        """Start the engine and wait until it answers; AssertionError with its log where it ends instead."""
        self.flags = flags or self.flags
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                self.inside(
                    "dockerd", "--data-root", self.folder / "data", "--exec-root", self.folder / "exec", "-H", self.socket,
                    "--pidfile", self.folder / "pid", "--bridge=none", "--iptables=false", *self.flags,
                ),
                stdout=log, stderr=log,
            )  # fmt: skip
        process = self.process
        wait_until(lambda: process.poll() is not None or self.docker("version").returncode == 0, why=self.log)
        assert process.poll() is None, self.log()

    def log(self) -> str:
        return (self.folder / "log").read_text("utf-8", "replace")[-3000:]

    def stop(self) -> None:
        """End the engine and all that it runs."""
        if self.process is None:
            return
        for part in self.docker("ps", "-q").stdout.split():
            self.docker("kill", part)
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        finally:
            self.process.kill()
            self.process = None

    def restart(self) -> None:
        self.stop()
        self.start()

    def image(self, name: str, *changes: str) -> None:
        """Make an image of nothing but a shell and its commands."""
        made = BytesIO()
        busybox = shutil.which("busybox") or "/bin/busybox"
        commands = subprocess.run([busybox, "--list"], capture_output=True, check=True, text=True).stdout.split()
        with tarfile.open(fileobj=made, mode="w") as archive:
            archive.add(busybox, "bin/busybox")
            for command in commands:
                if command != "busybox":
                    member = tarfile.TarInfo(f"bin/{command}")
                    member.type, member.linkname = tarfile.SYMTYPE, "busybox"
                    archive.addfile(member)
        words = [word for change in changes for word in ("-c", change)]
        done = self.docker("import", *words, "-", name, data=made.getvalue())
        assert done.returncode == 0, done.stderr


@contextmanager
def world(settings: str = "") -> Iterator[World]:
    """Make one; whatever runs in it ends with it."""
    one = World(Path(tempfile.mkdtemp(prefix="sealock-", dir="/tmp")), settings)
    try:
        yield one
    finally:
        one.stop()
        shutil.rmtree(one.folder, ignore_errors=True)
