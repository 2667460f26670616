"""Makes a large image as people do: a base by mmdebstrap, layers by docker build, saved; and a layout of gzip layers.

It needs root, Docker, mmdebstrap and skopeo. The engine is one of its own, on folders of its own, and ends with it.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SUITE = "bookworm"
LAYERS = (
    "python3 python3-pip python3-numpy python3-scipy python3-django",
    "nodejs npm",
    "golang",
    "openjdk-17-jre ruby-full",
    "nginx postgresql",
)
"""What each layer installs: about 2 GB and 80,000 entries in all."""


def make(folder: Path) -> Path:
    """Make the archive in a folder; CalledProcessError or OSError where that cannot be done."""
    base, archive = folder / "base.tar", folder / "app.tar"
    if not base.exists():
        subprocess.run(["mmdebstrap", "--quiet", "--variant=minbase", SUITE, base], check=True)
    lines = [f"FROM debian:{SUITE}"]
    lines += [
        f"RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends {names} && "
        "rm -rf /var/lib/apt/lists/* /var/cache/apt/archives/*.deb"
        for names in LAYERS
    ]
    with engine(folder) as docker:
        docker("import", str(base), f"debian:{SUITE}")
        docker("build", "--quiet", "--network", "host", "--tag", "bench:1", "-", given="\n".join(lines))
        docker("save", "--output", str(archive), "bench:1")
    return archive


def layout_of(archive: Path, folder: Path) -> Path:
    """The same image as an OCI layout, whose layers are compressed with gzip."""
    layout = folder / "layout"
    if not layout.exists():
        subprocess.run(
            ["skopeo", "copy", "--quiet", "--insecure-policy", f"docker-archive:{archive}", f"oci:{layout}:bench"],
            check=True,
        )
    return layout


class Docker:
    """The client, for one engine."""

    def __init__(self, socket: Path) -> None:
        self.environment = {**os.environ, "DOCKER_HOST": f"unix://{socket}", "DOCKER_BUILDKIT": "0"}

    def __call__(self, *words: str, given: str = "", check: bool = True) -> int:
        done = subprocess.run(
            ["docker", *words], env=self.environment, input=given, text=True, capture_output=True, check=False
        )
        if check and done.returncode:
            raise subprocess.CalledProcessError(done.returncode, ["docker", *words], done.stdout, done.stderr)
        return done.returncode


@contextmanager
def engine(folder: Path) -> Iterator[Docker]:
    """Start an engine, and end it. It makes no bridge: what is built uses the host's network."""
    socket = folder / "docker.sock"
    command: list[str | Path] = [
        "dockerd", "--data-root", folder / "data", "--exec-root", folder / "exec", "-H", f"unix://{socket}",
        "--pidfile", folder / "pid", "--bridge=none", "--iptables=false",
    ]  # fmt: skip
    with (folder / "engine.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        docker = Docker(socket)
        for _ in range(300):
            if docker("version", check=False) == 0:
                break
            time.sleep(0.1)
        yield docker
    finally:
        process.terminate()
        process.wait(60)
        # It leaves what it mounted, of which not all may be there.
        mounted = [folder / "exec" / "netns" / "default", folder / "data"]
        subprocess.run(["umount", "--quiet", *mounted], check=False, capture_output=True)
