"""The commands of demonstrations: a static BusyBox, as an image of its own or mounted into the user's."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from io import BytesIO
from pathlib import Path
from typing import Final

from sealock.errors import TargetError

_PATHS: Final = ("/bin/busybox", "/usr/bin/busybox", "/usr/lib/busybox/bin/busybox", "/sbin/busybox.static")
_DIRECTORIES: Final = ("bin", "dev", "etc", "mnt", "proc", "root", "run", "sys", "tmp", "usr", "usr/bin", "var", "app")
_GROUP: Final = "root:x:0:\ndisk:x:6:\nshadow:x:42:\ndocker:x:999:\napp:x:1000:\n"
_HEADER: Final = 64
_INTERPRETER: Final = 3
"""PT_INTERP: the segment that only a dynamically linked program has."""


def find_busybox() -> str:
    """The path of a static BusyBox on this machine; TargetError where there is none."""
    for path in dict.fromkeys((shutil.which("busybox") or "", *_PATHS)):
        if path and Path(path).is_file() and is_static(path):
            return path
    message = (
        "no static BusyBox on this machine, from which the commands come: install it (Debian: busybox-static, Alpine: "
        "busybox-static, Fedora: busybox), or name an image that has BusyBox with --image"
    )
    raise TargetError(message)


def is_static(path: str) -> bool:
    """Whether a program is an ELF file that needs no other file to start."""
    with Path(path).open("rb") as file:
        head = file.read(4096)
    if len(head) < _HEADER or head[:4] != b"\x7fELF":
        return False
    wide, order = head[4] == 2, "little" if head[5] == 1 else "big"

    def number(at: int, size: int) -> int:
        return int.from_bytes(head[at : at + size], order)  # type: ignore[arg-type]

    start = number(32, 8) if wide else number(28, 4)
    size, count = (number(54, 2), number(56, 2)) if wide else (number(42, 2), number(44, 2))
    return all(number(start + size * index, 4) != _INTERPRETER for index in range(count))


def accounts(shell: str) -> str:
    """An /etc/passwd with an ordinary user, and with a root that has no password."""
    return f"root::0:0:root:/:{shell}\napp:x:1000:1000:app:/:{shell}\n"


def applets(busybox: str) -> list[str]:
    """The commands that a BusyBox has."""
    done = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=False, timeout=10)  # noqa: S603  the one found
    return [name for name in done.stdout.split() if name != "busybox" and "/" not in name]


def image(busybox: str) -> bytes:
    """The layer of an image with nothing but BusyBox, as a tar archive."""
    archive = BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name in _DIRECTORIES:
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755
            tar.addfile(entry)
        for name, text in (("etc/passwd", accounts("/bin/sh")), ("etc/group", _GROUP)):
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            tar.addfile(entry, BytesIO(text.encode()))
        with Path(busybox).open("rb") as program:
            entry = tarfile.TarInfo("bin/busybox")
            entry.mode, entry.size = 0o755, os.fstat(program.fileno()).st_size
            tar.addfile(entry, program)
        for name in applets(busybox):
            entry = tarfile.TarInfo(f"bin/{name}")
            entry.type, entry.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(entry)
    return archive.getvalue()


def copy_tools(busybox: str, directory: Path) -> None:
    """Copy BusyBox with a link for each command into bin/ of a directory, and make tmp/ beside it."""
    for name in ("bin", "tmp"):
        (directory / name).mkdir(parents=True)
    shutil.copy(busybox, directory / "bin" / "busybox")
    for name in applets(busybox):
        (directory / "bin" / name).symlink_to("busybox")


def copy_client(directory: Path, shell: str) -> None:
    """Copy the docker client with what it needs to start anywhere; TargetError where there is none.

    `shell` is the path of a shell in the container, which starts a dynamically linked one by its own loader.
    """
    program = shutil.which("docker")
    if program is None:
        message = "the harm takes the docker client, which is not on this machine"
        raise TargetError(message)
    directory.mkdir()
    if is_static(program):
        shutil.copy(program, directory / "docker")
        return
    shutil.copy(program, directory / "docker.dynamic")
    done = subprocess.run(["ldd", program], capture_output=True, text=True, check=False, timeout=10)  # noqa: S603, S607  glibc's own
    libraries = [Path(word) for word in done.stdout.split() if word.startswith("/")]
    loader = next((path.name for path in libraries if path.name.startswith("ld")), "")
    if not loader:
        message = f"the libraries that {program} needs could not be found"
        raise TargetError(message)
    for path in libraries:
        shutil.copy(path, directory)
    script = directory / "docker"
    script.write_text(
        f'#!{shell}\nexec /.client/{loader} --library-path /.client /.client/docker.dynamic "$@"\n', encoding="utf-8"
    )
    script.chmod(0o755)
