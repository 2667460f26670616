"""A real engine with bridges and packet filters, in a network and mount namespace of its own that end with it."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.realengine import Engine
from support.waiting import PATIENCE

_START = (
    "ip link set lo up && exec dockerd --data-root {0}/data --exec-root {0}/exec -H unix://{0}/docker.sock"
    " --pidfile {0}/pid --storage-driver=vfs --bip 172.31.0.1/24"
)


@contextmanager
def bridged_engine() -> Iterator[Engine]:
    """Start an engine, and end it."""
    folder = Path(tempfile.mkdtemp(prefix="sealock-", dir="/tmp"))
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            ["unshare", "--net", "--mount", "sh", "-c", _START.format(folder)], stdout=log, stderr=log
        )
    one = Engine(folder)
    try:
        one.wait()
        yield one
    finally:
        if names := one.docker("ps", "-aq").stdout.split():
            one.docker("rm", "-f", *names)
        process.terminate()
        process.wait(PATIENCE)
        shutil.rmtree(folder, ignore_errors=True)
