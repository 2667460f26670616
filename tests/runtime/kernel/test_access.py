"""What a user may do in a directory of the host: mode, owner, groups, capabilities and the user namespace decide."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from sealock.model.container import Mount
from sealock.model.process import IdRange, Process
from sealock.runtime.kernel.access import mount_access
from sealock.runtime.kernel.tree import ProcTree

HOST = (IdRange(0, 0, 4294967295),)
MAPPED = (IdRange(0, 100000, 65536),)
OVERRIDE, SEARCH = 1 << 1, 1 << 2


@pytest.mark.parametrize(
    ("mode", "values", "read_only", "may"),
    [
        pytest.param(0o755, {}, False, "may read and enter it", id="others"),
        pytest.param(0o777, {}, False, "may read and write and enter it", id="others where all may"),
        pytest.param(0o777, {}, True, "may read and enter it", id="a mount that is read-only"),
        pytest.param(0o700, {}, False, "may do nothing with it", id="others where only the owner may"),
        pytest.param(0o750, {"gid": 7}, False, "may read and enter it", id="its group"),
        pytest.param(0o770, {"groups": (7,)}, False, "may read and write and enter it", id="a supplementary group"),
        pytest.param(0o077, {"uid": 5}, False, "may do nothing with it", id="the owner whom the mode excludes"),
        pytest.param(0o700, {"effective": OVERRIDE}, False, "may read and write and enter it", id="DAC_OVERRIDE"),
        pytest.param(0o700, {"effective": SEARCH}, False, "may read and enter it", id="DAC_READ_SEARCH"),
        pytest.param(0o700, {"uid": 100000, "effective": OVERRIDE, "uid_map": MAPPED, "gid_map": MAPPED}, False, "may do nothing with it", id="root of a user namespace"),
    ],
)  # fmt: skip
def test_what_its_user_may_do(tmp_path: Path, mode: int, values: dict[str, Any], read_only: bool, may: str) -> None:  # noqa: FBT001  a table's row
    directory = tmp_path / "srv"
    directory.mkdir()
    os.chown(directory, 5, 7)
    directory.chmod(mode)
    process = Process(
        pid=7, **{"uid": 1000, "gid": 1000, "groups": (), "effective": 0, "uid_map": HOST, "gid_map": HOST, **values}
    )
    tree = ProcTree(str(tmp_path))
    words = mount_access(process, Mount("bind", "/srv", "/s", read_only), tree)
    tree.close()
    assert words == f"its user {may} ({mode:04o}, owner 5:7)"


@pytest.mark.parametrize(
    ("mount", "uid"),
    [
        pytest.param(Mount("tmpfs", None, "/t"), 0, id="a tmpfs"),
        pytest.param(Mount("bind", None, "/t"), 0, id="a source that is hidden"),
        pytest.param(Mount("bind", "/no", "/t"), 0, id="a source that is gone"),
        pytest.param(Mount("bind", "/", "/t"), None, id="an unknown user"),
    ],
)
def test_nothing_is_said_of_what_is_unknown(tmp_path: Path, mount: Mount, uid: int | None) -> None:
    tree = ProcTree(str(tmp_path))
    process = Process(pid=7) if uid is None else Process(pid=7, uid=uid, gid=0)
    assert not mount_access(process, mount, tree)
    tree.close()
