"""A rootless engine of the test's own: it runs as an ordinary user, in a user namespace that ends with it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from pwd import getpwnam

from support.realengine import Engine
from support.waiting import PATIENCE, wait_until

USER = "nobody"
# Which ids the user may map stands in files of the machine: these are the test's own.
_START = """\
mount --bind {0}/ids /etc/subuid && mount --bind {0}/ids /etc/subgid && ip link set lo up &&
exec setpriv --reuid={1} --regid={2} --clear-groups env HOME={0} XDG_RUNTIME_DIR={0}/run \
rootlesskit --net=host --copy-up=/etc --copy-up=/run --state-dir={0}/run/kit sh -c '
rm -f /run/docker /run/containerd /run/xtables.lock
exec dockerd --rootless --data-root {0}/data --exec-root {0}/run/exec -H unix://{0}/docker.sock --pidfile {0}/run/pid \
--bridge=none --iptables=false --ip6tables=false --storage-driver=vfs'
"""


@contextmanager
def rootless_engine() -> Iterator[Engine]:
    """Start an engine, and end it."""
    folder = Path(tempfile.mkdtemp(prefix="sealock-", dir="/tmp"))
    account = getpwnam(USER)
    (folder / "ids").write_text(f"{USER}:200000:65536\n")
    (folder / "run").mkdir(mode=0o700)
    for path in (folder, folder / "run"):
        os.chown(path, account.pw_uid, account.pw_gid)
    started = Engine(folder)
    script = _START.format(folder, account.pw_uid, account.pw_gid)
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(["unshare", "--net", "--mount", "sh", "-c", script], stdout=log, stderr=log)
    try:
        wait_until(lambda: started.docker("info", "--format", "{{.ID}}").stdout.strip() != "", why=started.log)
        yield started
    finally:
        if names := started.docker("ps", "-aq").stdout.split():
            started.docker("rm", "-f", *names)
        process.terminate()
        process.wait(PATIENCE)
        shutil.rmtree(folder, ignore_errors=True)
