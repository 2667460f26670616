"""What a user may do in a directory of the host: mode, owner, groups, capabilities and the user namespace decide."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from sealock.model.absent import UNKNOWN, Maybe
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
        pytest.param(0o707, {"gid": 7}, False, "may do nothing with it", id="the group that the mode excludes"),
        pytest.param(0o700, {"uid": 5}, True, "may read and enter it", id="the owner of a mount that is read-only"),
        pytest.param(0o711, {}, False, "may enter it", id="others who may only enter"),
        pytest.param(0o733, {}, False, "may write and enter it", id="others who may not list it"),
        pytest.param(0o700, {"effective": SEARCH, "uid_map": MAPPED}, False, "may do nothing with it", id="an owner that is not mapped"),
        pytest.param(0o700, {"effective": SEARCH, "gid_map": MAPPED}, False, "may do nothing with it", id="a group that is not mapped"),
        pytest.param(0o700, {"effective": OVERRIDE, "uid_map": (IdRange(0, 5, 1),), "gid_map": (IdRange(0, 7, 1),)}, False, "may read and write and enter it", id="ids that are just mapped"),
        pytest.param(0o700, {"effective": OVERRIDE, "uid_map": (IdRange(0, 4, 1),)}, False, "may do nothing with it", id="an id beyond those that are mapped"),
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
    ("mount", "owner"),
    [
        pytest.param(Mount("tmpfs", None, "/t"), (0, 0), id="a tmpfs"),
        pytest.param(Mount("volume", "/", "/t"), (0, 0), id="a volume"),
        pytest.param(Mount("bind", None, "/t"), (0, 0), id="a source that is hidden"),
        pytest.param(Mount("bind", "relative", "/t"), (0, 0), id="a source that is no path"),
        pytest.param(Mount("bind", "/no", "/t"), (0, 0), id="a source that is gone"),
        pytest.param(Mount("bind", "/", "/t"), (UNKNOWN, 0), id="an unknown user"),
        pytest.param(Mount("bind", "/", "/t"), (0, UNKNOWN), id="an unknown group"),
    ],
)
def test_nothing_is_said_of_what_is_unknown(tmp_path: Path, mount: Mount, owner: tuple[Maybe[int], Maybe[int]]) -> None:
    tree = ProcTree(str(tmp_path))
    process = Process(pid=7, uid=owner[0], gid=owner[1])
    assert not mount_access(process, mount, tree)
    tree.close()
