"""Podman on directories of the test's own, its service on a socket, in a network namespace that ends with it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.ports import takes_connections
from support.waiting import PATIENCE, wait_until

# The other runtime does not take cgroups of both versions at once; nft may not be installed.
_CONF = """\
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "none"
[network]
firewall_driver = "iptables"
"""


@contextmanager
def podman() -> Iterator[str]:
    """Start the service, and end it with all that it made; give its address."""
    folder = Path(tempfile.mkdtemp(prefix="sealock-", dir="/tmp"))
    for name in ("run", "root", "runroot", "networks"):
        (folder / name).mkdir()
    (folder / "containers.conf").write_text(_CONF + f'network_config_dir = "{folder}/networks"\n')
    (folder / "storage.conf").write_text(
        f'[storage]\ndriver = "vfs"\ngraphroot = "{folder}/root"\nrunroot = "{folder}/runroot"\n'
    )
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "XDG_RUNTIME_DIR": f"{folder}/run",
        "CONTAINERS_CONF": f"{folder}/containers.conf",
        "CONTAINERS_STORAGE_CONF": f"{folder}/storage.conf",
        "PODMAN_IGNORE_CGROUPSV1_WARNING": "1",
    }
    where = f"unix://{folder}/podman.sock"
    start = f"ip link set lo up && exec podman --tmpdir {folder}/tmp system service --time=0 {where}"
    process = subprocess.Popen(
        ["unshare", "--net", "sh", "-c", start],
        env=environment,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: process.poll() is not None or takes_connections(folder / "podman.sock"))
        assert process.poll() is None
        yield where
    finally:
        subprocess.run(
            ["podman", "--url", where, "rm", "--all", "--force", "--time", "0"],
            env=environment, check=False, capture_output=True, timeout=PATIENCE,
        )  # fmt: skip
        process.terminate()
        process.wait(PATIENCE)
        shutil.rmtree(folder, ignore_errors=True)
