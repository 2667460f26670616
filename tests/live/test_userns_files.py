"""Remapping where files may not be written, and beside the real usermod, which locks them too."""

from __future__ import annotations

import subprocess
import sys

import pytest

from support.realremap import world

pytestmark = pytest.mark.live


def test_nothing_changes_where_nothing_may_be_written() -> None:
    with world() as one:
        one.start()
        before = {path: path.read_bytes() for path in (one.etc / "subuid", one.etc / "subgid")}
        locked = f"mount -o remount,bind,ro /etc && exec {sys.executable} -m sealock userns enable --yes"
        nobody = "import os; from sealock.userns.apply import disable; os.setgroups([]); os.setuid(65534); disable('/')"
        read_only = one.run("sh", "-c", f"{locked} --engine {one.socket}")
        assert read_only.returncode == 2, read_only.stdout
        assert "Read-only" in read_only.stderr
        assert "run sealock as root" in one.run(sys.executable, "-c", nobody).stderr
        assert {path: path.read_bytes() for path in before} == before
        assert not one.config.exists()


@pytest.mark.parametrize("alive", [True, False], ids=["a live holder", "a dead holder"])
def test_usermod_and_sealock_share_a_lock(alive: bool) -> None:  # noqa: FBT001  a table's column
    with world() as one:
        with subprocess.Popen(["sleep", "60"]) as holder:
            if not alive:
                holder.kill()
                holder.wait()
            (one.etc / "subuid.lock").write_bytes(f"{holder.pid}\0".encode())
            usermod = one.run("usermod", "-v", "700000-765535", "other")
            if not alive:
                (one.etc / "subuid.lock").write_bytes(f"{holder.pid}\0".encode())
            program = (
                "from sealock.userns.apply.locks import locked\nwith locked('/', ('etc/subuid',), 0.5): print('held')"
            )
            ours = one.run(sys.executable, "-c", program)
            holder.kill()
        assert (usermod.returncode == 0) == (not alive)
        assert ("held" in ours.stdout) == (not alive)
