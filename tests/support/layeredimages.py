"""Images of a few layers, each a list of members: files, links, directories and whiteouts."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import TypeAlias

from sealock.model.inventory import Inventory
from sealock.scan.images import ImageOptions, read_inventories
from support.madeimages import docker_save, info, tar, write

Member: TypeAlias = tuple[tarfile.TarInfo, bytes]


def file(path: str, text: str = "") -> Member:
    return info(path, text.encode())


def hard(path: str, target: str) -> Member:
    return info(path, type=tarfile.LNKTYPE, linkname=target)


def symbolic(path: str, target: str) -> Member:
    return info(path, type=tarfile.SYMTYPE, linkname=target)


def directory(path: str) -> Member:
    return info(path, type=tarfile.DIRTYPE, mode=0o755)


def gone(path: str) -> Member:
    above, _, name = path.rpartition("/")
    return info(f"{above}/.wh.{name}" if above else f".wh.{name}")


def read(tmp_path: Path, *layers: list[Member], files: bool = True) -> Inventory:
    path = write(tmp_path / "app.tar", docker_save(*(tar(*members) for members in layers)))
    (inventory,) = read_inventories(path, ImageOptions(files=files))
    return inventory


def pipe(path: str) -> Member:
    return info(path, type=tarfile.FIFOTYPE)
