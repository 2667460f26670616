"""Engines that `sealock run --for agent` is tried on, each with a project of its own: Docker, Podman, rootless Podman."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import sealock
from support.realengine import engine, until_printed
from support.waiting import PATIENCE

SOURCE = str(Path(sealock.__file__).parents[1])
_USER = "daemon"
"""An account that every Debian has, and that has no processes."""
_STORAGE = (
    '[storage]\ndriver = "vfs"\ngraphroot = "{0}/graph"\nrunroot = "{0}/run"\nrootless_storage_path = "{0}/graph"\n'
)
_CONTAINERS = '[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\nevents_logger = "none"\n'
_OPEN = """mount --bind {prefix} {folder}/venv && mount --bind {source} {folder}/src &&
mount --bind {folder}/subids /etc/subuid && mount --bind {folder}/subids /etc/subgid && exec setpriv --reuid {user} \\
--regid {user} --clear-groups "$@"
"""


class AgentWorld:
    """An engine with an image named "base", and a project that is a Git repository."""

    def __init__(self, client: str, folder: Path, environment: Mapping[str, str], before: Sequence[str] = ()) -> None:
        self.client, self.folder, self.before = client, folder, tuple(before)
        self.environment = {**os.environ, **environment, "HOME": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
        self.project = folder / "project"
        self.python = sys.executable if not before else f"{folder}/venv/bin/python"
        self.environment["PYTHONPATH"] = SOURCE if not before else f"{folder}/src"
        self.project.mkdir()
        subprocess.run(["git", "init", "--quiet", self.project], check=True)

    def engine(self, *words: str, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """Run the engine's client."""
        return subprocess.run(
            [*self.before, self.client, *words],
            env=self.environment, input=data, capture_output=True, check=False, cwd=self.folder,
        )  # fmt: skip

    def import_image(self) -> None:
        """Make the image: a shell, and nothing else."""
        archive = subprocess.run(
            ["tar", "-C", "/usr", "-cf", "-", "bin/busybox"], capture_output=True, check=True
        ).stdout
        done = self.engine("import", "-", "base", data=archive)
        assert done.returncode == 0, done.stderr

    def words(self, *words: str) -> list[str]:
        """The command that runs words for an agent in the project."""
        own = ("--with", self.client, "--for", "agent", "--no-policy", "--workspace", str(self.project))
        return [*self.before, self.python, "-m", "sealock", "run", *own, *words]

    def run(self, *words: str, script: str) -> subprocess.CompletedProcess[str]:
        """Run a shell script for an agent."""
        return subprocess.run(
            self.words(*words, "--rm", "base", "/bin/busybox", "sh", "-c", script),
            env=self.environment, capture_output=True, text=True, check=False, cwd=self.folder, timeout=PATIENCE,
        )  # fmt: skip

    def run_until_printed(self, *words: str, script: str) -> subprocess.CompletedProcess[str]:
        """Run a shell script for an agent, which prints something whenever it runs."""
        return until_printed(lambda: self.run(*words, script=script))

    def containers(self) -> list[str]:
        """The ids of all containers."""
        return self.engine("ps", "--all", "--quiet").stdout.decode().split()


@contextmanager
def docker_world() -> Iterator[AgentWorld]:
    """Docker's engine."""
    with engine() as one:
        world = AgentWorld("docker", one.folder, one.environment)
        world.import_image()
        yield world


@contextmanager
def podman_world(*, rootless: bool = False) -> Iterator[AgentWorld]:
    """Podman without a service; rootless as another account, in a mount namespace for each command."""
    folder = Path(tempfile.mkdtemp(prefix="sealock-", dir="/tmp"))
    before: tuple[str, ...] = ()
    for name in ("xdg", "venv", "src"):
        (folder / name).mkdir()
    (folder / "storage.conf").write_text(_STORAGE.format(folder))
    (folder / "containers.conf").write_text(_CONTAINERS)
    (folder / "subids").write_text(f"{_USER}:300000:65536\n")
    environment = {
        "XDG_RUNTIME_DIR": f"{folder}/xdg",
        "CONTAINERS_CONF": f"{folder}/containers.conf",
        "CONTAINERS_STORAGE_CONF": f"{folder}/storage.conf",
        "PODMAN_IGNORE_CGROUPSV1_WARNING": "1",
    }
    if rootless:
        script = _OPEN.format(prefix=sys.prefix, source=SOURCE, folder=folder, user=_USER)
        before = ("unshare", "--mount", "sh", "-c", script, "sh")
    world = AgentWorld("podman", folder, environment, before)
    if rootless:
        folder.chmod(0o755)
        for path in (folder, *folder.rglob("*")):
            shutil.chown(path, _USER, _USER)
    try:
        world.import_image()
        yield world
    finally:
        world.engine("rm", "--all", "--force", "--time", "0")
        if rootless:
            # Files of its images belong to users of its own.
            world.engine("unshare", "rm", "-rf", f"{folder}/graph")
            world.engine("system", "migrate")
        shutil.rmtree(folder, ignore_errors=True)
