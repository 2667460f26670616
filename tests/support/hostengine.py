"""Machines of the tests' own: an engine with its own network, its own /etc and /run, ended with all that it made."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from support.realengine import Engine
from support.waiting import PATIENCE, wait_until

SETUP = """
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs "$HERE/layers"
mkdir "$HERE/layers/up" "$HERE/layers/work"
mount -t overlay overlay -o "lowerdir=/etc,upperdir=$HERE/layers/up,workdir=$HERE/layers/work" /etc
mount -t tmpfs tmpfs /run
ip link set lo up
mkdir -p /etc/docker
cp "$HERE/daemon.json" /etc/docker/daemon.json
[ -z "$OWN_DISK" ] || mount --bind "$HERE/data" "$HERE/data"
sh -e "$HERE/setup"
exec dockerd --data-root "$HERE/data" --exec-root "$HERE/exec" --pidfile "$HERE/pid" "$@"
"""


class Machine(Engine):
    """An engine, and the namespaces that it and whoever looks at it are in."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes]) -> None:
        super().__init__(folder)
        self.process = process

    def wait(self) -> None:
        """Wait until it answers, or has ended."""
        wait_until(lambda: self.process.poll() is not None or self.docker("version").returncode == 0, why=self.log)
        assert self.process.poll() is None, self.log()

    def inside(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a program where the engine's files are."""
        return subprocess.run(
            ["nsenter", f"--mount=/proc/{self.process.pid}/ns/mnt", *words],
            env=self.environment, capture_output=True, check=False, text=True, cwd="/",
        )  # fmt: skip

    def sealock(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run sealock there."""
        return self.inside(sys.executable, "-m", "sealock", *words, "--engine", f"unix://{self.socket}")

    def benchmark(self) -> dict[str, dict[str, Any]]:
        """The results of the benchmark, by number."""
        done = self.sealock("check", "host", "--benchmark", "cis-docker-1.6.0", "--format", "json")
        assert done.stdout, done.stderr
        said = json.loads(done.stdout)
        assert not said["errors"], said["errors"]
        return {one["number"]: one for one in said["recommendations"]}

    def findings(self, *options: str) -> list[dict[str, Any]]:
        """The findings on the machine and its containers."""
        done = self.sealock("check", "host", "--pedantic", "--no-policy", "--format", "json", *options)
        assert done.stdout, done.stderr
        return [one for target in json.loads(done.stdout)["targets"] for one in target["findings"]]


@contextmanager
def machine(
    settings: Mapping[str, Any], flags: Sequence[str] = (), setup: str = "", *, own_disk: bool = False
) -> Iterator[Machine]:
    """Start one; `setup` is a shell's text that is run before the engine, in the folder's namespaces."""
    folder = Path(tempfile.mkdtemp(prefix="sealock-", dir="/tmp"))
    folder.chmod(0o711)
    for name in ("layers", "data"):
        (folder / name).mkdir()
    (folder / "daemon.json").write_text(json.dumps(dict(settings)), encoding="utf-8")
    (folder / "setup").write_text(setup, encoding="utf-8")
    words = [f"--host=unix://{folder}/docker.sock", *flags]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            ["unshare", "--net", "--mount", "sh", "-c", SETUP, "sh", *words],
            env={"PATH": os.environ["PATH"], "HERE": str(folder), "OWN_DISK": "1" if own_disk else ""},
            stdout=log, stderr=log, cwd="/",
        )  # fmt: skip
    one = Machine(folder, process)
    try:
        one.wait()
        yield one
    finally:
        ended(one)
        shutil.rmtree(folder, ignore_errors=True)


def ended(one: Machine) -> None:
    """End the containers, the engine, and the containerd that it left."""
    names = one.docker("ps", "--all", "--quiet").stdout.split()
    if names:
        one.docker("rm", "--force", *names)
    one.process.terminate()
    one.process.wait(PATIENCE)
    file = one.folder / "exec" / "containerd" / "containerd.pid"
    if file.is_file():
        # With live-restore the engine's containerd outlives it.
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.kill(int(file.read_text()), number)
            except (ProcessLookupError, ValueError, FileNotFoundError):
                break
            time.sleep(0.5)
