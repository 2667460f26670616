"""Where a layer is split: at headers that are not far apart, with the extensions before them."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest

from sealock.image.bytesources import OpenFile, Stretch
from sealock.image.splits import find_cuts

BLOCK = 512


def entry(name: str, size: int = 0, **more: str) -> bytes:
    """A file of a tar archive; PAX headers are in one block of records before it."""
    info = tarfile.TarInfo(name)
    info.size = size
    info.pax_headers = more
    head = info.tobuf(tarfile.PAX_FORMAT if more else tarfile.USTAR_FORMAT)
    return head + bytes(size) + bytes(-size % BLOCK)


def old_long(name: str) -> bytes:
    """A file whose name is in an entry of GNU's before it."""
    return tarfile.TarInfo(name).tobuf(tarfile.GNU_FORMAT)


PLAIN, EXTENDED, LONG = entry("a"), entry("b", mtime="1.5"), old_long("x" * 150)


@pytest.mark.parametrize(
    ("blocks", "spacing", "cuts"),
    [
        pytest.param([PLAIN] * 8, 2 * BLOCK, [0, 2, 4, 6], id="headers alone"),
        pytest.param([PLAIN] * 8, 3 * BLOCK, [0, 3, 6], id="less of them"),
        pytest.param([PLAIN] * 7, 2 * BLOCK, [0, 2, 4], id="none in the last piece"),
        pytest.param([PLAIN] * 8, 100 * BLOCK, [0], id="a layer that is shorter than a piece"),
        pytest.param([entry("a", 5 * BLOCK), *[PLAIN] * 4], 2 * BLOCK, [0, 6, 7, 8, 9], id="a large file at the beginning"),
        pytest.param([PLAIN, PLAIN, EXTENDED, *[PLAIN] * 6], 4 * BLOCK, [0, 2, 8], id="an extension before a header"),
        pytest.param([EXTENDED, *[PLAIN] * 7], 2 * BLOCK, [0, 6, 8], id="an extension at the beginning"),
        pytest.param([PLAIN, LONG, *[PLAIN] * 6], 3 * BLOCK, [0, 1, 6], id="a long name before a header"),
        pytest.param([PLAIN, PLAIN, EXTENDED, EXTENDED, *[PLAIN] * 8], 6 * BLOCK, [0, 2, 12], id="the first of two extensions in a row"),
        pytest.param([bytes(BLOCK)] * 8, 2 * BLOCK, [0], id="no header"),
        pytest.param([PLAIN.replace(b"a", b"c", 1)] * 8, 2 * BLOCK, [0], id="headers with another checksum"),
    ],
)  # fmt: skip
def test_a_layer_is_split_at_headers(tmp_path: Path, blocks: list[bytes], spacing: int, cuts: list[int]) -> None:
    path = tmp_path / "layer.tar"
    path.write_bytes(b"".join(blocks))
    found = find_cuts(Stretch(OpenFile(os.open(path, os.O_RDONLY))), spacing)
    assert [cut / BLOCK for cut in found] == cuts
