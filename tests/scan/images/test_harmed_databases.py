"""Databases of every package manager, harmed at random, in the layers of an image: each is told of, and costs no other."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from sealock.scan.images import ImageOptions, read_inventories
from support.analyzerfiles import FILES
from support.madeimages import docker_save, info, tar, write

ODD = (
    b"\0", b"\xff", b"\r\n", b"\xe2\x80\xa8", b"\xed\xa0\x80", b'"', b"{", b"[", b"]", b":", b"=", b"%", b"../", b"9" * 30,
    b"-1", b"1e999", b"\x1b[2J", b"1" * 5000, b"\\ud800", b"<<: *a", b"." * 300, b"[" * 2000, b"\xff\xff\xff\x7f",
)  # fmt: skip


def with_another(number: int, path: str, data: bytes) -> bytes:
    """A layer with a file, and behind it a package that is to be listed."""
    about = b'{"name": "sound", "version": "1.0.%d"}' % number
    return tar(info(path, data, mode=0o755), info(f"zz/node_modules/sound{number}/package.json", about))


def harmed(chance: random.Random, whole: bytes) -> bytes:
    """A sound file with bytes overwritten, put in, cut out, repeated or replaced everywhere."""
    data = bytearray(whole)
    for _ in range(chance.choice((1, 1, 2, 4))):
        at, some = chance.randrange(len(data) + 1), chance.choice((1, 2, 8, 64, 512))
        match chance.randrange(6):
            case 0:
                data[at : at + 4] = chance.choice((0, 1, 0x7FFFFFFF, 0xFFFFFFFF, 4096)).to_bytes(4, "little")
            case 1:
                data[at:at] = chance.choice(ODD)
            case 2:
                del data[at : at + some]
            case 3:
                data[at:at] = bytes(data[at : at + some]) * chance.choice((1, 10, 300))
            case 4:
                data = bytearray(bytes(data).replace(bytes(data[at : at + 2]) or b"\n", chance.choice(ODD), 20))
            case _:
                del data[at:]
    return bytes(data)


@pytest.mark.parametrize("seed", range(12))
def test_harmed_databases_are_told_of_and_the_rest_is_listed(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)  # noqa: S311  the same harm at each run
    layers = [with_another(at, path, harmed(chance, data)) for at, (_, path, data) in enumerate(FILES)]
    path = write(tmp_path / "app.tar", docker_save(*layers))
    (found,) = read_inventories(path, ImageOptions())
    assert [package.name for package in found.packages].count("sound") == len(layers)
    for error in found.errors:
        lacks = "has no package database" in error.message
        assert error.location.file == path if lacks else error.location.file.startswith(f"{path}: layer "), error
        assert "internal error of sealock" not in error.message
        assert len(error.message) < 4000
    assert found.errors
