"""Makes an image of very many small files."""

from __future__ import annotations

import tarfile
from pathlib import Path

import imagebuilder

_BODY = b"x" * 300
_BLOCK = 512


def make(folder: Path, count: int) -> Path:
    """Make an archive of one layer with so many files in a hundred files a folder."""
    archive, layer = folder / f"{count}.tar", folder / "layer.tar"
    if archive.exists():
        return archive
    body = _BODY.ljust(_BLOCK, b"\0")
    with layer.open("wb") as file:
        for number in range(count):
            info = tarfile.TarInfo(f"srv/{number // 100}/file-{number}.txt")
            info.size = len(_BODY)
            file.write(info.tobuf(tarfile.USTAR_FORMAT) + body)
        file.write(bytes(2 * _BLOCK))
    made = imagebuilder.archive(layer, archive, "small:1")
    layer.unlink()
    return made
