"""A real engine of the test's own: its own folders and socket, no bridge, ended when the test ends."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Literal

from support.waiting import PATIENCE, wait_until

IMAGE = ["ENV BASE=1", "EXPOSE 8080", 'CMD ["sh"]', "VOLUME /imgvol", "LABEL l=1"]


class Engine:
    """The client's words go to this engine alone."""

    def __init__(self, folder: Path, words: Sequence[str | Path] = ()) -> None:
        self.folder, self.words = folder, tuple(words)
        self.other = ""
        """The id of a container that the tests refer to."""
        self.socket = folder / "docker.sock"
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": str(folder), "DOCKER_HOST": f"unix://{self.socket}", "CALLER": "hi",
        }  # fmt: skip

    def docker(self, *words: str, data: bytes | None = None) -> subprocess.CompletedProcess[str]:
        """Run the real client."""
        done = subprocess.run(
            ["docker", *words],
            env=self.environment,
            input=data or b"",
            capture_output=True,
            check=False,
            cwd=self.folder,
        )
        return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())

    def start_sealock(self, *words: str) -> subprocess.Popen[str]:
        """Start sealock with this engine."""
        return subprocess.Popen(
            # A shell that starts jobs in the background has them ignore the signal.
            ["env", "--default-signal=INT", sys.executable, "-m", "sealock", *words],
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
        )

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with (self.folder / "log").open("a") as log:
            self.process = subprocess.Popen(self.words, stdout=log, stderr=log)
        self.wait()

    def end(self) -> None:
        """End it, and wait until it has."""
        self.process.terminate()
        self.process.wait(PATIENCE)

    def wait(self) -> None:
        """Wait until it answers."""
        wait_until(lambda: self.docker("version").returncode == 0, why=self.log)

    def log(self) -> str:
        """The end of what it logged."""
        return (self.folder / "log").read_text("utf-8", "replace")[-3000:]

    def image(self, name: str) -> None:
        """Make an image of nothing but a shell."""
        made = BytesIO()
        with tarfile.open(fileobj=made, mode="w") as archive:
            archive.add(shutil.which("busybox") or "/bin/busybox", "bin/busybox")
        changes = [word for change in IMAGE for word in ("-c", change)]
        done = self.docker("import", *changes, "-", name, data=made.getvalue())
        assert done.returncode == 0, done.stderr


def until_printed(
    run: Callable[[], subprocess.CompletedProcess[str]], stream: Literal["stdout", "stderr"] = "stdout"
) -> subprocess.CompletedProcess[str]:
    """Run a container again that printed nothing: a busy engine loses what those that end at once print.

    Docker's 26.1 lost 10 of 270 outputs on two busy cores, from `docker logs` too. What `docker exec` prints stays.
    """
    done = until_started(run)
    for _ in range(5):
        if getattr(done, stream):
            break
        done = until_started(run)
    return done


def until_started(run: Callable[[], subprocess.CompletedProcess[str]]) -> subprocess.CompletedProcess[str]:
    """Run a container again whose first process runc lost before it became the container's own.

    A busy machine has it "read init-p: connection reset by peer" once in some thousand starts, with any filter or none.
    """
    done = run()
    for _ in range(2):
        if "init-p: connection reset by peer" not in done.stderr:
            break
        done = run()
    return done


@contextmanager
def engine(*flags: str, apart: bool = True, driver: str = "vfs", plugins: Path | None = None) -> Iterator[Engine]:
    """Start an engine, and end it; not `apart` in the network of this machine, where a registry can be reached.

    `plugins` is the directory that it takes for its own of plugins, which all engines of a machine share.
    """
    folder = Path(tempfile.mkdtemp(prefix="sealock-", dir="/tmp"))
    words = [
        # In a network namespace of its own, so that the networks it makes end with it.
        *_space(plugins, apart=apart), "dockerd", "--data-root", folder / "data", "--exec-root", folder / "exec", "-H", f"unix://{folder}/docker.sock",
        "--pidfile", folder / "pid", "--bridge=none", "--iptables=false", f"--storage-driver={driver}", *flags,
    ]  # fmt: skip
    made = Engine(folder, words)
    try:
        made.start()
        yield made
    finally:
        made.end()
        unmounted(folder)
        shutil.rmtree(folder, ignore_errors=True)


def _space(plugins: Path | None, *, apart: bool) -> tuple[str | Path, ...]:
    """The words that start an engine in namespaces of its own."""
    if plugins is None:
        return ("unshare", "--net") if apart else ()
    Path("/run/docker/plugins").mkdir(parents=True, exist_ok=True)
    mounted = 'mount --bind "$0" /run/docker/plugins && exec "$@"'
    return "unshare", "--net", "--mount", "sh", "-c", mounted, plugins


@contextmanager
def engine_in_memory(*flags: str, plugins: Path | None = None) -> Iterator[Engine]:
    """Start an engine whose data is in memory: a busy disk takes seconds for each container that is made."""
    folder = tempfile.mkdtemp(prefix="sealock-", dir="/dev/shm")
    try:
        with engine(f"--data-root={folder}", *flags, plugins=plugins) as made:
            yield made
    finally:
        unmounted(Path(folder))
        shutil.rmtree(folder, ignore_errors=True)


def unmounted(folder: Path) -> None:
    """Take away what an engine leaves mounted: the namespace that containers on the host's network were in."""
    there = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    for path in reversed([one for one in there if one.startswith(f"{folder}/")]):
        subprocess.run(["umount", "--lazy", path], check=False, capture_output=True)
