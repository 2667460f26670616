"""Makes images of tables of files for tests of the advice, and asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sealock.model.advice import BaseAdvice, BaseFit
from sealock.scan.baseimages import advised
from sealock.scan.images import ImageOptions
from support.elffiles import make
from support.madeimages import docker_save, info, tar, write

LOADER = "/lib64/ld-linux-x86-64.so.2"
MUSL = "/lib/ld-musl-x86_64.so.1"
SHELL = make({}, interpreter=LOADER, needed=("libc.so.6",), symbols=[("puts", "GLIBC_2.2.5", "libc.so.6")])
GLIBC = {
    "lib64/ld-linux-x86-64.so.2": make({}, soname="ld-linux-x86-64.so.2"),
    "lib/libc.so.6": make({}, soname="libc.so.6", needed=("ld-linux-x86-64.so.2",)),
}
STATIC = make({".text": b"x" * 64}, kind=2)
"""A program without loader or libraries."""


def dynamic(*needed: str, loader: str = LOADER, symbols: tuple[str, ...] = ("puts@GLIBC_2.2.5",)) -> bytes:
    """A program that a loader loads, with symbols written as name@version."""
    wanted = [(name, version, "libc.so.6") for name, _, version in (symbol.partition("@") for symbol in symbols)]
    return make({}, interpreter=loader, needed=(*needed, "libc.so.6"), symbols=wanted if loader == LOADER else ())


def layer(files: Mapping[str, bytes | str], *, mode: int = 0o755) -> bytes:
    """A layer of files; a text that begins with "-> " is a symbolic link, one with "=> " a hard link."""
    members = []
    for path, data in files.items():
        if isinstance(data, str) and data.startswith("-> "):
            members.append(info(path, type=b"2", linkname=data[3:]))
        elif isinstance(data, str) and data.startswith("=> "):
            members.append(info(path, type=b"1", linkname=data[3:]))
        else:
            members.append(info(path, data.encode() if isinstance(data, str) else data, mode=mode))
    return tar(*members)


def advise(folder: Path, *layers: Mapping[str, bytes | str], start: tuple[str, ...] = (), **config: Any) -> BaseAdvice:
    """Advise on an image of these layers; `config` are fields of its configuration."""
    import json  # noqa: PLC0415  used here alone

    members = docker_save(*(layer(files) for files in layers))
    name = next(name for name in members if name.endswith(".json") and name != "manifest.json")
    told = json.loads(members[name])
    told["config"] = config.pop("config", {})
    members[name] = json.dumps(told | config).encode()
    return advised(write(folder / "app.tar", members), ImageOptions(verify=False), start).advice


def result(advice: BaseAdvice, base: str) -> BaseFit:
    return next(one for one in advice.results if one.base == base)


def dpkg(*stanzas: tuple[str, str], **lists: str) -> dict[str, bytes | str]:
    """A database of packages (name, what it depends on) and the paths that each owns, between spaces."""
    text = "".join(
        f"Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n"
        f"{f'Depends: {needs}' + chr(10) if needs else ''}\n"
        for name, needs in stanzas
    )
    files: dict[str, bytes | str] = {"var/lib/dpkg/status": text}
    for name, paths in lists.items():
        files[f"var/lib/dpkg/info/{name}.list"] = "/.\n" + "".join(f"/{path}\n" for path in paths.split())
    return files
