"""Makes an image of one layer of one with several: the entries of all of them, one after the other."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import imagebuilder

_BLOCK = 512


def make(archive: Path, folder: Path) -> Path:
    """Make the archive from one that docker save wrote, whose layers are plain."""
    made, layer = folder / "one.tar", folder / "layer.tar"
    if made.exists():
        return made
    with tarfile.open(archive) as saved, layer.open("wb") as file:
        manifest = saved.extractfile("manifest.json")
        assert manifest is not None, "docker save writes one"
        for name in json.load(manifest)[0]["Layers"]:
            content = saved.extractfile(name)
            assert content is not None, "a layer is a file"
            with tarfile.open(fileobj=content) as entries:
                for _ in entries:
                    pass
                end = entries.offset
            content.seek(0)
            for at in range(0, end, 1 << 20):
                file.write(content.read(min(1 << 20, end - at)))
        file.write(bytes(2 * _BLOCK))
    imagebuilder.archive(layer, made, "one:1")
    layer.unlink()
    return made
