"""Archives of images that write a path more than once, or through their own links, and the layer that Docker loads."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Final, TypeAlias

from support.madeimages import config, info, tar

Members: TypeAlias = list[tuple[tarfile.TarInfo, bytes]]


def _database(name: str) -> bytes:
    text = f"Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n\n"
    return tar(info("var/lib/dpkg/status", text.encode()))


def _manifest(name: str) -> bytes:
    return json.dumps([{"Config": f"{name}.json", "RepoTags": ["app:1"], "Layers": [f"{name}.tar"]}]).encode()


def _link(path: str, target: str) -> tuple[tarfile.TarInfo, bytes]:
    return info(path, type=tarfile.SYMTYPE, linkname=target)


def _hard(path: str, target: str) -> tuple[tarfile.TarInfo, bytes]:
    return info(path, type=tarfile.LNKTYPE, linkname=target)


def _directory(path: str) -> tuple[tarfile.TarInfo, bytes]:
    return info(path, type=tarfile.DIRTYPE, mode=0o755)


_OLD, _NEW = _database("old"), _database("new")
_PARTS: Final = [
    info("old.json", config(_OLD)),
    info("old.tar", _OLD),
    info("new.json", config(_NEW)),
    info("new.tar", _NEW),
]
_TOP: Final = "manifest.json"
_OLDER, _NEWER = _manifest("old"), _manifest("new")

ARCHIVES: Final[dict[str, tuple[Members, str]]] = {
    "a manifest": ([*_PARTS, info(_TOP, _OLDER)], "old"),
    "a manifest, twice": ([*_PARTS, info(_TOP, _OLDER), info(_TOP, _NEWER)], "new"),
    "the same with another spelling": ([*_PARTS, info(_TOP, _OLDER), info(f"./{_TOP}", _NEWER)], "new"),
    "the same through the parent": (
        [*_PARTS, info(_TOP, _OLDER), _directory("x"), info(f"x/../{_TOP}", _NEWER)],
        "new",
    ),
    "the same through a link": ([*_PARTS, info(_TOP, _OLDER), _link("y", "."), info(f"y/{_TOP}", _NEWER)], "new"),
    "the same beside the name of a whiteout": (
        [*_PARTS, info(_TOP, _OLDER), _link("y", "."), info(".wh.y"), info(f"y/{_TOP}", _NEWER)],
        "new",
    ),
    "a name of a whiteout removes nothing": ([*_PARTS, info(_TOP, _NEWER), info(f".wh.{_TOP}")], "new"),
    "a directory in place of the link": (
        [*_PARTS, info(_TOP, _NEWER), _link("y", "."), _directory("y"), info(f"y/{_TOP}", _OLDER)],
        "new",
    ),
    "a link in place of the file": ([*_PARTS, info("m", _NEWER), info(_TOP, _OLDER), _link(_TOP, "m")], "new"),
    "a file in place of the link": ([*_PARTS, info("m", _OLDER), _link(_TOP, "m"), info(_TOP, _NEWER)], "new"),
    "a hard link in place of the file": ([*_PARTS, info("m", _NEWER), info(_TOP, _OLDER), _hard(_TOP, "m")], "new"),
    "a hard link to what comes again after it": (
        [*_PARTS, info("m", _NEWER), _hard(_TOP, "m"), info("m", _OLDER)],
        "new",
    ),
    "a hard link to a link": ([*_PARTS, info("m", _NEWER), _link("l", "m"), _hard(_TOP, "l")], "new"),
    "a hard link through a link": (
        [*_PARTS, info("x/m", _NEWER), _link("y", "x"), info(_TOP, _OLDER), _hard(_TOP, "y/m")],
        "new",
    ),
    "a link through a link": ([*_PARTS, info("x/m", _NEWER), _link("y", "x"), _link(_TOP, "y/m")], "new"),
    "a layer through a link": (
        [*_PARTS[:3], _directory("x"), _link("y", "."), info("y/new.tar", _NEW), info(_TOP, _NEWER)],
        "new",
    ),
    "a configuration, twice": ([info("new.json", config(_OLD)), *_PARTS, info(_TOP, _NEWER)], "new"),
}
"""By their names: the members, and the package of the image that Docker makes of them."""


def write_archive(directory: Path, members: Members) -> str:
    """Write an archive, and return its path."""
    path = directory / "app.tar"
    path.write_bytes(tar(*members))
    return str(path)
