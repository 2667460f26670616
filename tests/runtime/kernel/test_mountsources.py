from __future__ import annotations

import pytest

from sealock.model.process import Mounted
from sealock.runtime.kernel.mounts import source

HOST = (
    Mounted("/", "/", "ext4", "/dev/sda1", (), device="8:1"),
    Mounted("/srv/data", "/data", "ext4", "/dev/sdb1", (), device="8:17"),
    Mounted("/mnt/b", "/data/b", "ext4", "/dev/sdb1", (), device="8:17"),
)


@pytest.mark.parametrize(
    ("root", "device", "path"),
    [
        pytest.param("/etc", "8:1", "/etc", id="below the root"),
        pytest.param("/", "8:1", "/", id="the root itself"),
        pytest.param("/data", "8:17", "/srv/data", id="what the host mounts itself"),
        pytest.param("/data/a", "8:17", "/srv/data/a", id="below it"),
        pytest.param("/data/b/c", "8:17", "/mnt/b/c", id="below the innermost mount"),
        pytest.param("/a", "8:17", None, id="a part before it in the alphabet"),
        pytest.param("/data2", "8:17", None, id="a part whose name begins so"),
        pytest.param("/etc", "8:33", None, id="another file system"),
    ],
)
def test_a_mount_has_its_path_on_the_host(root: str, device: str, path: str | None) -> None:
    assert source(Mounted("/x", root, "ext4", "", (), device=device), HOST) == path
